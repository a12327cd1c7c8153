"""Backlit: neural networks you can see through.

    import backlit as bl

    model = bl.fit("Dense(64), ReLU, Dense(10)", "digits")
    model.predict(images)

A name is imported when it is first used, so that `import backlit` is instant and loads neither JAX nor anything else.
"""

from importlib import import_module
from typing import Any

HOMES = {
    "backlit.data": "Dataset Schema read",
    "backlit.data.separability": "linearly_separable",
    "backlit.doctor.check": "check",
    "backlit.doctor.course.monitor": "Monitor",
    "backlit.doctor.diagnosis": "diagnose",
    "backlit.doctor.examine": "examine",
    "backlit.doctor.finding": "Examination Finding Remedy",
    "backlit.doctor.nonfinite": "first_nonfinite",
    "backlit.doctor.repair": "repair",
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
    "backlit.training.attention": "attention_maps",
    "backlit.training.patches": "Patch strongest_patches",
    "backlit.training.rivals": "baselines",
    "backlit.training.spectra": "Spectrum hessian_spectrum",
    "backlit.training.surfaces": "Surface loss_surface path_surface",
    "backlit.training.saliency": "saliency",
}
PLACES = {name: module for module, names in HOMES.items() for name in names.split()}
RENAMED = {"network": "read"}
MODULES = {"pictures"}

__all__ = sorted({*PLACES, *MODULES})


def __getattr__(name: str) -> Any:
    """The public name, from its home module."""
    if name in MODULES:
        return import_module(f"backlit.{name}")
    if name not in PLACES:
        raise AttributeError(f"module 'backlit' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(PLACES[name]), RENAMED.get(name, name))
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
