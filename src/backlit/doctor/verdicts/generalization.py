"""What concerns new rows: labels that say nothing, answers of one class, modes that differ, learning by heart."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from warnings import catch_warnings, simplefilter

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from backlit.doctor.case import Case
from backlit.doctor.experiments.questions import AS_IT_IS, PERMUTED
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import scores_of_halves
from backlit.layers.block import Context
from backlit.training import Model, Run
from backlit.training.compilation import SOON, known
from backlit.training.objective import Batch

SEEN = 512  # training rows that modes are compared on
KEYS = 4  # draws of dropout
COMPARED = 4096  # training rows whose inputs are correlated with their targets


def judge_generalization(case: Case, explained: bool = False) -> list[Finding]:
    """The faults that show on rows that were not trained on.

    Args:
        case: a run.
        explained: whether experiments have found why it learns less than it could.
    """
    found = [_noisy(case)]
    if case.model is not None:
        forgotten = _by_heart(case, case.model)
        if forgotten is None or forgotten.level == "hint":
            forgotten = _known_by_heart(case, case.model, explained) or forgotten
        found += [_collapsed(case, case.model), _modes(case, case.model), forgotten]
    return [finding for finding in found if finding is not None]


def _noisy(case: Case) -> Finding | None:
    """Labels from which nothing can be learned: quick models are at chance, no step makes new rows any better, and none
    does more with the labels as they are than with permuted ones."""
    if (
        PERMUTED not in case.traces
        or AS_IT_IS not in case.traces
        or case.health.learnable is not False
        or case.health.learned
    ):
        return None
    if len(case.run.parts.validation) < LIMITS["noise: fewest validation rows"]:
        return None
    if not np.isfinite(case.prior_judged):
        return None
    if case.run.objective.classes and case.health.chance >= LIMITS["imbalance: share of the largest class"]:
        return None  # the share of right answers hardly moves, whatever the labels say
    gained = case.prior_judged - min(case.traces[name].lowest for name in case.changes)
    if gained > LIMITS["noise: share of the prior"] * abs(case.prior_judged):
        return None
    permuted = np.array([loss for loss in case.permute() if np.isfinite(loss)])
    if len(permuted) < LIMITS["noise: permutations"]:
        return None
    given, usual = case.unchanged, float(permuted.mean())
    error = float(permuted.std(ddof=1)) * sqrt(1 + 1 / len(permuted))
    rounding = LIMITS["noise: rounding"] * abs(case.prior_judged)
    above = usual - given - rounding
    follow = above > LIMITS["data errors"] * error or _follow_a_feature(case.run)
    nothing = above <= LIMITS["noise: standard errors"] * error
    level: Level = "hint" if follow else "fault" if nothing else "suspicion"
    sign = case.sign("shuffled / noisy labels")
    return Finding(
        "shuffled / noisy labels",
        level,
        "the targets",
        f"{case.health}; on new rows {len(case.changes)} forks of {case.steps:,} steps came to a loss of "
        f"{case.prior_judged - gained:.4g} at the best, those that change nothing but the rate to {given:.4g}, and "
        f"with targets permuted {len(permuted)} times to {usual:.4g} ± {error:.2g}; knowing nothing costs "
        f"{case.prior_judged:.4g}",
        "the targets follow from the inputs, but so little that next to nothing can be learned of new rows"
        if follow
        else "the targets do not follow from the inputs: they may be shuffled against them",
        sign.remedy if sign else Remedy("compare some rows with their source: were inputs and targets sorted apart?"),
        0.85 if level == "fault" else 0.5,
        {"permuted": usual, "error": error, "given": given, "prior": case.prior_judged},
    )


def _follow_a_feature(run: Run) -> bool:
    """Whether a number, or a class, goes with one of the inputs by more than permuted ones do: of n permuted rows a
    correlation is 0 with a deviation of 1 / √(n − 1)."""
    part = run.parts.train
    rows = np.random.default_rng(0).permutation(len(part.x))[:COMPARED]
    y = part.y[rows].reshape(len(rows), -1)
    y = y[:, :1] == np.arange(run.objective.classes) if run.objective.classes else y
    x, y = (_standardized(values) for values in (part.x[rows].reshape(len(rows), -1), y))
    z = np.abs(x.T @ y) / len(rows) * sqrt(len(rows) - 1)
    return bool(z.max() > -ndtri(LIMITS["data chance"] / (2 * z.size)))


def _standardized(values: np.ndarray) -> np.ndarray:
    """The deviations from the mean of each column (N, K) in standard deviations; 0 where nothing is known."""
    known = values.astype(np.float32)
    with np.errstate(all="ignore"), catch_warnings():
        simplefilter("ignore")  # columns in which all is missing
        return np.nan_to_num((known - np.nanmean(known, 0)) / np.nanstd(known, 0), posinf=0.0, neginf=0.0)


def _collapsed(case: Case, model: Model) -> Finding | None:
    """A class that is there and is never answered."""
    run = case.run
    y = run.parts.train.y
    if not run.objective.classes or y.ndim > 1:
        return None
    shares = np.bincount(y, minlength=run.objective.classes) / len(y)
    if shares.max() < LIMITS["imbalance: share of the largest class"]:
        return None
    chosen = np.random.default_rng(0).permutation(len(y))[:4096]
    answers = model.predict_encoded(run.parts.train.x[chosen]).argmax(-1)
    here = y[chosen]
    recalls = {
        code: float(np.mean(answers[here == code] == code))
        for code in range(run.objective.classes)
        if (here == code).sum() >= LIMITS["imbalance: fewest rows of a class"]
    }
    if not recalls or min(recalls.values()) > LIMITS["imbalance: least recall"]:
        return None
    code = min(recalls, key=lambda one: recalls[one])
    name = run.parts.schema.classes[code]
    return Finding(
        "class collapse / imbalance",
        "fault",
        f"class {name}",
        f"class {name} has {100 * shares[code]:.2g} % of the training rows, and of these {100 * recalls[code]:.2g} % "
        f"are answered rightly; {100 * shares.max():.3g} % of the rows are of one class",
        "always answering the largest class costs next to nothing, so the rare one is not learned",
        Remedy("weigh the classes alike", {"class_weight": "balanced"}),
        0.9,
        {"recall": recalls[code], "share": float(shares[code]), "largest": float(shares.max())},
    )


def misses_a_class(case: Case) -> bool:
    """Whether less than half of some class's held-out rows are answered rightly."""
    run, model = case.run, case.model
    part = run.parts.validation
    if model is None or not run.objective.classes or not len(part.x) or part.y.ndim > 1:
        return False
    right = model.predict_encoded(part.x).argmax(-1) == part.y
    recalls = [right[part.y == code].mean() for code in np.unique(part.y)]
    return min(recalls) < LIMITS["imbalance: held-out recall"]


