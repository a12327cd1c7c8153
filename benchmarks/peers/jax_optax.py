"""Plain JAX and Optax as an expert writes them: rows gathered once an epoch, one scan over its steps, buffers donated.

XLA's gradients of convolutions are slow inside a scan on a CPU; there a call a step is faster: the variant 'step'.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tasks import RATE, Task
from timing import seconds

from peers.jax_networks import network, statistics

Array = jax.Array


def build(task: Task, variant: str) -> "Trainer":
    return Trainer(task, variant)


class Trainer:
    """Parameters and optimizer state on the device, and the compiled epoch."""

    def __init__(self, task: Task, variant: str) -> None:
        self.task, self.apply = task, network(task)
        self.x, self.y = map(jnp.asarray, task.data())
        self.key = jax.random.key(0)
        parameters, state = list(map(jnp.asarray, task.weights())), statistics(task)
        self.optimizer = optax.adam(RATE if task.members == 1 else 1.0)
        if task.members > 1:
            copy = partial(jnp.repeat, repeats=task.members, axis=0)
            parameters = [copy(leaf[None]) for leaf in parameters]
        self.rates = jnp.asarray(task.rates)
        optimizer = self.optimizer.init(parameters) if task.members == 1 else jax.vmap(self.optimizer.init)(parameters)
        self.carry = (parameters, state, optimizer)
        self.epoch = self.scanned if variant == "scan" else self.stepped

    def train(self, epochs: int) -> float:
        def run() -> None:
            for _ in range(epochs):
                self.key, key = jax.random.split(self.key)
                self.carry = self.epoch(self.carry, key)
            jax.block_until_ready(self.carry)

        return seconds(run)

    def loss(self) -> float:
        places = range(0, self.task.rows, self.task.batch)
        batches = ((a[at : at + self.task.batch] for a in (self.x, self.y)) for at in places)
        return float(np.mean([self.evaluate(self.carry[0], self.carry[1], *batch) for batch in batches]))

    def scanned(self, carry: Any, key: Array) -> Any:
        return self.scan(carry, self.x, self.y, key)

    def stepped(self, carry: Any, key: Array) -> Any:
        for x, y in zip(*self.shuffle(self.x, self.y, key), strict=True):
            carry = self.step(carry, x, y)
        return carry

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def scan(self, carry: Any, x: Array, y: Array, key: Array) -> Any:
        return jax.lax.scan(lambda carry, batch: (self.all_steps(carry, *batch), None), carry, self.batches(x, y, key))[
            0
        ]

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def step(self, carry: Any, x: Array, y: Array) -> Any:
        return self.all_steps(carry, x, y)

    @partial(jax.jit, static_argnums=0)
    def shuffle(self, x: Array, y: Array, key: Array) -> tuple[list[Array], list[Array]]:
        x, y = self.batches(x, y, key)
        return list(x), list(y)

    @partial(jax.jit, static_argnums=0)
    def evaluate(self, parameters: Any, state: Any, x: Array, y: Array) -> Array:
        def one(parameters: Any) -> Array:
            return self.value(parameters, state, x, y, False)[0]

        return one(parameters) if self.task.members == 1 else jax.vmap(one)(parameters).mean()

    def batches(self, x: Array, y: Array, key: Array) -> tuple[Array, Array]:
        order = jax.random.permutation(key, len(x))
        return tuple(a[order].reshape(self.task.steps, -1, *a.shape[1:]) for a in (x, y))  # type: ignore[return-value]

    def all_steps(self, carry: Any, x: Array, y: Array) -> Any:
        """A step of the network, or of every member on the same batch."""
        if self.task.members == 1:
            return self.one_step(carry, jnp.float32(1), x, y)
        parameters, _, optimizer = carry
        after = jax.vmap(lambda p, o, rate: self.one_step((p, [], o), rate, x, y))(parameters, optimizer, self.rates)
        return after[0], [], after[2]

    def one_step(self, carry: Any, rate: Array, x: Array, y: Array) -> Any:
        parameters, state, optimizer = carry
        gradients, state = jax.grad(self.value, has_aux=True)(parameters, state, x, y, True)
        updates, optimizer = self.optimizer.update(gradients, optimizer)
        if self.task.members > 1:
            updates = [rate * update for update in updates]
        return optax.apply_updates(parameters, updates), state, optimizer

    def value(self, parameters: Any, state: Any, x: Array, y: Array, training: bool) -> tuple[Array, Any]:
        outputs, state = self.apply(parameters, state, x, training)
        if self.task.numbers:
            return jnp.square(outputs - y).mean(), state
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean(), state
