"""Gradients of functions, as functions: `vjp`, `value_and_grad`, `grad`.

They take what `jax.vjp`, `jax.value_and_grad` and `jax.grad` take and return what those return, through our own reverse
walk. Everything is made of JAX operations, so they compose with `jax.jit`, `jax.vmap`, `jax.jvp`, with sharding and
with themselves.
"""

import operator
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.errors import GraphError
from backlit.graph.backprop import pullback
from backlit.graph.tracing import check_arrays, name_arguments, name_of, trace_function
from backlit.shapes import Array, Tree, write


def vjp(f: Callable[..., Any], *args: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function and its pullback, ȳ ↦ Jᵀȳ.

    Args:
        f: a function of arrays and pytrees of floating numbers.
        args: where to evaluate it.
        has_aux: whether f returns a pair (output, auxiliary data); the data is passed through, and may be
            anything: what is not an array of JAX comes back as it is.

    Returns:
        `(output, pull)`, or `(output, pull, auxiliary)`. `pull(upstream)` takes a gradient of the output's structure
        and returns a tuple with the gradient of each argument.

    Raises:
        GraphError: f cannot be traced, or an argument or gradient does not fit.

    >>> y, pull = vjp(lambda x: x**2, 3.0)
    >>> float(y), float(pull(1.0)[0])
    (9.0, 6.0)
    """
    check_floating(f, args, range(len(args)))
    auxiliary = Auxiliary()
    tape = trace_function(auxiliary.split(f) if has_aux else f, *args)
    leaves, structure = jax.tree.flatten(args)
    leaves = [jnp.asarray(leaf) for leaf in leaves]
    tree = tape.tree.children()[0] if has_aux else tape.tree
    results, pull_leaves = pullback(tape, leaves, [True] * len(leaves), tree.num_leaves)

    def pull(upstream: Tree) -> Tree:
        gradients = pull_leaves(fit_upstream(upstream, results[: tree.num_leaves], tree))
        filled = [jnp.zeros_like(x) if g is None else g for x, g in zip(leaves, gradients, strict=True)]
        return jax.tree.unflatten(structure, filled)

    if has_aux:
        output, arrays = jax.tree.unflatten(tape.tree, results)
        return output, pull, auxiliary.join(arrays)
    return jax.tree.unflatten(tree, results), pull


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The function x ↦ (f(x), ∂f/∂x) of a scalar function f.

    Args:
        f: a function of arrays and pytrees with one floating number as its output.
        argnums: the argument to differentiate, or several; the others may be anything.
        has_aux: whether f returns a pair (output, auxiliary data).

    Returns:
        A function of f's arguments that returns `(value, gradient)`, or `((value, auxiliary), gradient)`; the gradient
        has the structure, shapes and dtypes of the argument, a tuple of them for several argnums.

    Raises:
        GraphError: when called: f cannot be traced, its output is not one floating number, or an argument to
            differentiate does not exist or is not of floating numbers.

    >>> value, gradient = value_and_grad(lambda x: (x**2).sum())(jnp.array([1.0, 2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, 4.0])
    """

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        positions = normalize_argnums(f, argnums, len(args))
        check_floating(f, args, positions)
        chosen = [args[i] for i in positions]
        value, pull, *auxiliary = vjp(restrict(f, positions, args, kwargs), *chosen, has_aux=has_aux)
        gradients = pull(jnp.ones_like(check_scalar(f, value)))
        return (value, *auxiliary) if has_aux else value, gradients[0] if is_single(argnums) else gradients

    return differentiated


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient x ↦ ∂f/∂x of a scalar function f.

    Args:
        f: a function of arrays and pytrees with one floating number as its output.
        argnums: the argument to differentiate, or several; the others may be anything.
        has_aux: whether f returns a pair (output, auxiliary data).

    Returns:
        A function of f's arguments that returns the gradient, or `(gradient, auxiliary)`.

    Raises:
        GraphError: as `value_and_grad`.

    >>> float(grad(jnp.sin)(0.0))
    1.0
    """
    both = value_and_grad(f, argnums, has_aux)

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return differentiated


def restrict(
    f: Callable[..., Any], positions: Sequence[int], args: Sequence[Any], kwargs: dict[str, Any]
) -> Callable[..., Any]:
    """The function of the arguments at these positions alone; the others stay as they are."""

    def restricted(*chosen: Tree) -> Any:
        replacements = dict(zip(positions, chosen, strict=True))
        return f(*(replacements.get(i, value) for i, value in enumerate(args)), **kwargs)

    restricted.__name__ = name_of(f)
    return restricted


def normalize_argnums(f: Callable[..., Any], argnums: int | Sequence[int], count: int) -> list[int]:
    """The positions of the arguments to differentiate, counted from the first."""
    try:
        given = [operator.index(i) for i in np.atleast_1d(argnums).tolist()]
    except TypeError as error:
        raise GraphError(
            f"argnums={argnums!r} numbers no argument of {name_of(f)}: give an integer, or several"
        ) from error
    wrong = [i for i in given if not -count <= i < count]
    if wrong:
        raise GraphError(
            f"{name_of(f)} got {count} positional arguments, so argnums={wrong[0]} names none of them: pass the "
            "arguments to differentiate by position, and number them from 0"
        )
    return [i % count for i in given]


def is_single(argnums: Any) -> bool:
    """Whether argnums is one number, rather than several."""
    return isinstance(argnums, (int, np.integer))


def check_floating(f: Callable[..., Any], args: Sequence[Any], positions: Sequence[int]) -> None:
    """Raise where an argument to differentiate is not of real floating numbers."""
    for i in positions:
        check_arrays(args[i], "an argument to differentiate")
        bad = [leaf for leaf in jax.tree.leaves(args[i]) if not is_floating(leaf)]
        if not bad:
            continue
        names = name_arguments(f, args)
        first = sum(len(jax.tree.leaves(value)) for value in args[:i])
        name, leaf = next(
            pair for pair in zip(names[first:], jax.tree.leaves(args[i]), strict=False) if not is_floating(pair[1])
        )
        raise GraphError(
            f"{name_of(f)} cannot be differentiated by {name}, which is {type_of(leaf)}: gradients are taken by real "
            "floating numbers only; convert it to float, or leave it out of argnums (or close over it)"
        )


def check_scalar(f: Callable[..., Any], value: Any) -> Array:
    """The output, or an error where it is not one real floating number."""
    if not isinstance(value, jax.Array) or value.shape != () or not is_floating(value):
        what = f"shape {write(value.shape)}, {value.dtype}" if isinstance(value, jax.Array) else type(value).__name__
        raise GraphError(
            f"{name_of(f)} returns {what}, and a gradient is taken of one floating number (shape ()): reduce the "
            "output with sum or mean, use jacobian, or has_aux=True when it returns a pair (output, auxiliary)"
        )
    return value


def fit_upstream(upstream: Tree, outputs: Sequence[Array], tree: Any) -> list[Array | None]:
    """The upstream gradients as leaves of the outputs' shapes and dtypes; None for an output of integers."""
    leaves, structure = jax.tree.flatten(upstream)
    shapes = [jnp.shape(leaf) for leaf in leaves]
    if structure != tree or shapes != [output.shape for output in outputs]:
        expected = jax.tree.unflatten(tree, [write(output.shape) for output in outputs])
        received = jax.tree.unflatten(structure, [write(shape) for shape in shapes])
        raise GraphError(f"the upstream gradient has shapes {received}, and the output {expected}: they must be equal")
    return [
        jnp.asarray(leaf, output.dtype) if is_floating(output) else None
        for leaf, output in zip(leaves, outputs, strict=True)
    ]


class Auxiliary:
    """The auxiliary data of a function while it is traced: its arrays are traced too, all else is kept aside."""

    def split(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The function that returns its output and the arrays of its auxiliary data alone."""

        @wraps(f)
        def divided(*args: Any) -> tuple[Any, list[Array]]:
            result = f(*args)
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise GraphError(
                    f"{name_of(f)} returns {type_of(result)}, and has_aux=True expects a pair (output, auxiliary)"
                )
            self.leaves, self.tree = jax.tree.flatten(result[1])
            return result[0], [leaf for leaf in self.leaves if isinstance(leaf, jax.Array)]

        return divided

    def join(self, arrays: Sequence[Array]) -> Tree:
        """The auxiliary data again, with these arrays."""
        replacements = iter(arrays)
        leaves = [next(replacements) if isinstance(leaf, jax.Array) else leaf for leaf in self.leaves]
        return jax.tree.unflatten(self.tree, leaves)


def is_floating(leaf: Any) -> bool:
    """Whether a number or array is of real floating numbers."""
    return jnp.issubdtype(jax.dtypes.result_type(leaf), jnp.floating)


def type_of(leaf: Any) -> str:
    """An array's dtype and shape, or a value's type, for messages."""
    return f"{leaf.dtype} of shape {write(leaf.shape)}" if hasattr(leaf, "dtype") else type(leaf).__name__
