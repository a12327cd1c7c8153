"""Attention and its gradient: divided before the second product or after it; GELU by erfc or by erf.

python benchmarks/rules_attention.py [--rounds 9]

`layers/attention.py` divides after the product, `functions/activations.py` takes erf.
"""

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from timing import interleave, ratio, seconds, show

import backlit as bl
from backlit.layers.attention import attend

SHAPES = [(16, 128, 4, 32), (64, 32, 4, 16), (2, 512, 8, 64)]
Call = Callable[..., Any]


def before(query: jax.Array, key: jax.Array, value: jax.Array, visible: jax.Array) -> jax.Array:
    """The quotients first, T·S of them."""
    scores = jnp.einsum("bthd,bshd->bhts", query * query.shape[-1] ** -0.5, key)
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(jnp.where(visible, scores, -1e30)), value)


def by_erfc(z: jax.Array) -> jax.Array:
    return z * (0.5 * lax.erfc(-(2**-0.5) * z))


def by_erf(z: jax.Array) -> jax.Array:
    return z * (0.5 + 0.5 * lax.erf(2**-0.5 * z))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    rows = [("output and gradient", "shape", "before / erfc, ms", "after / erf, ms", "ratio", "temporary, MB")]
    for shape in SHAPES:
        steps = jnp.arange(shape[1])
        visible = steps <= steps[:, None]
        forms = [lambda *x, f=f, v=visible: f(*x, v) for f in (before, attend)]
        rows.append(("attention", str(shape), *compare(*forms, [shape] * 3, rounds)))
    rows.append(("GELU", "(2048, 512)", *compare(by_erfc, by_erf, [(2048, 512)], rounds)))
    show(rows)


def compare(first: Call, second: Call, shapes: list[tuple[int, ...]], rounds: int) -> tuple[str, ...]:
    """The times of both forms, the ratio of the second to the first, and their temporary memory."""
    inputs = [jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes)]

    def whole(f: Call) -> Any:
        def loss(inputs: Any, weights: jax.Array) -> jax.Array:
            return (f(*inputs) * weights).sum()

        return jax.jit(bl.value_and_grad(loss)).lower(inputs, inputs[0]).compile()

    compiled = {name: whole(f) for name, f in (("first", first), ("second", second))}

    def run(program: Call) -> float:
        return seconds(lambda: jax.block_until_ready(program(inputs, inputs[0])), 3)

    figures = interleave({name: partial(run, program) for name, program in compiled.items()}, rounds)
    times = [f"{median(figures[name]) * 1000:.2f}" for name in compiled]
    memory = [f"{program.memory_analysis().temp_size_in_bytes / 1e6:.0f}" for program in compiled.values()]
    return times[0], times[1], f"{ratio(figures, 'second', 'first'):.2f}", " → ".join(memory)


if __name__ == "__main__":
    main()
