"""What holds for all tests, those in the docstrings of the package too."""

import os
import subprocess
import sys

import hypothesis
import jax
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

QUICK = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
)


def pytest_addoption(parser):
    """How a run of tests compiles: as users do, or quickly."""
    parser.addoption("--quick-compilation", action="store_true", help="compile fast instead of well: for values")


def pytest_configure(config):
    """Set XLA's flags where it knows them all, or it would end the process; workers inherit them."""
    if config.getoption("quick_compilation") and not hasattr(config, "workerinput"):
        flags = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()}
        asking = [sys.executable, "-c", "import jax; jax.devices()"]
        if subprocess.run(asking, env=os.environ | flags, capture_output=True).returncode == 0:
            os.environ.update(flags)


@pytest.fixture(scope="module", autouse=True)
def programs_freed():
    """Compiled programs are freed with their module: each maps memory, and Linux allows a process 65,530 mappings."""
    yield
    jax.clear_caches()
