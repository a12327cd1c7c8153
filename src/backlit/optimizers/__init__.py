"""Update rules and learning-rate schedules, in Optax's protocol, and both by name."""

from backlit.optimizers.adaptive import adagrad, adam, rmsprop
from backlit.optimizers.descent import gradient_descent, heavy_ball, momentum, nesterov
from backlit.optimizers.learning_rates import LearningRate, Schedule
from backlit.optimizers.naming import (
    DEFAULT_LEARNING_RATES,
    OPTIMIZERS,
    default_learning_rate,
    optax_rules,
    optimizer_named,
)
from backlit.optimizers.schedules import SCHEDULES, schedule_named

__all__ = [
    "DEFAULT_LEARNING_RATES",
    "OPTIMIZERS",
    "SCHEDULES",
    "LearningRate",
    "Schedule",
    "adagrad",
    "adam",
    "default_learning_rate",
    "gradient_descent",
    "heavy_ball",
    "momentum",
    "nesterov",
    "optax_rules",
    "optimizer_named",
    "rmsprop",
    "schedule_named",
]
