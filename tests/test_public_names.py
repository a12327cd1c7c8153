"""The public names: each resolves where it says, and none is loaded before it is used."""

import ast
import inspect
import subprocess
import sys

import pytest

import backlit as bl
from backlit.functions.activations import ACTIVATIONS
from backlit.functions.initializers import INITIALIZERS
from backlit.functions.losses import LOSSES
from backlit.layers.registry import LAYERS

HEAVY = ("jax", "polars", "sklearn", "numpy", "typer")


@pytest.mark.parametrize("name", bl.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(bl, name))


def test_importing_backlit_loads_nothing_heavy() -> None:
    code = f"import sys, backlit; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_names_for_type_checkers_are_the_names_at_run_time() -> None:
    tree = ast.parse(inspect.getsource(bl))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == {name: (home, bl.RENAMED.get(name, name)) for name, home in bl.PLACES.items()}
    assert sorted(bl.__all__) == sorted(homes)
    assert dir(bl) == sorted(bl.__all__)


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
