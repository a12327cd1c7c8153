"""What the first trained layer gets: the run's own preprocessing, and all layers before it, applied to training rows.

For a linear layer z → Wz the curvature of a squared error is E[zzᵀ], whose largest eigenvalue is at most F · E[z²], and
descent is stable below a rate of 2 / λ_max. Features of mean square 1 allow the usual rates; of mean square s² they
allow a rate of 1/s² of it, and where features differ by a factor of r, the slowest takes r² times as many steps.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from backlit.calls import read_call
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.layers.block import Block, Context
from backlit.layers.composition import Sequential
from backlit.layers.embedding import Embedding
from backlit.layers.normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from backlit.training import Run
from backlit.training.settings import OWN

BY_CURVATURE = ("newton", "damped-newton", "conjugate-gradient", "lbfgs", "optax.lbfgs")
SCALED = (BatchNorm, LayerNorm, RMSNorm, GroupNorm, Embedding)


class Scale(NamedTuple):
    """Of what a layer gets: the root mean square, the largest feature's root mean square, the usual deviation, and the
    largest offset |mean| / deviation of a feature; and which feature is the largest."""

    size: float
    largest: float
    usual: float
    offset: float
    feature: int

    @property
    def spread(self) -> float:
        """The largest feature against the usual deviation: the root of a condition number."""
        return self.largest / self.usual if self.usual > 0 else 1.0


def examine_inputs(run: Run) -> list[Finding]:
    """Inputs of a scale that descent does not take."""
    got = first_inputs(run)
    if got is None or _free_of_scale(run):
        return []
    path, z = got
    scale = scale_of(z)
    level = _level(scale)
    if level is None:
        return []
    if scale.size > LIMITS["inputs hint"] or scale.spread <= LIMITS["inputs hint spread"]:
        words = f"the curvature of the loss grows with it squared: {scale.size**2:.2g} times that of normalized inputs"
        if scale.size < 1:
            words = f"gradients are {scale.size:.2g} times those of normalized inputs, and steps as much too short"
    else:
        words = f"descent takes about {scale.spread**2:.2g} times as many steps for the small features as for the large"
    changes: dict[str, Any] = {} if run.settings.standardize else {"standardize": True}
    return [
        Finding(
            fault="unnormalized inputs",
            level=level,
            where=f"layer {path}",
            evidence=f"what it gets has a root mean square of {scale.size:.3g}; the largest feature's is "
            f"{scale.largest:.3g}, the usual deviation of a feature {scale.usual:.3g}",
            cause=words,
            remedy=Remedy("bring every input to mean 0 and deviation 1, by standardize=True or Standardize", changes),
            confidence=0.8 if level == "suspicion" else 0.4,
            numbers={"root mean square": scale.size, "spread": scale.spread, "offset": scale.offset},
            layers=(path,),
        )
    ]


def first_inputs(run: Run) -> tuple[str, np.ndarray] | None:
    """The path of the first trained layer, and what it gets of drawn training rows (N, F); None where it takes names
    or normalizes by itself, or nothing is trained."""
    rows = run.parts.train.x
    chosen = np.random.default_rng(run.settings.seed).permutation(len(rows))[: int(LIMITS["inputs rows"])]
    raw = rows[np.sort(chosen)]
    steps = ~np.isnan(raw).all(-1) if run.parts.schema.kind == "sequence" else None
    found = _walk("", run.network, run.fitted, jnp.asarray(raw))
    if found is None:
        return None
    path, z = found
    values = np.asarray(z, np.float64)
    if steps is not None and values.shape[:2] == steps.shape:
        values = values[steps]
    elif values.ndim == 3 and values.shape[1] > 1 and run.parts.schema.kind == "sequence":
        values = values.reshape(-1, values.shape[-1])
    return path, values.reshape(len(values), -1)


def scale_of(z: np.ndarray) -> Scale:
    """The scale of rows (N, F); features that never vary do not count for the usual deviation."""
    z = np.where(np.isfinite(z), z, 0)
    squares, deviation = np.square(z).mean(0), z.std(0)
    varies = deviation > 1e-9 * np.sqrt(np.maximum(squares, 1e-300))
    usual = float(np.median(deviation[varies])) if varies.any() else 0.0
    offset = float((np.abs(z.mean(0))[varies] / deviation[varies]).max()) if varies.any() else 0.0
    return Scale(float(np.sqrt(squares.mean())), float(np.sqrt(squares.max())), usual, offset, int(squares.argmax()))


def _level(scale: Scale) -> Level | None:
    size, spread = scale.size, scale.spread
    if size == 0 or not np.isfinite(size):
        return None
    if size >= LIMITS["inputs large"] or size <= LIMITS["inputs small"] or spread >= LIMITS["inputs spread"]:
        return "suspicion"
    hinted = size >= LIMITS["inputs hint"] or size <= LIMITS["inputs hint small"]
    return "hint" if hinted or spread >= LIMITS["inputs hint spread"] else None


def _walk(path: str, block: Sequential, state: Mapping[str, Any], z: Any) -> tuple[str, Any] | None:
    """The first trained layer in a composition and its input; None where it is one that takes any scale."""
    for name, inner in block.named.items():
        own = f"{path}/{name}" if path else name
        if _trained(inner, z.shape[1:]):
            if type(inner) is Sequential:
                return _walk(own, inner, state.get(name, {}), z)
            return None if isinstance(inner, SCALED) else (own, z)
        z = inner.apply({}, state.get(name, {}), z, Context())[0]
    return None


def _trained(block: Block, shape: tuple[int, ...]) -> bool:
    return block.plan(shape).size > 0


def _free_of_scale(run: Run) -> bool:
    """Whether the update rule takes curvature into account, as rules of the second order do.

    Descent and searches do not by seeing all rows: however long a step, it is the same for large features and small.
    """
    return run.settings.optimizer != OWN and read_call(run.settings.optimizer)[0] in BY_CURVATURE
