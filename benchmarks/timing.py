"""Interleaved timing: A B A B ..., so that both meet the same machine, and the median of what was seen."""

import os
import time
from collections.abc import Callable
from functools import partial
from statistics import median

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


MEASURED_SECONDS = 0.02  # of each figure that `compare` takes


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


def compare(first: Callable[[], object], second: Callable[[], object], rounds: int, steps: int = 1) -> tuple[str, ...]:
    """The milliseconds of a step in two calls of JAX, of so many steps each, and the second's ratio to the first."""
    from jax import block_until_ready  # what else is timed here does without JAX

    calls = {"first": lambda: block_until_ready(first()), "second": lambda: block_until_ready(second())}
    repeats = max(1, int(MEASURED_SECONDS / seconds(calls["first"])))
    figures = interleave({name: partial(seconds, call, repeats) for name, call in calls.items()}, rounds)
    times = [f"{median(figures[name]) * 1000 / steps:.4f}" for name in calls]
    return (*times, f"{ratio(figures, 'second', 'first'):.2f}")


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
