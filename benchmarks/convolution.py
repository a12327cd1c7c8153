"""Convolution's gradients: ours within a compiled loop, against JAX's alone and JAX's within the loop.

A training run is one compiled loop. There JAX's own gradients of a convolution are slow on a CPU: XLA brings the axes
into the order that its fast kernel needs outside of loops alone.

python benchmarks/convolution.py [--rounds 7]
"""

import argparse
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from timing import interleave, ratio, seconds, show, verdict

import backlit as bl
from backlit.shapes import Array

LAYERS: dict[str, tuple[bl.Conv, tuple[int, ...]]] = {
    "LeNet's first": (bl.Conv(6, 5, padding=2), (128, 28, 28, 1)),
    "LeNet's second": (bl.Conv(16, 5), (128, 14, 14, 6)),
    "16 to 16": (bl.Conv(16, 3, padding=1), (64, 32, 32, 16)),
    "32 to 32": (bl.Conv(32, 3, padding=1), (64, 16, 16, 32)),
    "64 to 64": (bl.Conv(64, 3, padding=1), (64, 8, 8, 64)),
    "16 to 32, strided": (bl.Conv(32, 3, stride=2, padding=1, partial="drop"), (64, 32, 32, 16)),
    "32 to 64, 1×1": (bl.Conv(64, 1), (64, 16, 16, 32)),
}
TURNS = 2  # of the loop
GOAL = 1.3  # the most that ours in a loop may take of JAX's alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    rows = [("layer", "forward, ms", "ours in a loop", "JAX alone", "JAX in a loop", "ours / JAX alone", "goal")]
    for name, (layer, shape) in LAYERS.items():
        figures = interleave(programs(layer, shape), rounds)
        times = (f"{median(figures[column]) * 1000:.2f}" for column in ("forward", "ours", "alone", "looped"))
        value = ratio(figures, "ours", "alone")
        rows.append((name, *times, f"{value:.2f}", verdict(value, GOAL)))
    show(rows)


def programs(layer: bl.Conv, shape: tuple[int, ...]) -> dict[str, Callable[[], float]]:
    """The seconds of the forward pass and of all gradients, by whom and where."""
    parameters, _ = layer.initialize(shape[1:], jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), shape)

    def loss(parameters: Any, x: Array) -> Array:
        y, _ = layer.apply(parameters, {}, x, bl.Context())
        return jnp.sum(y**2)

    def alone(function: Callable[..., Any]) -> Callable[[], float]:
        return timed(jax.jit(function), 1)

    def looped(function: Callable[..., Any]) -> Callable[[], float]:
        def turn(x: Array, _: None) -> tuple[Array, None]:
            total = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(parameters, x)))
            return x + 1e-30 * total, None

        return timed(jax.jit(lambda _, x: lax.scan(turn, x, None, length=TURNS)[0]), TURNS)

    def timed(program: Callable[..., Any], turns: int) -> Callable[[], float]:
        def run() -> None:
            jax.block_until_ready(program(parameters, x))

        run()
        return lambda: seconds(run) / turns

    ours, theirs = bl.value_and_grad(loss, argnums=(0, 1)), jax.value_and_grad(loss, argnums=(0, 1))
    return {"forward": looped(loss), "ours": looped(ours), "alone": alone(theirs), "looped": looped(theirs)}


if __name__ == "__main__":
    main()
