"""The marks of a drawn graph: what lectures write into a node, and along an edge."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from backlit.graph.lecture import label
from backlit.shapes import write

if TYPE_CHECKING:
    from backlit.graph.node import Node

SMALL = 6
BINARY = {"add": "+", "add_any": "+", "sub": "−", "mul": "×", "div": "÷", "max": "max", "min": "min"}
MARKS = {
    "abs": "|x|",
    "broadcast_in_dim": "broadcast",
    "conv_general_dilated": "conv",
    "dot_general": "matmul",
    "eq": "=",
    "ge": "≥",
    "gt": ">",
    "le": "≤",
    "lt": "<",
    "ne": "≠",
    "neg": "×−1",
    "pow": "xʸ",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_sum": "Σ",
    "rsqrt": "1/√x",
    "select_n": "select",
    "sigmoid": "σ",
    "sqrt": "√",
    "square": "x²",
    "stop_gradient": "stop",
}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(node: "Node") -> str:
    """What is written into a node: +, ×, σ, exp; with a number of the program, what it does with it: +1, 1/x."""
    equation = node.equation
    assert equation is not None
    name = node.operation
    if name in BINARY:
        return with_number(BINARY[name], [getattr(x, "name", None) or write_number(x) for x in node.inputs], node)
    if name == "integer_pow":
        power = equation.params["y"]
        return "1/x" if power == -1 else f"x{str(power).translate(RAISED)}"
    if name == "convert_element_type":
        return str(jnp.dtype(equation.params["new_dtype"]))
    own = label(equation)
    return MARKS.get(own, own.replace("_", " "))


def with_number(sign: str, names: list[str], node: "Node") -> str:
    """A sign with the number that is written into the program, on its side."""
    left, right = (not hasattr(x, "inputs") for x in node.inputs)
    if left and sign == "÷":
        return f"{names[0]}/x"
    if left and sign == "−":
        return f"{names[0]}−"
    number = names[0] if left else names[1] if right else ""
    return f"{sign} {number}" if number and sign.isalpha() else f"{sign}{number}"


def write_number(value: Any, digits: int = 4) -> str:
    """A number with so many digits at most, with a minus as print has it; −0 is 0.

    >>> write_number(-0.25), write_number(3), write_number(-0.0)
    ('−0.25', '3', '0')
    """
    if jnp.issubdtype(jnp.result_type(value), jnp.bool_):
        return str(bool(value)).lower()
    return f"{value + 0:.{digits}g}".replace("-", "−").replace("e+0", "e").replace("e−0", "e−")


def write_amount(value: Any, shaped: bool = True) -> tuple[str, ...]:
    """What flows along an edge, in lines: a small array in full, a large one as shape, mean and standard deviation.

    Args:
        value: an array; None: nothing flows.
        shaped: whether the shape of a large array is written.

    >>> write_amount(np.float32(-12)), write_amount(np.array([[1.0, -2.0], [3.0, 4.0]]))
    (('−12',), ('[1  −2]', '[3  4]'))
    >>> write_amount(np.full((8, 3), 0.5))
    ('8×3', '0.5 ± 0')
    """
    if value is None:
        return ()
    if not any(jnp.issubdtype(jnp.result_type(value), kind) for kind in (jnp.number, jnp.bool_)):
        return (str(jnp.result_type(value)),)
    array = np.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.floating):
        array = array.astype(np.float64)
    if array.ndim == 0:
        return (write_number(array[()]),)
    if array.size <= SMALL and array.size:
        return tuple(f"[{'  '.join(map(write_number, row))}]" for row in array.reshape(-1, array.shape[-1]))
    if not array.size:
        return (write(array.shape),)
    spread = f"{write_number(array.mean(), 3)} ± {write_number(array.std(), 3)}"
    return (write(array.shape), spread) if shaped else (spread,)
