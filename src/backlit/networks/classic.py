"""The classic models, each a composition of layers with the loss that makes it: lines, units, machines.

    linear        f = wᵀx + b                       the task's own loss
    polynomial    f = wᵀφ(x) + b, φ all products    the task's own loss
    logistic      p = σ(wᵀx + b)                    binary cross-entropy
    softmax       p = softmax(Wx + b)               cross-entropy
    perceptron    1[wᵀx + b > 0]                    its own rule, a step of η (y − ŷ) x for each example
    sign, step    sign(wᵀx + b), 1[wᵀx + b > 0]     errors, by random local search: there is no gradient
    svm           sign(wᵀx + b)                     hinge and λ‖w‖²
    kernel-svm    sign(Σ α_i K(x, x_i) + b)         hinge and λ‖f‖², K of fixed training rows x_i

Source: documents 1, 2 and 3.
"""

from math import prod

from backlit.functions.initializers import Constant
from backlit.layers.activation import Sign, Step
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.features import MOST, Polynomial, products_of
from backlit.layers.kernels import Nystroem
from backlit.layers.preprocessing import Standardize
from backlit.layers.reshaping import Flatten
from backlit.networks.recipe import Recipe
from backlit.shapes import Shape

EXACT = 2_000  # training rows up to which a kernel machine has all of them as centers
CENTERS = 500  # centers where there are more rows


def linear(input: Shape, units: int, rows: int) -> Sequential:
    """f = wᵀx + b: linear regression, the logistic unit, the softmax classifier, the linear SVM, by their loss.

    >>> print(linear((8, 8, 1), 10, 100))
    Sequential(Flatten, Dense(10))
    """
    return Sequential(*flat(input), Dense(units))


def polynomial(input: Shape, units: int, rows: int, *, degree: int = 3) -> Sequential:
    """f = wᵀφ(x) + b, with φ all products of up to `degree` inputs, each of mean 0 and deviation 1.

    Where these were more than 100,000, φ are the powers of each input alone.

    Args:
        input: the shape of one example.
        units: outputs.
        rows: training rows.
        degree: at least 1; default 3.

    >>> print(polynomial((1,), 1, 100, degree=4))
    Sequential(Polynomial(4), Standardize, Dense(1))
    """
    powers = Polynomial(degree)
    if products_of(prod(input), powers.degree) > MOST:
        powers = Polynomial(degree, mixed=False)
    return Sequential(*flat(input), powers, Standardize(), Dense(units))


def perceptron(input: Shape, units: int, rows: int) -> Sequential:
    """wᵀx + b from weights of 0; the class is 1 where it is above 0.

    >>> print(perceptron((2,), 1, 100))
    Sequential(Dense(1, initializer=Constant(value=0.0)))
    """
    return Sequential(*flat(input), Dense(units, initializer=Constant(0.0)))


def sign(input: Shape, units: int, rows: int) -> Sequential:
    """sign(wᵀx + b), which has no gradient: hinge then counts the errors, and a search finds the weights.

    >>> print(sign((2,), 1, 100))
    Sequential(Dense(1), Sign)
    """
    return Sequential(*flat(input), Dense(units), Sign())


def step(input: Shape, units: int, rows: int) -> Sequential:
    """1[wᵀx + b > 0] = (sign + 1) / 2, which has no gradient either.

    >>> print(step((2,), 1, 100))
    Sequential(Dense(1), Step)
    """
    return Sequential(*flat(input), Dense(units), Step())


def kernel_svm(
    input: Shape, units: int, rows: int, *, gamma: float | None = None, centers: int | None = None
) -> Sequential:
    """f = Σ α_i K(x, x_i) + b, K the RBF kernel, as a linear model on the features of `Nystroem`.

    Args:
        input: the shape of one example.
        units: outputs.
        rows: training rows.
        gamma: γ > 0 of exp(−γ ‖x − x′‖²); None: 1 / (F · variance).
        centers: training rows x_i; None: all of them up to 2,000 rows, which is exact, and from there on 500, which is
            Nyström's approximation; the run's notes say so.

    >>> print(kernel_svm((2,), 1, 700, gamma=2).blocks[0], kernel_svm((2,), 1, 5000).blocks[0])
    Nystroem(700, gamma=2.0) Nystroem(500)
    """
    return Sequential(*flat(input), _kernel(rows, centers, "rbf", gamma, 3), Dense(units, initializer=Constant(0.0)))


