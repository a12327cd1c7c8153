"""A case: everything that is known of a run while it is diagnosed, and the experiments that were made."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from backlit.doctor.course.prior import constant_loss
from backlit.doctor.experiments.forks import Fork, Nursery, Trace, affordable, first_weights
from backlit.doctor.experiments.questions import (
    AS_IT_IS,
    ONE_BATCH,
    STRUCTURES,
    Change,
    control_forks,
    few_of,
    name_of,
    repairing_forks,
    short_ladder,
    structural_forks,
)
from backlit.doctor.experiments.redrawing import are_usual, redrawn_weights
from backlit.doctor.finding import Finding, ordered
from backlit.doctor.health import Health
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import Measures
from backlit.doctor.weighing import loss_of, weights_of
from backlit.errors import BacklitError, TrainingError
from backlit.layers.composition import Sequential, blocks_of
from backlit.layers.recurrence import Recurrence
from backlit.shapes import Tree
from backlit.training import Model, Run
from backlit.training.preparation import prepare_again

OF_WEIGHTS = (
    "symmetric initialization",
    "saturated sigmoid/tanh",
    "dying ReLU",
    "initialization scale",
    "exploding gradient",
    "bad initial loss",
    "vanishing gradient",
)
OF_TIME = ("exploding gradient", "vanishing gradient")


@dataclass
class Case:
    """A run under diagnosis.

    Attributes:
        run: what was trained.
        model: what came of it; None where its first epoch already failed.
        signs: what the data, the first weights and the course said.
        at_first: of these, what the graph and the first weights said.
        health: how it stands.
        first, last: what was measured at the first and at the kept weights.
        prior, prior_judged: the loss of knowing the training targets alone, on training and on validation rows. These
            losses, those that were reached and those of forks are what the objective minimizes: rows count by their
            weights.
        ending: how the run ended, in words, where it turned non-finite; '' else.
        weights: the first parameters and state; None: drawn where they are needed.
        steps: of each fork.
        forks, traces: the forks that were grown, and what they came to, by name.
        changes: what those that repair something change, by name.
        networks: of those with another structure, by the structure's name.
    """

    run: Run
    model: Model | None
    signs: tuple[Finding, ...]
    at_first: tuple[Finding, ...]
    health: Health
    first: Measures | None
    last: Measures | None
    prior: float
    prior_judged: float
    ending: str = ""
    weights: tuple[Tree, Tree] | None = None
    steps: int = 0
    forks: dict[str, Fork] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    networks: dict[str, Sequential] = field(default_factory=dict)

    def sign(self, *faults: str) -> Finding | None:
        """The gravest sign of any of some faults."""
        return next((sign for sign in self.signs if sign.fault in faults and sign.level != "hint"), None)

    @property
    def sign_of_weights(self) -> Finding | None:
        """The sign that the first weights are at fault, the most telling first."""
        recurrent = any(isinstance(block, Recurrence) for block in blocks_of(self.run.network))
        order = (*OF_TIME, *OF_WEIGHTS) if recurrent else OF_WEIGHTS
        known = {sign.fault: sign for sign in reversed(ordered(list(self.at_first))) if sign.level != "hint"}
        if self.biased and "bad initial loss" in known:
            return known["bad initial loss"]
        return next((known[fault] for fault in order if fault in known), None)

    @property
    def biased(self) -> bool:
        """Whether the first outputs say the same wrong thing of every example by the last biases alone."""
        sign = self.sign("bad initial loss")
        return sign is not None and sign.numbers.get("of biases", 0.0) > LIMITS["first_biases"]

    @cached_property
    def start(self) -> tuple[Tree, Tree]:
        """The first parameters and state."""
        return self.weights or first_weights(self.run)

    @property
    def usual(self) -> bool:
        """Whether the first weights are of a usual size."""
        return are_usual(self.run, self.start[0])

    @property
    def drift(self) -> float:
        """How many times the largest deviation of a trained layer's output at the first weights is the smallest."""
        if self.first is None:
            return 1.0
        trained = {path.rpartition("/")[0] for path in self.first.variables}
        seen = [layer.deviation for path, layer in self.first.layers.items() if path in trained and layer.deviation > 0]
        return max(seen) / min(seen) if seen else 1.0

    @property
    def redraws(self) -> bool:
        """Whether other first weights are worth a try: where these are usual and have no signs, luck would decide."""
        drifts = self.drift > LIMITS["weights: drift"]
        return drifts or self.sign_of_weights is not None or not self.usual

    def grow(self) -> None:
        """Grow the forks that repair something, and those to compare them with."""
        redrawn = redrawn_weights(self.run, *self.start) if self.redraws else None
        asked = repairing_forks(self.run, self.sign("unnormalized inputs") is not None, redrawn)
        controls = control_forks(self.run)
        if not affordable(self.run, len(asked) + len(controls)):
            asked, controls = few_of(asked), []
            if not affordable(self.run, len(asked)):
                raise TrainingError(
                    "the network is so large that forks of it would take long: train a narrower one, or on shorter "
                    "sequences, and diagnose that"
                )
        self._grow(self.run, asked, controls)

    def permute(self) -> list[float]:
        """The lowest validation loss at the most telling rates, for each of several permutations of the training
        labels; [] where that would take too long."""
        factors, count = short_ladder(self.run), int(LIMITS["noise: permutations"])
        if not affordable(self.run, len(factors) * count):
            return []
        forks = {
            seed: [Fork(f"{factor}, {seed}", rate=factor, permuted=True, seed=seed) for factor in factors]
            for seed in range(1, count + 1)
        }
        traces = Nursery(self.run, self.steps, self.start).grow([fork for some in forks.values() for fork in some])
        return [min(traces[fork.name].lowest for fork in some) for some in forks.values()]

    @property
    def unchanged(self) -> float:
        """The same of the labels as they are, of forks that change nothing but the rate."""
        names = [name_of(factor) for factor in short_ladder(self.run)]
        return min(self.traces[name].lowest for name in names if name in self.traces)

    def restructure(self) -> None:
        """Grow forks with other structures, one after another, as long as none learns what can be learned."""
        settings = self.run.settings
        same = {name: getattr(settings, name) for name in ("learning_rate", "schedule", "batch_size", "epochs")}
        for structure, change in STRUCTURES.items():
            network = change(self.run.network)
            if str(network) == str(self.run.network):
                continue
            try:
                run = prepare_again(self.run, network=network, **same)
            except BacklitError:  # the structure does not fit what is around it
                continue
            self.networks[structure] = network
            self._grow(run, structural_forks(run, structure), [])
            if (
                self.prior - self.floor > LIMITS["structure: share that is enough"] * abs(self.prior)
                or not self.still_behind
            ):
                return

    def _grow(self, run: Run, asked: dict[Fork, Change], controls: list[Fork]) -> None:
        nursery = Nursery(run, self.steps, self.start if run is self.run else None)
        self.traces |= nursery.grow([*asked, *controls])
        self.steps = nursery.steps
        self.forks |= {fork.name: fork for fork in [*asked, *controls]}
        self.changes |= {fork.name: change for fork, change in asked.items()}

    @cached_property
    def reached(self) -> float:
        """The training loss of the kept weights; infinite where there are none."""
        return self._kept("train")

    @cached_property
    def judged(self) -> float:
        """The validation loss of the kept weights; infinite where there are none."""
        return self._kept("validation")

    @property
    def has_judges(self) -> bool:
        """Whether there are rows that were not trained on."""
        return len(self.run.parts.validation) > 0

    def prior_of_scores(self, part: str) -> float:
        """The prior where all rows count the same, as in a history."""
        if weights_of(self.run, "train") is None:
            return self.prior if part == "train" else self.prior_judged
        return constant_loss(self.run, part, weighted=False)

    def _kept(self, part: str) -> float:
        loss = loss_of(self.run, self.model, part) if self.model else np.inf
        return float(np.nan_to_num(loss, nan=np.inf, posinf=np.inf))

    @property
    def floor(self) -> float:
        """The lowest training loss that the run or a repairing fork came to."""
        return min([self.reached, *(self.traces[name].reached for name in self.changes)])

    def share(self, loss: float) -> float:
        """Of what can be learned, from the prior's loss to the lowest, the share that a training loss has learned."""
        return _share(self.prior, loss, self.floor)

    def share_judged(self, loss: float) -> float:
        """The same of a validation loss."""
        return _share(self.prior_judged, loss, min([self.judged, *(self.traces[name].lowest for name in self.changes)]))

    def learned(self, name: str) -> float:
        """The share that a fork has learned, of training rows."""
        return self.share(self.traces[name].reached)

    @property
    def by_heart(self) -> bool:
        """Whether one batch was learned by heart at any rate."""
        left = [trace.reached for name, trace in self.traces.items() if name.startswith(ONE_BATCH)]
        return not left or min(left) <= LIMITS["diagnosis: batch by heart"] * abs(self.prior)

    @property
    def still_behind(self) -> bool:
        """Whether neither the run nor a fork comes near what quick models reach on new rows, or where there are none to
        compare with, whether nothing was learned at all."""
        health = self.health
        if health.reference is None or not self.has_judges:
            return self.prior - self.floor < LIMITS["structure: share of the prior"] * abs(self.prior)
        spread = self.traces[AS_IT_IS].spread
        scores = [self.traces[name].validation_score.max() for name in self.changes]
        reached = [score if self.run.objective.classes else 1 + score / spread for score in scores]
        best = np.nanmax([-np.inf if health.score is None else health.score, *reached])
        noise = LIMITS["health: standard errors"] * health.reference_error
        return health.reference - best > max(noise, LIMITS["health: share behind"] * (health.reference - health.chance))


def _share(prior: float, loss: float, lowest: float) -> float:
    """(prior − loss) / (prior − lowest), from −1 to 1, and −1 for a loss that is no number. Where nothing was learned
    there are no shares, and what is lost counts in units of the prior: (prior − loss) / |prior|, from −1 to 0."""
    if not np.isfinite(loss):
        return -1.0
    span = prior - lowest
    if np.isfinite(span) and span > LIMITS["case: least span"] * abs(prior):
        return float(np.clip((prior - loss) / span, -1.0, 1.0))
    return float(np.clip((prior - loss) / abs(prior), -1.0, 0.0)) if np.isfinite(prior) and prior else 0.0
