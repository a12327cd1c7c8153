"""From data and settings to a run that is ready: parts, preprocessing layers, network, loss, objective.

Everything a user gave is checked here, before any work starts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.data import Dataset, Part, Parts, Schema, class_weights, read
from backlit.data.augmenting import Augmentation, augmentation_named
from backlit.data.text import UNITS
from backlit.errors import BacklitError, DataError, SettingError, ShapeError
from backlit.functions.losses import Loss, default_loss, loss_named
from backlit.layers.block import Block, Context, State, as_block
from backlit.layers.composition import Sequential
from backlit.layers.features import Features
from backlit.layers.padding import Padding
from backlit.layers.preprocessing import Impute, OneHot, Preprocessing, Standardize
from backlit.layers.reshaping import Flatten
from backlit.layers.scaling import Rescale
from backlit.networks.named import network_named, recipe_named
from backlit.optimizers import default_learning_rate, takes_all_rows
from backlit.shapes import Shape, write
from backlit.training.arguments import SOUGHT, check_arguments, is_sought, settings_of
from backlit.training.objective import Objective, body_of, check_head, check_preprocessing
from backlit.training.regularization import bounds_of, penalties_of
from backlit.training.run import Run
from backlit.training.settings import Settings
from backlit.training.tokens import check_causal, check_tokens, vocabulary_of
from backlit.training.updates import check_size, update_rule

OF_READING = {*signature(read).parameters, "validation", "test"} - {"order_by", "reconstruct"}  # what a Dataset has
KIND_NETWORKS = {"sequence": "gru", "characters": "transformer", "bytes": "transformer"}  # where none is named


def prepare(
    network: Block | str | None,
    data: Any,
    y: Any = None,
    *,
    validation: Any = None,
    test: Any = None,
    target: str | Sequence[str] | None = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    weights: Any = None,
    sequence_by: str | None = None,
    step_by: str | None = None,
    window: int | None = None,
    horizon: int | Sequence[int] | None = None,
    text: str | None = None,
    reconstruct: bool = False,
    loss: Any = None,
    optimizer: str | optax.GradientTransformation | None = None,
    **settings: Any,
) -> Run:
    """A run that is ready to train, with everything checked and nothing trained.

    Args:
        network: a block, the notation, a name, a JSON file, or None for the default network (for sequences gru, for a
            text transformer). A name may bring a loss and settings of its own; what is given here goes before them.
            Preprocessing layers of its own stand at the top level, come before all that is trained, and fill the data's
            gaps.
        data: whatever `read` takes: a file, a name, a frame, an array (with `y`); or a Dataset.
        y: targets (N,), (N, T) or (N, ...) such as images, when data is an array.
        validation: separate validation data, like `data` (for arrays: a pair x, y); None: a part of `data`.
        test: separate test data, likewise.
        target: the target's column, or several columns of numbers; None: inferred.
        task: 'regression', 'two classes' or 'many classes'; None: inferred.
        columns: kinds of columns by name, where the inferred ones are wrong.
        weights: sample weights (N,), or the name of a column; they count in what training makes small, never in a
            score.
        sequence_by, step_by: the columns that tell sequences apart and order their steps, in a table of all steps.
        window, horizon: of forecasts in a series: how many rows are seen, and how many rows ahead is predicted.
        text: read a file as text, its 'characters' or its 'bytes'; `window` is then how many of them an example has.
        reconstruct: whether the inputs, as numbers, are the targets, as of networks named autoencoders without y.
        loss: a loss, its name, or a function (outputs, targets) → (B,); None: by the task.
        optimizer: an update rule by name, or a transformation in Optax's protocol, which brings its own learning rate;
            None: Adam, or the named network's own.
        **settings: see `Settings`; batch_size and learning_rate may also be 'find', see `Run.find_batch_size` and
            `Run.find_learning_rate`.

    Returns:
        The run: its data card, its parts, its network, its settings; `run.train()` trains it.

    Raises:
        InputError: whatever cannot be used, before any work starts.
    """
    arguments = {**locals(), **settings}
    del arguments["settings"]
    check_arguments(network, loss, optimizer, **settings)
    how = {"target": target, "task": task, "columns": columns, "weights": weights, "order_by": settings.get("order_by")}
    how |= {"sequence_by": sequence_by, "step_by": step_by, "window": window, "horizon": horizon, "text": text}
    recipe = recipe_named(network) if isinstance(network, str) else None
    how["task"] = recipe.task if recipe is not None and task is None and y is not None else task
    how["reconstruct"] = reconstruct or (recipe is not None and recipe.reconstructs and y is None)
    dataset = _dataset(data, y, how).with_parts(validation, test)
    if network is None and dataset.schema.kind in KIND_NETWORKS:
        network = KIND_NETWORKS[dataset.schema.kind]
        recipe = recipe_named(network)
    if recipe is not None:
        loss = recipe.loss if loss is None else loss
        own = recipe.settings_for(dataset.schema.input_shape, len(dataset))
        if optimizer is not None:  # the recipe's step sizes belong to its own update rule
            own = {name: value for name, value in own.items() if name not in ("learning_rate", "schedule")}
        own = {**own, **{name: value for name, value in settings.items() if value is not None}}
        optimizer = optimizer or own.get("optimizer")
        settings = {name: value for name, value in own.items() if name != "optimizer"}
    optimizer = "adam" if optimizer is None else optimizer
    sought = [name for name in SOUGHT if is_sought(settings.get(name))]
    chosen = settings_of(loss, optimizer, settings)
    rate = default_learning_rate(optimizer) if isinstance(optimizer, str) else None
    given = None if loss is None else loss_named(loss)
    parts = dataset.split(chosen.split, chosen.seed if chosen.split_seed is None else chosen.split_seed)
    schema, train = parts.schema, parts.train
    classes = len(schema.classes)
    targets = 1 if train.y.ndim == 1 else train.y.shape[-1]

    rule = given or default_loss(schema.task, (classes,) if train.y.ndim > 1 else ())
    units = rule.units(schema.task, classes, targets)
    asked = as_block(_network(network, schema.input_shape, units, len(train.x)))
    check_tokens(asked, parts)
    whole = _with_preprocessing(asked, schema, rule, train, chosen.standardize, named=recipe is not None)
    check_preprocessing(whole, classes)
    plan = whole.plan(schema.input_shape)
    rule = given or default_loss(schema.task, plan.output)
    check_head(asked, rule)
    output = body_of(whole, rule).plan(schema.input_shape).output
    rule.check(output, schema.task, classes, train.y.shape)
    for part in (train, parts.validation, parts.test):
        rule.check_targets(part.y, part.indices)

    open, own_network = chosen, network not in (None, "default")
    chosen = replace(open.resolve(len(train.x), rate, own_network), loss=str(rule))
    (penalty, penalized), *penalties = penalties_of(plan, chosen)
    objective = Objective(
        network=whole,
        loss=rule,
        penalty=penalty,
        penalized=penalized,
        classes=classes,
        penalties=tuple(penalties),
        augmentation=_augmentation(chosen.augment, train, schema),
        precision=chosen.precision,
        bounded=bounds_of(plan, chosen),
    )
    _check_predictions(objective, output, train.y)
    if schema.kind in UNITS:
        check_causal(whole, objective.body, schema.input_shape)
    row_weights = _row_weights(train, chosen, schema)
    update = update_rule(chosen, len(train.x), None if isinstance(optimizer, str) else optimizer)
    whole_batch = isinstance(optimizer, str) and takes_all_rows(optimizer)
    if whole_batch:
        check_size(update, jax.eval_shape(lambda key: whole.initialize(schema.input_shape, key), jax.random.key(0))[0])
    fitted = _fit(whole, train)
    _check_gaps(whole, fitted, parts)
    run = Run(
        dataset=dataset,
        parts=parts,
        network=whole,
        objective=objective,
        transformation=update,
        settings=chosen,
        fitted=fitted,
        row_weights=row_weights,
        notes=_notes(whole, len(train.x)),
        asked=arguments,
    )
    if whole_batch and open.batch_size is None and "batch_size" not in sought:
        run.notes.append(f"{chosen.optimizer} compares the losses of its steps: every step takes all rows")
    return _found(run, sought, lambda size: replace(open, batch_size=size).resolve(len(train.x), rate, own_network))


def prepare_again(run: Run, **changes: Any) -> Run:
    """The run that `prepare` makes of what it was given for another, with some of it changed.

    Args:
        run: the other one; where nothing about the data is changed, they are not read again.
        **changes: arguments of `prepare`.

    Raises:
        InputError: as `prepare` does.
    """
    asked = {**run.asked, **changes}
    if set(changes).isdisjoint({"data", *OF_READING}):
        kept = {name: value for name, value in asked.items() if name not in OF_READING}
        again = prepare(**{**kept, "data": run.dataset, "reconstruct": asked["reconstruct"]})
        reading = {name: value for name, value in asked.items() if name in ("data", *OF_READING)}
        return replace(again, asked={**again.asked, **reading})
    return prepare(**asked)


def _found(run: Run, sought: Iterable[str], resolve: Callable[[int], Settings]) -> Run:
    """The run with the settings that were to be found by trying, and what follows from a batch's size."""
    if "batch_size" in sought:
        sizes = run.find_batch_size()
        again = resolve(sizes.largest)
        run = run.change(batch_size=int(again.batch_size or 1), epochs=again.epochs, patience=again.patience)
        run.notes.append(f"batch_size {sizes.largest:,} was found: {sizes.reason}")
    if "learning_rate" in sought:
        rates = run.find_learning_rate()
        run = run.change(learning_rate=rates.suggestion)
        found = f"learning_rate {rates.suggestion:.3g} was found"
        run.notes.append(f"{found}: the loss falls fast there, and is lowest at {rates.lowest:.3g}")
    return run


