"""Row 76: the problem's difficulty against layers, and the learned representation."""

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from sklearn.linear_model import LogisticRegression

from backlit.lessons.generalization.depth import loss
from backlit.lessons.generalization.together import Group, Trained, train_together
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, percent, sample
from backlit.lessons.panels import draw_points
from backlit.pictures.canvas import BLUE, GREEN, VERMILLION, panels
from backlit.training.representation import layer_reader

PROBLEMS = {"circles": "circles(n=400", "moons": "moons(n=400", "spirals": "spirals(n=400"}
STYLES = {"moons": (GREEN, "o", ":"), "circles": (BLUE, "s", "--"), "spirals": (VERMILLION, "^", "-")}
LAYERS = ("tanh_1", "tanh_2", "tanh_3")
NETWORK = "Dense(8), Tanh, Dense(8), Tanh, Dense(8), Tanh, Dense(1)"
SEEDS, STEPS = 5, 1000


def run() -> Outcome:
    """The same network on problems of three difficulties, and a linear classifier on every layer."""
    train = {name: sample(f"{source})") for name, source in PROBLEMS.items()}
    test = {name: sample(f"{source}, seed=1)") for name, source in PROBLEMS.items()}
    groups = [Group(NETWORK, repeated(x), repeated(y[:, None])) for x, y in train.values()]
    linear, spaces = {}, {}
    for name, networks in zip(PROBLEMS, train_together(groups, loss, STEPS, 0.02), strict=True):
        seen, unseen = (representations(networks, part[name][0]) for part in (train, test))
        linear[name] = linear_accuracy(seen, train[name][1], unseen, test[name][1])
        spaces[name] = {layer: made[0] for layer, made in unseen.items()}
    classes = test["spirals"][1]
    hardest = linear["spirals"]
    layers = list(hardest)
    means = {name: {layer: float(values.mean()) for layer, values in own.items()} for name, own in linear.items()}
    rises = all(own[layers[-1]] > own["input"] for own in means.values())
    difficulty = sorted(means, key=lambda name: -means[name]["tanh_1"])
    holds = bool(
        rises and difficulty[-1] == "spirals" and means["spirals"]["tanh_3"] > means["spirals"]["tanh_1"] + 0.02
    )
    finding = (
        "How much of each layer's representation a linear classifier gets right: of "
        + "; of ".join(
            f"{name} {percent(means[name]['input'], 0)} of the inputs and "
            + ", ".join(percent(means[name][layer], 0) for layer in LAYERS)
            + " after the hidden layers"
            for name in difficulty
        )
        + f" (unseen rows, {SEEDS} seeds). The network makes a space in which a line is enough; "
        + (
            "one layer is enough for the easy problems, the spirals take more."
            if holds
            else "more layers did not always help."
        )
    )
    with panels(2, 2, size=(6.8, 6.0)) as (picture, places):
        for axes, layer, title in zip(
            places.flat, ("input", "tanh_1", "tanh_3"), ("inputs", "after 1 layer", "after 3 layers"), strict=False
        ):
            _project(axes, spaces["spirals"][layer], classes)
            axes.set_title(f"spirals, {title}: {percent(means['spirals'][layer], 0)} by a line")
        axes = places.flat[-1]
        for name, (color, mark, line) in STYLES.items():
            values = [100 * linear[name][layer] for layer in layers]
            axes.errorbar(
                range(len(layers)),
                [own.mean() for own in values],
                [deviation(own) for own in values],
                color=color,
                marker=mark,
                linestyle=line,
                capsize=3,
                label=name,
            )
        axes.set_xticks(range(len(layers)))
        axes.set(
            xlabel="hidden layers passed",
            ylabel="right by a linear classifier (%)",
            title="each problem, layer by layer",
        )
        axes.legend(loc="lower right")
        picture.suptitle("Layer by layer, a line becomes enough")
    measures = {
        f"linear accuracy, {name}, {layer}": value for name, own in means.items() for layer, value in own.items()
    }
    return Outcome(picture, finding, holds, measures)


def repeated(values: np.ndarray) -> np.ndarray:
    """The same rows for every seed (SEEDS, N, ...)."""
    return np.broadcast_to(values, (SEEDS, *values.shape))


def representations(trained: Trained, x: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer of each network makes of rows (N, 2): by layer (M, N, units), the input among them."""
    plan, points = trained.network.plan(x.shape[1:]), jnp.asarray(x)
    readers = {layer: layer_reader(trained.network, plan, layer) for layer in LAYERS}
    read_all = jax.vmap(lambda own, state: {layer: reader(own, state, points) for layer, reader in readers.items()})
    made = jax.jit(read_all)(trained.parameters, trained.state)
    return {"input": repeated(x), **{layer: np.asarray(made[layer]) for layer in LAYERS}}


def linear_accuracy(
    seen: dict[str, np.ndarray], y: np.ndarray, unseen: dict[str, np.ndarray], truth: np.ndarray
) -> dict[str, np.ndarray]:
    """By layer, the accuracy on unseen rows of a linear classifier fitted on the seen ones, for each model (M,)."""
    return {
        layer: np.array(
            [
                LogisticRegression(max_iter=500).fit(a, y).score(b, truth)
                for a, b in zip(seen[layer], unseen[layer], strict=True)
            ]
        )
        for layer in seen
    }


def _project(axes: Axes, points: np.ndarray, classes: np.ndarray) -> None:
    """Draw points (N, F) along the direction of the linear classifier, and the widest one across it."""
    classifier = LogisticRegression(max_iter=500).fit(points, classes)
    normal = classifier.coef_[0] / np.linalg.norm(classifier.coef_[0])
    along = points @ normal + classifier.intercept_[0] / np.linalg.norm(classifier.coef_[0])
    rest = points - points.mean(0) - np.outer((points - points.mean(0)) @ normal, normal)
    across = rest @ np.linalg.svd(rest, full_matrices=False)[2][0]
    draw_points(axes, np.stack([along, across], 1), classes)
    axes.axvline(0, color="black", linewidth=1.6)
    axes.set(xlabel="side of the best line", ylabel="along it")


LESSON = Lesson(
    name="depth-and-difficulty",
    title="Layers and the learned representation",
    rows=(76,),
    claim=(
        "Harder problems take more layers, because representation matters: layer by layer, networks learn useful "
        "representations, in which the problem becomes easy (document 2)."
    ),
    experiment=(
        "Two circles, two moons and two spirals, 400 training rows and 400 unseen ones each. A network of three hidden "
        f"layers of 8 tanh units, Adam on all rows for {STEPS:,} steps, {SEEDS} seeds. What each layer makes of the "
        "training rows is given to a logistic regression, whose accuracy on the unseen rows is measured; the panels "
        "show the spirals from the direction of that classifier."
    ),
    run=run,
)
