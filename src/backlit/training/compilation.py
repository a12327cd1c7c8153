"""How XLA compiles the programs of a run."""

from functools import cache
from typing import Any

import jax
from jax.errors import JaxRuntimeError

from backlit.layers.block import Block
from backlit.layers.composition import blocks_of
from backlit.layers.convolution import Filters

Options = dict[str, Any]

ONCE: Options = {"xla_backend_optimization_level": 1}
"""For a program that runs once, which is not worth the compiler's full effort."""
ALL_CORES: Options = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
}
"""Products and sums through YNNPACK, as ever, and convolutions through Eigen: on all cores, where YNNPACK's use one."""


def compiler_options(network: Block) -> Options:
    """The options for programs that run a network; `benchmarks/rules_images.py` compares them."""
    convolves = any(isinstance(block, Filters) for block in blocks_of(network))
    return ALL_CORES if convolves and jax.default_backend() == "cpu" and is_known() else {}


@cache
def is_known() -> bool:
    """Whether this XLA, whose options come and go, knows those for convolutions."""
    try:
        jax.jit(lambda x: x, compiler_options=ALL_CORES).lower(0.0).compile()
    except JaxRuntimeError:
        return False
    return True
