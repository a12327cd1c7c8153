"""Update rules and learning-rate schedules, in Optax's protocol, and both by name."""

from backlit.optimizers.adaptive import adagrad, adam, rmsprop
from backlit.optimizers.closed_form import least_squares
from backlit.optimizers.descent import gradient_descent, heavy_ball, momentum, nesterov
from backlit.optimizers.learning_rates import LearningRate, Schedule
from backlit.optimizers.line_search import line_search, steepest_descent
from backlit.optimizers.naming import (
    DEFAULT_LEARNING_RATES,
    OPTIMIZERS,
    default_learning_rate,
    needs_seed,
    optax_rules,
    optimizer_named,
    takes_all_rows,
)
from backlit.optimizers.quasi_newton import lbfgs
from backlit.optimizers.schedules import SCHEDULES, Plateau, plateau_named, schedule_named
from backlit.optimizers.searches import local_search, random_search
from backlit.optimizers.second_order import conjugate_gradient, damped_newton, newton

__all__ = [
    "DEFAULT_LEARNING_RATES",
    "OPTIMIZERS",
    "SCHEDULES",
    "LearningRate",
    "Plateau",
    "Schedule",
    "adagrad",
    "adam",
    "conjugate_gradient",
    "damped_newton",
    "default_learning_rate",
    "gradient_descent",
    "heavy_ball",
    "lbfgs",
    "least_squares",
    "line_search",
    "local_search",
    "momentum",
    "needs_seed",
    "nesterov",
    "newton",
    "optax_rules",
    "optimizer_named",
    "plateau_named",
    "random_search",
    "rmsprop",
    "schedule_named",
    "steepest_descent",
    "takes_all_rows",
]
