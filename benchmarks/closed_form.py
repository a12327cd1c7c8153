"""Linear regression by its closed form against gradient descent: seconds at growing numbers of rows and features.

The closed form costs O(nd² + d³) once, a step of gradient descent O(nd); how many steps make up for one solution is the
last column.

    python benchmarks/closed_form.py [--rounds 5]
"""

import argparse
from functools import partial
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np
from timing import interleave, seconds, show

import backlit as bl

SIZES = [(1_000, 10), (10_000, 10), (10_000, 100), (10_000, 400), (40_000, 400)]
STEPS = 20  # a call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    rounds = parser.parse_args().rounds
    rows = [("rows", "features", "closed form, ms", "a step, ms", "steps for one solution")]
    for count, features in SIZES:
        random = np.random.default_rng(0)
        x = random.normal(size=(count, features)).astype(np.float32)
        y = x @ random.normal(size=features).astype(np.float32)
        descend = jax.jit(partial(steps, jnp.asarray(x), jnp.asarray(y)))
        jax.block_until_ready(descend(jnp.zeros(features)))
        calls = {
            "closed": lambda x=x, y=y: seconds(lambda: bl.least_squares(x, y)),
            "step": lambda f=descend, n=features: seconds(lambda: jax.block_until_ready(f(jnp.zeros(n)))) / STEPS,
        }
        closed, step = (1e3 * median(times) for times in interleave(calls, rounds).values())
        rows.append((f"{count:,}", str(features), f"{closed:.2f}", f"{step:.3f}", f"{closed / step:.0f}"))
    show(rows)


def steps(x: jax.Array, y: jax.Array, start: jax.Array) -> jax.Array:
    rule = bl.gradient_descent(0.1)

    def step(_: int, w: jax.Array) -> jax.Array:
        updates, _ = rule.update(bl.grad(lambda w: jnp.square(x @ w - y).mean())(w), rule.init(w), w)
        return w + updates

    return jax.lax.fori_loop(0, STEPS, step, start)


if __name__ == "__main__":
    main()
