"""`backlit sweep`: many runs at once, one a combination of values, and the best of them as `backlit train` keeps it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.card import show_card
from backlit.cli.network import show_summary
from backlit.cli.output import Report, print_json, write_json
from backlit.cli.preparation import prepares
from backlit.cli.progress import following
from backlit.cli.report import report_run
from backlit.cli.runs import Interrupted, check_space, destination, run_folder
from backlit.cli.train import outcome, repeat, show_scores, show_settings, write_run
from backlit.cli.values import read_sets
from backlit.errors import SettingError

if TYPE_CHECKING:
    from backlit.training import Run
    from backlit.training.sweeps.grids import Grid
    from backlit.training.sweeps.spaces import Values
    from backlit.training.sweeps.sweep import Sweep

SWEEP = "Sweep"
SHOWN = 10  # configurations
EPOCH_BYTES, MEMBER_BYTES = 100, 1_000  # in the run's folder


@prepares
def sweep(
    context: typer.Context,
    asked: dict[str, Any],
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="Values of one option: l2=0,1e-4 or a range learning-rate=1e-4..1e-1:16, of 16 numbers; repeatable.",
            rich_help_panel=SWEEP,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Seeds a configuration, from --seed on. Default: 1.", rich_help_panel=SWEEP)
    ] = None,
    halving: Annotated[
        bool,
        typer.Option(
            "--halving",
            help="Stop the worse two of three configurations early, again and again.",
            rich_help_panel=SWEEP,
        ),
    ] = False,
    reported: options.Reported = True,
    out: options.Out = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network at every combination of values, and keep the best.

    Any option of the panels Network and Training can be swept, and the rate
    of a layer (dropout_1.rate). A range FIRST..LAST:COUNT has the same factor
    from number to number where LAST is ten times FIRST or more, else the same
    step; :log or :linear behind it says which. Whole numbers need no COUNT.
    Networks and augmentations are parted by ' | '.

    Every configuration is trained with each of the seeds, on the same rows,
    and all that differ in numbers alone train together in one program. The
    choice is by the mean validation loss; test scores are shown for the
    best alone. The run's folder is that of backlit train for the best, with
    sweep.csv (the table), sweep.json and histories.csv (every member) beside
    it; the report is that of the best. Ctrl-C keeps what is done. --time-limit is shared among all programs.
    """
    sets = read_sets(over or ())
    if not sets and seeds is None:
        raise SettingError("nothing is swept: give --over NAME=VALUES, such as --over l2=0,1e-4,1e-2, or --seeds 4")
    from backlit.training import Settings, cache_programs
    from backlit.training.sweeps.sweeping import check_sweep, prepare_sweep

    replaced = [name for name in sets if asked.get(name) == getattr(Settings, name, None)]  # options not given
    asked = {name: value for name, value in asked.items() if name == "network" or name not in replaced}
    data = asked["data"]
    swept = {**asked, "over": sets, "seeds": seeds, "halving": halving}
    del swept["data"]
    check_sweep(**swept)
    path = destination(out, data, "sweep")
    report = Report(silent=as_json or quiet)
    with run_folder(path) as folder:
        cache_programs()
        grid = prepare_sweep(data=data, **swept)
        check_space(folder, size_of(grid))
        show_grid(report, grid)
        with following(report, grid.epochs) as follow:
            found = grid.train(follow)
        run = grid.runs[found.members.index(found.chosen)]
        record = repeat(asked_alone(asked, found.chosen.values, run), context.obj, run)
        write_run(folder, found.best, record)
        found.write_csv(folder / "sweep.csv")
        found.write_histories(folder / "histories.csv")
        (folder / "sweep.json").write_text(write_json(found.to_json()), encoding="utf-8")
    page, why = report_run(path, run, found.best, (), record) if reported else (None, "")
    warn = Report(silent=quiet, stderr=True)
    for note in filter(None, (*found.best.notes, why)):
        warn.note(note)
    if as_json:
        print_json({**outcome(found.best, path), "sweep": found.to_json(), "report": page})
    else:
        show_sweep(report, found)
        show_scores(report, found.best, path)
        if page:
            report.line(f"Report: {page}", style="bold")
    if found.interrupted:
        raise Interrupted(f"interrupted; what was done is kept in {path}")


def asked_alone(asked: dict[str, Any], values: "Values", run: "Run") -> dict[str, Any]:
    """What `prepare` is asked for one member of a sweep by itself: the sweep's options with the member's values."""
    from backlit.layers.notation import write

    own = {name: value for name, value in values.items() if "." not in name}
    if len(own) < len(values):  # rates of layers are part of the network, and one that is given has no penalty
        own |= {"network": write(run.network), "l2": run.settings.l2}
    return {**asked, **own, "split_seed": run.settings.split_seed}


def size_of(grid: "Grid") -> int:
    """The bytes that the folder of a sweep needs, at most."""
    epochs = sum(run.settings.epochs or 1 for run in grid.runs)
    parameters = max(run.summary().parameters for run in grid.firsts)
    return 8 * parameters + EPOCH_BYTES * epochs + MEMBER_BYTES * len(grid.runs) + 1_000_000


def show_grid(report: Report, grid: "Grid") -> None:
    """The data card, the split, the network and the settings that all members have, and what will be trained."""
    run = grid.runs[0]
    show_card(report, run.dataset.card(), split=run.parts.description, most=12)
    for note in run.parts.notes:
        report.note(note)
    report.line()
    if "network" not in grid.values[0]:
        show_summary(report, run.summary())
        report.line()
    show_settings(report, grid.runs)
    report.line(f"Sweep: {grid}; each program is compiled first, which takes some seconds")


def show_sweep(report: Report, found: "Sweep") -> None:
    """The first configurations of the table, and what is to be said of the others."""
    headings, *rows = found.cells(SHOWN)
    report.line()
    report.table(headings, rows, left=len(found.configurations[0].values))
    for remark in found.remarks(SHOWN):
        report.line(remark)
    report.line()
    runs, seconds, best = len(found.members) - len(found.not_begun), found.seconds, found.best
    rest = seconds["total"] - seconds["train"] - seconds["compile"]
    report.line(
        f"{runs:,} run{'s' if runs > 1 else ''} with {found.epochs:,} epochs in all took {seconds['total']:.1f} s: "
        f"{seconds['train']:.1f} s of training, {seconds['compile']:.1f} s of compiling, "
        f"{rest:.1f} s of scoring and the rest"
    )
    report.line(f"The best of them: {best.epochs:,} epochs; stopped: {best.stopped}; best epoch {best.best_epoch:,}")
