"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # How many positions of values that are not finite are named: enough to see a pattern; no verdict hangs on it.
    "nonfinite_positions": 4,
}
