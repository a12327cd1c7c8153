"""The update of a weight anywhere in a chain of layers, and in any graph."""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, GREEN, VERMILLION, panels
from backlit.shapes import Array

WEIGHTS = {f"w{k}": weight for k, weight in enumerate((1.4, 0.7, -1.2, 0.9, 1.6, 0.8), 1)}
X, Y, RATE = 1.5, 1.0, 0.05


def chain(w1: Array, w2: Array, w3: Array, w4: Array, w5: Array, w6: Array) -> Array:
    """e = (h₆ − y)², hₖ = tanh(wₖ hₖ₋₁), h₀ = x."""
    h: Any = X
    for weight in (w1, w2, w3, w4, w5, w6):
        h = jnp.tanh(weight * h)
    return (h - Y) ** 2


def branching(w1: Array, w2: Array) -> Array:
    """h₁ is used three times: by the next layer, by a product with that layer, and by a sum around both."""
    h1 = jnp.tanh(w1 * X)
    h2 = jnp.tanh(w2 * h1)
    return (h1 * h2 + h1 - Y) ** 2


def run() -> Outcome:
    """Every factor read off the graph, and their products against another differentiation."""
    graph = bl.trace(chain, *WEIGHTS.values())
    error, gradients = float(graph.forward()), np.array(graph.backward())
    upstream, local = np.array([factors_of(graph, name) for name in WEIGHTS]).T
    oracle = gradients_by_jax(chain, WEIGHTS.values())
    mistake = float(np.abs(upstream * local - oracle).max())
    after = float(chain(*(np.array(list(WEIGHTS.values())) - RATE * gradients)))

    forked = bl.trace(branching, 1.4, 0.7)
    forked.forward()
    paths = forked.paths("w1")
    parts = np.array([float(path.contribution) for path in paths])
    whole = gradients_by_jax(branching, (1.4, 0.7))[0]
    missing = float(abs(parts.sum() - whole))
    finding = (
        f"In a chain of {len(WEIGHTS)} layers every ∂e/∂wₖ is the gradient that arrives at layer k times the layer's "
        f"own derivative: read off the graph and multiplied, they differ from jax.grad by {mistake:.0e} at most, and "
        f"one step wₖ ← wₖ − {RATE} ∂e/∂wₖ takes the error from {error:.3f} to {after:.3f}. In a graph that "
        f"branches the gradient of w₁ is the sum over {len(paths)} paths, "
        f"{' + '.join(f'{part:.3f}' for part in parts)} = {parts.sum():.3f}, within {missing:.0e} of jax.grad."
    )
    with panels(1, 2, size=(9.2, 3.9), width_ratios=(1.3, 1)) as (picture, ((factors, branches),)):
        places = np.arange(1, len(WEIGHTS) + 1)
        factors.plot(places, np.abs(upstream), "o-", color=BLUE, label="upstream |∂e/∂hₖ|")
        factors.plot(places, np.abs(local), "s--", color=GREEN, label="local |∂hₖ/∂wₖ|")
        factors.bar(places, np.abs(upstream * local), 0.5, color=VERMILLION, alpha=0.45, label="their product |∂e/∂wₖ|")
        factors.plot(places, np.abs(oracle), "x", color="black", label="jax.grad")
        factors.set(
            yscale="log",
            ylim=(0.01, 30),
            xlabel="layer k",
            ylabel="magnitude",
            title="Upstream × local is the gradient",
        )
        factors.legend(fontsize=8.5)
        names = [f"path {number}" for number in range(1, len(parts) + 1)]
        starts = np.concatenate([[0.0], np.cumsum(parts)[:-1]])
        branches.bar(names, parts, bottom=starts, color=BLUE, alpha=0.8)
        branches.bar(["their sum"], [parts.sum()], color=VERMILLION)
        branches.axhline(whole, color=GRAY, linestyle="--", label="jax.grad")
        branches.set(ylabel="∂e/∂w₁", title="A graph with branches: the sum over paths")
        branches.legend()
    measures = {f"local {name}": float(value) for name, value in zip(WEIGHTS, local, strict=True)}
    measures |= {"mistake": mistake, "missing": missing, "paths": float(len(paths)), "before": error, "after": after}
    return Outcome(picture, finding, mistake < 1e-5 and missing < 1e-5 and after < error, measures)


def factors_of(graph: bl.Graph, name: str) -> tuple[Any, Any]:
    """∂e/∂hₖ and ∂hₖ/∂wₖ of the layer that uses this weight."""
    weight = graph[name]
    product = next(node for node in graph if weight in node.inputs)
    output = next(node for node in graph if product in node.inputs)
    return output.upstream, output.local(0) * product.local(product.inputs.index(weight))


def gradients_by_jax(f: Callable[..., Array], weights: Iterable[float]) -> np.ndarray:
    """The gradients of all weights by JAX's own differentiation."""
    given = [jnp.float32(weight) for weight in weights]
    return np.array(jax.grad(f, argnums=tuple(range(len(given))))(*given))


LESSON = Lesson(
    name="update-of-a-weight",
    title="The update of a weight in layer k, and in any graph",
    rows=(42, 46, 47),
    claim="To update the weights of layer k, multiply the gradient that arrives from above by the layer's own "
    "derivative; in a more general graph, add up what arrives over all paths (document 1).",
    experiment="Six layers hₖ = tanh(wₖ hₖ₋₁) with a squared error, and a graph in which h₁ is used three times; "
    f"all factors read off the graph's nodes, their products and sums compared with jax.grad; one step at {RATE}.",
    run=run,
)
