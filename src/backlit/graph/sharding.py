"""Arrays whose types say how they lie over devices: only the plain form of an operation keeps track of that."""

from typing import Any

from jax.sharding import AxisType


def is_spelled_out(*types: Any) -> bool:
    """Whether one of these types of arrays says how the array is laid over devices."""
    return any(AxisType.Explicit in each.sharding.mesh.axis_types for each in types)
