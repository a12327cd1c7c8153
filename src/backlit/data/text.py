"""Text, as characters or bytes: windows of a text, each with the characters that follow its own.

A window of T characters x and the T characters y, each one later, teach a network to go on with a text: at every step
it is asked for the next character. The vocabulary is the characters of the training part; any other is unknown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    from backlit.data.content import Content

SUFFIXES = frozenset({".txt", ".text", ".md"})
UNITS = ("characters", "bytes")
UNKNOWN = "\ufffd"  # the first of every vocabulary of characters
WINDOW = 128
LINES = 20


@dataclass(frozen=True, eq=False)
class Text:
    """A text as a file holds it.

    Args:
        raw: its bytes.
        name: what errors call it.
    """

    raw: bytes
    name: str

    def __len__(self) -> int:
        """The number of bytes."""
        return len(self.raw)

    def codes(self, unit: str) -> np.ndarray:
        """Its characters' numbers in Unicode, or its bytes, int32.

        Raises:
            DataError: characters are asked for, and it is not in UTF-8.
        """
        if unit == "bytes":
            return np.frombuffer(self.raw, np.uint8).astype(np.int32)
        try:
            decoded = self.raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(f"{self.name} is no UTF-8 text: save it in UTF-8, or read it with text='bytes'") from None
        return np.frombuffer(decoded.encode("utf-32-le"), np.int32)

    def cut(self, unit: str, window: int) -> tuple[np.ndarray, np.ndarray]:
        """Windows (N, T), and what follows each of their characters, (N, T).

        The windows lie side by side. The last ends where the text does; what it shares with the one before has the
        target −1, so that every character counts once.

        Raises:
            DataError: the text is too short for one window.
        """
        codes = self.codes(unit)
        last = len(codes) - 1 - window
        if last < 0:
            raise DataError(
                f"{self.name} has {len(codes):,} {unit}, and a window of {window} needs {window + 1} at least: "
                f"give more text{', or a smaller window' if window > 1 else ''}"
            )
        starts = np.append(np.arange(0, last, window), last)
        places = starts[:, None] + np.arange(window)
        following = codes[places + 1]
        if len(starts) > 1:
            following[-1, : starts[-2] + window - last] = -1
        return codes[places], following


def read_text(path: Path) -> Text:
    """A file as text.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return Text(path.read_bytes(), path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def windows(content: Content, unit: str, window: int) -> Content:
    """What a source holds as windows of text, with what follows them as targets.

    Raises:
        DataError: it is no text, or too short.
    """
    given: Any = content.inputs
    if isinstance(given, Text):
        inputs, targets = given.cut(unit, window)
        return replace(content, inputs=inputs, targets=targets)
    if isinstance(given, np.ndarray) and given.shape[1:] == (window,) and content.targets is not None:
        return content
    raise DataError(f"{content.name} is no text, which the network was trained on: give a .txt file")


def is_prose(path: Path, separators: str) -> bool:
    """Whether a text file is text to be read, and no table: its first lines are neither of as many fields each, nor
    numbers."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            lines = [line.strip() for _, line in zip(range(10 * LINES), file, strict=False) if line.strip()][:LINES]
    except OSError:
        return False
    if not lines or all(line.lstrip("+-").replace(".", "", 1).isdigit() for line in lines[1:] or lines):
        return False
    if len(lines) == 1:
        return True
    counts = [Counter(line.count(mark) for line in lines).most_common(1)[0] for mark in separators]
    return not any(fields and often >= 0.8 * len(lines) for fields, often in counts)


def check_unit(unit: str) -> str:
    """A unit of text.

    Raises:
        SettingError: it is neither characters nor bytes.
    """
    if unit not in UNITS:
        raise SettingError(f"text = {unit!r}: text is read as 'characters' or as 'bytes'; {nearest(str(unit), UNITS)}")
    return unit


def vocabulary(codes: Any, unit: str) -> tuple[str, ...]:
    """The tokens of a text by their numbers: the unknown one and the characters that occur, sorted; or all bytes.

    >>> vocabulary(np.array([98, 97, 98]), "characters")
    ('\ufffd', 'a', 'b')
    """
    if unit == "bytes":
        return tuple(map(chr, range(256)))
    return (UNKNOWN, *(chr(code) for code in np.unique(codes) if code >= 0 and chr(code) != UNKNOWN))


def encode(codes: Any, tokens: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """Characters as the numbers of tokens, int32, −1 staying −1, and what there is to report."""
    known = np.array([ord(token) for token in tokens], np.int32)
    order = np.argsort(known)
    places = order[np.minimum(np.searchsorted(known[order], codes), len(known) - 1)].astype(np.int32)
    strange = (known[places] != codes) & (codes >= 0)
    places[strange], places[codes < 0] = 0, -1
    if not strange.any():
        return places, []
    met = Counter(codes[strange].tolist()).most_common(5)
    shown = ", ".join(f"{chr(code)!r} ({count:,})" for code, count in met)
    return places, [f"characters that the training part does not have, read as unknown: {shown}"]


def tokens_of(text: str, tokens: tuple[str, ...], unit: str) -> np.ndarray:
    """The tokens of a text whose characters must be known.

    Raises:
        DataError: it is empty, or some are not.
    """
    codes = Text(text.encode(), "the text").codes(unit)
    if not len(codes):
        raise DataError("the text is empty: one character is needed at least")
    places, notes = encode(codes, tokens)
    if notes:
        strange = sorted({character for character in text if character not in tokens})
        raise DataError(
            f"the network has never met {', '.join(map(repr, strange[:10]))}: its vocabulary is "
            f"{''.join(sorted(tokens[1:]))!r}"
        )
    return places


def write(places: np.ndarray, tokens: tuple[str, ...], unit: str) -> str:
    """The text that tokens stand for."""
    characters = "".join(tokens[int(place)] for place in places)
    return characters.encode("latin-1").decode("utf-8", "replace") if unit == "bytes" else characters
