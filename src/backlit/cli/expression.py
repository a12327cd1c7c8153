"""The expressions of `backlit graph`: arithmetic, the activation functions and a few of mathematics.

    expression = number | name | function "(" expression {"," expression} ")" | "(" expression ")"
               | ("+" | "-") expression | expression ("+" | "-" | "*" | "/" | "**") expression

Text is parsed with `ast` against this grammar; nothing in it is ever evaluated as Python.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax.numpy as jnp

from backlit.errors import InputError, NotationError, nearest
from backlit.functions.activations import ACTIVATIONS

LONGEST = 1_000
Function: TypeAlias = Callable[..., Any]

OPERATORS: dict[type[ast.AST], Function] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS: dict[str, tuple[int, Function]] = {
    **{name.lower(): (1, entry.function) for name, entry in ACTIVATIONS.items() if name != "Softmax"},
    **{f.__name__: (1, f) for f in (jnp.exp, jnp.log, jnp.sqrt, jnp.sin, jnp.cos, jnp.abs)},
    "max": (2, jnp.maximum),
    "min": (2, jnp.minimum),
}


@dataclass(frozen=True)
class Expression:
    """A parsed expression: its text, its variables in order of appearance, and the function that it writes."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """The value, given one for each name."""
        return evaluate(self.tree, values)


def read_expression(text: str) -> Expression:
    """The expression that a text writes.

    Raises:
        NotationError: naming the part that cannot be read.

    >>> read_expression("(x + y) * z").names
    ('x', 'y', 'z')
    """
    if len(text) > LONGEST:
        raise NotationError(f"the expression has {len(text):,} characters, and at most {LONGEST:,} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        names = tuple(dict.fromkeys(variables(tree)))
    except NotationError:
        raise
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        raise NotationError(f"cannot read the expression {text[:60]!r}: write it as (x+y)*z") from None
    if not names:
        raise NotationError(f"the expression {text!r} has no variable: write it as (x+y)*z, and give x, y and z")
    return Expression(text, names, tree)


def variables(node: ast.expr) -> list[str]:
    """The variables of a tree, in order, once all of it is known to be in the grammar."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return []
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise NotationError(f"{name} is a function: write {name}(x), and give the variable another name")
            return [name]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in OPERATORS:
            return variables(operand)
        case ast.BinOp(left=left, op=ast.BitXor(), right=right):
            raise NotationError(f"^ is no power here: write {ast.unparse(left)}**{ast.unparse(right)}")
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            return [*variables(left), *variables(right)]
        case ast.Call(func=ast.Name(id=name), args=items, keywords=[]):
            if name not in FUNCTIONS:
                raise NotationError(f"unknown function {name!r}: {nearest(name, FUNCTIONS)}")
            if len(items) != FUNCTIONS[name][0]:
                raise NotationError(f"{name} takes {FUNCTIONS[name][0]} values, not {len(items)}: {ast.unparse(node)}")
            return [name for item in items for name in variables(item)]
    raise NotationError(
        f"cannot read {ast.unparse(node)[:60]!r}: an expression is made of numbers, names, + - * / **, brackets, "
        f"and the functions {', '.join(sorted(FUNCTIONS))}"
    )


def evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of a tree of the grammar."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=sign, operand=operand):
            return OPERATORS[type(sign)](evaluate(operand, values))
        case ast.BinOp(left=left, op=sign, right=right):
            return combine(node, OPERATORS[type(sign)], evaluate(left, values), evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=items):
            return FUNCTIONS[name][1](*(evaluate(item, values) for item in items))
    raise AssertionError(ast.dump(node))


def combine(node: ast.BinOp, operation: Function, left: Any, right: Any) -> Any:
    """Two values joined by an operator; a small whole power stays whole, so that x**2 is a square."""
    if isinstance(node.op, ast.Pow) and isinstance(right, float) and right.is_integer() and abs(right) <= 64:
        right = int(right)
    try:
        value = operation(left, right)
    except ArithmeticError:
        value = None
    if value is None or isinstance(value, complex):
        raise NotationError(f"{ast.unparse(node)} is no real, finite number")
    return value


def read_values(pairs: list[str], names: tuple[str, ...]) -> dict[str, float]:
    """The values of an expression's variables, from texts such as `x=-2`, in the expression's order.

    Raises:
        InputError: a value is no number, or a name is missing, unknown or given twice.
    """
    values: dict[str, float] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise InputError(f"cannot read {pair!r}: give each variable a number, as {names[0]}=-2")
        if name not in names:
            raise InputError(f"the expression has no variable {name!r}: {nearest(name, names)}")
        if name in values:
            raise InputError(f"the variable {name} is given twice: {values[name]:g} and {text}")
        try:
            values[name] = float(text)
        except ValueError:
            raise InputError(f"{name}={text}: {text!r} is no number") from None
        if not math.isfinite(values[name]):
            raise InputError(f"{name}={text}: the value must be finite")
    missing = [name for name in names if name not in values]
    if missing:
        raise InputError(f"no value for {', '.join(missing)}: add {' '.join(f'{name}=1' for name in missing)}")
    return {name: values[name] for name in names}
