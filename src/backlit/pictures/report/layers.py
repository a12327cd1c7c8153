"""The section on the layers: what each put out and how fast it learned, from the telemetry of the run."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from backlit.pictures.canvas import BLUE, ORANGE, VERMILLION
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.lines import line_chart, logarithms
from backlit.pictures.report.markup import join, table, tag, unfolding
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import percent
from backlit.training import History

MANY = 0.1  # of the units, that are dead or the outputs that are saturated
VANISHED = 1e-3  # of the gradient at the other end of the network
SLOW, FAST = 1e-5, 0.1  # updates of this share of the weights
SHOWN = 12  # layers at once
SHARES = {"zeros": BLUE, "saturated": ORANGE, "dead": VERMILLION}
HEADINGS = ("layer", "outputs", "zero", "saturated", "dead units", "gradient", "step")
KEY = (
    "Each line leads from the first epoch to the last, and the number is its end. Outputs: their mean, in the shade of "
    "their deviation. Saturated: outputs on a flat part of their function, where other inputs change next to nothing, "
    "so that nothing is learned there. Dead units: those that are there for every row, and learn no more. "
    "Gradient: its root mean square over the weights. Step: how much an update changes the weights, as their share. "
    "The scales of gradients and of steps are logarithmic, and the same for all layers."
)


class Layer(NamedTuple):
    """What is known of one layer, in the epochs that record it.

    Attributes:
        path: as the summary has it.
        mean, deviation: of its outputs.
        shares: 'zeros', and of an activation 'saturated' and 'dead'.
        gradient: the largest root mean square of the gradient by one of its weights; empty for none.
        step: the largest share of a weight that an update changes; empty for none.
    """

    path: str
    mean: np.ndarray
    deviation: np.ndarray
    shares: Mapping[str, np.ndarray]
    gradient: np.ndarray
    step: np.ndarray


def show_layers(evidence: Evidence) -> Section | None:
    """What each layer did; None without telemetry."""
    layers = layers_of(evidence.model.history)
    if not any(len(layer.gradient) for layer in layers):
        return None
    gradients, steps = _ends([layer.gradient for layer in layers]), _ends([100 * layer.step for layer in layers])
    lines = [_cells(layer, gradients, steps) for layer in layers]
    parts = [tag("p", KEY, class_="quiet"), table(HEADINGS, lines[:SHOWN], left=len(HEADINGS), stacks=True)]
    if len(lines) > SHOWN:
        more = table(HEADINGS, lines[SHOWN:], left=len(HEADINGS), stacks=True)
        parts.append(unfolding(f"{len(lines) - SHOWN} more layers", more))
    sentence = " ".join(filter(None, (_units(layers), _gradients(layers), _steps(layers))))
    return Section("layers", "Inside the layers", sentence, join(parts))


def layers_of(history: History) -> list[Layer]:
    """The layers that learn or are activations, in the order of the network."""
    columns = history.columns
    weights: dict[str, list[str]] = {}
    for name in columns:
        path, _, field = name.rpartition("/")
        if field == "gradient" and not path.endswith("bias"):
            weights.setdefault(path.rpartition("/")[0], []).append(path)
    layers = [name.removesuffix("/mean") for name in columns if name.endswith("/mean")]
    layers = [layer for layer in layers if layer in weights or f"{layer}/slope" in columns]
    kept = np.isfinite(history[f"{layers[0]}/mean"]) if layers else np.empty(0, bool)

    def largest(layer: str, field: str) -> np.ndarray:
        found = [history[f"{path}/{field}"][kept] for path in weights.get(layer, [])]
        return np.max(found, axis=0) if found else np.empty(0)

    with np.errstate(all="ignore"):
        return [
            Layer(
                path=layer,
                mean=history[f"{layer}/mean"][kept],
                deviation=history[f"{layer}/deviation"][kept],
                shares={name: history[f"{layer}/{name}"][kept] for name in SHARES if f"{layer}/{name}" in columns},
                gradient=largest(layer, "gradient"),
                step=largest(layer, "update") / largest(layer, "weight"),
            )
            for layer in layers
        ]


def _cells(layer: Layer, gradients: tuple[float, float], steps: tuple[float, float]) -> list[str]:
    low, high = layer.mean - layer.deviation, layer.mean + layer.deviation
    ends = (float(np.min(low, initial=0)), float(np.max(high, initial=0)))
    drawn = line_chart([layer.mean], "mean of the outputs", ends=ends, band=(low, high), colors=(BLUE,))
    words = f"{layer.mean[-1]:.2g} ± {layer.deviation[-1]:.2g}" if len(layer.mean) else ""
    cells: list[str] = [layer.path, join((drawn, tag("span", words)))]
    for name, color in SHARES.items():
        shares = layer.shares.get(name)
        cells.append("" if shares is None else _cell(shares, shares, (0.0, 1.0), percent(shares[-1]), color))
    for values, ends, unit in ((layer.gradient, gradients, ""), (100 * layer.step, steps, " %")):
        cells.append(_cell(values, logarithms(values), ends, f"{values[-1]:.2g}{unit}") if len(values) else "")
    return cells


def _cell(
    values: np.ndarray, drawn: Sequence[float] | np.ndarray, ends: tuple[float, float], words: str, color: str = BLUE
) -> str:
    """A line with its last number; the number alone, where it was the same all the time."""
    still = (values == values[0]).all()
    return words if still else join((line_chart([drawn], words, ends=ends, colors=(color,)), tag("span", words)))


def _ends(found: Sequence[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest logarithm in what is shown on one scale."""
    known = [value for values in found for value in logarithms(values) if np.isfinite(value)]
    return min(known, default=0.0), max(known, default=1.0)


