"""One peer in a process of its own: reads requests, one a line of JSON, and answers each with a line.

    python worker.py MODULE VARIANT ROW STARTED     STARTED is the clock when the process was asked for

The first line tells how long it took to import and to build; then {"train": epochs} is answered with the seconds that
they took, {"loss": true} with the loss, {"peak": true} with the largest resident memory in bytes.
"""

import importlib
import json
import os
import resource
import sys
import time
from typing import Any

from tasks import TASKS


def main() -> None:
    module, variant, row, started = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes elsewhere

    def answer(value: Any) -> None:
        print(json.dumps(value), file=answers, flush=True)

    peer = importlib.import_module(f"peers.{module}")
    imported = time.time() - float(started)
    before = time.perf_counter()
    trainer = peer.build(TASKS[row], variant)
    answer({"import": imported, "build": time.perf_counter() - before})
    for line in sys.stdin:
        match json.loads(line):
            case {"train": epochs}:
                answer(trainer.train(epochs))
            case {"loss": _}:
                answer(trainer.loss())
            case {"peak": _}:
                unit = 1 if sys.platform == "darwin" else 1024
                answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


if __name__ == "__main__":
    main()
