"""Row 52: random search, random local search and gradient descent with one budget."""

import jax.numpy as jnp
import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.optimizers import local_search, random_search
from backlit.pictures.canvas import BLUE, ORANGE, VERMILLION, canvas, picture_of
from backlit.shapes import Array
from backlit.training import minimize

BUDGET = 300  # evaluations of the loss
PRICE = 3  # of a gradient, in evaluations of the loss
SEEDS = range(5)
WEIGHTS = 8


def run() -> Outcome:
    """Three traces over the evaluations that they cost."""
    random = np.random.default_rng(0)
    x = random.normal(size=(100, WEIGHTS)).astype(np.float32)
    y = x @ random.normal(size=WEIGHTS).astype(np.float32)

    def loss(w: Array) -> Array:
        return jnp.square(x @ w - y).mean()

    start = jnp.zeros(WEIGHTS)
    traces = {
        name: np.stack([minimize(loss, start, make(seed), steps=BUDGET).values for seed in SEEDS])
        for name, make in (
            ("random search", lambda seed: random_search(1.0, seed)),
            ("random local search", lambda seed: local_search(0.1, seed)),
        )
    }
    traces["gradient descent"] = minimize(loss, start, steps=BUDGET // PRICE).values[None]
    ends = {name: float(np.median(trace[:, -1])) for name, trace in traces.items()}
    first = float(traces["gradient descent"][0, 0])
    order = sorted(ends, key=ends.__getitem__)
    holds = order == ["gradient descent", "random local search", "random search"]
    finding = (
        f"From a loss of {first:.2g}, {BUDGET} evaluations brought {order[0]} to {ends[order[0]]:.2g}, {order[1]} to "
        f"{ends[order[1]]:.2g} and {order[2]} to {ends[order[2]]:.2g} (medians over {len(SEEDS)} seeds), although a "
        f"step of gradient descent counts as {PRICE} evaluations."
    )
    with canvas() as axes:
        styles = ((ORANGE, ":"), (BLUE, "--"), (VERMILLION, "-"))
        for (name, trace), (color, line) in zip(traces.items(), styles, strict=True):
            spent = np.arange(trace.shape[1]) * (PRICE if name == "gradient descent" else 1)
            axes.semilogy(spent, np.median(trace, 0), color=color, linestyle=line, label=name)
            axes.fill_between(spent, trace.min(0), trace.max(0), color=color, alpha=0.2, linewidth=0)
        axes.set(xlabel="evaluations of the loss", ylabel="lowest loss so far (mean squared error)")
        axes.set_title(f"{order[0].capitalize()} gets furthest on the same budget")
        axes.legend(loc="lower left")
    return Outcome(picture_of(axes), finding, holds, {f"loss, {name}": end for name, end in ends.items()})


LESSON = Lesson(
    name="searches",
    title="Random search, local search, gradient descent",
    rows=(52,),
    claim=(
        "Trying random weights is a very bad idea; making random changes and keeping those that help is better; there "
        "is no need to search at random for a direction, since the gradient gives a good one (document 1)."
    ),
    experiment=(
        f"Linear regression with {WEIGHTS} weights on 100 rows, all from zero: random search, random local search and "
        f"gradient descent, {BUDGET} evaluations of the loss each; a step of gradient descent, forward and backward, "
        f"counts as {PRICE}. The searches run with {len(SEEDS)} seeds; the bands go from the best to the worst."
    ),
    run=run,
)
