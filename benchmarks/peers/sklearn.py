"""scikit-learn's multilayer perceptron: one `partial_fit` an epoch, which keeps Adam's averages."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tasks import RATE, Task
from timing import seconds


def build(task: Task, variant: str) -> "Trainer":
    return Trainer(task)


class Trainer:
    """The estimator, begun on one batch and then put back to the row's weights."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.x, self.y = task.data()
        settings: dict[str, Any] = {"hidden_layer_sizes": task.widths, "batch_size": task.batch, "alpha": 0.0}
        kind = MLPRegressor if task.numbers else MLPClassifier
        self.model = kind(**settings, learning_rate_init=RATE, random_state=0)
        self.classes = {} if task.numbers else {"classes": np.arange(task.outputs)}
        first = slice(0, task.batch)
        self.model.partial_fit(self.x[first], self.y[first], **self.classes)
        weights = task.weights()
        self.model.coefs_, self.model.intercepts_ = weights[::2], weights[1::2]
        if not task.numbers and task.outputs == 2:  # one logistic output: the difference of the two
            self.model.coefs_[-1] = np.diff(self.model.coefs_[-1])
            self.model.intercepts_[-1] = np.diff(self.model.intercepts_[-1])
        del self.model._optimizer  # the next epoch begins a new one, on these weights

    def train(self, epochs: int) -> float:
        def run() -> None:
            for _ in range(epochs):
                self.model.partial_fit(self.x, self.y)

        return seconds(run)

    def loss(self) -> float:
        if self.task.numbers:
            return float(np.square(self.model.predict(self.x) - self.y).mean())
        chances = self.model.predict_proba(self.x)[np.arange(len(self.y)), self.y]
        return float(-np.log(np.maximum(chances, 1e-30)).mean())
