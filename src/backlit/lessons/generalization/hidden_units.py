"""Row 71: hidden units against the boundary."""

from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import deviation, middle, percent, sample, scores
from backlit.lessons.panels import draw_classes, score_of
from backlit.pictures.canvas import panels
from backlit.training import fit

DATA, UNSEEN = "spirals(n=400, noise=0.05)", "spirals(n=2000, noise=0.05, seed=1)"
UNITS = (3, 6, 20)
SEEDS = range(8)


def run() -> Outcome:
    """One population of networks for each number of hidden units."""
    x, y = sample(DATA)
    models = {
        units: fit(
            f"Dense({units}), Tanh, Dense(1)",
            DATA,
            test=UNSEEN,
            split=(1, 0, 0),
            epochs=200,
            learning_rate=0.02,
            seed=SEEDS,
        ).models
        for units in UNITS
    }
    right = {units: scores(found) for units, found in models.items()}
    few, some, many = UNITS
    gains = [right[more].mean() - right[fewer].mean() for fewer, more in ((few, some), (some, many))]
    holds = bool(all(gain > 0 for gain in gains))
    shown = ", ".join(f"with {units} for {percent(right[units])}" for units in UNITS)
    verdict = "more units bend the boundary further" if holds else "more units did not always help"
    finding = (
        f"Of 2,000 unseen rows, networks with so many hidden units are right "
        f"{shown}, over {len(SEEDS)} seeds: {verdict}; the step from {few} to {some} is worth {100 * gains[0]:.1f} "
        f"points, that from {some} to {many} {100 * gains[1]:.1f}."
    )
    with panels(1, len(UNITS), size=(7.6, 3.3), sharey=True) as (picture, ((*row,),)):
        for axes, units in zip(row, UNITS, strict=True):
            draw_classes(axes, score_of(middle(models[units], right[units])), x, y)
            axes.set(title=f"{units} hidden units\n{percent(right[units])} right", xlabel="x₁", aspect="equal")
        row[0].set_ylabel("x₂")
        picture.suptitle("More hidden units bend the boundary further" if holds else "Hidden units and the boundary")
    measures = {f"accuracy, {units} units": float(values.mean()) for units, values in right.items()}
    measures |= {f"deviation, {units} units": deviation(values) for units, values in right.items()}
    return Outcome(picture, finding, holds, measures)


LESSON = Lesson(
    name="hidden-units",
    title="Hidden units and the boundary",
    rows=(71,),
    claim=(
        "The number of hidden units of a two-layer network is a hyperparameter: with 3, 6 and 20 of them the boundary "
        "between two classes follows the points ever more closely (document 1)."
    ),
    experiment=(
        f"Two spiral arms, 400 training rows, 2,000 unseen ones. Networks with {', '.join(map(str, UNITS))} tanh units "
        f"in one hidden layer, Adam at 0.02 for 200 epochs, {len(SEEDS)} seeds each; of these, the one with the median "
        "accuracy is shown. The accuracies are means, with the standard deviation over the seeds."
    ),
    run=run,
)
