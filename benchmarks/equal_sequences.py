"""Embedding, recurrence, attention and transformer blocks beside PyTorch's modules, on Backlit's parameters."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from peer import BATCH, Peer, Tensors, Theirs, layer
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import backlit as bl

TIME, WIDTH, UNITS, HEADS = 6, 8, 5, 2
LENGTHS = torch.tensor([6, 4, 1])
STEPS = np.arange(TIME) < LENGTHS.numpy()[:, None]
MEMORY = np.random.default_rng(3).normal(size=(BATCH, 4, WIDTH))
LATER = torch.triu(torch.ones(TIME, TIME, dtype=torch.bool), 1)
REMEMBERING, PADDED = bl.Context(memory=MEMORY), bl.Context(steps=STEPS.astype(float))
ROWS = {"weight": "weight_ih_l0", "recurrent": "weight_hh_l0", "bias": "bias_ih_l0"}


def recurrent_tensors(p: Tensors, end: str = "") -> Tensors:
    """One direction's parameters under PyTorch's names; its second bias is Backlit's `recurrent_bias`, or nothing."""
    named = {ROWS[name] + end: p[name].T for name in ROWS}
    own = p.get("recurrent_bias", p["bias"].new_zeros(0))
    return named | {"bias_hh_l0" + end: F.pad(own, (len(p["bias"]) - len(own), 0))}


def recurrence(block: bl.Block, module: nn.Module, lengths: torch.Tensor | None = None) -> Peer:
    """The outputs of every step, or of the last one; where lengths are given, of padded sequences."""
    both = isinstance(block, bl.Bidirectional)
    every = block.plan((TIME, WIDTH)).output[0] == TIME

    def theirs(p: Tensors, x: torch.Tensor) -> torch.Tensor:
        if both:
            tensors = recurrent_tensors(p["forward"]) | recurrent_tensors(p["backward"], "_reverse")
        else:
            tensors = recurrent_tensors(p)
        given: Any = x if lengths is None else pack_padded_sequence(x, lengths, batch_first=True)
        y, last = functional_call(module, tensors, (given,))
        if every:
            return y if lengths is None else pad_packed_sequence(y, batch_first=True)[0]
        hidden = last[0] if isinstance(last, tuple) else last
        return hidden.movedim(0, 1).flatten(1)

    peer = layer(block, (TIME, WIDTH), theirs, bl.Context() if lengths is None else PADDED)
    return peer if lengths is None else padded(peer)


def padded(peer: Peer) -> Peer:
    """The same, named after its padding."""
    return replace(peer, name=f"{peer.name}, padded")


def attention_tensors(p: Tensors, path: str = "") -> Tensors:
    """The four products under PyTorch's names, the first three side by side."""
    three = [p[name] for name in ("query", "key", "value")]
    tensors = {
        "in_proj_weight": torch.cat([product["weight"].T for product in three]),
        "out_proj.weight": p["output"]["weight"].T,
    }
    if "bias" in p["output"]:
        tensors["in_proj_bias"] = torch.cat([product["bias"] for product in three])
        tensors["out_proj.bias"] = p["output"]["bias"]
    return {path + name: tensor for name, tensor in tensors.items()}


def attention(memory: bool = False, bias: bool = True, **settings: Any) -> Theirs:
    """Multi-head attention to the sequence itself, or to the memory."""
    module = nn.MultiheadAttention(WIDTH, HEADS, bias=bias, batch_first=True)

    def theirs(p: Tensors, x: torch.Tensor) -> torch.Tensor:
        other = torch.from_numpy(MEMORY) if memory else x
        return functional_call(module, attention_tensors(p), (x, other, other), {"need_weights": False, **settings})[0]

    return theirs


