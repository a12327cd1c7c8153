"""The examination before training: what the data, the network and the first step say."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from backlit.doctor.faults import MADE_BY_INPUTS
from backlit.doctor.finding import Examination, Finding, ordered
from backlit.layers.block import Block
from backlit.training import Run, prepare


def check(network: Block | str | None, data: Any, y: Any = None, **options: Any) -> Examination:
    """Examine data and a network before any training.

        print(bl.check("Dense(64), ReLU, Dense(10)", "digits"))

    Args:
        network, data, y, **options: as for `fit`.

    Returns:
        What was found, the gravest first; `print` shows it.

    Raises:
        InputError: whatever cannot be used, as `fit` does.
    """
    return check_run(prepare(network, data, y, **options))


def check_run(run: Run, hear: Callable[[Sequence[Finding]], None] | None = None) -> Examination:
    """Examine a run that is ready to train: its data, then its network at the first step.

    An examiner that fails is left out, and named with the reason.

    Args:
        run: ready to train.
        hear: called with what each of the two has found, as soon as it is done.
    """
    begun = time.perf_counter()
    findings: list[Finding] = []
    examined, left_out = [], []
    for words, examine in (("the data", _data), ("the network at its first step", _start)):
        found: list[Finding] = []
        try:
            found = examine(run)
            examined.append(words)
        except Exception as error:  # whatever it is, it must not keep a run from training
            left_out.append(f"{words}: {str(error).partition(chr(10))[0] or type(error).__name__}")
        findings += found
        if hear is not None:
            hear(found)
    if any(finding.fault == "unnormalized inputs" and finding.level != "hint" for finding in findings):
        findings = [
            replace(finding, level="suspicion")
            if finding.fault in MADE_BY_INPUTS and finding.level == "fault"
            else finding
            for finding in findings
        ]
    return Examination(ordered(findings), tuple(examined), tuple(left_out), time.perf_counter() - begun)


def _data(run: Run) -> list[Finding]:
    from backlit.doctor.data import examine_data

    return examine_data(run)


def _start(run: Run) -> list[Finding]:
    from backlit.doctor.measures import Meter
    from backlit.doctor.start import examine_start
    from backlit.doctor.subject import subject_of
    from backlit.doctor.verdicts.numbers import first_numbers

    subject = subject_of(run)
    meter = Meter(subject)
    found = examine_start(subject, meter)
    return [*first_numbers(subject, meter(subject.parameters, subject.state)), *found]
