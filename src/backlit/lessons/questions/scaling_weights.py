"""What becomes of a network's answers and gradients when its weights are scaled."""

import jax
import jax.numpy as jnp
import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.panels import draw_points
from backlit.pictures.canvas import BLUE, GRAY, ORANGE, VERMILLION, panels
from backlit.shapes import Array, Tree

NETWORK = "Dense(16), ReLU, Dense(16), ReLU, Dense(1)"
FACTORS = (10.0, 0.5, 0.2)  # of the three layers; their product is 1
EVEN = (2.0, 2.0, 2.0)


def run() -> Outcome:
    """One network, and the same with its layers scaled: labels, loss, and each layer's gradient."""
    data = bl.read("moons(n=300, noise=0.15)").split((1, 0, 0)).train
    x, y = jnp.asarray(data.x), jnp.asarray(data.y)
    network = bl.network(NETWORK)
    parameters, _ = network.initialize((2,), jax.random.key(1))
    parameters = jax.tree.map(lambda leaf: leaf + 0.1, parameters)  # so that biases are not 0

    def outputs(parameters: Tree, x: Array) -> Array:
        return network.apply(parameters, {}, x, bl.Context())[0]

    def loss(parameters: Tree) -> Array:
        return bl.BinaryCrossEntropy().examples(outputs(parameters, x), y).mean()

    forms = {
        "as drawn": parameters,
        f"layers × {', '.join(f'{f:g}' for f in FACTORS)}": scaled(parameters, FACTORS),
        "all layers × 2": scaled(parameters, EVEN),
    }
    labels = {name: np.asarray(outputs(form, x)[:, 0] > 0) for name, form in forms.items()}
    losses = {name: float(loss(form)) for name, form in forms.items()}
    norms = {name: layer_norms(bl.grad(loss)(form)) for name, form in forms.items()}
    drawn, uneven, even = forms
    kept = float(np.mean([(labels[name] == labels[drawn]).all() for name in forms]))
    ratios = norms[uneven] / norms[drawn]
    same = {name: "the same" if (labels[name] == labels[drawn]).all() else "other" for name in forms}
    finding = (
        f"Scaled by {', '.join(f'{f:g}' for f in FACTORS)} (product 1) the layers give {same[uneven]} labels on all "
        f"{len(x)} rows at a loss of {losses[uneven]:.4f} (before: {losses[drawn]:.4f}), while the gradients of their "
        f"weights are {', '.join(f'{ratio:.2f}' for ratio in ratios)} times as large; one over each factor is "
        f"{', '.join(f'{1 / f:.2f}' for f in FACTORS)}. Scaled by 2 each they give {same[even]} labels at a loss of "
        f"{losses[even]:.4f}: weights that give the same labels are not unique, and descent goes another way from each."
    )
    with panels(1, 2, size=(9.2, 3.9), width_ratios=(1, 1.25)) as (picture, ((plane, bars),)):
        grid = np.stack(np.meshgrid(np.linspace(-1.6, 2.6, 120), np.linspace(-1.1, 1.6, 120)), -1).astype(np.float32)
        for name, color, style, width in ((drawn, GRAY, "solid", 5), (uneven, VERMILLION, "dashed", 1.8)):
            heights = np.asarray(outputs(forms[name], jnp.asarray(grid.reshape(-1, 2)))).reshape(120, 120)
            plane.contour(
                *grid.transpose(2, 0, 1), heights, levels=[0], colors=color, linestyles=style, linewidths=width
            )
            plane.plot([], [], color=color, linestyle=style, linewidth=width, label=name)
        draw_points(plane, np.asarray(x), labels[drawn])
        plane.set(title="The same boundary", xlabel="x₁", ylabel="x₂", ylim=(-1.1, 2.2))
        plane.legend(loc="upper right", fontsize=8)
        places = np.arange(3)
        for shift, (name, color, hatch) in enumerate(
            zip(forms, (BLUE, VERMILLION, ORANGE), ("", "//", ".."), strict=True)
        ):
            bars.bar(places + 0.27 * (shift - 1), norms[name], 0.25, color=color, hatch=hatch, label=name)
        bars.set_xticks(places, [f"layer {place + 1}" for place in places])
        bars.set(yscale="log", ylabel="norm of the weights' gradient", title="Other gradients")
        bars.set_ylim(top=bars.get_ylim()[1] * 8)
        bars.legend(loc="upper center")
    inverse = bool(np.allclose(ratios, 1 / np.array(FACTORS), rtol=1e-3))
    measures = {"forms with the same labels": kept, "loss apart": abs(losses[drawn] - losses[uneven])}
    measures |= {f"layer {place + 1} ratio": float(ratio) for place, ratio in enumerate(ratios)}
    return Outcome(picture, finding, kept == 1 and inverse, measures)


def scaled(parameters: Tree, factors: tuple[float, ...]) -> Tree:
    """Each layer by its factor; what a bias is added to was scaled by the layers before it, too."""
    products = np.cumprod(factors)
    return {
        name: {"weight": factor * layer["weight"], "bias": product * layer["bias"]}
        for (name, layer), factor, product in zip(parameters.items(), factors, products, strict=True)
    }


def layer_norms(gradients: Tree) -> np.ndarray:
    """The norm of the gradient of each layer's weights."""
    return np.array([float(jnp.linalg.norm(layer["weight"])) for layer in gradients.values()])


LESSON = Lesson(
    name="scaling-weights",
    title="Scaling weights: the same answers, other gradients",
    rows=(12,),
    claim="Scale all weights and biases by a factor, and no sign changes: the solution is not unique (document 0).",
    experiment=f"{NETWORK} with drawn weights on 300 points of two moons; its layers scaled by positive factors, "
    "biases by the product of the factors so far; labels, cross-entropy, and the norm of each layer's gradient.",
    run=run,
)
