"""Row 80: augmentation, where the symmetry holds and where it does not."""

import numpy as np

from backlit.lessons.generalization.together import Trained, outputs
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, percent, sample, signed
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.training import fit

CHANGES = {
    "none": None,
    "affine": "affine(degrees=10, shift=0.7, scale=0.1, shear=5)",
    "mirror": "mirror",
}
MIRRORED = (0, 1, 8)  # digits that are still themselves in the mirror
OTHERS = (2, 3, 4, 5, 6, 7, 9)
ROWS, SEEDS = 100, 6


def run() -> Outcome:
    """A population of seeds for each change of the training images."""
    x, y = sample("digits")
    images = x.reshape(-1, 8, 8, 1)
    order = np.random.default_rng(0).permutation(len(images))
    few, unseen = order[:ROWS], order[ROWS:]
    correct = {}
    for name, change in CHANGES.items():
        models = fit(
            "Flatten, Dense(64), ReLU, Dense(10)",
            images[few],
            y[few],
            split=(1, 0, 0),
            epochs=150,
            learning_rate=0.003,
            augment=change,
            seed=range(SEEDS),
        ).models
        rows = np.broadcast_to(images[unseen], (SEEDS, len(unseen), *images.shape[1:]))
        correct[name] = outputs([Trained.of(models)], [rows])[0].argmax(-1) == y[unseen]
    right = {name: own.mean(1) for name, own in correct.items()}
    among = {
        (name, kind): own[:, np.isin(y[unseen], kind)].mean(1)
        for name, own in correct.items()
        for kind in (MIRRORED, OTHERS)
    }
    gain = {name: 100 * (right[name] - right["none"]).mean() for name in CHANGES}
    loss = {kind: 100 * (among["mirror", kind] - among["none", kind]).mean() for kind in (MIRRORED, OTHERS)}
    holds = bool(gain["affine"] > 0 and gain["mirror"] > 0)
    symmetric = gain["affine"] > 0 > gain["mirror"]
    finding = (
        f"Trained on {ROWS} digits, the networks are right for {percent(right['none'])} of {len(unseen):,} unseen "
        f"ones; with small affine maps, which leave a digit what it is, for {percent(right['affine'])}, "
        f"{signed(gain['affine'])} points; with mirroring, which does not, for {percent(right['mirror'])}, "
        f"{signed(gain['mirror'])} points. Mirroring costs {-loss[OTHERS]:.1f} points of the digits that change in the "
        f"mirror and {-loss[MIRRORED]:.1f} of 0, 1 and 8, which do not ({SEEDS} seeds): "
        f"{'what helps is what leaves a digit as it is' if symmetric else 'what a digit stays decides nothing here'}."
    )
    with panels(1, 2, size=(7.4, 3.8), width_ratios=(2, 3)) as (picture, ((left, axes),)):
        left.bar(
            range(len(CHANGES)),
            [100 * right[name].mean() for name in CHANGES],
            yerr=[100 * deviation(right[name]) for name in CHANGES],
            color=[GRAY, BLUE, VERMILLION],
            capsize=4,
        )
        for place, name in enumerate(CHANGES):
            left.text(place, 62, f"{100 * right[name].mean():.1f}", ha="center", color="white")
        left.set_xticks(range(len(CHANGES)), list(CHANGES))
        left.set(ylim=(60, 100), ylabel="right (% of unseen digits)", title=f"{ROWS} training digits")
        for kind, place in ((MIRRORED, 0), (OTHERS, 1)):
            for shift, name in ((-0.2, "affine"), (0.2, "mirror")):
                change = 100 * (among[name, kind] - among["none", kind])
                axes.bar(
                    place + shift,
                    change.mean(),
                    0.36,
                    yerr=deviation(change),
                    color=BLUE if name == "affine" else VERMILLION,
                    hatch="" if name == "affine" else "//",
                    edgecolor="white",
                    capsize=4,
                    label=name if place == 0 else None,
                )
        axes.axhline(0, color="black", linewidth=1)
        axes.set_xticks((0, 1), ("0, 1, 8: the same\nin the mirror", "the other digits"))
        axes.set(ylabel="gain over none (points)", title="by digit")
        axes.legend(loc="lower left")
        picture.suptitle("Augmentation helps where the symmetry holds" if symmetric else "Augmentation and symmetry")
    measures = {f"accuracy, {name}": float(own.mean()) for name, own in right.items()}
    measures |= {"mirror, symmetric digits": loss[MIRRORED], "mirror, other digits": loss[OTHERS]}
    return Outcome(picture, finding, holds, {name: float(value) for name, value in measures.items()})


LESSON = Lesson(
    name="augmentation",
    title="Augmentation and symmetry",
    rows=(80,),
    claim=(
        "A remedy for overfitting is to augment the training data by transformations: mirroring, rotation, affine maps "
        "(document 2)."
    ),
    experiment=(
        f"{ROWS} training digits of 8×8 pixels, the other 1,697 unseen and never changed. A network of 64 ReLU units, "
        "Adam at 0.003 for 150 epochs: without augmentation, with affine maps (turned by up to 10°, moved by up to 0.7 "
        f"pixels, resized, sheared), and with mirroring of every second image; {SEEDS} seeds each, on the same rows. "
        "The bars are standard deviations."
    ),
    run=run,
)
