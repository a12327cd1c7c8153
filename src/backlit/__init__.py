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
    from backlit.data.separability import linearly_separable
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
        gelu,
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
    from backlit.functions.initializers import Constant, Glorot, He, LeCun, Normal, Orthogonal, Uniform
    from backlit.functions.losses import (
        BinaryCrossEntropy,
        CrossEntropy,
        Focal,
        FunctionLoss,
        Gaussian,
        HalfSquaredError,
        Hinge,
        Huber,
        Loss,
        MeanAbsoluteError,
        MeanSquaredError,
        Perceptron,
        Poisson,
        Quantile,
        Several,
        SquaredHinge,
        SumSquaredError,
    )
    from backlit.functions.penalties import Penalty, l1, l2
    from backlit.graph import Graph, Node, grad, hessian, hvp, jacobian, trace, value_and_grad, vjp
    from backlit.graph.checking import check_gradients
    from backlit.graph.landscape import PointKind, classify_point
    from backlit.layers.activation import (
        ELU,
        GELU,
        GeneralizedReLU,
        LeakyReLU,
        Linear,
        PReLU,
        ReLU,
        Sigmoid,
        Sign,
        Softmax,
        Softplus,
        Step,
        Swish,
        Tanh,
    )
    from backlit.layers.attention import Attention, CrossAttention
    from backlit.layers.bidirectional import Bidirectional
    from backlit.layers.block import Block, Context
    from backlit.layers.composition import Parallel, Residual, Sequential, Skip
    from backlit.layers.convolution import Conv, DepthwiseConv
    from backlit.layers.dense import Dense
    from backlit.layers.embedding import Embedding
    from backlit.layers.features import Polynomial, RandomFourier
    from backlit.layers.gru import GRU
    from backlit.layers.kernels import Kernel, Nystroem
    from backlit.layers.local import LocallyConnected
    from backlit.layers.lstm import LSTM
    from backlit.layers.noise import Noise
    from backlit.layers.normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
    from backlit.layers.notation import read as network
    from backlit.layers.padding import Padding
    from backlit.layers.pooling import GlobalMaxPool, GlobalMeanPool, MaxPool, MeanPool, MedianPool
    from backlit.layers.positions import Position
    from backlit.layers.preprocessing import Impute, OneHot, Standardize
    from backlit.layers.regularization import Dropout
    from backlit.layers.repetition import Recompute, Repeat
    from backlit.layers.reshaping import Flatten, Reshape
    from backlit.layers.rnn import RNN
    from backlit.layers.scaling import Rescale
    from backlit.layers.transformer import DecoderBlock, EncoderBlock, EncoderDecoder
    from backlit.layers.transposed import ConvTranspose
    from backlit.layers.upsampling import Upsample
    from backlit.optimizers import (
        adagrad,
        adam,
        conjugate_gradient,
        damped_newton,
        gradient_descent,
        heavy_ball,
        lbfgs,
        least_squares,
        line_search,
        local_search,
        momentum,
        nesterov,
        newton,
        optimizer_named,
        random_search,
        rmsprop,
        schedule_named,
        steepest_descent,
    )
    from backlit.training import (
        BatchSizes,
        History,
        LearningRates,
        Minimum,
        Model,
        Progress,
        Run,
        Settings,
        Sweep,
        cache_programs,
        find_batch_size,
        find_learning_rate,
        fit,
        geomspace,
        linspace,
        load,
        minimize,
        prepare,
        sweep,
        verdict,
    )
    from backlit.training.patches import Patch, strongest_patches
    from backlit.training.rivals import baselines

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "Attention",
    "BacklitError",
    "BatchNorm",
    "BatchSizes",
    "Bidirectional",
    "BinaryCrossEntropy",
    "Block",
    "Constant",
    "Context",
    "Conv",
    "ConvTranspose",
    "CrossAttention",
    "CrossEntropy",
    "DataError",
    "Dataset",
    "DecoderBlock",
    "Dense",
    "DepthwiseConv",
    "Dropout",
    "Embedding",
    "EncoderBlock",
    "EncoderDecoder",
    "FileError",
    "Flatten",
    "Focal",
    "FunctionLoss",
    "Gaussian",
    "GeneralizedReLU",
    "GlobalMaxPool",
    "GlobalMeanPool",
    "Glorot",
    "Graph",
    "GraphError",
    "GroupNorm",
    "HalfSquaredError",
    "He",
    "Hinge",
    "History",
    "Huber",
    "Impute",
    "InputError",
    "Kernel",
    "LayerNorm",
    "LeCun",
    "LeakyReLU",
    "LearningRates",
    "Linear",
    "LocallyConnected",
    "Loss",
    "MaxPool",
    "MeanAbsoluteError",
    "MeanPool",
    "MeanSquaredError",
    "MedianPool",
    "Minimum",
    "Model",
    "Node",
    "Noise",
    "Normal",
    "NotationError",
    "Nystroem",
    "OneHot",
    "Orthogonal",
    "PReLU",
    "Padding",
    "Parallel",
    "Patch",
    "Penalty",
    "Perceptron",
    "PointKind",
    "Poisson",
    "Polynomial",
    "Position",
    "Progress",
    "Quantile",
    "RMSNorm",
    "RandomFourier",
    "ReLU",
    "Recompute",
    "Repeat",
    "Rescale",
    "Reshape",
    "Residual",
    "Run",
    "Schema",
    "Sequential",
    "SettingError",
    "Settings",
    "Several",
    "ShapeError",
    "Sigmoid",
    "Sign",
    "Skip",
    "Softmax",
    "Softplus",
    "SquaredHinge",
    "Standardize",
    "Step",
    "SumSquaredError",
    "Sweep",
    "Swish",
    "Tanh",
    "TrainingError",
    "Uniform",
    "Upsample",
    "adagrad",
    "adam",
    "baselines",
    "cache_programs",
    "check_gradients",
    "classify_point",
    "conjugate_gradient",
    "damped_newton",
    "elu",
    "find_batch_size",
    "find_learning_rate",
    "fit",
    "gelu",
    "generalized_relu",
    "geomspace",
    "grad",
    "gradient_descent",
    "heavy_ball",
    "hessian",
    "hvp",
    "jacobian",
    "l1",
    "l2",
    "lbfgs",
    "leaky_relu",
    "least_squares",
    "line_search",
    "linear",
    "linearly_separable",
    "linspace",
    "load",
    "local_search",
    "minimize",
    "momentum",
    "nesterov",
    "network",
    "newton",
    "optimizer_named",
    "prepare",
    "random_search",
    "read",
    "relu",
    "rmsprop",
    "schedule_named",
    "sigmoid",
    "sign",
    "softmax",
    "softplus",
    "steepest_descent",
    "step",
    "strongest_patches",
    "sweep",
    "swish",
    "tanh",
    "trace",
    "value_and_grad",
    "verdict",
    "vjp",
]

