"""Forward values: run the equations of a tape in order, each one once."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp

from backlit.graph.fallback import bind, rule_of
from backlit.graph.rulebook import Pull, RememberingRule
from backlit.graph.tracing import Atom, Equation, Tape, Variable
from backlit.shapes import Array

Values = dict[Atom, Any]


def evaluate(tape: Tape, inputs: Sequence[Any]) -> Values:
    """Every value of a program.

    Args:
        tape: the program.
        inputs: one value an input.
    """
    values = start(tape, inputs)
    run(tape.equations, values)
    return values


def start(tape: Tape, inputs: Sequence[Any]) -> Values:
    """The values known before the first equation."""
    return {**tape.constants, **dict(zip(tape.inputs, inputs, strict=True))}


def run(
    equations: Iterable[Equation], values: Values, active: frozenset[Variable] = frozenset()
) -> dict[Equation, Pull]:
    """Evaluate equations in place; return the pulls of the active ones whose rules remember their forward pass."""
    pulls = {}
    for equation in equations:
        inputs = [read(values, atom) for atom in equation.inputs]
        with scope(equation.path):
            reached = [variable in active for variable in equation.outputs] if active else ()
            rule = rule_of(equation.primitive) if any(reached) else None
            if isinstance(rule, RememberingRule):
                wanted = [atom in active for atom in equation.inputs]
                outputs, pulls[equation] = rule.forward(equation.params, inputs, wanted, reached)
            else:
                outputs = bind(equation.primitive, equation.params, inputs)
        values.update(zip(equation.outputs, outputs, strict=True))
    return pulls


def read(values: Values, atom: Atom) -> Any:
    """The value of a variable or literal."""
    return values[atom] if isinstance(atom, Variable) else atom.val


def read_all(values: Values, atoms: Iterable[Atom]) -> list[Array]:
    """The values of several, literals as arrays too."""
    found = [(read(values, atom), atom) for atom in atoms]
    return [v if isinstance(v, jax.Array) else jnp.asarray(v, atom.aval.dtype) for v, atom in found]


def scope(path: str) -> AbstractContextManager[Any]:
    """The layer that the operations inside belong to."""
    return jax.named_scope(path) if path else nullcontext()
