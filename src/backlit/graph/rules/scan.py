"""The rule of `scan`: backpropagation through time.

A scan is a loop of known length, h_t, y_t = body(c, h_{t−1}, x_t). Its backward pass is a scan from the last step to
the first, c̄_t, h̄_{t−1}, x̄_t = bodyᵀ(h̄_t, ȳ_t), with c̄ = Σ_t c̄_t.

The body and its reverse walk are traced together and cut where the upstream gradients enter. What lies before the cut
is the forward scan, which keeps the values that cross it and no others. A weight gradient Σ_t a_tᵀb_t does not wait in
the loop: the a_t and b_t are kept, and one matrix product after the loop sums over time too.

Source: P. Werbos, "Backpropagation through time: what it does and how to do it", 1990.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from backlit.graph.backprop import pullback
from backlit.graph.evaluation import Values as Environment
from backlit.graph.evaluation import read_all, run
from backlit.graph.rulebook import Params, Pull, Values, register
from backlit.graph.rules.control_flow import reach_loop
from backlit.graph.tracing import Atom, Equation, Tape, Variable, open_jaxpr, trace_function
from backlit.shapes import Array

CHEAP = {"broadcast_in_dim", "convert_element_type", "iota"}
LIGHT = CHEAP | {"add", "sub", "mul", "neg", "integer_pow", "square", "select_n", "gt", "ge", "lt", "le", "eq", "ne"}
LINEAR = {"add", "add_any", "convert_element_type", "neg", "reshape", "transpose"}


class Scan:
    """h_t, y_t = body(c, h_{t−1}, x_t): h̄_{t−1}, x̄_t = bodyᵀ(h̄_t, ȳ_t) from the last step to the first, c̄ = Σ_t c̄_t."""

    def reaches(self, params: Params, active: Sequence[bool]) -> list[bool]:
        """The outputs that depend on an active input after some number of turns."""
        return reach_loop(open_jaxpr(params["jaxpr"]), *divide(params, active))

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each input, after a forward scan that keeps what it needs."""
        return self.forward(params, inputs, wanted, [gradient is not None for gradient in upstream])[1](upstream)

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The outputs, and the backward scan over what the forward scan kept."""
        constants, carry, xs = divide(params, inputs)
        joint = trace_with_walk(params, wanted, reached)
        cut = cut_tape(joint)
        fixed = {**joint.tape.constants, **dict(zip(joint.constants, constants, strict=True))}
        run(cut.before, fixed)
        loop = {"length": params["length"], "unroll": params["unroll"]}

        def step(state: Values, x: Values) -> tuple[list[Any], tuple[list[Any], list[Any]]]:
            values = {**fixed, **dict(zip([*joint.carry, *joint.xs], [*state, *x], strict=True))}
            run(cut.forward, values)
            results = read_all(values, joint.results)
            return results[: len(carry)], (results[len(carry) :], [values[variable] for variable in cut.kept])

        last, (ys, kept) = lax.scan(step, list(carry), list(xs), reverse=params["reverse"], **loop)
        outputs = [*last, *ys]
        names = [*joint.xs, *joint.results[len(carry) :], *cut.kept]
        stacks = dict(zip(names, [*xs, *ys, *kept], strict=True))
        backward_loop = {**loop, "reverse": not params["reverse"]}

        def pull(upstream: Sequence[Array | None]) -> list[Array | None]:
            bars = [
                jnp.zeros_like(output) if gradient is None else gradient
                for gradient, output, arrives in zip(upstream, outputs, joint.arriving, strict=True)
                if arrives
            ]
            gradients = iter(walk_back(joint, cut, fixed, stacks, bars, backward_loop))
            every = [next(gradients) if sent else None for sent in joint.sent]
            return [gradient if want else None for gradient, want in zip(every, wanted, strict=True)]

        return outputs, pull


@dataclass(frozen=True)
class Joint:
    """The body and its walk as one tape: constants, carry, xs, bars → results, gradients."""

    tape: Tape
    constants: list[Variable]
    carry: list[Variable]
    xs: list[Variable]
    carry_bars: list[Variable]
    y_bars: list[Variable]
    results: list[Atom]
    gradients: tuple[list[Atom], list[Atom], list[Atom]]
    """For the constants, the carry, the xs."""
    arriving: list[bool]
    """One flag a result of the body: whether a gradient comes to it."""
    sent: list[bool]
    """One flag an input of the body: whether it is sent a gradient."""


@dataclass(frozen=True)
class Cut:
    """A joint tape in four parts: `before` the loop, the `forward` body, the `backward` body, `after` the loop."""

    before: list[Equation]
    forward: list[Equation]
    kept: list[Variable]
    """What the forward loop stacks over time, beside the ys."""
    crossing: list[Variable]
    """What the backward body reads of the forward one."""
    backward: list[Equation]
    summed: list[Atom]
    """What is added up over time in the backward loop."""
    factors: dict[Variable, Variable]
    """Factors of the matrix products after the loop, and their names when stacked over time."""
    emitted: list[Variable]
    """The factors that the backward loop stacks."""
    after: list[Equation]


def divide(params: Params, items: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """A scan's inputs as constants, carry and xs."""
    first, turns = count_inputs(params)
    second = first + turns
    return items[:first], items[first:second], items[second:]


