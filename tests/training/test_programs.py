"""The cache of compiled programs: what it writes, where, and what it refuses."""

import os
import stat
import subprocess
import sys
import time

import jax
import pytest

from backlit import cache_programs
from backlit.errors import FileError
from backlit.training import programs

# Compiles a few programs, and says what came out, how many were found in the cache, and how many were not.
COMPILES = """
import warnings
import jax, jax.numpy as jnp
import backlit

warnings.simplefilter("error")
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name.rpartition("/")[2]))
backlit.cache_programs()
print(jax.jit(lambda x: jnp.sin(x) @ x)(jnp.eye(2)).sum(), found.count("cache_hits"), found.count("cache_misses"))
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home with no cache set up."""
    monkeypatch.delenv(programs.SWITCH, raising=False)
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path


@pytest.fixture
def unset(home):
    """JAX without a cache, and afterwards as it was."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    jax.config.update("jax_compilation_cache_dir", None)
    yield home
    for name, value in before.items():
        jax.config.update(name, value)


def compile_in_a_process():
    """What came out, how many programs were found in the cache, how many were not."""
    done = subprocess.run([sys.executable, "-c", COMPILES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    value, hits, misses = done.stdout.split()
    return float(value), int(hits), int(misses)


def test_a_second_process_reads_what_the_first_compiled_and_a_broken_program_compiles_anew(home):
    value, hits, misses = compile_in_a_process()
    assert hits == 0
    assert misses > 2
    folder = programs.usual_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (broken,) = folder.glob("jit__lambda-*-cache")
    broken.write_bytes(broken.read_bytes()[:-20])  # as after a process that was killed while it wrote
    again, hits, _ = compile_in_a_process()
    assert (again, hits) == (value, misses - 1)


def test_the_switch_keeps_nothing(unset, monkeypatch):
    monkeypatch.setenv(programs.SWITCH, "off")
    assert cache_programs() is None
    assert jax.config.jax_compilation_cache_dir is None
    assert not list(unset.iterdir())


def test_a_cache_that_jax_has_stays(unset, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    assert cache_programs(tmp_path / "other") == tmp_path / "own"
    assert not (tmp_path / "other").exists()


def test_an_open_folder_is_closed_and_a_link_is_refused(unset, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(FileError, match="it is a link"):
        cache_programs(link)
    assert jax.config.jax_compilation_cache_dir is None
    (tmp_path / "above").symlink_to(tmp_path)
    assert cache_programs(tmp_path / "above" / "open") == folder  # where it lies, whatever the link becomes
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_can_exchange_is_refused(unset, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(FileError, match="open to other users"):
        cache_programs(shared / "programs")
    shared.chmod(0o1777)  # where others can put things, and move none, as in /tmp
    assert cache_programs(shared / "programs") == shared / "programs"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this system")
def test_a_folder_of_another_user_is_refused(unset, tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(FileError, match="belongs to another user"):
        cache_programs(tmp_path / "theirs")
    assert cache_programs() is None  # the usual folder, which nobody asked for, is just not used


def test_a_file_in_the_way_is_told(unset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="compiled programs cannot be kept in"):
        cache_programs(tmp_path / "file")


def test_the_programs_not_used_for_longest_go(tmp_path):
    now = time.time()
    for age, name in enumerate(("newest", "second", "third", "oldest")):
        path = tmp_path / f"{name}-cache"
        path.write_bytes(bytes(10))
        os.utime(path, (now - 1000 * age, now - 1000 * age))
    (tmp_path / "another file").write_bytes(bytes(100))
    programs.prune(tmp_path, 25)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another file", "newest-cache", "second-cache"]
