"""Row 74: universal approximation, and why σ must not be a polynomial."""

import numpy as np

from backlit.lessons.generalization.bias_variance import errors, squared_error
from backlit.lessons.generalization.together import Group, outputs, train_together
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, ORANGE, VERMILLION, panels

UNITS = (1, 4, 10, 30)
ACTIVATIONS = {"tanh": "Tanh", "ReLU": "ReLU", "az + bz²": "Polynomial(2, mixed=False)"}
STYLES = {"tanh": (BLUE, "o", "-"), "ReLU": (ORANGE, "s", "--"), "az + bz²": (VERMILLION, "^", "-.")}
PARABOLA = "az + bz²"
SEEDS, STEPS, POINTS = 6, 3000, 128


def run() -> Outcome:
    """Every activation and width with every seed, in one program."""
    x = np.linspace(-1, 1, POINTS, dtype=np.float32)
    y = np.exp(x) * np.sin(2 * np.pi * x)
    rows, targets = (np.broadcast_to(values[None, :, None], (SEEDS, POINTS, 1)) for values in (x, y))
    cases = [(name, units) for name in ACTIVATIONS for units in UNITS]
    groups = [Group(f"Dense({units}), {ACTIVATIONS[name]}, Dense(1)", rows, targets) for name, units in cases]
    trained = train_together(groups, squared_error, STEPS, 0.03)
    made = dict(zip(cases, outputs(trained, [rows] * len(groups)), strict=True))
    found = {case: np.sqrt(errors(own, targets)) for case, own in made.items()}
    error = {case: float(np.median(values)) for case, values in found.items()}
    bound = float(np.sqrt(np.mean(np.square(np.polyval(np.polyfit(x.astype(float), y, 2), x) - y))))

    few, many = UNITS[0], UNITS[-1]
    fall = {name: error[name, few] / error[name, many] for name in ACTIVATIONS}
    plateau = min(error[PARABOLA, units] for units in UNITS) > 0.99 * bound
    holds = bool(plateau and min(fall["tanh"], fall["ReLU"]) > 5)
    finding = (
        f"From {few} to {many} units the error falls {fall['tanh']:.0f}-fold with tanh (to {error['tanh', many]:.3f}) "
        f"and {fall['ReLU']:.0f}-fold with ReLU (to {error['ReLU', many]:.3f}). With σ(z) = az + bz² it stays "
        f"{'at' if plateau else 'near'} {error[PARABOLA, many]:.3f}, however many units: the network is a parabola in "
        f"x, and the best parabola has {bound:.3f} (root mean square, medians over {SEEDS} seeds)."
    )
    with panels(1, 2, size=(7.8, 3.9)) as (picture, ((left, right),)):
        for name, (color, mark, line) in STYLES.items():
            below, middle, above = np.quantile([found[name, units] for units in UNITS], [0, 0.5, 1], axis=1)
            left.errorbar(
                UNITS,
                middle,
                (middle - below, above - middle),
                color=color,
                marker=mark,
                linestyle=line,
                capsize=3,
                label=name,
            )
            best = made[name, many][int(np.argmin(found[name, many]))]
            right.plot(x, best[:, 0], color=color, linestyle=line, label=f"{name}")
        left.axhline(bound, color=GRAY, linestyle=":", label="best parabola")
        left.set(xscale="log", yscale="log", xlabel="hidden units", ylabel="error (root mean square)")
        left.set_xticks(UNITS, [str(units) for units in UNITS])
        left.minorticks_off()
        left.set_title("error against width")
        left.legend()
        right.plot(x, y, color="black", linewidth=1, linestyle=":", label="eˣ sin 2πx")
        right.set(xlabel="x", ylabel="output", title=f"{many} units")
        right.legend(fontsize=8)
        picture.suptitle("More units come closer, unless σ is a polynomial" if holds else "Width and approximation")
    measures = {f"error, {name}, {units} units": value for (name, units), value in error.items()}
    return Outcome(picture, finding, holds, {**measures, "error of the best parabola": bound})


LESSON = Lesson(
    name="universal-approximation",
    title="Universal approximation",
    rows=(74,),
    claim=(
        "A network with one hidden layer comes as close as one likes to any continuous function on a bounded interval, "
        "if it has enough units, and if σ is not a polynomial (documents 0, 1 and 2)."
    ),
    experiment=(
        f"eˣ sin 2πx at {POINTS} points from −1 to 1. One hidden layer of 1 to {UNITS[-1]} units with tanh, with ReLU, "
        f"and with az + bz², a and b learned; Adam for {STEPS:,} steps on all points, {SEEDS} seeds. The bars go from "
        "the lowest to the highest error. The error of the best parabola comes from least squares."
    ),
    run=run,
)
