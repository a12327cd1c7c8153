"""Row 62: momentum against none in a narrow valley."""

import jax.numpy as jnp
import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.surfaces import draw_path, draw_surface
from backlit.optimizers import gradient_descent, momentum
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

DECAY = 0.8
CONDITIONS = (1, 3, 10, 30, 100, 300)
CLOSE = 1e-3  # of the way that is left
STEPS, RATES = 1200, 20
NARROW = 100  # the condition number of the valley that is drawn


def run() -> Outcome:
    """Both rules in one valley at the same rate, then the fewest steps of each over condition numbers."""
    paths = {rule: _path(rule) for rule in ("gradient-descent", "momentum")}
    jumps = {rule: int((np.diff(np.sign(path[:, 1])) != 0).sum()) for rule, path in paths.items()}
    ways = {rule: float(np.abs(np.diff(path[:, 1])).sum()) for rule, path in paths.items()}
    steps = _fewest_steps()
    plain, averaged = steps
    narrow = CONDITIONS.index(NARROW)
    holds = bool((averaged[narrow:] < plain[narrow:]).all()) and ways["momentum"] < ways["gradient-descent"] / 2
    wider = [str(condition) for condition in np.array(CONDITIONS)[averaged >= plain]]
    finding = (
        f"In a valley of condition number {NARROW}, at the same learning rate, gradient descent crosses the floor "
        f"{jumps['gradient-descent']} times in {len(paths['momentum']) - 1} steps and momentum {DECAY} "
        f"{jumps['momentum']} times: averaging the gradients shortens the way across by a factor of "
        f"{ways['gradient-descent'] / ways['momentum']:.1f}. With the best rate for each, gradient descent needs "
        f"{plain[narrow]:.0f} steps there and momentum {DECAY} {averaged[narrow]:.0f}; at condition number "
        f"{CONDITIONS[-1]} they need {plain[-1]:.0f} and {averaged[-1]:.0f}."
    )
    if wider:
        finding += f" In wider valleys (condition numbers {', '.join(wider)}) momentum is no faster."

    with panels(1, 2, size=(9.6, 4.0)) as (picture, ((valley, race),)):
        draw_surface(valley, _valley, (-0.5, 6.5), (-1.3, 1.3), levels=np.geomspace(0.1, 100, 9))
        draw_path(valley, paths["gradient-descent"], "gradient descent", VERMILLION)
        draw_path(valley, paths["momentum"], f"momentum {DECAY}", BLUE, "s")
        valley.plot(0, 0, marker="*", color="black", markersize=11, linestyle="")
        valley.set_title(f"Averaged, the jumps cancel (condition number {NARROW})")
        valley.legend(loc="upper left", ncols=2)
        valley.set_ylim(-1.3, 1.6)
        for decay, row, color, marker in zip((0, DECAY), steps, (VERMILLION, BLUE), "os", strict=True):
            label = f"momentum {decay}" if decay else "gradient descent"
            race.loglog(CONDITIONS, row, color=color, marker=marker, label=label)
        race.set_title("Momentum hardly feels a narrow valley")
        race.set(xlabel="condition number", ylabel="steps to the bottom, best rate")
        race.set_xticks(CONDITIONS, [str(condition) for condition in CONDITIONS])
        race.minorticks_off()
        race.legend()
    measures = {f"gradient descent, condition {c}": float(n) for c, n in zip(CONDITIONS, plain, strict=True)}
    measures |= {f"momentum, condition {c}": float(n) for c, n in zip(CONDITIONS, averaged, strict=True)}
    measures |= {f"crossings, {rule}": float(count) for rule, count in jumps.items()}
    measures |= {f"way across, {rule}": way for rule, way in ways.items()}
    return Outcome(picture, finding, holds, measures)


def _valley(w: Array, condition: Array | float = NARROW) -> Array:
    return (w[..., 0] ** 2 + condition * w[..., 1] ** 2) / 2


def _path(rule: str) -> np.ndarray:
    """Forty steps in the narrow valley at a rate where gradient descent jumps from wall to wall, (41, 2)."""
    rate = 1.92 / NARROW
    chosen = gradient_descent(rate) if rule == "gradient-descent" else momentum(rate, decay=DECAY)
    return np.asarray(minimize(_valley, jnp.array([6.0, 1.0]), chosen, steps=40).points)


def _fewest_steps() -> np.ndarray:
    """The steps after which the bottom stays close, at the best of many rates, of none and of DECAY, (2, conditions).

    Both decays, all rates and conditions descend side by side: the sum of their functions is minimized.
    """
    decays, conditions = jnp.array((0, DECAY))[:, None, None], jnp.array(CONDITIONS, float)
    largest = 2 * (1 + decays) / (1 - decays) / conditions  # beyond it the steep direction diverges
    rates = largest * (1 - jnp.geomspace(0.003, 0.98, RATES)[:, None])
    start = jnp.ones((*rates.shape, 2))
    rule = momentum(rates[..., None], decay=decays[..., None])
    points = minimize(lambda w: _valley(w, conditions).sum(), start, rule, steps=STEPS).points
    far = np.linalg.norm(points, axis=-1) > CLOSE * 2**0.5
    arrived = STEPS + 1 - np.argmax(far[::-1], axis=0)  # one after the last that was far
    return np.where(far[-1], np.inf, arrived).min(1)


LESSON = Lesson(
    name="momentum",
    title="Momentum in a narrow valley",
    rows=(62,),
    claim=(
        "In a narrow valley gradient descent jumps from wall to wall, because it knows nothing of curvature. An "
        "average of past gradients goes a faster way: what points across cancels (documents 0 and 2)."
    ),
    experiment=(
        "A bowl (w₀² + κw₁²)/2 whose condition number κ says how narrow it is. Both rules from the same point with the "
        f"same rate at κ = {NARROW}, momentum with a decay of {DECAY}; then the steps until the distance stays below a "
        f"thousandth, over κ from 1 to {CONDITIONS[-1]}, each rule with the best of {RATES} rates below its limit. "
        "Nothing is random."
    ),
    run=run,
)
