"""The doctor beside a run: it reads the rows as they come, and says what is new."""

from collections.abc import Callable

from backlit.doctor.course.prior import prior_of
from backlit.doctor.course.record import record_of
from backlit.doctor.course.signals import examine_record, hopeless, paths_of
from backlit.doctor.finding import Finding
from backlit.errors import SettingError
from backlit.training import Progress, Run
from backlit.training.execution import Follow

GROWTH = 1.1  # as many rows as at the last examination, before the next: twenty of them for the first hundred epochs


class Monitor:
    """Follows a run and names each fault once, as it arises.

    Give it to a run as its `progress`:

        run = bl.prepare("Dense(64), ReLU, Dense(10)", "digits", learning_rate=10.0)
        model = run.train(bl.Monitor(run, say=print))

    It reads what the run records anyway, so it costs next to nothing and changes no result.

    Args:
        run: what is trained; None: the one that it first hears of, as in `bl.fit(..., progress=bl.Monitor(say=print))`.
        say: called with one line for each finding worse than a hint, when it is first found.
        stop_when: 'hopeless': stop the run once it cannot come right any more; None: never.
        follow: another follower that hears everything, too, such as a bar; the text that it answers goes first.

    Attributes:
        findings: of the rows so far, the gravest first.
        left_out: what failed while it examined; the run goes on without.

    Raises:
        SettingError: `stop_when` is something else.
    """

    def __init__(
        self,
        run: Run | None = None,
        say: Callable[[str], None] | None = None,
        stop_when: str | None = None,
        follow: Follow | Callable[[Progress], None] | None = None,
    ) -> None:
        if stop_when not in (None, "hopeless"):
            raise SettingError(f"stop_when is 'hopeless' or None, not {stop_when!r}")
        self.run, self.say, self.stop_when, self.follow = run, say, stop_when, follow
        self.findings: list[Finding] = []
        self.left_out: list[str] = []
        self._said: set[str] = set()
        self._next = 1
        self._layers: list[str] | None = None

    def __call__(self, progress: Progress) -> str | None:
        """Hear of the progress of the run; the answer is why it is to stop, if it is."""
        answer = self.follow(progress) if self.follow is not None else None
        if answer or self.left_out or progress.history is None or len(progress.history) < self._next:
            return answer
        self._next = max(len(progress.history) + 1, int(GROWTH * len(progress.history)))
        try:
            return self._examine(progress)
        except Exception as error:  # whatever it is, it is no reason to end a run
            self.left_out.append(f"the course of the run: {str(error).partition(chr(10))[0] or type(error).__name__}")
            return None

    def _examine(self, progress: Progress) -> str | None:
        if self._layers is None:
            self.run = self.run or progress.run
            self._layers = paths_of(self.run)
            self._prior = prior_of(self.run) if self.run is not None else None
        record = record_of(progress.history, self.run, self._layers, self._prior)  # type: ignore[arg-type]
        self.findings = examine_record(record)
        for finding in self.findings:
            if finding.level != "hint" and finding.fault not in self._said:
                self._said.add(finding.fault)
                if self.say is not None:
                    self.say(finding.line)
        return hopeless(record, self.findings) if self.stop_when else None
