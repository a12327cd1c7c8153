"""Figures from records: what was detected, named, located, mended, and what was said of healthy runs.

A plant counts in a run where it hurts: the honest score is worse than its twins' mean by more than two of their
standard deviations over seeds; for what flatters, also where the reported score is above the honest one by as much.

A run that was lost (it raised, or took too long) counts as hurt where something was planted, and as an alarm where
nothing was; so does an examination that raised.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from statistics import mean, median, stdev
from typing import Any

from benchmarks.doctor.cells import NUMERIC
from benchmarks.doctor.healthy import program_of
from benchmarks.doctor.programs import HALVES

Record = dict[str, Any]
SPREADS = 2.0
LEAST = 0.01  # of a score, that counts as a spread: twins that all reach 1.0 have none, and a row or two decide
LEARNED = 0.9  # of what nearest neighbors gain on a constant: who learns less is not healthy, and does not count
NEAR = 50  # steps within which a numeric fault is to be told
NOTHING = "nothing"
GOALS = {
    "detection": (0.97, True),
    "first-named cause right": (0.85, True),
    "precision": (0.90, True),
    "false alarms": (0.02, False),
    "false alarms of the monitor": (0.02, False),
    "numeric faults told within 50 steps": (1.0, True),
    "layer located": (0.90, True),
    "repaired": (0.80, True),
    "both of two named": (0.70, True),
    "same verdict over seeds": (0.95, True),
}


class Share:
    """A count of a count."""

    def __init__(self, hits: Iterable[bool]) -> None:
        hits = list(hits)
        self.hits, self.count = sum(hits), len(hits)

    @property
    def value(self) -> float | None:
        return self.hits / self.count if self.count else None

    def __str__(self) -> str:
        return "–" if self.value is None else f"{100 * self.value:.1f} % ({self.hits}/{self.count})"


def half_of(record: Record) -> str:
    """A, B or C, by program; of healthy runs by architecture and data set, too."""
    program = program_of(int(record["program"])) if record["kind"] == "healthy" else record["program"]
    return HALVES.get(program) or "AB"[sum(map(ord, program)) % 2]


def judged(records: list[Record]) -> list[Record]:
    """The records, each with its half, its twins' mean and their spread, and whether it is hurt."""
    twins: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record["kind"] == "twin" and "lost" not in record:
            twins[record["program"]].append(record["honest"])
    for record in records:
        scores = record.get("twins") or twins.get(record["program"]) or []
        record["half"] = half_of(record)
        record["twin"] = mean(scores) if scores else None
        record["spread"] = max(SPREADS * stdev(scores), LEAST) if len(scores) > 1 else LEAST
        record["hurts"] = hurts(record)
    return records


def hurts(record: Record) -> bool:
    if is_unplanted(record):
        return False
    if "lost" in record:
        return True
    if record["twin"] is None:
        return False
    flattered = record["flatters"] and record["reported"] - record["honest"] > record["spread"]
    return flattered or record["honest"] < record["twin"] - record["spread"]


def is_unplanted(record: Record) -> bool:
    return record["kind"] in ("twin", "healthy")


def is_healthy(record: Record) -> bool:
    """A twin, or a healthy run that learned most of what nearest neighbors learn, and more than a constant."""
    if record["kind"] == "healthy" and "lost" not in record:
        gained, reference = record["honest"] - record["baseline"], record["neighbors"] - record["baseline"]
        return gained > max(LEARNED * reference, LEAST)
    return is_unplanted(record)


def accepted(record: Record) -> set[str]:
    return {*record["faults"], *record["also"]}


def proved(record: Record) -> list[dict[str, Any]]:
    """Its findings of level 'fault', in their order."""
    return [finding for finding in record.get("findings", []) if finding["level"] == "fault"]


def alarms(record: Record) -> list[dict[str, Any]]:
    """Its findings that are worse than a hint; where nothing was planted, also those of the checks before training."""
    said = [finding for finding in record.get("findings", []) if finding["level"] != "hint"]
    early = record.get("checked", []) if is_unplanted(record) else []
    named = {finding["fault"] for finding in said}
    return said + [finding for finding in early if finding["level"] != "hint" and finding["fault"] not in named]


def is_alarmed(record: Record) -> bool:
    """Whether there is an alarm, or an exception in its place."""
    return bool(alarms(record)) or "lost" in record or "failed" in record


def first_named(record: Record) -> str:
    return proved(record)[0]["fault"] if proved(record) else NOTHING


def located(record: Record) -> bool | None:
    """Whether the right fault is named, and in a layer of the planted ones first; None where it lies in no layer."""
    right = [finding for finding in alarms(record) if finding["fault"] in accepted(record)]
    if not record["layers"]:
        return None
    worst = (right[0]["layers"] or [""])[0] if right else ""
    return any(worst == layer or worst.startswith(f"{layer}/") for layer in record["layers"])


def mended(record: Record) -> bool:
    """Whether the repair, which was tried, brought the twin's score; one that failed brought none."""
    return "mended" in record and record["mended"] >= record["twin"] - record["spread"]


