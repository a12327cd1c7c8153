"""Row 82: what hidden layers mean, and what training costs."""

import numpy as np

from backlit.layers.notation import read as network_of
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent, sample
from backlit.pictures.canvas import BLUE, DIVERGING, GRAY, VERMILLION, panels
from backlit.training import Model, fit

UNITS = 16
WIDTHS = (64, 512, 1024)
KNOWN = (64, 512)  # whose seconds are measured first; the others' are predicted
EPOCHS, BATCH = 4, 64
GAP = 1  # pixels between two units


def run() -> Outcome:
    """A network whose units are looked at; then the seconds of two networks, from those of two others."""
    images, digits = sample("digits")
    model = fit(f"Dense({UNITS}), ReLU, Dense(10)", "digits", epochs=60, learning_rate=0.01, l2=0.003)
    weights = np.asarray(model.parameters["dense_1"]["weight"])
    means = answers(model, images, digits)
    favorite = means.argmax(0)
    contrast = means.max(0) / means.mean(0)

    networks = {width: f"Dense({width}), ReLU, Dense({width}), ReLU, Dense(10)" for width in WIDTHS}
    summaries = {width: network_of(text).summary((64,)) for width, text in networks.items()}
    runs = {
        width: fit(text, "digits", split=(1, 0, 0), epochs=EPOCHS, batch_size=BATCH, learning_rate=0.001)
        for width, text in networks.items()
    }
    measured = {width: run.seconds["train"] for width, run in runs.items()}
    costs = {width: summary.multiply_adds for width, summary in summaries.items()}
    slope = (measured[KNOWN[1]] - measured[KNOWN[0]]) / (costs[KNOWN[1]] - costs[KNOWN[0]])
    predicted = {width: measured[KNOWN[0]] + slope * (cost - costs[KNOWN[0]]) for width, cost in costs.items()}
    asked = [width for width in WIDTHS if width not in KNOWN]
    factor = max(max(predicted[one] / measured[one], measured[one] / predicted[one]) for one in asked)
    counted = all(
        sum(leaf.size for layer in run.parameters.values() for leaf in layer.values()) == summaries[width].parameters
        for width, run in runs.items()
    )
    holds = bool(counted and (contrast > 1.2).all())
    largest = WIDTHS[-1]
    finding = (
        f"Each of the {UNITS} units of the first layer answers to some digits more than to others: to its favorite "
        f"{contrast.min():.1f} to {contrast.max():.1f} times as much as on average "
        f"({len(set(favorite.tolist()))} of the 10 digits are a favorite); the network is right for "
        f"{percent(model.scores['test']['accuracy'])} of the unseen digits. Before training, the summary of "
        f"{networks[largest]} says {summaries[largest].parameters:,} parameters, "
        f"{'as training then has' if counted else 'not what training has'}, and {costs[largest]:,} multiply-adds an "
        f"example; the seconds, from those of two other networks, were predicted within a factor of {factor:.1f} ("
        + ", ".join(f"{predicted[one]:.2f} s for {one} units a layer, measured {measured[one]:.2f} s" for one in asked)
        + ")."
    )
    with panels(1, 2, size=(7.8, 4.3), width_ratios=(6, 5)) as (picture, ((left, axes),)):
        tiled = tiles(weights)
        bound = np.nanmax(np.abs(tiled))
        left.imshow(tiled, cmap=DIVERGING, vmin=-bound, vmax=bound)
        side = 8 + GAP
        for unit, digit in enumerate(favorite):
            row, column = divmod(unit, 4)
            box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": GRAY, "linewidth": 0.5}
            left.text(column * side + 0.3, row * side + 0.6, str(digit), fontsize=8, ha="center", va="center", bbox=box)
        left.set_axis_off()
        left.set_title("weights of 16 units, and each one's digit")
        multiply_adds = [costs[width] for width in WIDTHS]
        axes.plot(multiply_adds, [predicted[width] for width in WIDTHS], color=GRAY, linestyle="--", label="predicted")
        for known, color, mark, label in (
            (True, BLUE, "o", "measured first"),
            (False, VERMILLION, "s", "measured after"),
        ):
            own = [width for width in WIDTHS if (width in KNOWN) == known]
            axes.plot([costs[one] for one in own], [measured[one] for one in own], mark, color=color, label=label)
        for width in WIDTHS:
            axes.annotate(
                f"2×{width}",
                (costs[width], measured[width]),
                (-7, 7),
                textcoords="offset points",
                ha="right",
                fontsize=8,
            )
        axes.set(xscale="log", yscale="log", xlabel="multiply-adds an example", ylabel="seconds of training")
        axes.margins(0.18)
        axes.set_title("cost, known before training")
        axes.legend(fontsize=8, loc="lower right")
        picture.suptitle("Each hidden unit answers to some digits; what it costs can be counted")
    measures = {"parameters as predicted": float(counted), "lowest contrast": float(contrast.min())}
    measures |= {"test accuracy": model.scores["test"]["accuracy"], "factor of the prediction": float(factor)}
    measures |= {f"multiply-adds, {width} units": float(cost) for width, cost in costs.items()}
    return Outcome(picture, finding, holds, measures)


def answers(model: Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The mean output of each unit of the first layer for each class (K, units)."""
    units = model.activations(x, "relu_1")
    return np.stack([units[y == digit].mean(0) for digit in range(10)])


def tiles(weights: np.ndarray) -> np.ndarray:
    """The weights (64, 16) of units on 8×8 pixels as one image, four units a row, with gaps that are not a number."""
    side = 8 + GAP
    image = np.full((4 * side - GAP, 4 * side - GAP), np.nan)
    for unit, pixels in enumerate(weights.T):
        row, column = (side * place for place in divmod(unit, 4))
        image[row : row + 8, column : column + 8] = pixels.reshape(8, 8)
    return image


LESSON = Lesson(
    name="what-layers-mean",
    title="What hidden layers mean, and what they cost",
    rows=(82,),
    claim=(
        "A hidden unit answers to a feature of the input that it has learned; and what a network takes, in parameters "
        "and in computing, is to be known before it is trained (documents 1 and 2)."
    ),
    experiment=(
        f"{UNITS} ReLU units trained on handwritten digits for 60 epochs with λ = 0.003: their weights as images, "
        "and the digit for which each unit's mean output is highest. Then networks of two layers of 64, 512 and 1,024 "
        f"units, {EPOCHS} epochs each: parameters and multiply-adds from the summary alone; the seconds of the first "
        "two give the line on which those of the third are predicted. They depend on the machine and what else it does."
    ),
    run=run,
)
