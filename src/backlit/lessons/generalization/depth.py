"""Row 77: depth against generalization at equal parameters."""

import numpy as np

from backlit.functions.losses import BinaryCrossEntropy
from backlit.layers.notation import read
from backlit.lessons.generalization.together import Group, outputs, train_together
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, percent, sample
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.shapes import Array

WIDTHS = {1: (44,), 2: (11, 11), 3: (8, 8, 8)}
TASKS = {"spirals": "spirals(n={}, noise=0.05, seed={})", "moons": "moons(n={}, noise=0.3, seed={})"}
ROWS, SEEDS, STEPS = 150, 8, 1000


def run() -> Outcome:
    """Every depth on every task with every seed, in one program."""
    networks = {
        depth: ", ".join([*(f"Dense({width}), Tanh" for width in widths), "Dense(1)"])
        for depth, widths in WIDTHS.items()
    }
    sizes = {depth: read(text).summary((2,)).parameters for depth, text in networks.items()}
    cases = [(task, depth) for task in TASKS for depth in WIDTHS]
    seen = {task: draws(source, ROWS, range(SEEDS)) for task, source in TASKS.items()}
    unseen = {task: draws(source, 1000, range(SEEDS, 2 * SEEDS)) for task, source in TASKS.items()}
    trained = train_together([Group(networks[depth], *seen[task]) for task, depth in cases], loss, STEPS, 0.02)
    right = {}
    for name, rows in (("training", seen), ("test", unseen)):
        made = outputs(trained, [rows[task][0] for task, _ in cases])
        for (task, depth), own in zip(cases, made, strict=True):
            right[name, task, depth] = ((own[..., 0] > 0) == rows[task][1][..., 0]).mean(1)

    deeper = [depth for depth in WIDTHS if depth > 1]
    gains = {}
    for task in TASKS:
        best = max((right["test", task, depth].mean(), depth) for depth in deeper)[1]
        gains[task] = best, right["test", task, best] - right["test", task, 1]
    clear = {task: gain.mean() > 2 * deviation(gain) / np.sqrt(SEEDS) for task, (_, gain) in gains.items()}
    finding = f"With {sizes[1]} parameters each, "
    finding += "; ".join(
        f"on the {task} 1 hidden layer is right for {percent(right['test', task, 1])} of the unseen rows, and the best "
        f"of the deeper networks, {best} layers, for {percent(right['test', task, best])}: "
        f"{'a clear gain' if clear[task] else 'no clear gain'} of {100 * gain.mean():.1f} points (standard error "
        f"{100 * deviation(gain) / np.sqrt(SEEDS):.1f})"
        for task, (best, gain) in gains.items()
    )
    verdict = ("depth does not help here", "depth helps on one problem", "depth helps")[sum(clear.values())]
    finding += f", over {SEEDS} draws: {verdict}."
    with panels(1, len(TASKS), size=(7.4, 3.8), sharey=True) as (picture, ((*row,),)):
        for axes, task in zip(row, TASKS, strict=True):
            for name, color, mark, shift in (("training", BLUE, "o", -0.06), ("test", VERMILLION, "s", 0.06)):
                values = [100 * right[name, task, depth] for depth in WIDTHS]
                places = np.array(list(WIDTHS)) + shift
                axes.errorbar(
                    places,
                    [own.mean() for own in values],
                    [deviation(own) for own in values],
                    color=color,
                    marker=mark,
                    capsize=3,
                    label=f"{name} rows",
                )
            axes.set_xticks(list(WIDTHS))
            axes.set(xlabel="hidden layers", title=task)
        row[0].set_ylabel("right (%)")
        row[1].legend(loc="center right")
        picture.suptitle(f"The same {sizes[1]} parameters in 1 to {max(WIDTHS)} layers: {verdict}")
    measures = {
        f"{name} accuracy, {task}, {depth} layers": float(own.mean()) for (name, task, depth), own in right.items()
    }
    measures |= {f"parameters, {depth} layers": float(size) for depth, size in sizes.items()}
    measures |= {f"gain of depth, {task}": float(gain.mean()) for task, (_, gain) in gains.items()}
    return Outcome(picture, finding, all(clear.values()), measures)


def draws(source: str, rows: int, seeds: range) -> tuple[np.ndarray, np.ndarray]:
    """A draw of the task for each seed: x (M, rows, 2) and classes (M, rows, 1)."""
    drawn = [sample(source.format(rows, seed)) for seed in seeds]
    return np.stack([x for x, _ in drawn]), np.stack([y[:, None] for _, y in drawn])


def loss(outputs: Array, targets: Array) -> Array:
    """The mean binary cross-entropy."""
    return BinaryCrossEntropy().examples(outputs, targets[:, 0]).mean()


LESSON = Lesson(
    name="depth",
    title="Depth at equal parameters",
    rows=(77,),
    claim=(
        "One hidden layer is enough in theory, so why deeper? Networks generalize better with depth, and not just "
        "because they have more parameters: shallow ones overfit more (document 2)."
    ),
    experiment=(
        f"1 to 3 hidden layers of 44, 11 and 8 tanh units, so that all have 177 parameters; Adam on all "
        f"rows for {STEPS:,} steps, on {SEEDS} draws of {ROWS} rows from two spirals and from two "
        "noisy half moons; 1,000 unseen rows a draw. The bars are standard deviations. The claim holds where the best "
        "deeper network is better by more than two standard errors on both."
    ),
    run=run,
)
