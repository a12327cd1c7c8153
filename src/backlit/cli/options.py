"""The options that several commands share, and the reading of their values."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from backlit.errors import SettingError

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Source: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV, TSV, Parquet, npz or IDX file, a folder of images by class, or a name from `backlit list data`.",
    ),
]
Folder: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a saved model.")]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="COL", help="The column to predict. Default: target, label, class, y, or the last."
    ),
]
Task: TypeAlias = Annotated[
    str | None,
    typer.Option("--task", help="regression, 'two classes' or 'many classes'. Default: inferred from the target."),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="COL=KIND", help="Read a column as number, category, date, text or ignored; repeatable."
    ),
]
Weights: TypeAlias = Annotated[
    str | None, typer.Option("--weights", metavar="COL", help="The column that holds the rows' weights.")
]
OrderBy: TypeAlias = Annotated[
    str | None,
    typer.Option("--order-by", metavar="COL", help="Split by this column's order, the latest rows for the test."),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  {line.replace('[', chr(92) + '[')}" for line in lines)])


def read_columns(pairs: list[str] | None) -> dict[str, str] | None:
    """The kinds of columns, from texts such as `postcode=category`.

    >>> read_columns(["postcode=category"])
    {'postcode': 'category'}
    """
    kinds: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, kind = pair.rpartition("=")
        if not (equals and name and kind):
            raise SettingError(f"--column {pair}: write it as NAME=KIND, such as postcode=category")
        if name in kinds:
            raise SettingError(f"--column {name} is given twice")
        kinds[name] = kind
    return kinds or None


def read_shape(text: str) -> tuple[int, ...]:
    """A shape, from a text such as `32,32,3` or `32×32×3`.

    >>> read_shape("32,32,3")
    (32, 32, 3)
    """
    try:
        sizes = tuple(int(size) for size in text.replace("×", ",").replace("x", ",").split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise SettingError(f"--input {text}: write the shape of one example as whole numbers above 0, such as 32,32,3")
    return sizes


def read_split(text: str) -> tuple[float, float, float]:
    """The shares of training, validation and test rows, from percentages or fractions.

    >>> read_split("70/15/15")
    (0.7, 0.15, 0.15)
    """
    wrong = SettingError(
        f"--split {text}: write three shares, for training, validation and test, such as 70/15/15 or 0.7/0.15/0.15"
    )
    try:
        shares = [float(share) for share in text.split("/")]
    except ValueError:
        raise wrong from None
    total = sum(shares)
    if len(shares) != 3 or not all(0 <= share <= 100 for share in shares):
        raise wrong
    if abs(total - 1) < 1e-6:
        return shares[0], shares[1], shares[2]
    if abs(total - 100) < 1e-6:
        return shares[0] / 100, shares[1] / 100, shares[2] / 100
    raise SettingError(f"--split {text}: the shares sum to {total:g}; they must sum to 100 (or to 1)")


def read_batch_size(text: str | None) -> int | Literal["full"] | None:
    """The batch size: a whole number, or 'full'."""
    if text is None:
        return None
    if text == "full":
        return "full"
    try:
        return int(text)
    except ValueError:
        raise SettingError(f"--batch-size {text}: write a whole number of at least 1, or full") from None
