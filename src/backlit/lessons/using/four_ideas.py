"""Row 103: learned features, differentiable, end to end, a cascade of simple blocks: all in one network."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, DIVERGING, GRAY, VERMILLION, panels
from backlit.shapes import Array, Tree

NETWORK = "Conv(8, 3, padding='same'), ReLU, MaxPool(2), Conv(16, 3), ReLU, Flatten, Dense(32), ReLU, Dense(10)"
BLOCKS = {"conv 1": "maxpool_1", "conv 2": "flatten_1", "dense": "relu_3"}
UNMOVED, RATE, SEEDS, CHECKED = 1e-9, 0.005, 3, 60  # at the first rate the weights stay as they were drawn
Rows = tuple[np.ndarray, np.ndarray]  # x and y
Views = Sequence[np.ndarray]  # of the seen and the unseen rows


def run() -> Outcome:
    """One network on digits, as drawn and as trained, from four sides."""
    parts = bl.read("digits").split((0.5, 0, 0.5))
    seen, unseen = ((part.x.reshape(-1, 8, 8, 1), part.y) for part in (parts.train, parts.test))
    found = bl.fit(
        NETWORK, *seen, test=unseen, split=(1, 0, 0), learning_rate=[UNMOVED, RATE], epochs=20, seed=range(SEEDS)
    )
    drawn, trained = ([m for m in found.models if m.settings.learning_rate == rate] for rate in (UNMOVED, RATE))
    filters = [[np.asarray(m.parameters["conv_1"]["weight"]) for m in models] for models in (drawn, trained)]
    moved = float(np.mean([np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in zip(*filters, strict=True)]))
    slopes, differences = compare_gradients(drawn[0], *seen)
    mistake = float(np.abs(slopes - differences).max() / np.abs(slopes).max())
    labels = seen[1], unseen[1]
    pixels = nearest_mean([x.reshape(len(x), -1) for x, _ in (seen, unseen)], labels)
    by_block = np.array(
        [[nearest_mean(views_of(model, layer, seen, unseen), labels) for layer in BLOCKS.values()] for model in trained]
    )
    frozen = np.array([linear_output(views_of(model, "relu_3", seen, unseen), labels) for model in drawn])
    whole = np.array([model.scores["test"]["accuracy"] for model in trained])
    grows = bool((np.diff(by_block.mean(0)) > 0).all())
    finding = (
        f"In one network of simple blocks on digits: its first filters moved by {percent(moved, 0)} of their length, "
        "so the "
        "features are learned; every block can be differentiated, and the gradient through all of them agrees with "
        f"differences in float64 to {mistake:.0e}; trained end to end it is right about {percent(whole.mean())} of "
        "unseen "
        f"digits, and with its blocks frozen as drawn and the output alone fitted about {percent(frozen.mean())}. The "
        f"nearest class mean is the right class for {percent(pixels)} of the raw pixels and for "
        f"{', '.join(percent(score) for score in by_block.mean(0))} behind {', '.join(BLOCKS)}: "
        f"{'every' if grows else 'not every'} block adds to the one before."
    )
    with panels(2, 2, size=(9.4, 6.4)) as (picture, ((features, gradient), (ends, blocks))):
        draw_filters(features, filters[0][0], filters[1][0])
        features.set_title(f"Learned features: filters moved by {percent(moved, 0)}")
        most = np.abs(slopes).max() * 1.1
        gradient.plot([-most, most], [-most, most], color=GRAY, linewidth=1)
        gradient.plot(differences, slopes, "o", color=BLUE, markersize=4)
        gradient.set(xlabel="differences (f(w+h) − f(w−h)) / 2h", ylabel="backpropagation")
        gradient.set_title(f"Differentiable: both agree to {mistake:.0e}")
        ends.bar(["frozen blocks", "end to end"], [frozen.mean(), whole.mean()], 0.55, color=[GRAY, BLUE])
        ends.errorbar(
            [0, 1], [frozen.mean(), whole.mean()], [frozen.std(), whole.std()], fmt="none", color="black", capsize=4
        )
        for place, score in enumerate((frozen, whole)):
            ends.text(place, score.mean() + 0.06, percent(score.mean()), ha="center")
        ends.set(ylim=(0, 1.15), ylabel="accuracy, unseen digits", title="End to end: all blocks train together")
        blocks.errorbar(list(BLOCKS), by_block.mean(0), by_block.std(0), marker="o", capsize=4, color=VERMILLION)
        blocks.axhline(pixels, color=GRAY, linestyle="--", label="raw pixels")
        blocks.set(
            ylabel="accuracy of the nearest class mean", xlabel="behind", title="A cascade: each block adds to the last"
        )
        blocks.legend(loc="lower right")
    measures = {
        "filters moved": moved,
        "mistake": mistake,
        "frozen": float(frozen.mean()),
        "end to end": float(whole.mean()),
    }
    measures |= {f"behind {name}": float(score) for name, score in zip(BLOCKS, by_block.mean(0), strict=True)}
    holds = moved > 0.1 and mistake < 1e-6 and whole.mean() > frozen.mean() and grows and by_block.mean(0)[-1] > pixels
    return Outcome(picture, finding, bool(holds), measures)


def compare_gradients(model: bl.Model, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of the loss of 16 rows by single weights, from backpropagation and from differences, in float64."""
    with jax.enable_x64(True):
        state = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model.state)
        given = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model.parameters)

        def loss(parameters: Tree) -> Array:
            outputs = model.network.apply(parameters, state, jnp.asarray(x[:16], jnp.float64), bl.Context())[0]
            return model.loss.examples(outputs, jnp.asarray(y[:16])).mean()

        flat, unravel = jax.flatten_util.ravel_pytree(given)
        chosen = np.random.default_rng(0).choice(flat.size, CHECKED, replace=False)
        steps = 1e-6 * jnp.eye(flat.size)[chosen]
        ends = jax.jit(jax.vmap(lambda step: loss(unravel(flat + step)) - loss(unravel(flat - step))))(steps)
        slopes = jax.jit(bl.grad(lambda flat: loss(unravel(flat))))(flat)[chosen]
        return np.asarray(slopes), np.asarray(ends / 2e-6)


