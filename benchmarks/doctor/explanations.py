"""Why the doctor misses what it misses: one sentence a form, written after a look at its runs."""

from typing import Any

NOISE = "nothing tells numbers that are often wrong from a task that is hard: quick models do no better"
IN_DOUBT = "it is in doubt, and no fork gains a tenth on what it has learned: a suspicion"
HARMLESS = "no worse than quick models on the same rows, so that nothing is in doubt: its sign is a hint"
BY_HEART = "validation loses what it had won, and the score hardly: told as a fault, and it may be none"
RATE = "the rate was drawn, and is wrong: the run diverged or learned little, and at the rate that is named it learns"
EXPLANATIONS: dict[tuple[str, ...], str] = {
    ("overfitting",): BY_HEART,
    ("hard", "overfitting"): "it knows its rows by heart, and a quick model far more of new ones: no false alarm",
    ("hard", "over-regularization"): "it diverged, and dropout was blamed before the rate; the order was mended since",
    ("hard", "learning rate too high"): RATE,
    ("hard", "learning rate too low"): RATE,
    ("output bias 10, gradient descent",): IN_DOUBT,
    ("a context of gain 1.8",): "the tanh bounds what grows: " + HARMLESS,
    ("50 rows",): "quick models learn nothing of it from rows, so that none shows what is missing",
    ("50 rows", "waves-recurrent"): "the run does not learn its rows by heart in its time",
    ("60 % permuted",): NOISE,
    ("60 % permuted", "Adam's rate × 100"): NOISE,
    ("stale batch statistics", "60 % permuted"): "the labels are named, and statistics of so weak a signal part little",
    ("× 255", "bias −10 in one layer"): "no fork normalizes inputs and revives the units, which are no parameters",
    ("50 rows", "Adam's rate × 100"): "few rows show only where they are learned by heart, which the rate prevents",
    ("stop_gradient before the head", "× 255"): "no gradient reaches what the inputs meet",
    (
        "two links at the end",
        "around 1,000",
    ): "inputs so far from 0 give all outputs one sign, so that the bounds of the head are not seen",
    ("99 : 1",): "forks gain most by longer steps, or by first outputs near shares of 99 and 1 %",
    ("a ReLU head for scores",): "half of the scores are cut off, and the run is no worse than quick models: a hint",
    ("batch statistics of momentum 0.9999",): HARMLESS,
    ("softmax over the batch in the loss",): HARMLESS,
    ("tanh, weights × 20",): HARMLESS,
    ("sigmoid, weights × 20",): HARMLESS,
    ("weights × 10",): HARMLESS,
    ("10 tanh layers of small weights",): IN_DOUBT,
    ("10 layers of gain 2.4",): HARMLESS,
    ("momentum 0.95 at 1",): HARMLESS,
    ("× 255",): HARMLESS,
    ("12 sigmoid layers",): "its sigmoids are saturated by the end, and its gradient vanishes: both are true",
    ("deviation 1",): "weights 3.5 times He's are within what is usual, and the first loss says what is wrong",
    (
        "squares in float16",
    ): "what is divided by infinite squares is 0, and with ReLU it is not: the activation is blamed",
    ("one unit a layer",): HARMLESS,
    ("one unit a layer", "orders-recurrent"): "longer steps let one unit learn it in the time of a fork",
    ("all permuted", "orders-recurrent"): "by chance one fork with longer steps is better on its few new rows",
    ("full-batch descent at 5",): "ReLU alone wins a little, so that the rate may only make up for it",
    (
        "the target and 3 % noise as a feature",
    ): "sixty-four pixels together know nearly as much: a hint with a question",
}
"""By (form,) or (form, program); where nothing was planted by what was named, of a hard run 'hard' first."""


def explanation_of(record: dict[str, Any], instead: tuple[str, ...]) -> str:
    """The sentence about a miss; who finds none looks at the run, and writes it here.

    Args:
        record: of a run.
        instead: where nothing was planted, by what it is looked up.
    """
    if "lost" in record or "failed" in record:
        return exception_of(record).strip().splitlines()[-1][:120]
    forms = tuple(record["forms"]) or instead
    return EXPLANATIONS.get((*forms, record["program"])) or EXPLANATIONS.get(forms) or "not explained yet"


def exception_of(record: dict[str, Any]) -> str:
    """The traceback of what went wrong in a record: in its cell, an examination or a repair; '' where nothing did."""
    return next((record[name] for name in ("lost", "failed", "repair_failed") if name in record), "")
