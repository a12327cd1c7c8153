"""The transformer's blocks, as compositions: attention mixes the steps, a small network works on each, both residual.

    before:  h = x + attention(norm(x)),  y = h + network(norm(h))
    after:   h = norm(x + attention(x)),  y = norm(h + network(h))

Sources: Vaswani et al. 2017, arXiv:1706.03762 (norm after); Xiong et al. 2020, arXiv:2002.04745 (norm before).
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backlit.errors import SettingError, ShapeError
from backlit.layers.activation import GELU
from backlit.layers.attention import Attention, CrossAttention, sequence
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.composition import Composition, Residual, Sequential, apply_part, plan_part
from backlit.layers.dense import Dense
from backlit.layers.normalization import LayerNorm
from backlit.layers.plan import EVERYTHING, Plan
from backlit.layers.regularization import Dropout
from backlit.layers.settings import keep_flag, keep_number, keep_whole
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class TransformerBlock(Block):
    """What both blocks share; a subclass says which layers of attention it has."""

    heads: int
    multiple: int = 4
    dropout: float = 0.0
    rotary: bool = False
    norm: str = "before"

    def __post_init__(self) -> None:
        keep_whole(self, "heads")
        keep_whole(self, "multiple")
        keep_number(self, "dropout", "of at least 0 and below 1", lambda rate: 0 <= rate < 1)
        keep_flag(self, "rotary")
        if self.norm not in ("before", "after"):
            raise SettingError(f"{type(self).__name__} takes norm='before' or norm='after', not {self.norm!r}")

    @abstractmethod
    def attentions(self) -> list[Block]:
        """The layers of attention, in order."""

    def composition(self, width: int) -> Sequential:
        """The block for steps of this many features, written out.

        >>> print(EncoderBlock(2).composition(8).blocks[1])
        Residual(LayerNorm, Dense(32), GELU, Dense(8, initializer='Glorot'))
        """
        network = [Dense(self.multiple * width), GELU(), Dense(width, initializer="Glorot")]
        dropout = [Dropout(self.dropout)] if self.dropout else []
        rows = [[*row, *dropout] for row in (*([layer] for layer in self.attentions()), network)]
        if self.norm == "before":
            return Sequential(*(Residual(LayerNorm, *row) for row in rows))
        return Sequential(*(block for row in rows for block in (Residual(*row), LayerNorm())))

    def plan(self, input: Shape) -> Plan:
        """The plan of the composition."""
        sequence(self, input)
        return self.composition(input[-1]).plan(input)

    def parts(self, input: Shape) -> Mapping[str, Block]:
        """The blocks of the composition."""
        return self.composition(input[-1]).named

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The composition, applied."""
        return self.composition(x.shape[-1]).apply(parameters, state, x, context)


@dataclass(frozen=True)
class EncoderBlock(TransformerBlock):
    """Self-attention over the whole sequence, then a network of one hidden layer on each step; both residual.

    Args:
        heads: of the attention, at least 1; it divides the features.
        multiple: how many times wider the hidden layer is.
        dropout: the rate of dropout on what is added, in [0, 1).
        rotary: whether attention matches by distance (see `Attention`).
        norm: where LayerNorm stands: 'before' attention and network, or 'after' their sums.

    Shapes: x (B, T, F), y (B, T, F).
    """

    def attentions(self) -> list[Block]:
        """Self-attention."""
        return [Attention(self.heads, rotary=self.rotary)]


@dataclass(frozen=True)
class DecoderBlock(TransformerBlock):
    """Causal self-attention, cross attention where asked, then a network of one hidden layer on each step.

    Args:
        heads: of the attention, at least 1; it divides the features.
        multiple: how many times wider the hidden layer is.
        dropout: the rate of dropout on what is added, in [0, 1).
        rotary: whether attention matches by distance (see `Attention`).
        norm: where LayerNorm stands: 'before' attention and network, or 'after' their sums.
        cross: whether it also looks at an encoded source; then it belongs into an `EncoderDecoder`.

    Shapes: x (B, T, F), y (B, T, F).
    """

    cross: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flag(self, "cross")

    def attentions(self) -> list[Block]:
        """Causal self-attention, and cross attention."""
        own: list[Block] = [Attention(self.heads, causal=True, rotary=self.rotary)]
        return [*own, CrossAttention(self.heads)] if self.cross else own


