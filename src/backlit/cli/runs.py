"""The folder of a run: model/, history.csv and settings.json, written whole or not at all."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from backlit.errors import FileError


def destination(out: Path | None, source: str) -> Path:
    """Where a run will lie: `--out`, or a new folder runs/NAME-YYYYMMDD-HHMMSS.

    Raises:
        FileError: the path exists.
    """
    if out is not None:
        if out.exists() or out.is_symlink():
            raise FileError(f"{out} exists: choose another --out, or remove it first")
        return out
    name = re.sub(r"[^\w.-]+", "-", Path(source.partition("(")[0]).stem).strip("-.")[:60] or "run"
    path = Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    count = 2
    while path.exists():
        path = path.with_name(f"{path.name.partition('+')[0]}+{count}")
        count += 1
    return path


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A new folder that appears at `path` when the block ends well, and leaves nothing behind otherwise.

    Raises:
        FileError: it cannot be written.
    """
    made: list[Path] = []
    staging = path.parent / f".{path.name}.{uuid4().hex[:8]}"
    try:
        for folder in [*reversed(missing(path.parent)), staging]:
            folder.mkdir()
            made.append(folder)
        yield staging
        if path.exists():
            raise FileError(f"{path} has appeared meanwhile: choose another --out")
        staging.rename(path)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        for folder in reversed(made[:-1] if staging in made else made):
            remove_empty(folder)
        if isinstance(error, OSError) and not isinstance(error, FileError):
            raise FileError(f"{path} cannot be written: {error.strerror or error}; choose another --out") from error
        raise


def missing(folder: Path) -> list[Path]:
    """The folders that do not exist, the innermost first."""
    found = []
    while not folder.exists():
        found.append(folder)
        folder = folder.parent
    return found


def remove_empty(folder: Path) -> None:
    """Remove a folder if nothing has come into it."""
    try:
        folder.rmdir()
    except OSError:
        return


def check_space(folder: Path, size: int) -> None:
    """Refuse to start where the disk has no room for what will be written.

    Raises:
        FileError: fewer than `size` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise FileError(f"the disk of {folder.parent} is full: {free:,} bytes are free and the run needs {size:,}")


def model_folder(path: Path) -> Path:
    """The model's folder, from a run's folder or itself.

    Raises:
        FileError: there is no model.
    """
    inner = path / "model"
    folder = inner if inner.is_dir() else path
    if not (folder / "network.json").is_file():
        raise FileError(f"{path} holds no model: give the folder of a run, as backlit train names it, or of a saved model")
    return folder


def check_output(path: Path, source: str) -> None:
    """Refuse an output file that cannot be written, or that is the data itself.

    Raises:
        FileError: naming the reason.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise FileError(f"there is no folder {path.parent}: make it first, or choose another -o")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileError(f"{path} cannot be written: permission denied")
    if path.exists() and os.path.exists(source) and path.samefile(source):
        raise FileError(f"{path} is the data itself: choose another -o")
