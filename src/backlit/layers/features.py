"""Fixed features: basis functions φ(x) that are chosen, not learned, in front of a linear model.

f(x) = wᵀφ(x) + b is linear in w and bends in x. Here: powers of the inputs, and random Fourier features; the kernels
stand in `kernels.py`.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb, pi, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import ShapeError
from backlit.functions.activations import floats
from backlit.functions.initializers import Constant
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import EVERYTHING, Plan, Variable
from backlit.layers.preprocessing import Preprocessing
from backlit.layers.settings import keep_flag, keep_number, keep_whole
from backlit.shapes import Array, Shape, write

MOST = 100_000  # features that a polynomial may have


@dataclass(frozen=True)
class Polynomial(Block):
    """Every product of 1 to `degree` inputs: x₁, x₂, x₁², x₁x₂, x₂², …; of one input x, x², …, x^degree.

    The constant 1 is left out: the bias of the layer behind stands for it. Source: document 2.

    Args:
        degree: d, at least 1.
        mixed: whether products of different inputs are among them; default True.

    Shapes: x (B, F), y (B, C(F + d, d) − 1), at most 100,000 products; without mixed ones y (B, F·d).

    >>> Polynomial(2).apply({}, {}, jnp.array([[2.0, 3.0]]), Context())[0]
    Array([[2., 3., 4., 6., 9.]], dtype=float32)
    """

    degree: int
    mixed: bool = True

    def __post_init__(self) -> None:
        keep_whole(self, "degree")
        keep_flag(self, "mixed")

    def plan(self, input: Shape) -> Plan:
        """One feature a product."""
        features = features_of(self, input)
        products = products_of(features, self.degree) if self.mixed else features * self.degree
        if products > MOST:
            raise ShapeError(
                f"{self} makes {products:,} products of {features:,} inputs, and at most {MOST:,} are made: "
                "lower the degree, or leave mixed products out with mixed=False"
            )
        return Plan(
            input=input,
            output=(products,),
            multiply_adds=products - features,
            reach=EVERYTHING,
            linear=self.degree == 1,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Degree by degree: each product is one input times a product of the degree before."""
        x = floats(x)
        if not self.mixed:
            return jnp.concatenate([x**degree for degree in range(1, self.degree + 1)], axis=-1), {}
        place: dict[tuple[int, ...], int] = {(feature,): feature for feature in range(x.shape[1])}
        powers = [x]
        for degree in range(2, self.degree + 1):
            products = list(combinations_with_replacement(range(x.shape[1]), degree))
            first = np.asarray([product[0] for product in products])
            rest = np.asarray([place[product[1:]] for product in products])
            powers.append(x[:, first] * powers[-1][:, rest])
            place = {product: index for index, product in enumerate(products)}
        return jnp.concatenate(powers, axis=-1), {}


class Features(Preprocessing):
    """Features that are fitted to the training data, behind the preprocessing of the inputs themselves."""

    def note(self, rows: int) -> str | None:
        """What a user should know of the features that are fitted on this many training rows."""
        return None


@dataclass(frozen=True)
class RandomFourier(Features):
    """Random waves whose products approximate the RBF kernel: φ(x) = √(2/D) cos(xΩ + b).

    With ω ~ N(0, 2γ I) and b uniform on [0, 2π), φ(x)·φ(x′) → exp(−γ ‖x − x′‖²) as D grows, the error like 1/√D.
    Source: Rahimi & Recht 2007.

    Args:
        units: D, the number of waves, at least 1.
        gamma: γ > 0; None: 1 / (F · variance of the training inputs), which is 1/F where they are standardized.
        seed: of the waves.

    Shapes: x (B, F), y (B, D).
    """

    units: int
    gamma: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        keep_whole(self, "units")
        keep_gamma(self)
        keep_whole(self, "seed", 0)

    def plan(self, input: Shape) -> Plan:
        """A frequency for each feature and wave, and a phase for each wave."""
        features = features_of(self, input)
        return Plan(
            input=input,
            output=(self.units,),
            state={
                "frequency": Variable((features, self.units), Constant(0.0)),
                "phase": Variable((self.units,), Constant(0.0)),
            },
            multiply_adds=features * self.units,
            reach=EVERYTHING,
        )

    def fit(self, x: np.ndarray) -> State:
        """γ from the training rows, frequencies and phases from the seed."""
        random = np.random.default_rng(self.seed)
        deviation = sqrt(2 * (self.gamma or scaled_gamma(x)))
        frequency = deviation * random.normal(size=(x.shape[1], self.units))
        phase = random.uniform(0, 2 * pi, self.units)
        return {"frequency": frequency.astype(np.float32), "phase": phase.astype(np.float32)}

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """√(2/D) cos(xΩ + b)."""
        x = floats(x)
        angle = x @ state["frequency"].astype(x.dtype) + state["phase"].astype(x.dtype)
        return sqrt(2 / self.units) * jnp.cos(angle), state


def products_of(features: int, degree: int) -> int:
    """How many products of 1 to `degree` of this many inputs there are: C(F + d, d) − 1.

    >>> products_of(2, 2)
    5
    """
    return comb(features + degree, degree) - 1


def features_of(block: Block, input: Shape) -> int:
    """F of an input of shape (F,).

    Raises:
        ShapeError: the input is no row of features.
    """
    if len(input) != 1:
        raise ShapeError(f"{block} takes rows of features, and its input has shape {write(input)}: put Flatten before")
    return input[0]


def keep_gamma(block: Any) -> None:
    """Keep the block's γ, None or a number.

    Raises:
        SettingError: where it is neither.
    """
    if block.gamma is not None:
        keep_number(block, "gamma", "above 0", lambda gamma: gamma > 0)


def scaled_gamma(x: np.ndarray) -> float:
    """γ = 1 / (F · Var x), of which an RBF kernel's width follows the data; 1/F where nothing varies."""
    variance = float(np.var(x, dtype=np.float64))
    return 1 / (x.shape[1] * (variance or 1.0))
