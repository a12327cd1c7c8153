"""`backlit graph`: values and gradients at every node of an expression."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    from backlit.graph import Graph, Path


def graph(
    expression: Annotated[
        str, typer.Argument(metavar="EXPRESSION", help="Numbers, names, + - * / **, brackets and functions.")
    ],
    values: Annotated[list[str] | None, typer.Argument(metavar="NAME=NUMBER", help="A number for each name.")] = None,
    output: options.Drawn = None,
    steps: Annotated[bool, typer.Option("--steps", help="Number the steps in the drawing.")] = False,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="NAME:I", help="Light the I-th path from this name in the drawing, from 1."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show the value and the gradient at every node of an expression.

    Forward, every node gets its value. Backward, every node gets ∂f/∂node,
    the sum over the nodes it feeds of upstream gradient × local derivative.
    Functions: the activations (sigmoid, tanh, relu, ...) and abs, cos, exp,
    log, max, min, sin, sqrt.
    """
    place = options.check_drawing(output)
    if (steps or path) and not place:
        raise SettingError("--steps and --path say how the graph is drawn: add -o graph.svg")

    import jax.numpy as jnp

    from backlit.functions.activations import ACTIVATIONS
    from backlit.graph import parse, trace

    functions = {entry.function.__name__: entry.function for entry in ACTIVATIONS.values() if entry.derivative}
    functions |= {f.__name__: f for f in (jnp.abs, jnp.cos, jnp.exp, jnp.log, jnp.sin, jnp.sqrt)}
    parsed = parse(expression, {**functions, "max": jnp.maximum, "min": jnp.minimum})
    numbers = read_values(values or [], parsed.names)
    traced = trace(parsed, *map(jnp.float32, numbers.values()))
    result = float(traced.forward())
    gradients = dict(zip(numbers, map(float, traced.backward()), strict=True))
    if place:
        lit = read_path(path, traced) if path else None
        traced.draw(lit, steps=steps, title=f"{expression} = {result:.4g}", path=place)
    if as_json:
        print_json(
            {
                "expression": expression,
                "value": result,
                "gradients": gradients,
                "nodes": describe(traced),
            }
        )
        return
    report = Report()
    report.line(str(traced))
    report.line()
    report.line(f"{expression} = {result:.4g}", style="bold")
    if place:
        report.line(f"Drawing: {place}")


def describe(traced: "Graph") -> list[dict[str, Any]]:
    """The nodes of a graph as plain values."""
    return [
        {
            "name": node.name,
            "operation": node.operation,
            "inputs": [getattr(item, "name", item) for item in node.inputs],
            "value": node.value,
            "gradient": node.upstream,
        }
        for node in traced.nodes
    ]


def read_path(text: str, traced: "Graph") -> "Path":
    """One path of a graph, from a text such as `x` or `x:2`.

    Raises:
        SettingError: no such path leads from there.
    """
    name, _, place = text.partition(":")
    found = traced.paths(name) if name in [node.name for node in traced] else []
    if not found:
        names = [node.name for node in traced]
        raise SettingError(f"--path {text}: no path leads from {name!r}: {nearest(name, names)}")
    if (place and not place.isdecimal()) or not 1 <= int(place or 1) <= len(found):
        raise SettingError(f"--path {text}: {len(found)} paths lead from {name}: write {name}:1 to {name}:{len(found)}")
    return found[int(place or 1) - 1]


def read_values(pairs: list[str], names: tuple[str, ...]) -> dict[str, float]:
    """The numbers of an expression's names, from texts such as `x=-2`, in the expression's order.

    Raises:
        InputError: a value is no number, or a name is missing, unknown or given twice.

    >>> read_values(["y=5", "x=-2"], ("x", "y"))
    {'x': -2.0, 'y': 5.0}
    """
    if not names:
        raise InputError("the expression has no name: write one such as (x+y)*z, and give x, y and z their numbers")
    values: dict[str, float] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise InputError(f"cannot read {pair!r}: give each name a number, such as {names[0]}=-2")
        if name not in names:
            raise InputError(f"the expression has no {name!r}: {nearest(name, names)}")
        if name in values:
            raise InputError(f"{name} is given twice: {values[name]:g} and {text}")
        try:
            values[name] = float(text)
        except ValueError:
            values[name] = math.nan
        if not math.isfinite(values[name]):
            raise InputError(f"{name}={text}: a finite number is needed, such as {name}=-2")
    missing = [name for name in names if name not in values]
    if missing:
        raise InputError(f"no number for {', '.join(missing)}: add {' '.join(f'{name}=1' for name in missing)}")
    return {name: values[name] for name in names}
