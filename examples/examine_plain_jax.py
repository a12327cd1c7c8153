"""Why a network in plain JAX does not learn: its rate is a hundred times too high.

python examples/examine_plain_jax.py
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import backlit as bl

draw = np.random.default_rng(0)
x = draw.normal(size=(256, 8)).astype(np.float32)
y = (np.tanh(x @ draw.normal(size=(8, 8))) @ draw.normal(size=8) > 0).astype(np.int32)
batches = [{"x": x[i : i + 32], "y": y[i : i + 32]} for i in range(0, 256, 32)]


def predict(params, x):
    with jax.named_scope("hidden"):
        x = jax.nn.relu(x @ params["hidden"]["weight"] + params["hidden"]["bias"])
    with jax.named_scope("head"):
        return x @ params["head"]["weight"] + params["head"]["bias"]


def loss(params, batch):
    outputs = predict(params, batch["x"])
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch["y"]).mean()


params = {
    "hidden": {"weight": jnp.asarray(draw.normal(size=(8, 32)) / 2, jnp.float32), "bias": jnp.zeros(32)},
    "head": {"weight": jnp.asarray(draw.normal(size=(32, 2)) / 4, jnp.float32), "bias": jnp.zeros(2)},
}
print(bl.examine(loss, params, batches, optimizer=optax.sgd(30.0), predict=predict))  # change the rate to 0.3

print("\nand the first number that is not finite, in a function of yours:")
print(bl.first_nonfinite(lambda w: jnp.where(w > 0, jnp.sqrt(w), 0).sum(), jnp.array([4.0, 0.0])))
