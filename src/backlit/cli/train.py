"""`backlit train`: from data to a trained network, its scores and its folder."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.alignment import number
from backlit.cli import options
from backlit.cli.baselines import check_rivals, rivals_of, show_rivals
from backlit.cli.card import show_card
from backlit.cli.findings import Doctor, show_findings, write_findings
from backlit.cli.network import show_summary
from backlit.cli.output import Report, print_json, write_json
from backlit.cli.preparation import TRAINING, check_options, prepares
from backlit.cli.progress import following
from backlit.cli.report import import_pictures, report_run
from backlit.cli.runs import check_space, destination, run_folder
from backlit.doctor.finding import Examination
from backlit.doctor.records import FAILED, SETTINGS
from backlit.errors import SettingError, TrainingError

if TYPE_CHECKING:
    from backlit.training import Model, Progress, Run

HISTORY = "history.csv"
PARTS = ("train", "validation", "test", "baseline", "persistence")  # of which the last is there for forecasts alone


@prepares
def train(
    context: typer.Context,
    asked: dict[str, Any],
    out: options.Out = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines", help="Put scikit-learn's classic models beside it.", rich_help_panel="Output"),
    ] = False,
    reported: options.Reported = True,
    examined: Annotated[
        bool,
        typer.Option("--doctor/--no-doctor", help="Name what may be wrong with the run.", rich_help_panel=TRAINING),
    ] = True,
    stop_when: Annotated[
        str | None,
        typer.Option(
            metavar="hopeless",
            help="Stop a run that cannot come right: diverged, without gradient, or with steps too short to matter.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on data.

    Reads and splits the data, trains, and keeps the weights of the best
    validation loss. The run's folder holds the model, the history of every
    epoch, the settings that repeat the run, its predictions of the test rows,
    and a report to open in a browser. Ctrl-C keeps the best so far. A run
    that diverges in its first epoch leaves no model, and a folder to diagnose.
    What may be wrong is named before, during and after the run, and kept in
    findings.json.
    """
    check_options(asked)
    check_stop(stop_when, examined)
    path = destination(out, asked["data"])
    report = Report(silent=as_json or quiet)
    with run_folder(path) as folder:
        from backlit.training import cache_programs, prepare

        cache_programs()
        run = prepare(**asked)
        if baselines:
            check_rivals(run)
        check_space(folder, 8 * run.summary().parameters + 1_000_000)
        show_run(report, run)
        if reported:
            import_pictures()
        model, examination = train_run(report, run, stop_when) if examined else (train_alone(report, run), None)
        record = repeat(asked, context.obj, run)
        if isinstance(model, TrainingError):
            write_failure(folder, model, record)
        else:
            write_run(folder, model, record)
        if examination is not None:
            write_findings(folder, examination)
    if isinstance(model, TrainingError):
        raise TrainingError(f"{model}\nbacklit diagnose {path} says why") from model
    rivals = rivals_of(run, model) if baselines else []
    page, why = report_run(path, run, model, rivals, record) if reported else (None, "")
    warn = Report(silent=quiet, stderr=True)
    for note in filter(None, (*model.notes, why)):
        warn.note(note)
    if as_json:
        beside = {"baselines": [rival._asdict() for rival in rivals]} if rivals else {}
        found = examination.to_json()["findings"] if examination is not None else []
        print_json({**outcome(model, path), **beside, "findings": found, "report": page})
    else:
        show_outcome(report, model, path)
        if rivals:
            show_rivals(report, rivals)
        lost = knows_nothing(model)
        if examination is not None:
            show_findings(report, examination.findings, path, lost)
        if lost:
            report.line(f"This network knows no more than a constant answer: backlit diagnose {path} says why.")
        if page:
            report.line(f"Report: {page}", style="bold")


def check_stop(stop_when: str | None, examined: bool) -> None:
    """Refuse `--stop-when` where nobody would stop the run.

    Raises:
        SettingError: it has another value, or there is no doctor.
    """
    if stop_when not in (None, "hopeless"):
        raise SettingError(f"--stop-when is hopeless, not {stop_when}")
    if stop_when and not examined:
        raise SettingError("--stop-when hopeless needs the doctor: leave --no-doctor out")


