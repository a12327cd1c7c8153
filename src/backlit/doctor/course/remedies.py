"""Changes of a run that mend what its course shows, as arguments of `prepare`."""

from math import floor, log10
from typing import Any

from backlit.doctor.finding import Remedy
from backlit.doctor.limits import LIMITS
from backlit.errors import BacklitError
from backlit.layers.activation import LeakyReLU, ReLU, Sigmoid, Tanh
from backlit.layers.block import Block, as_block
from backlit.layers.composition import Sequential
from backlit.layers.notation import read
from backlit.optimizers import default_learning_rate
from backlit.training import Run
from backlit.training.settings import OWN


def slower(run: Run | None) -> Remedy:
    """A smaller learning rate: the rule's default where the run's is above it, else a tenth."""
    rate, default = _rates(run)
    if rate is None:
        return Remedy("train with a tenth of the learning rate")
    lower = default if default is not None and 2 * default < rate else rate / 10
    return Remedy(f"lower the learning rate from {rate:.3g} to {lower:.3g}", {"learning_rate": lower})


def faster(run: Run | None, step: float) -> Remedy:
    """A larger learning rate: the rule's default where the run's is below it, else as many powers of ten as bring the
    step near a thousandth of the weights.

    Args:
        run: the run, if it is known.
        step: the size of a step relative to the weights, above 0.
    """
    rate, default = _rates(run)
    powers = max(1, floor(log10(3 * LIMITS["rate small"] / step)))
    if rate is None:
        return Remedy(f"train with {10**powers:g} times the learning rate")
    higher = default if default is not None and default > 2 * rate else rate * 10**powers
    return Remedy(f"raise the learning rate from {rate:.3g} to {higher:.3g}", {"learning_rate": higher})


def rectified(run: Run | None, words: str) -> Remedy:
    """ReLU in the place of every sigmoid and tanh but one that ends the network, where they stand at its top level."""
    return Remedy(words, _exchanged(run, (Sigmoid, Tanh), ReLU()))


def leaking(run: Run | None, words: str) -> Remedy:
    """LeakyReLU in the place of every ReLU at the network's top level."""
    return Remedy(words, _exchanged(run, (ReLU,), LeakyReLU()))


def clipped(run: Run | None) -> Remedy:
    """A bound on the gradient's norm."""
    changes = {"clip": 1.0} if run is not None and run.settings.clip is None and not _owns(run) else {}
    return Remedy("bound the gradient's norm (--clip 1), or start from smaller weights or with normalization", changes)


def _owns(run: Run) -> bool:
    return run.settings.optimizer == OWN


def _rates(run: Run | None) -> tuple[float | None, float | None]:
    """The learning rate of a run and the default of its rule; None where they cannot be set."""
    if run is None or _owns(run) or not run.settings.learning_rate:
        return None, None
    return float(run.settings.learning_rate), default_learning_rate(run.settings.optimizer)


def _exchanged(run: Run | None, kinds: tuple[type[Block], ...], other: Block) -> dict[str, Any]:
    """The change of the network that puts another layer in the place of some; none where nothing is to be exchanged."""
    given = None if run is None else run.asked.get("network")
    if given is None:
        return {}
    try:
        asked = read(given) if isinstance(given, str) else as_block(given)
    except BacklitError:  # a name, or a file
        return {}
    blocks = asked.blocks if type(asked) is Sequential else (asked,)
    changed = [other if isinstance(block, kinds) and block is not blocks[-1] else block for block in blocks]
    return {"network": Sequential(*changed)} if changed != list(blocks) else {}
