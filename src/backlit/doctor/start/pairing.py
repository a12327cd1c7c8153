"""The pairing of loss and targets: the wrong sign, a loss that does not see the targets, the first loss."""

from collections.abc import Iterator

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.start.answers import Answers
from backlit.doctor.start.probe import Probe, layer_of
from backlit.doctor.start.remedies import losses_for
from backlit.training import Run


def examine_pairing(probe: Probe, answers: Answers) -> Iterator[Finding]:
    """Flipped sign, wrong loss, a loss that mixes examples."""
    blind = list(_blind(probe, answers))
    yield from blind
    if not blind and answers.kind:
        yield from _descent(probe, answers)


def examine_first_loss(probe: Probe, answers: Answers) -> Iterator[Finding]:
    """The first loss against that of the best constant answer, in units of what noise on the outputs costs."""
    if answers.kind == "" or (answers.kind == "numbers" and not answers.is_least_at_targets):
        return
    z = np.asarray(probe.z, np.float64)
    prior, spread = _prior(answers)
    noise = np.random.default_rng(0).normal(size=z.shape) * spread
    first, best, noisy = (answers.mean_loss(outputs) for outputs in (z, prior + 0 * z, prior + noise))
    if not np.isfinite([first, best, noisy]).all() or noisy - best <= LIMITS["head_tiny"]:
        return
    layers = tuple(dict.fromkeys(map(layer_of, sorted(probe.last_layer))))
    known = "mean" if answers.kind == "numbers" else "shares"
    alone = answers.mean_loss(probe.at(probe.without_last_weights()))
    units, of_biases = ((loss - best) / (noisy - best) for loss in (first, alone))
    biased = bool(of_biases > LIMITS["first_biases"])
    if not biased and units <= LIMITS["first_loss"]:
        return
    undecided = np.inf if answers.kind == "numbers" else answers.mean_loss(answers.undecided())
    harmless = first <= LIMITS["first_undecided"] * undecided < np.inf  # rare classes make a constant answer cheap
    yield Finding(
        "bad initial loss",
        "hint" if harmless else "fault" if biased and answers.kind != "numbers" else "suspicion",
        f"layer {layers[0]}" if layers else "the first outputs",
        f"the first loss is {first:.4g}, and a constant answer by the targets' {known} costs {best:.4g}: it exceeds "
        f"it by {units:.3g} times what noise of deviation {float(np.max(spread)):.3g} on the outputs costs"
        + (f"; with the last layer's weights at 0 by {of_biases:.3g} times" if biased else ""),
        "the first outputs say the same wrong thing of every example, whatever the weights are"
        if biased
        else "the first outputs are large and wrong, before anything is learned",
        _smaller(probe.subject.run, biased),
        confidence=0.9 if biased else 0.6,
        numbers={"first": first, "constant": best, "units": units, "of biases": of_biases},
        layers=layers,
    )


def _blind(probe: Probe, answers: Answers) -> Iterator[Finding]:
    """A loss that does not follow the outputs, that does not follow the targets, or that mixes examples."""
    assert probe.judge is not None
    y = np.asarray(probe.subject.y)
    places = _places(probe, answers)
    if not places or len(y) < 3 or probe.losses(places[0]).shape != (len(y),):
        return
    z = places[0]
    if not any(probe.slopes(place).any() for place in places):
        yield _wrong_loss(
            answers,
            f"the loss of outputs of shape {answers.shape[1:]} has a gradient of exactly 0 with respect to all of them",
            "the loss does not depend on the outputs, as a softmax over a single output does not",
        )
        return
    order = np.roll(np.arange(len(z)), 1)
    pairs = []
    for place in places:
        turned = np.asarray(probe.judge(place.astype(np.float32), y[order]), np.float64)
        pairs.append((probe.losses(place).mean(), turned.mean()))
    varied = not np.array_equal(y[order], y)
    alike = all(np.isclose(own, other, rtol=1e-5, atol=0.0) and own != 0 for own, other in pairs)  # sums in float32
    if varied and alike:
        yield _wrong_loss(
            answers,
            f"the loss of the batch is {pairs[0][0]:.6g}, and {pairs[0][1]:.6g} with the targets handed to other rows",
            "each output is compared with the targets of all rows, as where (B, 1) meets (B,) and spreads to (B, B)",
        )
        return
    first = probe.slopes(z, first=True)
    if np.any(first[1:]):
        yield Finding(
            "axis / mask leak",
            "suspicion",
            "the loss",
            f"the loss of the first example changes with the outputs of {int(np.count_nonzero(first[1:]))} others",
            "examples are judged together, as by a softmax or a mean over the axis of the batch",
            Remedy("let the loss of each example depend on its own outputs alone: sum over the other axes, not axis 0"),
            confidence=0.7,
        )


