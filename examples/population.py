"""A sweep with seeds: many networks trained together, and the picture that says which settings to take.

python examples/population.py
"""

import backlit as bl

found = bl.fit(
    "Dense(32), ReLU, Dense(3)",
    "wine",
    learning_rate=bl.geomspace(1e-4, 1e-1, 4),
    l2=[0.0, 1e-3],
    seed=range(6),
    epochs=60,
)
print(found)  # a row for each pair of settings, the mean and the spread over six seeds

bl.pictures.plot_sweep(found, path="sweep.png")
bl.pictures.plot_sweep_curves(found, path="curves.png")
found.write_csv("sweep.csv")
print(f"{len(found.members)} networks in {found.seconds['total']:.1f} s; the best is found.best: {found.best}")
print("sweep.png, curves.png and sweep.csv are written")
