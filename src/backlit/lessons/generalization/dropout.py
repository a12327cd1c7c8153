"""Row 79: dropout, while training and at test time."""

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import read
from backlit.layers.block import Context
from backlit.layers.notation import read as network_of
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, percent, scores, spread
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.training import sweep

RATES = (0.0, 0.25, 0.5, 0.75)
SEEDS = 6
MASKS = 2**14
INPUTS = 64
ROWS, WRONG = 300, 60


def run() -> Outcome:
    """A linear unit under many masks; then one population over the rates and the seeds."""
    means, whole, error = masked_means()
    distance = abs(means[-1] - whole)
    digits = read("digits")
    random = np.random.default_rng(0)
    rows = random.permutation(len(digits.targets))
    few, others = rows[:ROWS], rows[ROWS:]
    labels = digits.targets[few].copy()
    labels[:WRONG] = random.integers(0, 10, WRONG)
    found = sweep(
        "Dense(128), ReLU, Dropout(0.5), Dense(10)",
        digits.inputs[few],
        labels,
        test=(digits.inputs[others], digits.targets[others]),
        split=(1, 0, 0),
        epochs=60,
        learning_rate=0.003,
        over={"dropout_1.rate": RATES},
        seeds=SEEDS,
    )
    models = {one.values["dropout_1.rate"]: one.models for one in found.configurations}
    losses = {(part, rate): scores(models[rate], part, "loss") for part in ("train", "test") for rate in RATES}
    right = {rate: scores(models[rate]) for rate in RATES}
    gaps = {rate: losses["test", rate] - losses["train", rate] for rate in RATES}
    equal = distance < 4 * error / np.sqrt(MASKS)
    smaller = gaps[0.5].mean() < gaps[0.0].mean()
    best = max(RATES, key=lambda rate: right[rate].mean())
    finding = (
        f"The mean of a linear unit's output over {MASKS:,} masks is {means[-1]:.3f}, at test time it is {whole:.3f}: "
        f"{'equal' if equal else 'not equal'} within chance ({error / np.sqrt(MASKS):.3f}). On {ROWS} digits, {WRONG} "
        f"with random labels, the gap between test and training loss is {spread(gaps[0.0])} without dropout and "
        f"{spread(gaps[0.5])} with a rate of 0.5: it {'shrinks' if smaller else 'does not shrink'}; of the unseen "
        f"digits {percent(right[0.0])} and {percent(right[0.5])} are right, over {SEEDS} seeds. "
        f"Of the rates, {best:g} is right for most unseen digits: {percent(right[best])}, at a loss of "
        f"{spread(losses['test', best])}."
    )
    with panels(1, 2, size=(7.6, 3.7)) as (picture, ((left, axes),)):
        counts = np.arange(1, MASKS + 1)
        left.fill_between(
            counts,
            whole - 2 * error / np.sqrt(counts),
            whole + 2 * error / np.sqrt(counts),
            color=GRAY,
            alpha=0.2,
            linewidth=0,
            label="two standard errors",
        )
        left.plot(counts, means, color=BLUE, label="mean over masks")
        left.axhline(whole, color=VERMILLION, linestyle="--", label="all inputs, scaled")
        left.set(
            xscale="log",
            xlabel="masks drawn",
            ylabel="output of a linear unit",
            title="scaling gives the mean over masks",
        )
        left.legend(fontsize=8)
        for part, color, mark, line in (("test", VERMILLION, "s", "-"), ("train", BLUE, "o", "--")):
            axes.errorbar(
                RATES,
                [losses[part, rate].mean() for rate in RATES],
                [deviation(losses[part, rate]) for rate in RATES],
                color=color,
                marker=mark,
                linestyle=line,
                capsize=3,
                label="training digits" if part == "train" else "unseen digits",
            )
        axes.set(
            xlabel="dropout rate",
            ylabel="cross-entropy",
            title="the gap to unseen digits " + ("narrows" if smaller else "does not narrow"),
            ylim=(0, None),
        )
        axes.set_xticks(RATES)
        axes.legend(fontsize=8)
        picture.suptitle(f"Dropout averages many networks{' and overfits less' if smaller else ''}")
    measures = {f"{part} loss, rate {rate:g}": float(own.mean()) for (part, rate), own in losses.items()}
    measures |= {f"accuracy, rate {rate:g}": float(own.mean()) for rate, own in right.items()}
    measures |= {
        "mean over masks": float(means[-1]),
        "at test time": whole,
        "standard error": float(error / np.sqrt(MASKS)),
    }
    return Outcome(picture, finding, bool(equal and smaller), measures)


def masked_means() -> tuple[np.ndarray, float, float]:
    """The means of a linear unit's output over the first 1 to MASKS masks, its output at test time, and the standard
    deviation over masks, √(Σ (w_i x_i)² p / (1 − p))."""
    random = np.random.default_rng(1)
    x, weights = random.normal(size=(2, INPUTS)).astype(np.float32)
    unit = network_of("Dropout(0.5), Dense(1)")
    parameters = {"dense_1": {"weight": jnp.asarray(weights[:, None]), "bias": jnp.zeros(1)}}
    many = jnp.tile(x, (MASKS, 1))
    dropped, _ = unit.apply(parameters, {}, many, Context(training=True, key=jax.random.key(0)))
    whole, _ = unit.apply(parameters, {}, many[:1], Context())
    means = np.cumsum(np.asarray(dropped, float)[:, 0]) / np.arange(1, MASKS + 1)
    return means, float(whole[0, 0]), float(np.sqrt(np.square(x * weights).sum()))


LESSON = Lesson(
    name="dropout",
    title="Dropout",
    rows=(79,),
    claim=(
        "For each training example, every hidden unit is left out with probability 0.5, so that none relies too much "
        "on others; at test time all are used and the weights are scaled. It is a remedy for overfitting (document 2)."
    ),
    experiment=(
        f"A linear unit with {INPUTS} inputs under {MASKS:,} random masks of rate 0.5, against its output at test "
        f"time. Then {ROWS} training digits, {WRONG} of them with a random label: 128 ReLU units with dropout at the "
        f"rates {', '.join(f'{rate:g}' for rate in RATES)}, Adam at 0.003 for 60 epochs, {SEEDS} seeds each; the gap "
        "is the loss on the 1,497 unseen digits minus that on the training digits. The bars are standard deviations."
    ),
    run=run,
)