def train_run(report: Report, run: "Run", stop_when: str | None) -> tuple["Model | TrainingError", Examination]:
    """The model, or why there is none, and what the doctor found before, in and after its run."""
    with Doctor(report, run, stop_when) as doctor, following(report, run.settings.epochs or 1) as follow:
        model = attempt(run, doctor.beside(follow))
    return model, doctor.conclude(model)


def train_alone(report: Report, run: "Run") -> "Model | TrainingError":
    """The model, or why there is none, of a run that nobody examines."""
    with following(report, run.settings.epochs or 1) as follow:
        return attempt(run, follow)


def attempt(run: "Run", follow: "Callable[[Progress], str | None] | None") -> "Model | TrainingError":
    """The model of a run; where its first epoch fails, the error, as the folder of the run has to be written."""
    try:
        return run.train(follow)
    except TrainingError as error:
        return error


def write_run(folder: Path, model: "Model", record: dict[str, Any]) -> None:
    """Fill a run's folder with the model, its history, and what repeats the run."""
    model.save(folder / "model")
    model.history.write_csv(folder / HISTORY)
    (folder / SETTINGS).write_text(write_json(record), encoding="utf-8")


def write_failure(folder: Path, error: TrainingError, record: dict[str, Any]) -> None:
    """Fill the folder of a run that left no model with a history of no epochs, and what repeats the run."""
    (folder / HISTORY).write_text("epoch,loss\n", encoding="utf-8")
    (folder / SETTINGS).write_text(write_json({**record, FAILED: str(error)}), encoding="utf-8")


def show_run(report: Report, run: "Run") -> None:
    """The data card, the split, the network's summary and the settings."""
    show_card(report, run.dataset.card(), split=run.parts.description, most=12)
    for note in run.parts.notes:
        report.note(note)
    report.line()
    show_summary(report, run.summary())
    report.line()
    show_settings(report, [run])


def show_settings(report: Report, runs: Sequence["Run"]) -> None:
    """The settings that all of some runs have."""
    chosen = runs[0].settings
    same = {name for name in asdict(chosen) if len({repr(getattr(run.settings, name)) for run in runs}) == 1}
    rate = f" at {chosen.learning_rate:g}" if "learning_rate" in same else ""
    schedule = f" ({chosen.schedule})" if "schedule" in same and chosen.schedule != "constant" else ""
    words = {
        "loss": f"{chosen.loss} loss",
        "optimizer": f"{chosen.optimizer}{rate}{schedule}",
        "batch_size": f"batches of {chosen.batch_size:,}",
        "epochs": f"at most {chosen.epochs:,} epochs",
        "patience": f"patience {chosen.patience}" if chosen.patience else "no early stopping",
        "l1": f"L1 {chosen.l1:.3g}" if chosen.l1 else "",
        "l2": f"L2 {chosen.l2:.3g}" if chosen.l2 else "",
        "max_norm": f"max-norm {chosen.max_norm:.3g}" if chosen.max_norm else "",
        "initial_scale": f"first weights times {chosen.initial_scale:.3g}" if chosen.initial_scale != 1 else "",
        "bootstrap": f"rows drawn by bootstrap {chosen.bootstrap}" if chosen.bootstrap is not False else "",
        "augment": f"augmented by {chosen.augment}" if chosen.augment else "",
        "precision": f"in {chosen.precision}",
        "seed": f"seed {chosen.seed}",
    }
    report.line(f"Training: {', '.join(word for name, word in words.items() if word and name in same)}")


def show_outcome(report: Report, model: "Model", path: Path) -> None:
    """How the run went, its scores beside the baseline, and where it lies."""
    seconds = model.seconds
    report.line(
        f"{model.epochs:,} epochs in {seconds['train']:.1f} s after {seconds['compile']:.1f} s of compiling "
        f"({model.steps_per_second:,.0f} steps a second); stopped: {model.stopped}; best epoch {model.best_epoch:,}"
    )
    show_scores(report, model, path)


