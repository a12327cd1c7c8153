"""The gradients of softmax with cross-entropy, walked through the formula or p − y at once, and of embeddings, added
where they were read (scatter) or as the product with a one-hot matrix.

python benchmarks/rules_losses.py [--rounds 9]

`functions/losses/classification.py` leaves cross-entropy to the walk, `graph/rules/indexing.py` adds rows one by one.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from timing import compare, show

import backlit as bl
from backlit.functions.losses import CrossEntropy

SCORES = [(32, 2), (32, 10), (128, 10), (1024, 10), (128, 1000), (2048, 64), (2048, 1000), (2048, 10_000)]
TOKENS = [(2048, 64, 128), (2048, 256, 128), (2048, 1000, 128), (2048, 10_000, 128), (320, 64, 16), (65_536, 64, 64)]
STEPS = 4  # within a compiled loop, as training has them

Call = Callable[..., Any]


def walked(scores: jax.Array, classes: jax.Array) -> Any:
    return bl.value_and_grad(lambda s: CrossEntropy().examples(s, classes).mean())(scores)


def at_once(scores: jax.Array, classes: jax.Array) -> Any:
    """The loss, and its gradient as (softmax(s) − y) / B."""
    shifted = scores - scores.max(-1, keepdims=True)
    powers = jnp.exp(shifted)
    total = powers.sum(-1, keepdims=True)
    right = lax.broadcasted_iota(jnp.int32, scores.shape, 1) == classes[:, None]
    losses = jnp.log(total[:, 0]) - jnp.where(right, shifted, 0).sum(-1)
    return losses.mean(), (powers / total - right) / len(scores)


def scattered(table: jax.Array, tokens: jax.Array, weights: jax.Array) -> Any:
    return bl.value_and_grad(lambda t: (jnp.take(t, tokens, axis=0, mode="fill") * weights).sum())(table)


def multiplied(table: jax.Array, tokens: jax.Array, weights: jax.Array) -> Any:
    """The same sum; the gradient as Oᵀ·Ȳ, O the one-hot rows of the tokens."""
    value = (jnp.take(table, tokens, axis=0, mode="fill") * weights).sum()
    rows = (tokens[:, None] == jnp.arange(len(table))).astype(weights.dtype)
    return value, rows.T @ weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    rows = [("softmax, cross-entropy", "walked, ms", "p − y, ms", "ratio")]
    for count, classes in SCORES:
        scores = jax.random.normal(jax.random.key(0), (STEPS, count, classes))
        labels = jax.random.randint(jax.random.key(1), (STEPS, count), 0, classes)
        rows.append((f"{count} rows, {classes} classes", *contrast(walked, at_once, (), (scores, labels), rounds)))
    show(rows)
    rows = [("embedding", "scatter, ms", "one-hot, ms", "ratio")]
    for count, vocabulary, width in TOKENS:
        table = jax.random.normal(jax.random.key(0), (vocabulary, width))
        tokens = jax.random.randint(jax.random.key(1), (STEPS, count), 0, vocabulary)
        weights = jax.random.normal(jax.random.key(2), (STEPS, count, width))
        figures = contrast(scattered, multiplied, (table,), (tokens, weights), rounds)
        rows.append((f"{count} tokens of {vocabulary}, {width} wide", *figures))
    show(rows)


def contrast(first: Call, second: Call, held: tuple, stacked: tuple, rounds: int) -> tuple[str, ...]:
    """The times of a step in both forms, and the ratio of the second to the first."""

    def whole(f: Call) -> Any:
        def step(held: tuple, each: tuple) -> tuple[tuple, Any]:
            value, gradient = lax.optimization_barrier(f(*held, *each))
            return tuple(kept - 1e-3 * gradient for kept in held), (value, gradient.sum())

        return jax.jit(lambda held, stacked: lax.scan(step, held, stacked)).lower(held, stacked).compile()

    compiled = {"first": whole(first), "second": whole(second)}
    ours, theirs = (jax.tree.leaves(program(held, stacked)) for program in compiled.values())
    assert all(jnp.allclose(a, b, rtol=1e-3, atol=1e-2) for a, b in zip(ours, theirs, strict=True))

    calls = [partial(program, held, stacked) for program in compiled.values()]
    return compare(*calls, rounds, STEPS)


if __name__ == "__main__":
    main()
