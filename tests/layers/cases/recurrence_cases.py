"""Cases of recurrent layers. A gate has units · (F + units + 1) parameters."""

from layer_case import Case

from backlit.layers.bidirectional import Bidirectional
from backlit.layers.gru import GRU
from backlit.layers.lstm import LSTM
from backlit.layers.rnn import RNN

CASES = [
    Case(RNN(4), (5, 3), (4,), 32, bad=(3,)),
    Case(RNN(4, sequence=True, activation="Softplus"), (5, 3), (5, 4), 32, bad=(2, 5, 3)),
    Case(RNN(4, sequence=True, context="output", outputs=2), (5, 3), (5, 2), 34, bad=(3,)),
    Case(LSTM(4), (5, 3), (4,), 128, bad=(3,)),
    Case(LSTM(4, sequence=True, reverse=True, forget_bias=0.5), (5, 3), (5, 4), 128, bad=()),
    Case(GRU(4, sequence=True), (5, 3), (5, 4), 100, bad=(3,)),
    Case(GRU(4, reset="before", recurrent_initializer="Glorot"), (5, 3), (4,), 96, bad=(3,)),
    Case(Bidirectional(GRU(4, sequence=True)), (5, 3), (5, 8), 200, bad=(3,)),
    Case(Bidirectional(RNN(4)), (5, 3), (8,), 64, bad=(3,)),
]
