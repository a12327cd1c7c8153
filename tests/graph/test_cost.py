"""What a compiled gradient costs, counted by the compiler."""

import jax
import jax.numpy as jnp

from backlit.graph import grad


def bytes_of_gradient(depth):
    """The bytes that the gradient of a normalized residual network of so many layers reads and writes."""

    def loss(weights, x):
        for weight in weights:
            centered = x - x.mean(-1, keepdims=True)
            scale = jax.lax.rsqrt(jnp.square(centered).mean(-1, keepdims=True) + 1e-5)
            x = x + jnp.tanh(centered * scale @ weight)
        return jnp.square(x).sum()

    compiled = jax.jit(grad(loss)).lower([jnp.ones((8, 8))] * depth, jnp.ones((64, 8))).compile()
    return compiled.cost_analysis()["bytes accessed"]


def test_a_residual_layer_costs_the_same_at_any_depth():
    shallow, middle, deep = (bytes_of_gradient(depth) for depth in (2, 4, 8))
    assert deep - middle <= 2.02 * (middle - shallow)
