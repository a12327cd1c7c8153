"""Second derivatives and Jacobians, all from the one reverse walk.

    Jacobian   J_{oi} = ∂f_o/∂x_i            a walk for each output, mapped over the rows of the identity
    Hessian    H_{ij} = ∂²f/∂x_i∂x_j         the Jacobian of the gradient
    product    H·v = ∂/∂ε ∇f(x + εv) at 0    the derivative of the gradient along v; H is never built

Source: B. A. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp

from backlit.errors import GraphError
from backlit.graph.gradients import check_floating, grad, is_floating, is_single, normalize_argnums, restrict, vjp
from backlit.graph.tracing import name_of
from backlit.shapes import Tree, write


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Tree]:
    """The function x ↦ J, J_{oi} = ∂f_o/∂x_i.

    Args:
        f: a function of arrays and pytrees with floating numbers as its output.
        argnums: the argument to differentiate, or several.

    Returns:
        A function of f's arguments. Its result has the output's structure; each leaf, of shape O, is replaced by the
        argument's structure with leaves of shape (*O, *I), or a tuple of them for several argnums.

    Raises:
        GraphError: when called, as `value_and_grad`.

    >>> jacobian(lambda x: x**2)(jnp.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Tree:
        positions = normalize_argnums(f, argnums, len(args))
        check_floating(f, args, positions)
        output, pull = vjp(restrict(f, positions, args, kwargs), *(args[i] for i in positions))
        leaves, tree = jax.tree.flatten(output)
        if not all(is_floating(leaf) for leaf in leaves):
            raise GraphError(f"{name_of(f)} returns {tree} with integers or complex numbers: a Jacobian needs floats")

        def rows(position: int) -> Tree:
            leaf = leaves[position]

            def row(direction: Any) -> Tree:
                upstream = [direction if i == position else jnp.zeros_like(y) for i, y in enumerate(leaves)]
                gradients = pull(jax.tree.unflatten(tree, upstream))
                return gradients[0] if is_single(argnums) else gradients

            basis = jnp.eye(leaf.size, dtype=leaf.dtype).reshape(leaf.size, *leaf.shape)
            return jax.tree.map(lambda g: g.reshape(*leaf.shape, *g.shape[1:]), jax.vmap(row)(basis))

        return jax.tree.unflatten(tree, [rows(position) for position in range(len(leaves))])

    return differentiated


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Tree]:
    """The function x ↦ H, H_{ij} = ∂²f/∂x_i∂x_j, of a scalar function f.

    Args:
        f: a function of arrays and pytrees with one floating number as its output.
        argnums: the argument to differentiate, or several.

    Returns:
        A function of f's arguments; its result is the Jacobian of the gradient: the argument's structure, nested in
        itself.

    Raises:
        GraphError: when called, as `value_and_grad`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(jnp.array([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, ...]:
    """The product of the Hessian of a scalar function with a direction, H·v, at the cost of a few gradients.

    Args:
        f: a function of arrays and pytrees with one floating number as its output.
        primals: the arguments of f.
        tangents: the direction v: one entry an argument, of its structure and shapes.

    Returns:
        H·v as a tuple, one entry an argument.

    Raises:
        GraphError: f cannot be traced or differentiated, or the tangents do not fit the primals.

    >>> hvp(lambda x: x[0] ** 2 * x[1], (jnp.array([1.0, 2.0]),), (jnp.array([1.0, 0.0]),))[0].tolist()
    [4.0, 2.0]
    """
    primals, tangents = tuple(primals), tuple(tangents)
    check_floating(f, primals, range(len(primals)))
    expected, received = (jax.tree.map(lambda x: write(jnp.shape(x)), tree) for tree in (primals, tangents))
    if expected != received:
        raise GraphError(
            f"the direction of shapes {received} does not fit the arguments of shapes {expected}: give one "
            "tangent an argument, of its structure and shapes"
        )
    primals = jax.tree.map(jnp.asarray, primals)
    tangents = jax.tree.map(lambda v, x: jnp.asarray(v, x.dtype), tangents, primals)
    return jax.jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
