"""A scan's body and its reverse walk, cut apart: what the forward loop keeps, and what waits until the end.

What crosses from forward to backward is stacked over time, so it is chosen with care: nothing that depends on the
constants of the loop alone, no repetition of something smaller, nothing that light arithmetic makes of the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from backlit.graph.sharding import is_spelled_out
from backlit.graph.tracing import Atom, Equation, Tape, Variable

CHEAP = {"broadcast_in_dim", "convert_element_type", "iota"}
LIGHT = CHEAP | {"add", "sub", "mul", "neg", "integer_pow", "square", "select_n", "gt", "ge", "lt", "le", "eq", "ne"}
LINEAR = {"add", "add_any", "convert_element_type", "neg", "reshape", "transpose"}


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
    kept: list[Atom]
    """What the forward loop stacks over time, beside the ys."""
    crossing: list[Variable]
    """What the backward body reads of the forward one."""
    backward: list[Equation]
    summed: list[Atom]
    """What is added up over time in the backward loop."""
    factors: dict[tuple[Atom, bool], Variable]
    """Factors of the matrix products after the loop, whether time and their first axis become one, and their names."""
    emitted: list[Atom]
    """The factors that the backward loop stacks, beside the gradients of the xs."""
    after: list[Equation]


def cut_tape(joint: Joint) -> Cut:
    """Cut a joint tape where the gradients enter."""
    equations = joint.tape.equations
    arrived = dependents(equations, [*joint.carry_bars, *joint.y_bars])
    acting = [variable for equation in equations if equation.effects for variable in equation.outputs]
    turning = dependents(equations, [*joint.carry, *joint.xs, *acting])
    known = [equation for equation in equations if not arrived.intersection(equation.inputs)]
    cheap = [equation for equation in known if equation.primitive.name in CHEAP and grows(equation)]

    backward = [equation for equation in equations if arrived.intersection(equation.inputs)]
    of_constants, of_carry, of_xs = joint.gradients
    after, summed, factors = postpone(backward, of_constants, turning | arrived)
    awaited = list(dict.fromkeys(variable for variable, _ in factors))
    emitted = [variable for variable in awaited if variable in arrived and variable not in of_xs]
    targets = [*of_carry, *of_xs, *summed, *emitted]
    backward, crossing = prune(backward, targets, cheap)
    stacked = [*joint.xs, *joint.results[len(joint.carry) :]]
    awaited = [variable for variable in awaited if variable not in arrived]
    at_hand = {*stacked, *awaited}
    derived = derive(crossing, known, lambda variable: variable not in turning or variable in at_hand)
    backward, crossing = prune([*derived, *backward], targets)

    kept = [v for v in dict.fromkeys([*crossing, *awaited]) if v in turning and v not in stacked]
    loop = [equation for equation in known if turning.intersection(equation.inputs) or equation.effects]
    forward, entering = prune(loop, [*joint.results, *kept], cheap)
    rest = [equation for equation in known if not (equation.effects or turning.intersection(equation.inputs))]
    before, _ = prune(rest, [*entering, *crossing])
    return Cut(before, forward, kept, crossing, backward, summed, factors, emitted, after)


def postpone(
    backward: Sequence[Equation], gradients: Sequence[Atom], timed: set[Atom]
) -> tuple[list[Equation], list[Atom], dict[tuple[Atom, bool], Variable]]:
    """Move the matrix products that only a sum over time waits for out of the loop: Σ_t a_tᵀb_t is one product."""
    produced = {variable for equation in backward for variable in equation.outputs}
    after: list[Equation] = []
    summed: dict[Atom, None] = dict.fromkeys(gradients)
    factors: dict[tuple[Atom, bool], Variable] = {}
    for equation in reversed(backward):
        output = equation.outputs[0] if equation.outputs else None
        if output not in summed:
            continue
        if equation.primitive.name == "dot_general" and timed.issuperset(equation.inputs):
            (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
            contracted = ((0, *later(left)), (0, *later(right)))
            params = {**equation.params, "dimension_numbers": (contracted, (later(left_batch), later(right_batch)))}
            whole = (*left, *right) == (0, 0) and not is_spelled_out(*(factor.aval for factor in equation.inputs))
            params = equation.params if whole else params
            keys = [(factor, whole) for factor in equation.inputs]
            stacked: list[Atom] = [factors.setdefault(key, Variable(None)) for key in keys]
            after.append(Equation(equation.primitive, params, stacked, equation.outputs, equation.path))
        elif equation.primitive.name in LINEAR and produced.issuperset(equation.inputs):
            summed.update(dict.fromkeys(equation.inputs))
            after.append(equation)
        else:
            continue
        del summed[output]
    return after[::-1], list(summed), factors


def dependents(equations: Iterable[Equation], sources: Iterable[Variable]) -> set[Atom]:
    """The sources and everything computed from them."""
    found: set[Atom] = set(sources)
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

    def steps(variable: Variable) -> set[Equation] | None:
        found, waiting = set[Equation](), [variable]
        while waiting:
            needed = waiting.pop()
            if needed in kept or at_hand(needed):
                continue
            if needed not in producers:
                return None
            if producers[needed] not in found:
                found.add(producers[needed])
                waiting += [atom for atom in producers[needed].inputs if isinstance(atom, Variable)]
        return found

    for variable in sorted(crossing, key=lambda variable: order.get(variable, -1), reverse=True):
        kept.discard(variable)
        needed = steps(variable)
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
