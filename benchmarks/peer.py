"""A layer or loss beside PyTorch's: the same function twice, of the same random parameters and input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import numpy as np
import torch

import backlit as bl
from backlit.shapes import Array, Tree

Tensors: TypeAlias = dict[str, Any]
Theirs: TypeAlias = Callable[[Tensors, torch.Tensor], torch.Tensor]
BATCH = 3


@dataclass(frozen=True)
class Peer:
    """Two functions of the same parameters and input.

    Attributes:
        name: what it is, in the notation.
        x: the input.
        parameters: Backlit's, by name.
        ours: output from Backlit's parameters and input.
        theirs: the same in PyTorch.
    """

    name: str
    x: np.ndarray
    parameters: Tree
    ours: Callable[[Tree, Array], Array]
    theirs: Theirs


def layer(block: bl.Block, input: tuple[int, ...], theirs: Theirs, context: bl.Context | None = None) -> Peer:
    """A layer, with random parameters and input, on examples of this shape."""
    context = bl.Context() if context is None else context
    rng = np.random.default_rng(0)
    parameters = jax.tree.map(lambda variable: rng.normal(0, 0.5, variable.shape), block.plan(input).tree("parameters"))
    state = jax.tree.map(lambda variable: rng.uniform(0.5, 1.5, variable.shape), block.plan(input).tree("state"))

    def ours(parameters: Tree, x: Array) -> Array:
        return block.apply(parameters, state, x, context)[0]

    return Peer(str(block), rng.normal(size=(BATCH, *input)), parameters, ours, theirs)


def loss(function: Any, outputs: np.ndarray, targets: np.ndarray, theirs: Callable[..., torch.Tensor]) -> Peer:
    """A loss, one number an example, as a function of a network's outputs."""
    given = torch.from_numpy(targets)
    return Peer(
        str(function),
        outputs,
        {},
        lambda _, x: function.examples(x, targets),
        lambda _, x: theirs(x, given).reshape(len(x), -1).mean(1),
    )
