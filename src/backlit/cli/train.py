"""`backlit train`: from data to a trained network, its scores and its folder."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.baselines import check_rivals, rivals_of, show_rivals
from backlit.cli.card import show_card
from backlit.cli.network import show_summary
from backlit.cli.output import Report, number, print_json, write_json
from backlit.cli.progress import following
from backlit.cli.runs import check_space, destination, run_folder

if TYPE_CHECKING:
    from backlit.training import Model, Run

NETWORK, TRAINING, OUTPUT = "Network", "Training", "Output"
PARTS = ("train", "validation", "test", "baseline", "persistence")  # of which the last is there for forecasts alone


def train(
    context: typer.Context,
    source: options.Source,
    target: options.Target = None,
    task: options.Task = None,
    column: options.Columns = None,
    weights: options.Weights = None,
    order_by: options.OrderBy = None,
    sequence_by: options.SequenceBy = None,
    step_by: options.StepBy = None,
    window: options.Window = None,
    horizon: options.Horizon = None,
    text: options.Text = None,
    split: Annotated[str, typer.Option(help="Shares of training, validation and test rows.")] = "70/15/15",
    validation: Annotated[str | None, typer.Option(metavar="DATA", help="Separate data for validation.")] = None,
    test: Annotated[str | None, typer.Option(metavar="DATA", help="Separate data for the test.")] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NETWORK",
            help="The notation ('Dense(64), ReLU, Dense(10)'), a name, or a JSON file. Default: two hidden layers.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    reconstruct: Annotated[
        bool,
        typer.Option("--reconstruct", help="The inputs are the targets, as for autoencoders.", rich_help_panel=NETWORK),
    ] = False,
    loss: Annotated[
        str | None, typer.Option(help="See `backlit list losses`. Default: by the task.", rich_help_panel=NETWORK)
    ] = None,
    standardize: Annotated[
        bool, typer.Option(help="Bring inputs and numeric targets to mean 0, deviation 1.", rich_help_panel=NETWORK)
    ] = True,
    l1: Annotated[float, typer.Option("--l1", help="λ of λ Σ|w|.", rich_help_panel=NETWORK)] = 0.0,
    l2: Annotated[
        float | None,
        typer.Option("--l2", help="λ of λ Σw². Default: 3 / rows, and 0 with --network.", rich_help_panel=NETWORK),
    ] = None,
    penalty: options.Penalties = None,
    penalize_biases: Annotated[
        bool, typer.Option("--penalize-biases", help="λ falls on biases, too.", rich_help_panel=NETWORK)
    ] = False,
    max_norm: Annotated[
        float | None, typer.Option(help="The most that a unit's weights may measure.", rich_help_panel=NETWORK)
    ] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="balanced: every class counts alike.", rich_help_panel=NETWORK)
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Change the training examples at random: 'mirror, rotate(degrees=15)'; `backlit list augmentations`.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            help="See `backlit list optimizers`. Default: adam, or a named network's own.", rich_help_panel=TRAINING
        ),
    ] = None,
    learning_rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE|find",
            help="The step size, above 0; find tries rising ones first. Default: the optimizer's.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="How the learning rate changes: `backlit list schedules`. Default: constant at a rate you give.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        str | None,
        typer.Option(
            metavar="N|full|find",
            help="Rows a step; find: the most that fit in memory. Default: by the rows.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data at most. Default: by the rows.", rich_help_panel=TRAINING)
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Epochs without a better validation loss before it stops.", rich_help_panel=TRAINING),
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(help="The most that the gradient's norm may be; scaled down to it.", rich_help_panel=TRAINING),
    ] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="Batches whose mean gradient makes one update.", rich_help_panel=TRAINING)
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(
            metavar="DECAY",
            help="Score and keep the moving average of the weights, such as 0.99.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Stop once the loss changes by a smaller share of itself.", rich_help_panel=TRAINING),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop training after this time; compiling and scoring come on top.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of the split, the first weights, the order of the rows.", rich_help_panel=TRAINING)
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run's folder. Default: runs/NAME-TIME.", rich_help_panel=OUTPUT),
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines", help="Put scikit-learn's classic models beside it.", rich_help_panel=OUTPUT),
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on data.

    Reads and splits the data, trains, and keeps the weights of the best
    validation loss. The run's folder holds the model, the history of every
    epoch, and the settings that repeat the run. Ctrl-C keeps the best so far.
    """
    settings = {
        "l1": l1,
        "l2": l2,
        "penalties": options.read_penalties(penalty),
        "penalize_biases": penalize_biases,
        "max_norm": max_norm,
        "augment": augment,
        "class_weight": class_weight,
        "optimizer": optimizer,
        "learning_rate": options.read_learning_rate(learning_rate),
        "schedule": schedule,
        "batch_size": options.read_batch_size(batch_size),
        "epochs": epochs,
        "patience": patience,
        "clip": clip,
        "accumulate": accumulate,
        "average": average,
        "tolerance": tolerance,
        "time_limit": time_limit,
        "split": options.read_split(split),
        "order_by": order_by,
        "seed": seed,
        "standardize": standardize,
    }
    columns, ahead = options.read_columns(column), options.read_horizon(horizon)
    path = destination(out, source)
    report = Report(silent=as_json or quiet)
    with run_folder(path) as folder:
        from backlit.training import prepare

        run = prepare(
            network,
            source,
            validation=validation,
            test=test,
            target=target,
            task=task,
            columns=columns,
            weights=weights,
            sequence_by=sequence_by,
            step_by=step_by,
            window=window,
            horizon=ahead,
            text=text,
            reconstruct=reconstruct,
            loss=loss,
            **{name: value for name, value in settings.items() if value is not None},
        )
        if baselines:
            check_rivals(run)
        check_space(folder, 8 * run.summary().parameters + 1_000_000)
        show_run(report, run)
        with following(report, run.settings.epochs or 1) as follow:
            model = run.train(follow)
        model.save(folder / "model")
        model.history.write_csv(folder / "history.csv")
        (folder / "settings.json").write_text(write_json(repeat(source, context.obj, run)), encoding="utf-8")
    rivals = rivals_of(run, model) if baselines else []
    warn = Report(silent=quiet, stderr=True)
    for note in model.notes:
        warn.note(note)
    if as_json:
        beside = {"baselines": [rival._asdict() for rival in rivals]} if rivals else {}
        print_json({**outcome(model, path), **beside})
    else:
        show_outcome(report, model, path)
        if rivals:
            show_rivals(report, rivals)


