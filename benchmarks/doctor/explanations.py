"""Why the doctor misses what it misses: one sentence a form, written after a look at its runs."""

from typing import Any

EXPLANATIONS: dict[tuple[str, ...], str] = {
    ("output bias 1000",): "redrawing the weights repairs it, too, and signals drift by the same numbers",
    (
        "a context of gain 1.8",
    ): "the tanh bounds what grows: the run is no worse than quick models, so nothing is in doubt",
    (
        "50 rows",
    ): "quick models reach no more with 50 rows, and validation never rises: only 'too few rows' is told, as a hint",
    (
        "60 % permuted",
    ): "quick models do no better, and nothing tells labels that are often wrong from a task that is hard",
    (
        "none between the layers + Adam at 1e-7",
    ): "the rate was left out, as what makes up for a missing activation (mended)",
    (
        "stale batch statistics",
    ): "redrawn weights help by chance; the mismatch is named beside them (order since mended)",
    ("99 : 1",): "first outputs are far from shares of 99 and 1 %, and the forks that mend this gain most",
    (
        "a ReLU head for scores",
    ): "redrawn weights revive dead outputs; the range is named as a suspicion (order since mended)",
}
"""By (form,) or (form, program); of healthy runs by ('healthy', number)."""


def explanation_of(record: dict[str, Any]) -> str:
    """The sentence about a miss; who finds none looks at the run, and writes it here."""
    forms = tuple(record["forms"]) or (record["kind"],)
    return EXPLANATIONS.get((*forms, record["program"])) or EXPLANATIONS.get(forms) or "not explained yet"
