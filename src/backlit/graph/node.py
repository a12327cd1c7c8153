"""The computation graph of a function: what every node is worth and how every node matters.

    value         v                        forward, from the inputs to the output
    upstream      v̄ = ∂L/∂v                backward, from the output to the inputs
    local(i)      ∂v/∂x_i                  how the node changes with its input i
    downstream(i) v̄ · ∂v/∂x_i              what the node sends back to its input i

Every output of an operation is a node of its own: an operation with several outputs (a loop, a split) gives several
nodes with the same inputs, and what each sends back is its own share.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import count
from os import PathLike
from typing import Any

import jax
import jax.numpy as jnp

from backlit.drawing.drawing import Drawing, saved
from backlit.errors import GraphError, nearest
from backlit.graph.backprop import active_variables, backpropagate, reached_variables
from backlit.graph.drawing import draw_graph
from backlit.graph.evaluation import evaluate
from backlit.graph.fallback import rule_of
from backlit.graph.gradients import fit_upstream, is_floating
from backlit.graph.lecture import write_graph, write_value
from backlit.graph.rulebook import RULES, Elementwise, describe
from backlit.graph.tracing import Atom, Equation, Literal, Tape, Variable, name_arguments, trace_function
from backlit.shapes import Array, Shape, Tree, write


class Node:
    """One value of a computation graph.

    Attributes:
        operation: the primitive that makes it; "input" or "constant" where none does.
        name: the argument's name for an input, c0, c1, ... for a constant, v0, v1, ... for all others; a name that an
            argument has is left out.
        path: the layer it belongs to, from `jax.named_scope`; "" outside of every layer.
        inputs: the nodes and the numbers it is made of.
        shape: its shape.
        dtype: its dtype.
        value: its value; None before `Graph.forward`.
        upstream: the gradient that arrives at it; None before `Graph.backward`, and where none arrives.
    """

    def __init__(self, variable: Atom, operation: str, name: str, path: str = "") -> None:
        self.operation, self.name, self.path = operation, name, path
        self.shape: Shape = variable.aval.shape
        self.dtype = variable.aval.dtype
        self.inputs: list[Node | Any] = []
        self.value: Any = None
        self.upstream: Array | None = None
        self.equation: Equation | None = None
        self.siblings: list[Node] = [self]
        self.sent: list[Array | None] | None = None

    def __repr__(self) -> str:
        return f"<{self.name}: {self.operation} {write(self.shape)}>"

    def local(self, i: int) -> Any:
        """The local derivative ∂v/∂x_i for input i.

        Returns:
            A number or an array where the operation acts on each element alone, else a function that applies the
            derivative: from a gradient of this node's shape to one of input i's shape (None where it is zero).

        Raises:
            GraphError: there is no such input, or the values are not known yet.
        """
        equation, inputs, outputs = self.known(i)
        rule = rule_of(equation.primitive)
        if isinstance(rule, Elementwise):
            return rule.local(i, equation.params, inputs, outputs[0])
        return lambda upstream: self.send(i, upstream)

    def downstream(self, i: int) -> Array | None:
        """The gradient v̄ · ∂v/∂x_i that this node sends back to its input i; None where nothing is sent.

        Raises:
            GraphError: there is no such input, or the values are not known yet.
        """
        self.known(i)
        if self.upstream is None or not isinstance(self.inputs[i], Node):
            return None
        return self.sent[i] if self.sent is not None else self.send(i, self.upstream)

    def send(self, i: int, upstream: Array) -> Array | None:
        """Any upstream gradient, sent back to input i."""
        equation, inputs, outputs = self.known(i)
        arriving = [upstream if node is self else None for node in self.siblings]
        wanted = [position == i and is_floating(x) for position, x in enumerate(inputs)]
        if not any(wanted):
            return None
        return rule_of(equation.primitive).downstream(equation.params, inputs, outputs, arriving, wanted)[i]

    def known(self, i: int) -> tuple[Equation, list[Any], list[Any]]:
        """The operation with the values of its inputs and outputs."""
        if self.equation is None or not 0 <= i < len(self.inputs):
            raise GraphError(f"{self.name} ({self.operation}) has {len(self.inputs)} inputs, and none numbered {i}")
        if self.value is None:
            raise GraphError(f"the value of {self.name} is not known yet: call graph.forward(...) first")
        inputs = [x.value if isinstance(x, Node) else x for x in self.inputs]
        return self.equation, inputs, [node.value for node in self.siblings]


@dataclass(frozen=True)
class Path:
    """One way that a value takes through a graph, and the part of the gradient that comes back along it.

    Attributes:
        nodes: those that it leads through.
        contribution: the product of the local derivatives along it.
        places: for each node but the first, which of its inputs the one before it is.
    """

    nodes: tuple[Node, ...]
    contribution: Array
    places: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{' → '.join(node.name for node in self.nodes)}: {write_value(self.contribution)}"


@dataclass(frozen=True)
class Origin:
    """Where a rule comes from: "ours" or "jax", and what it says."""

    source: str
    equation: str


class Graph:
    """The computation graph of a function, made by `trace`.

    Attributes:
        nodes: every node, each after its inputs.
        inputs: one node for every array among the arguments.
        outputs: one node (or number) for every array of the result.
        seeds: the gradient that each output had at the start of `Graph.backward`; None before it.
    """

    def __init__(self, tape: Tape, names: list[str], structure: Any, args: list[Any]) -> None:
        self.tape, self.structure, self.args = tape, structure, args
        self.by_variable: dict[Atom, Node] = {}
        for variable, name in zip(tape.inputs, names, strict=True):
            self.by_variable[variable] = Node(variable, "input", name)
        constants, others = number_names("c", names), number_names("v", names)
        for constant in tape.constants:
            self.by_variable[constant] = Node(constant, "constant", next(constants))
        for equation in tape.equations:
            siblings = [
                Node(variable, equation.primitive.name, next(others), equation.path) for variable in equation.outputs
            ]
            for node, variable in zip(siblings, equation.outputs, strict=True):
                node.equation, node.siblings = equation, siblings
                node.inputs = [self.node_of(atom) for atom in equation.inputs]
                self.by_variable[variable] = node
        self.nodes = list(self.by_variable.values())
        self.inputs = [self.by_variable[variable] for variable in tape.inputs]
        self.outputs = [self.node_of(atom) for atom in tape.outputs]
        self.seeds: list[Array | None] | None = None

    def node_of(self, atom: Atom) -> Any:
        """The node of a variable, or a literal's number."""
        return atom.val if isinstance(atom, Literal) else self.by_variable[atom]

    def __getitem__(self, name: str) -> Node:
        """The node of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise GraphError(f"the graph has no node {name!r}: {nearest(name, [node.name for node in self.nodes])}")

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __str__(self) -> str:
        return write_graph(self)

    def forward(self, *args: Tree) -> Tree:
        """Compute every node's value, each node once, and return the function's result.

        Args:
            args: arguments of the shapes that were traced; the traced ones by default.

        Raises:
            GraphError: the arguments do not have the shapes that were traced.
        """
        leaves, structure = jax.tree.flatten(args) if args else (self.args, self.structure)
        given = [jnp.shape(leaf) for leaf in leaves]
        if structure != self.structure or given != [node.shape for node in self.inputs]:
            expected = ", ".join(f"{node.name} {write(node.shape)}" for node in self.inputs)
            raise GraphError(f"the graph was traced for {expected}, and received {', '.join(map(write, given))}")
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves):
            raise GraphError("the graph was traced from shapes alone: give the arguments to graph.forward(...)")
        leaves = [jnp.asarray(leaf, node.dtype) for leaf, node in zip(leaves, self.inputs, strict=True)]
        values = evaluate(self.tape, leaves)
        self.seeds = None
        for variable, node in self.by_variable.items():
            node.value, node.upstream, node.sent = values[variable], None, None
        outputs = [node.value if isinstance(node, Node) else jnp.asarray(node) for node in self.outputs]
        return jax.tree.unflatten(self.tape.tree, outputs)

    def backward(self, seed: Tree | None = None) -> Tree:
        """Compute every node's upstream and downstream gradients, and return the gradients of the arguments.

        Args:
            seed: the gradient of the output, of its structure and shapes; 1 by default, for a single number.

        Returns:
            A tuple with the gradient of each argument; None for an array of integers.

        Raises:
            GraphError: the output is not a single number and no seed is given, or the seed does not fit.
        """
        if any(node.value is None for node in self.inputs) or not self.inputs:
            self.forward()
        outputs = [node.value if isinstance(node, Node) else jnp.asarray(node) for node in self.outputs]
        if seed is None:
            if len(outputs) != 1 or outputs[0].shape != () or not is_floating(outputs[0]):
                shapes = ", ".join(write(output.shape) for output in outputs)
                raise GraphError(f"the output is not a single number (shape {shapes}): give its gradient as the seed")
            seed = jax.tree.unflatten(self.tape.tree, [jnp.ones_like(outputs[0])])
        for node in self.nodes:
            node.upstream, node.sent = None, None
        wanted = [is_floating(node.value) for node in self.inputs]
        gradients: dict[Any, Array] = {}
        self.seeds = list(fit_upstream(seed, outputs, self.tape.tree))
        for atom, gradient in zip(self.tape.outputs, self.seeds, strict=True):
            if isinstance(atom, Variable) and gradient is not None:
                gradients[atom] = gradients[atom] + gradient if atom in gradients else gradient

        def record(equation: Equation, upstream: Any, downstream: Any) -> None:
            for variable, gradient in zip(equation.outputs, upstream, strict=True):
                self.by_variable[variable].upstream = gradient
            if len(equation.outputs) == 1:
                self.by_variable[equation.outputs[0]].sent = list(downstream)

        values: dict[Atom, Any] = {variable: node.value for variable, node in self.by_variable.items()}
        active = active_variables(self.tape, wanted)
        gradients = backpropagate(self.tape, values, gradients, active, recorder=record)
        for node, variable, want in zip(self.inputs, self.tape.inputs, wanted, strict=True):
            node.upstream = gradients.get(variable, jnp.zeros_like(node.value)) if want else None
        return jax.tree.unflatten(self.structure, [node.upstream for node in self.inputs])

    def paths(self, source: Node | str, target: Node | str | None = None, limit: int = 10_000) -> list[Path]:
        """Every path from a node to another, with the gradient that comes back along it alone.

        Their sum is the whole gradient, ∂target/∂source = Σ over paths of Π of the local derivatives.

        Args:
            source: where the paths begin.
            target: where they end: a node of shape (); the output by default.
            limit: the most paths to follow; their number may grow exponentially with depth.

        Raises:
            GraphError: there are more paths than the limit, or the target is not a single number.
        """
        start = self[source] if isinstance(source, str) else source
        end = self.outputs[0] if target is None else self[target] if isinstance(target, str) else target
        if not isinstance(end, Node):
            return []
        if end.value is None:
            self.forward()
        if end.shape != ():
            raise GraphError(f"paths end in a single number, and {end.name} has shape {write(end.shape)}")
        sources = [atom for atom, node in self.by_variable.items() if node is start and isinstance(atom, Variable)]
        between = {self.by_variable[variable] for variable in reached_variables(self.tape, sources)}
        found: list[Path] = []
        waiting: list[Path] = [Path((end,), jnp.ones_like(end.value))] if end in between else []
        while waiting:
            path = waiting.pop()
            if path.nodes[0] is start:
                found.append(path)
                if len(found) > limit:
                    raise GraphError(f"more than {limit} paths lead from {start.name} to {end.name}: raise the limit")
                continue
            for i, x in reversed(list(enumerate(path.nodes[0].inputs))):
                if (
                    isinstance(x, Node)
                    and x in between
                    and (sent := path.nodes[0].send(i, path.contribution)) is not None
                ):
                    waiting.append(Path((x, *path.nodes), sent, (i, *path.places)))
        return found

    def draw(
        self,
        lit: Path | None = None,
        *,
        steps: bool = False,
        depth: int | None = None,
        title: str = "",
        path: str | PathLike[str] | None = None,
    ) -> Drawing:
        """The graph as lectures draw it: on each edge the value above, and below the gradient that comes back along it.

        What is not computed yet is left out: call `backward` first for gradients. A large array is drawn as its shape,
        mean and standard deviation.

        Args:
            lit: one of `paths(...)`, to stand out, with what it contributes.
            steps: whether the nodes are numbered in the order of evaluation, and on from there in that of the way back.
            depth: how many levels of layers (`jax.named_scope`) stand open, 0 or more; by default as many as a reader
                takes in, all of a small graph.
            title: what stands over the page.
            path: a file that is written, .svg or .html.

        Returns:
            A drawing, which notebooks show, and `save` writes.

        Raises:
            GraphError: the lit path is of another graph.
            SettingError: an argument is something else.
            FileError: the file has another ending, or cannot be written.

        >>> graph = trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
        >>> _ = graph.backward()
        >>> '<text class="value"' in graph.draw().svg
        True
        """
        return saved(lambda: draw_graph(self, lit, steps, depth, title), path)

    def _repr_html_(self) -> str:
        return self.draw()._repr_html_()

    def first_nonfinite(self) -> Node | None:
        """The first node whose value is infinite or not a number, else the first such gradient met going back."""
        for node in self.nodes:
            if not is_finite(node.value):
                return node
        return next((node for node in reversed(self.nodes) if not is_finite(node.upstream)), None)

    def rules(self) -> dict[str, Origin]:
        """For every operation of the graph, whose rule sends its gradients back: ours, or JAX's own derivative."""
        names = dict.fromkeys(equation.primitive.name for equation in self.tape.equations)
        return {
            name: Origin("ours", describe(RULES[name])) if name in RULES else Origin("jax", "jax.vjp of this primitive")
            for name in names
        }


def trace(f: Callable[..., Any], *args: Tree) -> Graph:
    """The computation graph of a function at its arguments.

    Args:
        f: any function of arrays and pytrees, made of JAX operations.
        args: its arguments: arrays, numbers and pytrees of them, or `jax.ShapeDtypeStruct`s.

    Returns:
        The graph; `forward` and `backward` fill it in.

    Raises:
        GraphError: f cannot be traced.

    >>> graph = trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
    >>> float(graph.forward()), [float(gradient) for gradient in graph.backward()]
    (-12.0, [-4.0, -4.0, 3.0])
    """
    leaves, structure = jax.tree.flatten(args)
    return Graph(trace_function(f, *args), name_arguments(f, args), structure, leaves)


def number_names(letter: str, taken: Collection[str]) -> Iterator[str]:
    """A letter with 0, 1, 2, ..., but for the names that are taken."""
    return (name for i in count() if (name := f"{letter}{i}") not in taken)


def is_finite(value: Any) -> bool:
    """Whether a value is finite; one that is unknown, or not of numbers with infinities, is."""
    return value is None or not jnp.issubdtype(value.dtype, jnp.inexact) or bool(jnp.isfinite(value).all())
