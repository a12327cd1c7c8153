"""The race: Backlit beside its peers on the same work, each in its own process, in interleaved rounds.

    python benchmarks/race.py [--rows mlp-small,cnn] [--peers backlit,pytorch] [--device cpu]

For each row every peer starts from the same weights, trains the row's epochs, and tells its loss before and after: the
starts have to agree, and who did not learn as much as the others is no rival. Then the rounds: in each, one process
after another trains for about the same time while the others wait. It prints the table, and writes it with all figures
to results/.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from peers import PEERS, Found, Peer
from processes import DEVICES, Failed, Process, default_device
from report import announce, publish
from tasks import TASKS, Task

MINUTES = 35.0  # of a whole race: of 40, what installing leaves
LIMIT = 120.0  # seconds until a variant has made two epochs
STARTS = 0.7  # the share of a row's time in which peers start; the rest is for the rounds
SLOW = 2.0  # a variant this many times slower than another of its peer's runs no rounds
FAR = 5.0  # a peer this many times slower than the fastest runs one round alone

Result = dict[str, Any]


class Entry:
    """A peer's process on a row, and what is known of it; its first two epochs tell the time of one."""

    def __init__(self, peer: Peer, variant: str, task: Task, until: float) -> None:
        self.peer, self.variant, self.task = peer, variant, task
        self.members = 1 if variant == "alone" else task.members
        self.process = Process(peer.module, variant, task, until)
        self.start_loss = self.process.ask(loss=True)
        first = self.process.ask(train=1)
        self.epoch = self.train(1)
        self.compile = max(first - self.epoch, 0.0)
        self.loss, self.peak = self.start_loss, 0
        self.rates: list[float] = []

    @property
    def pace(self) -> float:
        """The seconds of an epoch of one network."""
        return self.epoch / self.members

    def train(self, epochs: int) -> float:
        """The seconds of an epoch."""
        return self.process.ask(train=epochs) / epochs

    def learn(self, until: float) -> None:
        """The rest of the row's epochs, and the loss after them."""
        self.process.until = until
        if self.task.epochs > 2:
            self.epoch = min(self.epoch, self.train(self.task.epochs - 2))
        self.loss = self.process.ask(loss=True)

    def run(self, seconds: float, until: float) -> None:
        """One round of about so many seconds; what is not counted before it wakes the process, and tells its pace."""
        self.process.until = until
        if self.epoch < seconds:
            woken = 1 if self.rates else max(1, round(seconds / 4 / self.epoch))
            self.epoch = min(self.epoch, self.train(woken))
        epoch = self.train(max(1, round(seconds / self.epoch)))
        self.epoch = min(self.epoch, epoch)
        self.rates.append(self.task.steps * self.members / epoch)

    def close(self, until: float) -> None:
        """The process's largest memory, and its end."""
        self.process.until = until
        self.peak = self.process.ask(peak=True)
        self.process.end()

    def result(self) -> Result:
        begun = self.process.begun
        return {
            "peer": self.peer.name,
            "variant": self.variant,
            "steps_per_second": self.rates,
            "import_seconds": begun["import"],
            "build_seconds": begun["build"],
            "compile_seconds": self.compile,
            "peak_bytes": self.peak,
            "start_loss": self.start_loss,
            "final_loss": self.loss,
        }


