"""Faults of signals and gradients: what layers pass on, and what their first weights do."""

from dataclasses import replace

from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.recipes import WEIGHTED, Recipe
from benchmarks.doctor.sick_blocks import BiasedConv, BiasedDense, Rounded, Stop, SureDense

import backlit as bl
from backlit.layers.block import Block
from backlit.layers.recurrence import Recurrence

BENT = (bl.ReLU, bl.Tanh)
DEPTH = 12


def sigmoid_layers(recipe: Recipe) -> Planted:
    """Twelve layers of sigmoids before the head."""
    return _deep(recipe, tuple(block for _ in range(DEPTH) for block in (bl.Dense(24), bl.Sigmoid())))


def sigmoid_layers_descended(recipe: Recipe) -> Planted:
    planted = sigmoid_layers(recipe)
    return replace(planted, recipe=planted.recipe.with_arguments(optimizer="gradient_descent", learning_rate=0.1))


def small_tanh_layers(recipe: Recipe) -> Planted:
    """Ten layers of tanh with weights of a fifth of what keeps the signal."""
    own = (bl.Dense(24, initializer=bl.Normal(0.03)), bl.Tanh())
    return _deep(recipe, own * 10)


def forgetful_context(recipe: Recipe) -> Planted | None:
    return _recurrent(recipe, recurrent_initializer=bl.Orthogonal(0.02))


def growing_layers(recipe: Recipe) -> Planted:
    """Ten layers of which each doubles the signal, and its gradient."""
    return _deep(recipe, (bl.Dense(24, initializer=bl.Normal(0.7)), bl.ReLU()) * 10)


def growing_context(recipe: Recipe) -> Planted | None:
    return _recurrent(recipe, recurrent_initializer=bl.Orthogonal(1.8), activation="ReLU")


def chaotic_context(recipe: Recipe) -> Planted | None:
    return _recurrent(recipe, recurrent_initializer=bl.Orthogonal(6.0))


def one_layer_dead(recipe: Recipe) -> Planted | None:
    return _biased(recipe, recipe.after(bl.ReLU)[-1:])


def all_layers_dead(recipe: Recipe) -> Planted | None:
    return _biased(recipe, recipe.after(bl.ReLU))


def saturated_tanh(recipe: Recipe) -> Planted | None:
    return _saturated(recipe, bl.Tanh())


def saturated_sigmoid(recipe: Recipe) -> Planted | None:
    return _saturated(recipe, bl.Sigmoid())


def constant_weights(recipe: Recipe) -> Planted:
    """Every hidden layer's weights are 0.1."""
    return _initialized(recipe, {place: bl.Constant(0.1) for place in recipe.places})


def constant_last(recipe: Recipe) -> Planted:
    """The weights of the last hidden layer are 0.05, and so are the head's."""
    last = len(recipe.blocks) - 1
    planted = _initialized(recipe, {place: bl.Constant(0.05) for place in (recipe.places[-1], last)})
    return replace(planted, places=recipe.places[-1:])


def unit_weights(recipe: Recipe) -> Planted:
    return _initialized(recipe, {place: bl.Normal(1.0) for place in (*recipe.places, len(recipe.blocks) - 1)})


def scaled_weights(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(initial_scale=10.0), (*recipe.places, len(recipe.blocks) - 1))


def tiny_weights(recipe: Recipe) -> Planted:
    """The usual form, and steps that keep the gradient's size."""
    slow = recipe.with_arguments(optimizer="gradient_descent", learning_rate=0.05)
    return Planted(slow.with_arguments(initial_scale=1e-3), (*recipe.places, len(recipe.blocks) - 1), twin=slow)


def sure_head(recipe: Recipe) -> Planted:
    """The usual form, and steps as small as they are with gradient descent."""
    slow = recipe.with_arguments(optimizer="gradient_descent", learning_rate=0.01)
    return replace(_sure(slow, 10.0), twin=slow)


def very_sure_head(recipe: Recipe) -> Planted:
    return _sure(recipe, 1000.0)


def no_activations(recipe: Recipe) -> Planted | None:
    """Dense and Conv layers with nothing between them."""
    found = recipe.after(BENT)
    if not found or any(isinstance(block, Recurrence | bl.EncoderBlock) for block in recipe.blocks):
        return None
    if any(isinstance(block, bl.MaxPool) for block in recipe.blocks):
        recipe = recipe.with_blocks(
            {p: bl.MeanPool(2) for p, b in enumerate(recipe.blocks) if isinstance(b, bl.MaxPool)}
        )
    return Planted(recipe.with_blocks({place + 1: bl.Linear() for place in found}), tuple(found))


def stopped(recipe: Recipe) -> Planted:
    """No gradient reaches what comes before the head."""
    return _cut(recipe, Stop())


def rounded(recipe: Recipe) -> Planted:
    return _cut(recipe, Rounded())


def _deep(recipe: Recipe, blocks: tuple[Block, ...]) -> Planted:
    last = len(recipe.blocks) - 1
    inserted = range(last, last + len(blocks))
    deeper = recipe.with_blocks({last: (*blocks, recipe.blocks[last])})
    return Planted(deeper, (*recipe.places, *inserted))


