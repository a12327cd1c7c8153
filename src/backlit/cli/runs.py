"""The folder of a run: model/, history.csv and settings.json, written whole or not at all.

That of a run whose first epoch failed has no model, and settings.json says that it failed.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backlit.doctor.records import failure_of
from backlit.errors import BacklitError, FileError


class Interrupted(BacklitError):
    """The keyboard ended a command, which kept what was done."""


def destination(out: Path | None, source: str, kind: str = "") -> Path:
    """Where a run will lie: `--out`, or a new folder runs/NAME-YYYYMMDD-HHMMSS, the kind of run before the name."""
    if out is not None:
        return out
    name = re.sub(r"[^\w.-]+", "-", Path(source.partition("(")[0]).stem).strip("-.")[:60] or "run"
    first = path = Path("runs") / f"{kind and f'{kind}-'}{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    count = 1
    while path.exists():
        count += 1
        path = first.with_name(f"{first.name}-{count}")
    return path


@contextmanager
def run_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place at `path`, in folders made as needed, when the block ends well.

    Raises:
        FileError: something is at `path`, or it cannot be written; then nothing is left behind.
    """
    from backlit.files import new_folder

    made: list[Path] = []
    try:
        for folder in missing(path.parent):
            folder.mkdir()
            made.append(folder)
        with new_folder(path) as filling:
            yield filling
    except BaseException as error:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise FileError(f"cannot write {path}: {error.strerror}; nothing was written") from error
        raise


def missing(folder: Path) -> list[Path]:
    """The folders that are to be made for a folder to exist, the outermost first.

    Raises:
        FileError: a file is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder} is a file: choose another --out")
    return [] if folder.exists() else [*missing(folder.parent), folder]


def check_space(folder: Path, size: int) -> None:
    """Refuse to start where the disk has no room for what will be written.

    Raises:
        FileError: fewer than `size` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise FileError(f"the disk is full: {free:,} bytes are free, and the run's folder needs {size:,}")


def model_folder(path: Path) -> Path:
    """The model's folder, from a run's folder or itself.

    Raises:
        FileError: there is no model.
    """
    if not path.is_dir():
        raise FileError(f"there is no folder {path}: give the folder of a run, as backlit train names it")
    folder = path / "model" if (path / "model").is_dir() else path
    if not (folder / "network.json").is_file():
        failed = failure_of(path)
        if failed:
            raise FileError(f"{path} holds no model, as its run failed: {failed}; backlit diagnose {path} says why")
        raise FileError(f"{path} holds no model: give the folder of a run, as backlit train names it")
    return folder


def check_output(path: Path, source: str) -> None:
    """Refuse an output file that cannot be written, or that is the data itself.

    Raises:
        FileError: naming the reason.
    """
    if path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
        raise FileError(f"-o {path}: name a file that ends in .csv, .tsv or .parquet")
    if path.is_dir():
        raise FileError(f"-o {path} is a folder: name a file")
    if not path.parent.is_dir():
        raise FileError(f"-o {path}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileError(f"-o {path} cannot be written: permission denied")
    if path.exists() and os.path.exists(source) and path.samefile(source):
        raise FileError(f"-o {path} is the data itself: name another file")
