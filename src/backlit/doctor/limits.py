"""Every number that a verdict of the doctor's rests on, in one table, with where it comes from."""

LIMITS: dict[str, float] = {
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
