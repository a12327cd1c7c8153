"""What the commands that train ask for: in one place, every option that becomes what `prepare` takes."""

from typing import Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.asking import asks, read_source

NETWORK, TRAINING = "Network", "Training"


def read_preparation(
    *,
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
    initial_scale: Annotated[
        float, typer.Option(help="A factor on the weights that are drawn first.", rich_help_panel=NETWORK)
    ] = 1.0,
    bootstrap: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Draw the training rows with replacement.", rich_help_panel=TRAINING),
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
    precision: Annotated[
        str,
        typer.Option(help="float32, bfloat16, or auto: bfloat16 on a GPU or TPU.", rich_help_panel=TRAINING),
    ] = "float32",
    tolerance: Annotated[
        float | None,
        typer.Option(help="Stop once the loss changes by a smaller share of itself.", rich_help_panel=TRAINING),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop training after this time, of all runs together; compiling and scoring come on top.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    telemetry: Annotated[
        int,
        typer.Option(
            metavar="STEPS",
            help="Steps between two epochs whose layers the history describes; 1: every epoch.",
            rich_help_panel=TRAINING,
        ),
    ] = 128,
    seed: Annotated[
        int, typer.Option(help="Of the split, the first weights, the order of the rows.", rich_help_panel=TRAINING)
    ] = 0,
    split_seed: Annotated[
        int | None, typer.Option(help="Of the split alone. Default: the seed.", rich_help_panel=TRAINING)
    ] = None,
) -> dict[str, Any]:
    """What `prepare` takes besides the data; what is not given is left out."""
    given = {
        "network": network,
        "validation": validation,
        "test": test,
        "reconstruct": reconstruct,
        "loss": loss,
        "standardize": standardize,
        "l1": l1,
        "l2": l2,
        "penalties": options.read_penalties(penalty),
        "penalize_biases": penalize_biases,
        "max_norm": max_norm,
        "initial_scale": initial_scale,
        "bootstrap": bootstrap,
        "class_weight": class_weight,
        "augment": augment,
        "optimizer": optimizer,
        "learning_rate": options.read_learning_rate(learning_rate),
        "schedule": schedule,
        "batch_size": options.read_batch_size(batch_size),
        "epochs": epochs,
        "patience": patience,
        "clip": clip,
        "accumulate": accumulate,
        "average": average,
        "precision": precision,
        "tolerance": tolerance,
        "time_limit": time_limit,
        "telemetry": telemetry,
        "split": options.read_split(split),
        "seed": seed,
        "split_seed": split_seed,
    }
    return {"network": None} | {name: value for name, value in given.items() if value is not None}


def check_options(asked: dict[str, Any]) -> None:
    """Refuse options that are wrong whatever the data are, before a folder is made or data are read.

    Raises:
        InputError: naming the option.
    """
    from backlit.training import Settings
    from backlit.training.arguments import check_arguments

    known = {"network", *Settings.__dataclass_fields__}
    check_arguments(**{name: value for name, value in asked.items() if name in known})


prepares = asks(read_source, read_preparation)
"""A command that takes all options of a run besides its own, and gets them as one: `asked`, what `prepare` takes."""
