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
        help="A CSV, TSV, Parquet, npz, ts or IDX file, a folder of images by class, or a name of `backlit list data`.",
    ),
]
Folder: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a saved model.")]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="COL", help="The column to predict, or several: A,B. Default: target, label, y or the last."
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
Penalties: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--penalty",
        metavar="LAYER:l2=λ",
        help="λ of one layer in place of --l1 or --l2; repeatable.",
        rich_help_panel="Network",
    ),
]
SequenceBy: TypeAlias = Annotated[
    str | None,
    typer.Option("--sequence-by", metavar="COL", help="Rows with the same value of this column are one sequence."),
]
StepBy: TypeAlias = Annotated[
    str | None, typer.Option("--step-by", metavar="COL", help="The column that orders the steps of a sequence.")
]
Window: TypeAlias = Annotated[
    int | None,
    typer.Option("--window", metavar="ROWS", help="Forecast a series (--order-by) from so many rows of it."),
]
Horizon: TypeAlias = Annotated[
    str | None,
    typer.Option("--horizon", metavar="ROWS", help="How many rows ahead the forecast is: 1, or several as 1,2,3."),
]
Text: TypeAlias = Annotated[
    str | None,
    typer.Option("--text", metavar="UNIT", help="Read a file as text: its characters, or its bytes (--window, 128)."),
]
Out: TypeAlias = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="The run's folder. Default: runs/NAME-TIME.", rich_help_panel="Output"),
]
Reported: TypeAlias = Annotated[
    bool,
    typer.Option("--report/--no-report", help="Write report.html in the run's folder.", rich_help_panel="Output"),
]
Drawn: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Draw it too, as a .svg or .html file.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def check_drawing(path: Path | None) -> Path | None:
    """Where a drawing is to be written, if anywhere, before any work.

    Raises:
        FileError: it cannot be written there.
    """
    if path is None:
        return None
    from backlit.drawing.drawing import SUFFIXES
    from backlit.writing import check_file

    return check_file(path, *SUFFIXES)


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  {line.replace('[', chr(92) + '[')}" for line in lines)])


def sweeping(option: str, text: str) -> str:
    """The end of an error about an option that has several values: how they are swept; '' where it has one, or is
    no setting that can be.

    >>> sweeping("--l2", "0,1e-4")
    '; several values are swept: backlit sweep DATA --over l2=0,1e-4'
    """
    from backlit.training.sweeps.spaces import SWEPT

    name = "seed" if option == "--seeds" else option.lstrip("-")
    several = ("," in text or ".." in text) and name.replace("-", "_") in SWEPT
    return f"; several values are swept: backlit sweep DATA --over {name}={text}" if several else ""


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


def read_penalties(texts: list[str] | None) -> dict[str, dict[str, float]] | None:
    """The penalties of layers, from texts such as `dense_1:l2=0.001`.

    >>> read_penalties(["dense_1:l2=0.001", "dense_1:l1=0.1"])
    {'dense_1': {'l2': 0.001, 'l1': 0.1}}
    """
    penalties: dict[str, dict[str, float]] = {}
    for text in texts or ():
        layer, _, setting = text.rpartition(":")
        name, _, strength = setting.partition("=")
        try:
            penalties.setdefault(layer, {})[name.strip()] = float(strength)
        except ValueError:
            layer = ""
        if not layer:
            raise SettingError(f"--penalty {text}: write it as LAYER:l1=λ or LAYER:l2=λ, such as dense_1:l2=0.001")
    return penalties or None


def read_horizon(text: str | None) -> tuple[int, ...] | None:
    """The rows ahead that are forecast, from a text such as `1` or `1,2,3`.

    >>> read_horizon("1,2,3")
    (1, 2, 3)
    """
    try:
        return None if text is None else tuple(int(step) for step in text.split(","))
    except ValueError:
        raise SettingError(f"--horizon {text}: write whole numbers of rows from 1, such as 1 or 1,2,3") from None


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


def read_batch_size(text: str | None) -> int | Literal["full", "find"] | None:
    """The batch size: a whole number, 'full' or 'find'."""
    if text is None:
        return None
    if text == "full":
        return "full"
    if text == "find":
        return "find"
    try:
        return int(text)
    except ValueError:
        how = f"write a whole number of at least 1, full, or find{sweeping('--batch-size', text)}"
        raise SettingError(f"--batch-size {text}: {how}") from None


def read_learning_rate(text: str | None) -> float | Literal["find"] | None:
    """The learning rate: a number, or 'find'.

    >>> read_learning_rate("1e-3")
    0.001
    """
    if text is None:
        return None
    if text == "find":
        return "find"
    try:
        return float(text)
    except ValueError:
        how = f"write a number above 0, or find{sweeping('--learning-rate', text)}"
        raise SettingError(f"--learning-rate {text}: {how}") from None
