"""Every value and every gradient inside a function of your own.

python examples/graph.py
"""

import jax.numpy as jnp
import numpy as np

import backlit as bl


def loss(weights, bias, x, y):
    """The cross-entropy of one logistic neuron: change it to a function of yours."""
    probability = 1 / (1 + jnp.exp(-(weights @ x + bias)))
    return -(y * jnp.log(probability) + (1 - y) * jnp.log(1 - probability))


weights, bias, x, y = np.array([2.0, -3.0]), -3.0, np.array([-1.0, -2.0]), 1.0

graph = bl.trace(loss, weights, bias, x, y)
graph.forward()
graph.backward()
print(graph)  # one line a node: what it is, what it is worth, and how the loss changes with it

node = graph.outputs[0]
print("\nthe last node receives", node.upstream, "and sends back", node.downstream(0))
print("the paths from the bias to the loss, and what comes back along each:")
for path in graph.paths("bias"):
    print(" ", path)

worst = bl.check_gradients(loss, weights, bias, x, y)
print(f"all gradients agree with finite differences, to {worst:.0e}")

graph.draw(title="A logistic neuron", path="graph.html")
print("graph.html is written")
