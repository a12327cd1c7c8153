"""What the doctor says: findings, each with where, evidence, cause and remedy, and the examination that made them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from backlit.doctor.faults import FAULTS

Level: TypeAlias = Literal["fault", "suspicion", "hint"]
LEVELS: tuple[Level, ...] = ("fault", "suspicion", "hint")
COURSE = "the course of the run"  # among what was examined: no proof that there is no fault
TITLES = {"fault": "Fault", "suspicion": "Suspicion", "hint": "Hint"}


@dataclass(frozen=True)
class Unpadded:
    """The data of a run with missing steps where all numbers of a step are `value`; made once a remedy is applied."""

    value: float

    def __str__(self) -> str:
        return f"steps of {self.value:g} as missing ones"


@dataclass(frozen=True)
class Remedy:
    """What mends a fault.

    Attributes:
        words: what to do, as a sentence without its full stop.
        changes: arguments of `prepare` in the place of the run's own, by which the remedy is applied by itself, such as
            {"learning_rate": 1e-3}; none where a person has to act. No data are among them, but what makes them.
        without: features that are left out, by their names or numbers.
        touches_data: whether the data that training sees change.
    """

    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    touches_data: bool = False

    @property
    def applicable(self) -> bool:
        """Whether it can be applied by itself."""
        return bool(self.changes or self.without)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or may be.

    Attributes:
        fault: its name, of `faults.FAULTS`.
        level: 'fault' (it is proved, by structure, arithmetic or an experiment; or, at a confidence of 0.6, nothing
            else explains a run that is bad), 'suspicion' (its signs are there, and no experiment has settled it) or
            'hint' (worth knowing; it does no harm that could be shown).
        where: the place: 'layer dense_1', 'feature petal_width', 'epoch 3'; '' for the whole run.
        evidence: the test that was made and its numbers, as a sentence without its full stop.
        cause: why these numbers mean this fault, as a sentence without its full stop.
        remedy: what mends it.
        confidence: from 0 to 1.
        numbers: those of the evidence, by name.
        layers: the paths of the layers it lies in, the worst one first; none where it lies in no layer.
    """

    fault: str
    level: Level
    where: str
    evidence: str
    cause: str
    remedy: Remedy
    confidence: float = 1.0
    numbers: Mapping[str, float] = field(default_factory=dict)
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"{self.fault!r} is no fault that is known")

    @property
    def rank(self) -> tuple[int, int, float]:
        """Its place among others: the proved ones first, of these what is to be mended first, then the surer one."""
        return LEVELS.index(self.level), FAULTS[self.fault].order, -self.confidence

    @property
    def line(self) -> str:
        """It in one line: what and where, and the evidence."""
        return f"{self._title}: {self.evidence}."

    @property
    def _title(self) -> str:
        return f"{TITLES[self.level]}: {self.fault}{f' in {self.where}' if self.where else ''}"

    def __str__(self) -> str:
        return f"{self._title}. {_capital(self.cause)}.\n  Evidence: {self.evidence}.\n  Remedy: {self.remedy.words}."

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values; a network in the remedy is its notation."""
        return {
            "fault": self.fault,
            "level": self.level,
            "where": self.where,
            "layers": list(self.layers),
            "evidence": self.evidence,
            "numbers": {name: float(value) for name, value in self.numbers.items()},
            "cause": self.cause,
            "remedy": {
                "words": self.remedy.words,
                "changes": {name: _plain(value) for name, value in self.remedy.changes.items()},
                "without": list(self.remedy.without),
                "touches_data": self.remedy.touches_data,
            },
            "confidence": self.confidence,
        }


@dataclass(frozen=True)
class Examination:
    """What an examination found; `print(examination)` shows it.

    Attributes:
        findings: the gravest first, of equal ones what is to be mended first.
        examined: what was looked at, in words.
        left_out: what could not be examined, and why.
        seconds: how long it took.
    """

    findings: tuple[Finding, ...]
    examined: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are proved."""
        return tuple(finding for finding in self.findings if finding.level == "fault")

    def worse_than_hints(self) -> tuple[Finding, ...]:
        """Faults and suspicions."""
        return tuple(finding for finding in self.findings if finding.level != "hint")

    @property
    def heading(self) -> str:
        """What is said where nothing is worse than a hint; '' where something is."""
        if self.worse_than_hints():
            return ""
        if not self.examined:
            return "Nothing was examined that could tell of a fault."
        if set(self.examined) == {COURSE}:
            return f"Nothing was examined that could tell of every fault; {COURSE} shows no sign of one."
        where = "what could be examined" if self.left_out else f"{self.seconds:.1f} s"
        return f"No fault found in {where}: {', '.join(self.examined)} examined."

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __str__(self) -> str:
        said = [*filter(None, [self.heading]), *map(str, self.findings)]
        return "\n".join([*said, *(f"Not examined: {words}." for words in self.left_out)])

    def to_json(self) -> dict[str, Any]:
        """The examination as plain JSON values."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "examined": list(self.examined),
            "left_out": list(self.left_out),
            "seconds": self.seconds,
        }


def ordered(findings: Iterator[Finding] | list[Finding]) -> tuple[Finding, ...]:
    """Findings by rank, of several of one fault in one place the gravest."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=lambda one: one.rank):
        kept.setdefault((finding.fault, finding.where), finding)
    return tuple(kept.values())


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
