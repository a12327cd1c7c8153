"""Why a Flax network does not learn: a jax.lax.stop_gradient that was forgotten in it.

python examples/examine_flax.py
"""

import jax
import numpy as np
import optax

import backlit as bl

try:
    from flax import linen as nn
except ImportError as error:
    print("this example needs Flax: pip install flax")
    raise SystemExit(0) from error

draw = np.random.default_rng(0)
x = draw.normal(size=(256, 8)).astype(np.float32)
y = (np.tanh(x @ draw.normal(size=(8, 8))) @ draw.normal(size=8) > 0).astype(np.int32)
batches = [{"x": x[i : i + 32], "y": y[i : i + 32]} for i in range(0, 256, 32)]


class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = jax.lax.stop_gradient(nn.relu(nn.Dense(32)(x)))  # left over from an experiment
        return nn.Dense(2)(x)


network = Network()
params = network.init(jax.random.key(0), x[:1])["params"]


def loss(params, batch):
    outputs = network.apply({"params": params}, batch["x"])
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch["y"]).mean()


print(bl.examine(loss, params, batches, optimizer=optax.adam(1e-2)))
