"""One harness for every layer of the registry: whatever a layer's plan says, its application does."""

import json
from functools import partial

import attention_cases
import basic_cases
import convolution_cases
import feature_cases
import jax
import jax.numpy as jnp
import numpy as np
import pooling_cases
import pytest
import recurrence_cases
import small_cases

from backlit.errors import SettingError, ShapeError
from backlit.layers.activation import Linear, ReLU
from backlit.layers.block import Context
from backlit.layers.composition import Sequential
from backlit.layers.notation import read, write
from backlit.layers.preprocessing import Preprocessing
from backlit.layers.registry import LAYERS

CASES = [
    *attention_cases.CASES,
    *basic_cases.CASES,
    *convolution_cases.CASES,
    *feature_cases.CASES,
    *pooling_cases.CASES,
    *recurrence_cases.CASES,
    *small_cases.CASES,
]


def of(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: f"{case.block}-{case.input}")


each = of(CASES)


def variables(case, dtype=jnp.float32):
    """Parameters and state, moved off their neat first values."""
    trees = case.block.initialize(case.input, jax.random.key(1))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf + 0.1 * jnp.arange(leaf.size).reshape(leaf.shape), dtype), trees)


def examples(case, count, dtype=np.float32):
    if case.tokens:
        return np.random.default_rng(0).integers(0, case.tokens, (count, *case.input), np.int32)
    return np.random.default_rng(0).normal(size=(count, *case.input)).astype(dtype)


def context(case, count, dtype=jnp.float32, **known):
    """What an application knows, with the other sequence that the case looks at."""
    if case.memory:
        known["memory"] = jnp.asarray(np.random.default_rng(4).normal(size=(count, *case.memory)), dtype)
    return Context(**known)


def test_every_registered_layer_has_a_case():
    assert {type(case.block) for case in CASES} == set(LAYERS.values())


@each
def test_shapes_types_and_structure_are_the_plans(case):
    plan = case.block.plan(case.input)
    assert (plan.input, plan.output, plan.size) == (case.input, case.output, case.parameters)
    parameters, state = case.block.initialize(case.input, jax.random.key(0))
    for kind, tree in (("parameters", parameters), ("state", state)):
        expected = jax.tree.map(lambda variable: variable.shape, plan.tree(kind))
        assert jax.tree.map(jnp.shape, tree) == expected
        assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(tree))
    for count in (1, 4):
        for known in ({}, {"training": True, "key": jax.random.key(2), "mask": jnp.ones(count)}):
            known = context(case, count, **known)
            apply = partial(case.block.apply, context=known)
            y, after = jax.eval_shape(apply, parameters, state, examples(case, count))
            assert y.shape == (count, *case.output)
            assert y.dtype == jnp.float32
            assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, state)


@each
def test_summary_counts_what_initialization_draws(case):
    summary = case.block.summary(case.input)
    parameters, state = case.block.initialize(case.input, jax.random.key(0))
    assert summary.parameters == sum(leaf.size for leaf in jax.tree.leaves(parameters)) == case.parameters
    assert sum(row.parameters for row in summary.rows) == case.parameters
    assert summary.frozen == sum(leaf.size for leaf in jax.tree.leaves(state))
    assert summary.output == case.output
    assert str(summary).count("\n") >= 4


@each
@pytest.mark.parametrize("training", [False, True], ids=["predicting", "training"])
def test_gradients_equal_central_differences(case, training):
    with jax.enable_x64(True):
        parameters, state = variables(case, jnp.float64)
        x = jnp.asarray(examples(case, 4, np.float64))
        mask = jnp.asarray([1.0, 1.0, 1.0, 0.0])
        known = context(case, 4, jnp.float64, training=training, key=jax.random.key(3), mask=mask)
        seed = jnp.asarray(np.random.default_rng(1).normal(size=(4, *case.output)))

        @jax.jit
        def objective(point):
            y, _ = case.block.apply(point[0], state, point[1] if len(point) > 1 else x, known)
            assert y.dtype == jnp.float64
            return (y * seed).sum()

        point = (parameters,) if case.tokens else (parameters, x)
        gradient = jax.jit(jax.grad(objective))(point)
        rng = np.random.default_rng(2)
        for _ in range(3):
            direction = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), point)
            ahead, behind = (
                objective(jax.tree.map(lambda p, d, h=h: p + h * d, point, direction)) for h in (1e-6, -1e-6)
            )
            slope = sum(jnp.vdot(g, d) for g, d in zip(*map(jax.tree.leaves, (gradient, direction)), strict=True))
            np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-7)


