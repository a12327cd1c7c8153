"""What the hidden layer does: XOR on the plane, and in the space of two hidden units."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.lessons.panels import draw_points
from backlit.lessons.questions.lines import draw_line
from backlit.pictures.canvas import GRAY, panels

STARTS = 16


def run() -> Outcome:
    """The best of 16 networks of two hidden units, before and behind its hidden layer."""
    data = bl.read("xor(n=200, noise=0.1)")
    found = bl.fit(
        "Dense(2), Tanh, Dense(1)",
        data,
        split=(1, 0, 0),
        standardize=False,
        learning_rate=0.1,
        batch_size="full",
        epochs=600,
        seed=range(STARTS),
    )
    right = np.array([model.scores["train"]["accuracy"] for model in found.models])
    model = found.models[int(right.argmax())]
    part = data.split((1, 0, 0)).train
    hidden = model.activations(part.x, "tanh_1")
    before, after = bl.linearly_separable(part.x, part.y), bl.linearly_separable(hidden, part.y)
    best = float(right.max())
    solved = int((right == 1).sum())
    finding = (
        f"{'A' if before else 'No'} line parts the classes of XOR on the plane, and a line "
        f"{'parts' if after else 'does not part'} them in the space of two hidden units, where the output unit draws "
        f"its line: {percent(best, 0)} of {len(part)} points are right. Each hidden unit is a line of its own on the "
        "plane. "
        f"{solved} of {STARTS} random starts found such units; the others ended with "
        f"{percent(right[right < 1].mean() if solved < STARTS else 1, 0)} right on average."
    )
    first, last = (model.parameters[name] for name in ("dense_1", "dense_2"))
    with panels(1, 2, size=(8.8, 4.1)) as (picture, ((plane, space),)):
        draw_points(plane, part.x, part.y, 20)
        for unit, (color, style) in enumerate((("black", "-"), (GRAY, "--"))):
            look = {"color": color, "linestyle": style, "label": f"hidden unit {unit + 1} = 0"}
            draw_line(plane, first["weight"][:, unit], first["bias"][unit], **look)
        plane.set(
            xlim=(-0.5, 1.5), ylim=(-0.5, 2.1), xlabel="x₁", ylabel="x₂", title="Before: no line parts the classes"
        )
        plane.legend(loc="upper center", ncols=2, fontsize=8)
        draw_points(space, hidden, part.y, 20)
        draw_line(space, last["weight"][:, 0], last["bias"][0], color="black", label="output = 0")
        space.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.55), xlabel="hidden unit 1", ylabel="hidden unit 2")
        space.set(title="After: one line parts them" if after else "After: still no line parts them")
        space.legend(loc="upper center", ncols=3, fontsize=8)
    measures = {
        "accuracy": best,
        "solved starts": float(solved),
        "separable before": float(before),
        "separable after": float(after),
    }
    return Outcome(picture, finding, bool(not before and after and best == 1), measures)


LESSON = Lesson(
    name="the-hidden-layer",
    title="What the hidden layer does",
    rows=(11, 75, 76),
    claim="A hidden layer of nonlinear units makes complex boundaries out of simple ones (document 3): it moves the "
    "points to where one line is enough (document 2).",
    experiment=f"XOR with noise, 200 points; two tanh units and one output, {STARTS} random starts trained together "
    "for 600 steps of Adam at 0.1; the points before and behind the hidden layer, and whether a line parts them, "
    "decided exactly by linear programming.",
    run=run,
)
