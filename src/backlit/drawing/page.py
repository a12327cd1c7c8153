"""One page of HTML around a picture, which needs nothing but itself: details where one points, zoom, groups that open
and close, and the steps forward and backward. Without scripts it shows the picture as it stands."""

from importlib.resources import files

from backlit.drawing.svg import escape

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src \
'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
<header>
<h1>{title}</h1>
<nav hidden>
<span class="zooming"><button data-do="out" title="smaller (−)">−</button>
<button data-do="in" title="larger (+)">+</button>
<button data-do="fit" title="all of it (0)">Fit</button></span>
<span class="grouping" hidden><button data-do="close" title="collapse all layers (c)">Collapse all</button>
<button data-do="open" title="expand all layers (e)">Expand all</button></span>
<span class="stepping" hidden><button data-do="first" title="inputs alone (Home)">|◀</button>
<button data-do="back" title="a step back (p)">◀ Back</button>
<output></output>
<button data-do="next" title="a step on (n)">Next ▶</button>
<button data-do="last" title="everything (End)">▶|</button></span>
</nav>
</header>
<main>
{picture}
</main>
<aside id="details" aria-live="polite" hidden></aside>
<template>{whole}</template>
<script>
{script}</script>
</html>
"""


def page(title: str, picture: str, whole: str) -> str:
    """The page.

    Args:
        title: its heading.
        picture: SVG that is shown without scripts.
        whole: SVG with all groups open, which the script takes in its place.
    """
    folder = files(__package__)
    style, script = ((folder / name).read_text("utf-8") for name in ("page.css", "page.js"))
    return PAGE.format(title=escape(title), style=style, script=script, picture=picture, whole=whole)
