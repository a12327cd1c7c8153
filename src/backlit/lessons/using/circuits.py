"""Row 99: two small circuits as lectures draw them, every value above its edge and every gradient below."""

import jax.numpy as jnp

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.shapes import Array

PRODUCT = {"x": -2.0, "y": 5.0, "z": -4.0}
SIGMOID = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
SHOWN = {"x": -4.0, "y": -4.0, "z": 3.0, "w0": -0.20, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.20}


def circuits(
    x: Array, y: Array, z: Array, w0: Array, x0: Array, w1: Array, x1: Array, w2: Array
) -> tuple[Array, Array]:
    """(x + y) z, and a sigmoid neuron written out."""
    return (x + y) * z, 1 / (1 + jnp.exp(-(w0 * x0 + w1 * x1 + w2)))


def run() -> Outcome:
    """Both in one graph, forward and backward."""
    graph = bl.trace(circuits, *PRODUCT.values(), *SIGMOID.values())
    product, sigmoid = (float(output) for output in graph.forward())
    received = graph.backward((jnp.ones(()), jnp.ones(())))
    gradients = {name: float(gradient) for name, gradient in zip(PRODUCT | SIGMOID, received, strict=True)}
    agree = sum(round(gradients[name], 2) == value for name, value in SHOWN.items())
    told = ", ".join(f"{name} {gradients[name]:.2f}" for name in SHOWN)
    finding = (
        f"(x + y) z at x = −2, y = 5, z = −4 is {product:g}, and the neuron gives {sigmoid:.2f}. What comes back to "
        f"the inputs is {told}: {agree} of {len(SHOWN)} as the lectures draw it, to the two digits that they show."
    )
    holds = product == -12 and round(sigmoid, 2) == 0.73 and agree == len(SHOWN)
    measures = {"product": product, "sigmoid": sigmoid, **{f"gradient of {name}": gradients[name] for name in SHOWN}}
    return Outcome(graph.draw(title="Two circuits, forward and backward"), finding, holds, measures)


LESSON = Lesson(
    name="circuits",
    title="Every value and every gradient of a circuit",
    rows=(40, 41, 99),
    claim="A graph shows how a value is computed: forward the values, above each edge, and backward the gradients, "
    "below it (documents 1, 2 and 4).",
    experiment="(x + y) z at −2, 5, −4 and the sigmoid neuron w₀ = 2, x₀ = −1, w₁ = −3, x₁ = −2, w₂ = −3, traced as "
    "one graph, evaluated, backpropagated from both outputs and drawn; the gradients of the inputs compared with "
    "those of the lectures.",
    run=run,
    kind="svg",
)
