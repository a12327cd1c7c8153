"""The forms that the rules for images choose between, within a compiled loop, as a run is one.

Convolutions in blocks of columns (graph/rules/blocks.py); sums over positions (graph/sums.py); pools
(graph/rules/pooling.py); batch normalization around a constant (layers/normalization.py). They are compiled as a run of
convolutions is (training/compilation.py), the convolutions also as XLA does by itself. Milliseconds; * is the choice on
a CPU.

python benchmarks/rules_images.py [--rounds 7]
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product
from math import prod
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from timing import interleave, seconds, show

import backlit as bl
from backlit.graph import accelerate
from backlit.graph.rules.blocks import DEEP, FEW, WIDE, block_size, send, slide_blocks
from backlit.graph.sums import sum_over
from backlit.shapes import Array
from backlit.training.compilation import compiler_options

AXES = ("NHWC", "HWIO", "NHWC")
TURNS = 10  # of the loop
OPTIONS = compiler_options(bl.Conv(1, 1))
DRAW = jax.random.normal(jax.random.key(0), (1 << 21,))

CONVOLUTIONS = {
    "LeNet's first": ((128, 28, 28, 1), (5, 5, 1, 6), 2),
    "LeNet's second": ((128, 14, 14, 6), (5, 5, 6, 16), 0),
    "LeNet's second, input gradient": ((128, 10, 10, 16), (5, 5, 16, 6), 4),
    "3 to 16": ((64, 32, 32, 3), (3, 3, 3, 16), 1),
    "16 to 16": ((64, 32, 32, 16), (3, 3, 16, 16), 1),
    "32 to 32": ((64, 16, 16, 32), (3, 3, 32, 32), 1),
}
IMAGES = ((64, 32, 32, 16), (64, 16, 16, 32), (64, 8, 8, 64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    for table in (convolutions, sums, pools, normalizations):
        show(table(rounds))
        print()


def convolutions(rounds: int) -> list[tuple[str, ...]]:
    sizes = (1, 2, 4, 5, 7)
    rows = [("convolution", *(f"blocks of {size}" for size in sizes), *(f"sent by {size}" for size in sizes))]
    order = {"window_strides": (1, 1), "dimension_numbers": lax.conv_dimension_numbers((1,) * 4, (1,) * 4, AXES)}
    for (name, (image, kernel, side)), options in product(CONVOLUTIONS.items(), (OPTIONS, {})):
        margins, forms = [(side, side)] * 2, {}
        columns = image[2] + 2 * side - kernel[1] + 1
        for size in sizes:
            if columns % size == 0:
                forms[f"blocks of {size}"] = looped(
                    lambda x, w, size=size, margins=margins: slide_blocks(x, w, size, margins, **order),
                    *(drawn(image), drawn(kernel)),
                    options=options,
                )
            if image[2] % size == 0:
                forms[f"sent by {size}"] = looped(
                    lambda x, w, size=size, margins=margins: send(x, w, size, margins),
                    *(drawn(image), drawn(kernel)),
                    options=options,
                )
        few = kernel[3] <= min(FEW, kernel[2] - 1)
        deep = f"sent by {block_size(image[2], kernel[1], kernel[2], DEEP)}"
        chosen = deep if few else f"blocks of {block_size(columns, kernel[1], kernel[3], WIDE)}"
        called = name if options else f"{name}, XLA's own options"
        rows.append((called, *row(forms, rows[0][1:], chosen if options else "", rounds)))
    return rows


def sums(rounds: int) -> list[tuple[str, ...]]:
    rows = [("sum over positions", "at once", "in rows")]
    for shape in IMAGES:
        forms = {
            "at once": looped(lambda x: lax.reduce_sum(x, (0, 1, 2)), drawn(shape)),
            "in rows": looped(lambda x: sum_over(x, (0, 1, 2)), drawn(shape)),
        }
        rows.append((str(shape), *row(forms, forms, "in rows", rounds)))
    return rows


def pools(rounds: int) -> list[tuple[str, ...]]:
    rows = [("maxima of 2×2", "windows", "places")]

    def pool(x: Array) -> Array:
        return bl.MaxPool(2).apply({}, {}, x, bl.Context())[0]

    for shape in ((128, 28, 28, 6), (128, 10, 10, 16)):
        forms = {
            "windows": looped(pool, drawn(shape)),
            "places": looped(accelerate(pool), drawn(shape)),
        }
        rows.append((str(shape), *row(forms, forms, "places", rounds)))
    return rows


def normalizations(rounds: int) -> list[tuple[str, ...]]:
    rows = [("batch norm and its gradient", "textbook", "around a constant")]

    def textbook(x: Array, scale: Array) -> Array:
        mean = x.mean((0, 1, 2))
        variance = jnp.square(x - mean).mean((0, 1, 2))
        return (x - mean) * (scale * lax.rsqrt(variance + 1e-5))

    def constant(x: Array, scale: Array) -> Array:
        parameters = {"scale": scale, "shift": jnp.zeros_like(scale)}
        state = {"mean": jnp.zeros_like(scale), "variance": scale}
        return bl.BatchNorm().apply(parameters, state, x, bl.Context(training=True))[0]

    for shape in IMAGES:
        forms = {
            name: looped(
                bl.grad(lambda x, scale, f=f: jnp.sum(f(x, scale) ** 3), argnums=(0, 1)),
                drawn(shape),
                drawn(shape[-1:]),
            )
            for name, f in {"textbook": textbook, "around a constant": constant}.items()
        }
        rows.append((str(shape), *row(forms, forms, "around a constant", rounds)))
    return rows


def drawn(shape: tuple[int, ...]) -> Array:
    return DRAW[: prod(shape)].reshape(shape)


def row(forms: dict[str, Callable[[], float]], columns: Any, chosen: str, rounds: int) -> list[str]:
    """The medians of the forms in their columns, the choice marked."""
    figures = interleave(forms, rounds)
    return [
        f"{median(figures[column]) * 1000:.2f}{'*' if column == chosen else ''}" if column in figures else "–"
        for column in columns
    ]


def looped(
    function: Callable[..., Any], x: Array, *others: Array, options: dict[str, str] = OPTIONS
) -> Callable[[], float]:
    """The seconds of a call within a loop, each with what the last one left, so that none is dropped."""
    blank = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(function, x, *others))

    @partial(jax.jit, compiler_options=options)
    def program(x: Array, *others: Array) -> Any:
        def turn(_: int, last: Any) -> Any:
            return function(x + 1e-30 * jax.tree.leaves(last)[0].reshape(-1)[0], *others)

        return lax.fori_loop(0, TURNS, turn, blank)

    def run() -> None:
        jax.block_until_ready(program(x, *others))

    run()
    return lambda: seconds(run) / TURNS


if __name__ == "__main__":
    main()
