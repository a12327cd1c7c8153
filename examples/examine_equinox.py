"""Why an Equinox network does not learn: one of its layers takes the logarithm of what a ReLU leaves at 0.

python examples/examine_equinox.py
"""

import jax
import jax.numpy as jnp
import numpy as np

import backlit as bl

try:
    import equinox as eqx
except ImportError as error:
    print("this example needs Equinox: pip install equinox")
    raise SystemExit(0) from error

draw = np.random.default_rng(0)
x = draw.normal(size=(64, 8)).astype(np.float32)


class Network(eqx.Module):
    hidden: eqx.nn.Linear
    head: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.hidden, self.head = eqx.nn.Linear(8, 32, key=one), eqx.nn.Linear(32, 1, key=two)

    def __call__(self, x):
        with jax.named_scope("hidden"):
            x = jnp.log(jax.nn.relu(self.hidden(x)))  # jnp.log1p is what was meant
        return self.head(x)[0]


def loss(network, batch):
    return jnp.square(jax.vmap(network)(batch[0]) - batch[1]).mean()


print(bl.examine(loss, Network(jax.random.key(0)), (x, np.sin(x).sum(1))))
