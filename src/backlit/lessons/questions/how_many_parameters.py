"""How many parameters a network has: by hand, and as its summary counts them."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, VERMILLION, canvas, picture_of
from backlit.shapes import Shape

SPOT = (
    "Conv(8, 3, padding='same'), ReLU, Conv(16, 5, stride=2, padding='same'), ReLU, Flatten, Dense(512), ReLU, Dense(4)"
)
LOCAL = "LocallyConnected(1, 10, padding='same', bias=False)"
# What it is, its notation, the shape of its input, the sum by hand in words and in numbers.
COUNTED: tuple[tuple[str, str, Shape, str, int], ...] = (
    ("3 inputs, 4 units, 2 units", "Dense(4), Sigmoid, Dense(2)", (3,), "3·4+4 + 4·2+2", 3 * 4 + 4 + 4 * 2 + 2),
    (
        "3 inputs, 4, 4, 1 units",
        "Dense(4), Sigmoid, Dense(4), Sigmoid, Dense(1)",
        (3,),
        "3·4+4 + 4·4+4 + 4·1+1",
        3 * 4 + 4 + 4 * 4 + 4 + 4 * 1 + 1,
    ),
    ("softmax of 3 on 2 inputs", "Dense(3), Softmax", (2,), "2·3+3", 2 * 3 + 3),
    ("2 inputs, 4 units, 3 units", "Dense(4), ReLU, Dense(3), Softmax", (2,), "2·4+4 + 4·3+3", 2 * 4 + 4 + 4 * 3 + 3),
    ("2×2 max pooling", "MaxPool(2)", (32, 32, 3), "nothing to learn", 0),
    ("16 filters of 3×3 on color", "Conv(16, 3)", (32, 32, 3), "16·(3·3·3+1)", 16 * (3 * 3 * 3 + 1)),
    (
        "CNN of the lecture, 32×32×3",
        SPOT,
        (32, 32, 3),
        "8·28 + 16·201 + (16³+1)·512 + 513·4",
        8 * 28 + 16 * 201 + (16**3 + 1) * 512 + 513 * 4,
    ),
    ("one shared 10×10 filter", "Conv(1, 10, padding='same', bias=False)", (1000, 1000, 1), "10·10", 10 * 10),
    ("a 10×10 filter of its own a pixel", LOCAL, (1000, 1000, 1), "10⁶·10·10", 10**6 * 10 * 10),
)


def run() -> Outcome:
    """The same networks, counted twice; nothing is allocated."""
    counts = [bl.network(notation).summary(input).parameters for _, notation, input, _, _ in COUNTED]
    by_hand = [count for *_, count in COUNTED]
    equal = sum(ours == theirs for ours, theirs in zip(counts, by_hand, strict=True))
    local, shared = counts[-1], counts[-2]
    finding = (
        f"{equal} of {len(counts)} networks have as many parameters as the sum by hand, from {min(counts)} for "
        f"pooling to {max(counts):,}; a layer has (inputs + 1) × units, a convolution (window × channels + 1) × "
        f"filters, however large the image. One filter that all pixels share has {shared}, one filter a pixel "
        f"{local:,} on an image of 1000×1000: sharing divides them by {local // shared:,}. In the lecture's CNN "
        f"{percent((16**3 + 1) * 512 / counts[6])} of them are in its first dense layer."
    )
    with canvas(size=(8.6, 4.6)) as axes:
        places = np.arange(len(counts))[::-1]
        axes.barh(places, np.maximum(counts, 0.5), height=0.55, color=BLUE, label="counted by the library")
        axes.plot(np.maximum(by_hand, 0.5), places, "D", color=VERMILLION, label="by hand")
        for place, count, (*_, sum_in_words, _) in zip(places, counts, COUNTED, strict=True):
            axes.text(max(count, 0.5) * 2, place, f"{sum_in_words} = {count:,}" if count else sum_in_words, va="center")
        axes.set_yticks(places, [name for name, *_ in COUNTED])
        axes.set(
            xscale="log",
            xlim=(0.5, 1e17),
            xlabel="parameters (logarithmic)",
            title="Counting parameters, layer by layer",
        )
        axes.set_xticks([1, 1e2, 1e4, 1e6, 1e8])
        axes.legend(loc="upper right")
    measures = {"networks": float(len(counts)), "equal": float(equal), "largest": float(max(counts))}
    return Outcome(picture_of(axes), finding, equal == len(counts), measures)


LESSON = Lesson(
    name="how-many-parameters",
    title="How many parameters does this network have?",
    rows=(14, 15, 16, 17, 18, 19, 20),
    claim="The parameters of a network can be counted layer by layer: weights, and a bias a unit; a convolution shares "
    "its weights among all places, and pooling has none (documents 1, 2 and 3).",
    experiment="The networks that the lectures count, each counted by its formula and by `network.summary(shape)`, "
    "which plans the network and allocates nothing.",
    run=run,
)
