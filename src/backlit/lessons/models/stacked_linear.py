"""Row 13: linear layers in a row are one linear layer."""

from functools import reduce

import jax.numpy as jnp
import numpy as np

from backlit.data import read
from backlit.layers.block import Context
from backlit.layers.notation import read as network
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.lessons.panels import draw_classes, score_of
from backlit.pictures.canvas import panels
from backlit.training import fit

DATA = "moons(n=300, noise=0.15)"
LINEAR, CURVED = "Dense(16), Dense(16), Dense(1)", "Dense(16), ReLU, Dense(16), ReLU, Dense(1)"
CHOSEN = {"epochs": 100, "learning_rate": 0.01, "seed": 0}


def run() -> Outcome:
    """The boundary of three linear layers, of the one matrix that they make, and of the same with ReLU between."""
    data = read(DATA)
    x, y = np.asarray(data.inputs), data.targets
    stacked, curved = fit(LINEAR, DATA, **CHOSEN), fit(CURVED, DATA, **CHOSEN)
    layers = [stacked.parameters[f"dense_{i}"] for i in (1, 2, 3)]
    weight = reduce(jnp.matmul, [layer["weight"] for layer in layers])
    bias = reduce(lambda bias, layer: bias @ layer["weight"] + layer["bias"], layers, jnp.zeros(2))
    one, parameters = network("Dense(1)"), {"dense_1": {"weight": weight, "bias": bias}}

    def collapsed(points: np.ndarray) -> np.ndarray:
        scaled, _ = stacked.network.blocks[0].apply({}, stacked.state["standardize_1"], jnp.asarray(points), Context())
        return np.asarray(one.apply(parameters, {}, scaled, Context())[0])[:, 0]

    outputs = score_of(stacked)
    difference = float(np.abs(collapsed(x) - outputs(x)).max())
    right = {"stacked": stacked.scores["test"]["accuracy"], "curved": curved.scores["test"]["accuracy"]}
    said = stacked.summary().notes[0]
    finding = (
        f"Three linear layers, {stacked.summary().parameters} parameters, give the outputs of a single layer with "
        f"{weight.size + bias.size} within {difference:.0e}, and get {percent(right['stacked'])} of the test "
        f"rows right; with ReLU between them {percent(right['curved'])}. The library says: '{said}'."
    )

    with panels(1, 3, size=(9.6, 3.5)) as (picture, ((first, second, third),)):
        draw_classes(first, outputs, x, y)
        first.set_title("three linear layers")
        draw_classes(second, collapsed, x, y)
        second.set_title("their product: one matrix, the same line")
        draw_classes(third, score_of(curved), x, y)
        third.set_title("ReLU between them")
        for axes in (first, second, third):
            axes.set(xticks=[], yticks=[])
    measures = {"difference": difference} | {f"accuracy, {name}": share for name, share in right.items()}
    return Outcome(picture, finding, difference < 1e-4 and "compose to one linear map" in said, measures)


LESSON = Lesson(
    name="stacked-linear",
    title="Stacked linear layers are one",
    rows=(13,),
    claim="W₂(W₁x) = (W₂W₁)x: linear layers in a row can say no more than one (documents 0, 2 and 3).",
    experiment=(
        f"{LINEAR} on two half moons (300 rows, seed 0), then the product of its matrices as a single layer; beside it "
        "the same widths with ReLU between them."
    ),
    run=run,
)
