"""A process of its own that makes one step under a limit on its memory: it may die of it, and nobody else does.

    python -m backlit.training.trial < description

The description is the network's, in JSON, with what its step needs; the numbers are zeros. It says READY before the
step, and its exit status is 0 where the step was made.
"""

import resource
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np

from backlit.files.description import parse_description
from backlit.functions.losses import loss_named
from backlit.functions.penalties import Penalty
from backlit.layers.composition import Sequential
from backlit.training.compilation import jit
from backlit.training.objective import Batch, Objective
from backlit.training.program import Program
from backlit.training.settings import Settings
from backlit.training.updates import update_rule

READY = "ready"
SIZE_OF_SELF = Path("/proc/self/statm")  # without which a limit on the memory of a process cannot be set


def main() -> None:
    """Compile, set the limit, make the step."""
    described = parse_description(sys.stdin.buffer.read(), Path("the trial"))
    extra, network = described.extra, described.network
    assert isinstance(network, Sequential)
    settings = Settings(**extra["settings"])
    loss = loss_named(str(settings.loss))
    objective = Objective(network, loss, Penalty(), (), extra["classes"])  # penalties need next to no memory
    rule = update_rule(settings, extra["rows"])
    program = Program(objective, rule, extra["rows"], extra["size"], None, None, settings.average)
    trained = program.begin(zeros(extra["parameters"]), zeros(extra["state"])).trained
    batch = Batch(*(zeros(row) for row in extra["batch"]))
    step = jit(lambda trained, batch: program.step(trained, batch, jax.random.key(0))[:2], network)
    compiled = step.lower(trained, batch).compile()
    del batch
    print(READY, flush=True)
    here = int(SIZE_OF_SELF.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (here + extra["limit"], resource.getrlimit(resource.RLIMIT_AS)[1]))
    jax.block_until_ready(compiled(trained, Batch(*(zeros(row) for row in extra["batch"]))))


def zeros(shapes: Any) -> Any:
    """Arrays of zeros, from a tree of dictionaries whose leaves are pairs of a shape and a type, or None."""
    if isinstance(shapes, dict):
        return {name: zeros(entry) for name, entry in shapes.items()}
    return None if shapes is None else np.zeros(shapes[0], shapes[1])


if __name__ == "__main__":
    main()
