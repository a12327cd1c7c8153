"""What each step of a sequence attends to: the weights of attention, a map for each head."""

from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from backlit.data import text
from backlit.errors import DataError, SettingError
from backlit.layers.settings import is_whole
from backlit.pictures.canvas import SEQUENTIAL, Picture, panels
from backlit.pictures.inputs import one_row
from backlit.training.attention import attention_layer, read_attention
from backlit.training.model import Model
from backlit.training.tokens import vocabulary_of

MOST_LABELS = 32
SEEN = str.maketrans({" ": "␣", "\n": "↵", "\t": "→"})


def plot_attention(
    model: Model,
    row: Any,
    layer: str | None = None,
    *,
    head: int | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The attention of one sequence: a row for each step that asks, its weights on the steps that answer.

    Args:
        model: a network with attention.
        row: one sequence, as the network takes it; of a network on text, a piece of text.
        layer: a layer of attention by its path; None: the first.
        head: from 0; None: all, a panel each.
        path: as for every plot.

    Raises:
        SettingError: the network has no attention, or no such layer or head.
        DataError: the data hold several sequences, or do not fit.
    """
    chosen = attention_layer(model, layer)
    tokens = _sequence(model, row)
    weights = read_attention(model, tokens, chosen)[0]
    weights = weights.reshape(-1, *weights.shape[-2:])
    if head is not None and not (is_whole(head, 0) and head < len(weights)):
        raise SettingError(f"{chosen} has the heads 0 to {len(weights) - 1}, not {head!r}")
    heads = range(len(weights)) if head is None else [head]
    labels = _labels(model, tokens[0])
    columns = min(4, ceil(sqrt(len(heads))))
    rows = ceil(len(heads) / columns)
    side = 4.4 if len(heads) == 1 else 3.2 if columns == 2 else 2.6
    with panels(rows, columns, path, (side * columns + 1.0, side * rows + 0.5)) as (picture, axes):
        for panel in axes.ravel()[len(heads) :]:
            panel.axis("off")
        for panel, number in zip(axes.ravel(), heads, strict=False):
            panel.grid(False)
            shade = panel.imshow(weights[number], cmap=SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest")
            panel.set_title(f"head {number}")
            for axis, size in ((panel.xaxis, weights.shape[2]), (panel.yaxis, weights.shape[1])):
                step = ceil(size / MOST_LABELS)
                named = labels if size == len(labels) else [str(place) for place in range(size)]
                axis.set_ticks(range(0, size, step), named[::step], fontsize=9 if size <= 16 else 7)
            panel.set(xlabel="attends to", ylabel="step that asks")
        picture.colorbar(shade, ax=axes, label="weight", shrink=0.8)
        picture.suptitle(f"Attention of {chosen}", fontsize=11)
    return picture


def _sequence(model: Model, row: Any) -> np.ndarray:
    """One sequence as the network takes it (1, T, ...), without the padding at its end."""
    if model.schema.kind in text.UNITS:
        if not isinstance(row, str):
            raise DataError(f"the network takes text, and this is {row!r:.40}: give a piece of text")
        return text.tokens_of(row, model.schema.classes, model.schema.kind)[None]
    found = one_row(model, row)
    real = np.flatnonzero(found[0] != -1) if vocabulary_of(model.network) else np.arange(found.shape[1])
    return found[:, : real.max(initial=0) + 1]


def _labels(model: Model, steps: np.ndarray) -> list[str]:
    """What the steps are called: characters, tokens, or their places from 0."""
    if model.schema.kind in text.UNITS:
        return [model.schema.classes[int(token)].translate(SEEN) for token in steps]
    if vocabulary_of(model.network) is not None:
        return [f"{token:g}" for token in steps.ravel()]
    return [str(place) for place in range(len(steps))]
