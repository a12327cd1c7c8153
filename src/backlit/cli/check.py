"""`backlit check`: what may be wrong, before anything is trained."""

from typing import Any

from backlit.cli import options
from backlit.cli.findings import show_examination
from backlit.cli.output import Report, print_json
from backlit.cli.preparation import check_options, prepares


@prepares
def check(asked: dict[str, Any], as_json: options.Json = False) -> int:
    """Examine data and a network before training.

    Reads and splits the data as train does, and trains nothing. Each finding
    has its evidence, its cause and a remedy: a fault is proved, a suspicion
    has the signs, a hint does no harm that could be shown. The exit status is
    1 where there is a fault or a suspicion, else 0.
    """
    check_options(asked)
    from backlit.doctor.check import check_run
    from backlit.training import cache_programs, prepare

    cache_programs()
    report = Report(silent=as_json)
    with report.waiting("examining"):
        examination = check_run(prepare(**asked))
    if as_json:
        print_json(examination.to_json())
    else:
        show_examination(report, examination)
    return int(bool(examination.worse_than_hints()))