def _recurrent(recipe: Recipe, **settings: object) -> Planted | None:
    places = [place for place, block in enumerate(recipe.blocks) if isinstance(block, Recurrence)]
    if not places:
        return None
    units = recipe.blocks[places[0]].units  # type: ignore[attr-defined]
    return Planted(recipe.with_blocks({places[0]: bl.RNN(units, **settings)}), tuple(places))  # type: ignore[arg-type]


def _biased(recipe: Recipe, places: list[int]) -> Planted | None:
    blocks: dict[int, Block] = {}
    for place in places:
        block = recipe.blocks[place]
        start = -10.0 if isinstance(recipe.blocks[0], bl.Dense) else -6.0
        if isinstance(block, bl.Dense):
            blocks[place] = BiasedDense(block.units, start=start)
        elif isinstance(block, bl.Conv):
            blocks[place] = BiasedConv(block.filters, block.kernel, start=-10.0)
    both = tuple(p + step for p in places for step in (0, 1))
    return Planted(recipe.with_blocks(blocks), both) if blocks else None


def _saturated(recipe: Recipe, activation: Block) -> Planted | None:
    """Every hidden activation, with weights of 20 times the usual size before it."""
    places = recipe.after(BENT)
    if not places:
        return None
    blocks: dict[int, Block] = {place + 1: activation for place in places}
    for place in places:
        blocks[place] = replace(
            recipe.blocks[place],  # type: ignore[type-var]
            initializer=bl.Normal(20 / recipe.inputs_of(place) ** 0.5),
        )
    return Planted(recipe.with_blocks(blocks), tuple(p + step for p in places for step in (0, 1)))


def _initialized(recipe: Recipe, initializers: dict[int, object]) -> Planted:
    blocks: dict[int, Block] = {}
    for place, initializer in initializers.items():
        block = recipe.blocks[place]
        own = {"initializer": initializer}
        if isinstance(block, Recurrence):
            own["recurrent_initializer"] = initializer
        if isinstance(block, WEIGHTED):
            blocks[place] = replace(block, **own)  # type: ignore[type-var]
    return Planted(recipe.with_blocks(blocks), tuple(initializers))


def _sure(recipe: Recipe, start: float) -> Planted:
    last = len(recipe.blocks) - 1
    head = recipe.blocks[last]
    assert isinstance(head, bl.Dense)
    return Planted(
        recipe.with_blocks({last: SureDense(head.units, initializer=head.initializer, start=start)}), (last,)
    )


def _cut(recipe: Recipe, block: Block) -> Planted:
    last = len(recipe.blocks) - 1
    cut = recipe.with_blocks({last: (block, recipe.blocks[last])})
    return Planted(cut, (*recipe.places, last))


PLANTS = (
    Plant("vanishing gradient", "12 sigmoid layers, gradient descent", sigmoid_layers_descended, repairable=True),
    Plant("vanishing gradient", "12 sigmoid layers", sigmoid_layers, repairable=True),
    Plant("vanishing gradient", "10 tanh layers of small weights", small_tanh_layers, True, ("initialization scale",)),
    Plant("vanishing gradient", "a context that forgets", forgetful_context, True, ("initialization scale",)),
    Plant("exploding gradient", "10 layers of gain 2.4", growing_layers, True, ("initialization scale",)),
    Plant("exploding gradient", "a context of gain 1.8", growing_context, True, ("initialization scale",)),
    Plant(
        "exploding gradient",
        "a context of gain 6",
        chaotic_context,
        True,
        ("initialization scale", "saturated sigmoid/tanh"),
    ),
    Plant("dying ReLU", "bias −10 in one layer", one_layer_dead),
    Plant("dying ReLU", "bias −10 in all", all_layers_dead),
    Plant("saturated sigmoid/tanh", "tanh, weights × 20", saturated_tanh, True, ("initialization scale",)),
    Plant("saturated sigmoid/tanh", "sigmoid, weights × 20", saturated_sigmoid, True, ("initialization scale",)),
    Plant("symmetric initialization", "0.1 everywhere", constant_weights, repairable=True),
    Plant("symmetric initialization", "0.05 in the last two layers", constant_last, repairable=True),
    Plant("initialization scale", "deviation 1", unit_weights, True, ("exploding gradient", "saturated sigmoid/tanh")),
    Plant(
        "initialization scale", "weights × 10", scaled_weights, True, ("exploding gradient", "saturated sigmoid/tanh")
    ),
    Plant("initialization scale", "weights × 0.001", tiny_weights, True, ("vanishing gradient",)),
    Plant("bad initial loss", "output bias 10, gradient descent", sure_head),
    Plant("bad initial loss", "output bias 1000", very_sure_head),
    Plant("missing activation", "none between the layers", no_activations, repairable=True),
    Plant("detached parameter", "stop_gradient before the head", stopped),
    Plant("detached parameter", "rounding before the head", rounded),
)
