"""Whether an update rule goes down the gradient that it is given, and whether the loss goes up along that gradient.

A loss that rises from batch to batch proves nothing: at its optimum the noise of the batches raises it at any rate. The
sign is arithmetic. What a rule makes of the gradient itself is the odd part of its first updates,

    ½ Σ_t (u_t(g) − u_t(−g)),

in which decay of the weights and noise of the rule's own cancel. Its product with g is below 0 for every rule that goes
down, whether it keeps a momentum, a scale for each weight, or the sign alone.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.foreign.batches import Batches
from backlit.doctor.foreign.forks import Forks
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.graph import value_and_grad
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known

SMALL = (0.01, 0.1, 1.0)
"""Factors of the rate at which a course that follows the gradient of a smooth loss falls."""


def examine_direction(forks: Forks, subject: Subject, batches: Batches, key: Array) -> Iterator[Finding]:
    """Updates along the gradient, or a gradient along which the loss falls, on every batch.

    Args:
        forks: whose rise is the further evidence.
        subject: with a rule.
        batches: all are asked.
        key: of the loss's randomness.
    """
    gains = [forks.gain(factor) for factor in SMALL]
    if max(gains) > LIMITS["examine_rounding"] * forks.size:
        return
    cosines, slopes = directions(subject, batches, key)
    count = len(cosines)
    if count and (cosines > 0).all():
        where, cause = "the update rule", "updates go up the gradient"
        said = f"⟨update, gradient⟩ is above 0 on all of {count} batches (cosines from {cosines.min():.2g})"
        words = "let the update rule end in optax.scale(-rate): updates are added to the parameters"
    elif count and (slopes < -LIMITS["examine_slope"]).all() and gains[1] < LIMITS["examine_decade"] * gains[0] < 0:
        where, cause = "the loss", "it has a derivative of its own that points the wrong way"
        said = f"on all of {count} batches the loss falls along its gradient, by up to {-slopes.min():.2g} of its norm"
        words = "look at the derivative that was written for the loss (custom_vjp, custom_jvp): its sign is turned"
    else:
        return
    yield Finding(
        fault="flipped loss sign",
        level="fault",
        where=where,
        evidence=f"{said}; in {forks.steps} steps no rate made the loss smaller",
        cause=cause,
        remedy=Remedy(words),
        numbers={"cosine": float(cosines.min()), "slope": float(slopes.min())},
    )


def directions(subject: Subject, batches: Batches, key: Array) -> tuple[np.ndarray, np.ndarray]:
    """Of each batch with a gradient: the cosine of gradient and updates, and the slope along it over its norm."""
    assert subject.rule is not None
    rule, parameters = optax.with_extra_args_support(subject.rule), subject.parameters
    way = 1e-3 * jnp.maximum(optax.tree.norm(parameters), 1.0)

    def one(given: tuple[Any, Array]) -> tuple[Array, Array, Array]:
        batch, number = given

        def loss(own: Tree) -> Array:
            return subject.loss(own, subject.state, batch, jax.random.fold_in(key, number))[0]

        value, gradient = value_and_grad(loss)(parameters)

        def updates(sign: float) -> Tree:
            signed = optax.tree.scale(sign, gradient)

            def step(carry: tuple[Any, Tree], _: None) -> tuple[Any, None]:
                memory, total = carry
                update, memory = rule.update(signed, memory, parameters, value=value, grad=signed, value_fn=loss)
                return (memory, optax.tree.add(total, update)), None

            start = (rule.init(parameters), jax.tree.map(jnp.zeros_like, parameters))
            return lax.scan(step, start, None, length=int(LIMITS["update_steps"]))[0][1]

        up = _unit(gradient)
        cosine = optax.tree.vdot(_unit(optax.tree.sub(updates(1.0), updates(-1.0))), up)
        above, below = (loss(optax.tree.add(parameters, optax.tree.scale(s * way, up))) for s in (1.0, -1.0))
        norm = optax.tree.norm(gradient)
        return norm, cosine, (above - below) / (2 * way * norm)

    every = jax.jit(lambda stacked: lax.map(one, stacked), compiler_options=known(ONCE))
    norms, cosines, slopes = map(np.asarray, every((batches.stacked, jnp.arange(batches.count))))
    moved = (norms > 0) & np.isfinite(norms)
    return cosines[moved], slopes[moved]


def _unit(tree: Tree) -> Tree:
    """A tree of norm 1 in its direction; its largest number is taken out first, whose square may leave float32."""
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)
    largest = jnp.max(jnp.stack([jnp.abs(leaf).max(initial=0) for leaf in jax.tree.leaves(wide)]))
    scaled = jax.tree.map(lambda leaf: leaf / jnp.where(largest > 0, largest, 1.0), wide)
    norm = jnp.maximum(optax.tree.norm(scaled), 1e-12)
    return jax.tree.map(lambda leaf, own: (leaf / norm).astype(own.dtype), scaled, tree)
