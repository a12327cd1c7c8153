"""The computation graph and backpropagation, for any JAX function."""

from backlit.graph import rules
from backlit.graph.curvature import hessian, hvp, jacobian
from backlit.graph.expression import Expression, parse
from backlit.graph.gradients import grad, value_and_grad, vjp
from backlit.graph.node import Graph, Node, Origin, Path, trace

__all__ = [
    "Expression",
    "Graph",
    "Node",
    "Origin",
    "Path",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "parse",
    "rules",
    "trace",
    "value_and_grad",
    "vjp",
]
