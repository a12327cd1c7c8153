"""SVG as text: elements, escaping, the width of words, and a style for light and dark screens.

Colors: M. Okabe, K. Ito, "Color Universal Design", 2008, darkened or lightened until text reads well on its ground.
"""

import re

FONT = "Helvetica, Arial, sans-serif"
WIDTHS = {  # of an em: those of DejaVu Sans, the widest face that a browser falls back to, rounded up
    0.35: "ijlIJ' ,./:;\\|·",
    0.4: "ft()-[]ᵀ",
    0.45: "r!²³¹⁰⁴⁵⁶⁷⁸⁹⁻",
    0.5: '"*_`–°',
    0.55: "csz?∂",
    0.6: "kvxyFLγλ",
    0.65: "0123456789abdeghnopquEPSTY${}σΣ√βμ",
    0.7: "ABCKRVXZα",
    0.75: "NU",
    0.8: "DGHOQ&",
    0.85: "w#+<=>^~−×÷±→",
    0.9: "M",
}
WIDTH_OF = {character: width for width, characters in WIDTHS.items() for character in characters}
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold

RULES = """
.backlit text {{ fill: {ink}; font-family: {font}; }}
.backlit .paper {{ fill: {paper}; }}
.backlit .shape {{ fill: {raised}; stroke: {ink}; stroke-width: 1.2; }}
.backlit .input .shape {{ fill: {tint}; stroke: {value}; }}
.backlit .constant .shape {{ stroke-dasharray: 3 2; }}
.backlit .group > .frame {{ fill: {shade}; fill-opacity: 0.06; stroke: {faint}; stroke-dasharray: 4 3; }}
.backlit .group.collapsed > .frame, .backlit .layer .shape {{ fill: {layer}; fill-opacity: 1; stroke: {ink};
  stroke-dasharray: none; }}
.backlit .line {{ fill: none; stroke: {faint}; stroke-width: 1.3; }}
.backlit .tip {{ fill: {faint}; }}
.backlit .small, .backlit .title {{ fill: {quiet}; }}
.backlit .title {{ font-style: italic; }}
.backlit .value {{ fill: {value}; }}
.backlit .gradient {{ fill: {gradient}; font-style: italic; }}
.backlit .contribution, .backlit .step {{ fill: {accent}; font-weight: bold; }}
.backlit .lit > .line {{ stroke: {accent}; stroke-width: 3; }}
.backlit .lit > .tip {{ fill: {accent}; }}
.backlit .lit > .shape, .backlit .group.lit > .frame {{ stroke: {accent}; stroke-width: 3; }}
.backlit .positive {{ stroke: {value}; }}
.backlit .negative {{ stroke: {gradient}; stroke-dasharray: 5 3; }}
"""
LIGHT = {
    "ink": "#1b1d22",
    "paper": "#ffffff",
    "raised": "#ffffff",
    "tint": "#e6f1f9",
    "layer": "#eef0f4",
    "shade": "#5b6472",
    "faint": "#767d89",
    "quiet": "#555c68",
    "value": "#005a92",
    "gradient": "#a84300",
    "accent": "#8b2f75",
}
DARK = {
    "ink": "#e9ebef",
    "paper": "#15171b",
    "raised": "#22252b",
    "tint": "#16324a",
    "layer": "#2b2f37",
    "shade": "#aab2bf",
    "faint": "#8d95a1",
    "quiet": "#b3bac4",
    "value": "#6cc0f0",
    "gradient": "#ff9f62",
    "accent": "#e79ad0",
}


def style() -> str:
    """The style sheet of every drawing: dark colors where the reader's screen is dark."""
    light, dark = (RULES.format(font=FONT, **colors) for colors in (LIGHT, DARK))
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}\n"


def escape(text: str) -> str:
    """A text as XML holds it.

    >>> escape("a < b & c")
    'a &lt; b &amp; c'
    """
    held = CONTROL.sub("\ufffd", text)
    return held.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def width_of(text: str, size: float) -> float:
    """The most pixels that a line of text takes in a font of that size.

    >>> width_of("mi", 10) == 10 + 3.5
    True
    """
    return size * sum(WIDTH_OF.get(character, 1.0) for character in text)


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel.

    >>> number(12.04), number(12.0), number(-0.01)
    ('12', '12', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(tag: str, *content: str, **attributes: str | float | None) -> str:
    """An element; `content` is markup, `class_` is written class, `data_name` is data-name, None is left out.

    >>> element("g", element("text", escape("<"), x=1.25), class_="node")
    '<g class="node"><text x="1.2">&lt;</text></g>'
    """
    words = [tag]
    for key, value in attributes.items():
        if value is not None:
            held = escape(value) if isinstance(value, str) else number(value)
            words.append(f'{key.rstrip("_").replace("_", "-")}="{held}"')
    inside = "".join(content)
    return f"<{' '.join(words)}>{inside}</{tag}>" if inside else f"<{' '.join(words)}/>"


def write(text: str, x: float, y: float, size: float, kind: str, anchor: str = "middle") -> str:
    """A line of text whose baseline is y."""
    return element("text", escape(text), class_=kind, x=x, y=y, font_size=size, text_anchor=anchor)


def picture(width: float, height: float, title: str, *content: str, **attributes: str | float | None) -> str:
    """A whole SVG document on its own ground."""
    return element(
        "svg",
        element("title", escape(title)) if title else "",
        element("style", style()),
        element("rect", class_="paper", width=width, height=height),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        class_="backlit",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        **attributes,
    )
