"""The summary of a network: one row a layer, the totals and what is worth knowing, computed from the plan alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

from backlit.alignment import align
from backlit.layers.plan import POINT, Plan, Reach
from backlit.shapes import Shape, write

HEADINGS = ("layer", "output", "parameters", "multiply-adds", "receptive field")


@dataclass(frozen=True)
class Row:
    """One layer of a summary; shapes without the batch axis, costs per example."""

    path: str
    output: Shape
    parameters: int
    multiply_adds: int
    reach: Reach
    repeats: int = 1

    def cells(self) -> tuple[str, ...]:
        """The row as text, under the headings."""
        return (
            self.path if self.repeats == 1 else f"{self.path} × {self.repeats:,}",
            write(self.output),
            f"{self.parameters:,}",
            f"{self.multiply_adds:,}",
            _write_reach(self.reach),
        )


@dataclass(frozen=True)
class Summary:
    """The table of a network for one input shape; `str(summary)` draws it.

    Attributes:
        notation: the network in the notation.
        input: the shape of one example.
        output: the shape of its output.
        rows: one a layer, in order, the layers inside compositions by their paths.
        weights: how many numbers multiply inputs.
        biases: how many are added to weighted sums.
        others: how many other numbers training changes, such as the scales and shifts of a normalization.
        neurons: units, the inputs not counted.
        multiply_adds: products that are summed, one example forward.
        frozen: how many numbers are kept but not trained.
        notes: sentences on what the network cannot do.
    """

    notation: str
    input: Shape
    output: Shape
    rows: tuple[Row, ...]
    weights: int
    biases: int
    others: int
    neurons: int
    multiply_adds: int
    frozen: int
    notes: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """How many numbers training changes: weights, biases and others."""
        return self.weights + self.biases + self.others

    @property
    def totals(self) -> str:
        """The totals in one line."""
        others = f" + {self.others:,} others" if self.others else ""
        total = f"{self.parameters:,} parameters ({self.weights:,} weights + {self.biases:,} biases{others})"
        kept = f", {self.frozen:,} values kept but not trained" if self.frozen else ""
        return f"{self.neurons:,} neurons, {total}, {self.multiply_adds:,} multiply-adds an example{kept}"

    def __str__(self) -> str:
        table = [HEADINGS, ("input", write(self.input), "", "", ""), *(row.cells() for row in self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
        lines = align(table)
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([lines[0], rule, *lines[1:], rule, self.totals, *(f"note: {note}" for note in self.notes)])


def summarize(notation: str, plan: Plan) -> Summary:
    """The summary of a network, given its notation and its plan."""
    trained = list(plan.variables())
    others = [(path[-1], variable) for path, variable in trained if not variable.weight]
    return Summary(
        notation=notation,
        input=plan.input,
        output=plan.output,
        rows=tuple(_rows("", plan, POINT)) if plan.parts else (_row(notation, plan, POINT),),
        weights=sum(variable.size for _, variable in trained if variable.weight),
        biases=sum(variable.size for name, variable in others if name.endswith("bias")),
        others=sum(variable.size for name, variable in others if not name.endswith("bias")),
        neurons=plan.neurons,
        multiply_adds=plan.multiply_adds,
        frozen=sum(variable.size for _, variable in plan.variables("state")),
        notes=tuple(dict.fromkeys(_collapses("", plan))),
    )


def _rows(path: str, plan: Plan, before: Reach, repeats: int = 1) -> Iterator[Row]:
    repeats *= plan.repeats
    once = reduce(Reach.then, (part.reach for part in plan.parts.values()), POINT)
    reach = before = reduce(Reach.then, [once] * (plan.repeats - 1), before)  # of the last time
    for name, part in plan.parts.items():
        if part.parts:
            yield from _rows(f"{path}{name}/", part, reach, repeats)
        else:
            yield replace(_row(f"{path}{name}", part, reach), repeats=repeats)
        reach = before if plan.branched else reach.then(part.reach)


def _row(path: str, plan: Plan, before: Reach) -> Row:
    return Row(path, plan.output, plan.size, plan.multiply_adds, before.then(plan.reach))


def _collapses(path: str, plan: Plan) -> Iterator[str]:
    """A sentence for every run of linear layers, W₂(W₁x) = (W₂W₁)x: one of them can do what they do together."""
    parts = list(_chain(path, plan))
    run: list[str] = []
    for name, part in [] if plan.branched else parts:
        if not part.linear:
            yield from _collapse(run)
            run = []
        elif any(variable.weight for _, variable in part.variables()):
            run.append(name)
    yield from _collapse(run)
    for name, part in parts:
        yield from _collapses(f"{name}/", part)


def _chain(path: str, plan: Plan) -> Iterator[tuple[str, Plan]]:
    """The parts by path; in place of a plain Sequential in a row, which changes nothing, its own parts, and these twice
    where they repeat, so that the last meets the first."""
    for name, part in plan.parts.items():
        if part.parts and not (plan.branched or part.branched or part.residual):
            for _ in range(min(part.repeats, 2)):
                yield from _chain(f"{path}{name}/", part)
        else:
            yield f"{path}{name}", part


def _collapse(run: list[str]) -> Iterator[str]:
    if len(run) > 1:
        names = f"{', '.join(run[:-1])} and {run[-1]}"
        yield f"{names} compose to one linear map; put a non-linearity such as ReLU between them"


def _write_reach(reach: Reach) -> str:
    if reach.extent is None:
        return "all"
    return write(reach.extent) if reach.extent else "1"
