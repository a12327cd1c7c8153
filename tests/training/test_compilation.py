import jax
import pytest

import backlit as bl
from backlit.training.compilation import ALL_CORES, LONG_VECTORS, ONCE, compiler_options, known


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the options are a CPU's")
def test_options_are_those_of_what_a_network_is_made_of():
    assert compiler_options(bl.Dense(3)) == {}
    assert compiler_options(bl.network("Residual(Conv(2, 3, padding='same')), Flatten, Dense(3)")) == ALL_CORES
    assert compiler_options(bl.Dense(3), spelled_out=True) == LONG_VECTORS


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the options are a CPU's")
def test_an_option_that_the_compiler_does_not_know_is_left_out():
    assert known({"xla_cpu_no_such_option": True} | ALL_CORES) == ALL_CORES


def test_there_are_none_where_there_is_no_cpu(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert compiler_options(bl.Conv(1, 1), spelled_out=True) == known(ONCE) == {}
