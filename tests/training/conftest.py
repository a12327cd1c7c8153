import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory, worker_id):
    """Programs that several runs share are compiled once, also where another worker tests the other run."""
    session = tmp_path_factory.getbasetemp()
    programs = (session if worker_id == "master" else session.parent) / "programs"
    settings = {
        "jax_compilation_cache_dir": str(programs),
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture(scope="session")
def line():
    """Inputs (10, 2) and targets (10,) of a linear rule with noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(10, 2)).astype(np.float32)
    return x, (x @ [1.0, -2.0] + 0.5 + 0.1 * random.normal(size=10)).astype(np.float32)


@pytest.fixture(scope="session")
def points():
    """Points (36, 2) of three classes by the angle."""
    random = np.random.default_rng(1)
    x = random.normal(size=(36, 2)).astype(np.float32)
    return x, np.array(["ash", "birch", "cedar"])[(np.arctan2(x[:, 1], x[:, 0]) // 2.1).astype(int) % 3]
