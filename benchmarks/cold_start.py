"""Whole processes: `backlit --help`, `backlit train digits` with an empty and a filled cache of compiled programs, and,
given its files, all of MNIST.

    python benchmarks/cold_start.py [--runs 5] [--mnist FOLDER]

FOLDER holds MNIST's four IDX files, gzipped or not; the README beside this file says where they come from.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from timing import show, verdict

BACKLIT = str(Path(sys.executable).with_name("backlit"))
HELP_SECONDS, COLD_SECONDS, WARM_SECONDS = 0.4, 6.0, 4.0
MNIST_ACCURACY, MNIST_GIGABYTES = 0.975, 1.2


class Finished(NamedTuple):
    """What a process printed and took; `peak` is its largest resident memory in bytes."""

    output: str
    seconds: float
    peak: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each short command")
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="the folder of MNIST's IDX files")
    options = parser.parse_args()
    rows = [("command", "measure", "median", "min", "max", "goal")]
    with tempfile.TemporaryDirectory() as folder:
        helps = [run("--help") for _ in range(options.runs)]
        rows.append(summarize("--help", "seconds", [done.seconds for done in helps], HELP_SECONDS))
        colds = [run(*digits(folder, f"cold-{n}"), cache=f"{folder}/{n}") for n in range(options.runs)]
        warms = [run(*digits(folder, f"warm-{n}"), cache=f"{folder}/0") for n in range(options.runs)]
        for cache, trained, goal in (("empty", colds, COLD_SECONDS), ("filled", warms, WARM_SECONDS)):
            command = f"train digits, {cache} cache"
            rows.append(summarize(command, "seconds", [done.seconds for done in trained], goal))
            rows.append(summarize(command, "peak, GB", [done.peak / 1e9 for done in trained]))
        if options.mnist:
            done = run("train", str(options.mnist), "--epochs", "5", "--json", "--out", f"{folder}/mnist")
            accuracy = json.loads(done.output)["test"]["accuracy"]
            rows.append(summarize("train MNIST", "seconds", [done.seconds]))
            rows.append(summarize("train MNIST", "peak, GB", [done.peak / 1e9], MNIST_GIGABYTES))
            rows.append(summarize("train MNIST", "test accuracy", [accuracy], MNIST_ACCURACY, at_least=True))
    show(rows)


def digits(folder: str, name: str) -> tuple[str, ...]:
    """A run on the digits, into a folder of this name."""
    return "train", "digits", "--quiet", "--out", f"{folder}/{name}"


def run(*arguments: str, cache: str | None = None) -> Finished:
    """One process from its start to its end, with its compiled programs in `cache`; None: it keeps none.

    An error of its own ends the benchmark.
    """
    own = {"BACKLIT_CACHE": "on", "XDG_CACHE_HOME": cache} if cache else {}
    start = time.perf_counter()
    process = subprocess.Popen(
        [BACKLIT, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "BACKLIT_CACHE": "off", **own}
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"backlit {' '.join(arguments)} ended with status {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Finished(output, spent, usage.ru_maxrss * unit)


def summarize(
    command: str, measure: str, figures: list[float], goal: float | None = None, at_least: bool = False
) -> tuple[str, ...]:
    middle = median(figures)
    figures_shown = (f"{value:.3f}" for value in (middle, min(figures), max(figures)))
    return command, measure, *figures_shown, verdict(middle, goal, at_least) if goal else ""


if __name__ == "__main__":
    main()
