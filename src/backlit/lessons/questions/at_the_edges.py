"""What a convolution does at the edges of an image: valid, same and full padding."""

import jax.numpy as jnp
import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import panels
from backlit.shapes import Array

SIZE, WINDOW = 8, 3
PADDINGS = ("valid", "same", "full")


def run() -> Outcome:
    """The size of the output, and how many windows each pixel lies in: the gradient of the sum of all outputs."""
    visits = {padding: visits_of(padding) for padding in PADDINGS}
    sizes = {padding: bl.Conv(1, WINDOW, padding=padding).plan((SIZE, SIZE, 1)).output[0] for padding in PADDINGS}
    corners = {padding: int(seen[0, 0]) for padding, seen in visits.items()}
    most = WINDOW**2
    fair = [padding for padding, seen in visits.items() if seen.min() == seen.max()]
    finding = (
        f"A {WINDOW}×{WINDOW} filter on an image of {SIZE}×{SIZE} gives {sizes['valid']}×{sizes['valid']} outputs "
        f"without padding, {sizes['same']}×{sizes['same']} with same and {sizes['full']}×{sizes['full']} with full "
        f"padding. A pixel inside lies in {most} windows; one in the corner in {corners['valid']}, {corners['same']} "
        f"and {corners['full']} of them: all pixels count the same with {' and '.join(fair) or 'no'} padding."
    )
    with panels(1, 3, size=(9.0, 3.5)) as (picture, (axes,)):
        for (padding, seen), panel in zip(visits.items(), axes, strict=True):
            panel.imshow(seen, vmin=0, vmax=most)
            for (row, column), count in np.ndenumerate(seen):
                shade = "black" if count > most / 2 else "white"
                panel.text(column, row, f"{count:.0f}", ha="center", va="center", color=shade, fontsize=8)
            panel.set(title=f"{padding}: {SIZE}×{SIZE} → {sizes[padding]}×{sizes[padding]}", xticks=[], yticks=[])
            panel.grid(False)
        picture.supxlabel(f"How many of the {WINDOW}×{WINDOW} windows each pixel of the image lies in", fontsize=10)
    holds = bool(sizes["valid"] < SIZE == sizes["same"] < sizes["full"] and fair == ["full"])
    measures = {f"{padding} size": float(size) for padding, size in sizes.items()}
    return Outcome(
        picture, finding, holds, measures | {f"{padding} corner": float(corners[padding]) for padding in PADDINGS}
    )


def visits_of(padding: str) -> np.ndarray:
    """The gradient by each pixel of the sum of all outputs, for a filter of ones."""
    layer = bl.Conv(1, WINDOW, padding=padding, bias=False)
    ones = {"weight": jnp.ones((WINDOW, WINDOW, 1, 1))}

    def total(image: Array) -> Array:
        return layer.apply(ones, {}, image, bl.Context())[0].sum()

    return np.asarray(bl.grad(total)(jnp.zeros((1, SIZE, SIZE, 1))))[0, :, :, 0]


LESSON = Lesson(
    name="at-the-edges",
    title="Convolutions at the edges of an image",
    rows=(84, 85),
    claim="A convolution shrinks the image, unless its edges are padded: same padding keeps the size, full padding "
    "lets the filter visit every pixel equally often and enlarges it (document 2).",
    experiment=f"One filter of ones, {WINDOW}×{WINDOW}, on an image of {SIZE}×{SIZE}, with each padding; the gradient "
    "of the sum of the outputs by a pixel is the number of windows that it lies in.",
    run=run,
)
