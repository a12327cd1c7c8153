"""Row 29: which activation, by validation loss."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import read
from backlit.functions.losses import BinaryCrossEntropy
from backlit.layers.block import Context
from backlit.layers.notation import read as network
from backlit.lessons.lesson import Lesson, Outcome
from backlit.optimizers import adam
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, canvas, picture_of
from backlit.shapes import Array, Tree
from backlit.training import minimize

STARTERS, OTHERS = ("ReLU", "LeakyReLU", "ELU"), ("Swish", "Softplus", "Tanh", "Sigmoid")
DATA, SEEDS, STEPS, RATE = "spirals(n=400, noise=0.05)", 8, 300, 0.02


def run() -> Outcome:
    """The validation loss of every activation over the seeds."""
    losses = _validation_losses()
    middle = {kind: float(np.median(rows)) for kind, rows in losses.items()}
    order = sorted(middle, key=middle.__getitem__)
    best, last, starter = order[0], order[-1], min(STARTERS, key=middle.__getitem__)
    reach = {kind: f"{middle[kind]:.2g} ({losses[kind].min():.2g} to {losses[kind].max():.2g})" for kind in order}
    holds = bool(middle[starter] <= losses[best].max() and last not in STARTERS)
    finding = (
        f"{best} has the lowest validation loss, {reach[best]}: the median over {SEEDS} seeds, and the range. Of ReLU, "
        f"leaky ReLU and ELU the best is {starter} with {reach[starter]}; the last of all is {last} with {reach[last]}."
    )

    with canvas() as axes:
        for place, kind in enumerate(order[::-1]):
            color, marker = (BLUE, "o") if kind in STARTERS else (VERMILLION, "s")
            axes.plot([losses[kind].min(), losses[kind].max()], [place, place], color=color, alpha=0.5)
            axes.plot(losses[kind], np.full(SEEDS, place), color=GRAY, marker=".", linestyle="")
            axes.plot(middle[kind], place, color=color, marker=marker, markersize=9)
        axes.set_xscale("log")
        axes.set_yticks(range(len(order)), order[::-1])
        axes.set(xlabel="validation cross-entropy (large: the median; dots: the seeds)", ylim=(-0.6, len(order) - 0.4))
        axes.set_title(f"Chosen by validation loss: {best}")
        axes.plot([], [], color=BLUE, marker="o", label="to start with")
        axes.plot([], [], color=VERMILLION, marker="s", label="the others")
        axes.legend(loc="upper right")
    return Outcome(picture_of(axes), finding, holds, {f"loss, {kind}": value for kind, value in middle.items()})


def _validation_losses() -> dict[str, np.ndarray]:
    """The losses (seeds,) by activation: all networks descend side by side, since their sum is minimized."""
    data = read(DATA)
    x, y = jnp.asarray(data.inputs), jnp.asarray(data.targets)
    order = np.random.default_rng(0).permutation(len(x))
    train, validation = order[:200], order[200:]
    networks = {kind: network(f"Dense(16), {kind}, Dense(16), {kind}, Dense(1)") for kind in STARTERS + OTHERS}
    keys = jax.random.split(jax.random.key(0), SEEDS)

    def losses(parameters: Tree, kind: str, rows: Any) -> Array:
        def loss(member: Tree) -> Array:
            outputs = networks[kind].apply(member, {}, x[rows], Context())[0][:, 0]
            return BinaryCrossEntropy().examples(outputs, y[rows]).mean()

        return jax.vmap(loss)(parameters[kind])

    start = {kind: jax.vmap(lambda key, n=n: n.initialize((2,), key)[0])(keys) for kind, n in networks.items()}

    def total(parameters: Tree) -> Array:
        return jnp.stack([losses(parameters, kind, train).sum() for kind in networks]).sum()

    made = minimize(total, start, adam(RATE), steps=STEPS)
    return {kind: np.asarray(losses(made.point, kind, validation)) for kind in networks}


LESSON = Lesson(
    name="activations",
    title="Which activation",
    rows=(29,),
    claim=(
        "Use ReLU, leaky ReLU or ELU to start; for a few points more try swish and softplus, as hyperparameters: take "
        "the one with the best validation loss (document 2)."
    ),
    experiment=(
        f"Two spirals, 200 rows for training and 200 for validation; two hidden layers of 16 units with each of seven "
        f"activations and {SEEDS} seeds, {STEPS} steps of Adam at {RATE} on all training rows, all networks in one "
        "program. Another rate or budget may order them otherwise."
    ),
    run=run,
)
