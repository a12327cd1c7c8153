"""Row 73: bias and variance, told apart by the training and the test error."""

import jax.numpy as jnp
import numpy as np

from backlit.lessons.generalization.together import Group, outputs, train_together
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.shapes import Array

UNITS = (1, 2, 5, 10, 30)
FEW, MANY = 20, 200
NOISE = 0.3
REPEATS = 15
STEPS = 2500


def run() -> Outcome:
    """Every width on every draw of few rows and of many, in one program."""
    unseen, targets = draw(500, seed=2)
    groups = {
        (rows, units): Group(f"Dense({units}), Tanh, Dense(1)", *draw(rows, seed))
        for seed, rows in enumerate((FEW, MANY))
        for units in UNITS
    }
    trained = train_together(list(groups.values()), squared_error, STEPS, 0.03)
    fitted = outputs(trained, [group.x for group in groups.values()])
    seen = [errors(made, group.y) for made, group in zip(fitted, groups.values(), strict=True)]
    later = [errors(made, targets) for made in outputs(trained, [unseen] * len(groups))]
    training, test = (dict(zip(groups, found, strict=True)) for found in (seen, later))
    low, high = ({key: float(np.median(values)) for key, values in found.items()} for found in (training, test))

    least, most = UNITS[0], UNITS[-1]
    best = min(UNITS, key=lambda units: high[FEW, units])
    gap = {rows: high[rows, most] - low[rows, most] for rows in (FEW, MANY)}
    underfit = min(low[FEW, least], high[FEW, least]) > high[FEW, best]
    overfit = low[FEW, most] < low[FEW, best] and high[FEW, most] > high[FEW, best]
    closed = gap[MANY] < gap[FEW] / 2
    finding = (
        f"On {FEW} rows a network with {least} unit has the training error {low[FEW, least]:.2f} and the test error "
        f"{high[FEW, least]:.2f}: {'both are high, it underfits' if underfit else 'it does not underfit'}. With {most} "
        f"units they are {low[FEW, most]:.2f} and {high[FEW, most]:.2f}: "
        f"{'a gap, it overfits' if overfit else 'it does not overfit'}; best on unseen rows are {best} units with "
        f"{high[FEW, best]:.2f}. The remedies: {best} units in place of {least} bring the training error from "
        f"{low[FEW, least]:.2f} to {low[FEW, best]:.2f}, and {MANY} rows in place of {FEW} bring the gap at {most} "
        f"units from {gap[FEW]:.2f} to {gap[MANY]:.2f}. The noise alone makes {NOISE**2:.2f} (medians over {REPEATS} "
        "draws of the rows)."
    )
    holds = bool(underfit and overfit and closed and low[FEW, best] < low[FEW, least])
    with panels(1, 2, size=(7.6, 3.9), sharey=True) as (picture, ((*row,),)):
        for axes, rows in zip(row, (FEW, MANY), strict=True):
            for name, found, color, mark in (("test", test, VERMILLION, "s"), ("training", training, BLUE, "o")):
                values = np.stack([found[rows, units] for units in UNITS])
                below, middle, above = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
                axes.plot(UNITS, middle, color=color, marker=mark, label=f"{name} error")
                axes.fill_between(UNITS, below, above, color=color, alpha=0.2, linewidth=0)
            axes.axhline(NOISE**2, color=GRAY, linestyle=":", label="the noise alone")
            axes.set(xscale="log", xlabel="hidden units", title=f"{rows} training rows")
            axes.set_xticks(UNITS, [str(units) for units in UNITS])
            axes.minorticks_off()
        row[0].set(ylabel="mean squared error", ylim=(0, 0.7))
        if underfit:
            row[0].text(UNITS[0], high[FEW, least] + 0.08, "both high:\nunderfitting", color=GRAY)
        if overfit:
            row[0].text(most, high[FEW, most] + 0.06, "gap: overfitting", color=GRAY, ha="right")
        row[1].legend()
        picture.suptitle(
            "Few units underfit, many on few rows overfit; more rows close the gap" if holds else "Bias and variance"
        )
    measures = {f"training error, {units} units, {rows} rows": value for (rows, units), value in low.items()}
    measures |= {f"test error, {units} units, {rows} rows": value for (rows, units), value in high.items()}
    return Outcome(picture, finding, holds, {**measures, "noise": NOISE**2})


def draw(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """For each repeat, rows x (REPEATS, rows, 1) from −1 to 1 and y = sin 2πx with noise."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (REPEATS, rows, 1)).astype(np.float32)
    return x, (np.sin(2 * np.pi * x) + NOISE * random.normal(size=x.shape)).astype(np.float32)


def squared_error(outputs: Array, targets: Array) -> Array:
    """The mean of (o − y)²."""
    return jnp.square(outputs - targets).mean()


def errors(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean squared error of each network (M,)."""
    return np.square(outputs - targets).mean((1, 2))


LESSON = Lesson(
    name="bias-variance",
    title="Underfitting and overfitting",
    rows=(73,),
    claim=(
        "The error on unseen rows comes from a model that is too simple (bias) and from the chance of the training "
        "rows (variance). Look at both errors: where training and test error are both high, it underfits; where the "
        "training error is low and the test error high, it overfits (document 1)."
    ),
    experiment=(
        f"y = sin 2πx with noise of deviation {NOISE}, x from −1 to 1. Networks with 1 to {UNITS[-1]} tanh units, Adam "
        f"on all rows for {STEPS:,} steps, on {REPEATS} draws of {FEW} rows each; then the remedies, more units and "
        f"{MANY} rows. The error is squared, on 500 fresh rows a draw; the bands go from quartile to quartile."
    ),
    run=run,
)
