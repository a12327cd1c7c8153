"""The gradients of matrix products by shape: a transposed factor as it is or written out, summed axes apart or as one,
the gradient of weights as Aᵀ·Ȳ or as (Ȳᵀ·A)ᵀ.

python benchmarks/rules_products.py [--rounds 9]

`graph/rules/matmul.py` takes the factor as it is, sums leading axes as one, and turns the gradient around where A has
four times the columns of Ȳ.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from timing import compare, show

BY_ROWS = [(rows, summed, free) for rows in (64, 256, 512, 2048) for summed, free in ((512, 128), (128, 512))]
SHAPES = [*BY_ROWS, (2048, 128, 128), (2048, 384, 128), (256, 2048, 2048)]
LEADING = [(16, 128, 128, 512), (16, 128, 512, 128), (50, 64, 128, 512)]

NARROW = [
    (2048, 512, 128),
    (2048, 384, 128),
    (2048, 128, 512),
    (128, 784, 128),
    (128, 128, 32),
    (128, 512, 10),
    (32, 64, 10),
]

Call = Callable[..., Any]


def as_it_is(a: jax.Array, b: jax.Array) -> jax.Array:
    return lax.dot_general(a, b, (((1,), (1,)), ((), ())))


def written_out(a: jax.Array, b: jax.Array) -> jax.Array:
    return a @ lax.optimization_barrier(b.T)


def apart(a: jax.Array, b: jax.Array) -> jax.Array:
    return lax.dot_general(a, b, (((0, 1), (0, 1)), ((), ())))


def as_one(a: jax.Array, b: jax.Array) -> jax.Array:
    return lax.dot_general(a.reshape(-1, a.shape[2]), b.reshape(-1, b.shape[2]), (((0,), (0,)), ((), ())))


def straight(a: jax.Array, upstream: jax.Array) -> jax.Array:
    return lax.dot_general(a, upstream, (((0,), (0,)), ((), ())))


def turned(a: jax.Array, upstream: jax.Array) -> jax.Array:
    return lax.optimization_barrier(lax.dot_general(upstream, a, (((0,), (0,)), ((), ())))).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    rows = [("A Bᵀ", "as it is, ms", "written out, ms", "ratio")]
    for m, k, n in SHAPES:
        rows.append((f"{m}×{k} by ({n}×{k})ᵀ", *contrast(as_it_is, written_out, [(m, k), (n, k)], rounds)))
    show(rows)
    rows = [("Σ AᵀB", "axes apart, ms", "as one, ms", "ratio")]
    for b, t, m, n in LEADING:
        rows.append((f"({b}, {t}, {m}), ({b}, {t}, {n})", *contrast(apart, as_one, [(b, t, m), (b, t, n)], rounds)))
    show(rows)
    rows = [("Aᵀ Ȳ", "straight, ms", "turned, ms", "ratio")]
    for m, k, n in NARROW:
        rows.append((f"({m}×{k})ᵀ by {m}×{n}", *contrast(straight, turned, [(m, k), (m, n)], rounds)))
    show(rows)


def contrast(first: Call, second: Call, shapes: list[tuple[int, ...]], rounds: int) -> tuple[str, ...]:
    """The times of both forms, and the ratio of the second to the first."""
    factors = [jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes)]
    compiled = {name: jax.jit(f).lower(*factors).compile() for name, f in (("first", first), ("second", second))}
    ours, theirs = (program(*factors) for program in compiled.values())
    assert jnp.allclose(ours, theirs, rtol=1e-3, atol=1e-2)

    calls = [partial(program, *factors) for program in compiled.values()]
    return compare(*calls, rounds)


if __name__ == "__main__":
    main()
