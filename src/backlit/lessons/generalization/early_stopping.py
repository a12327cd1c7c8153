"""Row 78: early stopping with patience."""

import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent, scores, spread
from backlit.pictures.canvas import BLUE, GRAY, ORANGE, VERMILLION, panels
from backlit.training import Model, fit

DATA, UNSEEN = "spirals(n=300, noise=0.1)", "spirals(n=2000, noise=0.1, seed=1)"
PATIENCE = (10, 100)
COLORS = dict(zip(PATIENCE, (ORANGE, BLUE), strict=True))
MARKS = dict(zip(PATIENCE, "o^", strict=True))
SEEDS = range(8)
SHOWN = 0


def run() -> Outcome:
    """A population of seeds for each patience."""
    models = {
        patience: fit(
            "Dense(32), Tanh, Dense(1)",
            DATA,
            test=UNSEEN,
            split=(0.6, 0.4, 0),
            split_seed=0,
            epochs=800,
            learning_rate=0.03,
            patience=patience,
            seed=SEEDS,
        ).models
        for patience in PATIENCE
    }
    longest = models[PATIENCE[-1]]
    epochs = {patience: np.array([model.epochs for model in own]) for patience, own in models.items()}
    losses = {patience: scores(own, "test", "loss") for patience, own in models.items()}
    right = {patience: scores(own) for patience, own in models.items()}
    exact = all(stopped_right(model, patience) for patience, own in models.items() for model in own)
    last = np.array([model.history["validation_loss"][-1] for model in longest])
    lowest = np.array([model.history["validation_loss"].min() for model in longest])
    few, many = PATIENCE[0], PATIENCE[-1]
    stopped = "stopped at its best epoch + patience, and the weights of its best epoch came back"
    gained = losses[few].mean() - losses[many].mean()
    finding = (
        f"{'Each' if exact else 'Not each'} of {len(PATIENCE) * len(SEEDS)} runs {stopped}. Patience {few} took "
        f"{spread(epochs[few])} epochs to a test loss of {spread(losses[few])} ({percent(right[few])} right), patience "
        f"{many} took {spread(epochs[many])} to {spread(losses[many])} ({percent(right[many])} right): "
        f"{many / few:.0f} times the patience cost {epochs[many].mean() / epochs[few].mean():.1f} times the epochs and "
        f"{f'gained {gained:.3f}' if gained > 0 else 'gained nothing'} on unseen rows. Without the best weights, "
        f"{many} epochs later, the validation loss would be {last.mean():.3f} in place of {lowest.mean():.3f} (over "
        f"{len(SEEDS)} seeds)."
    )
    chance = np.std(losses[few] - losses[many], ddof=1) / np.sqrt(len(SEEDS))
    holds = bool(exact and gained <= 2 * chance)  # so that the longer wait is not worth it
    with panels(1, 2, size=(7.8, 3.8), width_ratios=(3, 2)) as (picture, ((left, right_axes),)):
        history = longest[SHOWN].history
        left.plot(history["epoch"], history["train_loss"], color=GRAY, linestyle="--", label="training")
        left.plot(history["epoch"], history["validation_loss"], color=VERMILLION, label="validation")
        top = history["validation_loss"].max()
        for patience in PATIENCE:
            model = models[patience][SHOWN]
            left.axvline(model.epochs, color=COLORS[patience], linestyle=":", linewidth=1.4)
            left.plot(
                model.best_epoch,
                model.history["validation_loss"].min(),
                MARKS[patience],
                color=COLORS[patience],
                markersize=9 if patience == few else 7,
                label=f"best, patience {patience}",
            )
        left.set(xlabel="epoch", ylabel="cross-entropy", title="one run; dotted: where it stops", ylim=(0, top * 1.05))
        left.legend(fontsize=8, frameon=True, framealpha=1, edgecolor="white")
        for patience in PATIENCE:
            right_axes.plot(
                epochs[patience],
                losses[patience],
                MARKS[patience],
                color=COLORS[patience],
                label=f"patience {patience}",
            )
        right_axes.set(xlabel="epochs made", ylabel="test loss", title="what waiting costs and gains")
        right_axes.legend(fontsize=8)
        picture.suptitle("It stops when the validation loss no longer falls, and goes back to its best")
    measures = {f"epochs, patience {one}": float(epochs[one].mean()) for one in PATIENCE}
    measures |= {f"test loss, patience {one}": float(losses[one].mean()) for one in PATIENCE}
    measures |= {"lowest validation loss": float(lowest.mean()), "last validation loss": float(last.mean())}
    return Outcome(picture, finding, holds, {**measures, "stops at best + patience": float(exact)})


def stopped_right(model: Model, patience: int) -> bool:
    """Whether a run ended at its best epoch + patience, with the weights of that epoch."""
    losses = model.history["validation_loss"]
    at = int(losses.argmin()) + 1
    came_back = bool(np.isclose(model.scores["validation"]["loss"], losses.min(), rtol=1e-4))
    return model.epochs == len(losses) == at + patience and model.best_epoch == at and came_back


LESSON = Lesson(
    name="early-stopping",
    title="Early stopping and patience",
    rows=(78,),
    claim=(
        "Stop when the validation loss no longer falls. It is sometimes worth waiting a little: patience is the number "
        "of epochs to wait without progress, often 10 to 100, more often 10 or 20 (document 2)."
    ),
    experiment=(
        "Two noisy spiral arms, 180 training rows, 120 for validation, 2,000 unseen. A network of 32 tanh units, "
        f"Adam at 0.03 for at most 800 epochs, with a patience of {' or '.join(map(str, PATIENCE))}, {len(SEEDS)} "
        "seeds each on the same rows."
    ),
    run=run,
)
