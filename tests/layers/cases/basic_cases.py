"""Cases of compositions, dense layers, activations, preprocessing and the like."""

from layer_case import Case

from backlit.layers.activation import (
    ELU,
    GeneralizedReLU,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Sign,
    Softmax,
    Softplus,
    Step,
    Swish,
    Tanh,
)
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.padding import Padding
from backlit.layers.preprocessing import Impute, OneHot, Standardize
from backlit.layers.regularization import Dropout
from backlit.layers.repetition import Recompute, Repeat
from backlit.layers.reshaping import Flatten
from backlit.layers.scaling import Rescale

CASES = [
    Case(Sequential(Dense(4), Tanh, Dense(2)), (3,), (2,), 26, bad=()),
    Case(Sequential(), (5, 2), (5, 2)),
    Case(Sequential(Dense(4), BatchNorm, Swish), (5, 3), (5, 4), 24),
    Case(Residual(Dense(4), Tanh, Residual(Dense(4))), (5, 4), (5, 4), 40, bad=(3,)),
    Case(Parallel(Linear, Sequential(Dense(8), Tanh), Dense(1)), (5, 3), (5, 12), 36, bad=()),
    Case(Parallel(Dense(2), Sequential(Tanh, Dense(2)), combine="add"), (3,), (2,), 16, bad=()),
    Case(Repeat(3, Dense(4), BatchNorm, Tanh), (5, 4), (5, 4), 3 * 28, bad=(3,)),
    Case(Repeat(2, Repeat(2, Dense(3), Dropout(0.5)), Tanh), (3,), (3,), 4 * 12, bad=(4,)),
    Case(Recompute(Dense(4), Tanh, BatchNorm), (3,), (4,), 24, bad=()),
    Case(Dense(4), (3,), (4,), 16, bad=()),
    Case(Dense(4, bias=False, initializer="Glorot"), (2, 5, 3), (2, 5, 4), 12, bad=()),
    Case(BatchNorm(momentum=0.5), (3,), (3,), 6, bad=()),
    Case(BatchNorm(epsilon=0.1), (5, 3), (5, 3), 6, bad=()),
    Case(Dropout(0.25), (5, 3), (5, 3)),
    Case(Flatten(), (2, 5, 3), (30,)),
    Case(Flatten(), (), (1,)),
    Case(Linear(), (5, 3), (5, 3)),
    Case(Step(), (5, 3), (5, 3), flat=True),
    Case(Sign(), (5, 3), (5, 3), flat=True),
    Case(Sigmoid(), (5, 3), (5, 3)),
    Case(Tanh(), (5, 3), (5, 3)),
    Case(ReLU(), (5, 3), (5, 3)),
    Case(LeakyReLU(0.2), (5, 3), (5, 3)),
    Case(GeneralizedReLU(-1.0), (5, 3), (5, 3)),
    Case(ELU(0.5), (5, 3), (5, 3)),
    Case(Softplus(), (5, 3), (5, 3)),
    Case(Swish(2.0), (5, 3), (5, 3)),
    Case(Softmax(), (5, 3), (5, 3), bad=()),
    Case(Padding(), (5, 3), (5, 3), bad=(2, 5, 3)),
    Case(Impute(), (5, 3), (5, 3)),
    Case(Impute(sequence=True), (5, 3), (5, 3), bad=(3,)),
    Case(Standardize((1,)), (5, 3), (5, 3), bad=(5, 1)),
    Case(OneHot((0, 3, 2)), (3,), (6,), bad=(2,)),
    Case(OneHot((0, 3, 2)), (5, 3), (5, 6), bad=(3, 5)),
    Case(Rescale(), (5, 3), (5, 3), bad=()),
    Case(Rescale((1,)), (5, 3), (5, 3), bad=(1,)),
    Case(Rescale(variances=True), (5, 4), (5, 4), bad=(5, 3)),
]
