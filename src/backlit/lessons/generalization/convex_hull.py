"""Row 75: each unit a hyperplane, and a two-layer network any convex hull."""

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from scipy.spatial import ConvexHull

from backlit.layers.block import Context
from backlit.layers.notation import read
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import middle, percent, scores
from backlit.lessons.panels import STEPS, draw_plane, draw_points, grid
from backlit.pictures.canvas import GRAY, panels
from backlit.shapes import Tree
from backlit.training import Model, fit

TRIANGLE = np.array([[-0.8, -0.7], [0.8, -0.6], [0.0, 0.8]])
ROWS, SEEDS = 500, range(8)
LOW, HIGH = (-1.2, -1.2), (1.2, 1.2)


def run() -> Outcome:
    """By hand for a triangle and for the hull of twelve points, and by training for the triangle."""
    random = np.random.default_rng(0)
    x = random.uniform(LOW, HIGH, (ROWS, 2)).astype(np.float32)
    shapes = [TRIANGLE, random.normal(0, 0.45, (12, 2))]
    inside = [within(x, points) for points in shapes]
    by_hand = [half_planes(points) for points in shapes]
    exact = [
        float(np.mean((outputs(weights, x)[:, 0] > 0) == truth)) for weights, truth in zip(by_hand, inside, strict=True)
    ]
    models = fit(
        "Dense(3), Sigmoid, Dense(1)",
        x,
        inside[0].astype(int),
        split=(0.7, 0.0, 0.3),
        epochs=300,
        learning_rate=0.03,
        seed=SEEDS,
        split_seed=0,
    ).models
    learned = scores(models)
    shown = middle(models, learned)
    sides = [len(weights["dense_1"]["bias"]) for weights in by_hand]
    holds = bool(min(exact) == 1 and learned.max() > 0.95)
    finding = (
        f"Written by hand, {sides[0]} units give the triangle and {sides[1]} the hull of 12 points, right for "
        f"{percent(exact[0])} and {percent(exact[1])} of {ROWS} points: each unit says on which side of a line a "
        f"point lies, and the output is their AND. Trained from random weights, 3 units are right for "
        f"{percent(learned)} of the unseen points over {len(SEEDS)} seeds, from {percent(learned.min())} to "
        f"{percent(learned.max())}."
    )
    with panels(1, 3, size=(8.4, 3.4), sharey=True) as (picture, ((first, second, third),)):
        _draw_written(first, by_hand[0], x, inside[0])
        _draw_trained(second, shown, x, inside[0])
        _draw_written(third, by_hand[1], x, inside[1])
        first.set(title=f"{sides[0]} units by hand", ylabel="x₂")
        second.set_title(f"trained: {percent(learned)} right")
        third.set_title(f"{sides[1]} units by hand")
        picture.suptitle("Each unit draws a line; the output is the AND of their sides")
    return Outcome(
        picture,
        finding,
        holds,
        {
            "accuracy by hand, triangle": exact[0],
            "accuracy by hand, hull": exact[1],
            "accuracy trained": float(learned.mean()),
            "best accuracy trained": float(learned.max()),
            "units of the hull": float(sides[1]),
        },
    )


def half_planes(points: np.ndarray) -> Tree:
    """The parameters of Dense(m), Step, Dense(1) that say whether a point lies in the hull of points (N, 2).

    Unit k is 1 on the inner side of the k-th edge's line; the output Σ_k a_k − (m − ½) is above 0 where all are.
    """
    equations = ConvexHull(points).equations
    return {
        "dense_1": {"weight": -equations[:, :2].T, "bias": -equations[:, 2]},
        "dense_2": {"weight": np.ones((len(equations), 1)), "bias": np.array([0.5 - len(equations)])},
    }


def outputs(parameters: Tree, x: np.ndarray) -> np.ndarray:
    """What the network by hand gives for points (N, 2)."""
    network = read(f"Dense({len(parameters['dense_1']['bias'])}), Step, Dense(1)")
    return np.asarray(network.apply(parameters, {}, jnp.asarray(x), Context())[0])


def within(x: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each x (N, 2) lies in the hull of points: it adds no corner to it."""
    hull = ConvexHull(points)
    return np.array([np.isclose(ConvexHull([*points[hull.vertices], one]).volume, hull.volume, rtol=1e-9) for one in x])


def _draw_written(axes: Axes, parameters: Tree, x: np.ndarray, y: np.ndarray) -> None:
    plane = grid(LOW, HIGH)[-1]
    sides = plane @ parameters["dense_1"]["weight"] + parameters["dense_1"]["bias"]
    _draw(axes, (outputs(parameters, plane) > 0).astype(float)[:, 0], sides, x, y)


def _draw_trained(axes: Axes, model: Model, x: np.ndarray, y: np.ndarray) -> None:
    plane = grid(LOW, HIGH)[-1]
    _draw(axes, model.predict_proba(plane)[:, 1], model.activations(plane, "dense_1"), x, y)


def _draw(axes: Axes, chance: np.ndarray, sides: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    across, up, _ = grid(LOW, HIGH)
    draw_plane(axes, across, up, chance.reshape(STEPS, STEPS))
    for unit in sides.T:
        axes.contour(across, up, unit.reshape(STEPS, STEPS), levels=[0], colors=GRAY, linestyles="--", linewidths=1.2)
    draw_points(axes, x, y, 5)
    axes.set(xlabel="x₁", aspect="equal")


LESSON = Lesson(
    name="convex-hull",
    title="Half-planes and convex hulls",
    rows=(75,),
    claim=(
        "Each unit splits the plane with a line, and a network of two layers can represent any convex hull (documents "
        "0 and 2)."
    ),
    experiment=(
        f"{ROWS} points of a square, in a triangle or not: the weights of 3 step units and of the AND behind them "
        f"written by hand; the same for the hull of 12 random points; then 3 sigmoid units trained on 70 % of the "
        f"points with Adam at 0.03 for 300 epochs, {len(SEEDS)} seeds. The dashed lines are where a unit's sum is 0; "
        "of the trained networks, that with the median accuracy is shown."
    ),
    run=run,
)
