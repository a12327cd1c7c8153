"""Cost against size: rows, width, depth, batch, members, one plot each with its fitted exponent; compile time by depth.

    python benchmarks/scaling.py [--rounds 3] [--axes rows width depth batch members compile] [--out FOLDER]

Each point is the median of whole runs (shuffling, scoring and telemetry in them, compiling left out), an axis's sizes
taken in turn, round by round. The exponent p of cost ∝ size^p is fitted to the larger half of the sizes, where what
every run costs at least no longer counts. Matplotlib, of the environment of `make bench`, draws.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import jax
import numpy as np
from timing import interleave, show

import backlit as bl
from backlit.graph import value_and_grad
from backlit.layers.block import Context
from backlit.layers.notation import read
from backlit.training.populations.population import train_together

FEATURES, CLASSES, EPOCHS = 64, 10, 3


class Axis(NamedTuple):
    """What grows: its sizes, the cost in words, the curves by name, and the exponent to expect at most."""

    sizes: tuple[int, ...]
    cost: str
    curves: dict[str, Callable[[int], float]]
    expected: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES), help="what grows")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="the folder of the plots")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.axes:
        axis = AXES[name]
        measured = {curve: measure(cost, axis.sizes, options.rounds) for curve, cost in axis.curves.items()}
        draw(name, axis, measured, options.out / f"scaling-{name}.png")
        rows = [(f"{name}: {axis.cost}", *(f"{size:,}" for size in axis.sizes), f"exponent (≤ {axis.expected:g})")]
        for curve, costs in measured.items():
            rows.append((curve, *(f"{cost:.4g}" for cost in costs), f"{exponent(axis.sizes, costs):.2f}"))
        show(rows)
        print(flush=True)


def measure(cost: Callable[[int], float], sizes: Sequence[int], rounds: int) -> list[float]:
    """The median cost of each size."""
    figures = interleave({f"{size}": partial(cost, size) for size in sizes}, rounds)
    return [median(figures[f"{size}"]) for size in sizes]


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """p of cost ∝ size^p over the larger half of the sizes."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(costs[half:]), 1)[0])


def prepare(network: str, rows: int = 2000, batch: int = 64, seed: int = 0) -> bl.Run:
    """A run on random numbers of so many training rows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, FEATURES)).astype(np.float32)
    y = random.integers(0, CLASSES, rows)
    return bl.prepare(network, x, y, batch_size=batch, epochs=EPOCHS, split=(1.0, 0.0, 0.0), seed=seed)


def milliseconds(network: str, rows: int = 2000, batch: int = 64, step: bool = False) -> float:
    """Of one epoch, or of one step, of a run."""
    run = prepare(network, rows, batch)
    model = run.train()
    return 1e3 / model.steps_per_second if step else 1e3 * model.seconds["train"] / model.epochs


def of_members(count: int) -> float:
    """The milliseconds that an epoch of a population takes."""
    models = train_together([prepare(mlp(64), seed=seed) for seed in range(count)])
    (model, *_) = (model for model in models if isinstance(model, bl.Model))
    return 1e3 * model.seconds["train"] / EPOCHS


def compiling(network: str, width: int | None = None) -> float:
    """The seconds from the notation to a compiled gradient."""
    shape = (FEATURES,) if width is None else (32, width)
    begun = time.perf_counter()
    block = read(network)
    parameters, state = jax.eval_shape(lambda key: block.initialize(shape, key), jax.random.key(0))
    x = jax.ShapeDtypeStruct((16, *shape), np.float32)

    def loss(parameters: object, state: object, x: jax.Array) -> jax.Array:
        return jax.numpy.square(block.apply(parameters, state, x, Context(training=True))[0]).sum()

    jax.jit(value_and_grad(loss)).lower(parameters, state, x).compile()
    return time.perf_counter() - begun


def mlp(width: int) -> str:
    return f"Dense({width}), ReLU, Dense({width}), ReLU, Dense({CLASSES})"


def draw(name: str, axis: Axis, measured: dict[str, list[float]], path: Path) -> None:
    """One plot, on two logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    plot = figure.subplots()
    for curve, costs in measured.items():
        power = exponent(axis.sizes, costs)
        plot.loglog(axis.sizes, costs, marker="o", label=f"{curve}: size^{power:.2f}")
    plot.set_xticks(axis.sizes, [f"{size:,}" for size in axis.sizes])
    plot.minorticks_off()
    plot.set(xlabel="depth" if name == "compile" else name, ylabel=axis.cost)
    plot.legend()
    figure.savefig(path, dpi=150)


AXES = {
    "rows": Axis(
        (1_000, 4_000, 16_000, 64_000),
        "ms an epoch",
        {"64-64-64-10": lambda rows: milliseconds(mlp(64), rows=rows)},
        1.0,
    ),
    "width": Axis(
        (16, 64, 256, 1024),
        "ms an epoch",
        {"64-w-w-10": lambda width: milliseconds(mlp(width))},
        2.0,
    ),
    "depth": Axis(
        (2, 8, 32, 100),
        "ms an epoch",
        {
            "Repeat": lambda depth: milliseconds(f"Repeat({depth}, Dense(64), ReLU), Dense({CLASSES})"),
            "Repeat(Recompute)": lambda depth: milliseconds(
                f"Repeat({depth}, Recompute(Dense(64), ReLU)), Dense({CLASSES})"
            ),
        },
        1.0,
    ),
    "batch": Axis(
        (8, 32, 128, 512),
        "ms a step",
        {"64-64-64-10": lambda batch: milliseconds(mlp(64), batch=batch, step=True)},
        1.0,
    ),
    "members": Axis((1, 4, 16, 64), "ms an epoch of all", {"64-64-64-10": of_members}, 1.0),
    "compile": Axis(
        (2, 10, 30, 100),
        "seconds to compile",
        {
            "MLP, repeated": lambda depth: compiling(f"Repeat({depth}, Dense(64), ReLU)"),
            "MLP, written out": lambda depth: compiling(", ".join(["Dense(64), ReLU"] * depth)),
            "transformer, repeated": lambda depth: compiling(f"Repeat({depth}, DecoderBlock(4))", 32),
        },
        0.0,
    ),
}


if __name__ == "__main__":
    main()
