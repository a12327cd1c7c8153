"""What the doctor finds, on the screen; and the doctor beside a run of `backlit train`."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.text import Text

from backlit.cli.output import Report, write_json
from backlit.doctor.finding import COURSE, TITLES, Examination, Finding, ordered
from backlit.doctor.records import FINDINGS

if TYPE_CHECKING:
    from backlit.errors import TrainingError
    from backlit.training import Model, Progress, Run

STYLES = {"fault": "bold red", "suspicion": "bold yellow", "hint": "dim"}
HINTS = 3  # that are shown before a run
PATIENCE = 1.0  # seconds that a run waits for what the data say: a leak is worth them, and more would be felt


def show_examination(report: Report, examination: Examination) -> None:
    """All that an examination found, each in three lines, and what it left out."""
    if examination.heading:
        report.line(examination.heading, style="bold")
    for finding in examination:
        show_finding(report, finding)
    show_left_out(report, examination)


def show_briefly(report: Report, examination: Examination) -> None:
    """What an examination found, hints in one line each and the first few alone."""
    for finding in examination.worse_than_hints():
        show_finding(report, finding)
    hints = [finding for finding in examination if finding.level == "hint"]
    for finding in hints[:HINTS]:
        show(report, finding.line, finding)
    if len(hints) > HINTS:
        report.line(f"and {len(hints) - HINTS} more: backlit check", style=STYLES["hint"])
    show_left_out(report, examination)


def show_findings(report: Report, findings: Sequence[Finding], path: Path, lost: bool = False) -> None:
    """What is worse than a hint of a run that is over, and how what is open is settled.

    Args:
        report: where they are shown.
        findings: of the run.
        path: its folder.
        lost: whether the network knows nothing, which is said with the same advice.
    """
    grave = [finding for finding in findings if finding.level != "hint"]
    if not grave:
        return
    report.line()
    report.line("Findings:", style="bold")
    for finding in grave:
        show_finding(report, finding)
    if any(finding.level == "suspicion" for finding in grave) and not lost:
        these = "these" if all(finding.level == "suspicion" for finding in grave) else "the suspicions"
        report.line(f"backlit diagnose {path} settles {these} by experiments")


def show_finding(report: Report, finding: Finding) -> None:
    """A finding in three lines."""
    show(report, str(finding), finding)


def show_left_out(report: Report, examination: Examination) -> None:
    """What could not be examined."""
    for words in examination.left_out:
        report.note(f"not examined: {words}")


def show(report: Report, words: str, finding: Finding) -> None:
    """Words of a finding, which begin with its level, in its color."""
    if not report.silent:
        text = Text(words)
        text.stylize(STYLES[finding.level], 0, len(TITLES[finding.level]))
        report.console.print(text)


class Doctor:
    """The doctor beside a run: it examines its data, and its network while the program compiles, follows it, and looks
    at it once it is over.

    What the data say is shown before training, if it is known within a second, and else with the first epoch that ends
    after it is. Used as a context: when it ends, however it ends, what was found before the run has been shown.

    Args:
        report: where findings are shown.
        run: ready to train.
        stop_when: 'hopeless', or None.
    """

    def __init__(self, report: Report, run: "Run", stop_when: str | None = None) -> None:
        from backlit.doctor.course.monitor import Monitor

        self.report = report
        self.before = Examination(())
        self.monitor = Monitor(run, self._say, stop_when)
        self._shown = False
        self._data: tuple[Finding, ...] | None = None
        self._data_known = threading.Event()
        self._told: tuple[Finding, ...] = ()
        self._thread = threading.Thread(target=self._examine, args=(run,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._data_known.wait(PATIENCE)
        self._tell_data()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()
        self._show()

    def beside(self, follow: "Callable[[Progress], None] | None") -> "Callable[[Progress], str | None]":
        """A follower of the run that another one's words and the doctor's both reach."""
        self.monitor.follow = follow

        def hear(progress: "Progress") -> str | None:
            self._tell_data()
            if not self._thread.is_alive():
                self._show()
            return self.monitor(progress)

        return hear

    def conclude(self, outcome: "Model | TrainingError") -> Examination:
        """What was found before, in and after the run, which left a model, or failed in its first epoch."""
        before = replace(self.before, left_out=(*self.before.left_out, *self.monitor.left_out))
        return with_course(before, self.monitor.run, outcome)

    def _examine(self, run: "Run") -> None:
        from backlit.doctor.check import check_run

        try:
            self.before = check_run(run, self._hear)
        finally:
            self._data_known.set()

    def _hear(self, found: Sequence[Finding]) -> None:
        """What the data alone have said, which comes first, is kept to be shown."""
        if self._data is None:
            self._data = tuple(finding for finding in ordered(list(found)) if finding.level != "hint")
            self._data_known.set()

    def _tell_data(self) -> None:
        if self._data and not self._told:
            self._told = self._data
            for finding in self._told:
                show_finding(self.report, finding)

    def _show(self) -> None:
        if not self._shown:
            self._shown = True
            shown = {str(finding) for finding in self._told}
            others = tuple(finding for finding in self.before if str(finding) not in shown)
            show_briefly(self.report, replace(self.before, findings=others))

    def _say(self, line: str) -> None:
        self.report.line(line, style="yellow")


def with_course(before: Examination, run: "Run | None", outcome: "Model | TrainingError") -> Examination:
    """What was found before a run, and what its course says; of a run that failed in its first epoch, its error."""
    from backlit.doctor.course.numbers import examine_stop
    from backlit.doctor.course.signals import examine_model

    found, examined, left_out = list(before), list(before.examined), list(before.left_out)
    try:
        if isinstance(outcome, Exception):
            found += examine_stop(str(outcome), run)
            left_out.append(f"{COURSE}: its first epoch failed")
        else:
            found += examine_model(outcome)
            examined.append(COURSE)
    except Exception as error:  # whatever it is, the run is done
        left_out.append(f"{COURSE}: {str(error).partition(chr(10))[0] or type(error).__name__}")
    return replace(before, findings=ordered(found), examined=tuple(examined), left_out=tuple(dict.fromkeys(left_out)))


def write_findings(folder: Path, examination: Examination) -> None:
    """Add findings.json to a run's folder."""
    (folder / FINDINGS).write_text(write_json(examination.to_json()), encoding="utf-8")
