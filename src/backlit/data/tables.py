"""Reading tables: CSV and its kin, Parquet, and the frames of other libraries."""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from backlit.data.content import Content
from backlit.data.values import clean
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = ",;\t|"
SNIFFED = 1 << 16


def read_text(path: Path) -> Content:
    """A table from a text file, gzipped or not: UTF-8, comma, semicolon, tab or bar between the fields, quotes around
    odd ones.

    Raises:
        DataError: the file is empty, holds only a header, is no text, or has rows of unequal length.
    """
    import polars as pl

    try:
        with open_text(path) as file:
            start = file.read(SNIFFED)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not start.strip():
        raise DataError(f"{path} is empty: a header line and rows are needed")
    if "\0" in start:
        raise DataError(f"{path} is no UTF-8 text: save the table as CSV in UTF-8, or as Parquet")
    tabbed = path.name.lower().removesuffix(".gz").endswith(".tsv")
    headers = {mark: header_of(path, mark) for mark in ("\t" if tabbed else SEPARATORS)}
    separator, header = max(headers.items(), key=lambda item: len(item[1]))
    headed = not all(is_number(field) for field in header)
    try:
        frame = pl.read_csv(path, separator=separator, has_header=headed, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        check_rows(path, separator, len(header))
        raise DataError(f"{path} cannot be read as a table: {first_line(error)}") from None
    if frame.width and frame[:, -1].has_nulls():
        check_rows(path, separator, len(header))
    if not headed:
        frame.columns = [f"column_{place}" for place in range(1, frame.width + 1)]
    else:
        check_names(path, [field.strip() for field in header])
        frame.columns = [field.strip() for field in header]  # where quotes within quotes are one
    filled = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    notes = []
    if not headed:
        notes.append(
            f"no header: the first line is all numbers, so the columns are named column_1 to column_{frame.width}"
        )
    if filled.height < frame.height:
        notes.append(f"blank rows, left out: {frame.height - filled.height:,}")
    if not filled.height:
        raise DataError(f"{path} holds a header and no rows")
    table = clean(filled)
    commas = decimal_commas(table) if separator == ";" else []
    if commas:
        table = table.with_columns(pl.col(commas).str.replace(",", ".", literal=True))
        notes.append(f"numbers with a decimal comma: {', '.join(commas)}")
    return Content(path.name, table, notes=tuple(notes))


def decimal_commas(table: pl.DataFrame) -> list[str]:
    """The columns of text in which every value is a number, some with a comma before the decimals."""
    number = r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$"
    return [
        column.name
        for column in table
        if column.str.contains(number).all() and column.str.contains(",", literal=True).any()
    ]


def read_parquet(path: Path) -> Content:
    """A table from a Parquet file.

    Raises:
        DataError: the file is no Parquet file, is corrupt, or has no rows.
    """
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {first_line(error)}") from None
    return content_of(frame, path.name)


def read_frame(frame: Any) -> Content:
    """A table from a pandas, polars or pyarrow frame, or any other that narwhals reads; an index is left out.

    Raises:
        DataError: the frame cannot be converted, or has no rows.
    """
    import narwhals as nw
    import polars as pl

    table = nw.from_native(frame)
    if isinstance(table, nw.LazyFrame):
        table = table.collect()
    names = [str(name) for name in table.columns]
    check_names("the frame", names)
    try:
        converted = table.to_polars()
        converted.columns = names
    except Exception:  # mixed types in a column, or no pyarrow beside pandas: value by value then
        try:
            columns = {str(name): table[name].to_list() for name in table.columns}
            converted = pl.DataFrame(columns, strict=False)
        except Exception as error:
            raise DataError(f"the frame cannot be converted to a table: {first_line(error)}") from None
    return content_of(converted, "frame")


def is_frame(source: Any) -> bool:
    """Whether narwhals knows the source as a frame."""
    import narwhals as nw

    return isinstance(nw.from_native(source, pass_through=True), nw.DataFrame | nw.LazyFrame)


def content_of(frame: pl.DataFrame, name: str) -> Content:
    """The content of a frame that has at least one column and one row."""
    if not frame.width or not frame.height:
        raise DataError(
            f"{name} holds {frame.width} columns and {frame.height} rows: rows with an input and a target are needed"
        )
    return Content(name, clean(frame))


def open_text(path: Path, errors: str = "replace") -> TextIO:
    """A text file in UTF-8, gzipped or not, opened for reading."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors=errors, newline="")
    return path.open(encoding="utf-8-sig", errors=errors, newline="")


def header_of(path: Path, separator: str) -> list[str]:
    """The fields of the first line of a text file that is not blank."""
    try:
        with open_text(path) as file:
            return next((row for row in csv.reader(file, delimiter=separator) if any(row)), [])
    except (csv.Error, EOFError, zlib.error):
        return []


def is_number(field: str) -> bool:
    """Whether a field of the first line is a number, and so no name."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def check_names(what: object, names: list[str]) -> None:
    """Raise a `DataError` where two columns share a name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{what} has more than one column named {', '.join(map(repr, twice))}: rename them")


def check_rows(path: Path, separator: str, width: int) -> None:
    """Raise a `DataError` that names the first line that is malformed, or has more or fewer fields than the header."""
    limit = csv.field_size_limit(SNIFFED * 16)
    try:
        with open_text(path, errors="strict") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            for row in reader:
                if row and len(row) != width:
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(row)} fields where the header has {width}: "
                        f"every row needs the same number; "
                        f"put quotes around fields that hold {separator!r}"
                    )
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text (byte {error.start}): save it in UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}: check the quotes") from None
    finally:
        csv.field_size_limit(limit)


def first_line(error: BaseException) -> str:
    """The first line of another library's message."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