def block_tensors(p: Tensors, attentions: tuple[str, ...], order: str) -> Tensors:
    """A transformer block's parameters under PyTorch's names: rows of attention, then a row of a network."""
    tensors: Tensors = {}
    rows = [p[f"residual_{number}"] for number in range(1, len(attentions) + 2)]
    for number, row in enumerate(rows, start=1):
        norm = row["layernorm_1"] if order == "before" else p[f"layernorm_{number}"]
        tensors |= {f"norm{number}.weight": norm["scale"], f"norm{number}.bias": norm["shift"]}
    for name, row in zip(attentions, rows, strict=False):
        products = row.get("attention_1") or row["crossattention_1"]
        tensors |= attention_tensors(products, f"{name}.")
    for number in (1, 2):
        dense = rows[-1][f"dense_{number}"]
        tensors |= {f"linear{number}.weight": dense["weight"].T, f"linear{number}.bias": dense["bias"]}
    return tensors


def encoder(order: str) -> Theirs:
    """PyTorch's encoder layer."""
    first = order == "before"
    module = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0, "gelu", batch_first=True, norm_first=first)
    return lambda p, x: functional_call(module, block_tensors(p, ("self_attn",), order), (x,))


def decoder(order: str) -> Theirs:
    """PyTorch's decoder layer, which looks at the memory."""
    first = order == "before"
    module = nn.TransformerDecoderLayer(WIDTH, HEADS, 4 * WIDTH, 0, "gelu", batch_first=True, norm_first=first)

    def theirs(p: Tensors, x: torch.Tensor) -> torch.Tensor:
        tensors = block_tensors(p, ("self_attn", "multihead_attn"), order)
        return functional_call(module, tensors, (x, torch.from_numpy(MEMORY)), {"tgt_mask": LATER})

    return theirs


def tokens(block: bl.Block, count: int, theirs: Theirs) -> Peer:
    """A layer of tokens."""
    peer = layer(block, (TIME,), theirs)
    return replace(peer, x=np.random.default_rng(0).integers(0, count, (BATCH, TIME)))


SEQUENCES = [
    tokens(bl.Embedding(10, 4), 10, lambda p, x: F.embedding(x, p["weight"])),
    recurrence(bl.RNN(UNITS, sequence=True), nn.RNN(WIDTH, UNITS, batch_first=True)),
    recurrence(bl.RNN(UNITS, activation="ReLU"), nn.RNN(WIDTH, UNITS, batch_first=True, nonlinearity="relu")),
    recurrence(bl.LSTM(UNITS, sequence=True), nn.LSTM(WIDTH, UNITS, batch_first=True)),
    recurrence(bl.LSTM(UNITS), nn.LSTM(WIDTH, UNITS, batch_first=True)),
    recurrence(bl.GRU(UNITS, sequence=True), nn.GRU(WIDTH, UNITS, batch_first=True)),
    recurrence(bl.GRU(UNITS), nn.GRU(WIDTH, UNITS, batch_first=True)),
    *(
        recurrence(
            bl.Bidirectional(kind(UNITS, sequence=every)),
            peer(WIDTH, UNITS, batch_first=True, bidirectional=True),
            lengths,
        )
        for kind, peer in ((bl.RNN, nn.RNN), (bl.LSTM, nn.LSTM), (bl.GRU, nn.GRU))
        for every in (True, False)
        for lengths in (None, LENGTHS)
    ),
    layer(bl.Attention(HEADS), (TIME, WIDTH), attention()),
    layer(bl.Attention(HEADS, bias=False), (TIME, WIDTH), attention(bias=False)),
    layer(bl.Attention(HEADS, causal=True), (TIME, WIDTH), attention(attn_mask=LATER)),
    padded(layer(bl.Attention(HEADS), (TIME, WIDTH), attention(key_padding_mask=torch.from_numpy(~STEPS)), PADDED)),
    layer(bl.CrossAttention(HEADS), (TIME, WIDTH), attention(memory=True), REMEMBERING),
    *(layer(bl.EncoderBlock(HEADS, norm=order), (TIME, WIDTH), encoder(order)) for order in ("before", "after")),
    *(
        layer(bl.DecoderBlock(HEADS, norm=order, cross=True), (TIME, WIDTH), decoder(order), REMEMBERING)
        for order in ("before", "after")
    ),
]
