"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # Standard errors of the mean of paired differences by which a remedy must be better: chance alone puts a mean
    # beyond two of them once in eleven times with three seeds, and once in forty-four with many.
    "repair_errors": 2.0,
    # The least gain as a share of what there was: where all seeds end alike, as with a convex loss, the standard error
    # is that of rounding, and any difference would pass.
    "repair_least_gain": 0.01,
}
