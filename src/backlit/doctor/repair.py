"""The repair of a run: remedies are tried one by one, and each is kept only where a rerun proves that it helps.

A remedy is tried on the run with all remedies that were kept before it. Both train with the same seeds, on the same
rows, for the same epochs; `compare_outcomes` says whether the remedy is better. What was not kept is tried once more
where a later one was, and where none was, all are tried together: two faults at once may each hide the gain of mending
the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backlit.doctor.admission import check_given
from backlit.doctor.comparison import Comparison, compare_outcomes
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.remedies import apply_remedy
from backlit.doctor.steps import Repair, Step, touches_data
from backlit.errors import SettingError
from backlit.training import Model, Progress, Run
from backlit.training.populations.population import NOT_BEGUN, Failure, Outcome, train_together

Tell = Callable[[str], object]
UNTRUE = ("label leakage", "train/test contamination")  # faults by which the scores before are no measure
ALIKE = "class_weight"  # the argument by which classes do not count by their rows


def repair(
    model: Model | Run,
    findings: Sequence[Finding] | None = None,
    *,
    seeds: int = 3,
    allow_data: bool = False,
    progress: Tell | None = None,
) -> Repair:
    """Apply the remedies of findings one by one, each kept only where a rerun proves that it helps.

    Each is trained with the run's seed and those after it, for as many epochs as the run, and kept where the loss on
    the validation rows is better by more than twice its standard error over the seeds, and the score not worse; where
    the loss itself changed, the score alone counts. Hints are left alone: they did no harm that could be shown. Where a
    fault made the scores untrue, such as a leak, its remedy is kept without being better.

    Args:
        model: trained, with its run, as `fit` and `Run.train` give it; or a run that is ready to train, such as one
            whose first epoch fails.
        findings: what is to be mended, in the order of mending; None: what `diagnose` finds.
        seeds: of each rerun, at least 2.
        allow_data: whether remedies may change the data, or leave features out.
        progress: called with what is being done, in words.

    Raises:
        InputError: it is neither a model nor a run.
        SettingError: the model has no run, or there are fewer than two seeds.
    """
    check_given(model, "repair", " --fix")
    run, original = (model, None) if isinstance(model, Run) else (model.run, model)
    if run is None:
        raise SettingError(
            "the model has no run that could be made again: give what fit or run.train gave; of a run's folder, "
            "backlit diagnose RUN --fix makes it again"
        )
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 2:
        raise SettingError(f"seeds is a whole number of at least 2, for a spread over them, not {seeds!r}")
    if findings is None:
        from backlit.doctor.diagnosis import diagnose

        findings = diagnose(model).findings
    return _Attempts(original, run, seeds, allow_data, progress or (lambda words: None)).all_of(findings)


class _Attempts:
    """The attempts to mend one run.

    Attributes:
        run: with all remedies that were kept.
        outcomes: what it came to, seed by seed; none before the first attempt.
    """

    def __init__(self, original: Model | None, run: Run, seeds: int, allow_data: bool, tell: Tell) -> None:
        self.original, self.run, self.seeds, self.allow_data, self.tell = original, run, seeds, allow_data, tell
        self.outcomes: list[Outcome] = []
        self.steps: list[Step] = []

    def all_of(self, findings: Sequence[Finding]) -> Repair:
        """Try the remedies of findings."""
        try:
            self._try_all(findings)
        except KeyboardInterrupt:
            return self._repair(interrupted=True)
        return self._repair()

    def _try_all(self, findings: Sequence[Finding]) -> None:
        tried = [self._attempt(finding, finding.remedy) for finding in self._considered(findings)]
        kept = [place for place, step in enumerate(tried) if step.kept]
        before = tried[: kept[-1]] if kept else tried
        open = [step for step in before if step.measure and not step.kept and not step.worse]
        if kept:
            for step in open:
                self._attempt(step.finding, step.remedy)
        elif len(open) > 1:
            self._attempt(open[0].finding, _together([step.remedy for step in open]))

    def _considered(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings whose remedies are tried; why the others are not is recorded."""
        considered: dict[str, Finding] = {}
        for finding in findings:
            remedy = finding.remedy
            if why := self._obstacle(finding):
                self.steps.append(Step(finding, remedy, why=why))
            else:
                considered.setdefault(repr((sorted(remedy.changes.items(), key=str), remedy.without)), finding)
        return list(considered.values())

    def _obstacle(self, finding: Finding) -> str:
        """Why a finding's remedy is not tried; '' where it is."""
        if finding.level == "hint":
            return "a hint did no harm that could be shown"
        if not finding.remedy.applicable:
            return "a person has to do it"
        if touches_data(finding.remedy) and not self.allow_data:
            return "it changes the data, which is not done unless it is allowed (--allow-data, allow_data=True)"
        if not len(self.run.parts.validation):
            return "there are no validation rows to prove it on"
        return ""

    def _attempt(self, finding: Finding, remedy: Remedy) -> Step:
        """Try a remedy on the run as it is by now, and keep it or not."""
        try:
            step = self._tried(finding, remedy)
        except Exception as error:  # whatever a remedy breaks, the run is whole, and the others are tried
            words = str(error).partition("\n")[0] or type(error).__name__
            step = Step(finding, remedy, why=f"it cannot be applied: {words}")
        self.steps.append(step)
        return step

    def _tried(self, finding: Finding, remedy: Remedy) -> Step:
        again, changes = apply_remedy(self.run, remedy)
        if not len(again.parts.validation):
            raise SettingError("it leaves no validation rows to prove it on")
        if not self.outcomes:
            self.outcomes = self._train(self.run, "the run as it is")
            if self.original is None and isinstance(self.outcomes[0], Model):
                self.original = self.outcomes[0]
        outcomes = self._train(again, remedy.words)
        weighed = ALIKE in changes or self.run.settings.class_weight is not None
        balanced = weighed and again.objective.classes > 0
        found = compare_outcomes(self.run, again, self.outcomes, outcomes, balanced)
        if finding.fault in UNTRUE and finding.level == "fault" and all(isinstance(one, Model) for one in outcomes):
            why = "the scores before counted what must not be known; those after are true"
            found = found._replace(better=True, why=why)
        if found.better and not isinstance(outcomes[0], Model):
            found = found._replace(better=False, why=f"the run with seed {again.settings.seed} failed")
        if found.better:
            self.run, self.outcomes = again, outcomes
        return _step(finding, remedy, changes, found)

    def _train(self, run: Run, words: str) -> list[Outcome]:
        """The outcomes of a run with each of the seeds."""
        self.tell(f"trying: {words}")
        first = run.settings.seed
        runs = [run, *(run.change(seed=first + step) for step in range(1, self.seeds))]

        def follow(told: Progress) -> None:
            self.tell(f"trying: {words}; epoch {told.epoch} of at most {told.epochs}")

        outcomes = train_together(runs, follow)
        if any(_is_interrupted(outcome) for outcome in outcomes):
            raise KeyboardInterrupt
        return outcomes

    def _repair(self, interrupted: bool = False) -> Repair:
        kept = any(step.kept for step in self.steps)
        model = self.outcomes[0] if kept else self.original
        assert not isinstance(model, Failure)  # what is kept has a model with the run's own seed
        return Repair(self.original, model, tuple(self.steps), self.seeds, interrupted)


def _step(finding: Finding, remedy: Remedy, changes: Mapping[str, Any], found: Comparison) -> Step:
    return Step(
        finding,
        remedy,
        changes,
        measure=found.measure,
        before=found.before,
        after=found.after,
        spread=found.spread,
        kept=found.better,
        worse=found.worse and not found.better,
        why=found.why,
    )


def _together(remedies: Sequence[Remedy]) -> Remedy:
    """Several remedies as one; where two set the same thing, the first does."""
    return Remedy(
        words=" and ".join(dict.fromkeys(remedy.words for remedy in remedies)),
        changes={name: value for remedy in reversed(remedies) for name, value in remedy.changes.items()},
        without=tuple(dict.fromkeys(name for remedy in remedies for name in remedy.without)),
        touches_data=any(remedy.touches_data for remedy in remedies),
    )


def _is_interrupted(outcome: Outcome) -> bool:
    return outcome.stopped == "interrupted" if isinstance(outcome, Model) else outcome.reason == NOT_BEGUN