@of([case for case in CASES if not isinstance(case.block, Preprocessing)])
def test_in_bfloat16_it_gives_bfloat16_and_keeps_its_state_in_float32(case):
    parameters, state = variables(case)
    x = jnp.asarray(examples(case, 4), None if case.tokens else jnp.bfloat16)
    low = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), parameters)
    for known in ({}, {"training": True, "key": jax.random.key(2), "mask": jnp.ones(4)}):
        known = context(case, 4, jnp.bfloat16, **known)
        y, after = jax.eval_shape(lambda p, s, x, known=known: case.block.apply(p, s, x, known), low, state, x)
        assert y.dtype == jnp.bfloat16
        assert {leaf.dtype for leaf in jax.tree.leaves(after)} <= {jnp.dtype(jnp.float32)}


@each
def test_compiled_and_as_a_population_it_gives_the_same(case):
    x = jnp.asarray(examples(case, 4))
    members = [case.block.initialize(case.input, jax.random.key(seed)) for seed in range(3)]
    population = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)

    def outputs(variables):
        return case.block.apply(*variables, x, context(case, 4))[0]

    one_by_one = jnp.stack([outputs(member) for member in members])
    np.testing.assert_allclose(jax.jit(outputs)(members[0]), one_by_one[0], rtol=1e-5, atol=1e-6)
    if jax.tree.leaves(population):
        np.testing.assert_allclose(jax.jit(jax.vmap(outputs))(population), one_by_one, rtol=1e-5, atol=1e-6)


@each
def test_text_and_json_give_it_back(case):
    assert read(str(case.block)) == (case.block if type(case.block) is Sequential else Sequential(case.block))
    network = Sequential(Linear, case.block)
    again = read(json.loads(json.dumps({"network": write(network)}))["network"])
    assert again == network
    assert hash(again) == hash(network)


@of([case for case in CASES if not (case.flat or case.tokens) and len(case.output) == len(case.input) > 1])
def test_the_reach_is_the_greatest_extent_of_the_gradient(case):
    plan = case.block.plan(case.input)
    parameters, state = variables(case)
    axes = plan.output[:-1]
    places = [tuple(0 for _ in axes), tuple(size // 2 for size in axes), tuple(size - 1 for size in axes)]

    def positions(x):
        y = case.block.apply(parameters, state, x, context(case, len(x)))[0].sum(0)
        return jnp.stack([y[place].dot(jnp.arange(1.0, plan.output[-1] + 1)) for place in places])

    seen = np.abs(jax.jit(jax.jacrev(positions))(jnp.asarray(examples(case, 64)))).sum((1, -1)) > 0
    extents = [[int(np.ptp(along)) + 1 for along in np.nonzero(one)] for one in seen if one.any()]
    expected = case.input[:-1] if plan.reach.extent is None else plan.reach.extent or (1,) * len(axes)
    assert tuple(map(max, zip(*extents, strict=True))) == expected
    for place, one in zip(places, seen, strict=True) if plan.reach.size else ():
        for along, (first, last) in zip(np.nonzero(one), plan.reach.seen_from(place), strict=True):
            assert first <= along.min(initial=first)
            assert along.max(initial=last) <= last


@of([case for case in CASES if case.bad is not None])
def test_an_input_that_does_not_fit_is_refused_with_the_layers_path(case):
    name = f"{type(case.block).__name__.lower()}_1"
    with pytest.raises(ShapeError, match=name) as caught:
        Sequential(Sequential(ReLU, case.block)).plan(case.bad)
    assert caught.value.path[:2] == ("sequential_1", name)


@each
def test_nothing_random_without_training(case):
    parameters, state = variables(case)
    x = jnp.asarray(examples(case, 4))
    first, second = (
        case.block.apply(parameters, state, x, context(case, 4, key=key))[0] for key in (None, jax.random.key(5))
    )
    np.testing.assert_array_equal(first, second)


@of([case for case in CASES if len(case.input) == 2 and case.input[0] > 1 and not (case.tokens or case.memory)])
def test_a_sequence_piece_by_piece_gives_what_the_whole_gives_or_is_refused(case):
    network, steps = Sequential(case.block), case.input[0]
    parameters, state = network.initialize(case.input, jax.random.key(1))
    x = jnp.asarray(examples(case, 4))
    whole, _ = network.apply(parameters, state, x, Context())
    stream = jax.jit(lambda state, piece: network.apply(parameters, state, piece, Context(streaming=steps)))
    pieces = []
    try:
        for piece in (x[:, : steps - 1], x[:, steps - 1 :]):
            y, after = stream(state, piece)
            pieces, state = [*pieces, y], {**state, **after}
    except (SettingError, ShapeError):
        return
    made = jnp.concatenate(pieces, axis=1) if len(case.output) == 2 else pieces[-1]
    np.testing.assert_allclose(made, whole, rtol=1e-4, atol=1e-5)
