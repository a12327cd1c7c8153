"""What an SVG says, read back: its nodes, its edges, and the places of its words and shapes."""

from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

from backlit.drawing.svg import width_of

SVG = "{http://www.w3.org/2000/svg}"


class Rectangle(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other):
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def classes(element):
    return element.get("class", "").split()


def groups(svg, kind):
    """The <g> elements of a class, by document order."""
    return [element for element in ElementTree.fromstring(svg).iter(f"{SVG}g") if kind in classes(element)]


def nodes(svg):
    """Every node by name."""
    return {element.get("data-name"): element for element in groups(svg, "node")}


def edges(svg):
    """Every edge as (source, target): the lists of its texts by class; a later one between the same two is left out."""
    found = {}
    for element in groups(svg, "edge"):
        found.setdefault((element.get("data-from"), element.get("data-to")), texts(element))
    return found


def texts(element):
    """The texts of an element by class."""
    found = {}
    for text in element.findall(f"{SVG}text"):
        found.setdefault(text.get("class"), []).append(text.text)
    return found


def number(text):
    """A number as pictures write it."""
    return float(text.replace("−", "-"))


def words(svg):
    """The rectangle of each line of text, at most as wide as it can be."""
    found = []
    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        x, y, size = (float(text.get(name)) for name in ("x", "y", "font-size"))
        wide = width_of(text.text, size)
        left = x - wide / 2 if text.get("text-anchor") == "middle" else x
        found.append(Rectangle(left, y - 0.8 * size, left + wide, y + 0.2 * size, text.text))
    return found


def shapes(svg):
    """The rectangle around the shape of each node and of each collapsed group."""
    found = []
    for element in [*groups(svg, "node"), *groups(svg, "collapsed")]:
        circle, box = element.find(f"{SVG}circle"), element.find(f"{SVG}rect")
        if circle is not None:
            x, y, r = (float(circle.get(name)) for name in ("cx", "cy", "r"))
            found.append(Rectangle(x - r, y - r, x + r, y + r, element.get("data-name")))
        else:
            x, y, width, height = (float(box.get(name)) for name in ("x", "y", "width", "height"))
            found.append(Rectangle(x, y, x + width, y + height, element.get("data-name")))
    return found


def overlaps(svg):
    """The pairs of texts and of shapes that overlap, and every text half outside of the picture or of a shape."""
    found = [(a.what, b.what) for a, b in combinations(words(svg), 2) if a.meets(b)]
    found += [(a.what, b.what) for a, b in combinations(shapes(svg), 2) if a.meets(b)]
    root = ElementTree.fromstring(svg)
    found += [
        (word.what, "the border")
        for word in words(svg)
        if word.left < 0
        or word.top < 0
        or word.right > float(root.get("width"))
        or word.bottom > float(root.get("height"))
    ]
    for word in words(svg):
        for shape in shapes(svg):
            inside = shape.left <= word.left and word.right <= shape.right and shape.top <= word.top
            if word.meets(shape) and not (inside and word.bottom <= shape.bottom):
                found.append((word.what, shape.what))
    return found