def count_inputs(params: Params) -> tuple[int, int]:
    """The numbers of constants and of carried values, which JAX 0.12 and later tell by trees of inputs."""
    if "ft_in" in params:
        constants, carry, _ = params["ft_in"].unpack()
        return len(constants), len(carry)
    return params["num_consts"], params["num_carry"]


def trace_with_walk(params: Params, wanted: Sequence[bool], reached: Sequence[bool]) -> Joint:
    """Trace a scan's body together with its reverse walk."""
    body = open_jaxpr(params["jaxpr"])
    turns = count_inputs(params)[1]
    constants_wanted, _, xs_wanted = divide(params, wanted)
    moving = reach_loop(body, *divide(params, wanted))[:turns]
    wanted = [*constants_wanted, *moving, *xs_wanted]
    arriving = [*moving, *reached[turns:]]
    carried = [False] * len(constants_wanted) + moving + [False] * len(xs_wanted)
    sent: list[bool] = []

    def walk(inputs: Values, bars: Values) -> tuple[list[Any], list[Array]]:
        results, pull = pullback(body, inputs, wanted)
        arrivals = iter(bars)
        pulled = pull([next(arrivals) if arrives else None for arrives in arriving])
        gradients = [
            jnp.zeros_like(value) if gradient is None and carries else gradient
            for gradient, value, carries in zip(pulled, inputs, carried, strict=True)
        ]
        sent.extend(gradient is not None for gradient in gradients)
        return results, [gradient for gradient in gradients if gradient is not None]

    bars = [atom for atom, arrives in zip(body.outputs, arriving, strict=True) if arrives]
    tape = trace_function(walk, blanks(body.inputs), blanks(bars))
    inputs, outputs = tape.inputs, tape.outputs
    constants, carry, xs = divide(params, inputs[: len(body.inputs)])
    sent_constants, sent_carry, _ = (sum(part) for part in divide(params, sent))
    first = len(body.inputs) + sum(moving)
    second = len(body.outputs) + sent_constants
    third = second + sent_carry
    return Joint(
        tape, list(constants), list(carry), list(xs), inputs[len(body.inputs) : first], inputs[first:],
        outputs[: len(body.outputs)], (outputs[len(body.outputs) : second], outputs[second:third], outputs[third:]),
        arriving, sent,
    )  # fmt: skip


def blanks(atoms: Iterable[Atom]) -> list[jax.ShapeDtypeStruct]:
    """Shapes and dtypes to trace with; inside a `shard_map` also the axes of devices along which a value varies."""
    kept = ("shape", "dtype", "sharding", "manual_axis_type")
    return [jax.ShapeDtypeStruct(**{name: getattr(atom.aval, name) for name in kept}) for atom in atoms]