class Row:
    """One row of the race.

    Args:
        task: its work, stored.
        until: the clock when its rounds end.
        tell: what is told of its progress.
    """

    def __init__(self, task: Task, until: float, tell: Callable[[str], None]) -> None:
        self.task, self.until, self.tell = task, until, tell
        self.starts = time.time() + STARTS * (until - time.time())
        self.entries: list[Entry] = []
        self.missing: list[Result] = []

    def start(self, peers: list[Peer]) -> None:
        """Start the peers, and keep the variants that may be the fastest."""
        found: Found = {}
        for peer in peers:
            started: list[Entry] = []
            for variant in peer.variants(self.task, found):
                self.tell(f"{peer.name} ({variant})")
                try:
                    started.append(Entry(peer, variant, self.task, min(time.time() + LIMIT, self.starts)))
                except Failed as reason:
                    self._miss(peer, variant, reason)
            if started:
                fastest = min(started, key=lambda entry: entry.epoch)
                found[peer.name] = fastest.variant
                kept = [entry for entry in started if entry.epoch <= SLOW * fastest.epoch]
                for entry in started:
                    if entry not in kept:
                        entry.process.end()
                self.entries += kept
                self._each(kept, lambda entry: entry.learn(self.starts))

    def run(self, rounds: int, seconds: float) -> None:
        """The rounds, in turning order; a peer that is far behind runs the first alone."""
        fastest = min((entry.pace for entry in self.entries), default=0.0)
        near = [entry for entry in self.entries if entry.peer.module == "backlit" or entry.pace <= FAR * fastest]
        for turn in range(rounds):
            if turn and time.time() > self.until:
                return
            self.tell(f"round {turn + 1} of {rounds}, {len(self.entries)} processes")
            running = [entry for entry in self.entries if not turn or entry in near]
            self._each(running if turn % 2 else running[::-1], lambda entry: entry.run(seconds, self.late))

    @property
    def late(self) -> float:
        """When an answer in the rounds is too late."""
        return max(self.until, time.time() + LIMIT)

    def results(self) -> list[Result]:
        """Of the fastest variant of each peer; of a peer that has none, why."""
        self._each(list(self.entries), lambda entry: entry.close(self.late))
        best: dict[str, Result] = {}
        for entry in self.entries:
            held = best.get(entry.peer.name)
            if held is None or median(entry.rates) > median(held["steps_per_second"]):
                best[entry.peer.name] = entry.result()
        return [*best.values(), *(absent for absent in self.missing if absent["peer"] not in best)]

    def _each(self, entries: Iterable[Entry], call: Callable[[Entry], None]) -> None:
        """Call for each entry; who fails is out."""
        for entry in entries:
            try:
                call(entry)
            except Failed as reason:
                self._miss(entry.peer, entry.variant, reason)
                self.entries.remove(entry)

    def _miss(self, peer: Peer, variant: str, reason: Failed) -> None:
        self.missing.append({"peer": peer.name, "variant": variant, "missing": str(reason)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help=f"some of {', '.join(TASKS)}; default: all")
    parser.add_argument("--peers", default="", help="some of the peers, by module; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--seconds", type=float, default=0.8, help="of each peer in a round")
    parser.add_argument("--device", choices=DEVICES, help="default: a GPU where JAX has one")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="the most that all rows together may take")
    options = parser.parse_args()
    names = [name for name in options.rows.split(",") if name] or list(TASKS)
    for name in names:
        if name not in TASKS:
            sys.exit(f"there is no row {name!r}: the rows are {', '.join(TASKS)}")
    chosen = set(options.peers.split(",")) if options.peers else {peer.module for peer in PEERS}
    peers = [peer for peer in PEERS if peer.module in chosen]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        race(names, peers, options)
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: nothing is written")
    finally:
        for process in list(Process.running):
            process.end()


def race(names: list[str], peers: list[Peer], options: argparse.Namespace) -> None:
    """Run the rows, each in its time and what the rows before it have left over, and publish them."""
    planned = {name: TASKS[name].seconds for name in names}
    total = sum(planned.values())
    print(f"about {total / 60:.0f} minutes: {', '.join(f'{name} {spent:g} s' for name, spent in planned.items())}\n")
    device = options.device or default_device()
    began = until = time.time()
    rows: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names, start=1):

            def tell(words: str, place: str = f"{number}/{len(names)} {name}") -> None:
                tell_progress(f"{place}, {(time.time() - began) / 60:.1f} min: {words}")

            until += 60 * options.minutes * planned[name] / total
            row = Row(replace(TASKS[name].stored(Path(folder) / f"{name}.npz"), device=device), until, tell)
            row.start(peers)
            row.run(options.rounds, options.seconds)
            rows[name] = row.results()
            tell_progress("")
            announce(name, rows[name])
    publish(rows, time.time() - began, device, whole=not options.rows and not options.peers)


def tell_progress(words: str) -> None:
    """A line that the next one takes the place of, where a person watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words[:79]}", end="", file=sys.stderr, flush=True)
    elif words:
        print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
