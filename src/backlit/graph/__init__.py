"""The computation graph and backpropagation, for any JAX function."""

from backlit.graph import rules
from backlit.graph.curvature import hessian, hvp, jacobian
from backlit.graph.evaluation import accelerate
from backlit.graph.expression import Expression, parse
from backlit.graph.gradients import grad, value_and_grad, vjp
from backlit.graph.node import Graph, Node, Origin, Path, trace
from backlit.graph.products import spell_out

__all__ = [
    "Expression",
    "Graph",
    "Node",
    "Origin",
    "Path",
    "accelerate",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "parse",
    "rules",
    "spell_out",
    "trace",
    "value_and_grad",
    "vjp",
]