def views_of(model: bl.Model, layer: str, *parts: Rows) -> Views:
    """What a layer makes of both parts, flat."""
    return [model.activations(x, layer).reshape(len(x), -1) for x, _ in parts]


def nearest_mean(views: Views, labels: Views) -> float:
    """The accuracy of giving each unseen row the class whose mean is nearest."""
    (seen, unseen), (y, answers) = views, labels
    means = np.stack([seen[y == k].mean(0) for k in range(10)])
    return float((((unseen[:, None] - means) ** 2).sum(-1).argmin(1) == answers).mean())


def linear_output(views: Views, labels: Views) -> float:
    """The accuracy of a linear output fitted by least squares."""
    rows, new = (np.column_stack([part, np.ones(len(part))]) for part in views)
    weights = np.linalg.lstsq(rows, np.eye(10)[labels[0]], rcond=None)[0]
    return float(((new @ weights).argmax(1) == labels[1]).mean())


def draw_filters(axes: Axes, drawn: np.ndarray, trained: np.ndarray) -> None:
    """The first filters, as drawn above and as trained below."""
    rows = [np.pad(filters[:, :, 0], ((0, 1), (0, 1), (0, 0)), constant_values=np.nan) for filters in (drawn, trained)]
    image = np.concatenate([np.concatenate(np.moveaxis(row, -1, 0), 1) for row in rows])
    most = np.nanmax(np.abs(image))
    axes.imshow(image, cmap=DIVERGING, vmin=-most, vmax=most)
    axes.set(yticks=[1, 5], yticklabels=["drawn", "trained"], xticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)


LESSON = Lesson(
    name="four-ideas",
    title="Four ideas in one network",
    rows=(103,),
    claim="Deep learning is four ideas: features are learned, every block is differentiable, all of them are trained "
    "end to end from pixels to labels, and the whole is a cascade of simple blocks (document 2).",
    experiment=f"898 digits of 8×8 pixels for training, 899 unseen ones; {NETWORK}; 20 epochs of Adam at {RATE}, "
    f"{SEEDS} starts. Its filters before and after; its gradient against differences in float64, {CHECKED} weights "
    "shown; the same blocks frozen as drawn with a fitted linear output; how many digits are nearest to the mean of "
    "their own class, behind each block.",
    run=run,
)
