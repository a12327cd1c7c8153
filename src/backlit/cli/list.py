"""`backlit list`: what there is to choose from, one line each."""

from collections.abc import Callable
from typing import Annotated

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.errors import SettingError, nearest


def list_names(
    family: Annotated[str | None, typer.Argument(metavar="FAMILY", help="One family; all without it.")] = None,
    as_json: options.Json = False,
) -> None:
    """List what there is to choose from, one line each.

    The families: layers, activations, losses, initializers, optimizers,
    schedules, augmentations, networks and data."""
    if family is not None and family not in FAMILIES:
        raise SettingError(f"unknown family {family!r}: {nearest(family, FAMILIES)}")
    found = {name: entries() for name, entries in FAMILIES.items() if family in (None, name)}
    if as_json:
        print_json(found)
        return
    report = Report()
    for place, (name, lines) in enumerate(found.items()):
        report.line(f"{chr(10) if place else ''}{name}", style="bold")
        width = max(map(len, lines))
        for word, about in lines.items():
            report.line(f"  {word:<{width}}  {about}")


def first_line(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().partition("\n")[0]


def layers() -> dict[str, str]:
    """Layers that are no activation."""
    from backlit.functions.activations import ACTIVATIONS
    from backlit.layers.registry import LAYERS

    return {name: first_line(layer) for name, layer in LAYERS.items() if name not in ACTIVATIONS}


def activations() -> dict[str, str]:
    """Activations, with their equations."""
    from backlit.functions.activations import ACTIVATIONS

    return {name: f"{entry.equation}, {entry.summary}" for name, entry in ACTIVATIONS.items()}


def losses() -> dict[str, str]:
    """Losses."""
    from backlit.functions.losses import LOSSES

    return {name: loss.summary for name, loss in LOSSES.items()}


def initializers() -> dict[str, str]:
    """Initializers."""
    from backlit.functions.initializers import INITIALIZERS

    return {name: first_line(initializer) for name, initializer in INITIALIZERS.items()}


def optimizers() -> dict[str, str]:
    """Update rules."""
    from backlit.optimizers.naming import OPTIMIZERS, optax_rules

    theirs = ", ".join(name for name in optax_rules() if name not in OPTIMIZERS)
    return {**{name: about for name, (_, about) in OPTIMIZERS.items()}, "Optax's": theirs}


def schedules() -> dict[str, str]:
    """Schedules of the learning rate."""
    from backlit.optimizers.schedules import SCHEDULES

    return {name: about for name, (_, about) in SCHEDULES.items()}


def augmentations() -> dict[str, str]:
    """Augmentations of training examples."""
    from backlit.data.augmenting import AUGMENTATIONS

    return {name: kind.summary for name, kind in AUGMENTATIONS.items()}


def networks() -> dict[str, str]:
    """Networks by name."""
    from backlit.networks.named import NETWORKS

    return {name: recipe.summary for name, recipe in NETWORKS.items()}


def data_sets() -> dict[str, str]:
    """Data sets by name."""
    from backlit.data import names

    return names()


FAMILIES: dict[str, Callable[[], dict[str, str]]] = {
    "layers": layers,
    "activations": activations,
    "losses": losses,
    "initializers": initializers,
    "optimizers": optimizers,
    "schedules": schedules,
    "augmentations": augmentations,
    "networks": networks,
    "data": data_sets,
}
