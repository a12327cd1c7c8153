"""A small network as lectures draw it: a circle for each neuron, a line for each weight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.drawing.drawing import Drawing
from backlit.drawing.svg import element, escape, number, picture, width_of, write
from backlit.layers.plan import Plan

if TYPE_CHECKING:
    from backlit.layers.block import Block

MOST = 12
RADIUS, DOWN, ACROSS, MARGIN = 14.0, 38.0, 90.0, 16.0
TITLE, TEXT = 13.0, 11.0
WIDEST = 4.0


@dataclass(frozen=True)
class Column:
    """Neurons one above the other, with what is written above and below them."""

    name: str
    units: int
    parameters: Mapping[str, Any] | None = None
    count: int = 0
    after: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The lines below."""
        return [*self.after, f"{self.count:,} parameters"] if self.count else self.after

    @property
    def width(self) -> float:
        """The width of the words."""
        return max(width_of(self.name, TITLE), 2 * RADIUS, *(width_of(word, TEXT) for word in self.words), 0.0)

    def label(self, unit: int) -> str:
        """A neuron's name."""
        return f"x{unit + 1}" if self.name == "input" else f"{self.name}[{unit}]"


def why_not(plan: Plan) -> str:
    """Why a network is not drawn as neurons; '' where it is."""
    layers = plan.parts or {"the network": plan}
    if plan.branched or plan.residual or plan.repeats > 1:
        return "the network has branches"
    if len(plan.input) != 1:
        return "its input has more than one axis"
    dense = 0
    for name, part in layers.items():
        if is_dense(part):
            dense += 1
        elif part.parts or part.input != part.output or "weight" in part.parameters:
            return f"{name} is of another kind"
    widest = max(size for part in layers.values() for size in (*part.input, *part.output))
    if widest > MOST:
        return f"a layer of it has {widest:,} units (at most {MOST})"
    return "" if dense else "it has none"


def is_dense(plan: Plan) -> bool:
    """Whether each output is joined with each input by a weight."""
    weight = plan.parameters.get("weight")
    return (
        weight is not None
        and weight.shape == (*plan.input, *plan.output)
        and set(plan.parameters) <= {"weight", "bias"}
    )


def draw_neurons(block: "Block", plan: Plan, parameters: Mapping[str, Any] | None) -> Drawing:
    """The drawing.

    Args:
        block: the network.
        plan: its plan, for which `why_not` says nothing.
        parameters: its parameters; None: lines are all alike.
    """
    columns = [Column("input", plan.input[0])]
    blocks = block.parts(plan.input)
    for name, part in (plan.parts or {type(block).__name__.lower(): plan}).items():
        if is_dense(part):
            held = None if parameters is None else parameters[name] if plan.parts else parameters
            columns.append(Column(name, part.output[0], held, part.size))
        else:
            columns[-1].after.append(str(blocks[name]))
    height = DOWN * max(column.units for column in columns)
    x, centers = MARGIN, []
    for column in columns:
        centers.append(x + column.width / 2)
        x += column.width + ACROSS
    top = MARGIN + TITLE * 1.6

    def place(i: int, unit: int) -> tuple[float, float]:
        return centers[i], top + height / 2 + DOWN * (unit - (columns[i].units - 1) / 2)

    drawn = []
    for i, column in enumerate(columns[1:]):
        drawn += draw_weights(columns[i], column, i, place)
    for i, column in enumerate(columns):
        drawn.append(write(column.name, centers[i], MARGIN + TITLE, TITLE, "name"))
        drawn += [draw_neuron(column, unit, *place(i, unit)) for unit in range(column.units)]
        drawn += [
            write(word, centers[i], top + height + TEXT * (1.5 + 1.35 * line), TEXT, "small")
            for line, word in enumerate(column.words)
        ]
    below = top + height + TEXT * (1.5 + 1.35 * max(len(column.words) for column in columns))
    caption = [f"{plan.neurons:,} neurons, {plan.size:,} parameters"]
    if parameters is not None:
        caption.append("Lines are as wide as the weights are large: solid above 0, dashed below")
    drawn += [
        write(line, MARGIN, below + TEXT * (1 + 1.35 * row), TEXT, "caption", "start")
        for row, line in enumerate(caption)
    ]
    width = max(x - ACROSS, MARGIN + max(width_of(line, TEXT) for line in caption)) + MARGIN
    title = str(block)
    return Drawing(picture(width, below + TEXT * (1 + 1.35 * len(caption)) + MARGIN / 2, title, *drawn), title)


def draw_weights(before: Column, column: Column, i: int, place: Any) -> list[str]:
    """The lines between two columns."""
    weights = None if column.parameters is None else np.asarray(column.parameters["weight"], float)
    largest = float(np.abs(weights).max()) if weights is not None else 0.0
    drawn = []
    for source in range(before.units):
        for target in range(column.units):
            (x, y), (end, stop) = place(i, source), place(i + 1, target)
            weight = None if weights is None else float(weights[source, target])
            names = before.label(source), column.label(target)
            kind = "" if weight is None else " positive" if weight >= 0 else " negative"
            width = (
                None if weight is None else f"stroke-width: {0.3 + (WIDEST - 0.3) * abs(weight) / (largest or 1):.2f}"
            )
            told = f"{names[0]} → {names[1]}" + ("" if weight is None else f": {weight:.4g}")
            start, stopped = f"{number(x)},{number(y)}", f"{number(end)},{number(stop)}"
            line = element("path", class_=f"line{kind}", style=width, d=f"M{start}L{stopped}")
            drawn.append(
                element(
                    "g",
                    element("title", escape(told)),
                    line,
                    class_="edge",
                    data_from=names[0],
                    data_to=names[1],
                    data_weight=None if weight is None else f"{weight:.9g}",
                )
            )
    return drawn


def draw_neuron(column: Column, unit: int, x: float, y: float) -> str:
    """A circle."""
    name = column.label(unit)
    bias = column.parameters.get("bias") if column.parameters is not None else None
    told = name if bias is None else f"{name}: bias {float(bias[unit]):.4g}"
    first = column.name == "input"
    return element(
        "g",
        element("title", escape(told)),
        element("circle", class_="shape", cx=x, cy=y, r=RADIUS),
        write(name, x, y + 4, TEXT, "name") if first else "",
        class_="node input" if first else "node neuron",
        data_name=name,
        data_bias=None if bias is None else f"{float(bias[unit]):.9g}",
    )
