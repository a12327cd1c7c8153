"""scikit-learn's classic models beside a network, on the screen."""

from typing import TYPE_CHECKING

from backlit.alignment import number
from backlit.cli.output import Report

if TYPE_CHECKING:
    from backlit.training import Model, Run
    from backlit.training.rivals import Rival


def check_rivals(run: "Run") -> None:
    """Refuse a run whose targets the models do not take."""
    from backlit.training.rivals import check_targets

    check_targets(run)


def rivals_of(run: "Run", model: "Model") -> list["Rival"]:
    """The network and its rivals."""
    from backlit.training.rivals import baselines

    return baselines(run, model)


def show_rivals(report: Report, rivals: list["Rival"]) -> None:
    """A table of the network and its rivals, one row each."""
    classes = rivals[0].rmse is None
    rows = [
        [
            rival.name,
            number(rival.score),
            *([] if classes else [number(rival.rmse)]),
            f"{rival.fit:.3g}",
            f"{rival.predict:.3g}",
            f"{rival.stored:,}",
        ]
        for rival in rivals
    ]
    report.line()
    report.table(["model", *(["accuracy"] if classes else ["r2", "rmse"]), "fit s", "predict s", "stored bytes"], rows)
    report.line("The seconds of the network include compiling.")
