"""The cache of compiled programs: a second run of the same shapes starts at once.

JAX keeps compiled programs in a folder and finds them there by what they compute, the versions and the machine. What
lies there is run as it is, so the folder has to be the user's own, closed to everyone else, and inside folders that
nobody else can exchange. The command line keeps them; a program of one's own asks for it, for the cache is JAX's, of
the whole process.
"""

import os
import shutil
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import jax

from backlit.errors import FileError

LIMIT = 1 << 30  # bytes that the cache may hold when a process begins, and that must be free beside it
SWITCH = "BACKLIT_CACHE"


def cache_programs(folder: str | Path | None = None) -> Path | None:
    """Keep compiled programs between processes; programs not used for longest go when they exceed a gigabyte.

    The cache is JAX's own: it holds whatever this process compiles from here on. A program that cannot be read compiles
    anew. The command line calls this by itself; `fit` does not. Nothing is kept where the environment says
    `BACKLIT_CACHE=off`. A cache that JAX has been given already (`JAX_COMPILATION_CACHE_DIR`) stays as it is.

    Args:
        folder: where they lie, a folder of the user's own; None: `backlit/programs` in `$XDG_CACHE_HOME`, `~/.cache`,
            or `~/Library/Caches` on macOS.

    Returns:
        The folder in use; None: no cache is kept, because it is switched off, or because the usual folder belongs to
        another, cannot be written, or has no gigabyte left beside it.

    Raises:
        FileError: the folder that was given cannot be used.
    """
    given = jax.config.values["jax_compilation_cache_dir"]
    if given:
        return Path(given)
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "no", "false"):
        return None
    try:
        chosen = claim(usual_folder() if folder is None else Path(folder).expanduser().absolute())
        prune(chosen)
    except (OSError, RuntimeError, ValueError) as error:
        if folder is None:
            return None
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"compiled programs cannot be kept in {folder}: {reason}") from error
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_compilation_cache_dir", str(chosen))
    return chosen


def usual_folder() -> Path:
    """The folder for compiled programs among the user's caches.

    Raises:
        RuntimeError: the user has no home.
    """
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "backlit" / "programs"
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "backlit" / "programs"


def claim(folder: Path) -> Path:
    """Make a folder that is the user's own, and closed to others; refuse one that is not, or that others can exchange.

    The user's groups are trusted with the folders above it: many systems give each user a group of its own.

    Returns:
        Where the folder lies, past all links.

    Raises:
        OSError: with the reason.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.parent.resolve() / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "it is a link, and has to be a folder")
    if hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise PermissionError(0, "it belongs to another user, whose programs would be run")
        for outer in folder.parents:
            above = outer.stat()
            open_to_all = above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
            if above.st_uid not in (0, os.getuid()) or open_to_all:
                raise PermissionError(0, f"{outer} is open to other users, who could put their programs in its place")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(0, "it cannot be written")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
    if shutil.disk_usage(folder).free < LIMIT:
        raise OSError(0, "less than a gigabyte is free there")
    return folder


def prune(folder: Path, limit: int = LIMIT) -> None:
    """Delete the programs that were not used for longest, until the rest takes at most `limit` bytes."""
    files = sorted(_programs(folder), reverse=True)
    held = 0
    for _, size, path in files:
        held += size
        if held > limit:
            path.unlink(missing_ok=True)


def _programs(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each program was last used, its bytes, its file; another process may delete some meanwhile."""
    for path in folder.glob("*-cache"):
        with suppress(FileNotFoundError):
            found = path.stat()
            yield max(found.st_atime, found.st_mtime), found.st_size, path
