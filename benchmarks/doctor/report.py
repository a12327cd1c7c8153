"""The report: figures beside their goals, the confusion table, every miss; as text, Markdown and JSON."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.doctor.explanations import explanation_of
from benchmarks.doctor.programs import PROGRAMS
from benchmarks.doctor.scoring import (
    GOALS,
    NOTHING,
    Record,
    Share,
    alarms,
    cells,
    confusion,
    figures,
    first_named,
    harm,
    is_healthy,
    judged,
    misses,
    seconds,
)
from benchmarks.timing import CORES, show

RESULTS = Path(__file__).parent.parent / "results"
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
MARKS = ("<!-- the doctor's figures: written by make bench-doctor -->", "<!-- end of the figures -->")
HARM = "Which plants hurt: runs that count, mean score, in brackets the twin's"
Table = list[tuple[str, ...]]
SHORT = 60  # characters of a name in the printed tables
TIMES = (("static checks", "static_seconds", "< 1 s"), ("diagnosis", "seconds", ""), ("repair", "repair_seconds", ""))
OVERHEADS = {"default cadence": "≤ 1 %", "every epoch": "≤ 5 %"}


def publish(
    records: list[Record],
    planned: int,
    spent: float,
    quick: bool,
    part: bool,
    output: Path | None,
    overhead: dict[str, float] | None = None,
) -> None:
    """Print the report, and write it beside its records.

    Args:
        records: of all cells that were run.
        planned: how many cells there were to be.
        spent: seconds.
        quick, part: whether it is a short one, or one of some faults and programs: they are kept apart.
        output: the JSON file; None: in `results`, where git keeps the whole one alone.
        overhead: of the monitor, by cadence, as a share of the run.
    """
    whole = judged(records)
    for title, table in tables(whole, overhead or {}):
        print(f"\n{title}\n")
        show(table)
    broken = [record for record in records if exceptions(record)]
    for line in notes(whole, broken, records, planned, spent):
        print(line)
    path = output or RESULTS / ("doctor-part" if part else "doctor-quick" if quick else "doctor")
    path.parent.mkdir(exist_ok=True)
    halves = {half: shares(of_half(whole, half)) for half in ("A", "B", "all")}
    kept = {"seconds": spent, "cores": CORES, "planned": planned, "figures": halves, "overhead": overhead or {}}
    kept |= {"harm": harm(whole), "records": records}
    path.with_suffix(".json").write_text(json.dumps(kept, indent=1, default=str))
    path.with_suffix(".md").write_text(
        "\n".join(
            [
                *(f"### {title}\n\n{markdown(table)}" for title, table in tables(whole, overhead or {})),
                *notes(whole, broken, records, planned, spent),
                "",
            ]
        )
    )
    if not (part or quick):
        shown = [f"### {title}\n\n{markdown(table)}" for title, table in tables(whole, overhead or {}) if title != HARM]
        _insert(PAGE, "\n".join([*shown, *notes(whole, broken, records, planned, spent), ""]))
    print(f"\nwritten: {path.with_suffix('.json')} and {path.with_suffix('.md')}, in {spent / 60:.1f} minutes")


def tables(records: list[Record], overhead: dict[str, float]) -> Iterable[tuple[str, Table]]:
    """The tables of the report, each with its title."""
    yield "Figures", figure_table(records, overhead)
    yield "True fault, and what was named first", confusion_table(records)
    yield HARM, harm_table(records)
    if len(table := miss_table(records)) > 1:
        yield "Misses and false alarms", table


def figure_table(records: list[Record], overhead: dict[str, float]) -> Table:
    halves = {half: figures(of_half(records, half)) for half in ("A", "B", "all")}
    table: Table = [("figure", "goal", "half A (fitted)", "half B (scored)", "all")]
    for name in halves["all"]:
        goal, at_least = GOALS.get(name, (None, True))
        words = "" if goal is None else f"{'≥' if at_least else '≤'} {100 * goal:g} %"
        table.append((name, words, *(marked(halves[half][name], goal, at_least) for half in halves)))
    for words, name, most in TIMES:
        if found := seconds(records, name):
            said = f"{found['median']:.2f} ({found['most']:.1f}) s"
            table.append((f"{words}, median (most)", most, "", "", said))
    for cadence, share in overhead.items():
        table.append((f"overhead, {cadence}", OVERHEADS[cadence], "", "", f"{100 * share:.1f} %"))
    return table


def marked(share: Share, goal: float | None, at_least: bool) -> str:
    """A share, and whether its goal is missed."""
    if goal is None or share.value is None or (share.value >= goal if at_least else share.value <= goal):
        return str(share)
    return f"{share} missed"


def confusion_table(records: list[Record]) -> Table:
    """A line a true fault: how many runs count, how many were right, and what else was named, most often first."""
    table: Table = [("true fault", "runs", "right", "named instead")]
    for fault, named in sorted(confusion(records).items()):
        others = Counter({name: count for name, count in named.items() if name != fault})
        words = ", ".join(f"{name} {count}" for name, count in others.most_common())
        table.append((fault, str(named.total()), str(named[fault]), words))
    return table


def harm_table(records: list[Record]) -> Table:
    found = harm(records)
    programs = [program for program in PROGRAMS if any(program in row for row in found.values())]
    table: Table = [("plant", *programs)]
    for name, row in sorted(found.items()):
        table.append((name[:SHORT], *(harm_words(row[p]) if p in row else "" for p in programs)))
    return table


def harm_words(cell: dict[str, Any]) -> str:
    reported = f" said {cell['reported']:.2f}" if cell["reported"] - cell["honest"] > cell["spread"] else ""
    twin = "–" if cell["twin"] is None else f"{cell['twin']:.2f}"
    return f"{cell['hurt']}/{cell['runs']} {cell['honest']:.2f}{reported} ({twin})"


def miss_table(records: list[Record]) -> Table:
    """A line a cell with misses: what was planted, what was named, and why."""
    table: Table = [("program", "planted", "seeds", "named first", "why")]
    for found in cells(misses(records)).values():
        first = found[0]
        named = Counter(first_named(r) if r["kind"] != "healthy" else alarm_words(r) for r in found)
        planted = " + ".join(first["forms"]) or f"nothing ({first['notation']}, {first['kind']})"
        words = ", ".join(f"{name} ({count})" for name, count in named.most_common())
        seeds = ", ".join(str(record["seed"]) for record in found)
        table.append((first["program"], planted, seeds, words, explanation_of(first)))
    return table


def alarm_words(record: Record) -> str:
    return ", ".join(sorted({f"{finding['fault']} ({finding['level']})" for finding in alarms(record)})) or NOTHING


def notes(
    records: list[Record], broken: list[Record], given: list[Record], planned: int, spent: float
) -> Iterable[str]:
    """What the tables leave out."""
    plants = [record for record in records if record["kind"] == "plant"]
    healthy = [record for record in records if record["kind"] in ("healthy", "twin")]
    idle = [record for record in healthy if not is_healthy(record)]
    done = len({(record["kind"], record["program"], *record["forms"]) for record in given})
    yield f"\n{done} of {planned} cells in {spent / 60:.1f} minutes on {CORES} cores."
    yield f"{sum(r['hurts'] for r in plants)} of {len(plants)} planted runs are hurt, and count."
    yield f"{len(healthy) - len(idle)} healthy runs; {len(idle)} more learned less than neighbors know: left out."
    if broken:
        words = sorted({exceptions(record).strip().splitlines()[-1][:120] for record in broken})
        yield f"{len(broken)} records with an exception: {'; '.join(words)}"


def exceptions(record: Record) -> str:
    """The traceback of what went wrong in a record, of the benchmark, of a diagnosis or of a repair; '' where none."""
    return next((record[name] for name in ("broken", "failed", "repair_failed") if name in record), "")


def of_half(records: list[Record], half: str) -> list[Record]:
    return [record for record in records if half in ("all", record["half"])]


def shares(records: list[Record]) -> dict[str, dict[str, float | int | None]]:
    """The figures as plain values."""
    return {name: {"value": s.value, "hits": s.hits, "count": s.count} for name, s in figures(records).items()}


def markdown(table: Table) -> str:
    head, *body = table
    rows = (head, ("---",) * len(head), *body)
    return "\n".join("| " + " | ".join(cell.replace("|", "∣") for cell in row) + " |" for row in rows) + "\n"


def _insert(path: Path, text: str) -> None:
    """Put a text between the marks of a page, where there is one that has them."""
    if not path.exists():
        return
    before, begin, rest = path.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if begin and end:
        path.write_text(f"{before}{begin}\n{text}{end}{after}")