def _units(layers: Sequence[Layer]) -> str:
    """What there is to say of dead and saturated units."""
    ends = {layer.path: {name: shares[-1] for name, shares in layer.shares.items() if len(shares)} for layer in layers}
    dead = {path: shares["dead"] for path, shares in ends.items() if "dead" in shares}
    full = {
        path: s["saturated"] - s["zeros"] for path, s in ends.items() if "saturated" in s
    }  # zeros of a ReLU are meant
    said = []
    if dead:
        worst = max(dead, key=lambda path: dead[path])
        many = dead[worst] > MANY
        which = f"In {worst}, {percent(dead[worst])} of the units are dead: they answer no row of a batch."
        most = (
            "No unit is dead." if dead[worst] == 0 else f"At most {percent(dead[worst])} of a layer's units are dead."
        )
        said.append(which if many else most)
    if full and max(full.values()) > MANY:
        worst = max(full, key=lambda path: full[path])
        said.append(f"In {worst}, {percent(ends[worst]['saturated'])} of the outputs are saturated: they hardly learn.")
    return " ".join(said)


def _gradients(layers: Sequence[Layer]) -> str:
    """Whether the gradients reach the first layer."""
    found = [(layer.path, known) for layer in layers if len(known := layer.gradient[np.isfinite(layer.gradient)])]
    if len(found) < 2:
        return ""
    (path, arrived), (_, sent) = found[0], found[-1]
    first, last = float(np.median(arrived)), float(np.median(sent))
    if first == 0:
        return f"No gradient arrives in {path}: it learns nothing." if last else "No gradient arrives in any layer."
    if first < VANISHED * last:
        return f"The gradients vanish: in {path} they are {first / last:.1g} of those in the last layer."
    if last < VANISHED * first:
        return f"The gradients explode: in {path} they are {first / last:,.0f} times those in the last layer."
    return "The gradients neither vanish nor explode on their way to the first layer."


def _steps(layers: Sequence[Layer]) -> str:
    """How much a step changed the weights in the last epoch, as the table has it."""
    ratios = {layer.path: float(layer.step[-1]) for layer in layers if len(layer.step) and layer.step[-1] > 0}
    ratios = {path: ratio for path, ratio in ratios.items() if np.isfinite(ratio)}
    if not ratios:
        return ""
    low, high = (best(ratios, key=lambda path: ratios[path]) for best in (min, max))
    said = f"At the end, a step changed the weights by {100 * ratios[low]:.2g} %"
    said += f" ({low}) to {100 * ratios[high]:.2g} % ({high}) of their size" if low != high else " of their size"
    if ratios[low] < SLOW:
        return f"{said}: some hardly moved, a larger learning rate may help."
    if ratios[high] > FAST:
        return f"{said}: some moved very fast, a smaller learning rate may help."
    return f"{said}; about 0.1 % is usual."