def _dataset(data: Any, y: Any, how: dict[str, Any]) -> Dataset:
    if not isinstance(data, Dataset):
        return read(data, y=y, **how)
    known = {"order_by": data.ordered_by, "reconstruct": data.schema.reconstructs}
    for name, value in {"y": y, **how}.items():
        if value is not None and value is not False and not (name in known and value == known[name]):
            raise SettingError(f"the data have been read: give {name} to read(...), and the Dataset alone to fit")
    return data


def _network(network: Block | str | None, input: Shape, units: int, rows: int) -> Any:
    if network is None or isinstance(network, str):
        return network_named("default" if network is None else network, input, units, rows)
    return network


def _with_preprocessing(
    network: Block, schema: Schema, loss: Loss, train: Part, standardize: bool, named: bool
) -> Sequential:
    """The network with fitted layers before it, and after it where the targets are numbers."""
    blocks = network.blocks if type(network) is Sequential else (network,)
    if vocabulary_of(network) is not None:
        ragged: list[Block] = [Flatten()] if schema.kind == "sequence" else []  # a token a step: (T, 1) is (T,)
        padded = bool(ragged) or bool((train.x < 0).any())
        return Sequential(*ragged, *([Padding()] if padded and Padding() not in blocks else []), *blocks)
    own_layers = (isinstance(block, Preprocessing) and not isinstance(block, Features) for block in blocks)
    if not named and any(own_layers):
        return Sequential(*blocks)
    before: list[Block] = []
    categories = tuple(feature.categories for feature in schema.features)
    if not all(categories) or _has_gaps(schema, train.x):
        before.append(Impute(sequence=schema.kind == "sequence"))
    if standardize or train.x.dtype.kind in "iub":
        before.append(Standardize(tuple(i for i, k in enumerate(categories) if k)))
    if any(categories):
        before.append(OneHot(categories))
    if schema.kind == "sequence":
        before.append(Padding())
    rescaling = loss.rescaling(train.y.shape) if standardize and schema.task == "regression" else None
    after = [] if rescaling is None else [Rescale(**rescaling)]
    return Sequential(*before, *blocks, *after)


