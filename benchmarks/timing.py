"""Interleaved timing: A B A B ..., so that both meet the same machine, and the median of what was seen."""

import os
import time
from collections.abc import Callable
from statistics import median

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def interleave(calls: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Call each function once a round, the order turning, and collect the figures that they return."""
    figures: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        order = list(calls)
        for name in order if turn % 2 == 0 else reversed(order):
            figures[name].append(calls[name]())
    return figures


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """The wall-clock seconds of one call, over several in a row."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def ratio(figures: dict[str, list[float]], numerator: str, denominator: str) -> float:
    """The median of the ratios round by round."""
    return median(a / b for a, b in zip(figures[numerator], figures[denominator], strict=True))


def show(rows: list[tuple[str, ...]]) -> None:
    """Print a table; the first row holds the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def verdict(value: float, goal: float, at_least: bool = False) -> str:
    """A figure beside its goal."""
    kept = value >= goal if at_least else value <= goal
    return f"{'≥' if at_least else '≤'} {goal:g}{'' if kept else ' (missed)'}"
