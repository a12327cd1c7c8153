"""Row 70: the minimum of the training loss is not that of the loss on other rows."""

import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.training import fit

ROWS, FEATURES, EPOCHS = 160, 10, 150
SEEDS = range(8)


def run() -> Outcome:
    """Both losses epoch by epoch over the seeds, and the epoch of each one's minimum."""
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = (x[:, 0] + 1.0 * random.normal(size=ROWS) > 0).astype(int)
    chosen = {"epochs": EPOCHS, "learning_rate": 0.01, "batch_size": 20, "split": (0.5, 0.5, 0)}
    found = fit("Dense(32), Tanh, Dense(1)", x, y, seed=SEEDS, **chosen)
    train, unseen = (
        np.stack([member.history[f"{part}_loss"] for member in found.members]) for part in ("train", "validation")
    )
    lowest = {"training": train.argmin(1) + 1, "unseen": unseen.argmin(1) + 1}
    loss = {"there": unseen[np.arange(len(SEEDS)), lowest["training"] - 1].mean(), "lowest": unseen.min(1).mean()}
    earlier = int((lowest["unseen"] < lowest["training"]).sum())
    finding = (
        f"The training loss is lowest at epoch {np.median(lowest['training']):.0f} and that of unseen rows at epoch "
        f"{np.median(lowest['unseen']):.0f} (medians over {len(SEEDS)} seeds); it came earlier in {earlier} of "
        f"{len(SEEDS)}. At the training minimum the loss of unseen rows is {loss['there']:.2f} in the mean; at its own "
        f"it is {loss['lowest']:.2f}."
    )

    with panels(1, 2, size=(9.6, 4.0), width_ratios=(3, 2)) as (picture, ((curves, best),)):
        epochs = np.arange(1, EPOCHS + 1)
        for name, losses, color, line in (("training", train, BLUE, "--"), ("unseen", unseen, VERMILLION, "-")):
            mean, spread = losses.mean(0), losses.std(0, ddof=1)
            curves.plot(epochs, mean, color=color, linestyle=line, label=f"{name} rows")
            curves.fill_between(epochs, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
            place = int(mean.argmin())
            curves.plot(epochs[place], mean[place], color=color, marker="*", markersize=14, clip_on=False)
        curves.set(xlabel="epoch", ylabel="cross-entropy", title="The stars are the minima", ylim=(0, None))
        curves.legend(loc="upper left")
        for seed, first, last in zip(SEEDS, lowest["unseen"], lowest["training"], strict=True):
            best.plot([first, last], [seed, seed], color="lightgray", zorder=1)
        best.plot(lowest["training"], SEEDS, color=BLUE, marker="s", linestyle="", label="training rows")
        best.plot(lowest["unseen"], SEEDS, color=VERMILLION, marker="o", linestyle="", label="unseen rows")
        best.set(xlabel="epoch of the lowest loss", ylabel="seed", title="Every seed: two minima", ylim=(-0.6, 9.4))
        best.set_yticks(list(SEEDS))
        best.legend(loc="upper center", ncols=2)
    measures = {f"best epoch, {name} rows": float(np.median(epochs)) for name, epochs in lowest.items()}
    measures |= {f"unseen loss, {place}": float(value) for place, value in loss.items()} | {"earlier": float(earlier)}
    return Outcome(picture, finding, earlier > len(SEEDS) / 2, measures)


LESSON = Lesson(
    name="training-minimum",
    title="The training minimum is not the test minimum",
    rows=(70,),
    claim=(
        "It is not important to find the global minimum of the training loss, for it is not that of the loss on test "
        "data (document 0)."
    ),
    experiment=(
        f"Dense(32), Tanh, Dense(1) on {ROWS} rows with {FEATURES} features, of which one tells the class, with noise; "
        f"half of the rows train, half are unseen. {EPOCHS} epochs of Adam at 0.01 with {len(SEEDS)} seeds, all in one "
        "program; the bands are one standard deviation over the seeds."
    ),
    run=run,
)
