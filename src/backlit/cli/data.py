"""`backlit data`: the data card."""

from typing import Any

from backlit.cli import options
from backlit.cli.asking import asks, read_source
from backlit.cli.card import show_card
from backlit.cli.output import Report, print_json


@asks(read_source)
def data(asked: dict[str, Any], as_json: options.Json = False) -> None:
    """Show what data hold: rows, columns, target and task."""
    from backlit.data import read

    dataset = read(asked.pop("data"), **asked)
    card = dataset.card()
    if as_json:
        schema = dataset.schema
        names = ("column", "kind", "missing", "values")
        print_json(
            {
                "name": dataset.name,
                "rows": len(dataset),
                "task": schema.task,
                "target": schema.target,
                "classes": schema.classes,
                "input_shape": schema.input_shape,
                "columns": [dict(zip(names, row, strict=True)) for row in card.columns],
                "notes": card.notes,
            }
        )
    else:
        show_card(Report(), card)
