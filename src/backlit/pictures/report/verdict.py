"""The verdict: how good the network is, beside what one would say who knows nothing, in plain words."""

from math import isfinite, sqrt

from backlit.alignment import number
from backlit.data.text import UNITS
from backlit.pictures.report.evidence import RIVALS, Evidence
from backlit.pictures.report.markup import Markup, join, tag

SPACE = "\u00a0"  # that no line ends with
UNKNOWN = "Whether it learned from some of these is not known."
PLAIN = ("target", "label", "y", "class")  # targets whose name does not say what it is about


def percent(share: float) -> str:
    """A share in percent; what is not all or none of it is not rounded so.

    >>> [percent(share).replace(SPACE, " ") for share in (0.98513, 1.0, 0.99998)]
    ['98.5 %', '100 %', '>99.9 %']
    """
    text = f"{100 * share:.1f}" if share not in (0, 1) else f"{100 * share:.0f}"
    return {"100.0": ">99.9", "0.0": "<0.1"}.get(text, text) + SPACE + "%"


def rows_of(evidence: Evidence, count: int) -> str:
    """So many rows, by what they are: '269 pictures', '1 row'."""
    schema = evidence.model.schema
    if evidence.pictures:
        word = "picture"
    elif schema.kind in UNITS:
        word = "passage"
    elif schema.kind == "sequence":
        word = "window" if schema.layout is not None and schema.layout.window else "sequence"
    else:
        word = "row"
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def judged_rows(evidence: Evidence, part: str) -> str:
    """The rows that a score is over, and what the network has to do with them."""
    rows = rows_of(evidence, evidence.rows.get(part, 0))
    return {
        "test": f"{rows} it has never seen" if evidence.duplicates == 0 else f"{rows} that were set aside",
        "validation": f"{rows} that it did not learn from, but that chose its weights",
        "train": f"the {rows} that it learned from",
    }.get(part, f"{rows} of {part}")


def verdict_of(evidence: Evidence) -> str:
    """How good the network is beside the baseline, in one or two sentences."""
    part = evidence.part
    if not part:
        return "How good the network is, is not known: it was never scored."
    said = _of_classes(evidence, part) if evidence.model.schema.classes else _of_numbers(evidence, part)
    words = [said]
    if part == "train":
        words.append("How good it is for new rows is not known: none were set aside.")
    if evidence.foreign:
        words.append(UNKNOWN)
    if not helps(evidence):
        words.append("The network is no better than that.")
    return " ".join(words)


def helps(evidence: Evidence) -> bool:
    """Whether the network beats the baselines."""
    name = "accuracy" if evidence.model.schema.classes else "rmse"
    own = evidence.scores[evidence.part].get(name, 0.0)
    rivals = [evidence.scores[part].get(name, own) for part in RIVALS if part in evidence.scores]
    return all(own > rival if name == "accuracy" else own < rival for rival in rivals)


def tiles(evidence: Evidence) -> Markup:
    """The most important numbers, large."""
    model = evidence.model
    scores = evidence.scores.get(evidence.part, {})
    held = [
        (percent(scores["accuracy"]), "right answers") if "accuracy" in scores else None,
        (number(scores["rmse"]), "root mean square error") if "rmse" in scores else None,
        (number(scores["r2"]), "r², 1 is perfect") if "r2" in scores else None,
        (f"{model.summary().parameters:,}", "parameters"),
        (f"{model.epochs:,}", "epochs") if model.epochs else None,
        (f"{evidence.seconds['train']:.1f} s", "of training") if "train" in evidence.seconds else None,
    ]
    shown = (tag("div", tag("b", value), tag("span", word)) for value, word in filter(None, held))
    return tag("div", join(shown), class_="tiles")


def deviation(accuracy: float, rows: int) -> float:
    """How far an accuracy over so many rows may be off by chance, two standard deviations √(a (1 − a) / n).

    Half a row is counted right and wrong besides, so that a perfect score is not sure.

    >>> round(deviation(0.9, 100), 3)
    0.061
    """
    share = (accuracy * rows + 0.5) / (rows + 1)
    return 2 * sqrt(share * (1 - share) / max(rows, 1))


def _of_classes(evidence: Evidence, part: str) -> str:
    schema, scores = evidence.model.schema, evidence.scores
    own, where = percent(scores[part]["accuracy"]), judged_rows(evidence, part)
    name = "class" if schema.target[0] in PLAIN or len(schema.classes) == 2 else schema.target[0]
    if schema.kind in UNITS:
        name = schema.kind.removesuffix("s")
        said = f"The network foretells the next {name} rightly in {own} of the cases, in {where}"
    elif schema.target_shape:
        said = f"The network is right at {own} of the steps of {where}"
    else:
        said = f"The network is right for {own} of {where}"
    if "baseline" not in scores:
        return f"{said}."
    return (
        f"{said}; always saying the most frequent {name} would be right for {percent(scores['baseline']['accuracy'])}."
    )


def _of_numbers(evidence: Evidence, part: str) -> str:
    schema, scores = evidence.model.schema, evidence.scores
    own, where = scores[part], judged_rows(evidence, part)
    if schema.reconstructs:
        said = f"The network makes {where} again with a root mean square error of {number(own['rmse'])} a number"
    else:
        named = " and ".join(schema.target[:3]) + (" and others" if len(schema.target) > 3 else "")
        said = f"The network's answers for {named} have a root mean square error of {number(own['rmse'])}, on {where}"
    rivals = {"baseline": "always saying the mean", "persistence": "saying that all stays as it is"}
    off = [f"{words} would have one of {number(scores[n]['rmse'])}" for n, words in rivals.items() if n in scores]
    said = "; ".join([said, *off]) + "."
    if isfinite(own["r2"]) and own["r2"] > 0 and not schema.reconstructs:
        said += f" It explains {percent(own['r2'])} of the differences between the rows (r² {number(own['r2'])})."
    return said
