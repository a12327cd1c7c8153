"""Which numbers of an input an answer rests on, by the gradient of the answer's score s_k.

    gradient:    |∂s_k/∂x|
    integrated:  (x − x′) ∫₀¹ ∂s_k/∂x (x′ + α (x − x′)) dα, whose sum over an input is s_k(x) − s_k(x′)
    grad-cam:    max(0, Σ_c w_c A_c), w_c the mean of ∂s_k/∂A_c over the places of the map A_c

The score is what the network gives before its softmax or sigmoid, on one unit −s for the first class and s for the
second; of a regression, the number itself on the scale that the network works on.

Sources: Simonyan et al. 2013, arXiv:1312.6034 (gradient); Sundararajan et al. 2017, arXiv:1703.01365 (integrated);
Selvaraju et al. 2016, arXiv:1610.02391 (Grad-CAM).
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.errors import DataError, SettingError, ShapeError, nearest
from backlit.graph import grad
from backlit.layers.block import Context, Parameters, State
from backlit.layers.composition import Sequential, apply_part, blocks_of
from backlit.layers.convolution import Filters
from backlit.layers.settings import is_whole
from backlit.shapes import Array, Shape, write
from backlit.training.model import Model
from backlit.training.tokens import vocabulary_of

METHODS = ("gradient", "integrated", "grad-cam")


def saliency(
    model: Model,
    x: Any,
    method: str = "gradient",
    target: Any = None,
    *,
    steps: int = 64,
    baseline: Any = 0.0,
    layer: str | None = None,
) -> np.ndarray:
    """How much each number of each input matters for the score of a class.

    Args:
        model: a network with one score a class, or one number a target, for each input.
        x: inputs, as for `Model.predict`.
        method: 'gradient', 'integrated' or 'grad-cam'.
        target: a class, or of a regression the number of a target from 0; None: of each input the class that the
            network chooses, or the only target.
        steps: of the integral, at least 1; default 64.
        baseline: x′, a number for all or an array (*input_shape); default 0, a black image.
        layer: of Grad-CAM, a layer whose output is (H′, W′, C), one of the network itself and not inside another; None:
            the last convolution, and what follows it in the same size.

    Returns:
        (N, *input_shape); of Grad-CAM (N, H, W), enlarged by straight lines from (H′, W′).

    Raises:
        SettingError: the method, class, target, layer or a setting is unknown or out of range, or has to be chosen.
        ShapeError: the network gives no score an input, or has no convolution on images for Grad-CAM.
        DataError: the inputs are tokens, by which nothing can be differentiated.
    """
    if method not in METHODS:
        raise SettingError(f"method = {method!r}: choose {', '.join(METHODS)}; {nearest(str(method), METHODS)}")
    if not is_whole(steps, 1):
        raise SettingError(f"steps is a whole number of at least 1, not {steps!r}")
    if vocabulary_of(model.network) is not None:
        raise DataError("the inputs are tokens, and a gradient is by numbers: see the attention_maps of such a network")
    rows = model.encoded(x).astype(np.float32)
    scores = Scores(model, target)
    if method == "gradient":
        return model.each(lambda *given: jnp.abs(scores.slope(*given)), rows)
    if method == "grad-cam":
        return model.each(GradCAM(scores, layer), rows)
    return model.each(_integrated(scores, _baseline(baseline, model.input_shape), steps), rows)


class Scores:
    """The scores of a network, and the one of each input whose gradient is asked for.

    Raises:
        ShapeError: the network gives more than one row of scores an input.
        SettingError: there is no such class or target, or it has to be chosen.
    """

    def __init__(self, model: Model, target: Any) -> None:
        output = model.objective.body.plan(model.input_shape).output
        if len(output) != 1:
            raise ShapeError(f"saliency is of one score a class for each input, and this network gives {write(output)}")
        self.model, self.body = model, model.objective.body
        self.one_unit = len(model.schema.classes) == 2 and output == (1,)
        self.place = _place(model, target, output[0])

    def __call__(self, parameters: Parameters, state: State, x: Array) -> Array:
        """(B, K)."""
        return self.of(self.body.apply(parameters, state, x, Context())[0])

    def of(self, outputs: Array) -> Array:
        """The scores (B, K) that outputs are: one unit is the score of the second class."""
        return jnp.concatenate([-outputs, outputs], axis=1) if self.one_unit else outputs

    def choose(self, scores: Array) -> Array:
        """The number of each input's score (B,)."""
        return scores.argmax(-1) if self.place is None else jnp.full(len(scores), self.place)

    def slope(self, parameters: Parameters, state: State, x: Array, chosen: Array | None = None) -> Array:
        """∂s_k/∂x (B, ...): inputs do not mix at prediction, so that the gradient of the sum has each one's own."""
        chosen = self.choose(self(parameters, state, x)) if chosen is None else chosen
        return grad(lambda x: total_of(self(parameters, state, x), chosen))(x)


