"""The first value that is not finite is named, and what is infinite on purpose is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.doctor.nonfinite import examine_nonfinite
from backlit.doctor.subject import Subject

HALF = jnp.float16


def layers(x):
    for name in ("first", "second", "third"):
        with jax.named_scope(name):
            x = jnp.log(x) if name == "second" else 2 * x
    return x.sum()


def test_the_operation_the_layer_the_positions_and_the_inputs_are_named():
    x = jnp.ones((3, 4)).at[1, 2].set(0).at[2, 3].set(0)
    found = bl.first_nonfinite(layers, x)
    assert (found.operation, found.words, found.path, found.backward) == ("log", "a logarithm", "second", False)
    assert (found.shape, found.count, found.positions) == ((3, 4), 2, ((1, 2), (2, 3)))
    assert found.values == (-np.inf, -np.inf)
    (given,) = found.inputs
    assert (given.low, given.high, given.bad, given.here) == (0, 2, 0, (0, 0))
    assert found.fault == "NaN / Inf"
    lines = str(found).splitlines()
    assert len(lines) == 3
    assert "a logarithm gives an infinity in layer second (2 of 12 values, the first at (1, 2))" in lines[0]


def test_a_finite_value_with_an_infinite_derivative_is_found_going_back():
    found = bl.first_nonfinite(lambda x: jnp.sqrt(x).sum(), jnp.array([4.0, 0.0]))
    assert (found.operation, found.backward, found.positions, found.unused) == ("sqrt", True, ((1,),), False)
    assert found.values == (np.inf,)  # 1 / (2 √0)


@pytest.mark.parametrize("slope", [jnp.log, jnp.sqrt, lambda x: 1 / x])
def test_a_branch_that_is_not_chosen_makes_the_gradient_nan(slope):
    x = jnp.array([1.0, 0.0])
    found = bl.first_nonfinite(lambda x: jnp.where(x > 0, slope(x), 0).sum(), x)
    assert found.backward
    assert found.unused
    assert found.positions == ((1,),)
    assert "0 · ∞" in found.repair
    safe = bl.first_nonfinite(lambda x: jnp.where(x > 0, slope(jnp.where(x > 0, x, 1)), 0).sum(), x)
    assert safe is None


def test_what_is_infinite_on_purpose_is_no_fault():
    scores, open_places = jnp.ones((2, 3)), jnp.array([[True, True, False], [True, False, False]])

    def masked(scores):
        return (jax.nn.softmax(jnp.where(open_places, scores, -jnp.inf)) ** 2).sum()

    assert bl.first_nonfinite(masked, scores) is None
    added = jnp.where(open_places, 0, -jnp.inf)
    assert bl.first_nonfinite(lambda scores, mask: (jax.nn.softmax(scores + mask) ** 2).sum(), scores, added) is None
    assert bl.first_nonfinite(lambda x: jnp.max(x, initial=-jnp.inf) + jnp.min(x, initial=jnp.inf), scores) is None
    assert bl.first_nonfinite(lambda x: 1 / (1 + jnp.exp(x)), jnp.array([1000.0])) is None


def test_an_infinity_on_purpose_that_makes_nan_is_named_where_it_does():
    closed = jnp.array([[True, True], [False, False]])
    found = bl.first_nonfinite(lambda s: jax.nn.softmax(jnp.where(closed, s, -jnp.inf)).sum(), jnp.ones((2, 2)))
    assert (found.operation, found.positions[0]) == ("sub", (1, 0))  # −∞ − (−∞)
    found = bl.first_nonfinite(lambda x: (x * -jnp.inf).sum(), jnp.array([0.0, 1.0]))
    assert (found.operation, found.positions) == ("mul", ((0,),))  # 0 · ∞


def test_an_argument_that_is_not_finite_is_named_itself():
    batch = {"x": jnp.ones((2, 2)).at[1, 0].set(jnp.nan), "y": jnp.ones(2)}
    found = bl.first_nonfinite(lambda w, batch: jnp.square(batch["x"] @ w - batch["y"]).sum(), jnp.ones(2), batch)
    assert (found.operation, found.name, found.positions) == ("input", "batch['x']", ((1, 0),))
    assert found.place == "argument batch['x']"


def grown(x):
    def step(carry, _):
        with jax.named_scope("cell"):
            carry = carry * x
        return carry, jnp.log(10 - carry)

    return jax.lax.scan(step, 1.0, None, length=6)[1].sum()


def test_a_loop_is_named_with_its_step():
    for f in (grown, jax.jit(grown)):
        found = bl.first_nonfinite(f, 2.0)
        assert (found.operation, found.loop) == ("log", "step 4 of 6 of a loop")  # 10 − 2⁴ is below 0
    assert bl.first_nonfinite(grown, 1.0) is None


def test_a_loop_going_back_is_named_with_its_step():
    def falling(x):
        return jax.lax.scan(lambda carry, _: (carry - 1, jnp.sqrt(carry)), x, None, length=4)[1].sum()

    found = bl.first_nonfinite(falling, 3.0)  # √0 in the last step
    assert (found.operation, found.backward, found.loop) == ("sqrt", True, "step 4 of 4 of a loop")
    assert bl.first_nonfinite(falling, 4.0) is None


def test_a_reversed_loop_counts_its_steps_in_the_order_of_computation():
    def f(x):
        return jax.lax.scan(lambda c, x: (c, jnp.log(x) + c), 0.0, x, reverse=True)[1].sum()

    assert bl.first_nonfinite(f, jnp.array([0.0, 1.0, 1.0])).loop == "step 3 of 3 of a loop"
    assert bl.first_nonfinite(f, jnp.array([1.0, 1.0, 0.0])).loop == "step 1 of 3 of a loop"


def test_loops_of_unknown_length_branches_and_recomputed_functions_are_opened():
    squared = bl.first_nonfinite(lambda x: jax.lax.while_loop(lambda c: c < 1e30, jnp.exp, x), 1.0)
    assert (squared.operation, squared.loop) == ("exp", "step 4 of a loop")  # exp(exp(exp(e))) = exp(3.8e6)
    branch = bl.first_nonfinite(lambda x: jax.lax.cond(x > 0, jnp.log, lambda x: 1 / x, x), 0.0)
    assert branch.operation == "div"
    assert bl.first_nonfinite(lambda x: jax.checkpoint(jnp.log)(x), 0.0).operation == "log"
    back = bl.first_nonfinite(lambda x: jax.checkpoint(jnp.sqrt)(x), 0.0)
    assert (back.operation, back.backward) == ("sqrt", True)


def test_mapped_functions_are_named_by_their_own_scopes():
    def f(x):
        with jax.named_scope("head"):
            return 1 / x

    found = bl.first_nonfinite(jax.vmap(f), jnp.array([1.0, 0.0]))
    assert (found.path, found.positions) == ("head", ((1,),))


@pytest.mark.parametrize(
    ("f", "x", "operation"),
    [
        (lambda x: jnp.exp(x).sum(), jnp.full(2, 12, HALF), "exp"),  # e¹² = 162755 > 65504
        (lambda x: (x @ x).sum(), jnp.full((3, 3), 300, HALF), "dot_general"),
        (lambda x: jnp.log(x * x).sum(), jnp.full(2, 1e-5, HALF), "log"),  # 1e-10 is below the least, 6e-8
        (lambda x: jnp.square(x.astype(HALF)).sum(), jnp.full(2, 300.0), "square"),
        (lambda x: jax.lax.scan(lambda c, _: (c * x, c), x, None, length=5)[0], HALF(30), "mul"),
        (lambda x: jax.nn.softplus(x).sum() ** 2, jnp.full(2, 300, HALF), "integer_pow"),
    ],
)
def test_a_narrow_type_that_is_left_is_told_from_nan(f, x, operation):
    found = bl.first_nonfinite(f, x)
    assert (found.fault, found.precision) == ("precision overflow / underflow", "float16")
    assert found.operation == operation


def test_a_fault_that_float32_has_too_is_none_of_precision():
    found = bl.first_nonfinite(lambda x: jnp.log(x).sum(), jnp.zeros(2, HALF))
    assert found.fault == "NaN / Inf"
    found = bl.first_nonfinite(lambda x: jnp.sqrt(x).sum(), jnp.zeros(2, HALF))
    assert (found.fault, found.backward) == ("NaN / Inf", True)


def test_a_gradient_that_leaves_its_type_is_found():
    def f(x):  # 1/x² = 1e6 for x = 1e-3, past 65504; 1/x = 1000 is not
        return (1 / x).astype(jnp.float32)

    found = bl.first_nonfinite(f, HALF(1e-3))
    assert (found.precision, found.backward) == ("float16", True)


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda x: x @ jnp.ones(3), jnp.ones(4), "cannot be traced with these arguments"),
        (lambda x: jnp.argmax(x), jnp.ones(4), "gives no floating numbers"),
        (lambda x: 1.0 if x > 0 else 2.0, 1.0, "asks for the value of an array"),
        (7, 1.0, "a function is traced, not 7"),
    ],
)
def test_a_function_that_cannot_be_searched_is_one_sentence(f, x, words):
    with pytest.raises(bl.GraphError, match=words) as caught:
        bl.first_nonfinite(f, x)
    assert "\n" not in str(caught.value)


def test_findings_look_at_the_gradients_of_parameters_alone():
    def loss(parameters, state, batch, key):
        return jnp.sqrt(jnp.abs(batch)).sum() + jnp.log(parameters["w"]).sum(), state

    def found(w):
        return examine_nonfinite(Subject(loss, jnp.zeros(2), {"w": w}, {}), {"w": w}, {})

    assert found(jnp.ones(2)) == []  # √ has an infinite slope at 0, and nobody follows it into the data
    (finding,) = found(jnp.zeros(2))
    assert (finding.fault, finding.level) == ("NaN / Inf", "fault")
    assert finding.numbers["input_min"] == 0


def test_a_loss_that_is_nan_at_the_first_weights_is_a_fault_before_training():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)

    def poisson(rates, counts):  # of what is a score, and no rate: half of the first scores are negative
        return jnp.reshape(rates - counts * jnp.log(rates), counts.shape)

    examined = bl.check("Dense(8), ReLU, Dense(1)", x, y=np.abs(x[:, 0]) + 1, loss=poisson, standardize=False)
    assert (examined.findings[0].fault, examined.findings[0].level) == ("NaN / Inf", "fault")
    assert "logarithm" in examined.findings[0].cause
