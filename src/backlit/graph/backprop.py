"""Backpropagation: the reverse walk.

For a program x → v_1 → ... → v_n = y and an upstream gradient ȳ = ∂L/∂y, the walk visits the equations in reverse
order. At each one the upstream gradients of its outputs are known, for everything that uses them has been visited;
its rule sends them down to its inputs, and a value used several times sums what it receives:

    x̄_i = Σ over the uses v of x_i of  v̄ · ∂v/∂x_i

Only active values are visited: those on a path from an input being differentiated to an output.

Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", 1986.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from backlit.graph.evaluation import Values, read, read_all, run, scope, start
from backlit.graph.fallback import rule_of
from backlit.graph.rulebook import Pull, SelectiveRule
from backlit.graph.tracing import Atom, Equation, Tape, Variable
from backlit.shapes import Array

Gradients = dict[Atom, Array]
Recorder = Callable[[Equation, Sequence[Array | None], Sequence[Array | None]], None]


def backpropagate(
    tape: Tape,
    values: Values,
    gradients: Gradients,
    active: frozenset[Variable],
    pulls: dict[Equation, Pull] | None = None,
    recorder: Recorder | None = None,
) -> Gradients:
    """The reverse walk.

    Args:
        tape: the program.
        values: the value of every variable.
        gradients: the upstream gradients of the outputs to start from.
        active: the variables whose gradients are wanted.
        pulls: what the remembering rules kept of the forward pass; without it they run forward again.
        recorder: called with each visited equation, its upstream and its downstream gradients.

    Returns:
        The gradients of the active variables that are not an equation's outputs: the inputs.
    """
    later: Gradients = {}
    for equation in reversed(tape.equations):
        upstream = [collect(variable, gradients, later) for variable in equation.outputs]
        wanted = [atom in active for atom in equation.inputs]
        if all(gradient is None for gradient in upstream) or not any(wanted):
            continue
        with scope(equation.path):
            if pulls and equation in pulls:
                downstream = pulls[equation](upstream)
            else:
                inputs = [read(values, atom) for atom in equation.inputs]
                outputs = [values[variable] for variable in equation.outputs]
                downstream = rule_of(equation.primitive).downstream(equation.params, inputs, outputs, upstream, wanted)
            if recorder is not None:
                recorder(equation, upstream, downstream)
            for atom, want, gradient in zip(equation.inputs, wanted, downstream, strict=True):
                if want and gradient is not None:
                    accumulate(later if atom in gradients else gradients, atom, gradient)
    return {atom: lax.add(later[atom], first) if atom in later else first for atom, first in gradients.items()}


def accumulate(gradients: Gradients, atom: Atom, gradient: Array) -> None:
    """Add what a value receives to what it has received."""
    gradients[atom] = lax.add(gradients[atom], gradient) if atom in gradients else gradient


def collect(variable: Variable, gradients: Gradients, later: Gradients) -> Array | None:
    """All that a value has received, what came first added last; None where it has received nothing.

    First comes what a residual connection sends past its branch. Were it added first, XLA's CPU back end would fold the
    sum into the next layer's, that into the one after, and each layer would read again all that was ever added.
    """
    if variable in later:
        return lax.add(later.pop(variable), gradients.pop(variable))
    return gradients.pop(variable, None)


def pullback(
    tape: Tape, inputs: Sequence[Any], wanted: Sequence[bool], ends: int | None = None
) -> tuple[list[Any], Pull]:
    """The outputs of a program, and the function from their gradients to those of its wanted inputs.

    Only the first `ends` outputs (all by default) are differentiated; no gradient may be given for the others.
    """
    active = active_variables(tape, wanted, ends)
    values = start(tape, inputs)
    pulls = run(tape.equations, values, active)

    def pull(upstream: Sequence[Array | None]) -> list[Array | None]:
        gradients: Gradients = {}
        for atom, gradient in zip(tape.outputs[:ends], upstream, strict=True):
            if atom in active and gradient is not None:
                accumulate(gradients, atom, gradient)
        gradients = backpropagate(tape, values, gradients, active, pulls)
        return [gradients.get(variable) if want else None for variable, want in zip(tape.inputs, wanted, strict=True)]

    return read_all(values, tape.outputs), pull


def active_variables(tape: Tape, wanted: Sequence[bool], ends: int | None = None) -> frozenset[Variable]:
    """The variables on a differentiable path from a wanted input to one of the first `ends` outputs."""
    forward = reached_variables(tape, chosen_inputs(tape, wanted))
    active = forward.intersection(tape.outputs[:ends])
    for equation in reversed(tape.equations):
        if not active.isdisjoint(equation.outputs):
            active |= forward.intersection(equation.inputs)
    return frozenset(active)


def reached_outputs(tape: Tape, wanted: Sequence[bool]) -> list[bool]:
    """Whether each output depends differentiably on a wanted input."""
    reached = reached_variables(tape, chosen_inputs(tape, wanted))
    return [atom in reached for atom in tape.outputs]


def chosen_inputs(tape: Tape, wanted: Sequence[bool]) -> set[Variable]:
    """The wanted inputs of a program."""
    return {variable for variable, want in zip(tape.inputs, wanted, strict=True) if want}


def reached_variables(tape: Tape, sources: Iterable[Variable]) -> set[Variable]:
    """The sources and the variables that depend differentiably on one of them."""
    reached = set(sources)
    for equation in tape.equations:
        flags = [atom in reached for atom in equation.inputs]
        if any(flags):
            rule = rule_of(equation.primitive)
            answer = rule.reaches(equation.params, flags) if isinstance(rule, SelectiveRule) else True
            answers = [answer] * len(equation.outputs) if isinstance(answer, bool) else answer
            for variable, reach in zip(equation.outputs, answers, strict=True):
                if reach and jnp.issubdtype(getattr(variable.aval, "dtype", bool), jnp.inexact):
                    reached.add(variable)
    return reached
