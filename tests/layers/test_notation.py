"""The notation reads what it writes, and refuses everything else with one of Backlit's errors."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.errors import InputError, NotationError
from backlit.functions.initializers import Constant, He, Normal
from backlit.layers import activation
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.notation import DEEPEST, read, write
from backlit.layers.preprocessing import Impute, OneHot, Standardize
from backlit.layers.registry import LAYERS
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten

finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(1, 2**31 - 1)
initializers = st.sampled_from(["He", "Glorot", He("uniform")]) | finite.map(Constant) | st.just(Normal(0.3))
leaves = st.one_of(
    st.builds(Dense, whole, bias=st.booleans(), initializer=initializers),
    st.builds(Dropout, st.floats(0, 1, exclude_max=True)),
    st.builds(BatchNorm, st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_min=True)),
    st.builds(activation.LeakyReLU, st.floats(0, 1)),
    st.builds(activation.GeneralizedReLU, finite),
    st.builds(activation.Swish, finite),
    st.sampled_from([Flatten(), Impute(), activation.ReLU(), activation.Softmax(), activation.Linear()]),
    st.builds(Standardize, st.lists(st.integers(0, 99)).map(tuple)),
    st.builds(OneHot, st.lists(st.integers(0, 99), min_size=1).map(tuple)),
)


def compositions(blocks):
    rows = st.lists(blocks, max_size=3)
    return st.one_of(
        rows.map(lambda row: Sequential(*row)),
        rows.map(lambda row: Residual(*row)),
        st.builds(
            lambda row, how: Parallel(*row, combine=how),
            st.lists(blocks, min_size=1, max_size=3),
            st.sampled_from(["concatenate", "add"]),
        ),
    )


blocks = st.recursive(leaves, compositions, max_leaves=8)
networks = st.lists(blocks, max_size=4).map(lambda row: Sequential(*row))


@given(networks)
def test_reading_what_was_written_gives_an_equal_network(network):
    assert read(write(network)) == network
    assert read(str(network)) == network
    assert write(read(write(network))) == write(network)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(InputError):
        assert read(str(read(text))) == read(text)


PIECES = [
    *LAYERS,
    *"()[]{},=*.:'\"\\+-0123456789 \n\0#@é",
    "units=",
    "lambda x:",
    "for x in y",
    "__import__",
    "None",
    "**",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_row_of_pieces_is_read_or_refused(text):
    with contextlib.suppress(InputError):
        assert read(text).plan((4, 4)).input == (4, 4)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('true')",
        "Dense.__init__",
        "Dense(3).plan",
        "lambda: 0",
        "lambda: " * 5_000 + "0",
        "[Dense(3) for _ in range(9)]",
        "Dense(3) for _ in range(9)",
        "(x := Dense(3))",
        "Dense(*[3])",
        "Dense(**{'units': 3})",
        "Dense(units=3, units=4)",
        "Dense(3, 3, 3, 3)",
        "Dense(10**9)",
        "Dense(2 + 2)",
        "Dense(1e999)",
        "Dense(3, initializer=Constant(-1e999))",
        "Dense(1j)",
        "Dense(b'3')",
        "Dense(f'{3}')",
        "Dense(...)",
        "Dense(0x" + "f" * 5_000 + ")",
        "Dense(" + "9" * 5_000 + ")",
        "Swish(" + "9" * 400 + ")",
        "Dense(--3)",
        "Dense(3) if True else ReLU",
        "Dense(3); ReLU",
        "Dense(3)) + (ReLU",
        "Dense(3)), __import__('os'",
        "network=Dense(3)",
        "Dense(3)(ReLU)",
        "Dense[3]",
        "Dense(3)\0",
        "\ud800",
        "Déns(3)",
        "'Dense(3)'",
        "He",
        "3",
        "None",
        "()",
        "",
        " \n\t",
        "#",
        ",",
        "Dense(3",
        "Dense(3))",
        "(" * 10_000 + ")" * 10_000,
        "[" * 10_000,
        "Sequential(" * 10_000 + ")" * 10_000,
        "Sequential('" + ")" * 200 + "', " + "Sequential(" * 100 + ")" * 101,
        "-" * 50_000 + "1",
        "1" + "+1" * 30_000,
        "a" + ".b" * 30_000,
        "not " * 20_000 + "1",
        "Dense(3), " * 20_000,
        "\\",
        "'" * 3,
    ],
)
def test_hostile_text_is_refused(text):
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dens(3)", "unknown layer 'Dens': did you mean Dense?"),
        ("Dense(unit=3)", "Dense has no setting 'unit': did you mean units?"),
        ("Dense", "missing a required argument: 'units'; it is written Dense(units, bias=True, initializer='He')"),
        ("Dense(64), ReLU(", "'(' was never closed"),
        ("Dense(2**3)", "cannot read '2**3'"),
        ("ReLU, Constant(3)", "'Constant(3)' is no layer"),
        ("Dense(3, bias=True, bias=False)", "gives a setting twice"),
        ("Residual(" * (DEEPEST + 1) + ")" * (DEEPEST + 1), f"nest deeper than {DEEPEST}"),
    ],
)
def test_the_error_names_the_part_and_the_repair(text, words):
    with pytest.raises(NotationError) as caught:
        read(text)
    assert words in str(caught.value)


def test_what_people_write_is_read():
    expected = Sequential(
        Dense(4, bias=False), activation.ReLU, Standardize((1, 2)), Dense(2, initializer=Constant(0.5))
    )
    assert expected == read(
        """
        Dense(units=4, bias=False),  # a comment
        ReLU(), Standardize([1, 2]),
        Dense(2, initializer=Constant(0.5)),
        """
    )
    assert read("Sequential(Dense(2), ReLU)") == read("Dense(2), ReLU")
    assert read("Dense(2, initializer=He)") == Sequential(Dense(2, initializer=He()))
