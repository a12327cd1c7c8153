"""The one call from data to a trained model, and the calls that find settings for it."""

from collections.abc import Sequence
from typing import Any, overload

from backlit.layers.block import Block
from backlit.training.batch_sizes import BatchSizes
from backlit.training.execution import Follow
from backlit.training.learning_rates import LearningRates
from backlit.training.model import Model
from backlit.training.preparation import prepare
from backlit.training.sweeps.spaces import Value, ValueSet, sets_in
from backlit.training.sweeps.sweep import Sweep
from backlit.training.sweeps.sweeping import sweep


@overload
def fit(
    network: Block | str | None,
    data: Any,
    y: Any = None,
    *,
    progress: Follow | None = None,
    validation: Any = None,
    test: Any = None,
    target: str | Sequence[str] | None = None,
    weights: Any = None,
    horizon: int | Sequence[int] | None = None,
    split: Sequence[float] = ...,
    loss: Any = None,
    optimizer: Any = None,
    **options: Value,
) -> Model: ...
@overload
def fit(
    network: Block | str | Sequence[Block | str | None] | None,
    data: Any,
    y: Any = None,
    *,
    progress: Follow | None = None,
    **options: Value | ValueSet,
) -> Sweep: ...
@overload
def fit(
    network: Any,
    data: Any,
    y: Any = None,
    *,
    progress: Any = None,
    **options: Any,
) -> Any: ...
def fit(
    network: Any,
    data: Any,
    y: Any = None,
    *,
    progress: Follow | None = None,
    **options: Any,
) -> Any:
    """Train a network on data and return the model; with sets of values for settings, a `Sweep` over all combinations.

    Args:
        network: a block, the notation, a name, a JSON file, or None for the default network.
        data: a file, the name of a data set, a frame, a Dataset, or an array with `y`.
        y: targets (N,), (N, T) or (N, ...) such as images, when data is an array.
        progress: called with `Progress` a few times a second; a text that it answers stops the run, and is why.
        **options: what `prepare` takes: target, task, columns, weights, validation, test, reconstruct, loss, and the
            settings (optimizer, learning_rate, schedule, batch_size, epochs, patience, clip, accumulate, average,
            augment, l1, l2, penalties, penalize_biases, max_norm, initial_scale, bootstrap, class_weight, split,
            split_seed, order_by, seed, time_limit, tolerance, precision, standardize, block_rows, telemetry), each
            described in `Settings`. A list, a tuple, a range or an array in the place of one value, such as
            learning_rate=geomspace(1e-4, 1e-1, 16) or seed=range(8), or a list of networks, is a set of values: see
            `sweep`.

    Returns:
        The model, with the weights of its best epoch; a `Sweep` where a setting is a set of values.

    Raises:
        InputError: whatever cannot be used, before any work starts.
        TrainingError: a loss that is non-finite from the first epoch on.
    """
    if sets_in({"network": network, **options}):
        return sweep(network, data, y, progress=progress, **options)
    return prepare(network, data, y, **options).train(progress)


def find_learning_rate(
    network: Block | str | None,
    data: Any,
    y: Any = None,
    *,
    steps: int = 100,
    lowest: float = 1e-6,
    highest: float = 10.0,
    **options: Any,
) -> LearningRates:
    """Train for some steps at rising learning rates, and suggest one: where the loss falls fast, well below its lowest.

    Args:
        network, data, y, **options: as for `fit`.
        steps: how many rates, at least 10; default 100.
        lowest, highest: the first and the last rate, with the same factor from each to the next; default 1e-6 and 10.

    Returns:
        The rates, the losses, and the suggestion.

    Raises:
        InputError: whatever cannot be used, before any work starts.
        TrainingError: no rate between the two lowers the loss.

    Source: Smith 2017.
    """
    return prepare(network, data, y, **options).find_learning_rate(steps, lowest, highest)


def find_batch_size(
    network: Block | str | None, data: Any, y: Any = None, *, limit_bytes: int | None = None, **options: Any
) -> BatchSizes:
    """Double the batch until it no longer fits; the process survives running out of memory.

    Args:
        network, data, y, **options: as for `fit`.
        limit_bytes: the memory to stay within; None: what is free on the device.

    Returns:
        The largest batch that was tried and worked, and why no larger one.

    Raises:
        InputError: whatever cannot be used, before any work starts.
        TrainingError: not even 8 rows fit.
    """
    return prepare(network, data, y, **options).find_batch_size(limit_bytes)
