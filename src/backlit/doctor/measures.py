"""What one batch says of given weights: loss, gradients, updates, and what every layer makes of it, in one program.

The gradients are those of training mode, of all rows of the batch at once, so that a network with batch statistics is
measured as it trains. The reverse walk is read off where it passes the output of a layer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.doctor.subject import Subject
from backlit.functions.penalties import Penalty
from backlit.graph.backprop import Gradients, active_variables, backpropagate
from backlit.graph.evaluation import read_all, run, start
from backlit.graph.tracing import Tape, Variable, trace_function
from backlit.layers.activation import ActivationLayer
from backlit.layers.block import Block, Observer
from backlit.layers.recurrence import Recurrence
from backlit.optimizers import takes_all_rows
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known
from backlit.training.settings import OWN
from backlit.training.telemetry import SATURATED
from backlit.training.updates import told

Path = str


@dataclass(frozen=True)
class VariableMeasures:
    """Root mean squares over a variable's numbers.

    Attributes:
        gradient: of the loss with its penalties.
        data: of the loss alone; that of the gradient where the penalties are not known.
        weight: of the variable itself.
        update: of what the update rule adds to it at its first step; NaN where there is no rule that could be asked.
        reached: whether a differentiable path leads from it to the loss, penalties left out where they are known.
        turns: of `data` for each time that its block repeats; () for a block that does not.
    """

    gradient: float
    data: float
    weight: float
    update: float
    reached: bool
    turns: tuple[float, ...] = ()


@dataclass(frozen=True)
class LayerMeasures:
    """What a layer makes of the batch; of a block that repeats, the mean over its times.

    Attributes:
        mean, deviation: of its output, and the deviation of its input.
        zeros: the share of zeros in its output.
        slope: the mean |f'(z)| of an activation; None for other layers.
        saturated: the share of |f'(z)| < 0.01.
        dead: the share of units (places of the last axis) with |f'(z)| < 0.01 on every row and position.
        units: how many units it has.
        gradient: the Euclidean norm of ∂L/∂output over the batch; None where the walk does not pass it.
        by_step: the root mean squares of ∂L/∂x_t for each step of a recurrent layer's input; () for other layers.
        turns: the deviations of the output, for each time that its block repeats.
    """

    mean: float
    deviation: float
    deviation_in: float
    zeros: float
    slope: float | None
    saturated: float | None
    dead: float | None
    units: int
    gradient: float | None
    by_step: tuple[float, ...] = ()
    turns: tuple[float, ...] = ()


@dataclass(frozen=True)
class Measures:
    """Everything measured of one batch and one set of weights.

    Attributes:
        loss: of the batch, with penalties.
        variables: by path, such as 'dense_1/weight', in the order in which the network uses them.
        layers: by path, in the order in which they are applied; none for a subject that is no run of Backlit's.
        gradients: of the data's loss, by the variables' paths.
        values: of the variables.
    """

    loss: float
    variables: Mapping[Path, VariableMeasures]
    layers: Mapping[Path, LayerMeasures]
    gradients: Mapping[Path, np.ndarray]
    values: Mapping[Path, np.ndarray]


class Meter:
    """Measures a subject at any weights; compiled once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.reached: list[bool] = []
        self.order: list[int] = []
        self.layers: list[Path] = []
        self.program = jax.jit(self._program, compiler_options=known(ONCE))

    def __call__(self, parameters: Tree, state: Tree) -> Measures:
        """The measures at these weights."""
        subject = self.subject
        found = jax.device_get(self.program(parameters, state, subject.batch, jax.random.key(0)))
        leaves = jax.tree_util.tree_leaves_with_path(parameters)
        paths = [write_path(path) for path, _ in leaves]
        order = self._order(paths)
        repeats = repeated(subject)
        variables = {}
        for place in order:
            numbers, data = found["variables"][place], found["gradients"][place]
            turns = tuple(_rms_of(part) for part in data) if paths[place] in repeats else ()
            gradient, own, weight, update = map(float, numbers)
            variables[paths[place]] = VariableMeasures(gradient, own, weight, update, self.reached[place], turns)
        layers = {path: _layer_measures(found["layers"][path], found["norms"].get(path)) for path in self.layers}
        gradients = {paths[place]: np.asarray(found["gradients"][place]) for place in order}
        values = {paths[place]: np.asarray(leaves[place][1]) for place in order}
        return Measures(float(found["loss"]), variables, layers, gradients, values)

    def _order(self, paths: list[Path]) -> list[int]:
        """The places of the variables in the order of their use."""
        run = self.subject.run
        if run is None:
            return self.order
        planned = ["/".join(path) for path, _ in run.network.plan(run.input_shape).variables()]
        return [paths.index(path) for path in planned]

    def _program(self, parameters: Tree, state: Tree, batch: Any, key: Array) -> dict[str, Any]:
        x = getattr(batch, "x", None) if self.subject.run is not None else None
        differentiated = x is not None and jnp.issubdtype(jnp.asarray(x).dtype, jnp.floating)
        data_loss = self._data_loss()

        def measured(parameters: Tree, x: Any) -> Any:
            observer = Observer(look)
            used = batch._replace(x=x) if differentiated else batch
            value = data_loss(parameters, state, used, key, observer)
            self.layers = list(observer.seen)
            return value, observer.seen

        given = (parameters, x if differentiated else ())
        tape = trace_function(measured, *given)
        count = len(jax.tree.leaves(parameters))
        value, seen, gradients, passing = _walk(tape, jax.tree.leaves(given), count)
        reached = active_variables(tape, [True] * len(tape.inputs), 1)
        self.reached = [variable in reached for variable in tape.inputs[:count]]
        self.order = order_of_use(tape, count)
        penalty, slope = self._penalty(parameters)
        leaves = jax.tree.leaves(parameters)
        whole = [a + b for a, b in zip(gradients, jax.tree.leaves(slope), strict=True)]
        updates = self._updates(parameters, state, batch, key, value + penalty, whole)
        rows = zip(whole, gradients, leaves, updates, strict=True)
        return {
            "loss": value + penalty,
            "variables": [jnp.stack([_rms(values) for values in row]) for row in rows],
            "gradients": gradients,
            "layers": {path: found["statistics"] for path, found in seen.items()},
            "norms": {path: _of_gradients(found) for path, found in passing.items()},
        }

    def _data_loss(self) -> Callable[..., Array]:
        """The loss without penalties, where they are known, with an observer inside, where it is a run's."""
        subject = self.subject
        if subject.run is None:
            return lambda parameters, state, batch, key, observer: subject.loss(parameters, state, batch, key)[0]
        bare = replace(subject.run.objective, penalty=Penalty(), penalties=())
        return lambda parameters, state, batch, key, observer: bare(parameters, state, batch, key, observer)[0]

    def _penalty(self, parameters: Tree) -> tuple[Any, Tree]:
        if self.subject.run is None:
            return 0.0, jax.tree.map(jnp.zeros_like, parameters)
        objective = self.subject.run.objective
        return jax.value_and_grad(lambda own: jnp.asarray(objective.penalty_of(own), jnp.float32))(parameters)

    def _updates(
        self, parameters: Tree, state: Tree, batch: Any, key: Array, value: Array, gradients: list[Array]
    ) -> list[Array]:
        """Δw of the rule's first step; NaN where there is no rule, or one that searches along its own steps."""
        subject = self.subject
        leaves, structure = jax.tree.flatten(parameters)
        if subject.rule is None or searches(subject):
            return [jnp.full_like(leaf, jnp.nan) for leaf in leaves]
        tree = jax.tree.unflatten(structure, gradients)
        known_things = told(lambda own: subject.loss(own, state, batch, key)[0], parameters, value, tree)
        rule = optax.with_extra_args_support(subject.rule)
        return jax.tree.leaves(rule.update(tree, rule.init(parameters), parameters, **known_things)[0])


