"""Every layer and loss that PyTorch has too: output and gradients, on the same random numbers, in float64.

PyTorch is given Backlit's parameters, in Backlit's arrangement, and turns them into its own inside its graph, so that
both gradients come out alike. The upstream gradient is random. Backlit's gradient is that of `bl.value_and_grad`. The
error of an array is its largest difference from PyTorch's, relative to PyTorch's largest number; gradients below a
thousandth of the largest one count as that, since some are 0 but for rounding (those of biases of an attention's keys).

    python benchmarks/equality.py
"""

import sys
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import torch
from equal_layers import LAYERS
from equal_losses import LOSSES
from peer import Peer
from timing import show

import backlit as bl
from backlit.shapes import Array, Tree

GOAL = 1e-10


@dataclass(frozen=True)
class Errors:
    """The worst relative errors of a layer or loss: of its output, and of all its gradients."""

    output: float
    gradients: float

    @property
    def small(self) -> bool:
        """Whether both are within the goal; a number that is no number is not."""
        return self.output <= GOAL and self.gradients <= GOAL


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    torch.set_default_dtype(torch.float64)
    rows: list[tuple[str, ...]] = [("layer or loss", "input", "error of output", "error of gradients", f"≤ {GOAL:g}")]
    wrong = 0
    for peer in (*LAYERS, *LOSSES):
        errors = compare(peer)
        wrong += not errors.small
        kept = "yes" if errors.small else "NO"
        rows.append((peer.name, str(peer.x.shape), f"{errors.output:.1e}", f"{errors.gradients:.1e}", kept))
    show(rows)
    print(f"{len(rows) - 1} compared with PyTorch {torch.__version__}, {wrong} above {GOAL:g}")
    sys.exit(wrong > 0)


def compare(peer: Peer) -> Errors:
    """Both outputs, and both gradients of Σ output · seed with respect to parameters and input."""
    moving = np.issubdtype(peer.x.dtype, np.floating)  # tokens have no gradient
    parameters = jax.tree.map(jnp.asarray, peer.parameters)
    seed = np.random.default_rng(1).normal(size=jax.eval_shape(peer.ours, parameters, peer.x).shape)

    def weighted(parameters: Tree, x: Tree) -> tuple[Tree, Tree]:
        y = peer.ours(parameters, x)
        return (y * seed).sum(), y

    gradient = bl.value_and_grad(weighted, argnums=(0, 1) if moving else (0,), has_aux=True)
    (_, y), ours = jax.jit(gradient)(parameters, jnp.asarray(peer.x))

    x = torch.from_numpy(peer.x).requires_grad_(moving)
    tensors = jax.tree.map(lambda leaf: torch.from_numpy(leaf).requires_grad_(), peer.parameters)
    theirs = peer.theirs(tensors, x)
    (theirs * torch.from_numpy(seed)).sum().backward()
    grads = jax.tree.map(lambda leaf: leaf.grad.numpy(), (tensors, x) if moving else (tensors,))
    floor = 1e-3 * max(np.abs(leaf).max() for leaf in jax.tree.leaves(grads))
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(grads), strict=True)
    return Errors(error(y, theirs.detach().numpy()), float(np.max([error(*pair, floor) for pair in pairs])))


def error(ours: Array, theirs: np.ndarray, floor: float = 0.0) -> float:
    """The largest difference, relative to PyTorch's largest number or the floor; NaN where anything is NaN.

    Raises:
        ValueError: the shapes differ.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes {ours.shape} and {theirs.shape} differ")
    return float(np.abs(np.asarray(ours) - theirs).max() / max(np.abs(theirs).max(), floor))


if __name__ == "__main__":
    main()