def zeros(aval: Any) -> Array:
    """Zeros to add up from, which vary over the same devices as what is added."""
    varying = tuple(aval.manual_axis_type.varying)
    start = jnp.zeros(aval.shape, aval.dtype)
    return lax.pcast(start, varying, to="varying") if varying else start


def cut_tape(joint: Joint) -> Cut:
    """Cut a joint tape where the gradients enter."""
    equations = joint.tape.equations
    arrived = dependents(equations, [*joint.carry_bars, *joint.y_bars])
    turning = dependents(equations, [*joint.carry, *joint.xs])
    known = [equation for equation in equations if not arrived.intersection(equation.inputs)]
    cheap = [equation for equation in known if equation.primitive.name in CHEAP and grows(equation)]

    backward = [equation for equation in equations if arrived.intersection(equation.inputs)]
    of_constants, of_carry, of_xs = joint.gradients
    after, summed, factors = postpone(backward, of_constants, turning | arrived)
    emitted = [variable for variable in factors if variable in arrived]
    targets = [*of_carry, *of_xs, *summed, *emitted]
    backward, crossing = prune(backward, targets, cheap)
    stacked = [*joint.xs, *joint.results[len(joint.carry) :]]
    awaited = [variable for variable in factors if variable not in arrived]
    at_hand = {*stacked, *awaited}
    derived = derive(crossing, known, lambda variable: variable not in turning or variable in at_hand)
    backward, crossing = prune([*derived, *backward], targets)

    kept = dict.fromkeys([*crossing, *awaited])
    kept = [variable for variable in kept if variable in turning and variable not in stacked]
    loop = [equation for equation in known if turning.intersection(equation.inputs) or equation.effects]
    forward, entering = prune(loop, [*joint.results, *kept], cheap)
    before, _ = prune([equation for equation in known if equation not in loop], [*entering, *crossing])
    return Cut(before, forward, kept, crossing, backward, summed, factors, emitted, after)


