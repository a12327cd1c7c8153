"""Do the data fit in memory, and what does a pass over them cost?"""

from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.ticker import LogLocator

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.shapes import Array, Tree

FEATURES, ROWS, BLOCK = 20, 1500, 150
WIDTHS, COUNTS = (64, 128, 256), (500, 1000, 2000)
NETWORK = "Dense(16), ReLU, Dense(1)"


def run() -> Outcome:
    """One run with all rows on the device and one with a tenth of them; passes of more rows and wider layers."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    whole, blocks = (
        bl.fit(NETWORK, x, y, epochs=12, learning_rate=0.01, split=(1, 0, 0), block_rows=rows) for rows in (None, BLOCK)
    )
    apart = max(
        float(jnp.abs(ours - theirs).max())
        for ours, theirs in zip(jax.tree.leaves(whole.parameters), jax.tree.leaves(blocks.parameters), strict=True)
    )
    by_rows = [cost_of(rows, 128) for rows in COUNTS]
    by_width = [cost_of(1000, width) for width in WIDTHS]
    (first_rows, _), (last_rows, _) = by_rows[0], by_rows[-1]
    (first_width, _), (last_width, _) = by_width[0], by_width[-1]
    finding = (
        f"{ROWS:,} rows of {FEATURES} numbers take {4 * ROWS * FEATURES:,} bytes; with {BLOCK} rows at a time on the "
        f"device {4 * BLOCK * FEATURES:,} are enough, and {whole.epochs} epochs lead to "
        f"{'the same' if apart < 1e-5 else 'other'} weights ({'exactly' if apart == 0 else f'within {apart:.0e}'}): "
        f"each step needs its own batch alone. A pass over {COUNTS[-1] // COUNTS[0]} times the rows makes "
        f"{last_rows / first_rows:.0f} times the multiply-adds; through two layers {WIDTHS[-1] // WIDTHS[0]} times as "
        f"wide, {last_width / first_width:.0f} times."
    )
    with panels(1, 3, size=(10.2, 3.6)) as (picture, ((losses, rows, widths),)):
        for model, color, style, width, name in (
            (whole, GRAY, "-", 5, "all rows on the device"),
            (blocks, VERMILLION, "--", 1.8, f"{BLOCK} rows at a time"),
        ):
            losses.plot(
                1 + np.arange(model.epochs),
                model.history["train_loss"],
                style,
                color=color,
                linewidth=width,
                label=name,
            )
        losses.set(xlabel="epoch", ylabel="training loss", title="Streaming changes nothing")
        losses.legend(fontsize=8.5)
        for axes, sizes, costs, name, power in (
            (rows, COUNTS, by_rows, "rows", 1),
            (widths, WIDTHS, by_width, "units in each layer", 2),
        ):
            seconds = np.array([second for _, second in costs])
            axes.plot(sizes, 1e3 * seconds, "o-", color=BLUE, label="measured")
            guide = seconds[-1] * (np.array(sizes) / sizes[-1]) ** power
            axes.plot(
                sizes, 1e3 * guide, ":", color=VERMILLION, label=f"∝ {name.split()[0]}{'²' if power == 2 else ''}"
            )
            axes.set(
                xscale="log",
                yscale="log",
                xlabel=name,
                ylabel="milliseconds a pass",
                title=f"Time by {name.split()[0]}",
            )
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.minorticks_off()
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.legend()
    measures = {
        "apart": apart,
        "bytes": float(4 * ROWS * FEATURES),
        "block bytes": float(4 * BLOCK * FEATURES),
        "growth by rows": last_rows / first_rows,
        "growth by width": last_width / first_width,
    }
    return Outcome(picture, finding, apart < 1e-5, measures)


def cost_of(rows: int, width: int) -> tuple[int, float]:
    """The multiply-adds of all rows forward, and the seconds of a pass forward and backward."""
    network = bl.network(f"Dense({width}), ReLU, Dense({width}), ReLU, Dense(1)")
    parameters, _ = network.initialize((FEATURES,), jax.random.key(0))
    x = jnp.ones((rows, FEATURES))

    def loss(parameters: Tree) -> Array:
        return (network.apply(parameters, {}, x, bl.Context())[0] ** 2).mean()

    look = jax.jit(bl.value_and_grad(loss))
    jax.block_until_ready(look(parameters))
    seconds = []
    for _ in range(5):
        started = perf_counter()
        jax.block_until_ready(look(parameters))
        seconds.append(perf_counter() - started)
    return rows * network.summary((FEATURES,)).multiply_adds, min(seconds)


LESSON = Lesson(
    name="memory-and-complexity",
    title="Do the data fit in memory, and what does a pass cost?",
    rows=(82,),
    claim="The gradient over all data is expensive, and do they fit in memory? A step on a part of them needs that "
    "part alone (document 4).",
    experiment=f"{NETWORK} on {ROWS:,} rows, 12 epochs, once with all rows on the device and once with {BLOCK} at a "
    f"time, the same seed; then the time and the multiply-adds of one pass, forward and backward, for {COUNTS[0]:,} "
    f"to {COUNTS[-1]:,} rows and two layers of {WIDTHS[0]} to {WIDTHS[-1]} units (the shortest of five).",
    run=run,
)
