"""The public names: each resolves where it says, and none is loaded before it is used."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backlit as bl
from backlit.functions.activations import ACTIVATIONS
from backlit.functions.initializers import INITIALIZERS
from backlit.functions.losses import LOSSES
from backlit.layers.registry import LAYERS

HEAVY = ("jax", "matplotlib", "polars", "sklearn", "numpy", "typer")


@pytest.mark.parametrize("name", bl.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(bl, name))


def test_importing_backlit_loads_nothing_heavy() -> None:
    code = f"import sys, backlit; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_names_for_type_checkers_are_the_names_at_run_time() -> None:
    stub = ast.parse(Path(bl.__file__).with_suffix(".pyi").read_text())
    imports = [(node.module, alias) for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    exported = {alias.name: module for module, alias in imports if alias.asname == alias.name}
    renamed = [ast.unparse(node) for node in stub.body if isinstance(node, ast.Assign)]
    modules = dict.fromkeys(bl.MODULES, "backlit")
    assert exported == {name: home for name, home in bl.PLACES.items() if name not in bl.RENAMED} | modules
    assert renamed == [f"{name} = {bl.PLACES[name].rpartition('.')[2]}.{its}" for name, its in bl.RENAMED.items()]
    assert dir(bl) == bl.__all__ == sorted(bl.PLACES | modules)


def test_every_member_of_a_family_is_public() -> None:
    members = [
        *LAYERS.values(),
        *LOSSES.values(),
        *INITIALIZERS.values(),
        *(activation.function for activation in ACTIVATIONS.values()),
    ]
    assert [member for member in members if getattr(bl, member.__name__, None) is not member] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'dens'"):
        bl.dens  # noqa: B018


def test_the_readme_names_every_plot() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    plots = {name for name in dir(bl.pictures) if name.startswith("plot_")}
    assert set(re.findall(r"plot_\w+", readme)) == plots
