"""Files that appear whole or not at all: filled under another name beside their place, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backlit.errors import FileError


def check_file(path: str | Path, *suffixes: str) -> Path:
    """The path of a file that is to be written, after the checks that need no work.

    Args:
        path: where it will be; a file that is there will be replaced.
        suffixes: the endings that it may have, such as '.svg'; none: any.

    Raises:
        FileError: it has another ending, is a folder, or lies in none.

    >>> check_file("curves.bmp", ".png", ".svg")
    Traceback (most recent call last):
        ...
    backlit.errors.FileError: cannot write curves.bmp: name a file that ends in .png or .svg
    """
    target = Path(path)
    if suffixes and target.suffix.lower() not in suffixes:
        raise FileError(f"cannot write {target}: name a file that ends in {' or '.join(suffixes)}")
    if target.is_dir():
        raise FileError(f"cannot write {target}: it is a folder; name a file")
    if not target.parent.is_dir():
        raise FileError(f"cannot write {target}: there is no folder {target.parent}; make it first")
    return target


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """A file to fill, which takes its place at `path` when the block ends without an error.

    Raises:
        FileError: it cannot be written; then what was there is as it was.
    """
    target = check_file(path)
    filling = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield filling
        os.replace(filling, target)
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror or error}; nothing was written") from error
    finally:
        filling.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all.

    Raises:
        FileError: it cannot be written.
    """
    with new_file(path) as filling:
        filling.write_text(text, encoding="utf-8")
