"""Regression: a linear output, and squared against absolute error where some targets are wrong."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels

ROWS, OUTLIERS, SEEDS = 240, 24, 4
NETWORK = "Dense(16), Tanh, Dense(1)"
FITS = {  # loss, color, line
    "squared": ("mse", VERMILLION, "-"),
    "absolute": ("mae", BLUE, "--"),
}


def run() -> Outcome:
    """Two losses on a sine of which every tenth target is far too high."""
    random = np.random.default_rng(0)
    x = np.linspace(-1, 1, ROWS, dtype=np.float32)[:, None]
    truth = np.sin(np.pi * x[:, 0])
    y = (truth + 0.1 * random.normal(size=ROWS)).astype(np.float32)
    wrong = random.choice(ROWS, OUTLIERS, replace=False)
    y[wrong] += 4
    answers = {}
    for name, (loss, *_) in FITS.items():
        found = bl.fit(
            NETWORK, x, y, loss=loss, learning_rate=0.01, epochs=200, batch_size=48, split=(1, 0, 0), seed=range(SEEDS)
        )
        answers[name] = np.array([model.predict(x) for model in found.models])
    errors = {name: np.sqrt(((said - truth) ** 2).mean(1)) for name, said in answers.items()}
    squared, absolute = (error.mean() for error in errors.values())
    try:
        bl.prepare(f"{NETWORK}, Sigmoid", x, y, loss="mse")
        refused = False
    except bl.SettingError:
        refused = True
    finding = (
        "Networks do regression, with a linear output (one that ends in a sigmoid is "
        f"{'refused' if refused else 'trained'}, since its answers stay between 0 and 1). With {OUTLIERS} of {ROWS} "
        f"targets 4 too high, the network with squared error is {squared:.2f} away from the true curve (root mean "
        f"square), with absolute error {absolute:.2f}: the first answers with the mean of the targets around x, the "
        "second with their median, "
        f"{'which a few wrong ones hardly move' if absolute < squared / 2 else 'which is not much better here'}."
    )
    with panels(1, 2, size=(9.4, 3.9), width_ratios=(1.6, 1)) as (picture, ((curve, bars),)):
        curve.plot(x[:, 0], y, "o", color=GRAY, markersize=2.5, alpha=0.7, label="targets")
        curve.plot(x[:, 0], truth, color="black", linewidth=1, label="truth")
        for name, (_, color, style) in FITS.items():
            curve.plot(x[:, 0], answers[name].mean(0), style, color=color, linewidth=2.4, label=f"{name} error")
        curve.set(xlabel="x", ylabel="y", title="Squared error follows the outliers", ylim=(-1.5, 7.6))
        curve.legend(loc="upper left", ncols=2)
        bars.bar(
            list(FITS),
            [error.mean() for error in errors.values()],
            yerr=[error.std() for error in errors.values()],
            color=[color for _, color, _ in FITS.values()],
            capsize=4,
        )
        bars.set(ylabel="distance from the truth (± over starts)", title="Absolute error does not")
    measures = {"squared": float(squared), "absolute": float(absolute), "refused": float(refused)}
    return Outcome(picture, finding, bool(absolute < squared / 2 and refused), measures)


LESSON = Lesson(
    name="regression",
    title="Regression, with and without outliers",
    rows=(2, 30),
    claim="With a linear output a network does regression (document 3); squared error weighs large errors most, "
    "absolute error weighs all alike.",
    experiment=f"{ROWS} points of a sine with noise, {OUTLIERS} of them 4 too high; {NETWORK} with squared and "
    f"with absolute error; {SEEDS} starts, 200 epochs of Adam at 0.01; distance from the true sine.",
    run=run,
)
