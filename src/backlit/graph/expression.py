"""Arithmetic in text, such as `(x+y)*z` or `sigmoid(w0*x0+w1*x1+w2)`, read into a function of its names.

The text is parsed, never evaluated as Python: numbers, names, + − * / **, brackets and calls of the given functions.
"""

import ast
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import jax.numpy as jnp

from backlit.errors import NotationError, nearest
from backlit.shapes import Array

LONGEST = 2000
DEEPEST = 200
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: jnp.add,
    ast.Sub: jnp.subtract,
    ast.Mult: jnp.multiply,
    ast.Div: jnp.divide,
    ast.Pow: jnp.power,
    ast.USub: jnp.negative,
    ast.UAdd: jnp.positive,
}


@dataclass(frozen=True)
class Expression:
    """A function of the names in a text.

    Attributes:
        text: the text.
        names: its names, in the order in which they first appear.
    """

    text: str
    names: tuple[str, ...]
    tree: ast.expr = field(repr=False)
    functions: Mapping[str, Callable[..., Any]] = field(repr=False)

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.names])

    def __call__(self, *values: Any, **named: Any) -> Array:
        """The value where the names have these values, given in the order of `names` or by name.

        Raises:
            NotationError: a value is missing or is not in the text.
        """
        bound = {**dict(zip(self.names, values, strict=False)), **named}
        missing = [name for name in self.names if name not in bound]
        extra = [name for name in bound if name not in self.names]
        if missing or extra or len(values) > len(self.names):
            problem = (
                f"no value for {', '.join(missing)}" if missing else f"a value for {', '.join(extra) or 'no name'}"
            )
            raise NotationError(f"{self.text} has {problem}: give one value to each of {', '.join(self.names)}")
        return jnp.asarray(compute(self.tree, bound, self.functions))


def parse(text: str, functions: Mapping[str, Callable[..., Any]]) -> Expression:
    """Read an expression.

    Args:
        text: numbers, names, + − * / **, brackets and calls; at most 2000 characters and 200 levels deep.
        functions: the functions that the text may call, by name; each takes and returns arrays.

    Raises:
        NotationError: the text is anything else, or calls an unknown function.

    >>> expression = parse("(x+y)*z", {})
    >>> expression.names, float(expression(x=-2.0, y=5.0, z=-4.0))
    (('x', 'y', 'z'), -12.0)
    """
    deepest = max(accumulate((c in "([{") - (c in ")]}") for c in text), default=0)
    if len(text) > LONGEST or deepest > DEEPEST:  # before the parser, which has no defense of its own
        raise NotationError(too_large(f"{len(text)} characters, {deepest} nested brackets"))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise NotationError(f"{text!r} is not an expression{where}: write arithmetic such as (x+y)*z") from error
    level: list[ast.AST] = [tree]
    depth = 0
    while level := [child for node in level for child in ast.iter_child_nodes(node)]:
        depth += 1
    if depth > DEEPEST:
        raise NotationError(too_large(f"{depth} nested operations"))
    names: dict[str, None] = {}
    check(tree, text.strip(), functions, names)
    return Expression(text.strip(), tuple(names), tree, functions)


def check(tree: ast.expr, text: str, functions: Mapping[str, Callable[..., Any]], names: dict[str, None]) -> None:
    """Raise where a part is not arithmetic; collect the names."""
    parts: list[ast.expr] = []
    match tree:
        case ast.Constant(value=value) if is_number(value):
            pass
        case ast.Name(id=name):
            if name in functions:
                raise NotationError(f"{name} in {text!r} is a function: write {name}(...), or rename the value")
            names[name] = None
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            parts = [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            parts = [left, right]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            parts = args
            if name not in functions:
                raise NotationError(f"{text!r} calls {name}, which is unknown: {nearest(name, functions)}")
        case _:
            part = ast.get_source_segment(text, tree) or type(tree).__name__
            raise NotationError(
                f"{part!r} in {text!r} is not arithmetic: use numbers, names, + - * / **, brackets, calls"
            )
    for inner in parts:
        check(inner, text, functions, names)


def compute(tree: ast.expr, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of a checked expression."""
    match tree:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(exponent))) if exponent <= DEEPEST:
            return jnp.power(compute(left, values, functions), exponent)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](compute(left, values, functions), compute(right, values, functions))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](compute(operand, values, functions))
        case ast.Call(func=ast.Name(id=name), args=args):
            try:
                return functions[name](*(compute(arg, values, functions) for arg in args))
            except TypeError as error:
                raise NotationError(f"{name} cannot be called with {len(args)} arguments: {error}") from error
    raise AssertionError("a checked expression has no other parts")


def is_number(value: Any) -> bool:
    """Whether a constant is a number that a float can hold."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def too_large(found: str) -> str:
    """What to say of a text that is too large to read."""
    return f"the expression is too large ({found}): at most {LONGEST} characters and {DEEPEST} levels are read"
