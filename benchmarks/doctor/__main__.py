"""The doctor's benchmark.

python -m benchmarks.doctor [--quick] [--only "vanishing gradient,digits-mlp"] [--healthy 200] [--workers 2]
"""

import argparse
import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.doctor.cells import Cell, Record, begin, run_cell
from benchmarks.doctor.overhead import overhead
from benchmarks.doctor.plan import planned
from benchmarks.doctor.report import publish

QUICK_COMPILATION = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few programs, few healthy runs")
    parser.add_argument("--only", default="", help="names of faults and of programs, with commas")
    parser.add_argument("--healthy", type=int, help="how many healthy runs")
    parser.add_argument("--forms", action="store_true", help="every form of a fault in every program, not in turn")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--minutes", type=float, help="when no more cells are begun; default 55, quick 4")
    parser.add_argument("--unexamined", action="store_true", help="train and score alone: which plants hurt")
    parser.add_argument("-o", "--output", type=Path, help="the JSON file; default in benchmarks/results")
    options = parser.parse_args()
    began = time.time()
    names = [name.strip() for name in options.only.split(",") if name.strip()]
    cells = planned(names, options.quick, options.healthy, options.forms, not options.unexamined)
    limit = 60 * (options.minutes or (4 if options.quick else 55))
    records: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= flags() | {"XDG_CACHE_HOME": folder}
        with contextlib.suppress(KeyboardInterrupt):  # what is done is reported
            for place, found in enumerate(worked(cells, options.workers, began + limit)):
                records += found
                tell(place + 1, len(cells), found, time.time() - began)
        shares = {} if names or options.unexamined else overhead()
    publish(records, len(cells), time.time() - began, options.quick, bool(names), options.output, shares)


def flags() -> dict[str, str]:
    """What makes XLA compile quickly, where it knows these flags: verdicts rest on values, not on speed."""
    chosen = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {QUICK_COMPILATION}".strip()}
    asking = [sys.executable, "-c", "import jax; jax.devices()"]
    known = subprocess.run(asking, env={**os.environ, **chosen}, capture_output=True).returncode == 0
    return chosen if known else {}


def worked(cells: Iterable[Cell], workers: int, until: float) -> Iterator[list[Record]]:
    """The records of each cell, as processes are done with it; none is begun after `until`."""
    room = threading.Semaphore(workers + 1)  # so that no cell waits in a queue beyond the time
    over = threading.Event()

    def due() -> Iterator[Cell]:
        for cell in cells:
            while not room.acquire(timeout=1):
                if over.is_set():
                    return
            if time.time() > until:
                return
            yield cell

    with multiprocessing.get_context("spawn").Pool(workers, initializer=begin) as pool:
        try:
            for found in pool.imap_unordered(run_cell, due()):
                room.release()
                yield found
        finally:
            over.set()


def tell(done: int, cells: int, found: list[Record], seconds: float) -> None:
    """A line a cell."""
    if not found:
        return
    first = found[0]
    words = f"{first['program']}: {' + '.join(first['forms']) or first['kind']}"
    if "lost" in found[-1]:
        print(f"{done}/{cells} {words}: lost\n{found[-1]['lost']}", file=sys.stderr, flush=True)
        return
    scores = " ".join(f"{record['honest']:.3f}" for record in found)
    named = " ".join(sorted({f"[{one['fault']}]" for r in found for one in r.get("findings", [])[:1]}))
    print(f"{seconds:5.0f} s  {done}/{cells}  {words}: {scores} {named}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
