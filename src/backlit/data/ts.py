"""Reading `.ts` files, the text format of the time-series archive: one sequence a line.

    @dimensions 2
    @classLabel true a b
    @data
    0.1,0.2,0.3:5,6,7:a

Features are separated by colons, the values of a feature in time by commas; the target, if any, comes last; `?` is a
missing value. Source: timeseriesclassification.com; A. Bagnall et al., arXiv:1811.00075.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from backlit.data import sequences
from backlit.data.content import Content
from backlit.errors import DataError


def read_ts(path: Path) -> Content:
    """The sequences of a `.ts` file, with their class or number.

    Raises:
        DataError: the file is no text of this form; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return parse_ts(file, path.name)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def parse_ts(lines: Iterable[str], name: str) -> Content:
    """The sequences in the lines of a `.ts` file.

    >>> parse_ts(["@classLabel true a b", "@data", "1,2:3,4:a", "5:6:b"], "two").inputs.lengths.tolist()
    [2, 1]
    """
    told = ((place, line.strip()) for place, line in enumerate(lines, 1))
    told = ((place, line) for place, line in told if line and line[0] not in "#%")
    header = read_header(told, name)
    kind = next((word for word in ("classlabel", "targetlabel") if header.get(word, "").startswith("true")), "")
    classes = header["classlabel"].split()[1:] if kind == "classlabel" else []
    arrays, labels = [], []
    for place, line in told:
        *features, label = line.split(":") if kind else (*line.split(":"), "")
        labels.append(label.strip())
        check_label(labels[-1], bool(features), kind, classes, f"{name}, line {place}")
        arrays.append(read_steps(features, f"{name}, line {place}"))
    if not arrays:
        raise DataError(f"{name} holds no sequences: after @data a line for each is needed")
    found = sequences.of_arrays(arrays, name, gaps=True)
    note = (found.describe(),)
    if not kind:
        return Content(name, found, notes=note)
    told_apart = "two classes" if len(set(labels) - {"?"}) == 2 else "many classes"
    task = told_apart if kind == "classlabel" else "regression"
    return Content(name, found, np.array(labels), (kind.removesuffix("label"),), notes=note, task=task)


def read_header(lines: Iterator[tuple[int, str]], name: str) -> dict[str, str]:
    """What the lines up to @data say, by their first words without the @, all in lower case."""
    header: dict[str, str] = {}
    for place, line in lines:
        word, _, said = line.lower().partition(" ")
        if word == "@data":
            if header.get("timestamps", "").strip() == "true":
                raise DataError(f"{name} has time stamps: write the values alone, with @timeStamps false")
            return header
        if word[0] != "@":
            raise DataError(f"{name}, line {place}: {line[:40]!r} where a line of the header, such as @data, is needed")
        header[word[1:]] = said.strip()
    raise DataError(f"{name} has no line @data: it is no .ts file of the time-series archive")


def check_label(label: str, behind: bool, kind: str, classes: Sequence[str], where: str) -> None:
    """Raise a `DataError` where a line ends without the label that the header tells of, or in one it does not list."""
    if kind and (not label or "," in label or not (behind or label.lower() in classes)):
        raise DataError(f"{where}: no label, which the header tells of: it is needed last, behind a colon")
    if classes and label != "?" and label.lower() not in classes:
        raise DataError(f"{where}: the label {label!r} is none of @classLabel, {', '.join(classes[:10])}: correct one")


def read_steps(features: Sequence[str], where: str) -> np.ndarray:
    """One sequence (T, F), without the steps at its end in which everything is missing."""
    try:
        rows = [np.array(feature.replace("?", "nan").split(","), np.float64) for feature in features if feature.strip()]
    except ValueError as error:
        raise DataError(f"{where}: {error}: numbers are needed, or ? where one is missing") from None
    sizes = {len(row) for row in rows}
    if len(sizes) != 1 or len(rows) < len(features):
        held = "/".join(map(str, sorted(sizes))) if len(sizes) > 1 else "no"
        raise DataError(f"{where}: features of {held} values: every feature needs the same number, at least 1")
    steps = np.stack(rows, axis=1)
    real = np.flatnonzero(~np.isnan(steps).all(1))
    return steps[: real[-1] + 1 if len(real) else 0]