def show_scores(report: Report, model: "Model", path: Path) -> None:
    """Scores beside the baseline, and where the run lies."""
    from backlit.layers.scaling import Rescale

    report.line()
    if not model.scores:
        report.line(f"Run folder: {path}", style="bold")
        return
    named = [part for part in PARTS if part in model.scores]
    names = [name for name in model.scores["train"] if " " not in name]
    titles = {
        "baseline": "baseline (majority class)" if "accuracy" in names else "baseline (mean)",
        "persistence": "baseline (last value)",
    }
    rows = [
        [
            titles.get(part, part),
            rows_of(model, part),
            *(number(model.scores[part][n]) for n in names),
        ]
        for part in named
    ]
    report.table(["", "rows", *names], rows)
    judged = model.scores.get("test", model.scores["train"])
    if any(" " in name for name in judged):
        rows = [[name, *(number(judged[f"{score} {name}"]) for score in names[1:])] for name in model.schema.target]
        report.table(["target", *(f"test {score}" if "test" in model.scores else score for score in names[1:])], rows)
    if isinstance(model.network.blocks[-1], Rescale):
        report.line("The loss is of targets brought to deviation 1; rmse is in the target's own units.")
    if "test" in model.scores and not better(model):
        report.note("on the test rows the network is no better than the baseline")
    report.line()
    report.line(f"Run folder: {path}", style="bold")


def better(model: "Model") -> bool:
    """Whether the network beats the constant prediction, and that all stays as it is, on the test rows."""
    score = "accuracy" if model.schema.classes else "r2"
    rivals = [model.scores[part] for part in ("baseline", "persistence") if part in model.scores]
    return all(model.scores["test"][score] > rival[score] for rival in rivals)


def knows_nothing(model: "Model") -> bool:
    """Whether a network that was scored is no better than the constant answer, in its score by more than noise, or in
    its loss. Where rows have weights, the constant answer that they teach is another one, and nothing is said.
    """
    from backlit.doctor.health import error_of
    from backlit.doctor.limits import LIMITS

    part, run = "test" if "test" in model.scores else "train", model.run
    name = "accuracy" if model.schema.classes else "r2"
    own, constant = (model.scores.get(judged, {}) for judged in (part, "baseline"))
    if run is None or name not in own or name not in constant or (run.row_weights != 1).any():
        return False
    y = getattr(run.parts, part).y
    rows = int((y >= 0).sum()) if model.schema.classes else len(y)
    noise = LIMITS["health: standard errors"] * error_of(own[name], rows, bool(model.schema.classes))
    idle = constant["loss"] - LIMITS["course idle"] * abs(constant["loss"])
    return not own[name] - constant[name] > noise and not own["loss"] < idle  # what is no number is no better


def rows_of(model: "Model", part: str) -> str:
    """How many rows a score is over."""
    return f"{model.rows[part]:,}" if part in model.rows else ""


def outcome(model: "Model", path: Path) -> dict[str, Any]:
    """The object that `--json` prints."""
    from backlit.layers.notation import write

    scores = {part: model.scores.get(part) for part in PARTS[:4]} | {
        part: model.scores[part] for part in PARTS[4:] if part in model.scores
    }
    return {
        "task": model.schema.task,
        "rows": model.rows,
        "network": write(model.network),
        "parameters": model.summary().parameters,
        "epochs": model.epochs,
        "best_epoch": model.best_epoch,
        "stopped": model.stopped,
        **scores,
        "seconds": model.seconds,
        "steps_per_second": model.steps_per_second,
        "run": str(path),
    }


def repeat(asked: dict[str, Any], arguments: list[str], run: "Run") -> dict[str, Any]:
    """Everything that repeats a run exactly: the command, what `prepare` was asked, the data, every setting and the
    versions.
    """
    import platform
    from importlib.metadata import version

    from backlit.layers.notation import write

    source = asked["data"]
    path = Path(source)
    return {
        "command": f"backlit {shlex.join(arguments)}",
        "folder": str(Path.cwd()),
        "asked": asked,
        "data": {"source": source, "path": str(path.resolve()) if path.exists() else None, "rows": len(run.dataset)},
        "task": run.parts.schema.task,
        "network": write(run.network),
        "input_shape": run.input_shape,
        "settings": run.settings.to_json(),
        "loss": run.objective.loss.name,
        "versions": {
            **{name: version(name) for name in ("backlit", "jax", "jaxlib", "numpy", "optax")},
            "python": platform.python_version(),
            "machine": platform.machine(),
        },
    }
