"""Folders that appear whole or not at all, and files that are read only when they are plain files.

A folder is filled under another name beside its place, brought to the disk, and renamed: a rename is the one step that
either happened or did not.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backlit.errors import FileError


@contextmanager
def new_folder(path: str | Path, replaces: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """A folder to fill, which takes its place at `path` when the block ends without an error.

    Args:
        path: where it appears; nothing may be there, and the folder around it must exist.
        replaces: says of an existing folder whether the new one may take its place; None: never.

    Yields:
        The folder to fill, beside its place.

    Raises:
        FileError: something is at `path`, or it cannot be written; then nothing is left behind.
    """
    target = Path(os.path.abspath(path))
    name = f".{target.name}.{secrets.token_hex(4)}"
    filling, aside = target.with_name(f"{name}.new"), target.with_name(f"{name}.old")
    try:
        old = _occupied(target, replaces)
        filling.mkdir()
        try:
            yield filling
            _sync(filling)
            if old:
                target.rename(aside)
            try:
                filling.rename(target)
            except BaseException:
                if old:
                    aside.rename(target)
                raise
        finally:
            shutil.rmtree(filling, ignore_errors=True)
        with suppress(OSError):  # the folder is in its place, whatever the disk says of the one around it
            _sync_entry(target.parent)
        if old:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror or error}; nothing was written") from None


def open_file(path: Path, limit: int) -> int:
    """A descriptor that reads a plain file of at most `limit` bytes; the caller closes it.

    Raises:
        FileError: the file is missing, a link, something else than a file, or too large.
    """
    try:
        # A link is not followed, and a pipe is not waited for.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror
        raise FileError(f"cannot read {path}: {reason}") from None
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
        os.close(opened)
        reason = f"it is larger than {limit:,} bytes" if stat.S_ISREG(found.st_mode) else "it is no plain file"
        raise FileError(f"cannot read {path}: {reason}")
    return opened


def check_folder(path: Path) -> None:
    """Refuse a path that is no folder or a link to one.

    Raises:
        FileError: saying which.
    """
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise FileError(f"cannot read the model {path}: {error.strerror}") from None
    if stat.S_ISLNK(mode):
        raise FileError(f"cannot read the model {path}: it is a link; give the folder that it leads to")
    if not stat.S_ISDIR(mode):
        raise FileError(f"cannot read the model {path}: a model is a folder, and this is a file")


def _occupied(target: Path, replaces: Callable[[Path], bool] | None) -> bool:
    """Whether a folder that may be replaced is at `target`."""
    if not target.parent.is_dir():
        raise FileError(f"cannot write {target}: there is no folder {target.parent}; make it first")
    if not os.path.lexists(target):
        return False
    if replaces is None:
        raise FileError(f"cannot write {target}: it exists already; choose another name or remove it")
    if target.is_symlink() or not target.is_dir() or not replaces(target):
        raise FileError(f"cannot write {target}: what is there is not a model alone, and is kept; choose another name")
    return True


def _sync(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            _sync_entry(Path(place, name))
        _sync_entry(Path(place))


def _sync_entry(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
