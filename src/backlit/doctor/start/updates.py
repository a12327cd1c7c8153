"""Whether the update rule moves what it is given a gradient of."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import searches, write_path
from backlit.doctor.start.probe import Probe, layer_of
from backlit.shapes import Tree
from backlit.training.compilation import ONCE, known


def examine_updates(probe: Probe) -> Iterator[Finding]:
    """Variables with a gradient that the rule leaves exactly where they are, over several steps.

    Several, for a schedule may begin at 0, and gradients may be accumulated. Rules that search along a line are not
    asked: their steps need the loss itself.
    """
    moved = _moved(probe)
    if moved is None:
        return
    variables = probe.measures.variables
    with_gradient = [path for path, variable in variables.items() if variable.gradient > 0]
    still = [path for path in with_gradient if not moved[path]]
    if not still:
        return
    whole = len(still) == len(with_gradient)
    layers = tuple(dict.fromkeys(map(layer_of, still)))
    largest = max(still, key=lambda path: variables[path].gradient)
    run = probe.subject.run
    beyond = variables[largest].gradient > np.sqrt(np.finfo(np.float32).max)
    if whole and beyond:
        yield Finding(
            "update not applied",
            "fault",
            "",
            f"the gradient of {largest} is {variables[largest].gradient:.3g}, and the update of all variables exactly "
            f"0 at each of {_steps(probe)} steps",
            "the squares of such a gradient, which the update rule divides by, are beyond the numbers of float32",
            Remedy(
                "bring inputs and targets to deviations near 1; targets by standardize=True",
                {} if run is None or run.objective.classes else {"standardize": True},
            ),
            numbers={"variables": len(still), "of": len(with_gradient)},
            layers=layers,
        )
        return
    yield Finding(
        "update not applied",
        "fault" if whole else "suspicion",
        "" if whole else f"layer {layers[0]}" if layers[0] else still[0],
        f"{len(still)} of {len(with_gradient)} variables have a gradient (of {largest}: "
        f"{variables[largest].gradient:.3g}) and an update of exactly 0 at each of {_steps(probe)} steps",
        "the update rule discards what it is given" if whole else "the update rule keeps them fixed",
        Remedy(
            "take an update rule that moves all variables; where these are frozen on purpose, all is well",
            {} if run is None else {"optimizer": "adam"},
        ),
        confidence=1.0 if whole else 0.7,
        numbers={"variables": len(still), "of": len(with_gradient)},
        layers=layers,
    )


def _steps(probe: Probe) -> int:
    run = probe.subject.run
    return int(LIMITS["update_steps"]) * (1 if run is None else run.settings.accumulate)


def _moved(probe: Probe) -> dict[str, bool] | None:
    """Whether each variable is given an update at any of several steps along the first gradient; None: unknown."""
    subject = probe.subject
    rule = subject.rule
    if rule is None or searches(subject):
        return None
    structure = jax.tree.structure(subject.parameters)
    paths = [write_path(path) for path, _ in jax.tree_util.tree_leaves_with_path(subject.parameters)]
    gradients = jax.tree.unflatten(structure, [jnp.asarray(probe.measures.gradients[path]) for path in paths])
    extended, steps = optax.with_extra_args_support(rule), _steps(probe)

    def run(parameters: Tree) -> list[Any]:
        def step(carry: Any, _: None) -> tuple[Any, None]:
            optimizer, moved = carry
            updates, optimizer = extended.update(gradients, optimizer, parameters, value=jnp.float32(1.0))
            changed = [was | (update != 0).any() for was, update in zip(moved, jax.tree.leaves(updates), strict=True)]
            return (optimizer, changed), None

        begin = (extended.init(parameters), [jnp.array(False)] * len(paths))
        return lax.scan(step, begin, None, length=steps)[0][1]

    try:
        moved = jax.jit(run, compiler_options=known(ONCE))(subject.parameters)
    except (TypeError, ValueError):  # a rule that asks for more than gradients, as a line search does
        return None
    return dict(zip(paths, map(bool, np.asarray(moved)), strict=True))
