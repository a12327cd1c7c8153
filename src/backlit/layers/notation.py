"""The notation: `Dense(64), ReLU, Dense(10)`, the same in Python, on the command line and in saved files.

    network  = block {"," block}
    block    = name [ "(" [value {"," value}] {"," name "=" value} ")" ]
    value    = number | text | True | False | None | tuple | block | initializer

Text is parsed against the closed registry of layers and initializers; nothing is evaluated or imported by name.
Writing is `str(block)` and, for a whole network, `write(network)`.
"""

import ast
import math
import warnings
from inspect import Parameter, Signature, signature
from typing import Any

from backlit.errors import InputError, NotationError, nearest
from backlit.functions.initializers import INITIALIZERS
from backlit.layers.block import Block, literal
from backlit.layers.composition import Sequential
from backlit.layers.registry import LAYERS

LONGEST = 100_000
DEEPEST = 50
BUILDABLE: dict[str, Any] = {**INITIALIZERS, **LAYERS}


def read(text: str) -> Sequential:
    """The network that a text describes.

    Raises:
        NotationError: naming the part that cannot be read, with the nearest known name.
        SettingError: for a hyperparameter out of range.

    >>> print(read("Dense(64), ReLU, Dense(10)").blocks[1])
    ReLU
    """
    items = _parse(text)
    blocks = [_value(item, text, DEEPEST) for item in items]
    for item, block in zip(items, blocks, strict=True):
        if not isinstance(block, Block):
            raise NotationError(f"{_part(item, text)} is no layer: a network is made of layers such as Dense(64)")
    if len(blocks) == 1 and type(blocks[0]) is Sequential:
        return blocks[0]
    return Sequential(*blocks)


def write(network: Block) -> str:
    """The text of a network, which `read` turns into an equal one (a lone layer into the Sequential of it)."""
    if type(network) is Sequential and network.blocks and type(network.blocks[0]) is not Sequential:
        return ", ".join(literal(block) for block in network.blocks)
    return str(network)


def _parse(text: str) -> list[ast.expr]:
    if not text.strip():
        raise NotationError("the network is empty: write it as Dense(64), ReLU, Dense(10)")
    if len(text) > LONGEST:
        raise NotationError(f"the network's text has {len(text):,} characters, and at most {LONGEST:,} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser's remarks on odd text, such as '\d'
            tree = ast.parse(f"network(\n{text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "this is no text of a network"
        raise _unreadable(text, reason) from None
    match tree:
        case ast.Call(func=ast.Name(id="network"), args=[_, *_] as items, keywords=[]):
            return items
    raise _unreadable(text, "this is no row of layers")


def _unreadable(text: str, reason: str) -> NotationError:
    return NotationError(f"cannot read the network {_short(text)}: {reason}; write it as Dense(64), ReLU, Dense(10)")


def _value(node: ast.expr, text: str, depth: int) -> Any:
    if not depth:
        raise NotationError(f"the network's brackets nest deeper than {DEEPEST}: {_short(text)}")
    match node:
        case ast.Constant(value=bool() | str() | None as value):
            return value
        case ast.Constant(value=int() | float() as value) if _is_modest(value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if _is_modest(value):
            return -value
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(_value(item, text, depth - 1) for item in items)
        case ast.Name(id=name):
            return _build(name, [], {})
        case ast.Call(func=ast.Name(id=name), args=values, keywords=settings) if all(s.arg for s in settings):
            named = {str(s.arg): _value(s.value, text, depth - 1) for s in settings}
            if len(named) < len(settings):
                raise NotationError(f"{_part(node, text)} gives a setting twice")
            return _build(name, [_value(value, text, depth - 1) for value in values], named)
    raise NotationError(f"cannot read {_part(node, text)}: layers take numbers, texts, tuples and layers only")


def _is_modest(number: float) -> bool:
    return number.bit_length() <= 64 if isinstance(number, int) else math.isfinite(number)


def _build(name: str, values: list[Any], settings: dict[str, Any]) -> Any:
    if name not in BUILDABLE:
        raise NotationError(f"unknown layer {name!r}: {nearest(name, LAYERS)}")
    known = signature(BUILDABLE[name])
    for setting in settings:
        if setting not in known.parameters:
            raise NotationError(f"{name} has no setting {setting!r}: {nearest(setting, known.parameters)}")
    try:
        known.bind(*values, **settings)
    except TypeError as error:
        raise NotationError(f"{name}: {error}; it is written {name}{_written(known)}") from None
    try:
        return BUILDABLE[name](*values, **settings)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        raise NotationError(f"{name} cannot be built: {error}") from None


def _written(known: Signature) -> str:
    parameters = [parameter.replace(annotation=Parameter.empty) for parameter in known.parameters.values()]
    return str(known.replace(parameters=parameters, return_annotation=Signature.empty))


def _part(node: ast.expr, text: str) -> str:
    source = ast.get_source_segment(f"network(\n{text}\n)", node)
    return _short(source or text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
