"""The functions that networks are made of: activations with their derivatives, losses with their gradients."""

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

from backlit.errors import DataError, SettingError, nearest
from backlit.functions.activations import ACTIVATIONS, Activation
from backlit.functions.losses import LOSSES, REGRESSION, CrossEntropy, Gaussian, Hinge, Loss, Poisson, loss_named
from backlit.graph import value_and_grad
from backlit.layers.settings import is_whole
from backlit.pictures.canvas import BLUE, COLORS, GRAY, VERMILLION, Picture, panels

LINES = ("-", "--", "-.", ":", (0, (6, 2)), (0, (1, 1)))
REACH = 5.0  # of z, of scores and of errors, on both sides
LEAST = 0.01  # the smallest probability that is drawn
USUAL = ("cross-entropy", "hinge", "squared-hinge", "perceptron", "focal")


def plot_activations(*names: str, path: str | Path | None = None) -> Picture:
    """Activations and their derivatives, a panel each.

    The softmax takes all its scores together: it is shown for two scores, z and 0, where it is the sigmoid of z.

    Args:
        *names: of activations, in any case, such as 'relu'; none: all of `backlit list activations`.
        path: where the picture is written; None: nowhere.

    Raises:
        SettingError: there is no such activation.
    """
    shown = [_activation(name) for name in names] or list(ACTIVATIONS.values())
    columns = min(len(shown), 3)
    rows = ceil(len(shown) / columns)
    z = np.linspace(-REACH, REACH, 401)
    drawn = _with_slopes([_of_one_number(activation) for activation in shown], z)
    with panels(rows, columns, path, (0.4 + 2.5 * columns, 0.7 + 1.85 * rows), sharex=True) as (picture, grid):
        for axes, activation, (values, slopes) in zip(grid.flat, shown, drawn, strict=False):
            axes.axhline(0, color=GRAY, lw=0.8)
            axes.plot(z, values, color=BLUE, label="f(z)")
            axes.plot(z, slopes, "--", color=VERMILLION, label="derivative")
            axes.set_title(f"{activation.name}\n{activation.equation}", fontsize=9)
            axes.set_ylim(-1.6, 3.1)
            axes.tick_params(labelbottom=True)
        for axes in list(grid.flat)[len(shown) :]:
            axes.set_visible(False)
        for axes in grid.flat[max(len(shown) - columns, 0) : len(shown)]:
            axes.set_xlabel("z")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside upper center", ncols=2)
    return picture


def plot_losses(*losses: str | Loss, path: str | Path | None = None) -> Picture:
    """Losses and their gradients: of classes over the score and over the probability of the right class, of numbers
    over the error.

    Two classes with the scores s_y of the right one and s of the other: all these losses are functions of the margin
    s_y − s, and those of likelihoods of p_y = σ(s_y − s) as well. Beside them stands the squared error (1 − p_y)²,
    whose gradient by the score vanishes where the answer is wrong.

    Args:
        *losses: all of classification, or all of regression, by name or as losses, such as 'focal(gamma=1)'; none:
            cross-entropy, hinge, squared-hinge, perceptron and focal.
        path: where the picture is written; None: nowhere.

    Raises:
        SettingError: there is no such loss, the losses are of both kinds, or one is no function of the error alone.
    """
    chosen = [loss_named(loss) for loss in losses or USUAL]
    numbers = [REGRESSION in loss.tasks for loss in chosen]
    if any(numbers) != all(numbers):
        raise SettingError("losses of numbers and of classes have no axis in common: name those of one kind")
    for loss in chosen:
        if isinstance(loss, Poisson | Gaussian) or type(loss) not in LOSSES.values():
            known = [name for name in LOSSES if not issubclass(LOSSES[name], Poisson | Gaussian)]
            raise SettingError(f"the loss {loss} is no function of one error or score: choose of {', '.join(known)}")
    if len(chosen) > len(COLORS):
        raise SettingError(f"{len(COLORS)} losses are told apart in one picture at most, not {len(chosen)}")
    z = np.linspace(-REACH, REACH, 401)
    p = np.linspace(LEAST, 1 - LEAST, 197)
    margins = np.log(p / (1 - p))
    curves = [_of_error(loss) if all(numbers) else _of_margin(loss) for loss in chosen]
    over_z, over_p = _with_slopes(curves, z), _with_slopes(curves, margins)
    with panels(1 if all(numbers) else 2, 2, path, (8.0, 3.6 if all(numbers) else 6.4)) as (picture, grid):
        style: dict[str, Any]
        for loss, color, line, of_z, of_p in zip(chosen, COLORS, LINES, over_z, over_p, strict=False):
            style = {"color": color, "ls": line, "label": str(loss)}
            _draw(grid[0], z, *of_z, style)
            if loss.link:
                _draw(grid[1], p, of_p[0], of_p[1] / (p * (1 - p)), style)
        if all(numbers):
            _name(grid[0], "error f − y", "loss over the error", "gradient by the error")
        else:
            right = 1 / (1 + np.exp(-z))
            style = {"color": GRAY, "ls": (0, (3, 1, 1, 1)), "label": "squared error, $(1 - p_y)^2$"}
            _draw(grid[0], z, (1 - right) ** 2, -2 * (1 - right) ** 2 * right, style)
            _draw(grid[1], p, (1 - p) ** 2, -2 * (1 - p), style)
            label = "margin of the right class, $s_y - s$"
            _name(grid[0], label, "loss over the margin", "gradient by the margin")
            label = "probability of the right class, $p_y$"
            _name(grid[1], label, "loss over $p_y$", r"gradient by $p_y$: large where $p_y \approx 0$")
            grid[0, 0].set_ylim(-0.3, 2 * REACH)
            grid[0, 1].set_ylim(-4, 0.3)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=3)
    return picture


