"""Cases of fixed features: polynomials, kernels, random waves."""

from layer_case import Case

from backlit.layers.features import Polynomial, RandomFourier
from backlit.layers.kernels import Kernel, Nystroem

CASES = [
    Case(Polynomial(1), (3,), (3,), bad=(2, 3)),
    Case(Polynomial(2), (2,), (5,), bad=()),
    Case(Polynomial(4), (3,), (34,), bad=(2, 3)),
    Case(Polynomial(3, mixed=False), (2,), (6,), bad=(2, 3)),
    Case(RandomFourier(4), (3,), (4,), bad=(2, 3)),
    Case(RandomFourier(2, gamma=0.5, seed=3), (1,), (2,), bad=()),
    Case(Kernel(4, gamma=0.5), (3,), (4,), bad=(2, 3)),
    Case(Kernel(3, kernel="polynomial", degree=2, offset=0.5), (2,), (3,), bad=()),
    Case(Nystroem(3), (2,), (3,), bad=(2, 3)),
    Case(Nystroem(2, kernel="polynomial", degree=1), (3,), (2,), bad=()),
]
