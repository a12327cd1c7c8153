"""The table of a race: rates, ratios round by round, losses, memory, the time to the first step."""

import json
import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from tasks import TASKS
from timing import show

FOLDER = Path(__file__).parent
PACKAGES = ("backlit", "jax", "optax", "torch", "keras", "flax", "scikit-learn", "tinygrad", "numpy")
LEARNED = 0.9  # of the largest fall of the loss in the row: who learned less is no rival
SAME_START = 1e-3  # relative difference of the losses before the first step

Result = dict[str, Any]


def rate(result: Result) -> float:
    return median(result["steps_per_second"])


def ratio(result: Result, other: Result) -> float:
    """The median of the ratios round by round."""
    pairs = zip(result["steps_per_second"], other["steps_per_second"], strict=True)
    return median(ours / theirs for ours, theirs in pairs)


def ready(result: Result) -> float:
    """Seconds from the process's start to its first step."""
    return sum(result[f"{part}_seconds"] for part in ("import", "build", "compile"))


def present(results: list[Result]) -> list[Result]:
    return [result for result in results if "missing" not in result]


def learned(result: Result, results: list[Result]) -> bool:
    """Whether it started where most did, and its loss fell nearly as far as that of the best."""
    start = median(other["start_loss"] for other in present(results))
    fall = max(start - other["final_loss"] for other in present(results))
    same = abs(result["start_loss"] - start) <= SAME_START * abs(start)
    return same and start - result["final_loss"] >= LEARNED * fall


def ours(row: str, results: list[Result]) -> Result | None:
    """Backlit's result that is compared."""
    name = "Backlit fit" if TASKS[row].through_fit else "Backlit"
    return next((result for result in present(results) if result["peer"] == name), None)


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
    """A line a row: Backlit against the fastest peer that learned the same, and against PyTorch."""
    table = [("row", "Backlit, steps/s", "`fit`", "fastest peer", "ratio", "to PyTorch", "loss", "peak, MB")]
    for row, results in rows.items():
        own, others = ours(row, results), rivals(results)
        if own is None or not others:
            continue
        fastest = others[0]
        torch = next((other for other in others if other["peer"] == "PyTorch"), None)
        fit = next((result for result in present(results) if result["peer"] == "Backlit fit"), None)
        table.append(
            (
                row,
                spread(own),
                "" if fit is None else figure(rate(fit)),
                f"{fastest['peer']}, {spread(fastest)}",
                f"{ratio(own, fastest):.2f}×",
                "" if torch is None else f"{ratio(own, torch):.2f}×",
                f"{own['final_loss']:.4f}, {fastest['final_loss']:.4f}",
                f"{own['peak_bytes'] / 1e6:.0f}, {fastest['peak_bytes'] / 1e6:.0f}",
            )
        )
    return table


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
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: installed for name in PACKAGES if (installed := version_of(name))},
    }


def version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def publish(rows: dict[str, list[Result]], seconds: float, out: str | None, whole: bool) -> None:
    """Print the summary, and write it."""
    print()
    show(summary(rows))
    known = machine()
    name = "".join(letter if letter.isalnum() else "-" for letter in known["processor"].lower()).strip("-")
    path = Path(out) if out else FOLDER / "results" / f"{known['date']}-{name}-{known['cores']}-cores"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps({"machine": known, "seconds": seconds, "rows": rows}, indent=1))
    packages = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    where = f"{known['date']}, {known['cores']} cores of {known['processor']}, Python {known['python']}, {packages}."
    details = markdown([HEADINGS, *(line for row, results in rows.items() for line in lines(row, results))])
    path.with_suffix(".md").write_text(f"{where}\n\n{markdown(summary(rows))}\n{details}")
    print(f"\nwritten: {path.with_suffix('.json')} and {path.with_suffix('.md')}, in {seconds / 60:.0f} minutes")
