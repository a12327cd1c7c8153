"""A graph in words and numbers, as a lecture writes it: one aligned line a node."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from backlit.graph.tracing import Equation
from backlit.shapes import write

if TYPE_CHECKING:
    from backlit.graph.node import Graph, Node

SIGNS = {"add": "+", "add_any": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "gt": ">", "lt": "<"}


def write_graph(graph: "Graph") -> str:
    """A table with one line a node: name, layer, operation, shape, value, gradient."""
    rows = [("name", "layer", "operation", "shape", "value", "gradient")]
    rows += [
        (
            node.name,
            node.path,
            write_operation(node),
            write(node.shape),
            write_value(node.value),
            write_value(node.upstream),
        )
        for node in graph.nodes
    ]
    used = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in used]
    template = "  ".join(f"{{:{width}}}" for width in widths)
    return "\n".join(template.format(*line).rstrip() for line in zip(*used, strict=True))


def write_operation(node: "Node") -> str:
    """`x + y`, `tanh(v3)`: the operation with the names of its inputs."""
    names = [getattr(x, "name", None) or write_value(x) for x in node.inputs]
    if node.operation in SIGNS and len(names) == 2:
        return f" {SIGNS[node.operation]} ".join(names)
    if node.equation is None:
        return node.operation
    if node.operation == "integer_pow":
        return f"{names[0]} ** {node.equation.params['y']}"
    if node.operation == "neg":
        return f"-{names[0]}"
    return f"{label(node.equation)}({', '.join(names)})"


def label(equation: Equation) -> str:
    """The operation's name; a function with its own derivative goes by the function's name."""
    inner = getattr(equation.params.get("call_jaxpr"), "jaxpr", None)
    name = equation.primitive.name
    return getattr(getattr(inner, "debug_info", None), "func_name", "sigmoid" if name == "logistic" else name)


def write_value(value: Any) -> str:
    """A small array in full, a large one as mean ± standard deviation; "" for what is not known."""
    if value is None:
        return ""
    if not any(jnp.issubdtype(jnp.result_type(value), kind) for kind in (jnp.number, jnp.bool_)):
        return str(jnp.result_type(value))
    array = np.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.floating):
        array = array.astype(np.float64) + 0  # of −0 makes 0
    if array.size <= 6:
        return np.array2string(array, precision=4, separator=", ", threshold=6).replace("\n", "")
    return f"{array.mean():.4g} ± {array.std():.4g}"
