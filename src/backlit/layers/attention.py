"""Attention: each step of a sequence takes a weighted mean over other steps, the weights by how well they match.

    A = softmax(QKᵀ / √d),   Y = AV,   with Q = XW_q, K = MW_k, V = MW_v

One product reaches any step, so that long dependencies are as easy as short ones. M is X itself (self-attention) or
another sequence (cross attention). Each head does this with a share of the features; the heads' outputs stand side by
side and go through W_o. Source: Vaswani et al. 2017, arXiv:1706.03762; rotary: Su et al. 2021, arXiv:2104.09864.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import lax

from backlit.errors import SettingError, ShapeError
from backlit.layers.block import Block, Context, Parameters, State, checked_steps
from backlit.layers.dense import Dense
from backlit.layers.plan import EVERYTHING, POINT, Plan
from backlit.layers.settings import keep_flag, keep_whole
from backlit.shapes import Array, Shape, write

WEIGHTS = "weights"  # the end of the path under which an observer finds them
ROTATION = 10_000.0  # the ratio of the slowest wavelength of a position to the fastest


@dataclass(frozen=True)
class Attention(Block):
    """Multi-head self-attention: Y = [softmax(Q_h K_hᵀ / √d) V_h]_h W_o, with d = F / heads.

    Padded steps (`Context.steps`) are attended by none; a step that may see none has a mean of 0. In a stream, keys and
    values of earlier steps are kept in the state.

    Args:
        heads: at least 1; it divides the features.
        causal: whether a step sees itself and earlier steps alone.
        rotary: whether queries and keys are turned by an angle that grows with their position, so that they match by
            their distance; needs an even number of features a head.
        bias: whether the four products have biases.

    Shapes: x (B, T, F), y (B, T, F); four weights (F, F).

    >>> print(Attention(4, causal=True).plan((100, 32)).size)
    4224
    """

    heads: int
    causal: bool = False
    rotary: bool = False
    bias: bool = True

    def __post_init__(self) -> None:
        keep_whole(self, "heads")
        for name in ("causal", "rotary", "bias"):
            keep_flag(self, name)

    def plan(self, input: Shape) -> Plan:
        """Four products a step, and two for each pair of steps."""
        plan = _plan(self, input, self.heads, self.bias)
        if self.rotary and input[-1] // self.heads % 2:
            raise ShapeError(
                f"Attention(rotary=True) turns pairs of features, and {self.heads} heads of {input[-1]} features have "
                f"{input[-1] // self.heads} each; make that an even number"
            )
        return plan

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each step's weighted mean over the steps that it may see."""
        query, key, value = _heads(parameters, ("query", "key", "value"), x, self)
        start = state.get("position", 0) if context.streaming else 0
        if self.rotary:
            query, key = rotate(query, start), rotate(key, start)
        real = checked_steps(context.steps, x)
        after: State = {}
        if context.streaming:
            key, value, real, after = self._remember(key, value, real, state, context.streaming)
        visible = None if real is None else real[:, None, None] > 0
        if self.causal:
            order = jnp.arange(key.shape[1]) <= start + jnp.arange(x.shape[1])[:, None]
            visible = order if visible is None else visible & order
        return _answer(parameters, query, key, value, visible, self, context), after

    def _remember(
        self, key: Array, value: Array, real: Array | None, state: State, longest: int
    ) -> tuple[Array, Array, Array | None, State]:
        """The keys, values and real steps of the whole stream so far, at their places among the `longest`."""
        if not self.causal:
            raise SettingError(
                "Attention sees later steps, which a stream does not have yet: streaming needs Attention(causal=True)"
            )
        start = state.get("position", jnp.int32(0))
        new = {"keys": key, "values": value} | ({} if real is None else {"real": real})
        if real is None and "real" in state:
            new["real"] = jnp.ones(key.shape[:2], state["real"].dtype)
        if key.shape[1] > longest:
            raise ShapeError(f"a stream of at most {longest} steps was given {key.shape[1]}")
        kept = {}
        for name, array in new.items():
            fill = jnp.ones if name == "real" else jnp.zeros  # steps that came without a mask were real
            before = state.get(name, fill((len(array), longest, *array.shape[2:]), array.dtype))
            kept[name] = lax.dynamic_update_slice_in_dim(before, array, start, axis=1)
        beyond = start + key.shape[1] > longest  # no place is left: NaN, and never a step in another's place
        kept["values"] = jnp.where(beyond, jnp.nan, kept["values"])
        return kept["keys"], kept["values"], kept.get("real"), {**kept, "position": start + key.shape[1]}


