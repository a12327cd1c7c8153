"""One neuron on a table of patients: how good its random weights are, and how good the learned ones.

python examples/heart.py heart.csv AHD    # a table of yours, and its column with two answers
python examples/heart.py                  # without one: scikit-learn's table of tumors
"""

import sys

import backlit as bl

data, target = sys.argv[1:3] if len(sys.argv) > 2 else ("breast_cancer", "target")
STEPS = {"optimizer": "gradient-descent", "batch_size": "full", "split_seed": 0}

# A rate so small that the weights stay as they are drawn, against one that learns; the same ten starts for both.
found = bl.fit("Dense(1)", data, target=target, learning_rate=[1e-9, 0.3], epochs=300, seed=range(10), **STEPS)

print("start  random weights  learned weights")
drawn, learned = ([m for m in found.models if m.settings.learning_rate == rate] for rate in (1e-9, 0.3))
for start, (before, after) in enumerate(zip(drawn, learned, strict=True)):
    print(f"{start:5}  {before.scores['test']['accuracy']:14.1%}  {after.scores['test']['accuracy']:15.1%}")
print(f"always the commoner answer: {learned[0].scores['baseline']['accuracy']:.1%}")

neuron = found.best
weights = neuron.parameters["dense_1"]["weight"][:, 0]
names = [feature.name for feature in neuron.schema.features]
print(f"\nwhat speaks most for {str(neuron.classes[1])!r} (weight above 0) or against it:")
if len(names) == len(weights):  # a column of categories has a weight for each of them
    for weight, name in sorted(zip(weights, names, strict=True), key=lambda pair: -abs(pair[0]))[:5]:
        print(f"  {weight:+.2f}  {name}")
