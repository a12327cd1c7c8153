"""`backlit data`: the data card."""

from backlit.cli import options
from backlit.cli.card import show_card
from backlit.cli.output import Report, print_json


def data(
    source: options.Source,
    target: options.Target = None,
    task: options.Task = None,
    column: options.Columns = None,
    weights: options.Weights = None,
    order_by: options.OrderBy = None,
    sequence_by: options.SequenceBy = None,
    step_by: options.StepBy = None,
    window: options.Window = None,
    horizon: options.Horizon = None,
    text: options.Text = None,
    as_json: options.Json = False,
) -> None:
    """Show what data hold: rows, columns, target and task."""
    kinds = options.read_columns(column)
    ahead = options.read_horizon(horizon)
    from backlit.data import read

    dataset = read(
        source,
        target,
        task=task,
        columns=kinds,
        weights=weights,
        order_by=order_by,
        sequence_by=sequence_by,
        step_by=step_by,
        window=window,
        horizon=ahead,
        text=text,
    )
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
