"""One peer in a process of its own: reads requests, one a line of JSON, and answers each with a line.

    python worker.py MODULE VARIANT ROW FILE DEVICE STARTED

FILE has the row's data and weights, and STARTED is the clock when the process was asked for. The first line tells how
long it took to import and to build; then {"train": epochs} is answered with the seconds that they took, {"loss": true}
with the loss, {"peak": true} with the largest resident memory in bytes. What fails is answered with {"failed": why}.
"""

import importlib
import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks import TASKS

STATUS = Path("/proc/self/status")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes elsewhere

    def answer(value: Any) -> None:
        print(json.dumps(value), file=answers, flush=True)

    try:
        serve(*sys.argv[1:], answer=answer)
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        answer({"failed": ": ".join([type(error).__name__, *lines[:1]])})
        raise


def serve(module: str, variant: str, row: str, file: str, device: str, started: str, answer: Any) -> None:
    """Build the peer, and answer until nobody asks any more."""
    peer = importlib.import_module(f"peers.{module}")
    imported = time.time() - float(started)
    before = time.perf_counter()
    trainer = peer.build(replace(TASKS[row], file=Path(file), device=device), variant)
    answer({"import": imported, "build": time.perf_counter() - before})
    for line in sys.stdin:
        match json.loads(line):
            case {"train": epochs}:
                answer(trainer.train(epochs))
            case {"loss": _}:
                answer(trainer.loss())
            case {"peak": _}:
                answer(peak())


def peak() -> int:
    """The largest resident memory of this process since it became this program."""
    if STATUS.exists():  # getrusage would count what the parent had when it forked
        (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