def _has_gaps(schema: Schema, x: np.ndarray) -> bool:
    """Whether sequences have steps in which some features are missing, and not all."""
    missing = np.isnan(x) if schema.kind == "sequence" else np.zeros(1, bool)
    return bool((missing.any(-1) & ~missing.all(-1)).any())


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


def _augmentation(text: str | None, train: Part, schema: Schema) -> Augmentation | None:
    if text is None:
        return None
    codes = tuple(place for place, feature in enumerate(schema.features) if feature.categories)
    return augmentation_named(text, train.x, train.y.shape[1:], codes)


def _notes(network: Sequential, rows: int) -> list[str]:
    """What the fitted features have to say."""
    said = [block.note(rows) for block in network.blocks if isinstance(block, Features)]
    return [note for note in said if note]


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
    needed = (*y.shape[1:], objective.classes) if objective.classes else y.shape[1:] or (1,)
    if made != needed:
        raise ShapeError(
            f"the network and its loss predict {write(made)} numbers an example; {write(needed)} are needed"
        )


def _check_gaps(network: Sequential, fitted: dict[str, State], parts: Parts) -> None:
    """Refuse a table with missing values that the network's own preprocessing leaves."""
    if parts.schema.kind not in ("table", "sequence"):
        return  # arrays with gaps are refused where they are read
    blocks = [(name, block) for name, block in network.named.items() if not isinstance(block, Rescale)]
    last = max((place for place, (name, _) in enumerate(blocks) if name in fitted), default=-1)
    for words, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        x = part.x[np.isnan(part.x).any(axis=tuple(range(1, part.x.ndim)))]
        count = len(x)
        for name, block in blocks[: last + 1] if count else ():
            x = np.asarray(block.apply({}, fitted.get(name, {}), jnp.asarray(x), Context())[0])
        if np.isnan(x).any():
            raise DataError(
                f"{count} {words} rows have missing values that the network does not fill: put Impute first"
                if parts.schema.kind == "table"
                else f"{count} {words} sequences have padding, or missing values, that the network does not fill: "
                f"put Impute(sequence=True) first, and Padding last in its preprocessing"
            )


def _row_weights(train: Part, settings: Settings, schema: Schema) -> np.ndarray:
    rows, class_weight = len(train.x), settings.class_weight
    weights = np.ones(rows, np.float32) if train.weights is None else train.weights.astype(np.float32)
    if settings.bootstrap is not False:
        seed = settings.seed if settings.bootstrap is True else settings.bootstrap
        weights = weights * np.bincount(np.random.default_rng(seed).integers(rows, size=rows), minlength=rows)
        weights = weights.astype(np.float32)
    if class_weight is not None:
        if not schema.classes:
            raise SettingError("class_weight is for classes, and the task is regression; use sample weights")
        if train.y.ndim > 1:
            raise SettingError("class_weight is for one class an example, and here each step has one: leave it out")
        weights = weights * class_weights(train.y, schema.classes, class_weight)[train.y].astype(np.float32)
    if not weights.any():
        raise DataError(f"all {len(weights)} training rows have the weight 0: at least one row has to count")
    return weights
