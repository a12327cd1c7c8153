"""Where a run turned non-finite: the failing step is made again, node by node."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.graph import trace
from backlit.graph.nonfinite import value_origin
from backlit.graph.operations import in_words
from backlit.shapes import Array
from backlit.training.objective import Batch
from backlit.training.program import Carry, Program, Steps, epoch_keys


def locate(
    program: Program,
    key: Array,
    carry: Carry,
    replay: Callable[[Carry, int], Steps],
    data: Callable[[np.ndarray], Batch],
) -> str:
    """Where the epoch that failed first had a loss that is no number, in words: step, layer and operation.

    Args:
        program, key: the run, and the key of its randomness.
        carry: the run before the epoch that failed.
        replay: makes the first steps of that epoch again, this many of them.
        data: training rows by their numbers.
    """
    made = int(carry.watch.failed_after)
    before, failing = (replay(carry, steps) for steps in (made - 1, made))
    trained, step = before.trained, made
    if bool(failing.finite):
        trained, step = failing.trained, made + 1
    bad = [_join(path) for path, leaf in jax.tree_util.tree_leaves_with_path(trained.parameters) if not _finite(leaf)]
    if bad:
        return f"step {step - 1}: the update made {bad[0]} non-finite"
    index = min(step, program.steps) - 1
    rows = np.asarray(program.order(key, carry.watch.epoch)[index])
    rows = rows[rows < program.rows]
    batch = data(rows)
    step_key = jax.random.fold_in(epoch_keys(key, carry.watch.epoch)[1], index)

    def loss(parameters: Any) -> Any:
        return program.objective(parameters, trained.state, batch, step_key)[0]

    graph = trace(loss, trained.parameters)
    graph.forward(trained.parameters)
    node = value_origin(graph)
    when = f"step {step}" if step <= program.steps else "after its last step"
    if node is None:
        return f"{when}: in the score of the epoch, not in a batch"
    where = f"layer {node.path}" if node.path else "the loss"
    return f"{when}: {where}, in {in_words(node)}"


def _finite(leaf: Any) -> bool:
    return bool(jnp.all(jnp.isfinite(leaf)))


def _join(path: tuple[Any, ...]) -> str:
    return "/".join(str(entry.key) for entry in path)