def _descent(probe: Probe, answers: Answers) -> Iterator[Finding]:
    """Where descent on the outputs alone leads: to better answers, or to worse."""
    z = np.asarray(probe.z, np.float32)
    numbers = answers.kind == "numbers"
    away = z.astype(np.float64) - answers.labels.reshape(z.shape) if numbers else np.ones(1)
    scale = float(np.sqrt(np.mean(np.square(away))))
    begin = z if numbers or np.abs(z).max() < LIMITS["head_steps"] / 30 else z / np.abs(z).max()
    if np.isnan(probe.losses(begin)).any():
        begin = answers.undecided() if not numbers else begin
    down, up = answers.descend(begin, scale), answers.descend(begin, scale, up=True)
    worse, better = down.score_after, up.score_after
    falls = down.loss_after < down.loss_before
    far = answers.mean_loss(begin + LIMITS["pairing_beyond"] * (down.outputs - begin)) if numbers else np.nan
    if numbers:
        flipped = falls and far < down.loss_after and better > down.score_before > worse
    else:
        flipped = falls and better - worse > LIMITS["pairing_flipped"]
    if flipped:
        name = "mean squared error" if numbers else "share of right answers"
        sign = -1 if numbers else 1
        yield Finding(
            "flipped loss sign",
            "fault",
            "the loss",
            f"descent on the outputs alone takes the loss from {down.loss_before:.4g} to {down.loss_after:.4g} and the "
            f"{name} from {sign * down.score_before:.4g} to {sign * worse:.4g}; ascent takes it to {sign * better:.4g}",
            "the loss falls as the answers get worse",
            Remedy("turn the sign of the loss", losses_for(probe.subject.run, answers.kind)),
            numbers={"loss before": down.loss_before, "loss after": down.loss_after, "score after": worse},
        )
        return
    if numbers:
        right = answers.mean_loss(answers.right(0.0))
        endless = down.loss_after - far > down.loss_before - down.loss_after > 0
        if endless and worse < down.score_before and right > down.loss_after:
            yield _wrong_loss(
                answers,
                f"descent on the outputs alone takes the loss from {down.loss_before:.4g} to {down.loss_after:.4g} and "
                f"the mean squared error from {-down.score_before:.4g} to {-worse:.4g}, and "
                f"{LIMITS['pairing_beyond']:g} times as far the loss is {far:.4g}; answers that are all right cost "
                f"{right:.4g}",
                "the loss of these targets has no least value, as where it takes numbers for probabilities",
            )
        return
    if not falls or worse > LIMITS["pairing_right"]:
        return
    rights = [answers.probabilities(), *(answers.right(size) for size in (1.0, 2.0, 5.0, 10.0))]
    best = min((loss for outputs in rights if np.isfinite(loss := answers.mean_loss(outputs))), default=np.nan)
    if np.isfinite(best) and best > down.loss_after:
        yield _wrong_loss(
            answers,
            f"descent on the outputs alone takes the loss to {down.loss_after:.4g} with {worse:.0%} right answers, and "
            f"answers that are all right cost {best:.4g}",
            "the loss treats classes as something else, such as their numbers as quantities",
        )


def _places(probe: Probe, answers: Answers) -> list[np.ndarray]:
    """Outputs of several sizes whose loss is finite: a loss that sees them, or the targets, does so at one of them."""
    random = np.random.default_rng(0)
    noise = np.abs(random.normal(size=answers.shape))  # outputs of either kind: above 1 and below, none negative
    places = [noise, random.uniform(0.1, 0.9, answers.shape)]
    if answers.kind == "numbers":  # targets that are small beside the outputs are lost in rounding
        y = answers.labels.astype(np.float64)
        size = y.std() or 1.0
        places = [y.mean() + size * noise, *(z for z in places if z.max() < LIMITS["pairing_seen"] * size)]
    return [z for z in places if np.isfinite(probe.losses(z)).all()]


def _wrong_loss(answers: Answers, evidence: str, cause: str) -> Finding:
    run = answers.probe.subject.run
    classes = run is not None and bool(run.objective.classes)
    two = answers.shape[-1] == 1 or len(answers.shape) == 1
    changes = losses_for(run, "two" if two else "classes") if classes else losses_for(run, "numbers")
    words = (
        "take cross-entropy for classes, from one output a class" if classes else "take a loss for numbers of one shape"
    )
    return Finding("wrong loss for the target", "fault", "the loss", evidence, cause, Remedy(words, changes))


def _prior(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The outputs that say how frequent the targets are, and the deviation of noise on them: one a place."""
    labels, shape = answers.labels, answers.shape
    if answers.kind == "numbers":
        y = labels.reshape(shape).astype(np.float64)
        return y.mean(0), np.maximum(y.std(0).max(), LIMITS["head_tiny"])
    known = labels[labels >= 0]
    counts = np.bincount(known, minlength=shape[-1] if answers.kind == "classes" else 2) + 1.0
    shares = counts / counts.sum()
    probabilities = np.asarray(answers.probe.z)
    of_scores = bool(probabilities.min() < 0 or probabilities.max() > 1)
    if answers.kind == "classes":
        prior = np.log(shares) if of_scores else shares
    else:
        prior = np.log(shares[1:] / shares[0]) if of_scores else shares[1:]
    return prior, np.asarray(1.0 if of_scores else 0.1)


def _smaller(run: Run | None, biased: bool) -> Remedy:
    """First outputs near the targets' mean: by the biases' doing, the weights', or the targets' units."""
    if run is not None and not run.objective.classes and not run.settings.standardize:
        return Remedy(
            "standardize the targets, or begin the last layer with biases of their mean", {"standardize": True}
        )
    if biased:
        return Remedy("begin the last layer with biases that give the targets' mean, or with biases of 0")
    if run is not None and run.settings.initial_scale != 1:
        return Remedy("draw the first weights at their usual size", {"initial_scale": 1.0})
    return Remedy("begin with a smaller last layer, or normalize what comes before it (LayerNorm, BatchNorm)")
