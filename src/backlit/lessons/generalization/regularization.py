"""Row 72: the regularization constant against the boundary."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from backlit.functions.activations import sigmoid
from backlit.graph import grad
from backlit.layers.block import Context
from backlit.lessons.generalization.together import Trained
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import middle, percent, sample, scores, spread
from backlit.lessons.panels import corners, draw_classes, grid, score_of
from backlit.pictures.canvas import BLUE, panels
from backlit.shapes import Array, Tree
from backlit.training import Model, fit

DATA, UNSEEN = "moons(n=80, noise=0.3)", "moons(n=2000, noise=0.3, seed=1)"
STRENGTHS = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
SHOWN = (0.0, 0.003, 0.03)
SEEDS = range(8)


def run() -> Outcome:
    """One population over the strengths and the seeds."""
    x, y = sample(DATA)
    found = fit(
        "Dense(30), Tanh, Dense(1)",
        DATA,
        test=UNSEEN,
        split=(1, 0, 0),
        epochs=1500,
        learning_rate=0.02,
        batch_size="full",
        l2=STRENGTHS,
        seed=SEEDS,
    )
    models = {one.values["l2"]: one.models for one in found.configurations}
    plane = grid(*corners(x), 50)[-1]
    steep = {strength: slopes(models[strength], plane) for strength in STRENGTHS}
    right = {strength: scores(models[strength]) for strength in STRENGTHS}
    holds = bool(np.all(np.diff([steep[strength].mean() for strength in STRENGTHS]) < 0))
    best = max(STRENGTHS, key=lambda strength: right[strength].mean())
    last = STRENGTHS[-1]
    finding = (
        f"From λ = 0 to {last:g} the mean slope |∂p/∂x| of the probability over the plane goes from "
        f"{spread(steep[0.0], 2)} to {spread(steep[last], 2)} and the boundary becomes "
        f"{'smoother at every step' if holds else 'smoother, but not at every step'}. Smoother is better up to "
        f"λ = {best:g}: of 2,000 unseen rows the networks are right for {percent(right[0.0])} without a penalty, for "
        f"{percent(right[best])} there, and for {percent(right[last])} at λ = {last:g} (over {len(SEEDS)} seeds)."
    )
    with panels(2, 2, size=(6.8, 6.0)) as (picture, places):
        for axes, strength in zip(places.flat, SHOWN, strict=False):
            draw_classes(axes, score_of(middle(models[strength], steep[strength])), x, y)
            axes.set(title=f"λ = {strength:g}: {percent(right[strength].mean())} right", xlabel="x₁", ylabel="x₂")
        axes = places.flat[-1]
        means, deviations = (
            [function(steep[one]) for one in STRENGTHS] for function in (np.mean, partial(np.std, ddof=1))
        )
        axes.errorbar(range(len(STRENGTHS)), means, deviations, color=BLUE, marker="o", capsize=3)
        axes.set_xticks(range(len(STRENGTHS)), [f"{one:g}" for one in STRENGTHS], fontsize=8)
        axes.set(title="mean slope of the probability", xlabel="λ", ylabel="|∂p/∂x|", ylim=(0, None))
        picture.suptitle("A larger λ makes the boundary smoother" if holds else "λ and the boundary")
    measures = {f"slope, λ = {one:g}": float(steep[one].mean()) for one in STRENGTHS}
    measures |= {f"accuracy, λ = {one:g}": float(right[one].mean()) for one in STRENGTHS}
    return Outcome(picture, finding, holds, measures)


def slopes(models: Sequence[Model], points: np.ndarray) -> np.ndarray:
    """The mean of |∂p/∂x| over points (N, 2), p the probability of the second class, for each model (M,)."""
    network, parameters, state = Trained.of(models)

    def chance(x: Array, own: Tree, kept: Tree) -> Array:
        return sigmoid(network.apply(own, kept, x[None], Context())[0][0, 0])

    def mean(own: Tree, kept: Tree) -> Array:
        gradients = jax.vmap(lambda x: grad(chance)(x, own, kept))(points)
        return jnp.linalg.norm(gradients, axis=-1).mean()

    return np.asarray(jax.jit(jax.vmap(mean))(parameters, state))


LESSON = Lesson(
    name="regularization",
    title="The regularization constant and the boundary",
    rows=(72,),
    claim=(
        "The regularization constant λ is a hyperparameter: the larger it is, the simpler and smoother the boundary "
        "becomes (document 1). L2 is a remedy for overfitting (document 2)."
    ),
    experiment=(
        "Two noisy half moons that overlap, 80 training rows, 2,000 unseen ones. Networks with 30 tanh units, the "
        f"penalty λ Σ w² with λ from 0 to {STRENGTHS[-1]:g}, Adam at 0.02 on all rows for 1,500 epochs, {len(SEEDS)} "
        "seeds each, all in one program. Smoothness is the mean of |∂p/∂x| over the plane, p the probability of a "
        "class; the error bars are standard deviations over the seeds, the networks shown have the median slope."
    ),
    run=run,
)
