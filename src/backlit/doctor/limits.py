"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {}
LIMITS |= {
    # The course of a run. Losses are relative to a constant answer's: 1 knows nothing, 0 is perfect. Steps are
    # relative to the weights they change: root mean squares of both.
    "course half": 4,  # epochs in each half of a series that is tested: fewer give no standard error
    "course errors": 3.0,  # standard errors between the halves: 0.13 % by chance
    "course first": 3,  # epochs before anything is said of a trend; a share of an epoch is no trend
    "course learned": 0.5,  # below it, half of what there is to learn is learned: nothing is shown to do harm
    "course idle": 0.05,  # from the constant answer's loss, within which a network has learned next to nothing
    # Rates. To first order a step of r times the weights changes the outputs of L layers by (1 + r)^L − 1.
    "rate shrunk": 0.5,  # of their first size: weights below it make steps look large that are not
    "rate replaces": 1.0,  # a step of the weights' own size: nothing of them is left
    "rate large": 0.3,  # three steps replace the weights; the linear part that a gradient is says nothing that far
    "rate diverged": 10.0,  # ten times as bad as a constant answer: an order of magnitude
    "rate killed": 0.5,  # of the units that training silenced: more than half of what the network could say
    "rate alive": 0.25,  # of the units silent at first, below which it was training that silenced them
    "rate small": 1e-3,  # a thousand steps to replace the weights: the usual rule of thumb for a healthy step
    "rate tiny": 3e-4,  # a third of it: with a fall that goes on, ten times the rate stays below "rate large"
    "rate reach": 0.1,  # of their size, which the weights could move by at most in the whole run, all steps in a row
    "rate tenth": 0.1,  # of the run's epochs, seen before it is judged as a whole
    "rate epochs": 5,  # seen at least, however short the run
    "rate fall": 0.02,  # of the constant answer's loss, over the last quarter: a fall that goes on
    "rate open": 0.1,  # of the constant answer's loss, below which little is left to arrive at
    # Oscillation: the evaluated loss of the same rows has no noise of its own, only that of the weights.
    "swing epochs": 16,  # two halves of eight: the fewest that `verdict` judges
    "swing prior": 0.05,  # deviation from epoch to epoch, of the constant answer's loss
    "swing learned": 0.1,  # the same, of all that was learned: a tenth of it lost and found again
    # Gradients by depth. With initial weights that keep variances, neighbors of widths n and m differ by √(n/m) at
    # most, which telescopes over the depth: 30 for a network from 1,000 to 1 unit.
    "depth weights": 3,  # layers with weights: fewer have no decay by depth
    "depth ratio": 1e-3,  # of the first to the last: what widths explain, and a factor of 30
    "depth order": 0.7,  # Spearman's correlation with depth: a decay, not one layer that differs
    "depth shown": 0.1,  # between the ends, in the same direction, in each row: the decay is no single batch's
    # Units. Silent for a batch of B rows is by chance silent for all with (1 − p)^B, p the share it is active for.
    "units batch": 16,  # rows: a unit active for a quarter of them is silent in 1 % of batches
    "units dead": 0.9,  # of a layer's units, silent for whole batches
    "units slope": 0.01,  # mean local derivative: a layer passes a hundredth back
    "units rows": 3,  # recorded batches that agree
    # Answers and parts.
    "class epochs": 8,  # of equal accuracy on the same rows: no answer changed between classes, or all of them one
    "class errors": 3.0,  # standard errors of the majority's share in the rows that are scored
    "class rare": 0.2,  # of a uniform share: a class below it is rare
    "overfit known": 0.5,  # of the constant answer's loss: rows below it are known
    "overfit past": 4,  # epochs behind the best, of which the mean is taken
    "mismatch share": 0.25,  # of the constant answer's loss, between the modes: more than dropout's, with other sign
    "mismatch times": 2.0,  # as large a loss in evaluation as in training
    "mismatch epochs": 20,  # before which averages over batches may not have arrived: 0.9^20 = 12 % of the start
}
