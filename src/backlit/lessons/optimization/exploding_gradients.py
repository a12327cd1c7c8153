"""Row 68: weights below a scale make gradients vanish, weights above it make them explode."""

import jax
import jax.numpy as jnp
import numpy as np

from backlit.functions.initializers import He
from backlit.graph import grad
from backlit.layers.activation import ReLU
from backlit.layers.block import Context
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.repetition import Repeat
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import DIVERGING, canvas, picture_of
from backlit.shapes import Array, Tree

WIDTH, ROWS, SEEDS = 32, 16, 8
DEPTHS = (1, 2, 4, 8, 16, 32)
SCALES = (0.5, 0.71, 0.84, 1.0, 1.19, 1.41, 2.0)


def run() -> Outcome:
    """The gradient at the first layer, over depths and scales."""
    table = np.median(_log_gradients(), -1)  # (scales, depths)
    slopes = np.polyfit(DEPTHS, table.T, 1)[0]  # powers of ten a layer
    below, above = np.array(SCALES) < 1, np.array(SCALES) > 1
    at_one = table[SCALES.index(1.0)]
    holds = bool((slopes[below] < -0.05).all() and (slopes[above] > 0.05).all() and np.abs(np.diff(at_one)).max() < 2)
    finding = (
        f"With {DEPTHS[-1]} layers, weights at half of He's scale leave a gradient of 10^{table[0, -1]:.0f} at the "
        f"first layer, at twice it 10^{table[-1, -1]:.0f}, and at He's own {10 ** at_one[-1]:.2g} (one layer: "
        f"{10 ** at_one[0]:.2g}). Each layer multiplies the gradient by {10 ** slopes[0]:.2f} at half the scale and by "
        f"{10 ** slopes[-1]:.2f} at twice it."
    )

    with canvas(size=(7.2, 4.4)) as axes:
        axes.grid(False)
        image = axes.imshow(table, cmap=DIVERGING, vmin=-20, vmax=20, aspect="auto", origin="lower")
        for row, column in np.ndindex(*table.shape):
            value = table[row, column]
            color = "white" if abs(value) > 12 else "black"
            axes.text(column, row, f"{value:.0f}".replace("-", "−"), ha="center", va="center", color=color)
        axes.set_xticks(range(len(DEPTHS)), [str(depth) for depth in DEPTHS])
        axes.set_yticks(range(len(SCALES)), [f"{scale:g}" for scale in SCALES])
        axes.set(xlabel="layers", ylabel="scale of the weights (1 = He's)")
        axes.set_title("Only near one scale do gradients keep their size with depth")
        picture_of(axes).colorbar(image, label="log₁₀ of the gradient's norm at layer 1")
    measures = {
        f"log10 gradient, {scale:g}, {DEPTHS[-1]} layers": float(table[i, -1]) for i, scale in enumerate(SCALES)
    }
    measures |= {f"powers of ten a layer, {scale:g}": float(slopes[i]) for i, scale in enumerate(SCALES)}
    return Outcome(picture_of(axes), finding, holds, measures)


def _log_gradients() -> np.ndarray:
    """log₁₀ of the gradient's norm at the first layer, (scales, depths, seeds), all in one program.

    Layers beyond the depth have the identity for weights: what ReLU made passes through them as it is.
    """
    layer = Sequential(Dense(WIDTH, bias=False, initializer=He()), ReLU())
    network = Sequential(*layer.blocks, Repeat(DEPTHS[-1] - 1, *layer.blocks))
    x = jax.random.normal(jax.random.key(1), (ROWS, WIDTH))

    def loss(parameters: Tree) -> Array:
        return jnp.square(network.apply(parameters, {}, x, Context())[0]).sum(-1).mean() / 2

    def log_norm(scale: Array, depth: Array, key: Array) -> Array:
        parameters = jax.tree.map(lambda leaf: scale * leaf, network.initialize((WIDTH,), key)[0])
        rest = parameters["repeat_1"]["dense_1"]
        within = jnp.arange(1, DEPTHS[-1])[:, None, None] < depth
        rest["weight"] = jnp.where(within, rest["weight"], jnp.eye(WIDTH))
        first = grad(loss)(parameters)["dense_1"]["weight"]
        largest = jnp.abs(first).max()  # taken out, or its square overflows
        return jnp.log10(largest) + jnp.log10(jnp.linalg.norm(first / largest))

    over_all = jax.vmap(jax.vmap(jax.vmap(log_norm, (None, None, 0)), (None, 0, None)), (0, None, None))
    keys = jax.random.split(jax.random.key(0), SEEDS)
    return np.asarray(jax.jit(over_all)(jnp.array(SCALES), jnp.array(DEPTHS), keys))


LESSON = Lesson(
    name="exploding-gradients",
    title="Vanishing and exploding, by the scale of the weights",
    rows=(68,),
    claim=(
        "A product of many weights vanishes where they are below one and explodes where they are above: it depends on "
        "the initialization (document 0)."
    ),
    experiment=(
        f"ReLU networks of {DEPTHS[0]} to {DEPTHS[-1]} layers of {WIDTH} units before any training, their weights "
        f"He's times a scale from {SCALES[0]:g} to {SCALES[-1]:g}; the norm of the first layer's gradient of the mean "
        f"squared output on {ROWS} random rows, the median over {SEEDS} seeds."
    ),
    run=run,
)
