"""The parent's side of a peer's process: starting it, asking it, ending it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CACHES = ("XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "KERAS_HOME")


class Failed(Exception):
    """A process ended, or took longer than it may; says why."""


class Process:
    """A worker that runs one variant of one peer on one row, with caches of its own that are empty at first.

    Args:
        module, variant: the peer.
        row: the task's name.
        limit: seconds that an answer may take.
    """

    def __init__(self, module: str, variant: str, row: str, limit: float) -> None:
        self.limit = limit
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.errors = open(f"{self.folder.name}/errors", "w+")  # noqa: SIM115
        environment = dict(os.environ)
        for name in CACHES:
            environment[name] = f"{self.folder.name}/{name}"
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "worker.py"), module, variant, row, repr(time.time())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
            text=True,
        )
        self.begun = self._answer()

    def ask(self, **request: Any) -> Any:
        """The answer to a request."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()
        self.folder.cleanup()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        timer = threading.Timer(self.limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        if timer.is_alive():
            timer.cancel()
            if line:
                return json.loads(line)
        self.process.wait()
        said = Path(self.errors.name).read_text(errors="replace").strip().splitlines()
        late = self.process.returncode < 0 and not said
        self.end()
        raise Failed(f"no answer in {self.limit:g} s" if late else said[-1] if said else "ended without a word")
