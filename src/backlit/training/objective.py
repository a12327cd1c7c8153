"""What a run minimizes: L = Σ_i w_i l(f(x_i), y_i) / Σ_i w_i + λ₁ Σ|w| + λ₂ Σ w².

The means run over a batch, padding left out, and a batch whose weights are all 0 has the loss 0; weights count here and
never in a score. The penalties fall on weights, and on biases only where they are asked for. The loss takes the
network's outputs before its link (the softmax or sigmoid that makes probabilities of them): that form is stable.
Augmentation changes training batches alone, here, so that it is part of the compiled program.
"""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data.augmenting import Augmentation
from backlit.errors import SettingError
from backlit.functions.losses import FunctionLoss, Loss
from backlit.functions.penalties import Penalty, bound_norm
from backlit.graph import accelerate
from backlit.layers.activation import Sigmoid, Softmax
from backlit.layers.block import Block, Context, Observer, Parameters, State
from backlit.layers.composition import Sequential, blocks_of
from backlit.layers.preprocessing import Preprocessing
from backlit.layers.scaling import Rescale
from backlit.shapes import Array

LINKS = {"Sigmoid": Sigmoid, "Softmax": Softmax}


class Batch(NamedTuple):
    """Rows of data: x (B, ...), y (B,) or (B, T), weight (B,) in the loss, real (B,) 1 for examples, 0 for padding.

    Without a weight all examples count the same.
    """

    x: Array
    y: Array
    weight: Array | None
    real: Array


class Sums(NamedTuple):
    """Totals over examples, from which means and scores follow: loss, errors, rows; every row counts the same.

    `errors` is the number of wrong classes (where steps have classes, the wrong share of those that count), or the sum
    of squared errors of each target of the last axis (T,).
    """

    loss: Array
    errors: Array
    rows: Array


