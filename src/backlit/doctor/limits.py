"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
    # The sizes of samples: a share of n rows has a standard error of at most 0.5/√n, 1.6 % for 1,000 of them.
    "data rows": 10_000,  # that the data's own examination draws
    "data numbers": 20_000_000,  # in those rows at most: what is looked at in a fraction of a second
    "data pairs": 500,  # rows whose distances to all drawn training rows are measured
    "references fitted": 2_000,  # training rows of a reference model
    "references judged": 1_000,  # rows that a reference model is judged on
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
    "leakage near": 0.998,  # a copy with noise of up to 4.5 % of the deviation
    "leakage apart": 6.0,  # deviations within a class between one class and the next: a copy tells all of them apart
    "leakage times": 30.0,  # as much the other features together leave unexplained, in the mean square
    "leakage rows": 20,  # training rows below which two features may agree by chance
    "leakage alone": 0.9,  # of what there is to explain, that one feature of all explains: worth a hint
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
    "labels errors": 2.0,  # standard errors by which the best model's score stays below it
    "labels certain": 0.9,  # of the neighbors agree
    "labels contradicted": 0.005,  # of the rows: fewer are exceptions of any data
    "labels noise": 0.08,  # of the labels differ from their neighborhood
    "labels scatter": 1.6,  # times the binomial variance, where rows near borders add to what flipped labels have
    "labels scatter of two": 1.3,  # two classes that overlap come down to 1.6; more of them add variance
    "labels noise rows": 200,  # the scatter's own standard error is √(2/n), 10 % for these
    "labels lead": 0.5,  # of the way from chance to purity that neighborhoods go: below it, overlap looks like noise
    # Wrong loss: what classes gain over rounded numbers on held-out rows.
    "loss classes": 20,  # different whole numbers at most
    "loss rows": 50,  # training rows at least
    "loss gain": 0.1,  # in accuracy, for a fault
    "loss doubt": 0.05,  # in accuracy, for a suspicion
    "loss errors": 4.0,  # standard errors of the gain, as many models are compared
    # Inputs of the first trained layer. A linear layer's curvature is λ_max(E[zzᵀ]) ≤ F · E[z²], and descent is stable
    # below a rate of 2/λ_max; the number of steps grows with λ_max/λ_min.
    "inputs rows": 512,
    "inputs large": 10.0,  # root mean square: 100 times the curvature, and first outputs of ten deviations
    "inputs small": 0.01,  # root mean square: the rate must be 10,000 times as large
    "inputs spread": 100.0,  # the largest feature to the usual feature's deviation: a condition number of 10⁴
    "inputs hint": 4.0,  # of the root mean square: 16 times the curvature; small: a tenth
    "inputs hint small": 0.1,
    "inputs hint spread": 20.0,  # a condition number of 400
    # Rows and features.
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
}
