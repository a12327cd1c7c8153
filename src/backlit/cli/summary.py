"""`backlit summary`: the layers of a network, their shapes, parameters and costs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli import options
from backlit.cli.network import show_summary
from backlit.cli.output import Report, print_json
from backlit.cli.runs import model_folder
from backlit.errors import SettingError

if TYPE_CHECKING:
    from backlit.drawing.drawing import Drawing


def summary(
    network: Annotated[
        str,
        typer.Argument(metavar="NETWORK", help="The notation, a name, a JSON file, or the folder of a run or a model."),
    ],
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="SHAPE", help="The shape of one example, such as 32,32,3; a run knows its own."
        ),
    ] = None,
    outputs: Annotated[
        int | None, typer.Option(min=1, help="The number of outputs of a network by name. Default: as published, or 1.")
    ] = None,
    output: options.Drawn = None,
    as_json: options.Json = False,
) -> None:
    """Show a network's layers: shapes, parameters, costs.

    No parameter is allocated, so a network of any size can be counted.
    """
    place = options.check_drawing(output)
    if Path(network).is_dir():
        from backlit.training import load

        model = load(model_folder(Path(network)))
        found = model.summary()
        draw: Callable[[], Drawing] = model.draw
    else:
        if input_shape is None:
            raise SettingError("--input is missing: give the shape of one example, such as --input 32,32,3")
        shape = options.read_shape(input_shape)
        from backlit.networks.named import network_named, recipe_named

        recipe = recipe_named(network)
        units = outputs or (recipe.units if recipe else 1)
        built = network_named(network, shape, units, rows=1)
        found = built.summary(shape)
        draw = partial(built.draw, shape)
    if place:
        draw().save(place)
    if as_json:
        print_json(
            {
                "network": found.notation,
                "input": found.input,
                "output": found.output,
                "layers": [
                    {
                        "layer": row.path,
                        "output": row.output,
                        "parameters": row.parameters,
                        "multiply_adds": row.multiply_adds,
                        "receptive_field": row.reach.extent,
                    }
                    for row in found.rows
                ],
                "neurons": found.neurons,
                "parameters": found.parameters,
                "weights": found.weights,
                "biases": found.biases,
                "others": found.others,
                "frozen": found.frozen,
                "multiply_adds": found.multiply_adds,
                "notes": found.notes,
            }
        )
    else:
        report = Report()
        show_summary(report, found)
        if place:
            report.line(f"Drawing: {place}")
