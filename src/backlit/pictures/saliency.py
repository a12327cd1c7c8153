"""Which pixels an answer rests on, beside the image."""

from pathlib import Path
from typing import Any

import numpy as np

from backlit.pictures.canvas import DIVERGING, Picture, panels
from backlit.pictures.inputs import image_of, one_row
from backlit.pictures.tiles import symmetric
from backlit.shapes import Shape
from backlit.training.model import Model
from backlit.training.saliency import saliency

SAID = {
    "gradient": "largest |∂s/∂x| of the colors",
    "integrated": "contribution to the score",
    "grad-cam": "weighted activation",
}


def plot_saliency(
    model: Model,
    image: Any,
    method: str = "gradient",
    target: Any = None,
    *,
    image_shape: Shape | None = None,
    path: str | Path | None = None,
    **options: Any,
) -> Picture:
    """The image, and how much each of its pixels matters for the score of a class.

    Args:
        model: a network on images.
        image: one input, as the network takes it.
        method: 'gradient' (how much the score would change), 'integrated' (how much of it each pixel brings, positive
            or negative) or 'grad-cam' (which places the last convolution found it at).
        target: the class, or of a regression the number of the target; None: the class that the network chooses.
        image_shape: (H, W) or (H, W, C) of the input, where it is a row of numbers.
        path: as for every plot.
        **options: of `backlit.saliency`: steps, baseline, layer.

    Raises:
        InputError: as `backlit.saliency`; the input is no image, or the data hold several.
    """
    row = one_row(model, image)
    pixels = image_of(model, row[0], image_shape)
    found = saliency(model, row, method, target, **options)[0].reshape(*pixels.shape[:2], -1)
    heat = found.sum(-1) if method == "integrated" else found.max(-1)
    signed = method == "integrated"
    limits = symmetric(heat) if signed else (0.0, float(heat.max()) or 1.0)
    with panels(1, 2, path, (7.0, 3.4)) as (picture, axes):
        for panel in axes[0]:
            panel.axis("off")
        axes[0, 0].imshow(pixels, cmap="gray")
        axes[0, 0].set_title(_answer(model, row))
        if method == "grad-cam":
            axes[0, 1].imshow(pixels, cmap="gray")
        shade = axes[0, 1].imshow(
            heat,
            cmap=DIVERGING if signed else "inferno",
            vmin=limits[0],
            vmax=limits[1],
            alpha=0.6 if method == "grad-cam" else None,
        )
        said = SAID[method] if pixels.ndim == 3 or method != "gradient" else "|∂s/∂x|"
        picture.colorbar(shade, ax=axes[0, 1], label=said, shrink=0.9)
        of = f" of {target}" if target is not None else ""
        axes[0, 1].set_title(f"what the score{of} rests on\n({method})")
    return picture


def _answer(model: Model, row: np.ndarray) -> str:
    """What the network says of the row."""
    answer = model.predict_encoded(row)[0]
    if not model.schema.classes:
        return "the image\n(answer " + ", ".join(f"{value:.3g}" for value in answer.ravel()[:3]) + ")"
    sure = f", {answer.max():.0%}" if model.loss.link is not None else ""
    return f"the image\n(answer {model.schema.classes[int(answer.argmax())]}{sure})"