def total_of(scores: Array, chosen: Array) -> Array:
    """The sum of each input's chosen score."""
    return jnp.take_along_axis(scores, chosen[:, None], axis=1).sum()


def _place(model: Model, target: Any, outputs: int) -> int | None:
    """The number of the score; None: that of the class that the network chooses."""
    classes = [str(name) for name in model.schema.classes]
    if classes:
        if target is not None and str(target) not in classes:
            raise SettingError(f"target = {target!r} is no class of the network: {nearest(str(target), classes)}")
        return None if target is None else classes.index(str(target))
    if target is None and outputs > 1:
        raise SettingError(f"the network gives {outputs} numbers: choose one, target=0 to {outputs - 1}")
    if target is not None and not (is_whole(target, 0) and target < outputs):
        raise SettingError(f"the network gives the targets 0 to {outputs - 1}, not {target!r}")
    return target or 0


def _baseline(given: Any, shape: Shape) -> np.ndarray:
    try:
        return np.broadcast_to(np.asarray(given, np.float32), shape)
    except (TypeError, ValueError):
        raise SettingError(
            f"baseline is a number or an array of the shape of one input, {write(shape)}, not {given!r:.60}"
        ) from None


def _integrated(scores: Scores, baseline: np.ndarray, steps: int) -> Callable[[Parameters, State, Array], Array]:
    """The integral by the midpoints of `steps` pieces of the way from the baseline to the input."""

    def read(parameters: Parameters, state: State, x: Array) -> Array:
        start, chosen = jnp.asarray(baseline), scores.choose(scores(parameters, state, x))

        def add(total: Array, share: Array) -> tuple[Array, None]:
            return total + scores.slope(parameters, state, start + share * (x - start), chosen), None

        total, _ = lax.scan(add, jnp.zeros_like(x), (jnp.arange(steps) + 0.5) / steps)
        return jnp.where(jnp.isnan(x), 0, (x - start) * total / steps)  # a missing value contributes nothing

    return read


class GradCAM:
    """The network in two parts, up to the maps and from there on.

    Raises:
        SettingError: there is no such layer, or its output has no places.
        ShapeError: the network has no convolution on images.
    """

    def __init__(self, scores: Scores, layer: str | None) -> None:
        self.scores, self.blocks = scores, list(scores.body.named.items())
        plan = scores.body.plan(scores.model.input_shape)
        self.sizes = plan.input[:2]
        outputs = {name: part.output for name, part in plan.parts.items()}
        maps = [name for name, output in outputs.items() if len(output) == 3]
        if len(plan.input) != 3 or not maps:
            raise ShapeError(
                f"Grad-CAM needs images (H, W, C) and layers that keep their places, and this network on "
                f"{write(plan.input)} has none: choose method='gradient' or 'integrated'"
            )
        if layer is not None and layer not in maps:
            raise SettingError(f"Grad-CAM has no maps of the layer {layer!r}: choose one of {', '.join(maps)}")
        self.cut = list(outputs).index(layer or _last_convolution(scores.body, outputs)) + 1

    def __call__(self, parameters: Parameters, state: State, x: Array) -> Array:
        """(B, H, W)."""

        def score(maps: Array) -> Array:
            return self.scores.of(self.run(slice(self.cut, None), parameters, state, maps))

        maps = self.run(slice(self.cut), parameters, state, x)
        chosen = self.scores.choose(score(maps))
        weights = grad(lambda maps: total_of(score(maps), chosen))(maps).mean((1, 2), keepdims=True)
        heat = jnp.maximum((weights * maps).sum(-1), 0)
        return jax.image.resize(heat, (len(x), *self.sizes), "linear")

    def run(self, part: slice, parameters: Parameters, state: State, x: Array) -> Array:
        """A part of the network."""
        for index, (name, block) in list(enumerate(self.blocks))[part]:
            x = apply_part(name, block, parameters, state, x, Context().enter(name, index), {})
        return x


def _last_convolution(body: Sequential, outputs: dict[str, Shape]) -> str:
    """The last layer of the network with a convolution in it, or the last behind it whose output has the same size.

    Raises:
        ShapeError: there is none.
    """
    names = list(outputs)
    places = [
        place
        for place, (name, block) in enumerate(body.named.items())
        if len(outputs[name]) == 3 and any(isinstance(inner, Filters) for inner in blocks_of(block))
    ]
    if not places:
        raise ShapeError("the network has no convolution on images: choose method='gradient' or 'integrated'")
    same = takewhile(lambda name: outputs[name] == outputs[names[places[-1]]], names[places[-1] :])
    return list(same)[-1]
