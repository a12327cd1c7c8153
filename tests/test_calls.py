"""The notation of things chosen by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.calls import read_call, read_calls
from backlit.errors import NotationError


def test_names_are_hyphenated_and_settings_are_numbers():
    assert read_call(" Heavy_Ball( decay = -0.5, nesterov=True ) ") == ("heavy-ball", {"decay": -0.5, "nesterov": True})
    assert read_calls("mirror, rotate(degrees=15), cutout(size=8)") == [
        ("mirror", {}),
        ("rotate", {"degrees": 15}),
        ("cutout", {"size": 8}),
    ]


@pytest.mark.parametrize(
    "settings",
    ["{[]:1}", "[1]", "'x'", "1e999", "-1e999", "nan", "1j", "1+2", "--1", "None", "f"],
)
def test_a_setting_that_is_no_finite_number_is_refused(settings):
    with pytest.raises(NotationError, match="cannot be read"):
        read_call(f"cosine(warmup={settings})")


@pytest.mark.parametrize("text", ["a(5)", "a(**{})", "a(b=1, b=2)", "a(b=1)(c=2)", "a(b=1", "", "a" * 300, "a(,)"])
def test_another_form_is_refused(text):
    with pytest.raises(NotationError):
        read_call(text)


@given(st.text(alphabet="ab1.-_=,()[]{}'*: ", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        name, settings = read_call(f"a({text})")
    except NotationError:
        return
    assert name == "a"
    assert all(isinstance(value, int | float) for value in settings.values())