def look(path: Path, block: Block, x: Array, y: Array) -> dict[str, Any]:
    """What is kept of a layer: statistics (7,), its output, and the input of a recurrent one."""
    values, given = y.astype(jnp.float32), x.astype(jnp.float32)
    statistics = [jnp.mean(values), jnp.std(values), jnp.std(jnp.nan_to_num(given)), jnp.mean(values == 0)]
    if isinstance(block, ActivationLayer) and block.activation.derivative is not None:
        local = jnp.abs(jnp.broadcast_to(block.activation.derivative(x, **block.settings), x.shape))
        flat = local < SATURATED
        dead = flat.all(tuple(range(flat.ndim - 1)))
        statistics += [jnp.mean(local), jnp.mean(flat), jnp.mean(dead)]
    kept = {"statistics": jnp.stack([*statistics, jnp.float32(y.shape[-1] if y.ndim > 1 else 1)]), "y": y}
    return {**kept, "x": x} if isinstance(block, Recurrence) else kept


def searches(subject: Subject) -> bool:
    """Whether the rule of a run looks for its steps along the loss, so that a gradient alone does not tell them."""
    if subject.run is None or subject.run.settings.optimizer == OWN:
        return False
    return takes_all_rows(subject.run.settings.optimizer)


def order_of_use(tape: Tape, count: int) -> list[int]:
    """The places of a program's first inputs, in the order in which its equations use them; unused ones last."""
    first: dict[Any, int] = {}
    for place, equation in enumerate(tape.equations):
        for atom in equation.inputs:
            first.setdefault(atom, place)
    return sorted(range(count), key=lambda place: first.get(tape.inputs[place], len(tape.equations)))