def show_run(report: Report, run: "Run") -> None:
    """The data card, the split, the network's summary and the settings."""
    show_card(report, run.dataset.card(), split=run.parts.description, most=12)
    for note in run.parts.notes:
        report.note(note)
    report.line()
    show_summary(report, run.summary())
    report.line()
    chosen = run.settings
    schedule = "" if chosen.schedule == "constant" else f" ({chosen.schedule})"
    words = [
        f"{run.objective.loss} loss",
        f"{chosen.optimizer} at {chosen.learning_rate:g}{schedule}",
        f"batches of {chosen.batch_size:,}",
        f"at most {chosen.epochs:,} epochs",
    ]
    if chosen.patience:
        words.append(f"patience {chosen.patience}")
    strengths = (("L1", chosen.l1), ("L2", chosen.l2), ("max-norm", chosen.max_norm))
    words += [f"{name} {value:.3g}" for name, value in strengths if value]
    words += [f"augmented by {chosen.augment}"] if chosen.augment else []
    report.line(f"Training: {', '.join(words)}, seed {chosen.seed}")


def show_outcome(report: Report, model: "Model", path: Path) -> None:
    """Scores beside the baseline, and where the run lies."""
    from backlit.layers.scaling import Rescale

    seconds = model.seconds
    report.line(
        f"{model.epochs:,} epochs in {seconds['train']:.1f} s after {seconds['compile']:.1f} s of compiling "
        f"({model.steps_per_second:,.0f} steps a second); stopped: {model.stopped}; best epoch {model.best_epoch:,}"
    )
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


def repeat(source: str, arguments: list[str], run: "Run") -> dict[str, Any]:
    """Everything that repeats a run exactly: the command, the data, every setting and the versions."""
    import platform
    from importlib.metadata import version

    from backlit.layers.notation import write

    path = Path(source)
    return {
        "command": f"backlit {shlex.join(arguments)}",
        "folder": str(Path.cwd()),
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
