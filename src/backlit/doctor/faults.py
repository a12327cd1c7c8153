"""The faults of training that the doctor names: one entry each, in the order in which they are to be mended.

First what makes the loss mean something else, then what keeps updates from the weights, then the data, the inputs and
the first weights, then the rate, and at last what concerns how well the network generalizes: a fault further up makes
the signs of those further down.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault: its place in the order of mending, what it is, and what proves it."""

    order: int
    meaning: str
    proof: str


_TABLE = (
    (
        "wrong loss for the target",
        "the loss belongs to another kind of target",
        "the type of the targets against that of the loss",
    ),
    ("flipped loss sign", "the loss falls as the answers get worse", "descent on the outputs alone worsens the score"),
    ("missing softmax", "the loss expects probabilities and gets raw outputs", "outputs that are no probabilities"),
    ("double softmax", "the loss makes probabilities of what is probabilities", "outputs that sum to 1 before softmax"),
    ("output range mismatch", "the head cannot reach the targets", "the head's range against that of the targets"),
    ("axis / mask leak", "an answer depends on what it must not see", "∂y_i/∂x_j ≠ 0 across examples, or from later"),
    ("label leakage", "a feature gives the target away", "one feature alone predicts it; without it the score falls"),
    (
        "train/test contamination",
        "rows that judge the network were trained on",
        "equal or nearly equal rows in both parts",
    ),
    ("update not applied", "the gradient is there and the weights stay", "gradient ≠ 0 and Δw = 0"),
    ("detached parameter", "no gradient can reach a parameter", "a gradient that is zero in the graph, for any data"),
    ("NaN / Inf", "a value is NaN or infinite", "the first node that is not finite"),
    ("precision overflow / underflow", "numbers leave the range of their type", "the same in float32 is finite"),
    (
        "shuffled / noisy labels",
        "labels that do not follow from the inputs",
        "memorized in training, at chance on held-out rows",
    ),
    ("unnormalized inputs", "features of very different or large scale", "their statistics; normalizing repairs"),
    ("symmetric initialization", "units of a layer start equal and stay so", "equal gradients across units"),
    ("initialization scale", "signals grow or die from layer to layer", "deviation of outputs by depth at step 0"),
    ("saturated sigmoid/tanh", "sigmoid or tanh units at their ends", "mean local derivative below 0.01"),
    ("dying ReLU", "units that are zero for all data", "inactive on every row, with gradients of exactly 0"),
    ("missing activation", "layers without a nonlinearity between them", "adjacent linear layers; the map is affine"),
    ("exploding gradient", "the gradient grows from layer to layer backward", "gradient by depth, or by time"),
    ("vanishing gradient", "the gradient dies from layer to layer backward", "gradient by depth, or by time"),
    ("bad initial loss", "the first outputs are sure of something wrong", "first loss against that of the prior"),
    ("learning rate too high", "steps overshoot", "a fork with a tenth of the rate descends"),
    ("oscillating loss", "steps bounce across a valley", "it settles when the rate decays"),
    ("learning rate too low", "steps are too short to arrive", "a fork with ten times the rate descends faster"),
    (
        "class collapse / imbalance",
        "a class that is rare is never answered",
        "shares of the classes, and of the answers",
    ),
    ("over-regularization", "the penalty outweighs the data", "its gradient against the data's; without it"),
    ("underfitting (capacity)", "too small a network for the task", "it cannot learn one batch by heart at any rate"),
    ("train/evaluation mismatch", "training and evaluation compute different things", "the same batch in both modes"),
    ("overfitting", "the network learns rows by heart", "validation rises while training falls in evaluation mode"),
    ("split shift", "rows that judge differ from those trained on", "a classifier that tells the parts apart"),
    ("too few rows", "fewer rows than the task asks for", "rows against parameters and classes"),
    ("useless features", "features that are constant or copies", "their values"),
)
FAULTS = {name: Fault(order, meaning, proof) for order, (name, meaning, proof) in enumerate(_TABLE)}

MADE_BY_INPUTS = ("saturated sigmoid/tanh", "dying ReLU", "bad initial loss", "exploding gradient")
"""What large inputs make of any first weights, so that the inputs are to be mended first."""
