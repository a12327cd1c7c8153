"""`backlit list`: what there is to choose from, one line each, and the settings of one."""

from collections.abc import Callable
from inspect import getdoc, signature
from typing import Annotated, Any, TypeAlias

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.errors import SettingError, nearest

Entries: TypeAlias = dict[str, tuple[Any, str]]  # by name: what is called to make it (None: nothing to set), one line

GIVEN = ("input", "units", "rows", "learning_rate", "steps", "key", "x", "y")  # what a run gives by itself


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
    if family is not None and name is not None:
        describe(family, name, as_json)
        return
    found = {title: entries() for title, entries in FAMILIES.items() if family in (None, title)}
    if as_json:
        print_json({title: {word: about for word, (_, about) in entries.items()} for title, entries in found.items()})
        return
    report = Report()
    for place, (title, entries) in enumerate(found.items()):
        report.line(f"{chr(10) if place else ''}{title}", style="bold")
        width = max(map(len, entries))
        for word, (_, about) in entries.items():
            report.line(f"  {word:<{width}}  {about}")


def describe(family: str, name: str, as_json: bool) -> None:
    """Show how one of a family is written, with its settings and what they mean."""
    entries = FAMILIES[family]()
    spelled = {known.lower().replace("_", "-"): known for known in entries}
    found = spelled.get(name.lower().replace("_", "-"))
    if found is None:
        raise SettingError(f"no {name!r} among the {family}: {nearest(name, entries)}")
    thing, about = entries[found]
    own = [] if thing is None else [p for p in signature(thing).parameters.values() if p.name not in GIVEN]
    settings = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in own)
    told = (thing is not None and getdoc(thing)) or about
    if as_json:
        print_json({"name": found, "settings": settings, "about": told})
        return
    report = Report()
    report.line(f"{found}({settings})" if settings else found, style="bold")
    report.line()
    report.line(told)


def first_line(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().partition("\n")[0]


def layers() -> Entries:
    """Layers that are no activation."""
    from backlit.functions.activations import ACTIVATIONS
    from backlit.layers.registry import LAYERS

    return {name: (layer, first_line(layer)) for name, layer in LAYERS.items() if name not in ACTIVATIONS}


def activations() -> Entries:
    """Activations, with their equations."""
    from backlit.functions.activations import ACTIVATIONS
    from backlit.layers.registry import LAYERS

    return {name: (LAYERS[name], f"{entry.equation}, {entry.summary}") for name, entry in ACTIVATIONS.items()}


def losses() -> Entries:
    """Losses."""
    from backlit.functions.losses import LOSSES

    return {name: (loss, loss.summary) for name, loss in LOSSES.items()}


def initializers() -> Entries:
    """Initializers."""
    from backlit.functions.initializers import INITIALIZERS

    return {name: (initializer, first_line(initializer)) for name, initializer in INITIALIZERS.items()}


def optimizers() -> Entries:
    """Update rules: Backlit's own, then those of Optax that have another name."""
    from backlit.optimizers.naming import OPTIMIZERS, optax_rules

    theirs = {name: (rule, f"Optax: {first_line(rule)}") for name, rule in optax_rules().items()}
    return {**OPTIMIZERS, **{name: entry for name, entry in theirs.items() if name not in OPTIMIZERS}}


def schedules() -> Entries:
    """Schedules of the learning rate."""
    from backlit.optimizers.schedules import SCHEDULES

    return dict(SCHEDULES)


def augmentations() -> Entries:
    """Augmentations of training examples."""
    from backlit.data.augmenting import AUGMENTATIONS

    return {name: (kind.function, kind.summary) for name, kind in AUGMENTATIONS.items()}


def networks() -> Entries:
    """Networks by name."""
    from backlit.networks.named import NETWORKS

    return {name: (recipe.build, recipe.summary) for name, recipe in NETWORKS.items()}


def data_sets() -> Entries:
    """Data sets by name."""
    from backlit.data import names

    return {name: (None, about) for name, about in names().items()}


FAMILIES: dict[str, Callable[[], Entries]] = {
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
