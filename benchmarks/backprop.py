"""Our backpropagation against JAX's: run time, temporary memory, operations and compile time of value_and_grad.

python benchmarks/backprop.py [--rounds 31] [--compile-rounds 7]
"""

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import jax
import numpy as np
from timing import interleave, ratio, seconds, show, verdict
from workloads import Workload, mlp, transformer

import backlit as bl

GRADIENTS: dict[str, Callable[..., Any]] = {"backlit": bl.value_and_grad, "jax": jax.value_and_grad}
RUN_TIME, MEMORY, COMPILE_TIME = 1.05, 1.05, 1.2  # the most that ours may take of JAX's
MEASURED_SECONDS = 0.05  # of each figure of the run time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31, help="interleaved rounds of the run time")
    parser.add_argument("--compile-rounds", type=int, default=7, help="interleaved rounds of the compile time")
    options = parser.parse_args()
    rows = [("workload", "measure", "backlit", "jax", "ratio", "goal")]
    for name, make in {"mlp": mlp, "transformer": transformer}.items():
        rows += [(name, *row) for row in compare(make(), options.rounds, options.compile_rounds)]
    show(rows)


def compare(workload: Workload, rounds: int, compile_rounds: int) -> list[tuple[str, ...]]:
    """A row for each measure: ours, JAX's, their ratio, the goal."""
    arguments = (workload.parameters, *workload.data)

    def compile_fresh(gradient: Callable[..., Any]) -> Any:
        jax.clear_caches()
        return jax.jit(gradient(workload.loss)).lower(*arguments).compile()

    compiled = {name: compile_fresh(gradient) for name, gradient in GRADIENTS.items()}
    results = [jax.tree.leaves(program(*arguments)) for program in compiled.values()]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)

    def run(program: Any, repeats: int = 1) -> float:
        return seconds(lambda: jax.block_until_ready(program(*arguments)), repeats)

    repeats = max(1, int(MEASURED_SECONDS / min(run(program) for program in compiled.values())))
    running = interleave({name: partial(run, program, repeats) for name, program in compiled.items()}, rounds)
    compilers = {name: partial(seconds, partial(compile_fresh, gradient)) for name, gradient in GRADIENTS.items()}
    compiling = interleave(compilers, compile_rounds)
    rows = [
        timed("run time, ms", running, RUN_TIME),
        timed("compile time, ms", compiling, COMPILE_TIME),
        counted(
            "temporary memory, KiB",
            {name: program.memory_analysis().temp_size_in_bytes / 1024 for name, program in compiled.items()},
            MEMORY,
        ),
    ]
    for measure, key in (("operations, M", "flops"), ("bytes accessed, M", "bytes accessed")):
        rows.append(counted(measure, {name: program.cost_analysis()[key] / 1e6 for name, program in compiled.items()}))
    return rows


def timed(measure: str, figures: dict[str, list[float]], goal: float) -> tuple[str, ...]:
    value = ratio(figures, "backlit", "jax")
    ours, theirs = (f"{median(figures[name]) * 1000:.3f}" for name in ("backlit", "jax"))
    return measure, ours, theirs, f"{value:.3f}", verdict(value, goal)


def counted(measure: str, figures: dict[str, float], goal: float | None = None) -> tuple[str, ...]:
    value = figures["backlit"] / figures["jax"]
    return (
        measure,
        f"{figures['backlit']:.2f}",
        f"{figures['jax']:.2f}",
        f"{value:.3f}",
        verdict(value, goal) if goal else "",
    )


if __name__ == "__main__":
    main()
