"""The race: Backlit beside its peers on the same work, each in its own process, in interleaved rounds.

    python benchmarks/race.py [--rows mlp-small,cnn] [--peers backlit,pytorch] [--rounds 5] [--seconds 0.8]

For each row every peer starts from the same weights, trains the row's epochs, and tells its loss before and after: the
starts have to agree, and who did not learn as much as the others is no rival. Then the rounds: in each, one process
after another trains for about the same time while the others wait. It prints the table, and writes it with all figures
to results/.
"""

import argparse
import sys
import time
from statistics import median
from typing import Any

from peers import PEERS, Peer
from processes import Failed, Process
from report import announce, publish
from tasks import TASKS, Task

LIMIT = 150.0  # seconds for an answer; a peer that needs more is left out
SLOW = 3.0  # a variant this many times slower than another in its first epochs runs no rounds


class Entry:
    """A peer's process on a row, and what is known of it."""

    def __init__(self, peer: Peer, variant: str, task: Task) -> None:
        self.peer, self.variant, self.task = peer, variant, task
        self.process = Process(peer.module, variant, task.name, LIMIT)
        self.start_loss = self.process.ask(loss=True)
        first = self.process.ask(train=1)
        self.epoch = self.train(1)
        self.compile = max(first - self.epoch, 0.0)
        if task.epochs > 2:
            self.epoch = self.train(task.epochs - 2)
        self.loss = self.process.ask(loss=True)
        self.rates: list[float] = []

    def train(self, epochs: int) -> float:
        """The seconds of an epoch."""
        return self.process.ask(train=epochs) / epochs

    def run(self, seconds: float) -> None:
        """One round of about so many seconds."""
        self.epoch = self.train(max(1, round(seconds / self.epoch)))
        self.rates.append(self.task.steps * self.task.members / self.epoch)

    def result(self) -> dict[str, Any]:
        begun = self.process.begun
        return {
            "peer": self.peer.name,
            "variant": self.variant,
            "steps_per_second": self.rates,
            "import_seconds": begun["import"],
            "build_seconds": begun["build"],
            "compile_seconds": self.compile,
            "peak_bytes": self.process.ask(peak=True),
            "start_loss": self.start_loss,
            "final_loss": self.loss,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help=f"some of {', '.join(TASKS)}; default: all")
    parser.add_argument("--peers", default="", help="some of the peers, by module; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--seconds", type=float, default=0.8, help="of each peer in a round")
    parser.add_argument("--out", help="the file of the results, without its suffix; default: in results/")
    options = parser.parse_args()
    names = [name for name in options.rows.split(",") if name] or list(TASKS)
    for name in names:
        if name not in TASKS:
            sys.exit(f"there is no row {name!r}: the rows are {', '.join(TASKS)}")
    chosen = set(options.peers.split(",")) if options.peers else {peer.module for peer in PEERS}
    peers = [peer for peer in PEERS if peer.module in chosen]
    began = time.time()
    rows = {}
    for name in names:
        rows[name] = race(TASKS[name], peers, options.rounds, options.seconds)
        announce(name, rows[name])
    publish(rows, time.time() - began, options.out, whole=not options.rows and not options.peers)


def race(task: Task, peers: list[Peer], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """The results of every peer on a row; the fastest variant of each."""
    entries: list[Entry] = []
    missing = []
    for peer in peers:
        if not peer.serves(task):
            continue
        of_peer = []
        for variant in peer.variants:
            try:
                of_peer.append(Entry(peer, variant, task))
            except Failed as reason:
                missing.append({"peer": peer.name, "variant": variant, "missing": str(reason)})
        fastest = min((entry.epoch for entry in of_peer), default=0.0)
        for entry in of_peer:
            if entry.epoch > SLOW * fastest:
                entry.process.end()
            else:
                entries.append(entry)
    for turn in range(rounds):
        for entry in entries if turn % 2 == 0 else reversed(entries):
            entry.run(seconds)
    results = [entry.result() for entry in entries]
    for entry in entries:
        entry.process.end()
    best: dict[str, dict[str, Any]] = {}
    for result in results:
        held = best.get(result["peer"])
        if held is None or median(result["steps_per_second"]) > median(held["steps_per_second"]):
            best[result["peer"]] = result
    return [*best.values(), *(absent for absent in missing if absent["peer"] not in best)]


if __name__ == "__main__":
    main()