def plot_scores(scores: Sequence[float], target: int, *, path: str | Path | None = None) -> Picture:
    """What the hinge loss and the cross-entropy make of the scores of one example.

    On the left the scores: what lies above s_y − 1, the dashed line, costs its height. On the right the probabilities
    that the softmax makes of them, of which −log p_y is the cost.

    Args:
        scores: one a class, at least two, finite.
        target: the right class, from 0.
        path: where the picture is written; None: nowhere.

    Raises:
        DataError: the scores cannot be used, or there is no such class.

    >>> [axes.get_title() for axes in plot_scores((-2.85, 0.86, 0.28), 2).axes]
    ['hinge loss 1.58', 'cross-entropy 1.04 nats']
    """
    try:
        s = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        s = np.array(np.nan)
    if s.ndim != 1 or len(s) < 2 or not np.isfinite(s).all():
        raise DataError(f"scores are at least two finite numbers, one a class, not {scores!r}")
    if not is_whole(target, 0) or target >= len(s):
        raise DataError(f"target is one of the classes 0 to {len(s) - 1}, not {target!r}")
    hinge, entropy = (
        float(loss.examples(jnp.asarray(s[None], jnp.float32), jnp.array([target]))[0])
        for loss in (Hinge(), CrossEntropy())
    )
    p, classes = np.exp(s - s.max()) / np.exp(s - s.max()).sum(), np.arange(len(s))
    line = s[target] - 1
    over = np.where(classes == target, 0, np.maximum(s - line, 0))
    colors = [VERMILLION if one == target else BLUE for one in classes]
    with panels(1, 2, path, (7.2, 3.4)) as (picture, grid):
        left, right = grid[0]
        left.bar(classes, s, color=colors, alpha=0.75)
        costly = np.flatnonzero(over)
        left.bar(costly, over[costly], bottom=line, fill=False, hatch="///", edgecolor="black", label="what it costs")
        for one in costly:
            left.annotate(f"{over[one]:.2f}", (one, s[one]), (0, 3), textcoords="offset points", ha="center")
        left.axhline(line, color="black", ls="--", lw=1.2, label="$s_y - 1$")
        left.axhline(0, color=GRAY, lw=0.8)
        left.margins(y=0.15)
        left.legend(loc="best", fontsize=9)
        left.set(ylabel="score s", title=f"hinge loss {hinge:.2f}")
        right.bar(classes, p, color=colors, alpha=0.75)
        for one in classes:
            right.annotate(f"{p[one]:.2f}", (one, p[one]), (0, 3), textcoords="offset points", ha="center")
        right.set(ylabel="probability p", ylim=(0, 1.1), title=f"cross-entropy {entropy:.2f} nats")
        for axes in grid[0]:
            axes.set_xticks(classes, [f"{one}: right" if one == target else str(one) for one in classes])
            axes.set_xlabel("class")
    return picture


def _activation(name: str) -> Activation:
    """The activation of that name in any case.

    Raises:
        SettingError: there is none.
    """
    by_name = {known.lower(): activation for known, activation in ACTIVATIONS.items()}
    if str(name).lower() not in by_name:
        raise SettingError(f"there is no activation {name!r}: {nearest(str(name), ACTIVATIONS)}")
    return by_name[str(name).lower()]


def _of_one_number(activation: Activation) -> Callable[[Any], Any]:
    """The function of each z alone; of what is not elementwise, that of z beside a 0."""
    if activation.derivative is not None:
        return activation.function
    return lambda z: activation.function(jnp.stack([z, jnp.zeros_like(z)], -1))[..., 0]


def _of_error(loss: Loss) -> Callable[[Any], Any]:
    """The loss (n,) of errors (n,)."""
    return lambda z: loss.examples(jnp.asarray(z, jnp.float32)[:, None], jnp.zeros(len(z)))


def _of_margin(loss: Loss) -> Callable[[Any], Any]:
    """The loss (n,) of margins (n,) of class 1 above class 0."""

    def curve(z: Any) -> Any:
        z = jnp.asarray(z, jnp.float32)
        outputs = jnp.stack([jnp.zeros_like(z), z], -1) if isinstance(loss, CrossEntropy) else z[:, None]
        return loss.examples(outputs, jnp.ones(len(z), jnp.int32))

    return curve


def _with_slopes(curves: Sequence[Callable[[Any], Any]], z: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The values and the derivatives of some functions at each z, all in one program."""

    def of(curve: Callable[[Any], Any], z: Any) -> Any:
        (_, values), slopes = value_and_grad(lambda z: (curve(z).sum(), curve(z)), has_aux=True)(z)
        return values, slopes

    return jax.jit(lambda z: [of(curve, z) for curve in curves])(jnp.asarray(z, jnp.float32))


def _draw(row: Sequence[Axes], x: np.ndarray, values: Any, slopes: Any, style: dict[str, Any]) -> None:
    for axes, y in zip(row, (values, slopes), strict=True):
        axes.plot(x, np.asarray(y), **style)


def _name(row: Sequence[Axes], label: str, *titles: str) -> None:
    for axes, title in zip(row, titles, strict=True):
        axes.set(xlabel=label, title=title)
        axes.axhline(0, color=GRAY, lw=0.8)
