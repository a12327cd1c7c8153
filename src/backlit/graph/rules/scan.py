"""The rule of `scan`: backpropagation through time.

A scan is a loop of known length, h_t, y_t = body(c, h_{t−1}, x_t). Its backward pass is a scan from the last step to
the first, c̄_t, h̄_{t−1}, x̄_t = bodyᵀ(h̄_t, ȳ_t), with c̄ = Σ_t c̄_t.

The body and its reverse walk are traced together and cut where the upstream gradients enter. What lies before the cut
is the forward scan, which keeps the values that cross it and no others. A weight gradient Σ_t a_tᵀb_t does not wait in
the loop: the a_t and b_t are kept, and one matrix product after the loop sums over time too.

Source: P. Werbos, "Backpropagation through time: what it does and how to do it", 1990.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from backlit.graph.backprop import pullback
from backlit.graph.evaluation import Values as Environment
from backlit.graph.evaluation import evaluate, read_all, run
from backlit.graph.rulebook import Params, Pull, Values, register
from backlit.graph.rules.control_flow import reach_loop
from backlit.graph.rules.cut import Cut, Joint, cut_tape
from backlit.graph.tracing import Atom, open_jaxpr, trace_function
from backlit.shapes import Array


class Scan:
    """h_t, y_t = body(c, h_{t−1}, x_t): h̄_{t−1}, x̄_t = bodyᵀ(h̄_t, ȳ_t) from the last step to the first, c̄ = Σ_t c̄_t."""

    def evaluate(self, params: Params, inputs: Values) -> list[Any]:
        """The outputs, every operation inside in its own form."""
        body = open_jaxpr(params["jaxpr"])
        constants, carry, xs = divide(params, inputs)

        def step(state: Values, x: Values) -> tuple[list[Any], list[Any]]:
            results = read_all(evaluate(body, [*constants, *state, *x]), body.outputs)
            return results[: len(carry)], results[len(carry) :]

        loop = {name: params[name] for name in ("length", "reverse", "unroll")}
        last, ys = lax.scan(step, list(carry), list(xs), **loop)
        return [*last, *ys]

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
        fixed = {**joint.tape.constants, **name(joint.constants, constants)}
        run(cut.before, fixed)
        loop = {"length": params["length"], "unroll": params["unroll"]}

        def step(state: Values, x: Values) -> tuple[list[Any], tuple[list[Any], list[Any]]]:
            values = {**fixed, **name([*joint.carry, *joint.xs], [*state, *x])}
            run(cut.forward, values)
            results = read_all(values, joint.results)
            return results[: len(carry)], (results[len(carry) :], [values[variable] for variable in cut.kept])

        last, (ys, kept) = lax.scan(step, list(carry), list(xs), reverse=params["reverse"], **loop)
        outputs = [*last, *ys]
        stacks = name([*joint.xs, *joint.results[len(carry) :], *cut.kept], [*xs, *ys, *kept])
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


def name(atoms: Iterable[Atom], values: Values) -> Environment:
    """Values under their names."""
    return dict(zip(atoms, values, strict=True))


def zeros(aval: Any) -> Array:
    """Zeros to add up from, which vary over the same devices as what is added."""
    varying = tuple(aval.manual_axis_type.varying)
    start = jnp.zeros(aval.shape, aval.dtype)
    return lax.pcast(start, varying, to="varying") if varying else start


def walk_back(
    joint: Joint, cut: Cut, fixed: Environment, stacks: Environment, bars: Values, loop: dict[str, Any]
) -> list[Array]:
    """The backward scan: the gradients of the constants, the initial carry and the xs."""
    of_constants, of_carry, of_xs = joint.gradients
    pieces = [variable for variable in cut.crossing if variable in stacks]

    def step(state: tuple[Values, Values], x: tuple[Values, Values]) -> tuple[Any, Any]:
        (carry_bars, totals), (pieces_t, y_bars) = state, x
        values = {**fixed, **name([*joint.carry_bars, *joint.y_bars, *pieces], [*carry_bars, *y_bars, *pieces_t])}
        run(cut.backward, values)
        totals = [lax.add(t, piece) for t, piece in zip(totals, read_all(values, cut.summed), strict=True)]
        return (read_all(values, of_carry), totals), (read_all(values, of_xs), read_all(values, cut.emitted))

    turns = len(joint.carry_bars)
    xs = ([stacks[variable] for variable in pieces], bars[turns:])
    start = (bars[:turns], [zeros(atom.aval) for atom in cut.summed])
    (carry, totals), (gradients_xs, emitted) = lax.scan(step, start, xs, **loop)

    stacks = {**stacks, **name(of_xs, gradients_xs), **name(cut.emitted, emitted)}
    values = {**fixed, **name(cut.summed, totals)}
    for (factor, whole), variable in cut.factors.items():
        stack = stacks[factor]
        values[variable] = stack.reshape(stack.shape[0] * stack.shape[1], *stack.shape[2:]) if whole else stack
    run(cut.after, values)
    return [*read_all(values, of_constants), *carry, *gradients_xs]


register("scan", Scan())
