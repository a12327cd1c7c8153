"""A loss function and its parameters, whoever wrote them, as a subject."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.doctor.foreign.answers import targets_of
from backlit.doctor.foreign.batches import Taking, first_line
from backlit.doctor.subject import Subject
from backlit.errors import InputError
from backlit.graph.gradients import is_floating
from backlit.graph.tracing import name_of
from backlit.shapes import Array, Tree, write

PAIRS = (("x", "y"), ("inputs", "targets"))


@dataclass(frozen=True)
class Foreign:
    """A loss function with everything that is known of it.

    Attributes:
        name: the loss function's.
        loss: (parameters, batch, key) → one floating number.
        parameters: the tree that was given, with None in the place of whatever is no array of floating numbers: a
            Python float, such as a dropout's share, is a setting.
        rest: the tree with None in the place of the parameters.
        differentiable: whether there is anything to differentiate, and to differentiate by.
        notes: what could not be taken as it is, in words.
    """

    name: str
    loss: Callable[[Tree, Any, Any], Array]
    parameters: Tree
    rest: Any
    differentiable: bool
    notes: tuple[str, ...]


def takes_key(loss_fn: Callable[..., Any]) -> bool:
    """Whether a loss function takes a random key as its third argument."""
    try:
        parameters = list(inspect.signature(loss_fn).parameters.values())
    except (TypeError, ValueError):
        return False
    placed = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in placed if one.default is one.empty]
    return len(needed) >= 3 or (len(placed) >= 3 and placed[2].name in ("key", "rng", "prng_key", "rng_key"))


def taking(loss_fn: Callable[..., Any], params: Tree, key: Array) -> Taking:
    """A batch → the shapes that the loss function gives for it; it raises what the function raises."""
    split, rest = _split(params)
    keyed = takes_key(loss_fn)

    def shapes(batch: Any) -> Any:
        def called(own: Tree, batch: Any, key: Array) -> Any:
            return loss_fn(joined(own, rest), batch, *([key] if keyed else []))

        return jax.eval_shape(called, split, batch, key)

    return shapes


def foreign(loss_fn: Callable[..., Any], params: Tree, result: Any, has_aux: bool) -> Foreign:
    """A loss function as one of parameters, batch and key that gives one number, where that can be had.

    Args:
        loss_fn, params: as they were given.
        result: the shapes that the function gives for a batch.
        has_aux: whether it gives a pair (loss, anything).

    Raises:
        InputError: it gives something that is no loss at all.
    """
    name, notes = name_of(loss_fn), []
    own, rest = _split(params)
    keyed = takes_key(loss_fn)
    pair = isinstance(result, (tuple, list)) and len(result) == 2
    if pair and not has_aux:
        notes.append(f"the second part of what {name} gives (pass has_aux=True, and only the first is meant)")
    if has_aux and not pair:
        raise InputError(f"{name} gives {type(result).__name__}, and has_aux=True expects a pair (loss, anything)")
    value = result[0] if pair else result
    if not hasattr(value, "shape"):
        raise InputError(f"{name} gives {type(value).__name__}, and a loss is one floating number: return that")
    floating = jnp.issubdtype(value.dtype, jnp.floating)
    if not floating:
        notes.append(f"all that takes a gradient: {name} gives {value.dtype}, which has none; return a floating number")
    elif value.shape:
        notes.append(f"{name} itself, which gives {write(value.shape)} numbers: their mean was examined in its place")
    if not jax.tree.leaves(own):
        notes.append("all that trains: there are no arrays of floating numbers among the parameters")

    def loss(parameters: Tree, batch: Any, key: Any) -> Array:
        given = loss_fn(joined(parameters, rest), batch, *([key] if keyed else []))
        number = given[0] if pair else given
        return jnp.mean(number) if value.shape else jnp.asarray(number)

    return Foreign(name, loss, own, rest, floating and bool(jax.tree.leaves(own)), tuple(notes))


def joined(parameters: Tree, rest: Any) -> Any:
    """The whole tree again, as the loss function takes it."""
    return jax.tree.map(
        lambda own, other: other if own is None else own, parameters, rest, is_leaf=lambda leaf: leaf is None
    )


def subject_of_foreign(
    own: Foreign,
    batch: Any,
    rule: optax.GradientTransformation,
    predict: Callable[..., Any] | None,
    inputs: Any,
    targets: Any,
) -> tuple[Subject, list[str]]:
    """The subject, and what of it is not known, in words.

    Args:
        own: the loss function and its parameters.
        batch: the first one.
        rule: the update rule.
        predict: (params, inputs) → outputs; None where it is not known.
        inputs, targets: batch → arrays, or their keys in a batch; None where they are not known.

    Raises:
        InputError: inputs or targets are not in the batch, or predict does not take the inputs.
    """
    guessed = _guess(batch) if inputs is None and targets is None else (inputs, targets)
    x, y = _part(batch, guessed[0], "inputs"), _part(batch, guessed[1], "targets")
    notes = []
    outputs = None
    if predict is None:
        notes.append("the outputs: pass predict=f with f(params, inputs) → outputs")
    elif x is None:
        notes.append("the outputs: pass inputs=, what of a batch predict takes")
    else:
        function = predict

        def outputs(parameters: Tree, state: Tree, x: Array) -> Array:
            return function(joined(parameters, own.rest), x)

        try:
            shape = jax.eval_shape(outputs, own.parameters, {}, x)
        except Exception as error:  # whatever the function itself raises
            raise InputError(f"predict does not take params and inputs of this batch: {first_line(error)}") from error
        if not hasattr(shape, "shape"):
            raise InputError(f"predict gives {type(shape).__name__}, and one array is expected: (B, ...)")
    if y is None:
        notes.append("the answers: pass targets=, where a batch has them")
    elif outputs is not None and targets_of(y, shape.shape) is None:
        notes.append(
            f"the answers: nothing is known of what these targets ask of outputs of shape {write(shape.shape)}"
        )

    def loss(parameters: Tree, state: Tree, batch: Any, key: Array) -> tuple[Array, Tree]:
        return own.loss(parameters, batch, key), state

    subject = Subject(
        loss=loss,
        batch=batch,
        parameters=own.parameters,
        state={},
        rule=rule,
        outputs=outputs,
        x=x,
        y=y,
    )
    return subject, notes


def _split(params: Any) -> tuple[Tree, Any]:
    leaves, structure = jax.tree.flatten(params)
    kept = [_is_parameter(leaf) for leaf in leaves]
    own = [jnp.asarray(leaf) if keep else None for leaf, keep in zip(leaves, kept, strict=True)]
    rest = [None if keep else leaf for leaf, keep in zip(leaves, kept, strict=True)]
    return jax.tree.unflatten(structure, own), jax.tree.unflatten(structure, rest)


def _is_parameter(leaf: Any) -> bool:
    return isinstance(leaf, (jax.Array, np.ndarray, np.generic)) and is_floating(leaf)


def _guess(batch: Any) -> tuple[Any, Any]:
    """Where inputs and targets are in a batch that is a pair, or that names them."""
    if isinstance(batch, Sequence) and len(batch) == 2:
        return 0, 1
    for pair in PAIRS:
        if isinstance(batch, dict) and set(pair) <= set(batch):
            return pair
    return None, None


def _part(batch: Any, where: Any, what: str) -> Any:
    if where is None:
        return None
    try:
        found = where(batch) if callable(where) else batch[where]
        return jax.tree.map(jnp.asarray, found)
    except Exception as error:  # whatever the function itself raises
        raise InputError(f"{what}={where!r} finds nothing in a batch: {first_line(error)}") from error
