"""What a network's attention looks at: the weights A = softmax(QKᵀ / √d), as the layer itself computes them.

Source: Vaswani et al. 2017, arXiv:1706.03762.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError, nearest
from backlit.layers.attention import WEIGHTS
from backlit.layers.block import Context, Observer, Parameters, State
from backlit.shapes import Array
from backlit.training.model import Model


def attention_maps(model: Model, data: Any, layer: str | None = None) -> np.ndarray:
    """How much each step of a sequence attends to each, by head.

    Args:
        model: a network with attention.
        data: sequences, as for `Model.predict`.
        layer: a layer of attention by its path, such as 'decoderblock_1/residual_1/attention_1'; None: the first.

    Returns:
        (N, H, T, S): of H heads, the weights of T steps that ask on S steps that answer, with rows that add up to 1 (0
        for a step that may see none); of a layer that repeats R times (N, R, H, T, S).

    Raises:
        SettingError: the network has no attention, or no such layer.
    """
    return read_attention(model, model.encoded(data), layer)


def read_attention(model: Model, x: np.ndarray, layer: str | None = None) -> np.ndarray:
    """`attention_maps` of encoded rows (N, *input_shape)."""
    chosen = attention_layer(model, layer)

    def read(parameters: Parameters, state: State, x: Array) -> Array:
        observer = Observer(lambda path, block, x, y: None, attention=True)
        model.network.apply(parameters, state, x, Context(observe=observer))
        weights = observer.seen[f"{chosen}/{WEIGHTS}"]
        return jnp.moveaxis(weights, -4, 0)

    return model.each(read, x)


def attention_layer(model: Model, layer: str | None = None) -> str:
    """The path of a layer of attention: the given one, or the first.

    Raises:
        SettingError: the network has no attention, or no such layer.
    """
    plan = model.network.plan(model.input_shape)
    known = list(dict.fromkeys("/".join(path[:-2]) for path, _ in plan.variables() if path[-2:] == ("query", "weight")))
    if not known:
        raise SettingError(
            f"the network has no attention, only {', '.join(plan.parts)}: train one with Attention or EncoderBlock"
        )
    if layer is not None and layer not in known:
        raise SettingError(f"the network has no attention {layer!r}: {nearest(layer, known)}")
    return layer or known[0]
