"""The parent's side of a peer's process: starting it, asking it, ending it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from tasks import Task

FOLDER = Path(__file__).parent
CACHES = ("XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR", "KERAS_HOME")


DEVICES = {
    "cpu": {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "DEV": "CPU"},
    "gpu": {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "DEV": "CUDA"},  # several processes share its memory
}
"""The variables that keep the libraries to a device."""


def default_device() -> str:
    """The device that JAX chooses by itself."""
    found = subprocess.run([sys.executable, "-c", "import jax; print(jax.default_backend())"], capture_output=True)
    return "gpu" if found.stdout.strip() == b"gpu" else "cpu"


class Failed(Exception):
    """A process ended, or took longer than it may; says why."""


class Process:
    """A worker that runs one variant of one peer on one row, with caches of its own that are empty at first.

    It leads a group of processes, with which it ends: some peers start compilers.

    Args:
        module, variant: the peer.
        task: its work, stored.
        until: the clock when an answer is too late; may be set anew before a request.
    """

    running: ClassVar[set["Process"]] = set()

    def __init__(self, module: str, variant: str, task: Task, until: float) -> None:
        self.until = until
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.errors = open(f"{self.folder.name}/errors", "w+")  # noqa: SIM115
        environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
        environment |= DEVICES[task.device]
        for name in CACHES:
            environment[name] = f"{self.folder.name}/{name}"
        command = [sys.executable, str(FOLDER / "worker.py"), module, variant, task.name, str(task.file), task.device]
        self.process = subprocess.Popen(
            [*command, repr(time.time())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
            text=True,
            start_new_session=True,
        )
        self.running.add(self)
        self.begun = self._answer()

    def ask(self, **request: Any) -> Any:
        """The answer to a request."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        self._kill()
        self.process.communicate()
        self.errors.close()
        self.folder.cleanup()
        self.running.discard(self)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        timer = threading.Timer(max(self.until - time.time(), 0.0), self._kill)
        timer.start()
        line = self.process.stdout.readline()
        late = not timer.is_alive()
        timer.cancel()
        answer = json.loads(line) if line else {"failed": "its time was over" if late else self._last_words()}
        if isinstance(answer, dict) and "failed" in answer:
            self.end()
            raise Failed(answer["failed"])
        return answer

    def _last_words(self) -> str:
        self.process.wait()
        said = Path(self.errors.name).read_text(errors="replace").strip().splitlines()
        return said[-1] if said else f"ended with {self.process.returncode}"