def told_near(record: Record) -> bool:
    """Whether a numeric fault is told within some steps of where it arises: before training, or by the monitor, or by
    the epoch's end in which the loss turned non-finite, of which the run itself tells the step."""
    if "lost" in record or "failed" in record:
        return False
    if accepted(record) & {finding["fault"] for finding in record["checked"] if finding["level"] != "hint"}:
        return True
    steps, stopped = record["epoch_steps"], record["stopped"]
    if "non-finite" in stopped:
        step = re.search(r"step (\d+)", stopped)
        return "after its last step" in stopped or steps - int(step[1] if step else 0) <= NEAR
    return any(line["fault"] in accepted(record) and line["epoch"] * steps <= NEAR for line in record["watched"])


def figures(records: list[Record]) -> dict[str, Share]:
    """The shares of judged records, by name.

    What is named, located or both of two is so by findings worse than a hint, and precision counts all of those as
    said; detection and the first name ask for a proof.
    """
    sick = [record for record in records if record["hurts"]]
    single = [record for record in sick if record["kind"] == "plant"]
    pairs = [record for record in sick if record["kind"] == "pair"]
    healthy = [record for record in records if is_healthy(record)]
    unplanted = [record for record in records if is_unplanted(record)]
    said = [(finding, finding["fault"] in accepted(r)) for r in (*sick, *healthy) for finding in alarms(r)]
    numeric = [r for r in single if {*r["faults"]} & {*NUMERIC} and ("lost" in r or "epoch_steps" in r)]
    places = [place for place in map(located, single) if place is not None]
    return {
        "detection": Share(bool(proved(record)) for record in single),
        "detection, suspicions too": Share(bool(alarms(record)) for record in single),
        "first-named cause right": Share(first_named(record) in accepted(record) for record in single),
        "named at all": Share(any(f["fault"] in accepted(record) for f in alarms(record)) for record in single),
        "precision": Share(right for _, right in said),
        "precision of faults alone": Share(right for finding, right in said if finding["level"] == "fault"),
        "false alarms": Share(map(is_alarmed, healthy)),
        "false alarms of level fault": Share(any(f["level"] == "fault" for f in alarms(r)) for r in healthy),
        "false alarms, hard runs too": Share(map(is_alarmed, unplanted)),
        "false alarms of the monitor": Share(bool(r["watched"]) for r in healthy if "watched" in r),
        "numeric faults told within 50 steps": Share(map(told_near, numeric)),
        "layer located": Share(places),
        "repaired": Share(mended(record) for record in single if record["repair"]),
        "both of two named": Share(both_named(record) for record in pairs),
        "same verdict over seeds": Share(agreement(single)),
    }


def both_named(record: Record) -> bool:
    return set(record["faults"]) <= {finding["fault"] for finding in alarms(record)}


def cells(records: Iterable[Record]) -> dict[tuple[str, ...], list[Record]]:
    """Records by program and forms."""
    grouped: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        grouped[(record["program"], *record["forms"])].append(record)
    return grouped


def agreement(records: list[Record]) -> list[bool]:
    """For each run of a cell with several that count, whether its verdict is that of most; a lost one has none."""
    agreeing = []
    for found in cells(records).values():
        if len(found) > 1:
            most = Counter(map(first_named, found)).most_common(1)[0][0]
            agreeing += [first_named(record) == most and "lost" not in record for record in found]
    return agreeing


def confusion(records: list[Record]) -> dict[str, Counter[str]]:
    """How often each true fault was first named as which; a name that is as right counts as the fault's own."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record["hurts"] and record["kind"] == "plant":
            fault, named = record["faults"][0], first_named(record)
            table[fault][fault if named in record["also"] else named] += 1
    return dict(table)


def misses(records: list[Record]) -> list[Record]:
    """Sick runs whose fault is not first named, and healthy runs, hard ones too, with an alarm."""
    return [
        record
        for record in records
        if (record["hurts"] and record["kind"] == "plant" and first_named(record) not in accepted(record))
        or (record["hurts"] and record["kind"] == "pair" and not both_named(record))
        or (is_unplanted(record) and is_alarmed(record))
    ]


def seconds(records: list[Record], name: str) -> dict[str, float]:
    """The median and the largest of a time."""
    found = [record[name] for record in records if record.get(name) is not None]
    return {"median": median(found), "most": max(found)} if found else {}


def harm(records: list[Record]) -> dict[str, dict[str, dict[str, Any]]]:
    """By fault and form, and by program: in how many of its runs the plant hurts, their mean score, and the twin's."""
    table: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (program, *_), found in cells(r for r in records if r["kind"] == "plant" and "lost" not in r).items():
        row: Callable[[str], float] = lambda name, found=found: mean(record[name] for record in found)  # noqa: E731
        table[f"{found[0]['faults'][0]}: {found[0]['forms'][0]}"][program] = {
            "hurt": sum(record["hurts"] for record in found),
            "runs": len(found),
            "honest": row("honest"),
            "reported": row("reported"),
            "twin": found[0]["twin"],
            "spread": found[0]["spread"],
        }
    return dict(table)
