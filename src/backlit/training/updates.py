"""The update rule of a run, with all that its settings put around it, and what it is told besides the gradient.

Around the rule stand, from the inside out: the learning rate's schedule, the clipping of the gradient, the accumulation
of gradients over several batches. Every rule is called with the loss's value, the loss as a function of the parameters,
and the product of its Hessian with a direction (Optax's protocol of extra arguments); what a rule does not use is never
computed.
"""

from collections.abc import Callable
from typing import Any

import jax
import optax

from backlit.errors import SettingError
from backlit.graph import hvp
from backlit.optimizers import Schedule, needs_seed, optimizer_named, schedule_named, takes_all_rows
from backlit.shapes import Array, Tree
from backlit.training.settings import Settings


def update_rule(
    settings: Settings, rows: int, own: optax.GradientTransformation | None = None, schedule: Schedule | None = None
) -> optax.GradientTransformation:
    """The update rule that the settings describe, for this many training rows.

    Args:
        settings: of the run, none open.
        rows: the number of training rows, which with the batches and epochs gives the schedule's steps.
        own: the user's own transformation, in the place of the named rule.
        schedule: the learning rate of each update, in the place of the settings' own.

    Raises:
        SettingError: an unknown name, a setting out of range, or one that the rule cannot have.
    """
    batches = -(-rows // int(settings.batch_size or 1)) * int(settings.epochs or 1)
    if settings.accumulate > batches:
        raise SettingError(
            f"accumulate is {settings.accumulate:,}, and the run has {batches:,} batches in all, so that no update "
            "would be made: accumulate fewer, or train for more epochs"
        )
    rule = _named(settings, batches, schedule) if own is None else own
    if settings.clip is not None:
        rule = optax.chain(optax.clip_by_global_norm(settings.clip), rule)
    if settings.accumulate > 1:
        gathered = optax.MultiSteps(rule, settings.accumulate)
        rule = optax.GradientTransformationExtraArgs(gathered.init, gathered.update)
    return rule


def _named(settings: Settings, batches: int, schedule: Schedule | None) -> optax.GradientTransformation:
    if takes_all_rows(settings.optimizer) and (settings.clip is not None or settings.accumulate > 1):
        name = "clip" if settings.clip is not None else "accumulate"
        raise SettingError(
            f"{name} changes the gradient, and {settings.optimizer} needs it as it is, of all rows: leave {name} out"
        )
    rate = 0.0 if settings.learning_rate is None else settings.learning_rate
    seed = {"seed": settings.seed} if needs_seed(settings.optimizer) else {}
    if schedule is not None:
        return optimizer_named(settings.optimizer, schedule, **seed)
    if settings.schedule == "constant":  # a plain number costs a small network's step less than a schedule
        return optimizer_named(settings.optimizer, rate, **seed)
    steps = batches // settings.accumulate
    return optimizer_named(settings.optimizer, schedule_named(str(settings.schedule), rate, steps), **seed)


def check_size(rule: optax.GradientTransformation, parameters: Tree) -> None:
    """Refuse a network that is too large for its update rule, from shapes alone.

    Raises:
        SettingError: naming the count and what takes its place.
    """
    jax.eval_shape(rule.init, parameters)


def told(loss: Callable[[Tree], Array], parameters: Tree, value: Array, gradients: Tree) -> dict[str, Any]:
    """What an update rule is told besides the gradient: `value`, `grad`, `value_fn`, and `curvature`, v ↦ Hv."""

    def value_fn(at: Tree, curvature: Any = None) -> Array:  # Optax's line searches hand on what they do not use
        return loss(at)

    def curvature(direction: Tree) -> Tree:
        return hvp(loss, (parameters,), (direction,))[0]

    return {"value": value, "grad": gradients, "value_fn": value_fn, "curvature": curvature}
