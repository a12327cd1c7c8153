"""Every layer by the name that the notation knows. To add one: write its file, enter it here."""

from backlit.layers import (
    activation,
    composition,
    dense,
    normalization,
    padding,
    preprocessing,
    regularization,
    reshaping,
    scaling,
)
from backlit.layers.block import Block

LAYERS: dict[str, type[Block]] = {
    layer.__name__: layer
    for layer in (
        composition.Sequential,
        composition.Residual,
        composition.Parallel,
        dense.Dense,
        normalization.BatchNorm,
        regularization.Dropout,
        reshaping.Flatten,
        activation.Linear,
        activation.Step,
        activation.Sign,
        activation.Sigmoid,
        activation.Tanh,
        activation.ReLU,
        activation.LeakyReLU,
        activation.GeneralizedReLU,
        activation.ELU,
        activation.Softplus,
        activation.Swish,
        activation.Softmax,
        padding.Padding,
        preprocessing.Impute,
        preprocessing.Standardize,
        preprocessing.OneHot,
        scaling.Rescale,
    )
}
