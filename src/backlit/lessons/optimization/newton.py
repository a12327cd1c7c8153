"""Row 59: Newton's step divides by the curvature."""

import jax.numpy as jnp
import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.surfaces import draw_path, draw_surface
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

TOLERANCE = 1e-4  # of |∇f|
STEPS = 200


def run() -> Outcome:
    """Both methods on a quadratic, then on a function that is none."""
    made = {
        (name, method): minimize(f, jnp.array(start), method, STEPS, rate, TOLERANCE)
        for name, f, start, slow in (
            ("quadratic", _quadratic, (3.0, 2.0), 0.18),
            ("no quadratic", _exponentials, (-0.9, 0.7), 0.1),
        )
        for method, rate in (("gradient-descent", slow), ("newton", None))
    }
    steps = {key: minimum.steps for key, minimum in made.items()}
    bottom = np.array([1.0, -1.0])
    miss = float(np.abs(np.asarray(made["quadratic", "newton"].points[1]) - bottom).max())
    one_step = miss < 1e-5
    fewer = steps["no quadratic", "newton"] < steps["no quadratic", "gradient-descent"]
    finding = (
        f"On the quadratic, Newton's first step ends {miss:.1g} from the bottom; gradient descent needs "
        f"{steps['quadratic', 'gradient-descent']} steps until its slope is below {TOLERANCE:g}. On a sum of "
        f"exponentials, which is no quadratic, Newton needs {steps['no quadratic', 'newton']} steps and gradient "
        f"descent {steps['no quadratic', 'gradient-descent']}."
    )

    with panels(1, 2, size=(9.6, 4.0)) as (picture, ((quadratic, other),)):
        for axes, name, f, across, along in (
            (quadratic, "quadratic", _quadratic, (-1.5, 4.0), (-5.2, 3.0)),
            (other, "no quadratic", _exponentials, (-1.4, 0.5), (-1.0, 0.95)),
        ):
            draw_surface(axes, f, across, along, levels=20)
            for method, color, marker in (("gradient-descent", VERMILLION, "o"), ("newton", BLUE, "s")):
                count = steps[name, method]
                label = (
                    f"{method.replace('-', ' ').replace('newton', 'Newton')}: {count} step{'s' if count > 1 else ''}"
                )
                draw_path(axes, np.asarray(made[name, method].points), label, color, marker)
            axes.legend(loc="lower right")
        quadratic.set_title("A quadratic: Newton steps to the bottom")
        other.set_title("A sum of exponentials: a few steps")
    measures = {f"steps, {name}, {method}": float(count) for (name, method), count in steps.items()}
    return Outcome(picture, finding, one_step and fewer, measures | {"miss": miss})


def _quadratic(w: Array) -> Array:
    a, b = w[0] - 1, w[1] + 1
    return (a**2 + 1.2 * a * b + 10 * b**2) / 2


def _exponentials(w: Array) -> Array:
    return jnp.exp(w[0] + 3 * w[1] - 0.1) + jnp.exp(w[0] - 3 * w[1] - 0.1) + jnp.exp(-w[0] - 0.1)


LESSON = Lesson(
    name="newton",
    title="Newton's step",
    rows=(59,),
    claim=(
        "For a parabola the perfect learning rate is 1/f''; in many dimensions x − H⁻¹∇f goes to the bottom of a "
        "quadratic at once. It is not used itself, but what comes near it speeds descent up (document 0; its a < 0 "
        "needs to be a > 0)."
    ),
    experiment=(
        "Newton's method and gradient descent from the same points, on a tilted quadratic of two weights and on a sum "
        f"of three exponentials, until the slope is below {TOLERANCE:g}, at most {STEPS} steps. Nothing is random."
    ),
    run=run,
)
