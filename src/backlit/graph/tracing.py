"""Function → jaxpr → tape: the list of elementary operations that a function performs on arrays.

JAX runs the function once on abstract arrays and writes down every primitive it calls (a jaxpr). A nested `jit` is
opened, so that the tape is one flat list, and every equation keeps the path of the `jax.named_scope`s around it.

Source: R. E. Wengert, "A simple automatic derivative evaluation program", 1964 (the tape).
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
from jax.extend import core

from backlit.errors import GraphError


class Variable:
    """One value of a program: its shape and dtype, before it is known."""

    __slots__ = ("aval",)

    def __init__(self, aval: Any) -> None:
        self.aval = aval


class Literal:
    """A number written into the program."""

    __slots__ = ("aval", "val")

    def __init__(self, val: Any, aval: Any) -> None:
        self.val, self.aval = val, aval


Atom: TypeAlias = Variable | Literal


@dataclass(eq=False, slots=True)
class Equation:
    """outputs = primitive(inputs; params), inside the layer `path`."""

    primitive: Any
    params: dict[str, Any]
    inputs: list[Atom]
    outputs: list[Variable]
    path: str = ""
    effects: bool = False
    """Whether it does more than compute: a print or a callback, which stays even where its result is not needed."""


@dataclass(eq=False, slots=True)
class Tape:
    """The equations of a program in the order of their evaluation; `tree` is the structure of its outputs."""

    inputs: list[Variable]
    constants: dict[Atom, Any]
    equations: list[Equation]
    outputs: list[Atom]
    tree: Any = None


def trace_function(f: Callable[..., Any], *args: Any) -> Tape:
    """The tape of a function of arrays and pytrees.

    Args:
        f: a function made of JAX operations.
        args: its arguments; only their shapes and dtypes are used.

    Raises:
        GraphError: an argument or result is not an array, or Python needs a value that is not known while tracing.
    """
    if not callable(f):
        raise GraphError(f"a function is traced, not {f!r}")
    check_arrays(args, "an argument")

    def traced(*arguments: Any) -> Any:  # a new function each time: JAX must not answer from its cache
        result = f(*arguments)
        check_arrays(result, "the result")
        return result

    try:
        closed, shapes = jax.make_jaxpr(traced, return_shape=True)(*args)
    except (
        jax.errors.ConcretizationTypeError,
        jax.errors.NonConcreteBooleanIndexError,
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerIntegerConversionError,
    ) as error:
        raise GraphError(
            f"{name_of(f)} asks for the value of an array while it is traced (by `if`, `while`, `float()`, a "
            "mask as an index, or NumPy): use jnp.where, jax.lax.cond or jax.lax.scan, or close over what "
            "decides as a Python value"
        ) from error
    tape = open_jaxpr(closed)
    tape.tree = jax.tree.structure(shapes)
    return tape


def open_jaxpr(jaxpr: Any) -> Tape:
    """The tape of a jaxpr, closed (with its constants) or not."""
    inner, constants = (jaxpr.jaxpr, jaxpr.consts) if isinstance(jaxpr, core.ClosedJaxpr) else (jaxpr, ())
    tape = Tape([Variable(variable.aval) for variable in inner.invars], {}, [], [])
    tape.outputs = unroll(inner, constants, tape.inputs, "", tape)
    return tape


def unroll(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Atom], path: str, tape: Tape) -> list[Atom]:
    """Append a jaxpr's equations to the tape, opening the calls inside, and return its outputs."""
    atoms: dict[Any, Atom] = dict(zip(jaxpr.invars, arguments, strict=True))
    for variable, constant in zip(jaxpr.constvars, constants, strict=True):
        atoms[variable] = Variable(variable.aval)
        tape.constants[atoms[variable]] = constant

    def read(atom: Any) -> Atom:
        return Literal(atom.val, atom.aval) if isinstance(atom, core.Literal) else atoms[atom]

    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        inner_path = "/".join(filter(None, (path, str(equation.source_info.name_stack))))
        call = callee(equation)
        outputs: Sequence[Atom]
        if call is None:
            variables = [Variable(variable.aval) for variable in equation.outvars]
            tape.equations.append(
                Equation(
                    equation.primitive, equation.params, inputs, variables, inner_path, effects=bool(equation.effects)
                )
            )
            outputs = variables
        else:
            inner, consts = (call.jaxpr, call.consts) if isinstance(call, core.ClosedJaxpr) else (call, ())
            outputs = unroll(inner, consts, inputs, inner_path, tape)
        atoms.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def callee(equation: Any) -> Any:
    """The jaxpr of a plain call, which is opened; None for everything else, a `jit` with shardings included."""
    name, params = equation.primitive.name, equation.params
    if name in ("closed_call", "core_call", "call"):
        return params["call_jaxpr"]
    if name in ("jit", "pjit"):
        shardings = (*params.get("in_shardings", ()), *params.get("out_shardings", ()))
        if not any(isinstance(sharding, jax.sharding.Sharding) for sharding in shardings):
            return params["jaxpr"]
    return None


def check_arrays(tree: Any, what: str) -> None:
    """Raise where a leaf is not an array or a number."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if not hasattr(leaf, "dtype") and not isinstance(leaf, (bool, int, float, complex)):
            raise GraphError(
                f"{what} holds a {type(leaf).__name__} at {jax.tree_util.keystr(path) or 'its root'}: a function can "
                "be traced through arrays, numbers and pytrees of them only"
            )


def name_arguments(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The name of every array among the arguments: `x`, `params['dense_1']['weight']`."""
    try:
        bound = inspect.signature(f).bind(*args).arguments
    except (TypeError, ValueError):
        bound = {f"argument_{i}": value for i, value in enumerate(args)}
    leaves = [(name, *leaf) for name, value in bound.items() for leaf in jax.tree_util.tree_leaves_with_path(value)]
    return [name + jax.tree_util.keystr(path) for name, path, _ in leaves]


def name_of(f: Callable[..., Any]) -> str:
    """A function's name for messages."""
    return getattr(f, "__name__", type(f).__name__)
