"""Backlit: neural networks you can see through.

    import backlit as bl

    model = bl.fit("Dense(64), ReLU, Dense(10)", "digits")
    model.predict(images)

A name is imported when it is first used, so that `import backlit` is instant and loads neither JAX nor anything else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backlit.data import Dataset, Schema, read
    from backlit.errors import (
        BacklitError,
        DataError,
        FileError,
        GraphError,
        InputError,
        NotationError,
        SettingError,
        ShapeError,
        TrainingError,
    )
    from backlit.functions.activations import (
        elu,
        generalized_relu,
        leaky_relu,
        linear,
        relu,
        sigmoid,
        sign,
        softmax,
        softplus,
        step,
        swish,
        tanh,
    )
    from backlit.functions.initializers import Constant, Glorot, He, LeCun, Normal, Uniform
    from backlit.functions.losses import (
        BinaryCrossEntropy,
        CrossEntropy,
        FunctionLoss,
        HalfSquaredError,
        Hinge,
        Huber,
        Loss,
        MeanAbsoluteError,
        MeanSquaredError,
        SumSquaredError,
    )
    from backlit.functions.penalties import Penalty, l1, l2
    from backlit.graph import Graph, Node, grad, hessian, hvp, jacobian, trace, value_and_grad, vjp
    from backlit.graph.checking import check_gradients
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
    from backlit.layers.block import Block, Context
    from backlit.layers.composition import Parallel, Residual, Sequential
    from backlit.layers.dense import Dense
    from backlit.layers.normalization import BatchNorm
    from backlit.layers.notation import read as network
    from backlit.layers.preprocessing import Impute, OneHot, Standardize
    from backlit.layers.regularization import Dropout
    from backlit.layers.reshaping import Flatten
    from backlit.layers.scaling import Rescale
    from backlit.optimizers import (
        adagrad,
        adam,
        gradient_descent,
        heavy_ball,
        momentum,
        nesterov,
        optimizer_named,
        rmsprop,
        schedule_named,
    )
    from backlit.training import History, Model, Progress, Run, Settings, fit, load, prepare

__all__ = [
    "ELU",
    "BacklitError",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Block",
    "Constant",
    "Context",
    "CrossEntropy",
    "DataError",
    "Dataset",
    "Dense",
    "Dropout",
    "FileError",
    "Flatten",
    "FunctionLoss",
    "GeneralizedReLU",
    "Glorot",
    "Graph",
    "GraphError",
    "HalfSquaredError",
    "He",
    "Hinge",
    "History",
    "Huber",
    "Impute",
    "InputError",
    "LeCun",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Model",
    "Node",
    "Normal",
    "NotationError",
    "OneHot",
    "Parallel",
    "Penalty",
    "Progress",
    "ReLU",
    "Rescale",
    "Residual",
    "Run",
    "Schema",
    "Sequential",
    "SettingError",
    "Settings",
    "ShapeError",
    "Sigmoid",
    "Sign",
    "Softmax",
    "Softplus",
    "Standardize",
    "Step",
    "SumSquaredError",
    "Swish",
    "Tanh",
    "TrainingError",
    "Uniform",
    "adagrad",
    "adam",
    "check_gradients",
    "elu",
    "fit",
    "generalized_relu",
    "grad",
    "gradient_descent",
    "heavy_ball",
    "hessian",
    "hvp",
    "jacobian",
    "l1",
    "l2",
    "leaky_relu",
    "linear",
    "load",
    "momentum",
    "nesterov",
    "network",
    "optimizer_named",
    "prepare",
    "read",
    "relu",
    "rmsprop",
    "schedule_named",
    "sigmoid",
    "sign",
    "softmax",
    "softplus",
    "step",
    "swish",
    "tanh",
    "trace",
    "value_and_grad",
    "vjp",
]

HOMES = {
    "backlit.data": "Dataset Schema read",
    "backlit.errors": (
        "BacklitError DataError FileError GraphError InputError NotationError SettingError ShapeError TrainingError"
    ),
    "backlit.functions.activations": (
        "elu generalized_relu leaky_relu linear relu sigmoid sign softmax softplus step swish tanh"
    ),
    "backlit.functions.initializers": "Constant Glorot He LeCun Normal Uniform",
    "backlit.functions.losses": (
        "BinaryCrossEntropy CrossEntropy FunctionLoss HalfSquaredError Hinge Huber Loss MeanAbsoluteError "
        "MeanSquaredError SumSquaredError"
    ),
    "backlit.functions.penalties": "Penalty l1 l2",
    "backlit.graph": "Graph Node grad hessian hvp jacobian trace value_and_grad vjp",
    "backlit.graph.checking": "check_gradients",
    "backlit.layers.activation": (
        "ELU GeneralizedReLU LeakyReLU Linear ReLU Sigmoid Sign Softmax Softplus Step Swish Tanh"
    ),
    "backlit.layers.block": "Block Context",
    "backlit.layers.composition": "Parallel Residual Sequential",
    "backlit.layers.dense": "Dense",
    "backlit.layers.normalization": "BatchNorm",
    "backlit.layers.notation": "network",
    "backlit.layers.preprocessing": "Impute OneHot Standardize",
    "backlit.layers.regularization": "Dropout",
    "backlit.layers.reshaping": "Flatten",
    "backlit.layers.scaling": "Rescale",
    "backlit.optimizers": (
        "adagrad adam gradient_descent heavy_ball momentum nesterov optimizer_named rmsprop schedule_named"
    ),
    "backlit.training": "History Model Progress Run Settings fit load prepare",
}
PLACES = {name: module for module, names in HOMES.items() for name in names.split()}
RENAMED = {"network": "read"}


def __getattr__(name: str) -> Any:
    """The public name, from its home module."""
    if name not in PLACES:
        raise AttributeError(f"module 'backlit' has no attribute {name!r}")
    value = getattr(import_module(PLACES[name]), RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
