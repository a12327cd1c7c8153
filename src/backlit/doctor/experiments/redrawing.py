"""First weights drawn anew, as they should be: w ~ N(0, g / fan-in), biases that are large set to 0.

g is 2 where half of each layer's units are cut off (ReLU and its kin), else 1: then the deviation of what passes from
layer to layer neither grows nor dies. Source: He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010.
"""

from math import prod, sqrt
from typing import Any

import jax
import numpy as np

from backlit.doctor.experiments.variants import with_initializers
from backlit.doctor.limits import LIMITS
from backlit.layers.activation import ELU, GELU, LeakyReLU, PReLU, ReLU, Swish
from backlit.layers.composition import blocks_of
from backlit.layers.plan import Variable
from backlit.shapes import Array, Tree
from backlit.training import Run

CUTTING = (ReLU, LeakyReLU, PReLU, ELU, GELU, Swish)
LARGE = 1.0  # a first bias beyond this, in the units of outputs of deviation 1, decides what its unit does


def redrawn_weights(run: Run, parameters: Tree, state: Tree) -> tuple[Tree, Tree]:
    """First parameters of a run whose weights are drawn anew, and its state.

    Args:
        run: of which the plan says which variables are weights, and which of their axes lead into a unit.
        parameters, state: its first ones.
    """
    gain, variables = _gain(run), dict(run.network.plan(run.input_shape).variables())
    random = np.random.default_rng([run.settings.seed, 7])

    def draw(path: Any, leaf: Array) -> Any:
        names = tuple(entry.key for entry in path)
        variable = variables[names]
        if variable.weight:
            return np.asarray(sqrt(gain / fan_in(variable)) * random.normal(size=leaf.shape), leaf.dtype)
        return np.where(np.abs(leaf) > LARGE, 0.0, leaf).astype(leaf.dtype)

    return jax.tree_util.tree_map_with_path(draw, parameters), state


def are_usual(run: Run, parameters: Tree) -> bool:
    """Whether first weights are of the size that they would be drawn anew with, and biases are small: another draw is
    then luck."""
    gain, variables = _gain(run), dict(run.network.plan(run.input_shape).variables())
    for path, leaf in jax.tree_util.tree_leaves_with_path(parameters):
        variable = variables[tuple(entry.key for entry in path)]
        size = float(np.sqrt(np.mean(np.square(leaf, dtype=np.float64))))
        times = size / sqrt(gain / fan_in(variable))
        most = LIMITS["weights: usual"]
        if not 1 / most <= times <= most if variable.weight else np.abs(leaf).max() > LARGE:
            return False
    return True


def redrawing(run: Run) -> dict[str, Any]:
    """The arguments of `prepare` by which the first weights are drawn by the layers' defaults; none where they are."""
    network = with_initializers(run.network)
    changes: dict[str, Any] = {} if str(network) == str(run.network) else {"network": network}
    return changes | ({} if run.settings.initial_scale == 1 else {"initial_scale": 1.0})


def _gain(run: Run) -> float:
    return 2.0 if any(isinstance(block, CUTTING) for block in blocks_of(run.network)) else 1.0


def fan_in(variable: Variable) -> int:
    """How many numbers a unit sums: the product of the axes that lead into it."""
    shape = variable.shape
    axes = range(len(shape) - 1) if variable.incoming is None else variable.incoming
    return max(1, prod(shape[axis] for axis in axes))
