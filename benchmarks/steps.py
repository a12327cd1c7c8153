"""Steps per second of training a small network: Backlit's fit against a PyTorch loop with its fused Adam.

A 64-64-64-10 multilayer perceptron on the digits, batches of 32, Adam at the same rate, float32, the same rows and the
same initial weights. Backlit is counted twice: as `fit` runs, with shuffling, telemetry and the scoring of every epoch,
and with shuffling and steps alone, which is what the PyTorch loop does. PyTorch shuffles once an epoch, slices its
batches, and is tried with one thread and with all; the faster counts.

    python benchmarks/steps.py [--rounds 7] [--epochs 50]
"""

import argparse
import os
from collections.abc import Callable
from functools import partial
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax
from timing import interleave, ratio, seconds, show, verdict

import backlit as bl
from backlit.training.execution import Execution
from backlit.training.program import Carry, Program
from backlit.training.run import Run

NETWORK = "Dense(64), ReLU, Dense(64), ReLU, Dense(10)"
BATCH, RATE = 32, 1e-3
GOAL = 6  # times PyTorch's steps per second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    parser.add_argument("--epochs", type=int, default=50, help="epochs a round")
    options = parser.parse_args()
    run = bl.prepare(
        NETWORK, "digits", split=(1, 0, 0), epochs=options.epochs, batch_size=BATCH, learning_rate=RATE, l2=0.0
    )
    execution = Execution(run, None)
    losses: dict[str, float] = {}
    threads = sorted({1, os.cpu_count() or 1})
    calls: dict[str, Callable[[], float]] = {
        "backlit fit": partial(fit, run, losses),
        "backlit steps alone": steps_alone(execution, losses),
        **{f"pytorch, {n} thread{'s' * (n > 1)}": partial(torch_loop, execution, n, losses) for n in threads},
    }
    for call in calls.values():
        call()
    figures = interleave(calls, options.rounds)
    fastest = max(list(calls)[2:], key=lambda name: median(figures[name]))
    rows = [("loop", "steps/s", "min", "max", "final loss", f"ratio to {fastest}", "goal")]
    for name, rates in figures.items():
        value = ratio(figures, name, fastest)
        goal = verdict(value, GOAL, at_least=True) if name == "backlit fit" else ""
        spread = (f"{statistic(rates):.0f}" for statistic in (median, min, max))
        rows.append((name, *spread, f"{losses[name]:.4f}", f"{value:.2f}", goal))
    show(rows)


def fit(run: Run, losses: dict[str, float]) -> float:
    model = run.train()
    losses["backlit fit"] = model.scores["train"]["loss"]
    return model.steps_per_second


def steps_alone(execution: Execution, losses: dict[str, float]) -> Callable[[], float]:
    """The compiled steps of all epochs, shuffling included, without telemetry, scoring and stopping."""
    program, start, data, key = execution.program, execution.carry, execution.data(), execution.key
    epochs = int(execution.settings.epochs or 1)

    @jax.jit
    def train(carry: Carry) -> Carry:
        def epoch(index: int, carry: Carry) -> Carry:
            watched = carry._replace(watch=carry.watch._replace(epoch=jnp.int32(index)))
            steps = Program.replay(program, watched, data, key, jnp.int32(program.steps))
            return carry._replace(trained=steps.trained)

        return lax.fori_loop(0, epochs, epoch, carry)

    def call() -> float:
        spent = seconds(lambda: jax.block_until_ready(train(start)))
        trained = train(start).trained
        sums = execution.scorer.measure(trained.parameters, trained.state, np.asarray(data.x), np.asarray(data.y))
        losses["backlit steps alone"] = float(sums.loss / sums.rows)
        return epochs * program.steps / spent

    return call


def torch_loop(execution: Execution, threads: int, losses: dict[str, float]) -> float:
    torch.set_num_threads(threads)
    run = execution.run
    standardize = next(iter(run.fitted.values()))
    x = torch.from_numpy(np.asarray((run.parts.train.x - standardize["mean"]) / standardize["scale"], np.float32))
    y = torch.from_numpy(np.asarray(run.parts.train.y, np.int64))
    layers: list[torch.nn.Module] = []
    for parameters in execution.carry.trained.parameters.values():
        layer = torch.nn.Linear(*parameters["weight"].shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.array(parameters["weight"]).T))
            layer.bias.copy_(torch.from_numpy(np.array(parameters["bias"])))
        layers += [layer, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    cross_entropy = torch.nn.functional.cross_entropy
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    epochs = int(run.settings.epochs or 1)

    def train() -> None:
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for x_batch, y_batch in zip(x[order].split(BATCH), y[order].split(BATCH), strict=True):
                optimizer.zero_grad(set_to_none=True)
                cross_entropy(network(x_batch), y_batch).backward()
                optimizer.step()

    spent = seconds(train)
    with torch.no_grad():
        losses[f"pytorch, {threads} thread{'s' * (threads > 1)}"] = float(cross_entropy(network(x), y))
    return epochs * execution.program.steps / spent


if __name__ == "__main__":
    main()