def _modes(case: Case, model: Model) -> Finding | None:
    """The same rows in both modes: evaluation may not be far worse."""
    evaluated, trained = losses_by_mode(case.run, model)
    span = case.prior_of_scores("train") - trained
    worse = evaluated - trained
    if not np.isfinite([worse, span]).all() or span <= 0 or worse <= LIMITS["modes: share lost"] * span:
        return None
    stateful = [path[:-1] for path, _ in case.run.network.plan(case.run.input_shape).variables("state")]
    layers = tuple("/".join(path) for path in stateful if path[0] not in case.run.fitted)
    return Finding(
        "train/evaluation mismatch",
        "fault",
        f"layer {layers[0]}" if layers else "",
        f"the same training rows cost {trained:.3g} in training mode and {evaluated:.3g} in evaluation mode",
        "statistics that evaluation uses differ from those of the batches that trained the weights",
        Remedy("let the running statistics follow faster (BatchNorm with a smaller momentum), or train longer"),
        0.9,
        {"training": trained, "evaluation": evaluated},
        tuple(dict.fromkeys(layers)),
    )


def losses_by_mode(run: Run, model: Model) -> tuple[float, float]:
    """The mean loss of training rows in evaluation and in training mode, without penalties."""
    objective, part = run.objective, run.parts.train
    size = min(int(run.settings.batch_size or 1), len(part.x))
    count = max(1, min(SEEN, len(part.x)) // size)
    chosen = np.random.default_rng(0).permutation(len(part.x))[: count * size]
    x = jnp.asarray(part.x[chosen].reshape(count, size, *part.x.shape[1:]))
    y = jnp.asarray(objective.targets(part.y[chosen], run.fitted))
    y = y.reshape(count, size, *y.shape[1:])

    def both(x: jax.Array, y: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        evaluated = objective.measure(model.parameters, model.state, Batch(x, y, None, jnp.ones(size))).loss / size

        def trained(key: jax.Array) -> jax.Array:
            context = Context(training=True, key=key, mask=jnp.ones(size))
            outputs = objective.body.apply(model.parameters, model.state, x, context)[0]
            return objective.loss.examples(outputs, y).mean()

        return evaluated, jax.vmap(trained)(jax.random.split(key, KEYS)).mean()

    keys = jax.random.split(jax.random.key(0), count)
    every = jax.jit(lambda *rows: jax.lax.map(lambda args: both(*args), rows), compiler_options=known(SOON))
    evaluated, trained = every(x, y, keys)
    return float(evaluated.mean()), float(trained.mean())


def _by_heart(case: Case, model: Model) -> Finding | None:
    """Validation that loses again much of what it had won, while training goes on to fall."""
    history = model.history
    if "validation_loss" not in history.columns or len(history) < 5:
        return None
    judged, seen = history["validation_loss"], history["train_loss"]
    best = int(np.argmin(judged))
    window = max(1, len(judged) // 10)
    end = float(np.median(judged[-window:]))
    lost = end - float(judged[best])
    falls = float(np.median(seen[-window:])) < float(seen[best])
    gap = float(judged[best] - seen[best])
    priors = [case.prior_of_scores(part) for part in ("train", "validation")]  # of few rows that judge, either may err
    wins = [(prior - float(judged[best]), LIMITS["overfitting: share won"] * abs(prior)) for prior in priors]
    won = min((won for won, least in wins if won > least and lost > LIMITS["overfitting: share lost"] * won), default=0)
    if not falls or not won:
        return None
    stronger = max(1e-2, 10 * float(case.run.settings.l2 or 0))
    compared = model.stopped == "patience" or case.health.reference is not None
    whole = float(np.median(seen[-window:])) <= LIMITS["overfitting: loss by heart"] * abs(priors[0])
    harmless = compared and not case.health.behind and not whole  # the best epoch is kept, and nobody knows more
    level = "hint" if harmless or gap <= LIMITS["overfitting: share of the gap"] * won else "fault"
    return Finding(
        "overfitting",
        level,  # type: ignore[arg-type]
        f"epoch {best + 1} on",
        f"the validation loss fell to {judged[best]:.3g} in epoch {best + 1} and rose to {end:.3g}, while the training "
        f"loss, in evaluation mode, fell from {seen[best]:.3g} to {seen[-1]:.3g}; the weights of that epoch are kept",
        "the network learns its rows by heart: there are few of them for what it can hold",
        Remedy(
            "more rows, or a stronger penalty on the weights (l2), Dropout, or a smaller network",
            {"l2": stronger},
        ),
        0.85,
        {"best": float(judged[best]), "end": end, "train": float(seen[-1])},
    )


def _known_by_heart(case: Case, model: Model, explained: bool) -> Finding | None:
    """Training rows known by heart and new ones much worse, where quick models still learn steeply from rows, or have
    found in the same rows what holds for new ones, too."""
    health, run = case.health, case.run
    name = "accuracy" if run.objective.classes else "r2"
    known = model.scores.get("train", {}).get(name)
    if known is None or health.score is None or health.reference is None or not case.has_judges:
        return None
    noise, share = LIMITS["health: standard errors"], LIMITS["overfitting: share of a score"]
    gap = known - max(health.score, health.chance)
    whole = known >= LIMITS["overfitting: score by heart"]
    if not whole or gap <= max(noise * health.error, share * (known - health.chance)):
        return None
    halves = scores_of_halves(run)
    errors, steep = LIMITS["overfitting: standard errors of a rise"], LIMITS["overfitting: share of a rise"]
    rise = health.reference - float(np.mean(halves)) if halves else 0.0
    rises = rise > max(errors * health.reference_error, steep * (health.reference - health.chance))
    if not rises and (explained or not health.behind):
        return None
    rows = len(run.parts.train)
    stronger = max(1e-2, 10 * float(run.settings.l2 or 0))
    said, cause = (
        (
            f", and {np.mean(halves):.3g} with half",
            "what it does not know is in rows that it has not: with more of them even quick models know more",
        )
        if rises
        else ("", "a simpler model finds in the same rows what holds for new ones, too")
    )
    return Finding(
        "overfitting",
        "fault",
        f"the {rows:,} training rows",
        f"the {name} is {known:.3g} on them and {health.score:.3g} on new ones; of quick models the best "
        f"({health.reference_name}) has {health.reference:.3g} with all of them{said}",
        f"the network learns its rows by heart, and {cause}",
        Remedy("more rows, or a stronger penalty on the weights (l2), Dropout, or a smaller network", {"l2": stronger}),
        0.8,
        {"train": float(known), "new": float(health.score), "rows": float(rows), "rise": rise},
    )


def demoted(finding: Finding) -> Finding:
    """A sign that did no harm that could be shown."""
    return replace(finding, level="hint", confidence=min(finding.confidence, 0.3))
