"""Row 10: the ladder from a constant to trained features."""

import jax.numpy as jnp
import numpy as np

from backlit.layers.block import Context
from backlit.layers.features import Polynomial
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent, sample
from backlit.lessons.panels import Score, draw_classes, score_of
from backlit.optimizers import least_squares
from backlit.pictures.canvas import ORANGE, panels
from backlit.training import fit

DATA, UNSEEN = "circles(n=400, noise=0.1)", "circles(n=1000, noise=0.1, seed=1)"
SEEDS = range(5)
NETWORK = "Dense(16), ReLU, Dense(1)"
CHOSEN = {"epochs": 200, "learning_rate": 0.02, "split": (0.8, 0.2, 0), "split_seed": 0}


def run() -> Outcome:
    """The accuracy on unseen rows and the boundary at each rung."""
    (x, y), (x_unseen, y_unseen) = (sample(DATA), sample(UNSEEN))
    found = fit(NETWORK, DATA, seed=SEEDS, **CHOSEN)
    products = Polynomial(2)
    rungs: dict[str, Score] = {
        "constant": lambda points: np.full(len(points), y.mean() - 0.5),
        "linear": _least_squares(x, y, lambda points: points),
        "basis functions": _least_squares(
            x, y, lambda points: np.asarray(products.apply({}, {}, jnp.asarray(points), Context())[0])
        ),
        "kernel SVM": score_of(fit("kernel-svm", DATA, **CHOSEN)),
        "network": score_of(found.best),
    }

    def right(score: Score) -> float:
        return float(((score(x_unseen) > 0) == y_unseen).mean())

    accuracy = {name: right(score) for name, score in rungs.items()}
    trained = [right(score_of(model)) for model in found.models]
    accuracy["network"], spread = float(np.mean(trained)), float(np.std(trained, ddof=1))
    curved = ("basis functions", "kernel SVM", "network")
    holds = max(accuracy["constant"], accuracy["linear"]) < 0.7 and min(accuracy[name] for name in curved) >= 0.95
    finding = (
        f"Of {len(y_unseen):,} unseen rows, a constant gets {percent(accuracy['constant'])} right and a line "
        f"{percent(accuracy['linear'])}; fixed features get {percent(accuracy['basis functions'])} (products of the "
        "inputs) and "
        f"{percent(accuracy['kernel SVM'])} (kernels), trained features {percent(trained)} over "
        f"{len(SEEDS)} seeds."
    )

    with panels(2, 3, size=(9.0, 6.0)) as (picture, grid):
        (*boundaries, bars) = grid.flat
        for axes, (name, score) in zip(boundaries, rungs.items(), strict=True):
            draw_classes(axes, score, x, y)
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"{name}: {percent(accuracy[name])}")
        names = list(accuracy)[::-1]
        errors = [200 * spread if name == "network" else np.nan for name in names]
        drawn = bars.barh(names, [100 * accuracy[name] for name in names], xerr=errors, color=ORANGE, capsize=4)
        bars.bar_label(drawn, names, label_type="center")
        bars.set_yticks([])
        bars.set(xlabel="% of unseen rows right", xlim=(0, 105), title="The ladder")
    measures = {f"accuracy, {name}": value for name, value in accuracy.items()} | {"spread, network": spread}
    return Outcome(picture, finding, holds, measures)


def _least_squares(x: np.ndarray, y: np.ndarray, features: Score) -> Score:
    """The scores w·φ + b that come nearest to −1 for class 0 and 1 for class 1."""
    weights, bias = least_squares(features(x), 2 * y - 1)
    return lambda points: features(points) @ weights + bias


LESSON = Lesson(
    name="ladder",
    title="The ladder: from a constant to trained features",
    rows=(10,),
    claim=(
        "A constant, a linear function, a sum of fixed basis functions, a kernel machine and a network stand on a "
        "ladder: the kernel machine has fixed features, and the network trains its own (documents 0 and 1)."
    ),
    experiment=(
        f"Two circles with noise, one within the other: 400 rows, and 1,000 unseen ones. Least squares on the inputs "
        f"and on all their products of two; a kernel SVM; {NETWORK}, {CHOSEN['epochs']} epochs of Adam with "
        f"{len(SEEDS)} seeds. The constant is the most frequent class."
    ),
    run=run,
)
