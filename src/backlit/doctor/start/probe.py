"""A subject with what is asked of it at the start: its measures, its outputs, and weights drawn to provoke it.

Weights of three kinds say three things. The first ones are what training starts from. General ones (every variable
drawn anew, W ~ N(0, 1 / fan-in), none of them zero) say what holds whatever the weights. Wild ones (the last layer's
drawn large) say what the outputs can reach at all.
"""

from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import Measures, Meter, write_path
from backlit.doctor.subject import Subject
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known
from backlit.training.tokens import vocabulary_of


class Probe:
    """A subject, its measures at the first weights, and programs that are compiled once.

    Args:
        subject: what is examined.
        meter: that measures it, where there is one already.
    """

    def __init__(self, subject: Subject, meter: Meter | None = None) -> None:
        self.subject = subject
        self.meter = meter or Meter(subject)
        options = known(ONCE)
        self.apply = None if subject.outputs is None else jax.jit(subject.outputs, compiler_options=options)
        self.judge = None if subject.judge is None else jax.jit(subject.judge, compiler_options=options)
        self.pull = jax.jit(self._pull, compiler_options=options)

    @cached_property
    def measures(self) -> Measures:
        """The measures at the first weights."""
        return self.meter(self.subject.parameters, self.subject.state)

    @cached_property
    def x(self) -> Array | None:
        """The inputs, whole numbers as floating ones where these are no tokens."""
        x = self.subject.x
        if x is None or not hasattr(x, "dtype"):
            return None
        return x.astype(jnp.float32) if x.dtype in (jnp.uint8, jnp.bool_) else x

    @cached_property
    def takes_numbers(self) -> bool:
        """Whether the outputs can be differentiated with respect to the inputs: tokens are names, not numbers."""
        if self.x is None or not jnp.issubdtype(self.x.dtype, jnp.floating):
            return False
        run = self.subject.run
        return run is None or vocabulary_of(run.network) is None

    @cached_property
    def z(self) -> Array | None:
        """The outputs at the first weights, (B, ...)."""
        return self.at(self.subject.parameters)

    def at(self, parameters: Tree, x: Any = None) -> Array | None:
        """The outputs at some weights; None where they are not known."""
        given = self.x if x is None else x
        return None if self.apply is None or given is None else self.apply(parameters, self.subject.state, given)

    def losses(self, z: Any) -> np.ndarray:
        """The loss of each example for some outputs, (B,)."""
        assert self.judge is not None
        return np.asarray(self.judge(np.asarray(z, np.float32), self.subject.y), np.float64)

    def slopes(self, z: Any, first: bool = False) -> np.ndarray:
        """∂L/∂z of the summed loss, or of the first example's alone."""
        counted = np.zeros(len(z), np.float32)
        counted[: 1 if first else None] = 1
        return np.asarray(self.pull(np.asarray(z, np.float32), self.subject.y, counted))

    def general(self, seed: int) -> Tree:
        """Weights in general position."""
        random = np.random.default_rng(seed)

        def draw(leaf: Array) -> Any:
            fan_in = max(1, int(np.prod(leaf.shape[:-1]))) if leaf.ndim > 1 else 1
            noise = random.normal(size=leaf.shape) / np.sqrt(fan_in)
            scale = leaf.ndim < 2 and bool(np.all(np.asarray(leaf) == 1))
            small = LIMITS["start_shift"] if leaf.ndim < 2 else 1.0
            return np.asarray(small * noise + scale, leaf.dtype)

        return jax.tree.map(lambda leaf: draw(leaf) if is_floating(leaf) else leaf, self.subject.parameters)

    def wild(self, seed: int, scale: float, every: bool = False) -> Tree:
        """The first weights, with the last layer's (or every layer's) drawn from N(0, scale²)."""
        random = np.random.default_rng(seed)
        last = self.last_layer

        def draw(path: Any, leaf: Array) -> Any:
            if not is_floating(leaf) or not (every or write_path(path) in last):
                return leaf
            return np.asarray(scale * random.normal(size=leaf.shape), leaf.dtype)

        return jax.tree_util.tree_map_with_path(draw, self.subject.parameters)

    def without_last_weights(self) -> Tree:
        """The first weights, with the last layer's matrices at 0: its biases are left."""

        def kept(path: Any, leaf: Array) -> Any:
            return np.zeros_like(leaf) if leaf.ndim > 1 and write_path(path) in self.last_layer else leaf

        return jax.tree_util.tree_map_with_path(kept, self.subject.parameters)

    @cached_property
    def last_layer(self) -> set[str]:
        """The paths of the variables of the layer that is used last, of those that reach the loss."""
        reached = [path for path, variable in self.measures.variables.items() if variable.reached]
        if not reached:
            return set()
        layer = layer_of(reached[-1])
        return {path for path in reached if layer_of(path) == layer} if layer else {reached[-1]}

    def _pull(self, z: Array, y: Array, counted: Array) -> Array:
        judge = self.subject.judge
        assert judge is not None
        return jax.vjp(lambda own: judge(own, y), z)[1](counted)[0]


def layer_of(path: str) -> str:
    """The layer of a variable: 'dense_1' of 'dense_1/weight'."""
    return path.rpartition("/")[0]


def is_floating(leaf: Any) -> bool:
    """Whether a variable holds floating numbers."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))
