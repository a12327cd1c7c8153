"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # Forks: what they may cost. Fewer than the fewest steps tell nothing; more than the most tell nothing new.
    "forks: operations": 6e10,
    "forks: operations that compile with least effort": 4e9,
    "forks: fewest steps": 40,
    "forks: most steps": 400,
    # Health: a score that is worse by more standard errors of the difference than this is worse; of a hundred healthy
    # runs one or two exceed 2.5 by chance, and quick models are also allowed to know a little more.
    "health: standard errors": 2.5,
    "health: share behind": 0.1,
    # Case: a loss that no fork moves by this share of itself below the prior's tells nothing of shares.
    "case: least span": 0.01,
    # What counts as more learned: a tenth of what can be learned is more than the seed makes of most runs.
    "diagnosis: share gained": 0.1,
    # A set of changes suffices if it comes this near to the best one.
    "diagnosis: share of the best": 0.15,
    # A batch is learned by heart where its loss falls to this share of the prior's.
    "diagnosis: batch by heart": 0.15,
    # A run that bounces has learned at least this share of what smaller steps do; below, it does not learn at all.
    "rate: share that a bouncing run has learned": 0.5,
    "structure: share of the prior": 0.05,
    "structure: share that is enough": 0.5,
    # Labels without information: fewer rows than these cannot show a small effect.
    "noise: fewest validation rows": 60,
    # A class that is never answered is one where it is outnumbered, and enough of its rows are there to say so.
    "imbalance: share of the largest class": 0.8,
    "imbalance: fewest rows of a class": 5,
    "imbalance: least recall": 0.05,
    # Modes: evaluation loses this share of what training mode has learned on the same rows.
    "modes: share lost": 0.2,
    # Overfitting: this share of what validation had won is lost again, and the gap is this share of it.
    "overfitting: share lost": 0.5,
    "overfitting: share of the gap": 0.3,
    "overfitting: share won": 0.1,
    "diagnosis: share gained on new rows": 0.05,
    # Units: at a mean slope below a hundredth a layer passes less than a hundredth of the gradient back.
    "units: mean slope of a saturated layer": 0.01,
    "units: share that is lost from the start": 0.5,
    "units: share that is lost": 0.9,
    "units: fewest of a layer": 4,
    # A run that has learned this share of what larger steps do is slow, and not sick.
    "rate: share that a run has learned": 0.5,
}
