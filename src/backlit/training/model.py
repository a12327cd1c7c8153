"""A trained network with all that is needed to use it on new data."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import Schema
from backlit.data.loading import check_known
from backlit.drawing.drawing import Drawing
from backlit.errors import DataError, SettingError, ShapeError
from backlit.files import write_model
from backlit.functions.losses import FunctionLoss, Gaussian, Loss, Several
from backlit.functions.penalties import Penalty
from backlit.layers.composition import Sequential
from backlit.layers.plan import Plan
from backlit.layers.summary import Summary
from backlit.shapes import Shape
from backlit.training.compilation import jit
from backlit.training.generation import Stream, generate
from backlit.training.history import History
from backlit.training.objective import Objective
from backlit.training.representation import layer_reader, narrowest
from backlit.training.scoring import SCORED_ROWS, Rows, Scorer, in_chunks
from backlit.training.settings import Settings
from backlit.training.tokens import check_rows

if TYPE_CHECKING:
    from backlit.doctor.finding import Examination
    from backlit.training.run import Run


class Model:
    """A trained network: description, parameters, and what its training said.

    Attributes:
        network: the whole network, preprocessing first.
        input_shape: the shape of one example as the network takes it.
        schema: how raw data become the network's input, and its outputs answers.
        loss: the loss it was trained with.
        parameters, state: nested dictionaries of arrays, by layer.
        settings: the settings of its run, none open.
        history: the run, epoch by epoch.
        scores: by 'train', 'validation', 'test', 'baseline': loss, and accuracy or rmse and r2, every row counted the
            same whatever its weight; none where scoring was interrupted.
        rows: how many rows each part had.
        stopped: why the run ended.
        epochs, best_epoch: epochs made, and the one whose weights are kept.
        seconds: 'compile', 'train' and 'total'.
        steps_per_second: steps made over seconds of training, scoring included.
        notes: what a user should know of the run.
        run: what it was trained by, with its data; None for a model that was read from a file.
    """

    def __init__(
        self,
        *,
        network: Sequential,
        input_shape: Shape,
        schema: Schema,
        loss: Loss,
        parameters: dict[str, Any],
        state: dict[str, Any],
        settings: Settings,
        history: History | None = None,
        scores: dict[str, dict[str, float]] | None = None,
        rows: dict[str, int] | None = None,
        stopped: str = "",
        epochs: int = 0,
        best_epoch: int = 0,
        seconds: dict[str, float] | None = None,
        steps_per_second: float = 0.0,
        notes: list[str] | None = None,
        run: "Run | None" = None,
    ) -> None:
        self.network, self.input_shape, self.schema, self.loss = network, input_shape, schema, loss
        self.parameters, self.state, self.settings = parameters, state, settings
        self.history, self.scores, self.rows = history or History(), scores or {}, rows or {}
        self.stopped, self.epochs, self.best_epoch = stopped, epochs, best_epoch
        self.seconds, self.steps_per_second = seconds or {}, steps_per_second
        self.notes = notes or []
        self.run = run
        self.objective = Objective(network, loss, Penalty(), (), len(schema.classes))
        self._answers = jit(self._answer, network)

    def __repr__(self) -> str:
        test = self.scores.get("test", {})
        said = ", ".join(f"{name} {value:.4g}" for name, value in test.items() if " " not in name)
        low = "" if self.settings.precision == "float32" else f"; trained in {self.settings.precision}"
        return f"Model({self.network}{low}{f'; test {said}' if said else ''})"

    @property
    def classes(self) -> np.ndarray:
        """The classes (K,), in the order of `predict_proba`'s columns: whole numbers, truth values or text."""
        return self.schema.labels

    def summary(self) -> Summary:
        """The network's summary."""
        return self.network.summary(self.input_shape)

    def draw(
        self, path: str | PathLike[str] | None = None, *, neurons: bool | None = None, depth: int | None = None
    ) -> Drawing:
        """The network as boxes, or as neurons joined by its weights where there are few; see `Block.draw`."""
        return self.network.draw(self.input_shape, self.parameters, neurons=neurons, depth=depth, path=path)

    def _repr_html_(self) -> str:
        return self.draw()._repr_html_()

    def predict(self, data: Any) -> np.ndarray:
        """The answer for each row: classes (N,), as `classes` has them, or numbers (N,) or (N, T).

        Args:
            data: a file, a frame, an array or a list of sequences, without or with the target; of a series, with
                as many rows at least as a window has, one answer comes for each window, the last beyond its end.
        """
        answers = self._all(data)
        if not self.schema.classes:
            return answers[:, 0] if answers.shape[1:] == (1,) else answers
        return self.classes[answers.argmax(-1)]

    def predict_proba(self, data: Any) -> np.ndarray:
        """The probability of each class (N, K), in the order of `schema.classes`.

        Raises:
            SettingError: for a network without probabilities: a regression, or a loss without a link.
        """
        self.check_probabilities()
        return self._all(data)

    def check_probabilities(self) -> None:
        """Make sure that the network has probabilities.

        Raises:
            SettingError: it has none.
        """
        if not self.schema.classes or self.loss.link is None:
            raise SettingError(f"a network for {self.schema.task} with the loss {self.loss.name} has no probabilities")

    def predict_deviation(self, data: Any) -> np.ndarray:
        """How sure the network is of each answer: the standard deviation (N,) or (N, T) that loss='gaussian' learns.

        Raises:
            SettingError: for a network with another loss.
        """
        loss = self.loss
        if not isinstance(loss, Gaussian):
            raise SettingError(f"a network with the loss {loss.name} learns no deviation: train with loss='gaussian'")
        return self.each(lambda *args: loss.deviation(self._outputs(*args)), self.encoded(data))

    def activations(self, data: Any, layer: str) -> np.ndarray:
        """What a layer makes of each row, (N, *output).

        Args:
            data: as for `predict`.
            layer: the layer's path as the summary has it, such as 'dense_2' or 'residual_1/conv_1'.

        Raises:
            SettingError: there is no such layer.
        """
        return self.activations_encoded(self.encoded(data), layer)

    def activations_encoded(self, x: np.ndarray, layer: str) -> np.ndarray:
        """What a layer makes of encoded rows (N, *input_shape), (N, *output)."""
        return self.each(layer_reader(self.network, self.network.plan(self.input_shape), layer), x)

    def encode(self, data: Any) -> np.ndarray:
        """The learned representation of each row, (N, *code): the output of the network's narrowest inner layer.

        Raises:
            SettingError: the network has no inner layer.
        """
        return self.activations(data, narrowest(self.network.plan(self.input_shape)))

    def evaluate(self, data: Any, y: Any = None) -> dict[str, float]:
        """The loss, and accuracy or rmse and r², on data with targets; every row counts the same.

        A source with test rows of its own, such as an .npz file with x_test, is scored on these; `notes` say so.

        Args:
            data: a file or frame with the target's column, a name, or an array with `y`.
            y: targets (N,), (N, T) or (N, ...), when data is an array.
        """
        x, targets = self.labeled(data, y)
        scorer = Scorer(self.objective, self.objective.scale(self.state), self.schema.target, len(x))
        return scorer.score(self.parameters, self.state, x, targets)

    def labeled(self, data: Any, y: Any = None) -> Rows:
        """Data with targets, as for `evaluate`, as the network and the loss take them: (N, *input_shape), (N, ...).

        Raises:
            InputError: as for `examples`.
        """
        x, given = self.examples(data, y)
        return Rows(x, self.objective.targets(given, self.state))

    def examples(self, data: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Data with targets as the network takes them: encoded rows (N, *input_shape), and codes or numbers (N, ...).

        Args:
            data, y: as for `evaluate`.

        Raises:
            DataError: there are no targets, or the data do not fit.
        """
        content = self.schema.load(data, y)
        if "test" in content.parts:
            self._note([f"{content.name} holds its own test rows, and these are scored"])
            content = content.parts["test"]
        given = self.schema.targets_of(content)
        if given is None:
            raise DataError(
                f"the data have no target {self.schema.target[0]!r} to compare with: add that column (in Python, or "
                "give y), or use predict"
            )
        return self.encoded(content)[: len(given)], given  # of a series, the last windows forecast what is yet to come

    def diagnose(self, **options: Any) -> "Examination":
        """Why the network does not learn, or what else is wrong with its run; see `backlit.diagnose`."""
        import backlit

        return backlit.diagnose(self, **options)

    def generate(
        self,
        prompt: Any,
        length: int | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
    ) -> Any:
        """What the network makes of the beginning of a text, or of tokens; see `backlit.training.generation.generate`.

        Args:
            prompt: a text, or tokens (P,) or (B, P).
            length: how many characters or tokens to make, at least 1; None: 200.
            temperature: at least 0: below 1 the likely becomes likelier, 0 takes the most likely always.
            top_k: draw from the k most likely alone; None: from all.
            seed: of the drawing.
        """
        return generate(self, prompt, length, temperature, top_k, seed)

    def stream(self, steps: int | None = None) -> Stream:
        """A sequence that the network sees piece by piece: `stream.push(x)` gives the answers for the next steps.

        Args:
            steps: the most that it may have; None: as many as in training.
        """
        return Stream(self, steps)

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the model as a folder, whole or not at all.

        Raises:
            FileError: where the folder exists, or cannot be written.
        """
        extra = {
            "schema": self.schema.to_json(),
            "loss": {"name": self.loss.name, "settings": _stored_settings(self.loss)},
            "settings": self.settings.to_json(),
            "scores": {part: _plain(held) for part, held in self.scores.items()},
            "rows": self.rows,
            "stopped": self.stopped,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
        }
        write_model(path, self.network, self.input_shape, self.parameters, self.state, extra, overwrite=overwrite)

    def _answer(self, parameters: Any, state: Any, x: Any) -> Any:
        return self.objective.predictions(self._outputs(parameters, state, x))

    def _outputs(self, parameters: Any, state: Any, x: Any) -> Any:
        outputs = self.objective.outputs(parameters, state, x)
        return outputs if self.schema.classes else self.objective.in_units(outputs, state)

    def _all(self, data: Any) -> np.ndarray:
        return self.predict_encoded(self.encoded(data))

    def encoded(self, data: Any) -> np.ndarray:
        """The rows (N, *input_shape) that the network takes; sequences may be longer than in training where no variable
        depends on it.

        Args:
            data: as for `predict`.
        """
        x, notes = self.schema.encode(data)
        self._note(notes)
        if x.shape[1:] != self.input_shape:
            _check_length(self.network, self.input_shape, x.shape[1:])
        check_rows(self.network, x)
        return x

    def predict_encoded(self, x: np.ndarray) -> np.ndarray:
        """What the network says of encoded rows (N, *input_shape): scores or probabilities (N, K), numbers (N, T)."""
        return self._each(self._answers, x)

    def each(self, function: Callable[[Any, Any, Any], Any], x: np.ndarray) -> np.ndarray:
        """A function (parameters, state, x) of encoded rows (N, *input_shape), compiled, chunk by chunk: (N, ...)."""
        return self._each(jit(function, self.network), x)

    def _each(self, function: Callable[[Any, Any, Any], Any], x: np.ndarray) -> np.ndarray:
        """A function (parameters, state, x) of encoded rows, chunk by chunk."""
        check_known(x)
        chunks = in_chunks(x, np.zeros(len(x), np.float32), min(SCORED_ROWS, len(x))).x
        with jax.ensure_compile_time_eval():  # inside a program of the user's, too, data are numbers and not traced
            answers = [np.asarray(function(self.parameters, self.state, jnp.asarray(chunk))) for chunk in chunks]
        return np.concatenate(answers)[: len(x)]

    def _note(self, notes: Iterable[str]) -> None:
        self.notes = [*self.notes, *(note for note in notes if note not in self.notes)]


def _check_length(network: Sequential, known: Shape, given: Shape) -> None:
    """Refuse sequences whose length the network cannot take.

    Raises:
        DataError: naming the lengths.
    """
    try:
        trained, asked = network.plan(known), network.plan(given)
    except ShapeError:
        asked = None
    if asked is None or trained.output != asked.output or _sizes(trained) != _sizes(asked):
        raise DataError(
            f"sequences of up to {given[0]:,} steps, and this network takes {known[0]:,} at most, as in training: cut "
            f"them, or train a network without an end to its time, such as gru"
        )


def _sizes(plan: Plan) -> dict[tuple[str, ...], Shape]:
    """The shapes of a network's variables."""
    return {path: variable.shape for kind in ("parameters", "state") for path, variable in plan.variables(kind)}


def _plain(scores: dict[str, float]) -> dict[str, float | None]:
    """Scores as JSON has them: None for one that is no number, such as a constant's under a loss of one's own."""
    return {name: value if isfinite(value) else None for name, value in scores.items()}


def _stored_settings(loss: Loss) -> dict[str, Any]:
    """The settings of a loss; files hold no code, so a function is left out."""
    if isinstance(loss, Several):
        return loss.settings()
    return {"link": loss.link} if isinstance(loss, FunctionLoss) else asdict(loss)
