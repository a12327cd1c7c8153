"""`backlit predict`: a trained network's answers for new data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.alignment import number
from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.cli.runs import check_output, model_folder
from backlit.writing import new_file

if TYPE_CHECKING:
    from polars import DataFrame

    from backlit.training import Model

SHOWN = 20


def predict(
    run: options.Folder,
    source: options.Source,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a .csv, .tsv or .parquet file.")
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Where each step has a class, also every class's probability.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict new data with a trained network, one answer for each row.

    Columns are matched by name: a missing one is refused, unknown categories
    are reported. Each answer has the row's id, or its number from 0, first,
    and for classes every class's probability.
    Where each step of a row has a class, one line comes for each step.
    Without -o, a terminal shows the first rows, and a pipe gets CSV.
    """
    folder = model_folder(run)
    if output is not None:
        check_output(output, source)
    from backlit.training import cache_programs, load

    cache_programs()
    model = load(folder)
    if model.schema.classes and model.schema.target_shape:
        table = steps(model, source, probabilities)
    else:
        table = answers(model, source)
    warn = Report(silent=quiet, stderr=True)
    for note in model.notes:
        warn.note(note)
    report = Report(silent=quiet or as_json)
    if output is not None:
        write_table(table, output)
        report.line(f"{table.height:,} predictions in {output}")
    if as_json:
        print_json({"rows": table.height, "predictions": shortest(table).to_dicts()})
    elif output is None and report.live and not quiet:
        report.table(table.columns, [[cell(value) for value in row] for row in table.head(SHOWN).iter_rows()])
        if table.height > SHOWN:
            report.line(f"… and {table.height - SHOWN:,} more rows; -o FILE writes all")
    elif output is None:
        print(table.write_csv(), end="")


def answers(model: "Model", source: str) -> "DataFrame":
    """Predictions, and for classes the probability of each, one row a row of data, with its id or number first."""
    named = model.schema.name_examples(source)
    made = predictions(model, source)
    if named is None or named.name in made.columns:
        return made.with_row_index("row")
    return made.insert_column(0, named)


def predictions(model: "Model", source: str) -> "DataFrame":
    """The answers as a table, and for classes the probability of each."""
    import polars as pl

    schema = model.schema
    if schema.classes and model.loss.link is not None:
        chances = model.predict_proba(source)
        columns: dict[str, Any] = {"prediction": schema.decode(chances.argmax(-1))}
        return pl.DataFrame(
            {**columns, **{f"p({name})": chances[:, place] for place, name in enumerate(schema.classes)}}
        )
    values = model.predict(source)
    if values.ndim == 1:
        return pl.DataFrame({"prediction": values})
    values = values.reshape(len(values), -1)
    names = schema.target if len(schema.target) == values.shape[1] else range(values.shape[1])
    return pl.DataFrame({f"prediction {name}": values[:, place] for place, name in enumerate(names)})


def steps(model: "Model", source: str, probabilities: bool) -> "DataFrame":
    """The class at each step, one row a step that is no padding, and the probability of each class where asked."""
    import numpy as np
    import polars as pl

    from backlit.training.tokens import vocabulary_of

    answers: Any = model.predict_proba(source) if probabilities else model.predict(source)
    x, _ = model.schema.encode(source)
    real = x >= 0 if vocabulary_of(model.network) is not None else ~np.isnan(x).reshape(*x.shape[:2], -1).all(-1)
    row, step = np.nonzero(real)
    answers = answers[row, step]
    if not probabilities:
        return pl.DataFrame({"row": row, "step": step, "prediction": answers})
    chances = {f"p({name})": answers[:, place] for place, name in enumerate(model.schema.classes)}
    return pl.DataFrame({"row": row, "step": step, "prediction": model.schema.decode(answers.argmax(-1)), **chances})


def shortest(table: "DataFrame") -> "DataFrame":
    """The table with its float32 numbers as the shortest decimals that tell them apart, as in a CSV file."""
    import polars as pl

    return table.with_columns(pl.col(pl.Float32).cast(pl.String).cast(pl.Float64))


def write_table(table: "DataFrame", path: Path) -> None:
    """Write a table as its file's suffix says, whole or not at all.

    Raises:
        FileError: the system refused.
    """
    with new_file(path) as filling:
        if path.suffix.lower() == ".parquet":
            table.write_parquet(filling)
        else:
            table.write_csv(filling, separator="\t" if path.suffix.lower() == ".tsv" else ",")


def cell(value: Any) -> str:
    """An answer as text."""
    return number(value) if isinstance(value, float) else str(value)
