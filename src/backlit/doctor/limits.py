"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # Forks: what they may cost. Fewer than the fewest steps tell nothing; more than the most tell nothing new.
    "forks: operations": 4e10,
    "forks: operations that compile with least effort": 2e10,
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
    "noise: share of the prior": 0.03,
    # Given labels are compared with so many permutations: seven give their spread to a third. Beyond two standard
    # errors chance alone is once in twenty times, and that there is no effect is not proved any more.
    "noise: permutations": 7,
    "noise: standard errors": 2.0,
    "noise: rounding": 1e-4,  # of the prior: float32 means of a thousand numbers are good to some 1e-6
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
    # Few rows: the gap between rows known by heart and new ones is a seventh of what is known above chance, and quick
    # models lose a tenth of theirs with half of the rows: where rows abound, the second half adds next to nothing.
    "overfitting: share of a score": 0.15,
    "overfitting: share of a rise": 0.1,
    "overfitting: standard errors of a rise": 1.75,
    "overfitting: loss by heart": 0.01,  # of a constant answer's: r² of 0.99, every row is answered
    "overfitting: score by heart": 0.9,
    "diagnosis: share gained on new rows": 0.05,
    # Units: at a mean slope below a hundredth a layer passes less than a hundredth of the gradient back.
    "units: mean slope of a saturated layer": 0.01,
    "units: share that is lost from the start": 0.5,
    "units: share that is lost": 0.9,
    "units: fewest of a layer": 4,
    # A run that has learned this share of what larger steps do is slow, and not sick.
    "rate: share that a run has learned": 0.5,
    # The sizes of samples: a share of n rows has a standard error of at most 0.5/√n, 1.6 % for 1,000 of them.
    "data rows": 10_000,  # that the data's own examination draws
    "data numbers": 20_000_000,  # in those rows at most: what is looked at in a fraction of a second
    "data pairs": 500,  # rows whose distances to all drawn training rows are measured
    "references fitted": 2_000,  # training rows of a reference model
    "references judged": 1_000,  # rows that a reference model is judged on
    "references linear": 2_000_000,  # numbers of the rows in which a small effect is sought: 10⁹ products and some
    "references features": 1_000,  # above it, features are projected: distances keep to √(8 ln n / 256) or better
    "references projected": 256,  # features of that projection
    # Certainty: a verdict on thirty features and three parts is wrong once in thousands of healthy runs.
    "data errors": 3.0,  # standard errors between a score and what it is compared with: 0.13 % by chance
    "data chance": 1e-3,  # probability by chance below which an excess of equal rows is none
    "data targets": 8,  # of an example, up to which each is looked at by itself
    "references fewest": 12,  # training rows for three folds of four: fewer tell nothing
}
LIMITS |= {
    # One-feature predictors. A feature that holds the target up to noise σ (in the target's deviations) explains
    # 1/(1 + σ²) of it. A cause that a threshold turns into two classes explains at most 3/4 (uniform; normal: 2/π).
    "leakage exact": 0.9999,  # explained by one feature: noise below 1 %, which no measurement of another thing has
    "leakage rounding": 1e-10,  # unexplained: rounding in float32 leaves 1e-14, a state a small step later 1e-6 or more
    "leakage near": 0.998,  # a copy with noise of up to 4.5 % of the deviation
    "leakage apart": 6.0,  # deviations within a class between one class and the next: a copy tells all of them apart
    "leakage times": 30.0,  # as much the other features together leave unexplained, in the mean square
    "leakage rows": 20,  # training rows below which two features may agree by chance
    "leakage alone": 0.9,  # of what there is to explain, that one feature of all explains: worth a hint
    "leakage tells": 0.98,  # of what there is to explain, that one feature explains: worth a hint whatever others know
    "leakage mark": 3.0,  # times as frequent as any other value: values of a grid that is cut into classes are alike
    "leakage marked": 10,  # rows of a class at least: fewer share a value that no other row has by chance
    "leakage beside": 20,  # values next to a mark, whose spacing is compared with its gap
    "leakage gap": 7.0,  # times their mean spacing: chance has such a gap with a probability of exp(−7), one in 1,000
    "leakage exceptions": 0.02,  # of the rows of a class, and of the others, for a suspicion
    "leakage margin": 0.05,  # of what there is to explain, that the others leave, three standard errors taken off
    "leakage others": 0.5,  # of what there is to explain, above which the other features tell of the same matter
    "leakage screened": 400,  # columns that are binned, those that explain most of all
    "leakage bins": 16,  # of a feature with more values: each has 6 rows or more of 100
}
LIMITS |= {
    # Contamination: shares of judging rows. A share s that is known by heart moves the score by s (1 − score).
    "contamination share": 0.03,  # in excess of what training rows have among each other
    "contamination repeated": 0.05,  # where the whole source repeats its rows
    "contamination rows": 3,  # fewer are an accident
    "contamination usual": 0.02,  # of the training rows as near to each other: then nearness proves nothing
    "contamination hashed": 200_000,  # training rows that are hashed, in a fifth of a second
    "contamination distance": 0.1,  # of the median distance between nearest training rows: nearer is the same row
    "contamination distinct": 20,  # different rows: fewer are a table of cases, which repeat
    "contamination differing": 5,  # features in which the nearest different rows differ: for chance to close so many
    "contamination agreement": 0.02,  # probability of one value in two rows: two such features agree once in 2,500
}
LIMITS |= {
    # Labels.
    "labels rows": 30,  # training rows below which neighbors tell nothing
    "labels neighbors": 15,
    "labels majority": 0.8,  # share of the most frequent class: the entropy is below 0.72 of 1 bit
    "labels rare": 0.2,  # of an even share, below which a class is rare
    "labels hopeless": 0.95,  # share of the most frequent class, always answered
    "labels effect": 0.25,  # of what there is to explain: labels that follow from the inputs give models that much
    # Standard errors by which the best model's score stays below it, and from which on neighbors or a model know more.
    "labels errors": 2.0,
    "labels certain": 0.9,  # of the neighbors agree
    "labels contradicted": 0.005,  # of the rows: fewer are exceptions of any data
    "labels like errors": 0.7,  # of as many as errors at random would contradict, from which on they may be errors
    # Flipped labels.
    "flipped rows": 200,  # the standard error of an AUC is 1 / √(12 n) for each side, 4 % with 50 of 200 wrong
    "flipped errors": 0.08,  # of the rows are answered wrongly at least: fewer are exceptions
    "flipped lead": 0.25,  # of what there is to win above chance: a weak signal has errors everywhere, too
    "flipped as good": 0.03,  # a model that answers so much less rightly knows too little of where it is sure
    "flipped certainty": 0.5,  # of what overlap would tell of two classes: the middle between overlap and flips
    "flipped certainty of many": 0.64,  # of more classes: some lead over the second by chance where votes are few
    "flipped by shares": 0.99,  # quantile of χ²: one exchange in a hundred that is even looks uneven
    "flipped lost": 0.5,  # of the rows, as much as labels that are wrong cost: whoever has twice as many has it back
    "flipped values": 10,  # of a feature, up to which it divides rows into cells
    # Wrong loss: what classes gain over rounded numbers on held-out rows.
    "loss classes": 20,  # different whole numbers at most
    "loss rows": 50,  # training rows at least
    "loss gain": 0.1,  # in accuracy, for a fault
    "loss doubt": 0.05,  # in accuracy, for a suspicion
    "loss errors": 4.0,  # standard errors of the gain, as many models are compared
    "loss hint errors": 2.0,  # standard errors of the gain, for a hint
    "loss few": 4,  # different numbers from 0 on at most, that are worth the question whether they are names
    # Counts taken as classes.
    "counts classes": 8,  # at least: fewer whole numbers are more often names, or grades that are well told as classes
    "counts gaps": 1.5,  # numbers from the least to the greatest, for each that there is
    # Inputs of the first trained layer. A linear layer's curvature is λ_max(E[zzᵀ]) ≤ F · E[z²], and descent is stable
    # below a rate of 2/λ_max; the number of steps grows with λ_max/λ_min.
    "inputs rows": 512,
    "inputs large": 10.0,  # root mean square: 100 times the curvature, and first outputs of ten deviations
    "inputs small": 0.01,  # root mean square: the rate must be 10,000 times as large
    "inputs spread": 100.0,  # the largest feature to the usual feature's deviation: a condition number of 10⁴
    "inputs hint": 4.0,  # of the root mean square: 16 times the curvature; small: a tenth
    "inputs hint small": 0.1,
    "inputs hint spread": 20.0,  # a condition number of 400
    # Sentinels: numbers that stand for no number.
    "sentinel rows": 20,
    "sentinel numbers": 2_000_000,  # that are looked at: a few hundredths of a second
    "sentinel times": 3,  # a value that far out is there, exactly: measurements do not repeat themselves there
    "sentinel distinct": 10,  # other values at least: fewer are a scale of their own
    "sentinel gap": 1.0,  # to the nearest other value, of the width of all others
    "sentinel gap of codes": 0.25,  # the same for numbers that are usual as codes
    "sentinel often": 3.0,  # times as frequent as any other value, for the only negative one
    "sentinel scale": 0.1,  # of a feature's deviation that the other values have: a hundredth of the variance
    # Rows and features.
    "features numbers": 10,  # values of a category that are numbers, from which on they are no codes
    "features words": 0.1,  # of a category's values that are no numbers, at most
    "rows few": 30,  # for training: a mean's standard error is 18 % of the deviation
    "rows few a class": 5,  # of a class, for training
    "rows few judged": 25,  # a share's standard error is 10 %
    # Split shift.
    "split certain": 1e-6,  # probability by chance, all features together, for a suspicion
    "split chance": 1e-3,  # for a hint
    "split distance": 0.2,  # largest difference of the distribution functions that matters
    "split rows": 20,  # of a part
    "split features": 2_000,  # compared, drawn from all
    "split sample": 2_000,  # rows of a part that are compared
    # The start: weights and outputs that are drawn to provoke a network.
    "start_shift": 0.3,  # deviation of biases in general position: units of pre-activations have a deviation near 1
    "head_wild": 10.0,  # deviation of the last layer's weights: sigmoid(10) and tanh(10) are at their ends to 5e-5
    "head_slack": 1e-3,  # what counts as reaching a bound: far above rounding, far below the bounds that heads have
    "head_tiny": 1e-12,  # keeps a quotient finite where all targets are equal
    "head_most": 0.9,  # share of examples for which a property of a loss has to hold: corners and ties make exceptions
    "head_steps": 150.0,  # of Adam on the outputs: 15 times their scale is passed, and bce at 15 costs 3e-7
    "head_unreached": 0.1,  # of an undecided answer's cost: softmax twice leaves 0.45 (2 classes) to 0.63 (10) of it
    "head_missed": 0.05,  # share of the targets' variance out of reach: R² of at most 0.95, more than seeds differ by
    "head_missed_hint": 0.001,  # below it, what cannot be reached is within what any fit leaves
    "pairing_flipped": 0.5,  # right answers by ascent less those by descent: 1 or −1 where a loss means anything
    "pairing_right": 0.9,  # share of right answers that free outputs must reach by descent, whatever the labels are
    # Times the targets' deviation, up to which outputs let a loss see them: a change of it by 1e-3 is no rounding.
    "pairing_seen": 1e3,
    # Times the way of descent: a loss without a floor falls nine times as much again, one with a floor by next to
    # nothing, however far from the targets its outputs are, as with a logarithm for a link.
    "pairing_beyond": 10.0,
    "first_biases": 8.0,  # excess of the loss by biases alone, in that of noise of deviation 1: biases begin at 0
    "first_loss": 40.0,  # the same by all first weights: a squared error's 6.3 deviations, where He's weights give 1.4
    # Updates at the start.
    "update_steps": 16.0,  # a warm-up from 0 moves at its second step
    # The first weights.
    "weights_twins": 1e-4,  # of a gradient's size: what sums in float32 of equal numbers differ by in another order
    "weights_drift": 30.0,  # of the deviation over a stretch of layers: He's and Glorot's keep it within 3 a stretch
    "weights_drift_each": 2.5,  # with each layer: Glorot before ReLU loses 1.4, weights N(0, 1) gain √(inputs / 2)
    "weights_saturated": 0.1,  # mean slope, of the largest: tanh of a normal of deviation 8, for which He's is 1.4
    "weights_saturated_fault": 0.01,  # deviation 80: no weight of usual steps leaves the ends again
    "weights_dead": 0.75,  # share of units: deep ReLU layers, whose rows become alike, have up to half of them at 0
    "weights_dead_units": 8.0,  # units that such a share is told of
    # The gradient on its way back.
    "gradient_depth": 4.0,  # layers with weights, for a line over depth
    "gradient_vanishes": 1e-4,  # of the first layer against the last: sigmoid's 0.25 · √2 to the power of 9
    "gradient_explodes": 100.0,  # by 1.6 with each of ten layers; healthy ones keep it within 10
    "gradient_explodes_in_time": 100.0,  # over a sequence: orthogonal weights, gates and tanh let it shrink or stay
    "gradient_slope": 0.15,  # of log10 with each layer: by 1.4, what Glorot loses before ReLU
    "gradient_fit": 0.7,  # R² of the line of log r over depth
    "gradient_underflow": 1e-30,  # of a layer whose earlier ones have 0: float32 has no normal number below 1.2e-38
    "gradient_time": 8.0,  # steps, for a course over time
    "gradient_forgets": 1e-6,  # below it, a float32 sum over steps does not see the first one beside the last
    # The structure.
    "structure_bend": 1e-4,  # of a difference of outputs: float32 rounds sums of thousands to 1e-5; tanh bends by 0.1
    "leak_rows": 6.0,  # examples that a leak between them is sought in: one can be seen by any other
    "leak_change": 1e-4,  # of the outputs' size, where a change of inputs stands for a derivative: above rounding
}
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
    # Of the constant answer's loss, or of what was learned, between the modes: more than dropout's, with other sign.
    "mismatch share": 0.25,
    "mismatch epochs": 20,  # before which averages over batches may not have arrived: 0.9^20 = 12 % of the start
    # How many positions of values that are not finite are named: enough to see a pattern; no verdict hangs on it.
    "nonfinite_positions": 4,
    # Share of a parameter's numbers that the first update leaves as they are, of those that it is to change: updates of
    # one size are lost in all numbers above it at once, and weights near 0 are a few.
    "examine_lost": 0.9,
    # How many batches of other people's are looked at: forks hold them all at once.
    "examine_batches": 32,
    # Rows of the batch that is learned by heart: more than the classes of usual tasks, few enough for 200 steps.
    "examine_rows": 32,
    # What a fall of the loss must be, of it: pure noise that is learned by heart falls by less in its first steps.
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
    # Slope along a gradient, over the gradient's norm: 1 for a derivative, −1 for one with its sign turned.
    "examine_slope": 0.5,
    # A fall over a way that is doubled, of the fall before: 2 along a straight line, below 1 on the way to a floor.
    "examine_doubling": 1.5,
    # How far below 0 a loss without a floor has come, of the first loss: thousands of times the weights' norm away.
    "examine_floor": 10.0,
    # A fall of the loss that shows that a network learns, of the loss: more than the mean of the targets gives away.
    "examine_learns": 0.3,
    # Answers learned by heart: one of 32 examples may carry a wrong label that another has right.
    "examine_by_heart": 0.9,
    # By how much a linear map is to be better: two of 32 examples, and what rounding of shares leaves.
    "examine_below_linear": 0.1,
    # A loss at rest: a fall in the last quarter, of the whole fall and of what is left. One by half a quarter leaves
    # 6 % of the whole; outputs far above small targets fall by nearly all of it before they tell these apart.
    "examine_rest": 0.05,
    # Standard errors of the mean of paired differences by which a remedy must be better: chance alone puts a mean
    # beyond two of them once in eleven times with three seeds, and once in forty-four with many.
    "repair_errors": 2.0,
    # The least gain as a share of what there was: where all seeds end alike, as with a convex loss, the standard error
    # is that of rounding, and any difference would pass.
    "repair_least_gain": 0.01,
    # Deviations of outputs within one network that lie further apart than this drift with depth.
    "weights: drift": 10.0,
    # First weights this many times larger, or smaller, than He's or Glorot's are others; these two differ by up to 4.
    "weights: usual": 5.0,
    "forks: time of a slow operation": 4.0,
    # Underflow: nearly all of a gradient is lost, in half of the parameters.
    "underflow: share of a gradient": 0.9,
    "underflow: share of the parameters": 0.5,
    # One change that wins this share of all that can be won is the cause, and the rest a matter of speed.
    "diagnosis: share of the gain of one change": 0.5,
    # Two scores on the same rows go together, so that their difference errs less than that of independent ones.
    "health: standard errors of a difference": 1.75,
    # Forks that take longer than a few minutes on a CPU are left out.
    "forks: most operations": 4e12,
    # A first loss up to this many times that of undecided answers is no worse than not knowing.
    "first_undecided": 3.0,
    # A rare class of whose held-out rows less than this share is met is not learned.
    "imbalance: held-out recall": 0.5,
}
