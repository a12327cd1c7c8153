"""What a network makes of its input on the way: the output of any layer, and the code at its narrowest."""

from collections.abc import Callable, Iterator
from math import prod

from backlit.errors import SettingError, nearest
from backlit.layers.block import Context, Observer, Parameters, State
from backlit.layers.composition import Sequential
from backlit.layers.plan import Plan
from backlit.shapes import Array


def layer_reader(network: Sequential, plan: Plan, layer: str) -> Callable[[Parameters, State, Array], Array]:
    """The function (parameters, state, x) → the output of a layer, in evaluation mode.

    Args:
        network: the whole network.
        plan: of the network.
        layer: the layer's path, such as 'dense_2' or 'residual_1/conv_1'.

    Raises:
        SettingError: there is no such layer.
    """
    known = [path for path, _ in layers_of(plan)]
    if layer not in known:
        raise SettingError(f"the network has no layer {layer!r}: {nearest(layer, known)}")

    def read(parameters: Parameters, state: State, x: Array) -> Array:
        keep = Observer(lambda path, block, x, y: y)
        network.apply(parameters, state, x, Context(observe=keep))
        return keep.seen[layer]

    return read


def narrowest(plan: Plan) -> str:
    """The layer with the fewest outputs behind the first and before the last layer with parameters: the code.

    Raises:
        SettingError: there is none.
    """
    parts = list(plan.parts.items())
    trained = [place for place, (_, part) in enumerate(parts) if part.size]
    between = parts[trained[0] : trained[-1]] if trained else []
    if not between:
        raise SettingError("a code lies between two layers with parameters, and the network has none there")
    return min(between, key=lambda named: prod(named[1].output))[0]


def layers_of(plan: Plan, before: str = "") -> Iterator[tuple[str, Plan]]:
    """The layers with their paths, each before those inside it, which what repeats does not show."""
    for name, part in plan.parts.items():
        yield before + name, part
        if part.repeats == 1:
            yield from layers_of(part, f"{before}{name}/")
