"""How XLA compiles the programs of a run.

XLA's options come and go with its versions: one that this version does not know is left out.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
from jax.errors import JaxRuntimeError

from backlit.layers.block import Block
from backlit.layers.composition import blocks_of
from backlit.layers.convolution import Filters
from backlit.training.devices import on_cpu

Options = dict[str, Any]

ONCE: Options = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""The compiler's least effort, for a program that runs once: a fifth to a third of the usual time."""
SOON: Options = ONCE | {"xla_backend_optimization_level": 1}
"""Little effort, for a program that runs some seconds: half the usual time, and hardly slower a step."""
ALL_CORES: Options = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
}
"""Products and sums through YNNPACK, as ever, and convolutions through Eigen: on all cores, where YNNPACK's use one."""
LONG_VECTORS: Options = {"xla_cpu_prefer_vector_width": 512}
"""Sixteen numbers at once, where the processor can: many small networks side by side take a quarter less time."""


def compiler_options(network: Block, spelled_out: bool = False) -> Options:
    """The options for programs that run a network.

    Args:
        network: that is run.
        spelled_out: whether its products are written as sums, see `graph.spell_out`.
    """
    convolves = any(isinstance(block, Filters) for block in blocks_of(network))
    return known((ALL_CORES if convolves else {}) | (LONG_VECTORS if spelled_out else {}))


def known(options: Options) -> Options:
    """Those of some options for a CPU that this XLA knows; none elsewhere."""
    if not options or not on_cpu():
        return {}
    if are_known(*options.items()):
        return options
    return {name: value for name, value in options.items() if are_known((name, value))}


def jit(function: Callable[..., Any], network: Block) -> Any:
    """`jax.jit` with the options for programs that run a network; for the outermost program, which alone may have any.

    Args:
        function: of arrays and pytrees.
        network: that the function runs.
    """
    return jax.jit(function, compiler_options=compiler_options(network))


@cache
def are_known(*options: tuple[str, Any]) -> bool:
    """Whether this XLA knows all of some options, names with values; it is asked by compiling next to nothing."""
    try:
        jax.jit(lambda x: x, compiler_options=dict(options)).lower(0.0).compile()
    except JaxRuntimeError:
        return False
    return True
