"""From data and settings to a run that is ready: parts, preprocessing layers, network, loss, objective.

Everything a user gave is checked here, before any work starts.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.data import Dataset, Part, Parts, Schema, class_weights, read
from backlit.errors import BacklitError, DataError, SettingError, ShapeError, nearest
from backlit.functions.losses import FunctionLoss, Loss, default_loss, loss_named
from backlit.functions.penalties import Penalty
from backlit.layers.block import Block, Context, State, as_block
from backlit.layers.composition import Sequential
from backlit.layers.preprocessing import Impute, OneHot, Preprocessing, Standardize
from backlit.layers.scaling import Rescale
from backlit.networks.named import network_named, recipe_named
from backlit.optimizers import default_learning_rate, optimizer_named, schedule_named
from backlit.shapes import Shape, write
from backlit.training.objective import Objective, body_of, check_head, check_preprocessing, weights_of
from backlit.training.run import Run
from backlit.training.settings import OWN, Settings


def prepare(
    network: Block | str | None,
    data: Any,
    y: Any = None,
    *,
    validation: Any = None,
    test: Any = None,
    target: str | None = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    weights: Any = None,
    loss: Any = None,
    optimizer: str | optax.GradientTransformation | None = None,
    **settings: Any,
) -> Run:
    """A run that is ready to train, with everything checked and nothing trained.

    Args:
        network: a block, the notation, a name, a JSON file, or None for the default network. A name may bring a loss
            and settings of its own; what is given here goes before them. Preprocessing layers of its own stand at the
            top level, come before all that is trained, and fill the data's gaps.
        data: whatever `read` takes: a file, a name, a frame, an array (with `y`); or a Dataset.
        y: targets (N,) or (N, T), when data is an array.
        validation: separate validation data, like `data` (for arrays: a pair x, y); None: a part of `data`.
        test: separate test data, likewise.
        target: the target's column; None: inferred.
        task: 'regression', 'two classes' or 'many classes'; None: inferred.
        columns: kinds of columns by name, where the inferred ones are wrong.
        weights: sample weights (N,), or the name of a column; they count in what training makes small, never in a
            score.
        loss: a loss, its name, or a function (outputs, targets) → (B,); None: by the task.
        optimizer: an update rule by name, or a transformation in Optax's protocol, which brings its own learning rate;
            None: Adam, or the named network's own.
        **settings: see `Settings`.

    Returns:
        The run: its data card, its parts, its network, its settings; `run.train()` trains it.

    Raises:
        InputError: whatever cannot be used, before any work starts.
    """
    recipe = recipe_named(network) if isinstance(network, str) else None
    if recipe is not None:
        loss = recipe.loss if loss is None else loss
        own = {**recipe.settings, **{name: value for name, value in settings.items() if value is not None}}
        optimizer = optimizer or own.get("optimizer")
        settings = {name: value for name, value in own.items() if name != "optimizer"}
    optimizer = "adam" if optimizer is None else optimizer
    chosen = _settings(loss, optimizer, settings)
    rate = default_learning_rate(optimizer) if isinstance(optimizer, str) else None
    given = None if loss is None else loss_named(loss)
    how = {"target": target, "task": task, "columns": columns, "weights": weights, "order_by": chosen.order_by}
    dataset = _dataset(data, y, how).with_parts(validation, test)
    parts = dataset.split(chosen.split, chosen.seed)
    schema, train = parts.schema, parts.train
    classes = len(schema.classes)
    targets = 1 if train.y.ndim == 1 else train.y.shape[1]

    rule = given or default_loss(schema.task)
    units = rule.units(schema.task, classes, targets)
    asked = as_block(_network(network, schema.input_shape, units, len(train.x)))
    whole = _with_preprocessing(asked, schema, rule, train, chosen.standardize)
    check_preprocessing(whole, classes)
    plan = whole.plan(schema.input_shape)
    rule = given or default_loss(schema.task, plan.output)
    check_head(asked, rule)
    output = body_of(whole, rule).plan(schema.input_shape).output
    rule.check(output, schema.task, classes, train.y.shape)

    chosen = replace(chosen.resolve(len(train.x), rate, network not in (None, "default")), loss=rule.name)
    objective = Objective(whole, rule, Penalty(l1=chosen.l1, l2=chosen.l2 or 0.0), weights_of(plan), classes)
    _check_predictions(objective, output, train.y)
    row_weights = _row_weights(train, chosen.class_weight, schema)
    fitted = _fit(whole, train)
    _check_gaps(whole, fitted, parts)
    return Run(
        dataset=dataset,
        parts=parts,
        network=whole,
        objective=objective,
        transformation=_transformation(optimizer, chosen, len(train.x)),
        settings=chosen,
        fitted=fitted,
        row_weights=row_weights,
    )


def _settings(loss: Any, optimizer: Any, settings: dict[str, Any]) -> Settings:
    known = Settings.__dataclass_fields__
    for name, value in settings.items():
        if name not in known:
            raise SettingError(f"unknown setting {name!r}: {nearest(name, known)}")
        if isinstance(optimizer, optax.GradientTransformation) and name in ("learning_rate", "schedule") and value:
            raise SettingError(f"{name} is part of the transformation that is given as the optimizer: set it there")
    own = isinstance(optimizer, optax.GradientTransformation)
    return Settings(loss=loss if isinstance(loss, str) else None, optimizer=OWN if own else optimizer, **settings)


def _transformation(optimizer: Any, settings: Settings, rows: int) -> optax.GradientTransformation:
    if settings.optimizer == OWN:
        return optimizer
    rate = settings.learning_rate or 0.0
    if settings.schedule == "constant":  # a plain number costs a small network's step less than a schedule
        return optimizer_named(settings.optimizer, rate)
    steps = -(-rows // int(settings.batch_size or 1)) * int(settings.epochs or 1)
    return optimizer_named(settings.optimizer, schedule_named(str(settings.schedule), rate, steps))


def _dataset(data: Any, y: Any, how: dict[str, Any]) -> Dataset:
    if not isinstance(data, Dataset):
        return read(data, y=y, **how)
    for name, value in {"y": y, **how}.items():
        if value is not None and not (name == "order_by" and value == data.ordered_by):
            raise SettingError(f"the data have been read: give {name} to read(...), and the Dataset alone to fit")
    return data


def _network(network: Block | str | None, input: Shape, units: int, rows: int) -> Any:
    if network is None or isinstance(network, str):
        return network_named("default" if network is None else network, input, units, rows)
    return network


def _with_preprocessing(network: Block, schema: Schema, loss: Loss, train: Part, standardize: bool) -> Sequential:
    """The network with fitted layers before it, and after it where the targets are numbers."""
    blocks = network.blocks if type(network) is Sequential else (network,)
    if any(isinstance(block, Preprocessing) for block in blocks):
        return Sequential(*blocks)
    before: list[Block] = []
    categories = tuple(feature.categories for feature in schema.features) if schema.kind == "table" else ()
    if categories and not all(categories):
        before.append(Impute())
    if standardize or train.x.dtype.kind in "iub":
        before.append(Standardize(tuple(i for i, k in enumerate(categories) if k)))
    if any(categories):
        before.append(OneHot(categories))
    own = isinstance(loss, FunctionLoss)  # which means what it says in the units of the data
    after = [Rescale()] if standardize and schema.task == "regression" and not own else []
    return Sequential(*before, *blocks, *after)


def _fit(network: Sequential, train: Part) -> dict[str, State]:
    """The state of every preprocessing layer, fitted on the training rows alone, each on what those before it make."""
    fitted: dict[str, State] = {}
    blocks = list(network.named.items())
    if isinstance(rescaling := network.blocks[-1] if blocks else None, Rescale):
        fitted[blocks.pop()[0]] = rescaling.fit(train.y)
    x = train.x
    last = max((place for place, (_, block) in enumerate(blocks) if isinstance(block, Preprocessing)), default=-1)
    for place, (name, block) in enumerate(blocks[: last + 1]):
        if isinstance(block, Preprocessing):
            fitted[name] = block.fit(x)
        elif block.plan(x.shape[1:]).size:
            raise SettingError(f"{blocks[last][1]} is fitted to the data, and {block} is trained: put it before")
        if place < last:
            x = np.asarray(block.apply({}, fitted.get(name, {}), jnp.asarray(x), Context())[0])
    return fitted


def _check_predictions(objective: Objective, output: Shape, y: np.ndarray) -> None:
    """Refuse a loss that cannot be computed, or whose predictions cannot be compared with the targets."""
    outputs, targets = jax.ShapeDtypeStruct((2, *output), np.float32), jax.ShapeDtypeStruct((2, *y.shape[1:]), y.dtype)
    try:
        jax.eval_shape(objective.loss.examples, outputs, targets)
    except BacklitError:
        raise
    except jax.errors.ConcretizationTypeError:
        raise SettingError("the loss decides by the values of an array: use jnp.where in place of if") from None
    except Exception as error:  # whatever a function of the user's own may raise
        raise SettingError(
            f"the loss cannot be computed: {str(error).partition(chr(10))[0]}; it takes (outputs, targets) as arrays "
            "and gives an array of one number an example"
        ) from None
    made = jax.eval_shape(objective.predictions, outputs).shape[1:]
    needed = (objective.classes,) if objective.classes else y.shape[1:] or (1,)
    if made != needed:
        raise ShapeError(
            f"the network and its loss predict {write(made)} numbers an example; {write(needed)} are needed"
        )


def _check_gaps(network: Sequential, fitted: dict[str, State], parts: Parts) -> None:
    """Refuse a table with missing values that the network's own preprocessing leaves."""
    if parts.schema.kind != "table":
        return  # arrays with gaps are refused where they are read
    blocks = [(name, block) for name, block in network.named.items() if not isinstance(block, Rescale)]
    last = max((place for place, (name, _) in enumerate(blocks) if name in fitted), default=-1)
    for words, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        x = part.x[np.isnan(part.x).any(1)]
        count = len(x)
        for name, block in blocks[: last + 1] if count else ():
            x = np.asarray(block.apply({}, fitted.get(name, {}), jnp.asarray(x), Context())[0])
        if np.isnan(x).any():
            raise DataError(
                f"{count} {words} rows have missing values that the network does not fill: put Impute first"
            )


def _row_weights(train: Part, class_weight: str | Mapping[str, float] | None, schema: Schema) -> np.ndarray:
    weights = np.ones(len(train.x), np.float32) if train.weights is None else train.weights.astype(np.float32)
    if class_weight is not None:
        if not schema.classes:
            raise SettingError("class_weight is for classes, and the task is regression; use sample weights")
        weights = weights * class_weights(train.y, schema.classes, class_weight)[train.y].astype(np.float32)
    if not weights.any():
        raise DataError(f"all {len(weights)} training rows have the weight 0: at least one row has to count")
    return weights