def write_path(path: tuple[Any, ...]) -> Path:
    """A leaf's path as text: 'dense_1/weight'."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


def repeated(subject: Subject) -> set[Path]:
    """The paths of the variables with one entry along the first axis for each time that their block repeats."""
    if subject.run is None:
        return set()
    found: set[Path] = set()

    def visit(plan: Any, prefix: tuple[str, ...], inside: bool) -> None:
        inside = inside or plan.repeats > 1
        found.update("/".join((*prefix, name)) for name in plan.parameters if inside)
        for name, part in plan.parts.items():
            visit(part, (*prefix, name), inside)

    visit(subject.run.network.plan(subject.run.input_shape), (), False)
    return found


def _walk(tape: Tape, inputs: list[Any], count: int) -> tuple[Array, dict[Path, Any], list[Array], dict[Path, Any]]:
    """The loss, what was seen, the gradients of the first inputs, and those that pass what was seen of the layers."""
    active = active_variables(tape, [True] * len(inputs), 1)
    values = start(tape, inputs)
    pulls = run(tape.equations, values, active)
    seen_atoms = jax.tree.unflatten(tape.tree, tape.outputs)[1]
    watched: dict[Any, None] = {
        found[name]: None
        for found in seen_atoms.values()
        for name in ("x", "y")
        if isinstance(found.get(name), Variable)
    }
    arrived: dict[Any, Any] = {}

    def record(equation: Any, upstream: Any, downstream: Any) -> None:
        for variable, gradient in zip(equation.outputs, upstream, strict=True):
            if variable in watched and gradient is not None:
                arrived[variable] = gradient

    value = jnp.asarray(read_all(values, tape.outputs[:1])[0])
    end = tape.outputs[0]
    seed: Gradients = {end: jnp.ones_like(value)} if isinstance(end, Variable) and end in active else {}
    gradients = backpropagate(tape, values, seed, active, pulls, record)
    arrived |= {variable: gradients[variable] for variable in watched if variable in gradients}
    outputs = jax.tree.unflatten(tape.tree, read_all(values, tape.outputs))
    of_inputs = [
        gradients[variable] if variable in gradients else jnp.zeros_like(leaf)
        for variable, leaf in zip(tape.inputs[:count], inputs[:count], strict=True)
    ]
    passing = {
        path: {name: arrived[atom] for name in ("x", "y") if (atom := found.get(name)) in arrived}
        for path, found in seen_atoms.items()
    }
    return value, outputs[1], of_inputs, passing


def _of_gradients(found: dict[str, Array]) -> dict[str, Array]:
    """The norm of the gradient at a layer's output, and the root mean square of that at each step of its input."""
    made = {"norm": _rms(found["y"]) * found["y"].size ** 0.5} if "y" in found else {}
    if "x" in found and found["x"].ndim == 3:
        made["steps"] = _rms(found["x"], (0, 2))
    return made


def _layer_measures(statistics: np.ndarray, norms: dict[str, np.ndarray] | None) -> LayerMeasures:
    rows = np.atleast_2d(statistics)
    mean, deviation, deviation_in, zeros, *of_activation, units = map(float, rows.mean(0))
    slope, saturated, dead = of_activation if of_activation else (None, None, None)
    norms = norms or {}
    return LayerMeasures(
        mean,
        deviation,
        deviation_in,
        zeros,
        slope,
        saturated,
        dead,
        int(units),
        float(norms["norm"]) if "norm" in norms else None,
        tuple(map(float, norms["steps"])) if "steps" in norms else (),
        tuple(map(float, rows[:, 1])) if np.ndim(statistics) > 1 else (),
    )


def _rms(values: Array, axis: tuple[int, ...] | None = None) -> Array:
    """√ mean v², in units of the largest, whose square would leave float32 below 1e-19."""
    values = values.astype(jnp.float32)
    largest = jnp.max(jnp.abs(values))
    unit = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1.0)
    return unit * jnp.sqrt(jnp.mean(jnp.square(values / unit), axis=axis))


def _rms_of(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(values, np.float64)))))