HOMES = {
    "backlit.data": "Dataset Schema read",
    "backlit.data.separability": "linearly_separable",
    "backlit.errors": (
        "BacklitError DataError FileError GraphError InputError NotationError SettingError ShapeError TrainingError"
    ),
    "backlit.functions.activations": (
        "elu gelu generalized_relu leaky_relu linear relu sigmoid sign softmax softplus step swish tanh"
    ),
    "backlit.functions.initializers": "Constant Glorot He LeCun Normal Orthogonal Uniform",
    "backlit.functions.losses": (
        "BinaryCrossEntropy CrossEntropy Focal FunctionLoss Gaussian HalfSquaredError Hinge Huber Loss "
        "MeanAbsoluteError MeanSquaredError Perceptron Poisson Quantile Several SquaredHinge SumSquaredError"
    ),
    "backlit.functions.penalties": "Penalty l1 l2",
    "backlit.graph": "Graph Node grad hessian hvp jacobian trace value_and_grad vjp",
    "backlit.graph.checking": "check_gradients",
    "backlit.graph.landscape": "PointKind classify_point",
    "backlit.layers.activation": (
        "ELU GELU GeneralizedReLU LeakyReLU Linear PReLU ReLU Sigmoid Sign Softmax Softplus Step Swish Tanh"
    ),
    "backlit.layers.bidirectional": "Bidirectional",
    "backlit.layers.attention": "Attention CrossAttention",
    "backlit.layers.block": "Block Context",
    "backlit.layers.composition": "Parallel Residual Sequential Skip",
    "backlit.layers.convolution": "Conv DepthwiseConv",
    "backlit.layers.dense": "Dense",
    "backlit.layers.embedding": "Embedding",
    "backlit.layers.features": "Polynomial RandomFourier",
    "backlit.layers.gru": "GRU",
    "backlit.layers.kernels": "Kernel Nystroem",
    "backlit.layers.local": "LocallyConnected",
    "backlit.layers.lstm": "LSTM",
    "backlit.layers.noise": "Noise",
    "backlit.layers.normalization": "BatchNorm GroupNorm LayerNorm RMSNorm",
    "backlit.layers.notation": "network",
    "backlit.layers.padding": "Padding",
    "backlit.layers.pooling": "GlobalMaxPool GlobalMeanPool MaxPool MeanPool MedianPool",
    "backlit.layers.positions": "Position",
    "backlit.layers.preprocessing": "Impute OneHot Standardize",
    "backlit.layers.regularization": "Dropout",
    "backlit.layers.repetition": "Recompute Repeat",
    "backlit.layers.reshaping": "Flatten Reshape",
    "backlit.layers.rnn": "RNN",
    "backlit.layers.scaling": "Rescale",
    "backlit.layers.transformer": "DecoderBlock EncoderBlock EncoderDecoder",
    "backlit.layers.transposed": "ConvTranspose",
    "backlit.layers.upsampling": "Upsample",
    "backlit.optimizers": (
        "adagrad adam conjugate_gradient damped_newton gradient_descent heavy_ball lbfgs least_squares line_search "
        "local_search momentum nesterov newton optimizer_named random_search rmsprop schedule_named steepest_descent"
    ),
    "backlit.training": (
        "BatchSizes History LearningRates Minimum Model Progress Run Settings Sweep cache_programs find_batch_size "
        "find_learning_rate fit geomspace linspace load minimize prepare sweep verdict"
    ),
    "backlit.training.patches": "Patch strongest_patches",
    "backlit.training.rivals": "baselines",
}
PLACES = {name: module for module, names in HOMES.items() for name in names.split()}
RENAMED = {"network": "read"}


def __getattr__(name: str) -> Any:
    """The public name, from its home module."""
    if name not in PLACES:
        raise AttributeError(f"module 'backlit' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(PLACES[name]), RENAMED.get(name, name))
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
