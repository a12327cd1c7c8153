"""The data sets that scikit-learn brings along: nothing is downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from backlit.data.content import Content

BUNDLED = {
    "breast_cancer": "569 tumors, 30 measurements: malignant or benign",
    "diabetes": "442 patients, 10 measurements: progress of the disease a year later",
    "digits": "1,797 handwritten digits of 8×8 pixels, as 64 numbers: which digit",
    "iris": "150 flowers, 4 measurements: one of three species",
    "linnerud": "20 men, 3 exercises: weight, waist and pulse, three targets at once",
    "wine": "178 wines, 13 measurements: one of three growers",
}


def read_bundled(name: str) -> Content:
    """A set of scikit-learn's by name: a table with named columns, or arrays (digits, linnerud)."""
    if name == "digits" and (file := digits_file()).is_file():
        table = np.loadtxt(file, np.float32, delimiter=",")
        return Content(name, table[:, :-1], table[:, -1].astype(np.int64), ("digit",))
    import polars as pl
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    inputs = np.asarray(found.data, np.float32)
    if name == "digits":
        return Content(name, inputs, found.target, ("digit",))
    if name == "linnerud":
        return Content(name, inputs, found.target.astype(np.float32), tuple(found.target_names))
    named = len(getattr(found, "target_names", ())) > 0
    target = np.asarray(found.target_names, object)[found.target].tolist() if named else found.target
    columns = {str(column): inputs[:, place] for place, column in enumerate(found.feature_names)}
    return Content(name, pl.DataFrame({**columns, "target": target}), target=("target",))


def digits_file() -> Path:
    """Where scikit-learn keeps its digits: to import scikit-learn takes longer than all the rest of a short run."""
    found = find_spec("sklearn")
    folders = found.submodule_search_locations if found else None
    return Path(folders[0] if folders else "", "datasets", "data", "digits.csv.gz")
