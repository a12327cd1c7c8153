"""The table of a race: rates, ratios round by round, losses, memory, the time to the first step."""

import json
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from tasks import TASKS
from timing import CORES, show

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
MARKS = ("<!-- the table of the race: written by make bench -->", "<!-- end of the table -->")
PACKAGES = ("backlit", "jax", "optax", "torch", "keras", "flax", "scikit-learn", "tinygrad", "numpy")
LEARNED = 0.9  # of the largest fall of the loss in the row: who learned less is no rival
SAME_START = 1e-3  # relative difference of the losses before the first step

ALONE = "Backlit, one alone"  # in the rows of populations; its rate of learning is not theirs

Result = dict[str, Any]


def rate(result: Result) -> float:
    return median(result["steps_per_second"])


def ratio(result: Result, other: Result) -> float:
    """The median of the ratios round by round; who is far behind has only the first."""
    pairs = zip(result["steps_per_second"], other["steps_per_second"], strict=False)
    return median(ours / theirs for ours, theirs in pairs)


def ready(result: Result) -> float:
    """Seconds from the process's start to its first step."""
    return sum(result[f"{part}_seconds"] for part in ("import", "build", "compile"))


def present(results: list[Result]) -> list[Result]:
    return [result for result in results if "missing" not in result]


def learned(result: Result, results: list[Result]) -> bool:
    """Whether it started where most did, and its loss fell nearly as far as that of the best."""
    others = [other for other in present(results) if other["peer"] != ALONE]
    start = median(other["start_loss"] for other in others)
    fall = max(start - other["final_loss"] for other in others)
    same = abs(result["start_loss"] - start) <= SAME_START * abs(start)
    return same and start - result["final_loss"] >= LEARNED * fall


def ours(row: str, results: list[Result]) -> Result | None:
    """Backlit's result that is compared."""
    return named("Backlit fit" if TASKS[row].through_fit else "Backlit", results)


def rivals(results: list[Result]) -> list[Result]:
    """The peers that learned, the fastest first."""
    others = [r for r in present(results) if not r["peer"].startswith("Backlit") and learned(r, results)]
    return sorted(others, key=rate, reverse=True)


def lines(row: str, results: list[Result]) -> list[tuple[str, ...]]:
    """A line a peer."""
    own = ours(row, results)
    table = []
    for result in sorted(present(results), key=rate, reverse=True):
        low, high = min(result["steps_per_second"]), max(result["steps_per_second"])
        table.append(
            (
                row,
                f"{result['peer']} ({result['variant']})" if "Backlit" not in result["peer"] else result["peer"],
                figure(rate(result)),
                f"{figure(low)}–{figure(high)}",
                "" if own is None else f"{ratio(own, result):.2f}×",
                f"{result['final_loss']:.4f}" + ("" if learned(result, results) else " (not the same)"),
                " + ".join(f"{result[f'{part}_seconds']:.1f}" for part in ("import", "build", "compile")),
                f"{result['peak_bytes'] / 1e6:.0f}",
            )
        )
    for result in results:
        if "missing" in result:
            table.append((row, f"{result['peer']} ({result['variant']})", "–", "", "", result["missing"][:80], "", ""))
    return table


HEADINGS = ("row", "who", "steps/s", "min–max", "Backlit is", "loss", "import + build + compile, s", "peak, MB")


def announce(row: str, results: list[Result]) -> None:
    show([HEADINGS, *lines(row, results)])
    print(flush=True)


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def summary(rows: dict[str, list[Result]]) -> list[tuple[str, ...]]:
    """A line a row of single networks: Backlit against the fastest peer that learned the same, and against PyTorch."""
    table = [
        ("row", "Backlit, steps/s", "`fit`", "fastest peer", "ratio", "to PyTorch", "loss", "peak, MB", "ready, s")
    ]
    for row, results in rows.items():
        own, others = ours(row, results), rivals(results)
        if own is None or not others or TASKS[row].populated:
            continue
        torch = named("PyTorch", others)
        fit = named("Backlit fit", results)
        name, rates, times, *rest = compared(row, own, others[0], results)
        table.append(
            (
                name,
                spread(own),
                "" if fit is None else figure(rate(fit)),
                rates,
                times,
                "" if torch is None else f"{ratio(own, torch):.2f}×",
                *rest,
            )
        )
    return table


def populations(rows: dict[str, list[Result]]) -> list[tuple[str, ...]]:
    """A line a row of populations: what a network costs beside one alone, and Backlit against the fastest peer."""
    table = [
        (
            "row",
            "Backlit, net-steps/s",
            "time a net, of one alone",
            "fastest peer",
            "ratio",
            "loss",
            "peak, MB",
            "ready, s",
        )
    ]
    for row, results in rows.items():
        own, others = ours(row, results), rivals(results)
        if own is None or not others or not TASKS[row].populated:
            continue
        alone = named(ALONE, results)
        name, *rest = compared(row, own, others[0], results)
        table.append((name, spread(own), "1" if alone is None else f"1/{ratio(own, alone):.1f}", *rest))
    return table


def compared(row: str, own: Result, other: Result, results: list[Result]) -> tuple[str, ...]:
    """The row, a rival's rates, the ratio to it, and both losses, memories and times to the first step."""
    return (
        row,
        f"{other['peer']}, {spread(other)}",
        f"{ratio(own, other):.2f}×",
        f"{own['final_loss']:.4f}{'' if learned(own, results) else ' (not the same)'}, {other['final_loss']:.4f}",
        f"{own['peak_bytes'] / 1e6:.0f}, {other['peak_bytes'] / 1e6:.0f}",
        f"{ready(own):.1f}, {ready(other):.1f}",
    )


def named(peer: str, results: list[Result]) -> Result | None:
    """The result of a peer that ran."""
    return next((result for result in present(results) if result["peer"] == peer), None)


def spread(result: Result) -> str:
    values = result["steps_per_second"]
    return f"{figure(rate(result))} ({figure(min(values))}–{figure(max(values))})"


def markdown(table: list[tuple[str, ...]]) -> str:
    head, *body = table
    rules = ("---",) * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rules, *body)) + "\n"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    return {
        "date": date.today().isoformat(),
        "processor": processor,
        "cores": CORES,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: installed for name in PACKAGES if (installed := version_of(name))},
    }


def version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def publish(rows: dict[str, list[Result]], seconds: float, device: str, whole: bool) -> None:
    """Print the summary, and write it; of a whole race, into the README too."""
    known = {**machine(), "device": device}
    tables = [table for table in (summary(rows), populations(rows)) if len(table) > 1]
    for table in tables:
        print()
        show(table)
    path = FOLDER / "results" / ("race" if whole else "part")
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps({"machine": known, "seconds": seconds, "rows": rows}, indent=1))
    packages = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    beside = " and a GPU" if device == "gpu" else ""
    where = f"{known['date']}, {known['cores']} cores of {known['processor']}{beside}"
    where += f", Python {known['python']}, {packages}."
    short = "\n".join([where, "", *map(markdown, tables)])
    details = markdown([HEADINGS, *(line for row, results in rows.items() for line in lines(row, results))])
    path.with_suffix(".md").write_text(f"{short}\n{details}")
    if whole:
        _insert(ROOT / "README.md", short)
    print(f"\nwritten: {path.with_suffix('.json')} and {path.with_suffix('.md')}, in {seconds / 60:.1f} minutes")


def _insert(path: Path, table: str) -> None:
    """Put the table between the marks of a file."""
    before, begin, rest = path.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if begin and end:
        path.write_text(f"{before}{begin}\n{table}{end}{after}")