@dataclass(frozen=True, init=False, repr=False)
class EncoderDecoder(Composition):
    """A source is encoded, and a decoder that looks at it makes the target, each step from the steps before.

    An example is one row of tokens: the source's S, then T that the decoder is given, which are a mark of the
    beginning and the target without its last. Padding (−1, with a `Padding` layer in front) is left out on both sides.

    Args:
        encoder: tokens (S,) or steps (S, F) → (S, width).
        decoder: tokens (T,) or steps (T, F) → (T, ...), with CrossAttention of that width inside.
        source: S, the steps of the source, at least 1.

    Shapes: x (B, S + T, ...), y (B, T, ...).
    """

    source: int = 0

    def __init__(self, encoder: Any, decoder: Any, source: int) -> None:
        super().__init__(encoder, decoder)
        object.__setattr__(self, "source", source)
        keep_whole(self, "source")

    @property
    def named(self) -> dict[str, Block]:
        """The encoder and the decoder."""
        return dict(zip(("encoder", "decoder"), self.blocks, strict=True))

    def plan(self, input: Shape) -> Plan:
        """The plans of the encoder for the source, and of the decoder for the rest."""
        steps = input[0] if input else 0
        if steps <= self.source:
            raise ShapeError(
                f"EncoderDecoder(source={self.source}) splits off {self.source} steps, and its input has {steps}: "
                "an example is the source, and then at least one step for the decoder"
            )
        shapes = ((self.source, *input[1:]), (steps - self.source, *input[1:]))
        parts = {
            name: plan_part(name, block, shape) for (name, block), shape in zip(self.named.items(), shapes, strict=True)
        }
        memory = parts["encoder"].output
        if len(memory) != 2:
            raise ShapeError(f"EncoderDecoder needs an encoder that makes (S, width), and it makes {write(memory)}")
        return Plan(
            input=input,
            output=parts["decoder"].output,
            multiply_adds=sum(part.multiply_adds for part in parts.values()),
            neurons=sum(part.neurons for part in parts.values()),
            reach=EVERYTHING,
            parts=parts,
            branched=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The decoder's output. In a stream, the source comes with the first piece, and what it became is kept."""
        encoder, decoder = self.named.items()
        after: State = {}
        if context.streaming and "memory" in state:
            memory, real, steps = state["memory"], state.get("memory_steps"), context.steps
        else:
            if x.shape[1] <= self.source:
                raise ShapeError(
                    f"EncoderDecoder(source={self.source}) needs the source and a step for the decoder at first, and "
                    f"the input has {x.shape[1]} steps"
                )
            real, steps = self._split(context.steps)
            inner = replace(context.enter(encoder[0], 0), steps=real, streaming=0)
            source, x = self._split(x)
            memory = apply_part(*encoder, parameters, state, source, inner, after)
            real = encoder[1].steps(real)
        inner = replace(context.enter(decoder[0], 1), steps=steps, memory=memory, memory_steps=real)
        if context.streaming:
            inner = replace(inner, streaming=max(1, context.streaming - self.source))
        y = apply_part(*decoder, parameters, state, x, inner, after)
        if context.streaming:
            after |= {"memory": memory} | ({} if real is None else {"memory_steps": real})
        return y, after

    def steps(self, steps: Array | None) -> Array | None:
        """The real steps of the decoder's output."""
        return self.blocks[1].steps(self._split(steps)[1])

    def _split(self, steps: Any) -> tuple[Any, Any]:
        """What belongs to the source, and what to the target."""
        return (None, None) if steps is None else (steps[:, : self.source], steps[:, self.source :])
