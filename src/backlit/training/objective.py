"""What a run minimizes: L = Σ_i w_i l(f(x_i), y_i) / Σ_i w_i + λ₁ Σ|w| + λ₂ Σ w².

The means run over a batch, padding left out, and a batch whose weights are all 0 has the loss 0; weights count here and
never in a score. The penalties fall on weights and never on biases. The loss takes the
network's outputs before its link (the softmax or sigmoid that makes probabilities of them): that form is stable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.functions.losses import FunctionLoss, Loss
from backlit.functions.penalties import Penalty
from backlit.layers.activation import Sigmoid, Softmax
from backlit.layers.block import Block, Context, Observer, Parameters, State
from backlit.layers.composition import Composition, Sequential
from backlit.layers.plan import Plan
from backlit.layers.preprocessing import Preprocessing
from backlit.layers.scaling import Rescale
from backlit.shapes import Array

LINKS = {"Sigmoid": Sigmoid, "Softmax": Softmax}


class Batch(NamedTuple):
    """Rows of data: x (B, ...), y (B,) or (B, T), weight (B,) in the loss, real (B,) 1 for examples, 0 for padding."""

    x: Array
    y: Array
    weight: Array
    real: Array


class Sums(NamedTuple):
    """Totals over examples, from which means and scores follow: loss, errors, rows; every row counts the same.

    `errors` is the number of wrong classes, or the sum of squared errors of each target (T,).
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
    """

    network: Sequential
    loss: Loss
    penalty: Penalty
    penalized: tuple[tuple[str, ...], ...]
    classes: int

    @property
    def body(self) -> Sequential:
        """The network up to where the loss takes its outputs: without the link and the rescaling of targets."""
        return body_of(self.network, self.loss)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, key: Array, observe: Observer | None = None
    ) -> tuple[Array, State]:
        """The loss of a batch in training mode, and the state after it."""
        context = Context(training=True, key=key, mask=batch.real, observe=observe)
        outputs, after = self.body.apply(parameters, state, batch.x, context)
        losses = self.loss.examples(outputs, batch.y)
        value = (losses * batch.weight).sum() / jnp.maximum(batch.weight.sum(), 1e-12)
        if self.penalty.l1 or self.penalty.l2:
            value = value + self.penalty([_at(parameters, path) for path in self.penalized])
        return value, {**state, **after}

    def predictions(self, outputs: Array) -> Array:
        """What outputs before the link say: (B, K), the largest marks the class; or numbers (B, T)."""
        predicted = self.loss.predict(outputs)
        return predicted if self.classes else predicted.reshape(len(outputs), -1)

    def in_units(self, values: Array, state: State) -> Array:
        """Numbers on the scale that the network works on, in the units of the data."""
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
        scaled = (y.reshape(len(y), -1) - np.asarray(fitted["mean"])) / np.asarray(fitted["scale"])
        return scaled.reshape(y.shape).astype(np.float32)

    def outputs(self, parameters: Parameters, state: State, x: Array) -> Array:
        """The network's outputs before the link, in evaluation mode."""
        return self.body.apply(parameters, state, x, Context())[0]

    def measure(self, parameters: Parameters, state: State, batch: Batch) -> Sums:
        """Loss and errors of a batch in evaluation mode, without penalties and without weights."""
        outputs = self.outputs(parameters, state, batch.x)
        losses = jnp.where(batch.real > 0, self.loss.examples(outputs, batch.y), 0)
        predicted = self.predictions(outputs)
        if self.classes:
            errors = ((predicted.argmax(-1) != batch.y) * batch.real).sum()
        else:
            real = batch.real[:, None]
            errors = (jnp.square(predicted - batch.y.reshape(len(real), -1)) * real).sum(0)
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
        inner = next((inside for inside in _inside(block) if isinstance(inside, Preprocessing)), None)
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


def _inside(block: Block) -> Iterator[Block]:
    for inner in block.blocks if isinstance(block, Composition) else ():
        yield inner
        yield from _inside(inner)


def weights_of(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """The paths of the variables that penalties fall on: weights, never biases, scales and shifts."""
    return tuple(path for path, variable in plan.variables() if variable.weight)


def _at(tree: dict, path: tuple[str, ...]) -> Array:
    for name in path:
        tree = tree[name]
    return tree  # type: ignore[return-value]
