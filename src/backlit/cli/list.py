"""`backlit list`: what there is to choose from, one line each."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.errors import SettingError, nearest


def list_names(
    family: Annotated[str | None, typer.Argument(metavar="FAMILY", help="One family; all without it.")] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of the family, with its settings.")] = None,
    as_json: options.Json = False,
) -> None:
    """List what there is to choose from, one line each; with a name, its settings.

    The families: layers, activations, losses, initializers, optimizers,
    schedules, augmentations, networks and data."""
    if family is not None and family not in FAMILIES:
        raise SettingError(f"unknown family {family!r}: {nearest(family, FAMILIES)}")
    found = {word: entries() for word, entries in FAMILIES.items() if family in (None, word)}
    if family is not None and name is not None:
        describe(Report(), family, name, found[family], as_json)
        return
    if as_json:
        print_json(found)
        return
    report = Report()
    for place, (title, lines) in enumerate(found.items()):
        report.line(f"{chr(10) if place else ''}{title}", style="bold")
        width = max(map(len, lines))
        for word, about in lines.items():
            report.line(f"  {word:<{width}}  {about}")


def describe(report: Report, family: str, name: str, entries: dict[str, str], as_json: bool) -> None:
    """Show how one of a family is written, with its settings and what they mean."""
    from inspect import getdoc, signature

    members = MEMBERS.get(family, dict)()
    spelled = {known.lower().replace("_", "-"): known for known in members or entries}
    found = spelled.get(name.lower().replace("_", "-"))
    if found is None:
        raise SettingError(f"no {name!r} among the {family}: {nearest(name, spelled.values())}")
    if found not in members:
        told = {"name": found, "settings": "", "about": entries[found]}
    else:
        thing = members[found]
        own = [p for p in signature(thing).parameters.values() if p.name not in GIVEN]
        settings = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in own)
        told = {"name": found, "settings": settings, "about": getdoc(thing) or entries[found]}
    if as_json:
        print_json(told)
        return
    report.line(f"{found}({told['settings']})" if told["settings"] else found, style="bold")
    report.line()
    report.line(told["about"])


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

GIVEN = ("input", "units", "rows", "learning_rate", "steps", "key", "x", "y")  # what a run gives by itself


def layers_by_name() -> dict[str, Any]:
    """The classes of layers, those of activations included."""
    from backlit.layers.registry import LAYERS

    return dict(LAYERS)


def losses_by_name() -> dict[str, Any]:
    """The classes of losses."""
    from backlit.functions.losses import LOSSES

    return {name: loss if isinstance(loss, type) else type(loss) for name, loss in LOSSES.items()}


def initializers_by_name() -> dict[str, Any]:
    """The classes of initializers."""
    from backlit.functions.initializers import INITIALIZERS

    return dict(INITIALIZERS)


def rules_by_name() -> dict[str, Any]:
    """The update rules' functions."""
    from backlit.optimizers.naming import OPTIMIZERS, optax_rules

    return {**optax_rules(), **{name: rule for name, (rule, _) in OPTIMIZERS.items()}}


def schedules_by_name() -> dict[str, Any]:
    """The schedules' functions."""
    from backlit.optimizers.schedules import SCHEDULES

    return {name: schedule for name, (schedule, _) in SCHEDULES.items()}


def networks_by_name() -> dict[str, Any]:
    """The functions that build named networks."""
    from backlit.networks.named import NETWORKS

    return {name: recipe.build for name, recipe in NETWORKS.items()}


MEMBERS: dict[str, Callable[[], dict[str, Any]]] = {
    "layers": layers_by_name,
    "activations": layers_by_name,
    "losses": losses_by_name,
    "initializers": initializers_by_name,
    "optimizers": rules_by_name,
    "schedules": schedules_by_name,
    "networks": networks_by_name,
}
