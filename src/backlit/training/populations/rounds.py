"""The rounds of a population: groups of members go some epochs ahead in threads, then Python looks at them.

Between two rounds members end (patience, a loss that is no number, a rung of halving), and the others close ranks once
that saves time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from backlit.training.execution import GLANCE, Execution, Follow
from backlit.training.model import Model
from backlit.training.populations.cohort import Cohort, Own
from backlit.training.populations.forms import Form, form_of, touched_bytes
from backlit.training.populations.halving import Halving
from backlit.training.populations.members import values_of
from backlit.training.program import CHUNK_EPOCHS, Carry, Epoch, Steps
from backlit.training.stopping import NONFINITE, RUNNING

if TYPE_CHECKING:
    from backlit.training.run import Run


@dataclass
class Group:
    """Members that go side by side; copies of the last one, stopped, fill the group where they are too few."""

    members: list[int]
    carry: Carry
    own: Own


class Ended(NamedTuple):
    """A member that is over: its state, on the host, why it was stopped from outside, and after how many seconds."""

    carry: Carry
    word: str | None
    seconds: float


@dataclass
class Remains:
    """The source of a member that is over."""

    cohort: Cohort
    member: int
    compiling: float

    def replay(self, carry: Carry, made: int) -> Steps:
        """The first `made` steps of the epoch that follows the carry."""
        return self.cohort.replay(carry, self.cohort.own.take(self.member), made)


class Rounds:
    """The training of runs that share a program.

    Args:
        runs: at least two.
        progress: called with the progress of the member whose watched loss is lowest so far.
        halving: how the worse ones are stopped; None: they are not.
        time_limit: seconds of training; None: the settings' own.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        progress: Follow | None,
        halving: Halving | None,
        time_limit: float | None = None,
    ) -> None:
        self.executions = [Execution(run, progress, alone=False, time_limit=time_limit) for run in runs]
        for execution in self.executions[1:]:
            execution.scorer.share(self.executions[0].scorer)
        self.run, self.epochs, self.halving = runs[0], int(runs[0].settings.epochs or 1), halving
        self.teams = teams_of(runs)
        self.rungs = halving.rungs(len(self.teams), self.epochs) if halving else []
        self.cohort = Cohort(self.executions)
        self.records: list[list[Epoch]] = [[] for _ in runs]
        self.watches: list[Any] = [None] * len(runs)
        self.ended: dict[int, Ended] = {}
        self.compiled: dict[int, Callable[..., tuple[Carry, Epoch]]] = {}
        self.compiling, self.training, self.done, self.chunk = 0.0, 0.0, 0, 1

    def train(self) -> None:
        """Train until every member is over."""
        members: list[int] = list(range(len(self.executions)))
        carry = self.cohort.begin()
        carried = sum(leaf.nbytes for leaf in jax.tree.leaves(carry.trained)) // len(members)
        touched = touched_bytes(self.run, carried)
        form = form_of(self.run.network, len(members), touched)
        with ThreadPoolExecutor(form.threads) as pool:
            while members:
                width = form.width
                groups = [
                    self._group(members[at : at + width], carry, at, width) for at in range(0, len(members), width)
                ]
                form = self._until_room(pool, groups, form, touched)
                members, carry = self._running(groups)

    def conclude(self, member: int) -> Model:
        """The model of a member that is over.

        Raises:
            TrainingError: its first epoch already turned non-finite.
        """
        execution, ended = self.executions[member], self.ended[member]
        execution.key = self.cohort.key(member)
        execution.carry = self.cohort.joined(ended.carry, execution.run.fitted)
        execution.training = ended.seconds
        self._record(member)
        return execution.conclude(ended.word, Remains(self.cohort, member, self.compiling))

    def _group(self, members: list[int], carry: Carry, at: int, width: int) -> Group:
        """Members whose states lie from `at` on in a stacked carry."""
        missing = width - len(members)
        places = [*range(at, at + len(members)), *[at + len(members) - 1] * missing]
        taken = jax.tree.map(lambda leaf: leaf[places], carry)
        stop = np.asarray([RUNNING] * len(members) + [NONFINITE] * missing, np.int32)
        taken = taken._replace(watch=taken.watch._replace(stop=stop))
        own = self.cohort.own.take(np.asarray([*members, *members[-1:] * missing]))
        return Group(members, *jax.device_put((taken, own)))

    def _until_room(self, pool: ThreadPoolExecutor, groups: list[Group], form: Form, touched: int) -> Form:
        """Rounds until no member runs, or until those that do had better close ranks: in which form."""
        if form.width not in self.compiled:
            begun = time.perf_counter()
            self.compiled[form.width] = self.cohort.compile(groups[0].carry, groups[0].own, form.width)
            self.compiling += time.perf_counter() - begun
        while True:
            busy = [group for group in groups if self._left(group)]
            until = min([self.done + min(self.chunk, CHUNK_EPOCHS), self.epochs, *self._rungs_ahead])
            before = self.training
            word = self._advance(pool, self.compiled[form.width], busy, until)
            pace, self.done = (self.training - before) / (until - self.done), until
            self._end(busy, word)
            left = sum(len(self._left(group)) for group in busy)
            if not left:
                return form
            self.chunk = max(1, min(2 * self.chunk, int(GLANCE / max(pace, 1e-6))))
            narrower = form_of(self.run.network, left, touched)
            saved = pace * (self.epochs - self.done) * (1 - narrower.width / form.width)
            if narrower.width < form.width and saved > self.compiling / len(self.compiled):
                return narrower
            turns = -(-len(busy) // form.threads)
            if -(-left // (form.width * form.threads)) < turns:
                return form

    @property
    def _rungs_ahead(self) -> list[int]:
        return [rung for rung in self.rungs if rung > self.done]

    def _left(self, group: Group) -> list[int]:
        """The places of a group's members that are not over."""
        return [place for place, member in enumerate(group.members) if member not in self.ended]

    def _running(self, groups: list[Group]) -> tuple[list[int], Carry]:
        """The members that are not over, and their states, on the host."""
        members = [group.members[place] for group in groups for place in self._left(group)]
        kept = [
            jax.tree.map(lambda leaf, p=p: leaf[p], jax.device_get(g.carry)) for g in groups if (p := self._left(g))
        ]
        return members, jax.tree.map(lambda *leaves: np.concatenate(leaves), *kept) if kept else groups[0].carry

    def _advance(self, pool: ThreadPoolExecutor, advance: Any, groups: list[Group], until: int) -> str | None:
        """All groups go on until epoch `until`; says why where the population is stopped from outside."""
        word, done = None, np.int32(self.done)
        before, begun = self.training, time.perf_counter()

        def go(group: Group) -> Any:
            carry, records = advance(group.carry, group.own, self.cohort.tables, done, np.int32(until))
            group.carry = carry
            return jax.device_get((carry.watch, records))

        futures = [pool.submit(go, group) for group in groups]
        try:
            results = [future.result() for future in futures]
            self.training = before + time.perf_counter() - begun
            self._note(groups, results)
            self._tell()
        except KeyboardInterrupt:
            word = "interrupted"
            self._note(groups, [future.result() for future in futures])
            self.training = before + time.perf_counter() - begun
        limit = self.executions[0].time_limit
        return "time" if word is None and limit is not None and self.training >= limit else word

    def _note(self, groups: list[Group], results: list[Any]) -> None:
        """Keep the watches and the records of the epochs that were made."""
        for group, (watch, records) in zip(groups, results, strict=True):
            for place in self._left(group):
                member = group.members[place]
                before = 0 if self.watches[member] is None else int(self.watches[member].epoch)
                self.watches[member] = jax.tree.map(lambda leaf, p=place: leaf[p], watch)
                count = int(self.watches[member].epoch) - before
                self.records[member].append(jax.tree.map(lambda rows, n=count, p=place: rows[:n, p], records))

    def _end(self, groups: list[Group], word: str | None) -> None:
        """Put aside the members that are over: by themselves, or stopped from outside."""
        words: dict[int, str | None] = {}
        if word is not None or self.done == self.epochs:
            words = dict.fromkeys(range(len(self.executions)), word)
        elif self.halving is not None and self.done in self.rungs:
            halved = {member for member, ended in self.ended.items() if ended.word is not None}
            losses = {
                place: fmean(float(self.watches[member].best_loss) for member in team)
                for place, team in enumerate(self.teams)
                if halved.isdisjoint(team)
            }
            stopping = (member for place in self.halving.losers(losses) for member in self.teams[place])
            words = dict.fromkeys(stopping, f"halved at epoch {self.done}")
        for group in groups:
            stopped = {member for member in group.members if self.watches[member].stop != RUNNING}
            over = [p for p in self._left(group) if group.members[p] in stopped or group.members[p] in words]
            # At once: to cut a member out on the device takes long.
            held = jax.device_get(group.carry) if over else None
            for place in over:
                member = group.members[place]
                carry = jax.tree.map(lambda leaf, p=place: leaf[p].copy(), held)
                self.ended[member] = Ended(carry, None if member in stopped else words[member], self.training)

    def _record(self, member: int) -> None:
        """Bring a member's history up to date."""
        execution, parts = self.executions[member], self.records[member]
        if parts:
            execution.record(jax.tree.map(lambda *rows: np.concatenate(rows), *parts), len(execution.history))
            parts.clear()

    def _tell(self) -> None:
        """Tell of the best member's progress."""
        losses = [float(watch.best_loss) for watch in self.watches]
        best = int(np.argmin(losses))
        execution = self.executions[best]
        if execution.progress is not None and np.isfinite(losses[best]):
            self._record(best)
            execution.training = self.training
            execution.tell(self.watches[best])


def teams_of(runs: Sequence[Run]) -> list[list[int]]:
    """The places of runs that differ in the seed alone, together."""
    teams: dict[str, list[int]] = {}
    for place, run in enumerate(runs):
        teams.setdefault(repr((replace(run.settings, seed=0), values_of(run))), []).append(place)
    return list(teams.values())
