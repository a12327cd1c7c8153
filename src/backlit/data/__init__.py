"""Reading data from any source, describing it, and splitting it.

`read(source)` gives a `Dataset`; its `card()` says what it holds; its `split()` gives training, validation and test
`Parts`, with a `Schema` that encodes other sources the same way.
"""

from backlit.data.card import Card
from backlit.data.dataset import Dataset
from backlit.data.loading import load, names
from backlit.data.reading import read
from backlit.data.schema import Schema
from backlit.data.splitting import Part, Parts
from backlit.data.targets import class_weights

__all__ = ["Card", "Dataset", "Part", "Parts", "Schema", "class_weights", "load", "names", "read"]
