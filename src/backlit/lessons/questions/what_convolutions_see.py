"""What convolutions see: edges by a filter that is given or learned, and the first filters of a trained network."""

import jax.numpy as jnp
import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Patch

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import DIVERGING, Picture, panels
from backlit.shapes import Array

EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32) / 8
NETWORK, FILTERS, SEEDS = "Conv(8, 3), ReLU, MaxPool(2), Flatten, Dense(10)", 8, 4
UNMOVED, RATE = 1e-9, 0.01  # at the first rate the filters stay as they were drawn
# The two ramps, down and across, that a 3×3 filter can hold, as an orthonormal basis (9, 2).
RAMPS = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), -1).reshape(9, 2) / np.sqrt(6)


def run() -> Outcome:
    """Edges of a digit; a filter fitted to them; what the filters of a classifier of digits have become."""
    rows = bl.read("digits").split((1, 0, 0)).train
    images = rows.x.reshape(-1, 8, 8, 1)
    layer = bl.Conv(1, 3, bias=False)

    def filtered(weight: Array) -> Array:
        return layer.apply({"weight": weight.reshape(3, 3, 1, 1)}, {}, jnp.asarray(images[:64] / 16), bl.Context())[0]

    edges = filtered(jnp.asarray(EDGE))
    fitted = bl.minimize(lambda w: ((filtered(w) - edges) ** 2).mean(), np.zeros(9, np.float32), "lbfgs", steps=60)
    learned = np.asarray(fitted.point).reshape(3, 3)
    mistake = float(np.abs(learned - EDGE).max())

    found = bl.fit(
        NETWORK, images, rows.y, learning_rate=[UNMOVED, RATE], l2=0.01, epochs=25, seed=range(SEEDS), split_seed=0
    )
    drawn, trained = ([m for m in found.models if m.settings.learning_rate == rate] for rate in (UNMOVED, RATE))
    before, after = (np.array([edge_share(model) for model in models]) for models in (drawn, trained))
    accuracy = float(np.mean([model.scores["test"]["accuracy"] for model in trained]))
    finding = (
        "A given filter makes the edges of a digit bright and dark; a filter that starts from zeros and is fitted to "
        f"such pictures becomes the same one (within {mistake:.0e}). Trained to tell digits apart ({percent(accuracy)} "
        f"right), the first filters of a network look like an edge, a ramp from dark to bright, for "
        f"{percent(after, 0)} "
        f"of their strength; as drawn they did for {percent(before, 0)} over {SEEDS} starts, and chance gives "
        f"{percent(2 / 9, 0)}."
    )
    measures = {"mistake": mistake, "edges drawn": float(before.mean()), "edges trained": float(after.mean())}
    measures |= {"worst trained": float(after.min()), "accuracy": accuracy}
    holds = mistake < 1e-2 and bool((after - before).mean() > (after - before).std())
    shown = [(images[0, :, :, 0], "a digit"), (np.asarray(edges)[0, :, :, 0], "its edges")]
    shown += [(EDGE, "given filter"), (learned, "learned filter")]
    return Outcome(picture_filters(shown, drawn[0], trained[0], before, after), finding, holds, measures)


def filters_of(model: bl.Model) -> np.ndarray:
    """The first filters (3, 3, FILTERS)."""
    return np.asarray(model.parameters["conv_1"]["weight"])[:, :, 0]


def edge_share(model: bl.Model) -> float:
    """The share of the filters' squared weights that lies in the two ramps."""
    filters = filters_of(model).reshape(9, FILTERS)
    return float(((RAMPS.T @ filters) ** 2).sum() / (filters**2).sum())


def picture_filters(
    shown: list[tuple[np.ndarray, str]], drawn: bl.Model, trained: bl.Model, before: np.ndarray, after: np.ndarray
) -> Picture:
    """Four panels above two rows of the first start's filters, blue below 0 and red above it."""
    with panels(3, 4, size=(8.6, 5.6), height_ratios=(2.1, 1, 1)) as (picture, axes):
        for panel, (values, title) in zip(axes[0], shown, strict=True):
            most = np.abs(values).max()
            gray = title == "a digit"
            panel.imshow(values, cmap="gray" if gray else DIVERGING, vmin=0 if gray else -most, vmax=most)
            panel.set(title=title)
        for row, model in zip(axes[1:], (drawn, trained), strict=True):
            for panel, pair in zip(row, np.moveaxis(filters_of(model), -1, 0).reshape(4, 2, 3, 3), strict=True):
                apart = [np.pad(w / np.abs(w).max(), ((0, 0), (0, 1)), constant_values=np.nan) for w in pair]
                panel.imshow(np.concatenate(apart, 1), cmap=DIVERGING, vmin=-1, vmax=1)
        axes[1, 0].set_title(
            f"first filters of a classifier before training: {percent(before, 0)} like an edge", loc="left"
        )
        axes[2, 0].set_title(f"the same filters trained: {percent(after, 0)} like an edge", loc="left")
        for panel in axes.flat:
            panel.set(xticks=[], yticks=[])
            panel.grid(False)
            panel.spines[:].set_visible(False)
        signs = [
            Patch(color=colormaps[DIVERGING](place), label=sign) for place, sign in ((0.1, "below 0"), (0.9, "above 0"))
        ]
        title = f"one of {SEEDS} starts; the shares are their mean (± standard deviation)"
        picture.legend(handles=signs, title=title, loc="outside lower center", ncols=2)
    return picture


LESSON = Lesson(
    name="what-convolutions-see",
    title="What convolutions see, and what they learn to see",
    rows=(83, 93),
    claim="A convolution with the right filter finds edges, and its filters need not be given: they are learned, and "
    "what the first layer learns looks like edges (document 2).",
    experiment="Digits of 8×8 pixels. A Sobel filter, and a filter fitted by L-BFGS to 64 images filtered with it; "
    f"then {NETWORK}, L2 0.01, 25 epochs of Adam, {SEEDS} starts: the share of the first filters' squared weights in "
    "the two ramps (dark to bright, down or across), as drawn and as trained.",
    run=run,
)