@dataclass(frozen=True)
class CrossAttention(Block):
    """Multi-head attention to another sequence, `Context.memory`: the steps of x ask, those of the memory answer.

    Inside `EncoderDecoder` the memory is the encoded source. It has as many features as x.

    Args:
        heads: at least 1; it divides the features.
        bias: whether the four products have biases.

    Shapes: x (B, T, F), memory (B, S, F), y (B, T, F); four weights (F, F).
    """

    heads: int
    bias: bool = True

    def __post_init__(self) -> None:
        keep_whole(self, "heads")
        keep_flag(self, "bias")

    def plan(self, input: Shape) -> Plan:
        """Four products a step; the memory is counted as long as the input."""
        return replace(_plan(self, input, self.heads, self.bias), reach=POINT)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each step's weighted mean over the memory's real steps."""
        memory = context.memory
        if memory is None:
            raise ShapeError("CrossAttention has no other sequence to look at: put it into an EncoderDecoder")
        if memory.shape[::2] != x.shape[::2]:
            raise ShapeError(
                f"CrossAttention joins sequences of one width, and its input is {write(x.shape[1:])}, the memory "
                f"{write(memory.shape[1:])}; make both {x.shape[-1]} features wide"
            )
        (query,) = _heads(parameters, ("query",), x, self)
        key, value = _heads(parameters, ("key", "value"), memory, self)
        real = checked_steps(context.memory_steps, memory)
        visible = None if real is None else real[:, None, None] > 0
        return _answer(parameters, query, key, value, visible, self, context), {}


def attend(query: Array, key: Array, value: Array, visible: Array | None = None) -> Array:
    """Scaled dot-product attention, softmax(QKᵀ / √d) V.

    Args:
        query: (B, T, H, d).
        key: (B, S, H, d).
        value: (B, S, H, d).
        visible: which keys a query may see, truth values that broadcast to (B, H, T, S); None: all.

    Returns:
        (B, T, H, d); zeros for a query that may see no key.
    """
    weights, total = _matches(query, key, visible)
    # Divided last: T·d numbers instead of T·S, and the backward pass needs none of the quotients.
    return jnp.einsum("bhts,bshd->bthd", weights, value) / total.swapaxes(1, 2)[..., None]


def weigh(query: Array, key: Array, visible: Array | None = None) -> Array:
    """The weights of `attend`, softmax(QKᵀ / √d): (B, H, T, S); the rows of queries that see a key add up to 1."""
    weights, total = _matches(query, key, visible)
    return weights / total[..., None]


def _matches(query: Array, key: Array, visible: Array | None) -> tuple[Array, Array]:
    """The exponentials of the scores (B, H, T, S), and their sums (B, H, T)."""
    scores = jnp.einsum("bthd,bshd->bhts", query * query.shape[-1] ** -0.5, key)
    hidden = float(jnp.finfo(scores.dtype).min) / 4  # finite: a search for what turned non-finite passes it by
    if visible is not None:
        scores = jnp.where(visible, scores, hidden)
    largest = jnp.maximum(lax.stop_gradient(scores.max(-1, keepdims=True)), hidden / 2)  # above what is hidden
    weights = jnp.exp(scores - largest)
    return weights, jnp.maximum(weights.sum(-1), 0.5)  # at least 1 where any key is visible, else 0


def rotate(x: Array, start: Array | int = 0) -> Array:
    """Turn the i-th pair of features at position t by the angle t · 10000^(−2i/d): products then tell distances.

    Args:
        x: (B, T, H, d), d even; the pairs are i and i + d/2.
        start: the position of the first step.
    """
    half = x.shape[-1] // 2
    cosine, sine = (f(angles(x.shape[1], half, start)).astype(x.dtype)[:, None] for f in (jnp.cos, jnp.sin))
    first, second = x[..., :half], x[..., half:]
    return jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def angles(steps: int, frequencies: int, start: Array | int = 0) -> Array:
    """The angles t · 10000^(−i/n) of positions t from `start` on, (steps, n): each frequency slower than the last."""
    positions = start + jnp.arange(steps)
    return positions[:, None] * ROTATION ** (-jnp.arange(frequencies) / frequencies)


def sequence(block: Block, input: Shape) -> None:
    """Make sure that a block's input is a sequence of features.

    Raises:
        ShapeError: it is not.
    """
    if len(input) != 2:
        raise ShapeError(
            f"{type(block).__name__} takes sequences of shape (T, F), and its input has the shape {write(input)}; "
            "tokens need an Embedding first"
        )


def _plan(block: Block, input: Shape, heads: int, bias: bool) -> Plan:
    sequence(block, input)
    steps, width = input
    if width % heads:
        raise ShapeError(
            f"{type(block).__name__} shares {width} features among {heads} heads, and {heads} does not divide {width}; "
            "change the number of heads or the width"
        )
    parts = {name: _dense(width, bias).plan(input) for name in ("query", "key", "value", "output")}
    parts["output"] = replace(parts["output"], reach=EVERYTHING)
    return Plan(
        input=input,
        output=input,
        multiply_adds=sum(part.multiply_adds for part in parts.values()) + 2 * steps * steps * width,
        neurons=sum(part.neurons for part in parts.values()),
        reach=EVERYTHING,
        parts=parts,
        branched=True,
    )


def _dense(width: int, bias: bool) -> Dense:
    return Dense(width, bias=bias, initializer="Glorot")


def _heads(parameters: Parameters, names: tuple[str, ...], x: Array, block: Attention | CrossAttention) -> list[Array]:
    """The named products of x as one, their features shared among the heads: (B, T, H, d) each."""
    each = [parameters[name] for name in names]
    joined = {kind: jnp.concatenate([one[kind] for one in each], axis=-1) for kind in each[0]}
    products = jnp.split(_product(joined, "_".join(names), x, block), len(names), axis=-1)
    return [product.reshape(*x.shape[:2], block.heads, -1) for product in products]


def _answer(
    parameters: Parameters,
    query: Array,
    key: Array,
    value: Array,
    visible: Array | None,
    block: Attention | CrossAttention,
    context: Context,
) -> Array:
    """The heads' outputs side by side, through the last product; the weights are kept where an observer wants them."""
    if context.observe is not None and context.observe.attention:
        context.observe.seen[f"{context.path}/{WEIGHTS}"] = weigh(query, key, visible)
    heads = attend(query, key, value, visible)
    return _product(parameters["output"], "output", heads.reshape(*heads.shape[:2], -1), block)


def _product(parameters: Parameters, name: str, x: Array, block: Attention | CrossAttention) -> Array:
    with jax.named_scope(name):
        return _dense(x.shape[-1], block.bias).apply(parameters, {}, x, Context())[0]
