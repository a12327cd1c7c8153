"""SVG as text."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.drawing.svg import DARK, LIGHT, element, escape, picture, style, width_of


@given(st.text())
def test_any_text_comes_back_from_xml(text):
    parsed = ElementTree.fromstring(element("g", escape(text), data_name=text))
    printable = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", "\ufffd", text)
    assert (parsed.text or "").replace("\r", "\n") == printable.replace("\r\n", "\n").replace("\r", "\n")
    assert len(parsed.get("data-name")) == len(printable.replace("\r\n", "\n"))


def test_the_ground_and_the_letters_change_on_a_dark_screen():
    light, dark = style().split("@media (prefers-color-scheme: dark)")
    for name in ("ink", "paper", "value", "gradient", "accent"):
        assert LIGHT[name] in light
        assert DARK[name] in dark
    assert '<rect class="paper" width="10" height="20"/>' in picture(10, 20, "")


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "quiet", "value", "gradient", "accent"])
def test_words_stand_out_from_the_ground(palette, name):
    for ground in ("paper", "layer"):
        low, high = sorted((luminance(palette[name]), luminance(palette[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2.2, level AA


def test_widths_are_never_too_small():
    font = pytest.importorskip("matplotlib.font_manager")
    from matplotlib.ft2font import FT2Font

    face = FT2Font(font.findfont("DejaVu Sans"))
    face.set_size(1000, 72)
    for character in "".join(map(chr, range(32, 127))) + "−×÷±σΣ→·²√°∂αβ":
        assert width_of(character, 1) >= face.load_char(ord(character)).linearHoriAdvance / 65536 / 1000, character
