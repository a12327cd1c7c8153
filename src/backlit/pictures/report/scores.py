"""The section on the scores: those of all parts, beside the baselines and the classic models."""

from backlit.alignment import number
from backlit.layers.scaling import Rescale
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.markup import join, table, tag
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import deviation, percent

PARTS = {"train": "training", "validation": "validation", "test": "test"}


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
    scores, part = evidence.scores, evidence.part
    name = "accuracy" if evidence.model.schema.classes else "rmse"
    if part == "train" or "train" not in scores:
        return "There are no scores over rows that the network did not learn from."
    seen, new = scores["train"][name], scores[part][name]
    if name == "rmse":
        said = f"On the rows it learned from it is typically off by {number(seen)}, on others by {number(new)}"
        more = new / seen - 1 if seen else 0.0
        return f"{said}: " + (
            f"{percent(more)} more, which is what it learned by heart." if more > 0.05 else "about the same."
        )
    gap, rows = seen - new, evidence.rows.get(part, 1)
    apart = deviation(new, rows)
    said = f"On the rows it learned from it is right for {percent(seen)}, on others for {percent(new)}"
    said += f": {100 * gap:.1f} points were learned by heart." if gap > apart else ": no sign that it learned by heart."
    return f"{said} With {rows:,} rows, chance alone moves the latter by about {100 * apart:.1f} points either way."


def _cell(name: str, value: float | None) -> str:
    return percent(value) if name == "accuracy" and value is not None else number(value)
