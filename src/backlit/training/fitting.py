"""The one call from data to a trained model."""

from collections.abc import Callable
from typing import Any

from backlit.layers.block import Block
from backlit.training.model import Model
from backlit.training.preparation import prepare
from backlit.training.run import Progress


def fit(
    network: Block | str | None,
    data: Any,
    y: Any = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Model:
    """Train a network on data and return the model.

    Args:
        network: a block, the notation, a name, a JSON file, or None for the default network.
        data: a file, the name of a data set, a frame, a Dataset, or an array with `y`.
        y: targets (N,) or (N, T), when data is an array.
        progress: called with `Progress` a few times a second.
        **options: what `prepare` takes: target, task, columns, weights, validation, test, loss, and the settings
            (optimizer, learning_rate, schedule, batch_size, epochs, patience, l1, l2, class_weight, split, order_by,
            seed, time_limit, tolerance, standardize, block_rows), each described in `Settings`.

    Returns:
        The model, with the weights of its best epoch.

    Raises:
        InputError: whatever cannot be used, before any work starts.
        TrainingError: a loss that is non-finite from the first epoch on.
    """
    return prepare(network, data, y, **options).train(progress)
