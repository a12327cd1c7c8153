"""Forward values: run the equations of a tape in order, each one once."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp

from backlit.graph.fallback import bind, rule_of
from backlit.graph.rulebook import RULES, EvaluatingRule, Pull, RememberingRule
from backlit.graph.tracing import Atom, Equation, Tape, Variable, trace_function
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


def accelerate(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of arrays and pytrees, with every operation in the form that its rule has for it.

    Differentiated functions have these forms already; this is for what is only evaluated, within `jax.jit`.

    Args:
        f: a function made of JAX operations.

    Returns:
        A function of f's arguments that returns what f returns, the same but for rounding.

    Raises:
        GraphError: when called: f cannot be traced, or an argument is not an array.

    >>> float(accelerate(lambda x: (x**2).sum())(jnp.array([1.0, 2.0])))
    5.0
    """

    @wraps(f)
    def accelerated(*args: Any) -> Any:
        tape = trace_function(f, *args)
        values = evaluate(tape, [jnp.asarray(leaf) for leaf in jax.tree.leaves(args)])
        return jax.tree.unflatten(tape.tree, read_all(values, tape.outputs))

    return accelerated


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
                outputs = compute(equation, inputs)
        values.update(zip(equation.outputs, outputs, strict=True))
    return pulls


def compute(equation: Equation, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of an equation, in the form that its rule has for them."""
    rule = RULES.get(equation.primitive.name)
    if isinstance(rule, EvaluatingRule):
        return rule.evaluate(equation.params, inputs)
    return bind(equation.primitive, equation.params, inputs)


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
