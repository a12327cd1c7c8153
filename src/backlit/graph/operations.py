"""Operations in words: `log` is a logarithm."""

from typing import TYPE_CHECKING

from backlit.graph.lecture import label

if TYPE_CHECKING:
    from backlit.graph.node import Node

WORDS = {
    "acos": "an arc cosine",
    "add": "a sum",
    "add_any": "a sum",
    "asin": "an arc sine",
    "atanh": "an inverse tanh",
    "cbrt": "a cube root",
    "cholesky": "a Cholesky decomposition",
    "constant": "a constant",
    "conv_general_dilated": "a convolution",
    "cos": "a cosine",
    "cumsum": "a running sum",
    "cumprod": "a running product",
    "custom_vjp_call": "a function with a derivative of its own",
    "div": "a division",
    "dot_general": "a matrix product",
    "dynamic_slice": "a slice",
    "eigh": "a decomposition into eigenvectors",
    "erf_inv": "an inverse error function",
    "exp": "an exponential",
    "exp2": "an exponential",
    "expm1": "an exponential",
    "gather": "a look-up by index",
    "input": "an argument",
    "integer_pow": "a power",
    "lgamma": "a logarithm of Γ",
    "log": "a logarithm",
    "log1p": "a logarithm",
    "logistic": "a sigmoid",
    "mul": "a product",
    "pow": "a power",
    "reduce_max": "a maximum",
    "reduce_min": "a minimum",
    "reduce_prod": "a product of many values",
    "reduce_sum": "a sum over many values",
    "rem": "a remainder",
    "rsqrt": "a division by a square root",
    "scan": "a loop",
    "scatter": "a write by index",
    "scatter-add": "a sum by index",
    "select_n": "a choice (where)",
    "sin": "a sine",
    "sqrt": "a square root",
    "square": "a square",
    "sub": "a difference",
    "tan": "a tangent",
    "tanh": "a tanh",
    "while": "a loop of unknown length",
}
"""Operations by JAX's names, as people call them."""


def in_words(node: "Node") -> str:
    """What makes a node, as people call it: 'a logarithm', 'a conversion to float16'."""
    if node.operation == "convert_element_type":
        return f"a conversion to {node.dtype}"
    if node.operation in WORDS and node.operation != "custom_vjp_call":
        return WORDS[node.operation]
    name = label(node.equation) if node.equation is not None else node.operation
    return f"the function {name}" if name != node.operation else WORDS.get(name, f"the operation {name}")
