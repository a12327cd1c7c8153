"""Gradient checks: our gradients against central differences, in double precision.

For a function f and a random unit direction d the directional derivative is computed twice,

    ∇f(x) · d   and   (f(x + h·d) − f(x − h·d)) / 2h,

which differ by O(h²) + O(ε/h), about 1e-10 for the default step h = ∛ε.

Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 11.5, on derivatives by finite
differences.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.errors import GraphError, SettingError
from backlit.graph.gradients import grad, is_floating
from backlit.graph.tracing import name_arguments, name_of
from backlit.shapes import Array, Tree

Leaves = list[Array]
Directions = list[np.ndarray[Any, Any]]


def check_gradients(
    f: Callable[..., Any],
    *args: Tree,
    order: int = 1,
    step: float | None = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> float:
    """Compare the gradients of a function with central differences, at one point, in float64.

    An output with several numbers is first summed with random weights. The order-2 check is that of the function
    x ↦ ∇f(x) · w, for a random direction w, and so on.

    Args:
        f: a function of arrays and pytrees whose outputs are floating numbers; smooth near the point.
        args: the point. Floating numbers are cast to float64; everything else stays as it is and has no gradient.
        order: how many derivatives to check, 1 or more; default 1.
        step: h, relative to the largest element of each array where that is above 1; default ∛ε = 6e-6.
        tolerance: the largest relative error allowed, positive; default 1e-6.
        seed: of the random directions; default 0.

    Returns:
        The largest relative error found, |a − n| / max(|a|, |n|, m): m, a thousandth of the function's value or of 1,
        keeps the noise of a derivative that is 0 from counting as an error.

    Raises:
        GraphError: a gradient disagrees (the message names the argument and shows both numbers), the function is not
            finite at the point, or it has no floating argument or output.
        SettingError: order, step or tolerance is out of range.

    >>> check_gradients(lambda x, y: jnp.sin(x) * y**3, 0.5, 2.0, order=2) < 1e-8
    True
    """
    step = 6e-6 if step is None else step
    tolerance = 1e-6 if tolerance is None else tolerance
    check_settings(order, step, tolerance)
    names = [
        name for name, leaf in zip(name_arguments(f, args), jax.tree.leaves(args), strict=True) if is_floating(leaf)
    ]
    if not names:
        raise GraphError(f"{name_of(f)} has no floating argument to differentiate")
    random = np.random.default_rng(seed)
    worst = 0.0
    with jax.enable_x64(True):
        leaves, function = project(f, args, random)
        for level in range(1, order + 1):
            gradient = jax.jit(grad(function))
            errors = compare(function, gradient, leaves, step, random)
            for name, (ours, differences, error) in zip(names, errors, strict=True):
                if not error <= tolerance:
                    raise GraphError(
                        f"the gradient of {name_of(f)} with respect to {name} is {ours:.8g} along a random direction, "
                        f"but central differences give {differences:.8g} (order {level}, relative error {error:.1e}, "
                        f"allowed {tolerance:.1e}): a rule is wrong, or the function has a kink within {step:.0e}"
                    )
                worst = max(worst, error)
            function = along(gradient, [unit(random, leaf.shape) for leaf in leaves])
    return worst


def check_settings(order: int, step: float, tolerance: float) -> None:
    """Raise where a setting is out of range."""
    if not isinstance(order, int) or order < 1:
        raise SettingError(f"order is {order!r}: expected a whole number of derivatives, 1 or more")
    for name, number in (("step", step), ("tolerance", tolerance)):
        if not number > 0:
            raise SettingError(f"{name} is {number!r}: expected a positive number")


def project(
    f: Callable[..., Any], args: Sequence[Tree], random: np.random.Generator
) -> tuple[Leaves, Callable[[Leaves], Array]]:
    """The floating arguments in float64, and f as a function of them with one number as its output."""
    every, structure = jax.tree.flatten(tuple(args))
    floating = [is_floating(leaf) for leaf in every]
    point = [jnp.asarray(leaf, "float64") for leaf, flag in zip(every, floating, strict=True) if flag]

    def outputs(leaves: Leaves) -> Leaves:
        replacements = iter(leaves)
        full = [next(replacements) if flag else leaf for leaf, flag in zip(every, floating, strict=True)]
        return [y for y in jax.tree.leaves(f(*jax.tree.unflatten(structure, full))) if is_floating(y)]

    shapes = [y.shape for y in jax.eval_shape(outputs, point)]
    if not shapes:
        raise GraphError(f"{name_of(f)} has no floating output to differentiate")
    weights = [np.ones(())] if shapes == [()] else [random.standard_normal(shape) for shape in shapes]
    return point, jax.jit(lambda leaves: total(outputs(leaves), weights))


def compare(
    function: Callable[[Leaves], Array],
    gradient: Callable[[Leaves], Leaves],
    leaves: Leaves,
    step: float,
    random: np.random.Generator,
) -> list[tuple[float, float, float]]:
    """For each array: the derivative along a direction by our gradient, by differences, and their relative error."""
    size = abs(float(function(leaves)))
    found = []
    for i, (leaf, slope) in enumerate(zip(leaves, gradient(leaves), strict=True)):
        direction = unit(random, leaf.shape)
        h = step * max(1.0, float(jnp.max(jnp.abs(leaf), initial=0.0)))
        ahead, behind = (float(function([*leaves[:i], leaf + way * direction, *leaves[i + 1 :]])) for way in (h, -h))
        ours, differences = float(jnp.vdot(slope, direction)), (ahead - behind) / (2 * h)
        error = abs(ours - differences) / max(abs(ours), abs(differences), 1e-3 * max(1.0, size))
        found.append((ours, differences, error))
    return found


def along(gradient: Callable[[Leaves], Leaves], directions: Directions) -> Callable[[Leaves], Array]:
    """The function x ↦ ∇f(x) · w."""
    return lambda leaves: total(gradient(leaves), directions)


def total(values: Leaves, weights: Directions) -> Array:
    """The sum of all numbers, each with its weight."""
    return sum((jnp.vdot(weight, value) for value, weight in zip(values, weights, strict=True)), jnp.zeros(()))


def unit(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """A random direction of length 1."""
    direction = random.standard_normal(shape)
    return direction / max(float(np.linalg.norm(direction)), 1e-12)
