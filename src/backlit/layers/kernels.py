"""Kernels: fixed features that compare an input with rows of the training data.

    rbf           K(x, x′) = exp(−γ ‖x − x′‖²)
    polynomial    K(x, x′) = (γ x·x′ + r)^d

`Kernel` gives the comparisons themselves. `Nystroem` gives coordinates in which the kernel is an inner product, so that
a linear model with an L2 penalty behind it is the kernel machine: its ‖w‖² is the function's norm.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.functions.activations import floats
from backlit.functions.initializers import Constant
from backlit.layers.block import Context, Parameters, State
from backlit.layers.features import Features, features_of, keep_gamma, scaled_gamma
from backlit.layers.plan import EVERYTHING, Plan, Variable
from backlit.layers.settings import keep_number, keep_whole
from backlit.shapes import Array, Shape

KERNELS = ("rbf", "polynomial")
SMALLEST = 1e-6  # share of the largest eigenvalue below which a direction is rounding


@dataclass(frozen=True)
class Kernel(Features):
    """Likeness to rows of the training data: φ_i(x) = K(x, x_i). Source: documents 0 and 1.

    Args:
        centers: how many training rows x_i, drawn without replacement; at most all of them.
        kernel: 'rbf' or 'polynomial'.
        gamma: γ > 0; None: 1 / (F · variance of the training inputs), which is 1/F where they are standardized.
        degree: d of the polynomial, at least 1.
        offset: r of the polynomial, at least 0.
        seed: of the draw.

    Shapes: x (B, F), y (B, centers).

    Raises:
        SettingError: in fitting, where there are fewer training rows than centers.
    """

    centers: int
    kernel: str = "rbf"
    gamma: float | None = None
    degree: int = 3
    offset: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        keep_whole(self, "centers")
        if self.kernel not in KERNELS:
            raise SettingError(f"{type(self).__name__} takes kernel='rbf' or kernel='polynomial', not {self.kernel!r}")
        keep_gamma(self)
        keep_whole(self, "degree")
        keep_number(self, "offset", "of at least 0", lambda offset: offset >= 0)
        keep_whole(self, "seed", 0)

    def plan(self, input: Shape) -> Plan:
        """The centers, and γ."""
        features = features_of(self, input)
        return Plan(
            input=input,
            output=(self.centers,),
            state={
                "center": Variable((self.centers, features), Constant(0.0)),
                "gamma": Variable((), Constant(1.0)),
            },
            multiply_adds=self.centers * features,
            reach=EVERYTHING,
        )

    def fit(self, x: np.ndarray) -> State:
        """The centers among the training rows, and γ."""
        if self.centers > len(x):
            raise SettingError(
                f"{type(self).__name__} takes {self.centers:,} training rows as centers, and there are {len(x):,}: "
                f"ask for at most {len(x):,}"
            )
        chosen = np.random.default_rng(self.seed).choice(len(x), self.centers, replace=False)
        gamma = self.gamma or scaled_gamma(x)
        return {"center": x[np.sort(chosen)].astype(np.float32), "gamma": np.asarray(gamma, np.float32)}

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """K(x, x_i) for every center."""
        x = floats(x)
        return self.compare(jnp, x, state["center"].astype(x.dtype), state["gamma"].astype(x.dtype)), state

    def compare(self, numbers: Any, x: Any, centers: Any, gamma: Any) -> Any:
        """K(x, x_i) of rows (B, F) and centers (M, F), of shape (B, M), by NumPy or by JAX (`numbers`)."""
        products = x @ centers.T
        if self.kernel == "polynomial":
            return (gamma * products + self.offset) ** self.degree
        squares = (x * x).sum(-1)[:, None] + (centers * centers).sum(-1)
        return numbers.exp(-gamma * numbers.maximum(squares - 2 * products, 0))


@dataclass(frozen=True)
class Nystroem(Kernel):
    """Coordinates whose inner products are the kernel: φ(x) = K(x, X) U Λ^−½, where K(X, X) = U Λ Uᵀ.

    φ(x)·φ(x′) = K(x, x′) for the centers X, and so for every pair of training rows where all of them are centers:
    exact. With fewer centers it is Nyström's approximation. Directions whose eigenvalue is below a millionth of the
    largest are left at 0. Fitting takes O(centers³), an example O(centers²). Source: Williams & Seeger 2001.

    Args:
        centers, kernel, gamma, degree, offset, seed: see `Kernel`.

    Shapes: x (B, F), y (B, centers).

    Raises:
        SettingError: in fitting, where there are fewer training rows than centers.
    """

    def plan(self, input: Shape) -> Plan:
        """The centers, γ, and the matrix U Λ^−½."""
        plan = super().plan(input)
        square = Variable((self.centers, self.centers), Constant(0.0))
        return Plan(
            input=plan.input,
            output=plan.output,
            state={**plan.state, "whitening": square},
            multiply_adds=plan.multiply_adds + square.size,
            reach=plan.reach,
        )

    def fit(self, x: np.ndarray) -> State:
        """The centers, γ, and the matrix, in float64."""
        state = super().fit(x)
        centers = state["center"].astype(np.float64)
        values, vectors = np.linalg.eigh(self.compare(np, centers, centers, float(state["gamma"])))
        kept = values > SMALLEST * values[-1]
        whitening = vectors * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)
        return {**state, "whitening": whitening.astype(np.float32)}

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """K(x, X) U Λ^−½."""
        likeness, _ = super().apply(parameters, state, x, context)
        return likeness @ state["whitening"].astype(likeness.dtype), state

    def note(self, rows: int) -> str | None:
        """Whether the kernel is approximated."""
        if self.centers >= rows:
            return None
        return f"the kernel is Nyström's approximation by {self.centers:,} of the {rows:,} training rows, not exact"
