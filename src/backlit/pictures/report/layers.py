"""The section on the layers: what each put out and how fast it learned, from the telemetry of the run."""

import numpy as np

from backlit.pictures.layers import plot_layers, plot_update_ratios
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.figures import figure
from backlit.pictures.report.markup import join, table, unfolding
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import percent
from backlit.training import History

MANY = 0.1  # of the units, that are dead or the outputs that are saturated
VANISHED = 1e-3  # of the largest gradient
SLOW, FAST = 1e-5, 0.1  # updates of this share of the weights
FIELDS = ("mean", "deviation", "zeros", "saturated", "dead")


def show_layers(evidence: Evidence) -> Section | None:
    """What each layer did; None without telemetry."""
    history = evidence.model.history
    if not any(name.endswith("/gradient") for name in history.columns):
        return None
    drawn = [
        figure("layers", lambda: plot_layers(history), "What each layer put out, epoch by epoch", wide=True),
        figure("updates", lambda: plot_update_ratios(history), "The size of the updates, epoch by epoch"),
    ]
    layers = [name.removesuffix("/deviation") for name in history.columns if name.endswith("/deviation")]
    lines = [[layer, *(_cell(history, f"{layer}/{field}") for field in FIELDS)] for layer in layers]
    shown = table(["layer, at the last", "mean", "deviation", "zeros", "saturated", "dead"], lines)
    sentence = " ".join((_units(history), _gradients(history), _updates(history)))
    return Section("layers", "Inside the layers", sentence, join((*drawn, unfolding("the last numbers", shown))))


def last(history: History, name: str) -> float:
    """The last recorded value of a column; NaN for none."""
    known = history[name][np.isfinite(history[name])] if name in history.columns else np.empty(0)
    return float(known[-1]) if len(known) else float("nan")


def _units(history: History) -> str:
    """What there is to say of dead and saturated units."""
    said = []
    for field, words in (
        ("dead", "units are dead: they answer no row of a batch"),
        ("saturated", "outputs are saturated"),
    ):
        found = {name.rsplit("/", 1)[0]: last(history, name) for name in history.columns if name.endswith(f"/{field}")}
        if field == "saturated":  # of a ReLU these are its zeros, which are meant
            found = {layer: share for layer, share in found.items() if share > last(history, f"{layer}/zeros") + MANY}
        many = {layer: share for layer, share in found.items() if share > MANY}
        if many:
            layer = max(many, key=lambda layer: many[layer])
            said.append(f"In {layer}, {percent(many[layer])} of the {words}.")
        elif found and field == "dead":
            most = max(found.values())
            said.append("No unit is dead." if most == 0 else f"At most {percent(most)} of a layer's units are dead.")
    return " ".join(said)


def _gradients(history: History) -> str:
    """Whether the gradients reach the first layer."""
    found = [last(history, name) for name in history.columns if name.endswith("/weight/gradient")]
    found = [value for value in found if value > 0]
    if len(found) < 2:
        return ""
    if found[0] < VANISHED * found[-1]:
        return f"The gradients vanish: in the first layer they are {found[0] / found[-1]:.1g} of those in the last."
    if found[-1] < VANISHED * found[0]:
        return (
            f"The gradients explode: in the first layer they are {found[0] / found[-1]:,.0f} times those in the last."
        )
    return "The gradients neither vanish nor explode on their way to the first layer."


def _updates(history: History) -> str:
    """How fast the weights changed when the run began to settle, by the medians over the epochs."""
    ratios = {}
    for name in history.columns:
        if name.endswith("/update") and not name.endswith("bias/update"):
            path = name.removesuffix("/update")
            with np.errstate(all="ignore"):
                ratio = history[name] / history[f"{path}/weight"]
            if np.isfinite(ratio).any():
                ratios[path] = float(np.median(ratio[np.isfinite(ratio)]))
    if not ratios:
        return ""
    low, high = min(ratios, key=lambda path: ratios[path]), max(ratios, key=lambda path: ratios[path])
    said = f"A step typically changed the weights by {100 * ratios[low]:.2g} % ({low})"
    said += f" to {100 * ratios[high]:.2g} % ({high}) of their size" if low != high else " of their size"
    if ratios[low] < SLOW:
        return f"{said}: some hardly moved, a larger learning rate may help."
    return (
        f"{said}: some moved very fast, a smaller learning rate may help."
        if ratios[high] > FAST
        else f"{said}; 0.1 % is usual."
    )


def _cell(history: History, name: str) -> str:
    value = last(history, name)
    if np.isnan(value):
        return ""
    return percent(value) if name.rsplit("/", 1)[1] in ("zeros", "saturated", "dead") else f"{value:.3g}"
