"""The section on the scores: those of all parts, beside the baselines and the classic models."""

from math import hypot, sqrt

import numpy as np

from backlit.alignment import number
from backlit.layers.scaling import Rescale
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.markup import join, table, tag
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import UNKNOWN, deviation, judged_rows, percent
from backlit.training.answers import NumberAnswers

PARTS = {"train": "training", "validation": "validation", "test": "test"}
NOTABLE = 1.5  # times the loss of training


def show_scores(evidence: Evidence) -> Section | None:
    """The scores beside the baselines; None for a network that was never scored."""
    if not evidence.part:
        return None
    scores, classes = evidence.scores, bool(evidence.model.schema.classes)
    titles = {
        **PARTS,
        "baseline": "baseline: the most frequent class" if classes else "baseline: the mean",
        "persistence": "baseline: the last value",
    }
    names = [name for name in scores[evidence.part] if " " not in name]
    order = sorted(scores, key=lambda part: list(titles).index(part) if part in titles else len(PARTS) - 0.5)
    count = {part: f"{rows:,}" for part, rows in evidence.rows.items()}
    lines = [
        [titles.get(part, part), count.get(part, ""), *(_cell(name, scores[part].get(name)) for name in names)]
        for part in order
    ]
    parts = [table(["", "rows", *names], lines)]
    each = [target for target in evidence.model.schema.target if f"rmse {target}" in scores[evidence.part]]
    if each:
        own = scores[evidence.part]
        parts.append(
            table(["target", "rmse", "r2"], [[t, number(own[f"rmse {t}"]), number(own[f"r2 {t}"])] for t in each])
        )
    if evidence.model.network.blocks and isinstance(evidence.model.network.blocks[-1], Rescale):
        words = "The loss is of targets brought to deviation 1; rmse is in the target's own units."
        parts.append(tag("p", words, class_="quiet"))
    if evidence.rivals:
        headings = [
            "on the same rows",
            "accuracy" if classes else "r2",
            *([] if classes else ["rmse"]),
            "seconds to train, compiling included",
        ]
        rivals = [
            [
                r.name,
                _cell("accuracy" if classes else "r2", r.score),
                *([] if classes else [number(r.rmse)]),
                f"{r.fit:.3g}",
            ]
            for r in evidence.rivals
        ]
        parts.append(table(headings, rivals))
    return Section("scores", "The scores", _sentence(evidence), join(parts))


def _sentence(evidence: Evidence) -> str:
    """The scores over the rows of training and over those that judge, and whether their difference may be chance."""
    scores, part = evidence.scores, evidence.part
    name = "accuracy" if evidence.model.schema.classes else "rmse"
    if part == "train" or "train" not in scores:
        return "There are no scores over rows that the network did not learn from."
    seen, new = scores["train"][name], scores[part][name]
    where = f"on {judged_rows(evidence, part)},"
    if name == "rmse":
        said = f"The root mean square error is {number(seen)} on the rows it learned from and, {where} {number(new)}"
    else:
        said = f"On the rows it learned from it is right for {percent(seen)}; {where} for {percent(new)}"
    if evidence.foreign:
        return f"{said}. {UNKNOWN}"
    chance = _chance(evidence, seen, new)
    worse = seen - new if name == "accuracy" else new - seen
    if chance is None:
        said += "; how much of the difference is chance is not known."
    elif abs(worse) <= chance:
        said += ": a difference that may be chance."
    else:
        said += f": it is better on the rows {'it learned from' if worse > 0 else 'that judge it'}."
    loss, least = scores[part].get("loss", 0.0), scores["train"].get("loss", 0.0)
    if name == "accuracy" and loss > NOTABLE * least > 0:
        said += f" The loss, which also weighs how sure it is, is {loss / least:.2g} times that of training."
    return said


def _chance(evidence: Evidence, seen: float, new: float) -> float | None:
    """How far chance may move the two scores apart, two standard deviations of their difference; None if unknown.

    That of an rmse is cv / (2 √n) of it, with cv the deviation of the squared errors as a share of their mean.
    """
    rows, learned = (max(evidence.rows.get(part, 1), 1) for part in (evidence.part, "train"))
    if evidence.model.schema.classes:
        return hypot(deviation(seen, learned), deviation(new, rows))
    found = evidence.answers
    if not isinstance(found, NumberAnswers) or len(found) < 2 or not found.errors.any():
        return None
    squares = np.square(found.errors)
    return float(squares.std(ddof=1) / squares.mean()) * hypot(seen / sqrt(learned), new / sqrt(rows))


def _cell(name: str, value: float | None) -> str:
    return percent(value) if name == "accuracy" and value is not None else number(value)
