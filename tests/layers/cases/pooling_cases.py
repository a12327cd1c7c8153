"""Cases of pooling."""

from layer_case import Case

from backlit.layers.pooling import GlobalMaxPool, GlobalMeanPool, MaxPool, MeanPool, MedianPool

CASES = [
    Case(MaxPool(2), (6, 4, 3), (3, 2, 3), bad=(5, 4, 3)),
    Case(MaxPool(3, stride=2, padding="same"), (6, 5, 2), (3, 3, 2), bad=(6,)),
    Case(MaxPool((2, 3), stride=1, padding=(0, 1)), (5, 4, 2), (4, 4, 2), bad=(1, 4, 2)),
    Case(MaxPool(2, partial="drop"), (5, 2), (2, 2), bad=(1, 2)),
    Case(MaxPool(2), (4, 2, 2, 1), (2, 1, 1, 1), bad=(3, 2, 2, 1)),
    Case(MeanPool(2), (6, 4, 3), (3, 2, 3), bad=(6, 3, 3)),
    Case(MeanPool(3, stride=2, padding="same"), (6, 5, 2), (3, 3, 2), bad=(5,)),
    Case(MeanPool(2, stride=1, padding="full"), (5, 2), (6, 2), bad=(5,)),
    Case(MedianPool(3, stride=1), (5, 4, 2), (3, 2, 2), bad=(2, 4, 2)),
    Case(MedianPool(2, padding=1), (6, 2), (4, 2), bad=(5, 2)),
    Case(MedianPool(3, stride=2, padding="same"), (6, 5, 1), (3, 3, 1), bad=(5,)),
    Case(GlobalMaxPool(), (5, 4, 3), (3,), bad=(3,)),
    Case(GlobalMeanPool(), (5, 3), (3,), bad=(3,)),
]