def postpone(
    backward: Sequence[Equation], gradients: Sequence[Atom], timed: set[Variable]
) -> tuple[list[Equation], list[Atom], dict[Variable, Variable]]:
    """Move the matrix products that only a sum over time waits for out of the loop: Σ_t a_tᵀb_t is one product."""
    producers = {variable: equation for equation in backward for variable in equation.outputs}
    after: dict[Equation, Equation] = {}
    summed: dict[Atom, None] = {}
    factors: dict[Variable, Variable] = {}

    def total(atom: Atom) -> None:
        equation = producers.get(atom)
        name = equation.primitive.name if equation else None
        if name == "dot_general" and timed.issuperset(equation.inputs):
            stacked = [factors.setdefault(factor, Variable(None)) for factor in equation.inputs]
            (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
            contracted = ((0, *later(left)), (0, *later(right)))
            params = {**equation.params, "dimension_numbers": (contracted, (later(left_batch), later(right_batch)))}
            after[equation] = Equation(equation.primitive, params, stacked, equation.outputs, equation.path)
        elif name in LINEAR and all(source in producers for source in equation.inputs):
            for source in equation.inputs:
                total(source)
            after[equation] = equation
        else:
            summed[atom] = None

    for gradient in gradients:
        total(gradient)
    return list(after.values()), list(summed), factors


def walk_back(
    joint: Joint, cut: Cut, fixed: Environment, stacks: Environment, bars: Values, loop: dict[str, Any]
) -> list[Array]:
    """The backward scan: the gradients of the constants, the initial carry and the xs."""
    of_constants, of_carry, of_xs = joint.gradients
    pieces = [variable for variable in cut.crossing if variable in stacks]

    def step(state: tuple[Values, Values], x: tuple[Values, Values]) -> tuple[Any, Any]:
        (carry_bars, totals), (pieces_t, y_bars) = state, x
        names = [*joint.carry_bars, *joint.y_bars, *pieces]
        values = {**fixed, **dict(zip(names, [*carry_bars, *y_bars, *pieces_t], strict=True))}
        run(cut.backward, values)
        totals = [lax.add(t, piece) for t, piece in zip(totals, read_all(values, cut.summed), strict=True)]
        return (read_all(values, of_carry), totals), (read_all(values, of_xs), read_all(values, cut.emitted))

    turns = len(joint.carry_bars)
    xs = ([stacks[variable] for variable in pieces], bars[turns:])
    (carry, totals), (gradients_xs, emitted) = lax.scan(
        step, (bars[:turns], [zeros(atom.aval) for atom in cut.summed]), xs, **loop
    )

    stacks = {**stacks, **dict(zip(cut.emitted, emitted, strict=True))}
    values = {**fixed, **dict(zip(cut.summed, totals, strict=True))}
    values.update((name, stacks[factor]) for factor, name in cut.factors.items())
    run(cut.after, values)
    return [*read_all(values, of_constants), *carry, *gradients_xs]


def dependents(equations: Iterable[Equation], sources: Iterable[Variable]) -> set[Variable]:
    """The sources and everything computed from them."""
    found = set(sources)
    for equation in equations:
        if found.intersection(equation.inputs):
            found.update(equation.outputs)
    return found


def prune(
    equations: Sequence[Equation], targets: Iterable[Atom], cheap: Sequence[Equation] = ()
) -> tuple[list[Equation], list[Variable]]:
    """The equations that the targets need, with the cheap ones in front of them, and the variables still missing."""
    front: list[Equation] = []
    targets = list(targets)
    while True:
        needed = {atom: None for atom in targets if isinstance(atom, Variable)}
        chosen = []
        for equation in reversed([*front, *equations]):
            if equation.effects or any(variable in needed for variable in equation.outputs):
                chosen.append(equation)
                for variable in equation.outputs:
                    needed.pop(variable, None)
                needed.update((atom, None) for atom in equation.inputs if isinstance(atom, Variable))
        more = [equation for equation in cheap if equation in front or needed.keys() & set(equation.outputs)]
        if len(more) == len(front):
            return chosen[::-1], list(needed)
        front = more


def derive(
    crossing: Sequence[Variable], known: Sequence[Equation], at_hand: Callable[[Variable], bool]
) -> list[Equation]:
    """Equations that compute some of the crossing values from the others, so that they need not be kept."""
    producers = {equation.outputs[0]: equation for equation in known if equation.primitive.name in LIGHT}
    order = {variable: i for i, equation in enumerate(known) for variable in equation.outputs}
    kept, chosen = set(crossing), set[Equation]()

    def steps(variable: Variable, found: dict[Variable, set[Equation] | None]) -> set[Equation] | None:
        if variable in kept or at_hand(variable):
            return set()
        if variable not in found:
            equation = producers.get(variable)
            sources = [atom for atom in equation.inputs if isinstance(atom, Variable)] if equation else []
            before = [steps(source, found) for source in sources]
            found[variable] = {equation}.union(*before) if equation and None not in before else None
        return found[variable]

    for variable in sorted(crossing, key=lambda variable: order.get(variable, -1), reverse=True):
        kept.discard(variable)
        needed = steps(variable, {})
        if needed is None:
            kept.add(variable)
        else:
            chosen |= needed
    return [equation for equation in known if equation in chosen]


def grows(equation: Equation) -> bool:
    """Whether an equation's output takes more memory than its inputs."""
    size = sum(atom.aval.size * atom.aval.dtype.itemsize for atom in equation.inputs if isinstance(atom, Variable))
    return equation.outputs[0].aval.size * equation.outputs[0].aval.dtype.itemsize > size


def later(axes: Sequence[int]) -> tuple[int, ...]:
    """Axes of an array that has been stacked along a new first axis."""
    return tuple(axis + 1 for axis in axes)


register("scan", Scan())
