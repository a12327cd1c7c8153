"""The rules of every family of primitives; importing this package enters them in the rulebook."""

from backlit.graph.rules import (
    arithmetic,
    calls,
    control_flow,
    convolution,
    elementwise,
    indexing,
    matmul,
    pooling,
    reductions,
    scan,
    shaping,
)

__all__ = [
    "arithmetic",
    "calls",
    "control_flow",
    "convolution",
    "elementwise",
    "indexing",
    "matmul",
    "pooling",
    "reductions",
    "scan",
    "shaping",
]
