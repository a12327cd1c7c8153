"""The section on the network: its layers with their shapes and parameters."""

from backlit.layers.block import Block
from backlit.layers.drawing import shorten
from backlit.layers.notation import write as notation_of
from backlit.layers.summary import HEADINGS
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.markup import Markup, join, listed, table, tag, unfolding
from backlit.pictures.report.page import Section
from backlit.shapes import write

LONGEST = 80  # characters of a network that is shown whole


def show_network(evidence: Evidence) -> Section:
    """The drawing and the summary."""
    model = evidence.model
    summary = model.summary()
    layers = len(summary.rows)
    entering, leaving = _numbers(write(summary.input), "goes", "go"), _numbers(write(summary.output), "comes", "come")
    between = "is 1 layer" if layers == 1 else f"are {layers} layers"
    sentence = (
        f"{entering} in, {leaving} out{_meaning(evidence)}; between them {between} with "
        f"{summary.parameters:,} parameters, the numbers that training sets.{_widened(evidence)}"
    )
    drawn = tag("figure", Markup(model.draw().svg), class_="drawing")
    lines = [("input", write(summary.input), "", "", ""), *(row.cells() for row in summary.rows)]
    totals = tag("p", summary.totals, class_="quiet")
    costs = unfolding("every layer, with its cost", table(HEADINGS, lines, stacks=True), totals)
    content = join((drawn, listed(summary.notes), costs))
    return Section("network", "The network", sentence, content)


def outline(network: Block) -> str:
    """A network in the notation; a long one with each long layer as its name alone, as the drawing has it."""
    whole = notation_of(network)
    return whole if len(whole) <= LONGEST else ", ".join(map(shorten, getattr(network, "blocks", (network,))))


def _numbers(shape: str, one: str, several: str) -> str:
    return f"1 number {one}" if shape in ("1", "()", "") else f"{shape} numbers {several}"


def _widened(evidence: Evidence) -> str:
    """Why more numbers go in than there are columns; '' where that is not so."""
    used = evidence.model.schema.used if evidence.model.schema.kind == "table" else ()
    wide = next((column for column in used if len(column.features) > 1), None)
    if wide is None:
        return ""
    becomes = f"{wide.name!r}, becomes {len(wide.features)} numbers."
    return f" More numbers go in than there are columns: a {wide.kind}, such as {becomes}"


def _meaning(evidence: Evidence) -> str:
    schema = evidence.model.schema
    if len(schema.classes) == 2 and evidence.model.summary().output == (1,):
        return f", which says how sure it is of {schema.classes[1]!r}"
    return ", one for each class" if schema.classes and not schema.target_shape else ""
