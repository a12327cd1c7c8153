"""The same program in float32: every float16, bfloat16 and float8, of arguments, constants and casts, made wide."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.graph.evaluation import Values, compute, read, read_all, start
from backlit.graph.rules.scan import divide
from backlit.graph.tracing import Equation, Tape, open_jaxpr
from backlit.shapes import Array

WIDE = jnp.float32


def is_narrow(dtype: Any) -> bool:
    """Whether a dtype is of floating numbers with fewer than 32 bits."""
    return jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits < 32


def narrow_dtype(tape: Tape) -> Any | None:
    """The first narrow dtype that a program computes in, loops and branches included; None where it has none."""
    for variable in [*tape.inputs, *(one for equation in tape.equations for one in equation.outputs)]:
        if is_narrow(getattr(variable.aval, "dtype", bool)):
            return variable.aval.dtype
    inner = (narrow_dtype(open_jaxpr(one)) for equation in tape.equations for one in _programs(equation))
    return next((dtype for dtype in inner if dtype is not None), None)


def widened(tape: Tape) -> Callable[..., list[Array]]:
    """A function of the program's inputs that returns its outputs, computed in float32 throughout."""

    def wide(*inputs: Any) -> list[Array]:
        values = start(tape, inputs)
        values = {atom: _wide(value) for atom, value in values.items()}
        for equation in tape.equations:
            outputs = _outputs(equation, [_wide(read(values, atom)) for atom in equation.inputs])
            values.update(zip(equation.outputs, outputs, strict=True))
        return _results(tape, values)

    return wide


def _results(tape: Tape, values: Values) -> list[Array]:
    return [_wide(value) for value in read_all(values, tape.outputs)]


def _wide(value: Any) -> Any:
    return jnp.asarray(value, WIDE) if is_narrow(getattr(value, "dtype", bool)) else value


def _programs(equation: Equation) -> list[Any]:
    """The programs inside an equation."""
    params = equation.params
    named = [params[name] for name in ("jaxpr", "call_jaxpr", "cond_jaxpr", "body_jaxpr") if name in params]
    return [*named, *params.get("branches", ())]


def _outputs(equation: Equation, inputs: list[Any]) -> Sequence[Any]:
    name, params = equation.primitive.name, equation.params
    if name == "scan":
        return _scan(params, inputs)
    if name == "while":
        return _while(params, inputs)
    if name == "cond":
        return lax.switch(inputs[0], [widened(open_jaxpr(branch)) for branch in params["branches"]], *inputs[1:])
    programs = _programs(equation)
    if programs:
        return widened(open_jaxpr(programs[0]))(*inputs)
    if name == "reduce_precision":
        return inputs
    wide = {key: WIDE if _is_narrow_setting(value) else value for key, value in params.items()}
    return compute(Equation(equation.primitive, wide, equation.inputs, equation.outputs), inputs)


def _is_narrow_setting(value: Any) -> bool:
    named = isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic))
    return named and is_narrow(value)


def _scan(params: dict[str, Any], inputs: list[Any]) -> list[Any]:
    constants, carry, xs = divide(params, inputs)
    body = widened(open_jaxpr(params["jaxpr"]))

    def step(state: Any, x: Any) -> tuple[Any, Any]:
        results = body(*constants, *state, *x)
        return results[: len(carry)], results[len(carry) :]

    loop = {"length": params["length"], "reverse": params["reverse"]}
    last, ys = lax.scan(step, [jnp.asarray(value) for value in carry], list(xs), **loop)
    return [*last, *ys]


def _while(params: dict[str, Any], inputs: list[Any]) -> list[Any]:
    first = params["cond_nconsts"]
    second = first + params["body_nconsts"]
    going, turn = (widened(open_jaxpr(params[name])) for name in ("cond_jaxpr", "body_jaxpr"))
    return list(
        jax.lax.while_loop(
            lambda state: going(*inputs[:first], *state)[0],
            lambda state: turn(*inputs[first:second], *state),
            [jnp.asarray(value) for value in inputs[second:]],
        )
    )
