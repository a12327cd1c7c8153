"""Recipes: all that `prepare` is given for a run, as a value that a plant can change, and how its runs are judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np
from benchmarks.doctor.data import Task

import backlit as bl
from backlit.layers.block import Block
from backlit.layers.recurrence import Recurrence
from backlit.training.run import Run

Pair = tuple[np.ndarray, np.ndarray]
WEIGHTED = (bl.Dense, bl.Conv, Recurrence)
LOWEST = -1.0  # a score below it is as bad


@dataclass(frozen=True, eq=False)
class Recipe:
    """A run but for its seed.

    Attributes:
        task: the data.
        blocks: the network, its head last.
        arguments: others of `prepare`.
        validation, test: rows of their own.
        cleanse: what is done to inputs before the honest score is taken, such as taking a leaked feature away.
        fresh: rows for the honest score, in place of those held out.
        rounded: whether predictions are numbers that stand for classes.
        alone: whether each row is answered by itself for the honest score.
        reading: arguments of `read`, such as weights of the rows.
        link: what makes a prediction of an output, for the honest score; None: it is one.
    """

    task: Task
    blocks: tuple[Block, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    validation: Pair | None = None
    test: Pair | None = None
    cleanse: Callable[[np.ndarray], np.ndarray] | None = None
    fresh: Pair | None = None
    rounded: bool = False
    alone: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)
    link: Callable[[np.ndarray], np.ndarray] | None = None

    @cached_property
    def dataset(self) -> bl.Dataset:
        """Read once, so that runs of several seeds share it."""
        words = "regression" if self.rounded else self.task.words
        y = self.task.y.astype(np.float32) if words == "regression" else self.task.y
        return bl.read(self.task.x, **{"y": y, "task": words, **self.reading}).with_parts(self.validation, self.test)

    def prepare(self, seed: int) -> Run:
        return bl.prepare(bl.Sequential(*self.blocks), self.dataset, seed=seed, **self.arguments)

    def with_arguments(self, **values: Any) -> "Recipe":
        return replace(self, arguments={**self.arguments, **values})

    def with_blocks(self, blocks: Mapping[int, Block | tuple[Block, ...]]) -> "Recipe":
        """Other blocks in some places; several take the place of one."""
        new: list[Block] = []
        for place, block in enumerate(self.blocks):
            given = blocks.get(place, block)
            new += given if isinstance(given, tuple) else [given]
        return replace(self, blocks=tuple(new))

    def with_task(self, task: Task) -> "Recipe":
        return replace(self, task=task)

    @property
    def places(self) -> list[int]:
        """Where hidden layers with weights stand; the head is left out."""
        return [place for place, block in enumerate(self.blocks[:-1]) if isinstance(block, WEIGHTED)]

    def after(self, kind: type[Block] | tuple[type[Block], ...]) -> list[int]:
        """Where hidden Dense and Conv layers stand that a layer of this kind follows."""
        found = [p for p in self.places if isinstance(self.blocks[p], bl.Dense | bl.Conv)]
        return [place for place in found if isinstance(self.blocks[place + 1], kind)]

    def inputs_of(self, place: int) -> int:
        """How many inputs each unit of a layer has."""
        network = bl.Sequential(*self.blocks)
        plan = list(network.plan(self.task.x.shape[1:]).parts.values())[place]
        return int(np.prod(plan.parameters["weight"].shape[:-1]))

    def names(self, run: Run, places: tuple[int, ...]) -> tuple[str, ...]:
        """The paths of blocks in the network of a run, which begins with preprocessing."""
        named = list(run.network.named.items())
        start = next(i for i, (_, block) in enumerate(named) if block is self.blocks[0] or block == self.blocks[0])
        return tuple(named[start + place][0] for place in places)

    def score(self, model: bl.Model) -> float:
        """The score that the run itself reports on its held-out rows: accuracy, or r²."""
        name = "accuracy" if model.schema.classes else "r2"
        rows = [(model.scores[part][name], model.rows[part]) for part in ("validation", "test") if model.rows[part]]
        return max(LOWEST, sum(score * count for score, count in rows) / sum(count for _, count in rows))

    def honest(self, model: bl.Model) -> float:
        """What the run is worth on rows as they come in use."""
        if not (self.fresh or self.cleanse or self.rounded or self.alone or self.link):
            return self.score(model)
        run = model.run
        assert run is not None
        if self.fresh is not None:
            x, y = model.encoded(self.fresh[0]), self.fresh[1]
        else:
            parts = (run.parts.validation, run.parts.test)
            x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y"))
        x = x if self.cleanse is None else self.cleanse(x)
        said = alone(model, x) if self.alone else model.predict_encoded(x)
        said = said if self.link is None else self.link(said)
        if self.rounded and not model.schema.classes:
            return float((np.rint(said).ravel() == y).mean())
        if model.schema.classes:
            return float((said.argmax(-1) == y).mean())
        return max(LOWEST, float(1 - np.square(said.ravel() - y).sum() / np.square(y - y.mean()).sum()))


def neighbors(run: Run) -> float:
    """What the five nearest neighbors score on the held-out rows, accuracy or r²: what is learned by no network."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    train, parts = run.parts.train, [part for part in (run.parts.validation, run.parts.test) if len(part)]
    x = np.nan_to_num(np.concatenate([train.x, *(part.x for part in parts)]).reshape(-1, train.x[0].size))
    x = (x - x[: len(train)].mean(0)) / (x[: len(train)].std(0) + 1e-6)
    kind = KNeighborsClassifier if run.objective.classes else KNeighborsRegressor
    y = np.concatenate([part.y for part in parts])
    return float(kind().fit(x[: len(train)], train.y).score(x[len(train) :], y))


def alone(model: bl.Model, x: np.ndarray) -> np.ndarray:
    """What a model says of each row in a batch of its own; regression in the targets' own scale."""

    def one(row: Any) -> Any:
        outputs = model.objective.outputs(model.parameters, model.state, row[None])
        outputs = outputs if model.schema.classes else model.objective.in_units(outputs, model.state)
        return model.objective.predictions(outputs)[0]

    return np.asarray(jax.jit(lambda rows: jax.lax.map(one, rows))(x))
