"""A table to a model, its predictions and a report.

python examples/table.py                  # 178 wines, written to wines.csv
python examples/table.py data.csv price   # a table of yours, and the column to predict
"""

import sys

import polars as pl
from sklearn.datasets import load_wine

import backlit as bl

if len(sys.argv) > 1:
    path, target = sys.argv[1], sys.argv[2]
else:
    path, target = "wines.csv", "grower"
    wines = load_wine()
    columns = dict(zip(wines.feature_names, wines.data.T, strict=True))
    pl.DataFrame({**columns, target: [f"grower {number}" for number in wines.target]}).write_csv(path)

print(bl.read(path, target).card())

model = bl.fit(None, path, target=target, seed=0)  # None: the default network for tables
print(model.summary())
print({name: round(score, 3) for name, score in model.scores["test"].items()}, "on the test rows")
print("the first rows:", model.predict(path)[:5])

bl.pictures.plot_curves(model.history, model.best_epoch, path="curves.png")
bl.pictures.write_report(model, "report.html", path)
model.save("model", overwrite=True)
print("curves.png, report.html and the folder model are written; backlit.load('model') has it back")
