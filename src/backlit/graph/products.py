"""Products of many small matrices, written as sums that the compiler makes one loop of.

On a CPU, XLA calls a library for every matrix of a batched product. For matrices of a few rows and columns the call
costs more than the product; the sum Σ_k a_k b_kᵀ of columns of the one and rows of the other is a loop over all the
matrices at once.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.extend.core import primitives

from backlit.graph.fallback import bind
from backlit.shapes import Array

MOST_TERMS = 32  # of a sum
MOST_PRODUCTS = 1 << 14  # in one of the matrix products
LEAST_WIDTH = 8  # numbers that a processor multiplies at once


def spell_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function with its batched products of small matrices written as sums, in loops and calls too.

    Args:
        function: of arrays and pytrees, made of JAX operations.

    Returns:
        A function that gives the same up to rounding.
    """

    def spelled(*args: Any) -> Any:
        closed, shapes = jax.make_jaxpr(function, return_shape=True)(*args)
        return jax.tree.unflatten(jax.tree.structure(shapes), _run(closed, jax.tree.leaves(args)))

    return spelled


def _run(closed: core.ClosedJaxpr, inputs: Sequence[Any]) -> list[Any]:
    jaxpr = closed.jaxpr
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*closed.consts, *inputs), strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in jaxpr.eqns:
        arrays = [read(atom) for atom in equation.invars]
        if _is_small(equation):
            outputs = [_sum(arrays[0], arrays[1], equation.params["dimension_numbers"])]
        else:
            params = {name: _inside(value) for name, value in equation.params.items()}
            outputs = bind(equation.primitive, params, arrays)
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _inside(value: Any) -> Any:
    """A parameter of an equation; a program in it, or several, spelled out."""
    if isinstance(value, tuple):
        return tuple(map(_inside, value)) if any(isinstance(part, core.ClosedJaxpr) for part in value) else value
    if not isinstance(value, core.ClosedJaxpr) or not _has_small(value):
        return value
    return jax.make_jaxpr(lambda *inputs: _run(value, inputs))(*value.in_avals)


def _has_small(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_has_small, value))
    if not isinstance(value, core.ClosedJaxpr):
        return False
    return any(_is_small(e) or any(map(_has_small, e.params.values())) for e in value.jaxpr.eqns)


def _is_small(equation: Any) -> bool:
    """Whether an equation is a product of pairs of matrices, (P, ., .) each, that is better written as a sum."""
    if equation.primitive is not primitives.dot_general_p:
        return False
    a, b = (atom.aval for atom in equation.invars)
    (summed, _), (batch, _) = equation.params["dimension_numbers"]
    if not (a.ndim == b.ndim == 3 and len(summed) == len(batch) == 1 and a.dtype == b.dtype == jnp.float32):
        return False
    terms, products = a.shape[summed[0]], equation.outvars[0].aval.size // a.shape[batch[0]]
    return terms <= MOST_TERMS and terms * products <= MOST_PRODUCTS


def _sum(a: Array, b: Array, dimensions: Any) -> Array:
    """(P, M, N), the products of matrices whose axes these are."""
    (summed_a, summed_b), (batch_a, batch_b) = dimensions
    a, b = _columns(a, batch_a[0], summed_a[0]), _columns(b, batch_b[0], summed_b[0])
    if b.shape[2] < min(a.shape[2], LEAST_WIDTH):
        return _sum_outer(b, a).swapaxes(1, 2)
    return _sum_outer(a, b)


def _columns(a: Array, batch: int, summed: int) -> Array:
    """Matrices (P, K, M) from any order of these axes."""
    return a.transpose(batch, summed, 3 - batch - summed)


def _sum_outer(a: Array, b: Array) -> Array:
    return reduce(add, (a[:, k, :, None] * b[:, k, None, :] for k in range(a.shape[1])))
