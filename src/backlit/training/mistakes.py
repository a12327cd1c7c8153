"""What a run of the perceptron's rule says at its end: it converges where a line separates the classes, and only there.

Source: documents 1 and 2; Novikoff 1962.
"""

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from backlit.data.separability import linearly_separable
from backlit.layers.block import Context
from backlit.layers.dense import Dense
from backlit.training.history import History

if TYPE_CHECKING:
    from backlit.training.run import Run

MOST = 2_000_000  # numbers in rows whose separability is decided: beyond, it takes too long


def notes_on_mistakes(run: "Run", history: History) -> list[str]:
    """A note where the perceptron's rule still makes mistakes at the end of a run; nothing for any other loss.

    Args:
        run: the run.
        history: of its epochs.
    """
    if run.loss.name != "perceptron" or not len(history) or history["train_accuracy"][-1] == 1:
        return []
    separable = _separable(run)
    if separable is False:
        return ["the perceptron's rule does not converge: no line separates these classes"]
    more = ": a line separates these classes, more epochs find it" if separable else ""
    return [f"the perceptron's rule has not converged in {len(history):,} epochs{more}"]


def _separable(run: "Run") -> bool | None:
    """Whether the training rows are separable as the last layer sees them; None: not decided, or no linear unit."""
    blocks, parts, train = run.network.named, run.network.plan(run.input_shape).parts, run.parts.train
    *before, last = blocks
    if not isinstance(blocks[last], Dense) or any(parts[name].size for name in before):
        return None
    x = jnp.asarray(train.x)
    for name in before:
        x, _ = blocks[name].apply({}, run.fitted.get(name, {}), x, Context())
    small = x.size * run.objective.classes <= MOST
    return linearly_separable(np.asarray(x), train.y) if small else None
