"""`backlit train`: from data to a trained network, its scores and its folder."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import Report, number, print_json, write_json
from backlit.cli.runs import check_space, destination, staged

if TYPE_CHECKING:
    from backlit.training import Model, Run

DATA, NETWORK, TRAINING, OUTPUT = "Data", "Network", "Training", "Output"


def train(
    source: options.Source,
    target: Annotated[options.Target, typer.Option(rich_help_panel=DATA)] = None,
) -> None:
    """Train a network on data."""
