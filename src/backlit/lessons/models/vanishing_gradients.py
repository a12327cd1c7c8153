"""Row 27: what saturating activations leave of the gradient, layer by layer."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from backlit.functions.activations import relu, sigmoid, tanh
from backlit.graph import grad
from backlit.layers.block import Context
from backlit.layers.notation import read as network
from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GREEN, SKY, VERMILLION, panels
from backlit.shapes import Array, Tree

WIDTH, ROWS, SEEDS, DEPTH = 16, 64, 8, 12
SATURATING = 3.0  # the deviation of biases that drive units far from 0
KINDS: dict[str, tuple[str, str, Callable[[Array], Array], float]] = {  # each with its usual initializer
    "sigmoid": ("Sigmoid", "Glorot", sigmoid, 0.0),
    "tanh": ("Tanh", "Glorot", tanh, 0.0),
    "tanh, saturated": ("Tanh", "Glorot", tanh, SATURATING),
    "ReLU": ("ReLU", "He", relu, 0.0),
}


def run() -> Outcome:
    """The gradient's size at every layer of a deep network before training."""
    sizes = {kind: _sizes(kind) for kind in KINDS}  # (seeds, layers)
    left = {kind: np.median(rows / rows[:, -1:], 0) for kind, rows in sizes.items()}
    middle = DEPTH // 2
    vanished = {kind: bool(share[0] < 0.1 * share[middle] < 0.01) for kind, share in left.items()}
    said = ", ".join(f"{share[0]:.1g} with {kind}" for kind, share in left.items())
    gone = [kind for kind in KINDS if vanished[kind]]
    finding = (
        f"Of the gradient at layer {DEPTH}, layer 1 gets this share: {said} (medians over {SEEDS} seeds). It vanishes "
        f"with {' and with '.join(gone) or 'none of them'}; layer {middle + 1} still gets "
        f"{' and '.join(f'{left[kind][middle]:.1g}' for kind in gone)}."
    )
    if not vanished["tanh"]:
        finding += " Tanh alone does not make it vanish at the start: while z is near 0 its derivative is near 1."

    with panels(1, 2, size=(9.6, 4.0)) as (picture, ((slopes, race),)):
        line = jnp.linspace(-6, 6, 241)
        styles = ((VERMILLION, "-", "o"), (SKY, "--", "D"), (BLUE, "--", "s"), (GREEN, "-.", "^"))
        layers = np.arange(1, DEPTH + 1)
        for (kind, (*_, f, deviation)), (color, line_style, marker) in zip(KINDS.items(), styles, strict=True):
            if not deviation:
                slopes.plot(line, jax.vmap(grad(f))(line), color=color, linestyle=line_style, label=kind)
            share = sizes[kind] / sizes[kind][:, -1:]
            race.semilogy(layers, left[kind], color=color, linestyle=line_style, marker=marker, ms=4, label=kind)
            race.fill_between(layers, share.min(0), share.max(0), color=color, alpha=0.2, linewidth=0)
        slopes.set(xlabel="z", ylabel="derivative", title="Far from 0, sigmoid and tanh have no slope")
        slopes.legend(loc="upper left")
        race.set(xlabel="layer (the loss is on the right)", ylabel=f"gradient, as a share of layer {DEPTH}'s")
        race.set_title("What is left of the gradient on its way back")
        race.set_xticks(layers)
        race.legend(loc="lower right")
    measures = {f"left, {kind}": float(share[0]) for kind, share in left.items()}
    measures |= {f"left half way, {kind}": float(share[middle]) for kind, share in left.items()}
    holds = vanished["sigmoid"] and vanished["tanh, saturated"] and not vanished["ReLU"]
    return Outcome(picture, finding, holds, measures)


def _sizes(kind: str) -> np.ndarray:
    """The root mean square of the gradient by each layer's weights, (seeds, layers), all seeds in one program."""
    activation, initializer, _, deviation = KINDS[kind]
    made = network(", ".join([f"Dense({WIDTH}, initializer='{initializer}'), {activation}"] * DEPTH + ["Dense(1)"]))
    names = [f"dense_{layer}" for layer in range(1, DEPTH + 1)]
    x = jax.random.normal(jax.random.key(1), (ROWS, WIDTH))
    y = jnp.sign(x[:, :1])

    def loss(parameters: Tree) -> Array:
        return jnp.square(made.apply(parameters, {}, x, Context())[0] - y).mean()

    def sizes(parameters: Tree) -> Array:
        gradient = grad(loss)(parameters)
        return jnp.stack([jnp.sqrt(jnp.square(gradient[name]["weight"]).mean()) for name in names])

    keys = jax.random.split(jax.random.key(0), SEEDS)
    parameters = jax.vmap(lambda key: made.initialize((WIDTH,), key)[0])(keys)
    biases = deviation * jax.random.normal(jax.random.key(2), (DEPTH, SEEDS, WIDTH))
    for name, bias in zip(names, biases, strict=True):
        parameters[name]["bias"] = bias
    return np.asarray(jax.jit(jax.vmap(sizes))(parameters))


LESSON = Lesson(
    name="vanishing-gradients",
    title="Vanishing gradients",
    rows=(27,),
    claim=(
        "Sigmoid and tanh saturate: their derivative is near zero for most z, so that gradients vanish on their way "
        "back, the more so the more layers there are; ReLU's is 1 where z > 0 (documents 0, 2 and 3)."
    ),
    experiment=(
        f"Networks of {DEPTH} layers of {WIDTH} units before training, sigmoid and tanh with Glorot's initializer, "
        f"ReLU with He's, on {ROWS} random rows; tanh once more with biases of deviation {SATURATING:g}, which "
        f"saturate it. The gradient by each layer's weights, {SEEDS} seeds; the bands go from smallest to largest."
    ),
    run=run,
)
