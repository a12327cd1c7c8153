"""The section on the mistakes: what is taken for what, how far its certainty can be trusted, the worst examples."""

import numpy as np

from backlit.alignment import number
from backlit.pictures.predictions import plot_predictions
from backlit.pictures.report.cards import show_examples
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.figures import figure
from backlit.pictures.report.markup import Markup, join, table, tag
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import percent, rows_of
from backlit.training.answers import ClassAnswers, NumberAnswers, confusions

MOST_CLASSES, MOST_PAIRS = 12, 10  # in a table of all pairs; pairs that are listed
MOST_TIES = 3  # that are named
LONG = 4  # characters of a class beyond which its name stands upright
SURE = np.array([0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])  # the edges of the bins of certainty
FEW = 10  # answers below which a bin says nothing


def show_mistakes(evidence: Evidence) -> Section | None:
    """The mistakes; None where no answers are known."""
    found = evidence.answers
    if found is None or not len(found):
        return None
    sentence, content = _numbers(evidence, found) if isinstance(found, NumberAnswers) else _classes(evidence, found)
    kept = "" if len(found) == found.total else f"Seen here: {len(found):,} of {found.total:,} answers, evenly chosen."
    note = tag("p", kept, class_="quiet") if kept else ""
    return Section("mistakes", "The mistakes", sentence, join((note, content, show_examples(evidence))))


def certainty(found: ClassAnswers) -> list[tuple[float, float, int, float, float]]:
    """By how sure the network was: the edges of each bin, the number of answers, their mean certainty, and the share
    that is right."""
    if found.sure is None:
        return []
    bins = np.clip(np.searchsorted(SURE, found.sure, "right") - 1, 0, len(SURE) - 2)
    return [
        (
            float(SURE[k]),
            float(SURE[k + 1]),
            int(here.sum()),
            float(found.sure[here].mean()),
            float(found.right[here].mean()),
        )
        for k in range(len(SURE) - 1)
        if (here := bins == k).any()
    ]


def _classes(evidence: Evidence, found: ClassAnswers) -> tuple[str, Markup]:
    names = evidence.model.schema.classes
    counts = confusions(found.truth, found.predicted, len(names))
    wrong = counts * (1 - np.eye(len(names), dtype=int))
    total, asked = (
        int(wrong.sum()),
        f"{len(found):,} steps" if found.steps is not None else rows_of(evidence, len(found)),
    )
    if not total:
        sentence = f"All {asked} are answered rightly."
    else:
        times = int(wrong.max())
        most = [f"{named(names[t])} is taken for {named(names[s])}" for t, s in np.argwhere(wrong == times)]
        often = f"{_listed(most)}: {times:,} times{' each' if len(most) > 1 else ''}"
        sentence = f"{total:,} of {asked} {'is' if total == 1 else 'are'} answered wrongly. " + (
            f"What most often happens is that {often}."
            if times > 1
            else "No two classes are taken for each other twice."
        )
    parts = []
    if len(names) <= MOST_CLASSES:
        parts += [tag("h3", "What is taken for what"), _table(counts, names)]
    elif total:
        order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
        pairs = [(k // len(names), k % len(names)) for k in order.tolist() if wrong.flat[k]]
        lines = [[named(names[t]), named(names[s]), f"{wrong[t, s]:,}"] for t, s in pairs]
        parts += [tag("h3", "What is taken for what"), table(["it is", "the network says", "times"], lines, left=2)]
    if bins := certainty(found):
        parts += [tag("h3", "How far it can be trusted"), _trust(bins)]
    return sentence, join(parts)


def _listed(most: list[str]) -> str:
    """What happens equally often, in words: the first of them, where they are many."""
    if len(most) > MOST_TIES:
        return f"{', '.join(most[:MOST_TIES])} and {len(most) - MOST_TIES} more such"
    return " and ".join(filter(None, (", ".join(most[:-1]), most[-1])))


def named(word: str) -> str:
    """A class as a reader can see it, also where it is a space or the end of a line."""
    return word if word.isprintable() and word.strip() else repr(word)


def _table(counts: np.ndarray, names: tuple[str, ...]) -> Markup:
    """All pairs of the truth (rows) and the answer (columns), the darker the larger the share of the row."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    upright = max(map(len, names)) > LONG
    heads = [tag("th", tag("span", named(name), class_="long" if upright else None), title=name) for name in names]

    def cell(t: int, s: int) -> Markup:
        kinds = [
            kind
            for kind, holds in (("right", t == s), ("strong", shares[t, s] > 0.6), ("none", not counts[t, s]))
            if holds
        ]
        style = f"--share:{0.15 + 0.75 * shares[t, s]:.2f}" if counts[t, s] else "--share:0"
        words = f"{counts[t, s]:,} times {named(names[t])} is called {named(names[s])}"
        return tag("td", f"{counts[t, s]:,}", class_=" ".join(kinds) or None, style=style, title=words)

    lines = [
        tag("tr", tag("th", named(name), title=name), *(cell(t, s) for s in range(len(names))))
        for t, name in enumerate(names)
    ]
    head = tag("thead", tag("tr", tag("th", "is ↓ said →"), *heads))
    drawn = tag("table", head, tag("tbody", *lines), class_="confusion")
    words = "Each line is what the answer should be, each column what the network says; framed is what is right."
    return join((tag("div", drawn, class_="scroll"), tag("p", words, class_="quiet")))


def _trust(bins: list[tuple[float, float, int, float, float]]) -> Markup:
    """Certainty beside the share that is right."""
    count = sum(size for _, _, size, _, _ in bins)
    sure = sum(size * mean for _, _, size, mean, _ in bins) / count
    right = sum(size * share for _, _, size, _, share in bins) / count
    off = sum(size * abs(mean - share) for _, _, size, mean, share in bins) / count
    kind = (
        "surer than it should be"
        if sure > right + 0.02
        else "less sure than it could be"
        if sure < right - 0.02
        else ""
    )
    said = f"On average it is {percent(sure)} sure and {percent(right)} right"
    said += f": it is {kind}" if kind else ": as sure as it should be"
    lines = []
    for low, high, size, _, share in bins:
        bar = tag("span", tag("i", "", style=f"width:{100 * share:.0f}%"), class_="bar")
        lines.append(
            [
                f"{100 * low:g} to {100 * high:g} %",
                f"{size:,}",
                percent(share) if size >= FEW else f"{round(share * size)} of {size}",
                bar,
            ]
        )
    shown = table(["it says it is sure", "answers", "of them right", ""], lines)
    return join(
        (
            tag(
                "p",
                (
                    f"{said}. In one line of this table, how sure it is and how often it is right differ by "
                    f"{100 * off:.1f} percentage points on average."
                ),
            ),
            shown,
        )
    )


def _numbers(evidence: Evidence, found: NumberAnswers) -> tuple[str, Markup]:
    worst = int(found.errors.argmax())
    sentence = (
        f"The typical error is {number(float(np.median(found.errors)))}: half of the answers are off by less, "
        f"nine of ten by less than {number(float(np.quantile(found.errors, 0.9)))}; the worst, for row "
        f"{found.rows[worst]:,}, by "
        f"{number(float(found.errors[worst]))}."
    )
    truth, predicted, targets = found.truth, found.predicted, evidence.model.schema.target
    if truth is None or predicted is None or truth.shape[1] != len(targets) or evidence.model.schema.reconstructs:
        return sentence, Markup("")

    def one() -> Markup:
        return figure(
            "predictions",
            lambda: plot_predictions(truth[:, 0], predicted[:, 0], targets[0]),
            "Each answer beside the truth",
        )

    return sentence, one()
