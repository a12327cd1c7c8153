"""Row 81: a network against classical models, by the amount of data."""

import numpy as np

from backlit.functions.losses import CrossEntropy
from backlit.lessons.generalization.together import Group, outputs, train_together
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, percent, sample, signed
from backlit.pictures.canvas import BLUE, GRAY, GREEN, ORANGE, VERMILLION, canvas, picture_of
from backlit.shapes import Array
from backlit.training import prepare
from backlit.training.rivals import baselines

SIZES = (30, 100, 300, 1000)
DRAWS, STEPS = 5, 200
NETWORK = "Dense(32), ReLU, Dense(10)"
OWN = "network"
STYLES = {
    OWN: (VERMILLION, "o", "-"),
    "nearest neighbor": (BLUE, "s", "--"),
    "logistic regression": (GREEN, "^", "-."),
    "random forest": (ORANGE, "D", ":"),
    "support vector machine": (GRAY, "v", "--"),
}


def run() -> Outcome:
    """The networks of all sizes and draws in one program, then scikit-learn's models on the same rows."""
    pixels, y = sample("digits")
    x = pixels / 8 - 1
    random = np.random.default_rng(0)
    order = random.permutation(len(x))
    unseen, pool = order[: len(x) - 1100], order[len(x) - 1100 :]
    rows = {size: np.stack([balanced(random.permutation(pool), y)[:size] for _ in range(DRAWS)]) for size in SIZES}
    trained = train_together([Group(NETWORK, x[own], y[own]) for own in rows.values()], loss, STEPS, 0.01)
    tested = np.broadcast_to(x[unseen], (DRAWS, len(unseen), 64))
    right = {
        (OWN, size): (made.argmax(-1) == y[unseen]).mean(1)
        for size, made in zip(SIZES, outputs(trained, [tested] * len(SIZES)), strict=True)
    }
    for size, draws in rows.items():
        found = [
            baselines(prepare("Dense(10)", x[own], y[own], test=(x[unseen], y[unseen]), split=(1, 0, 0)))
            for own in draws
        ]
        for place, rival in enumerate(found[0]):
            right[rival.name, size] = np.array([rivals[place].score for rivals in found])
    means = {key: float(values.mean()) for key, values in right.items()}
    few, many = SIZES[0], SIZES[-1]
    best = {size: max((means[name, size], name) for name in STYLES)[1] for size in (few, many)}
    classic = {size: max(means[name, size] for name in STYLES if name != OWN) for size in SIZES}
    lead = {size: 100 * (means[OWN, size] - classic[size]) for size in SIZES}
    holds = bool(lead[many] > lead[few] and lead[many] > 0)
    finding = (
        f"On {few} digits the best is the {best[few]} with {percent(means[best[few], few])} of the unseen "
        f"ones, and the network has {percent(means[OWN, few])}; on {many:,} it is the {best[many]} with "
        f"{percent(means[best[many], many])}, and the network has {percent(means[OWN, many])}. Against the "
        f"best classical model the network is {signed(lead[few])} points on {few} rows and {signed(lead[many])} on "
        f"{many:,} ({DRAWS} draws): "
        + ("with more data it overtakes them." if holds else "with so much data it does not overtake them all.")
    )
    with canvas(size=(6.8, 4.4)) as axes:
        for place, (name, (color, mark, line)) in enumerate(STYLES.items()):
            axes.errorbar(
                np.array(SIZES) * 1.03 ** (place - 2),
                [100 * (1 - means[name, size]) for size in SIZES],
                [100 * deviation(right[name, size]) for size in SIZES],
                color=color,
                marker=mark,
                linestyle=line,
                capsize=3,
                linewidth=2.6 if name == OWN else 1.6,
                label=name,
            )
        axes.set(xscale="log", yscale="log", xlabel="training digits", ylabel="wrong (% of unseen digits)")
        axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
        axes.set_yticks((1, 2, 5, 10, 20, 50), ("1", "2", "5", "10", "20", "50"))
        axes.minorticks_off()
        axes.set_title(f"Best on {few}: {best[few]}; best on {many:,}: {best[many]}")
        axes.legend(fontsize=8)
    measures = {f"accuracy, {name}, {size} rows": value for (name, size), value in means.items()}
    return Outcome(picture_of(axes), finding, holds, measures)


def balanced(rows: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The rows in an order of which every beginning has about as many of each class."""
    ranks = np.zeros(len(rows), int)
    for digit in np.unique(y):
        ranks[y[rows] == digit] = np.arange((y[rows] == digit).sum())
    return rows[np.argsort(ranks, kind="stable")]


def loss(outputs: Array, targets: Array) -> Array:
    """The mean cross-entropy."""
    return CrossEntropy().examples(outputs, targets).mean()


LESSON = Lesson(
    name="amount-of-data",
    title="Networks and classical models by the amount of data",
    rows=(81,),
    claim=(
        "With little data, networks do no better than classical models; the more data there are, the further they are "
        "ahead (document 3)."
    ),
    experiment=(
        f"Handwritten digits: {', '.join(f'{size:,}' for size in SIZES)} training rows, {DRAWS} draws each with equal "
        f"shares of the classes, 697 unseen rows. A network of 32 ReLU units, Adam on all rows for {STEPS} steps, "
        "against scikit-learn's nearest neighbor, logistic regression, random forest and support vector machine, "
        "as they come, on the same rows. The bars are standard deviations over the draws."
    ),
    run=run,
)
