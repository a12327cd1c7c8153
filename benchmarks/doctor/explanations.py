"""Why the doctor misses what it misses: one sentence a form, written after a look at its runs."""

from typing import Any

MENDED = "mended since"
NOISE = "nothing tells labels that are often wrong from a task that is hard: quick models do no better"
HARMLESS = "no worse than quick models on the same rows, so that nothing is in doubt: its sign is a hint"
BY_HEART = "validation loses what it had won, and the score hardly: told as a fault, and it may be none"
RATE = "the rate was drawn, and is wrong: the run diverged or learned little, and at the rate that is named it learns"
EXPLANATIONS: dict[tuple[str, ...], str] = {
    ("overfitting",): BY_HEART,
    ("hard", "learning rate too high"): RATE,
    ("hard", "learning rate too low"): RATE,
    ("output bias 1000",): f"redrawn weights repair it, too, and signals drift by the same numbers ({MENDED})",
    (
        "output bias 10, gradient descent",
    ): "it is in doubt, and no fork gains a tenth on what it has learned: a suspicion",
    ("a context of gain 1.8",): "the tanh bounds what grows: " + HARMLESS,
    ("50 rows",): "quick models learn nothing of it from rows, so that none shows what is missing",
    ("50 rows", "rings-cnn"): f"quick models know more, and with half of the rows no less ({MENDED})",
    ("50 rows", "waves-recurrent"): "the run does not learn its rows by heart in its time",
    ("60 % permuted",): NOISE,
    ("60 % permuted", "Adam's rate × 100"): NOISE,
    ("L2 = 1", "60 % permuted"): NOISE,
    ("stale batch statistics", "60 % permuted"): NOISE,
    ("× 255", "bias −10 in one layer"): "no fork normalizes inputs and revives the units, which are no parameters",
    ("50 rows", "Adam's rate × 100"): "few rows show only where they are learned by heart, which the rate prevents",
    ("99 : 1",): "forks gain most by longer steps, or by first outputs near shares of 99 and 1 %",
    ("a ReLU head for scores",): f"more units make up for outputs that are cut off ({MENDED})",
    ("logistic loss of numbers",): f"the loss has no floor, and larger steps lower it faster ({MENDED})",
    ("batch statistics of momentum 0.9999",): f"smaller steps part the two modes less ({MENDED})",
    ("stale batch statistics",): f"smaller steps part the two modes less ({MENDED})",
    ("Adam's rate × 100",): HARMLESS,
    ("tanh, weights × 20",): HARMLESS,
    ("sigmoid, weights × 20",): HARMLESS,
    ("weights × 10",): HARMLESS,
    ("10 tanh layers of small weights",): HARMLESS,
    ("10 layers of gain 2.4",): HARMLESS,
    ("10 layers of gain 2.4", "sums-transformer"): "no fork of so few steps learns the task, and dead units remain",
    ("12 sigmoid layers",): "its sigmoids are saturated by the end, and its gradient vanishes: both are true",
    ("deviation 1",): "weights 3.5 times He's are within what is usual, and the first loss says what is wrong",
    ("exponentials in float16",): "they overflow during the run, at weights that are not kept",
    ("one unit a layer",): HARMLESS,
    (
        "full-batch descent at 5",
    ): "a fork with ReLU and a smaller rate is best: the rate alone needs more steps than it has",
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