@dataclass(frozen=True)
class Objective:
    """The function that a run differentiates.

    Attributes:
        network: the whole network, preprocessing and link included.
        loss: the loss on outputs before the link.
        penalty: of the weights.
        penalized: the paths of the variables that the penalty falls on.
        classes: the number of classes, 0 for regression.
        penalties: of single layers, each with the paths that it falls on.
        augmentation: what is done to a batch of training examples; None: nothing.
        precision: what training computes in, from parameters in float32: 'float32' or 'bfloat16'. Losses, penalties and
            scores are in float32.
        bounded: the most that the norm of a unit's incoming weights may be, and the weights' paths with their incoming
            axes; None: no bound.
    """

    network: Sequential
    loss: Loss
    penalty: Penalty
    penalized: tuple[tuple[str, ...], ...]
    classes: int
    penalties: tuple[tuple[Penalty, tuple[tuple[str, ...], ...]], ...] = ()
    augmentation: Augmentation | None = None
    precision: str = "float32"
    bounded: tuple[float, tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]] | None = None

    @property
    def body(self) -> Sequential:
        """The network up to where the loss takes its outputs: without the link and the rescaling of targets."""
        return body_of(self.network, self.loss)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, key: Array, observe: Observer | None = None
    ) -> tuple[Array, State]:
        """The loss of a batch in training mode, and the state after it."""
        weight = batch.real if batch.weight is None else batch.weight
        x, targets = batch.x, [(1.0, (batch.y, weight))]
        if self.augmentation is not None:
            key, own = jax.random.split(key)
            x, targets = self.augmentation(own, x, (batch.y, weight), batch.real)
        context = Context(training=True, key=key, mask=batch.real, observe=observe)
        outputs, after = self._forward(parameters, state, x, context)
        shares = [(share * weight * batch.real, y) for share, (y, weight) in targets]
        losses = reduce(add, (_counted(share, self.loss.examples(outputs, y)) for share, y in shares))
        value = losses.sum() / jnp.maximum(sum(share.sum() for share, _ in shares), 1e-12)
        value = value + self.penalty_of(parameters)
        return value, {**state, **after}

    def _forward(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        if self.precision == "float32":
            return self.body.apply(parameters, state, x, context)
        low = jax.tree.map(lambda leaf: leaf.astype(self.precision), parameters)
        outputs, after = self.body.apply(low, state, x, replace(context, precision=jnp.dtype(self.precision)))
        return outputs.astype(jnp.float32), after

    def bound(self, parameters: Parameters) -> Parameters:
        """The parameters with every bounded norm kept, as they are after an update."""
        if self.bounded is None:
            return parameters
        limit, places = self.bounded
        axes = dict(places)

        def within(path: Any, leaf: Array) -> Array:
            names = tuple(entry.key for entry in path)
            return bound_norm(leaf, limit, axes[names]) if names in axes else leaf

        return jax.tree_util.tree_map_with_path(within, parameters)

    def penalty_of(self, parameters: Parameters) -> Array | float:
        """What the weights themselves cost."""
        value: Array | float = 0.0
        for penalty, paths in ((self.penalty, self.penalized), *self.penalties):
            if penalty.counts:
                value = value + penalty([_at(parameters, path) for path in paths])
        return value

    def predictions(self, outputs: Array) -> Array:
        """What outputs before the link say: (B, K), the largest marks the class; or numbers (B, T) or (B, ..., T)."""
        predicted = self.loss.predict(outputs)
        return predicted if self.classes or predicted.ndim > 1 else predicted[:, None]

    def in_units(self, values: Array, state: State) -> Array:
        """Outputs on the scale that the network works on, in the units of the data."""
        name = self._rescaling
        return values if name is None else self.network.named[name].apply({}, state[name], values, Context())[0]

    @property
    def _rescaling(self) -> str | None:
        last = list(self.network.named.items())[-1:]
        return last[0][0] if last and isinstance(last[0][1], Rescale) else None

    def scale(self, state: State) -> np.ndarray | None:
        """The scale of the targets that the network works on, (T,); None: the data's own units."""
        return None if self._rescaling is None else np.asarray(state[self._rescaling]["scale"])

    def targets(self, y: np.ndarray, state: State) -> np.ndarray:
        """Targets as the loss takes them: class codes, or numbers on the scale that the network works on."""
        if self._rescaling is None:
            return y.astype(np.int32 if self.classes else np.float32)
        fitted = state[self._rescaling]
        columns = y[:, None] if y.ndim == 1 else y
        scaled = (columns - np.asarray(fitted["mean"])) / np.asarray(fitted["scale"])
        return scaled.reshape(y.shape).astype(np.float32)

    def outputs(self, parameters: Parameters, state: State, x: Array) -> Array:
        """The network's outputs before the link, in evaluation mode."""
        return accelerate(lambda p, s, x: self.body.apply(p, s, x, Context())[0])(parameters, state, x)

    def measure(self, parameters: Parameters, state: State, batch: Batch) -> Sums:
        """Loss and errors of a batch in evaluation mode, without penalties and without weights."""
        outputs = self.outputs(parameters, state, batch.x)
        losses = _counted(batch.real, self.loss.examples(outputs, batch.y))
        predicted = self.predictions(outputs)
        if self.classes:
            wrong = (predicted.argmax(-1) != batch.y) & (batch.y >= 0)
            counted = jnp.maximum((batch.y >= 0).sum(axis=tuple(range(1, wrong.ndim))), 1)
            errors = (wrong.sum(axis=tuple(range(1, wrong.ndim))) / counted * batch.real).sum()
        else:
            y = batch.y.reshape(predicted.shape)
            squares = _counted(batch.real.reshape(-1, *(1,) * (y.ndim - 1)), jnp.square(predicted - y))
            errors = squares.reshape(-1, y.shape[-1]).sum(0)
        return Sums(losses.sum(), errors, batch.real.sum())


def body_of(network: Sequential, loss: Loss) -> Sequential:
    """The network without its end that turns outputs into predictions: the loss's link, the rescaling of targets."""
    blocks = network.blocks
    if blocks and isinstance(blocks[-1], Rescale):
        blocks = blocks[:-1]
    if blocks and type(blocks[-1]) is Sequential:
        blocks = (*blocks[:-1], body_of(blocks[-1], loss))
    elif blocks and loss.link and isinstance(blocks[-1], LINKS[loss.link]):
        blocks = blocks[:-1]
    return Sequential(*blocks)


def check_head(network: Block, loss: Loss) -> None:
    """Refuse an output layer that belongs to another loss; a loss of the user's own takes any.

    Raises:
        SettingError: naming both and the repair.
    """
    last = network
    while type(last) is Sequential and last.blocks:
        last = last.blocks[-1]
    own = isinstance(loss, FunctionLoss)
    if isinstance(last, (Sigmoid, Softmax)) and type(last).__name__ != loss.link and not own:
        wanted = f"end the network in {loss.link} or in Dense" if loss.link else "end the network in Dense"
        raise SettingError(
            f"the network ends in {type(last).__name__}, and the loss {loss.name} does not take its outputs; {wanted}"
        )


def check_preprocessing(network: Sequential, classes: int) -> None:
    """Refuse preprocessing where it could not be fitted: below the top level; Rescale anywhere but behind numbers.

    Raises:
        SettingError: naming the layer and the repair.
    """
    for place, block in enumerate(network.blocks):
        inner = next((b for b in blocks_of(block) if b is not block and isinstance(b, Preprocessing)), None)
        if inner is not None:
            raise SettingError(
                f"{inner} is inside {type(block).__name__}, where it is never fitted to the data: "
                "put it first in the network itself"
            )
        if isinstance(block, Rescale) and (classes or place < len(network.blocks) - 1):
            raise SettingError(
                "Rescale brings numbers back to the units of the data: "
                + ("leave it out, the targets are classes" if classes else "put it last in the network")
            )


def _counted(weight: Array, values: Array) -> Array:
    """w·v, and 0 where the weight is 0, however large the value: an infinite one would make NaN of a product."""
    return jnp.where(weight > 0, weight * values, 0)


def _at(tree: dict, path: tuple[str, ...]) -> Array:
    for name in path:
        tree = tree[name]
    return tree  # type: ignore[return-value]
