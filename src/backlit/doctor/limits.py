"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # How many positions of values that are not finite are named: enough to see a pattern; no verdict hangs on it.
    "nonfinite_positions": 4,
    # Share of a parameter's numbers that the first update leaves as they are, of those that it is to change: updates of
    # one size are lost in all numbers above it at once, and weights near 0 are a few.
    "examine_lost": 0.9,
    # How many batches of other people's are looked at: forks hold them all at once.
    "examine_batches": 32,
    # Rows of the batch that is learnt by heart: more than the classes of usual tasks, few enough for 200 steps.
    "examine_rows": 32,
    # What a fall of the loss must be, of the loss: pure noise that is learnt by heart falls by less in its first steps.
    "examine_descent": 0.05,
    # Of what a tenth of the rate gains: below the edge of stability ten times the rate gains as much at least, and in a
    # valley that is followed, more; a fifth of it is past the edge by far.
    "examine_overshoot": 0.2,
    # By how much less the loss falls than at a lower rate, of the loss: below the edge of stability a higher one is
    # ahead, and a tenth of the loss is more than courses to the same end differ by.
    "examine_worse": 0.1,
    # Gain at ten times the rate, over that at the rate: 10 in the first order, 3 after a fall by a half.
    "examine_decade": 5.0,
    # A change of the loss that is no rounding: a float32 mean of a thousand numbers is good to some 1e-6.
    "examine_rounding": 1e-4,
    # A fall of the loss that shows that a network learns, of the loss: more than the mean of the targets gives away.
    "examine_learns": 0.3,
    # Answers learnt by heart: one of 32 examples may carry a wrong label that another has right.
    "examine_by_heart": 0.9,
    # By how much a linear map is to be better: two of 32 examples, and what rounding of shares leaves.
    "examine_below_linear": 0.1,
    # A loss at rest: a fall in the last quarter, of the whole fall. A geometric one by half a quarter leaves 6 %.
    "examine_rest": 0.05,
}
