"""The report: figures beside their goals, the confusion table, every miss; as text, Markdown and JSON."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.doctor.explanations import exception_of, explanation_of
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
    is_unplanted,
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
HALVES = {"A": "A (fitted)", "B": "B (looked at)", "C": "C (unseen)", "all": "all"}
SHORT = 60  # characters of a name in the printed tables
TIMES = (("static checks", "static_seconds", 1.0), ("diagnosis", "seconds", None), ("repair", "repair_seconds", None))
OVERHEADS = {"default cadence": 0.01, "every epoch": 0.05}
MISSED = " missed"


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
    broken = [record for record in records if exception_of(record)]
    for line in notes(whole, broken, records, planned, spent):
        print(line)
    path = output or RESULTS / ("doctor-part" if part else "doctor-quick" if quick else "doctor")
    path.parent.mkdir(exist_ok=True)
    halves = {half: shares(of_half(whole, half)) for half in HALVES}
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
    halves = {half: figures(of_half(records, half)) for half in HALVES}
    table: Table = [("figure", "goal", *HALVES.values())]
    for name in halves["all"]:
        goal, at_least = GOALS.get(name, (None, True))
        words = "" if goal is None else f"{'≥' if at_least else '≤'} {100 * goal:g} %"
        table.append((name, words, *(marked(halves[half][name], goal, at_least) for half in halves)))
    empty = ("",) * (len(HALVES) - 1)
    for words, name, most in TIMES:
        if found := seconds(records, name):
            missed = MISSED if most is not None and found["most"] >= most else ""
            said = f"{found['median']:.2f} ({found['most']:.1f}) s{missed}"
            table.append((f"{words}, median (most)", "" if most is None else f"< {most:g} s", *empty, said))
    for cadence, share in overhead.items():
        missed = MISSED if share > OVERHEADS[cadence] else ""
        table.append(
            (f"overhead, {cadence}", f"≤ {100 * OVERHEADS[cadence]:g} %", *empty, f"{100 * share:.1f} %{missed}")
        )
    return table


def marked(share: Share, goal: float | None, at_least: bool) -> str:
    """A share, and whether its goal is missed."""
    if goal is None or share.value is None or (share.value >= goal if at_least else share.value <= goal):
        return str(share)
    return f"{share}{MISSED}"


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
        named = Counter(alarm_words(r) if is_unplanted(r) else first_named(r) for r in found)
        hard = () if not is_unplanted(first) or is_healthy(first) else ("hard",)
        planted = " + ".join(first["forms"]) or f"nothing ({first['notation']}, {(*hard, first['kind'])[0]})"
        why = explanation_of(first, (*hard, *sorted({finding["fault"] for finding in alarms(first)})))
        words = ", ".join(f"{name} ({count})" for name, count in named.most_common())
        seeds = ", ".join(str(record["seed"]) for record in found)
        table.append((first["program"], planted, seeds, words, why))
    return table


def alarm_words(record: Record) -> str:
    return ", ".join(sorted({f"{finding['fault']} ({finding['level']})" for finding in alarms(record)})) or NOTHING


def notes(
    records: list[Record], broken: list[Record], given: list[Record], planned: int, spent: float
) -> Iterable[str]:
    """What the tables leave out."""
    plants = [record for record in records if record["kind"] == "plant"]
    healthy = [record for record in records if is_unplanted(record)]
    idle = [record for record in healthy if not is_healthy(record)]
    done = len({(record["kind"], record["program"], *record["forms"]) for record in given})
    yield f"\n{date.today()}: {done} of {planned} cells in {spent / 60:.1f} minutes on {CORES} cores."
    yield f"{sum(r['hurts'] for r in plants)} of {len(plants)} planted runs are hurt, and count."
    yield f"{len(healthy) - len(idle)} healthy runs; {len(idle)} more learned less than neighbors know: hard."
    lines = Counter(line["fault"] for record in healthy for line in record.get("watched", []))
    told = ", ".join(f"{fault} {count}" for fault, count in lines.most_common())
    yield f"Beside runs in which nothing was planted, hard ones too, the monitor told: {told or NOTHING}."
    yield f"{sum('lost' in r or 'failed' in r for r in given)} runs raised or took too long: misses, or alarms."
    if broken:
        words = sorted({exception_of(record).strip().splitlines()[-1][:120] for record in broken})
        yield f"{len(broken)} records with an exception: {'; '.join(words)}"


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