def polynomial_svm(
    input: Shape, units: int, rows: int, *, degree: int = 3, gamma: float | None = None, centers: int | None = None
) -> Sequential:
    """f = Σ α_i K(x, x_i) + b with K(x, x′) = (γ x·x′ + 1)^degree, as a linear model on the features of `Nystroem`.

    Args:
        input: the shape of one example.
        units: outputs.
        rows: training rows.
        degree: at least 1; default 3.
        gamma: γ > 0; None: 1 / (F · variance).
        centers: training rows x_i; None: all of them up to 2,000 rows, 500 from there on.

    >>> print(polynomial_svm((2,), 1, 700, degree=2).blocks[0])
    Nystroem(700, kernel='polynomial', degree=2)
    """
    features = _kernel(rows, centers, "polynomial", gamma, degree)
    return Sequential(*flat(input), features, Dense(units, initializer=Constant(0.0)))


def flat(input: Shape) -> tuple[Block, ...]:
    """What makes one row of features of an example of this shape."""
    return (Flatten(),) if len(input) > 1 else ()


def _kernel(rows: int, centers: int | None, kernel: str, gamma: float | None, degree: int) -> Nystroem:
    chosen = (rows if rows <= EXACT else CENTERS) if centers is None else centers
    return Nystroem(chosen, kernel=kernel, gamma=gamma, degree=degree)


SMOOTH = {"optimizer": "lbfgs", "batch_size": "full", "schedule": "constant", "tolerance": 1e-7}
MARGIN = {"optimizer": "adam", "learning_rate": 0.01, "schedule": "cosine"}
SEARCHED = {
    "optimizer": "local-search",
    "learning_rate": 0.3,
    "batch_size": "full",
    "epochs": 1000,
}
BY_ERRORS = {
    "optimizer": "gradient-descent",
    "learning_rate": 1.0,
    "batch_size": 1,
    "epochs": 100,
    "tolerance": 1e-9,  # an epoch without errors changes nothing
}

CLASSIC: dict[str, Recipe] = {
    "linear": Recipe(linear, "wᵀx + b: linear regression, or a linear classifier", settings=SMOOTH),
    "polynomial": Recipe(polynomial, "linear on all products of up to 3 inputs: polynomial(degree=3)", settings=SMOOTH),
    "logistic": Recipe(linear, "the logistic unit, σ(wᵀx + b): logistic regression of two classes", "bce", SMOOTH),
    "softmax": Recipe(linear, "the softmax classifier: logistic regression of many classes", "cross-entropy", SMOOTH),
    "perceptron": Recipe(perceptron, "1[wᵀx + b > 0], trained by its own rule", "perceptron", BY_ERRORS),
    "sign": Recipe(sign, "sign(wᵀx + b), found by random local search: it has no gradient", "hinge", SEARCHED),
    "step": Recipe(step, "1[wᵀx + b > 0], found by random local search: it has no gradient", "hinge", SEARCHED),
    "svm": Recipe(linear, "the linear support vector machine: hinge loss, L2", "hinge", {**MARGIN, "l2": 1e-3}),
    "kernel-svm": Recipe(
        kernel_svm, "the support vector machine of an RBF kernel: kernel-svm(gamma=2)", "hinge", {**MARGIN, "l2": 1e-4}
    ),
    "polynomial-svm": Recipe(
        polynomial_svm,
        "the support vector machine of a polynomial kernel: polynomial-svm(degree=3)",
        "hinge",
        {**MARGIN, "l2": 1e-4},
    ),
}
