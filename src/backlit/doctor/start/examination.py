"""All that is examined at the start, in the order in which it is to be mended."""

from backlit.doctor.finding import Finding, ordered
from backlit.doctor.measures import Meter
from backlit.doctor.start.answers import answers_of
from backlit.doctor.start.dependencies import examine_dependencies
from backlit.doctor.start.gradients import examine_gradients
from backlit.doctor.start.head import examine_head
from backlit.doctor.start.pairing import examine_first_loss, examine_pairing
from backlit.doctor.start.probe import Probe
from backlit.doctor.start.structure import examine_structure
from backlit.doctor.start.updates import examine_updates
from backlit.doctor.start.weights import examine_weights
from backlit.doctor.subject import Subject


def examine_start(subject: Subject, meter: Meter | None = None) -> list[Finding]:
    """The findings at the first weights, before any step; what is None in the subject is left out.

    Args:
        subject: what is examined.
        meter: that measures it, where there is one already.
    """
    probe = Probe(subject, meter)
    answers = answers_of(probe)
    findings: list[Finding] = []
    if answers is not None:
        findings += examine_pairing(probe, answers)
        findings += examine_head(probe, answers)
    findings += examine_dependencies(probe)
    findings += examine_updates(probe)
    findings += examine_structure(probe)
    findings += examine_weights(probe)
    findings += examine_gradients(probe)
    if answers is not None:
        findings += examine_first_loss(probe, answers)
    return list(ordered(findings))
