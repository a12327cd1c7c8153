import jax
import pytest


@pytest.fixture(scope="module", autouse=True)
def programs_freed():
    """Compiled programs are freed with their module: each maps memory, and Linux allows a process 65,530 mappings."""
    yield
    jax.clear_caches()
