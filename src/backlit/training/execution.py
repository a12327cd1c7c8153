"""The execution of a run: the compiled program, looked at by Python now and then, and what comes after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import jax
import numpy as np

from backlit.data import Part
from backlit.errors import TrainingError
from backlit.optimizers import plateau_named
from backlit.shapes import Array
from backlit.training.baseline import baseline_scores, last_values, persistence_scores
from backlit.training.compilation import ONCE, known
from backlit.training.devices import SHARE, fits, free_bytes, free_programs
from backlit.training.failure import locate
from backlit.training.history import History, telemetry_columns
from backlit.training.mistakes import notes_on_mistakes
from backlit.training.model import Model
from backlit.training.objective import Batch
from backlit.training.program import Carry, Epoch, Program, Steps
from backlit.training.representation import layers_of
from backlit.training.resident import Resident
from backlit.training.scoring import Rows, Scorer
from backlit.training.stopping import CONVERGED, NONFINITE, PATIENCE, RUNNING
from backlit.training.streaming import Blocks

if TYPE_CHECKING:
    from backlit.training.run import Run

WATCHED_SHARE = 10  # of so many training rows one is scored each epoch, where validation rows watch over the run
WATCHED_ROWS = 256, 4096  # of the sample, a fixed random one: at least and at most; without validation rows the most
GLANCE = 0.25  # seconds of work between two visits to Python


class Progress(NamedTuple):
    """What is told of a run while it trains; times in seconds.

    A sweep also tells what it does besides training, in `doing`: before a program's first epoch, that it is compiled;
    and in `place` which program's epoch it is, and of how many members the losses and scores are the best one's. They
    are those told last while it compiles, and no numbers before the first. In a sweep `seconds` counts compiling and
    scoring, too, and `seconds_left`, an estimate where `bounded` is false, is no number where nothing is known yet.
    `history` is that of a `run` so far, with its telemetry.
    """

    epoch: int
    epochs: int
    loss: float
    validation_loss: float | None
    score: float
    validation_score: float | None
    score_name: str
    best_epoch: int
    seconds: float
    seconds_left: float
    bounded: bool = True
    doing: str = ""
    place: str = ""
    history: History | None = None
    run: Run | None = None


Follow: TypeAlias = Callable[[Progress], str | None]
"""What is told of a run; a text that it answers stops a run that trains alone, and is why it stopped."""


class Source(Protocol):
    """What is asked of the compiled run when it is over."""

    compiling: float

    def replay(self, carry: Carry, made: int) -> Steps:
        """The first `made` steps of the epoch that follows the carry."""


class Execution:
    """One pass through a run: the loop over chunks of epochs, and what comes after it.

    Args:
        run, progress: the run, and what is called a few times a second.
        alone: whether it begins by itself; else a population sets `key` and `carry`.
        time_limit: seconds of training; None: the settings' own.
    """

    key: Array
    carry: Carry

    def __init__(
        self,
        run: Run,
        progress: Follow | None,
        alone: bool = True,
        time_limit: float | None = None,
    ) -> None:
        free_programs()
        self.run, self.progress = run, progress
        self.settings = run.settings
        self.time_limit = run.settings.time_limit if time_limit is None else time_limit
        self.started = time.perf_counter()
        self.training = 0.0
        self.scale = run.objective.scale(run.fitted)
        self.scorer = Scorer(run.objective, self.scale, run.parts.schema.target, len(run.parts.train.x))
        self.history = History()
        self.made = 0
        part = run.parts.train
        self.y = {name: run.objective.targets(p.y, run.fitted) for name, p in self._parts().items()}
        self.program = Program(
            run.objective,
            run.transformation,
            len(part.x),
            int(self.settings.batch_size or 1),
            self.settings.patience,
            self.settings.tolerance,
            self.settings.average,
            plateau_named(str(self.settings.schedule)),
            self.settings.telemetry,
        )
        if alone:
            self.key, self.carry = jax.jit(self._begin, compiler_options=known(ONCE))(self.settings.seed, run.fitted)
        self.watched = self._watched()

    def _parts(self) -> dict[str, Part]:
        parts = self.run.parts
        named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
        return {name: part for name, part in named.items() if len(part.x)}

    def _begin(self, seed: Any, fitted: Any) -> tuple[Array, Carry]:
        """The key of the run's randomness, and the run before its first epoch."""
        key, draw = jax.random.split(jax.random.key(seed))
        parameters, state = self.run.initialize(draw)
        return key, self.program.begin(parameters, {**state, **fitted})

    def finish(self) -> Model:
        """Train until something stops it, then score what is kept."""
        return self.conclude(self._loop(self.source), self.source)

    def conclude(self, word: str | None, source: Source) -> Model:
        """The model of a run that is over: stopped by `word`, or by what its watch says.

        Raises:
            TrainingError: the first epoch already turned non-finite.
        """
        watch = jax.tree.map(lambda value: value.item(), self.carry.watch)
        stopped = word or {PATIENCE: "patience", CONVERGED: "converged", RUNNING: "epochs"}.get(watch.stop, "")
        notes = list(self.run.notes)
        if watch.stop == NONFINITE:
            place = locate(self.program, self.key, self.carry, source.replay, self.data)
            stopped = f"non-finite in epoch {watch.epoch + 1}: {place}"
            notes.append(
                f"the loss turned non-finite in epoch {watch.epoch + 1}, {place}; the last good weights are kept"
            )
            if watch.epoch == 0:
                rate = self.settings.learning_rate
                raise TrainingError(
                    f"the loss turned non-finite in the first epoch, {place}; "
                    f"try a lower learning rate{f' than {rate:g}' if rate else ''}, or check the data's scale"
                )
        notes += notes_on_mistakes(self.run, self.history)
        parameters, state = self.carry.best
        try:
            scores = self._scores(parameters, state)
        except KeyboardInterrupt:
            scores, stopped = {}, "interrupted"
            notes.append("interrupted while it was scored: there are no scores; evaluate makes them")
        return Model(
            network=self.run.network,
            input_shape=self.run.input_shape,
            schema=self.run.parts.schema,
            loss=self.run.objective.loss,
            parameters=parameters,
            state=state,
            settings=self.settings,
            history=self.history,
            scores=scores,
            rows={name: len(getattr(self.run.parts, name).x) for name in ("train", "validation", "test")},
            stopped=stopped,
            epochs=watch.epoch,
            best_epoch=watch.best_epoch,
            seconds={
                "compile": source.compiling,
                "train": self.training,
                "total": time.perf_counter() - self.started,
            },
            steps_per_second=self.made / self.training if self.training else 0.0,
            notes=notes,
            run=self.run,
        )

    @cached_property
    def source(self) -> Resident | Blocks:
        """The data and the compiled run."""
        rows = self.settings.block_rows
        if rows is None and fits(sum(part.x.nbytes for part in self._parts().values())):
            return Resident(self.program, self.key, self.carry, self.data(), self.watched)
        rows = rows or int(SHARE * free_bytes() / max(self.run.parts.train.x[:1].nbytes, 1))
        return Blocks(self.program, self.key, self.data, self.watched, self.scorer, rows)

    def data(self, rows: np.ndarray | slice = slice(None)) -> Batch:
        """Training rows on the device."""
        x, y = self.run.parts.train.x[rows], self.y["train"][rows]
        weight = self.run.row_weights[rows] if (self.run.row_weights != 1).any() else None
        return Batch(*jax.device_put((x, y, weight, np.ones(len(x), np.float32))))

    def _watched(self) -> dict[str, Rows]:
        """The rows that are scored each epoch, by part."""
        watched = {name: Rows(part.x, self.y[name]) for name, part in self._parts().items() if name != "test"}
        x, y = watched["train"]
        if len(self.sample) < len(x):
            watched["train"] = Rows(x[self.sample], y[self.sample])
        return watched

    @cached_property
    def sample(self) -> np.ndarray:
        """The training rows that are scored each epoch."""
        rows = len(self.run.parts.train.x)
        count = (
            int(np.clip(rows // WATCHED_SHARE, *WATCHED_ROWS)) if len(self.run.parts.validation) else WATCHED_ROWS[1]
        )
        if rows <= count:
            return np.arange(rows)
        return np.sort(np.random.default_rng(self.settings.split_seed).choice(rows, count, replace=False))

    @cached_property
    def layers(self) -> list[str]:
        """The paths of the network's layers, in its order."""
        return [path for path, _ in layers_of(self.run.network.plan(self.run.input_shape))]

    def _loop(self, source: Resident | Blocks) -> str | None:
        """Chunks of epochs until the run stops; says why where it was not the program that stopped it."""
        done, chunk, begun = 0, 1, time.perf_counter()
        limit = self.time_limit
        try:
            while done < int(self.settings.epochs or 1):
                before = time.perf_counter()
                until = min(done + chunk, int(self.settings.epochs or 1))
                carry, records = jax.block_until_ready(source.advance(self.carry, until))
                spent = time.perf_counter() - before
                self.training = time.perf_counter() - begun
                watch = jax.device_get(carry.watch)
                new = int(watch.epoch) - done
                self.carry = self._before_failure(source, carry) if watch.stop == NONFINITE else carry
                self.record(jax.tree.map(lambda rows, n=new: np.asarray(rows)[:n], records), done)
                done = int(watch.epoch)
                if watch.stop != RUNNING:
                    return None
                if word := self.tell(watch):
                    return word
                if limit is not None and self.training >= limit:
                    return "time"
                chunk = max(1, min(2 * chunk, int(chunk * GLANCE / max(spent, 1e-6))))
        except KeyboardInterrupt:
            return "interrupted"
        return None

    def _before_failure(self, source: Resident | Blocks, carry: Carry) -> Carry:
        """The run before the epoch that turned non-finite, which was made in place, with the watch after it."""
        good = int(carry.watch.epoch)
        again = good > int(self.carry.watch.epoch)
        before = source.advance(self.carry, good)[0] if again else self.carry
        return before._replace(watch=carry.watch)

    def record(self, records: Epoch, done: int) -> None:
        """Add the records of the epochs after `done` to the history."""
        count = len(records.loss)
        if not count:
            return
        self.made += count * self.program.steps
        columns: dict[str, np.ndarray] = {
            "epoch": np.arange(done + 1, done + count + 1),
            "loss": np.asarray(records.loss),
        }
        for name, sums in (("train", records.train), ("validation", records.validation)):
            if name in self.watched:
                scores = self.scorer.scores(sums, self.watched[name].y)
                columns |= {f"{name}_{score}": values for score, values in scores.items()}
        self.history.extend({**columns, **telemetry_columns(records.telemetry, self.layers)})

    def tell(self, watch: Any) -> str | None:
        """Tell of the progress; the answer is why the run is to stop, if it is."""
        if self.progress is None or not len(self.history):
            return None
        name = self.scorer.columns[-1]
        last = {column: self.history[column][-1] for column in self.history.columns[:8]}
        epoch, epochs = int(watch.epoch), int(self.settings.epochs or 1)
        left, limit = self.training / max(epoch, 1) * (epochs - epoch), self.time_limit
        return self.progress(
            Progress(
                epoch=epoch,
                epochs=epochs,
                loss=float(last["train_loss"]),
                validation_loss=float(last["validation_loss"]) if "validation_loss" in last else None,
                score=float(last[f"train_{name}"]),
                validation_score=float(last[f"validation_{name}"]) if f"validation_{name}" in last else None,
                score_name=name,
                best_epoch=int(watch.best_epoch),
                seconds=self.training,
                seconds_left=left if limit is None else min(left, max(limit - self.training, 0.0)),
                history=self.history,
                run=self.run,
            )
        )

    def _scores(self, parameters: Any, state: Any) -> dict[str, dict[str, float]]:
        scores = {}
        for name, part in self._parts().items():
            scores[name] = self.scorer.score(parameters, state, part.x, self.y[name])
        output = self.run.objective.body.plan(self.run.input_shape).output
        judged = "test" if "test" in self.y else "train"
        y, names = self.y[judged], self.scorer.names
        scores["baseline"] = baseline_scores(self.run.objective, self.y["train"], y, output, self.scale, names)
        last = last_values(self.run.parts.schema, self._parts()[judged].x)
        if last is not None:
            last = self.run.objective.targets(last.reshape(y.shape), self.run.fitted)
            scores["persistence"] = persistence_scores(self.run.objective, last, y, output, self.scale, names)
        return scores
