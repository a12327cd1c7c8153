"""At least one small function for every primitive that has a rule, and points to differentiate it at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.extend.core import primitives


@dataclass(frozen=True)
class Case:
    """A function that holds a primitive; `order` is how often it may be checked by finite differences."""

    primitive: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    order: int = 2
    note: str = ""

    def __str__(self) -> str:
        return f"{self.primitive} {self.note}".strip().replace(" ", "-")


def between(low: float, high: float, *shape: int) -> np.ndarray:
    """Distinct numbers, at least (high − low)/100 apart for up to 100 of them, in a mixed order."""
    count = max(int(np.prod(shape)), 1)
    return np.random.default_rng(count).permutation(np.linspace(low, high, count + 2)[1:-1]).reshape(shape)


def unary(primitive: str, function: Callable[..., Any], low: float, high: float) -> Case:
    return Case(primitive, function, (between(low, high, 2, 3),))


def same_type(condition: Any, x: Any) -> Any:
    return condition.astype(x.dtype)


x23, y23 = between(-2, 2, 2, 3), between(-1.5, 1.7, 3, 2).T
line = between(-1, 1, 5)

ARITHMETIC = [
    Case("add", lambda x, y: x + jnp.sin(y), (x23, y23)),
    Case("add", lambda x: jnp.sin(x + 2.0), (x23,), note="a number"),
    Case("add_any", lambda x, y: primitives.add_jaxvals_p.bind(jnp.sin(x), y), (x23, y23)),
    Case("sub", lambda x, y: jnp.sin(x) - y, (x23, y23)),
    Case("sub", lambda x: 1.0 - jnp.sin(x), (x23,), note="from a number"),
    Case("neg", lambda x: -jnp.sin(x), (x23,)),
    Case("mul", lambda x, y: x * y, (x23, y23)),
    Case("mul", lambda x, y: lax.mul(x, y), (1.5, -0.7), note="scalars"),
    Case("mul", lambda x: x * x, (x23,), note="by itself"),
    Case("div", lambda x, y: x / y, (x23, between(0.5, 2, 2, 3))),
    Case("div", lambda x: jnp.sin(x) / 3.0, (x23,), note="by a number"),
    Case("div", lambda x: 2.0 / x, (between(-2, -0.5, 2, 3),), note="of a number"),
    Case("rem", lax.rem, (between(-7, 7, 2, 3), between(1.1, 1.6, 3, 2).T)),
    Case("pow", lax.pow, (between(0.3, 2, 2, 3), y23)),
    Case("pow", lambda x: x**2.5, (between(0.3, 2, 2, 3),), note="constant exponent"),
    Case("pow", lambda x, n: lax.pow(x, n), (between(-2, -0.5, 2, 2), np.array([[0, 1], [2, -3]])), note="integers"),
    unary("integer_pow", lambda x: lax.integer_pow(x, 3), -2, 2),
    unary("integer_pow", lambda x: lax.integer_pow(x, -2), 0.5, 2),
    unary("integer_pow", lambda x: lax.integer_pow(x, 1) * lax.integer_pow(x, 0), 0.5, 2),
    unary("square", lambda x: lax.square(lax.square(x)), -2, 2),
    unary("sqrt", lax.sqrt, 0.2, 2),
    unary("rsqrt", lax.rsqrt, 0.2, 2),
    unary("cbrt", lax.cbrt, 0.2, 2),
]

FUNCTIONS = [
    unary("exp", lax.exp, -2, 2),
    unary("exp2", lax.exp2, -2, 2),
    unary("expm1", lax.expm1, -2, 2),
    unary("log", lax.log, 0.2, 2),
    unary("log1p", lax.log1p, -0.8, 2),
    unary("logistic", lax.logistic, -3, 3),
    unary("sin", lax.sin, -3, 3),
    unary("cos", lax.cos, -3, 3),
    unary("tan", lax.tan, -1, 1),
    unary("asin", lax.asin, -0.8, 0.8),
    unary("acos", lax.acos, -0.8, 0.8),
    unary("atan", lax.atan, -2, 2),
    unary("sinh", lax.sinh, -2, 2),
    unary("cosh", lax.cosh, -2, 2),
    unary("tanh", lax.tanh, -2, 2),
    unary("asinh", lax.asinh, -2, 2),
    unary("acosh", lax.acosh, 1.3, 3),
    unary("atanh", lax.atanh, -0.8, 0.8),
    unary("erf", lax.erf, -2, 2),
    unary("erfc", lax.erfc, -2, 2),
    unary("erf_inv", lax.erf_inv, -0.8, 0.8),
    Case("atan2", lax.atan2, (between(0.3, 2, 2, 3), y23)),
    unary("abs", lambda x: lax.abs(lax.sin(x)), -2, 2),
    Case("abs", lambda x: lax.abs(x + 1j * x * x), (x23,), note="complex"),
    Case("abs", lax.abs, (np.array([0.0, -0.0, 1.0]),), order=0, note="at 0"),
    Case("max", lambda x, y: lax.max(x * x, y), (x23, y23)),
    Case("max", lambda x: jnp.maximum(jnp.sin(x), 0.0), (x23,), note="with a number"),
    Case("max", lax.max, (np.ones(3), np.array([0.0, 1.0, 2.0])), order=0, note="tied"),
    Case("min", lambda x, y: lax.min(x * x, y), (x23, y23)),
    Case("min", lambda x: jnp.minimum(1.0, x), (np.ones(3),), order=0, note="tied"),
    Case("clamp", lambda x: lax.clamp(x.dtype.type(-0.6), jnp.sin(x), x.dtype.type(0.5)), (x23,)),
    Case("clamp", lambda l, x, u: lax.clamp(l, x**2, u), (np.full((2, 3), 0.5), x23, np.full((2, 3), 1.4))),
    Case("select_n", lambda x, y: lax.select(x > y, jnp.sin(x), y * y), (x23, y23)),
    Case("select_n", lambda x, y: lax.select_n(x[0, 0] > 0, x, x * y), (x23, y23), note="one choice for all"),
    Case(
        "select_n", lambda x, y: lax.select_n(np.int32([0, 2, 1]), x, y, x * y), (line[:3], line[2:]), note="of three"
    ),
    Case("convert_element_type", lambda x: lax.convert_element_type(jnp.sin(x), "float16"), (x23,), order=0),
    Case("reduce_precision", lambda x: lax.reduce_precision(x, 8, 7), (x23,), order=0),
    Case("copy", lambda x: jnp.array(jnp.sin(x), copy=True), (x23,)),
    Case("name", lambda x: checkpoint_name(jnp.sin(x), "layer"), (x23,)),
    unary("sign", lambda x: lax.sign(x) * x * x, -2, 2),
    unary("floor", lambda x: lax.floor(x) * x, -1.9, 1.9),
    unary("ceil", lambda x: lax.ceil(x) * x, -1.9, 1.9),
    unary("round", lambda x: lax.round(x) * x, -1.4, 1.4),
    unary("is_finite", lambda x: same_type(lax.is_finite(x), x) * x, -2, 2),
    unary("eq", lambda x: same_type(lax.eq(x, x), x) * x, -2, 2),
    unary("ne", lambda x: same_type(lax.ne(x, x), x) * x, -2, 2),
    unary("gt", lambda x: same_type(x > 0, x) * x, -2, 2),
    unary("ge", lambda x: same_type(x >= 0, x) * x, -2, 2),
    unary("lt", lambda x: same_type(x < 0, x) * x, -2, 2),
    unary("le", lambda x: same_type(x <= 0, x) * x, -2, 2),
    unary("not", lambda x: same_type(~(x <= 0), x) * x, -2, 2),
    unary("and", lambda x: same_type((x <= 0) & (x > -1), x) * x, -2, 2),
    unary("or", lambda x: same_type((x <= 0) | (x > 1), x) * x, -2, 2),
    unary("xor", lambda x: same_type((x <= 0) ^ (x > -1), x) * x, -2, 2),
    unary("stop_gradient", lambda x: lax.stop_gradient(x > 0) * x, -2, 2),
    Case("stop_gradient", lambda x: lax.stop_gradient(x) * x, (x23,), order=0),
]

x234 = between(-2, 2, 2, 3, 4)
REDUCTIONS = [
    Case("reduce_sum", lambda x: jnp.sin(x).sum((0, 2)), (x234,)),
    Case("reduce_sum", lambda x: jnp.sin(x).sum(), (x234,), note="of all"),
    Case("reduce_max", lambda x: jnp.sin(x.max(1)), (x234,)),
    Case("reduce_max", lambda x: x.max(1), (np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]]),), order=0, note="tied"),
    Case("reduce_min", lambda x: jnp.sin(x.min((0, 2))), (x234,)),
    Case("reduce_prod", lambda x: x.prod((0, 2)), (between(0.5, 2, 2, 2, 3),)),
    Case("reduce_prod", lambda x: x.prod(0), (np.array([[0.0, 0.0, 2.0], [3.0, 0.0, 1.5]]),), note="of zeros"),
    Case("cumsum", lambda x: lax.cumsum(jnp.sin(x), 1), (x23,)),
    Case("cumsum", lambda x: lax.cumsum(jnp.sin(x), 0, reverse=True), (x23,), note="from the end"),
    Case("argmax", lambda x: lax.argmax(x, 1, "int32").astype(x.dtype)[:, None] * x, (x23,)),
    Case("argmin", lambda x: lax.argmin(x, 1, "int32").astype(x.dtype)[:, None] * x, (x23,)),
    Case("reduce_and", lambda x: same_type((x > -1.5).all(1), x)[:, None] * x, (x23,)),
    Case("reduce_or", lambda x: same_type((x > 1).any(0), x) * x, (x23,)),
    Case("reduce_xor", lambda x: same_type(lax.reduce_xor(x > 0, axes=[1]), x)[:, None] * x, (x23,)),
]

SHAPING = [
    Case("broadcast_in_dim", lambda x: jnp.broadcast_to(jnp.sin(x)[:, None], (4, 2, 5, 3)), (x23,)),
    Case("broadcast_in_dim", lambda x: jnp.broadcast_to(jnp.sin(x), (2, 3)), (x23[:, :1],), note="an axis of size 1"),
    Case("reshape", lambda x: jnp.sin(x).reshape(3, 2), (x23,)),
    Case("reshape", lambda x: lax.reshape(jnp.sin(x), (6, 4), (2, 0, 1)), (x234,), note="of other axes"),
    Case("squeeze", lambda x: lax.squeeze(jnp.sin(x), (0, 2)), (x23[None, :, None],)),
    Case("transpose", lambda x: lax.transpose(jnp.sin(x), (2, 0, 1)), (x234,)),
    Case("rev", lambda x: lax.rev(jnp.sin(x), (1,)) * x, (x23,)),
    Case("slice", lambda x: jnp.sin(x)[1:, :2], (x23,)),
    Case(
        "slice", lambda x: lax.slice(jnp.sin(x), (1, 0), (10, 3), (4, 2)), (between(-2, 2, 11, 3),), note="with steps"
    ),
    Case("pad", lambda x, v: lax.pad(jnp.sin(x), v, ((1, 2, 0), (0, 1, 2))), (x23, 0.5)),
    Case("pad", lambda x, v: lax.pad(jnp.sin(x), v, ((-1, 2, 0), (2, -1, 1))), (x23, 0.5), note="negative"),
    Case("tile", lambda x: jnp.tile(jnp.sin(x), (2, 1, 3)), (x23,)),
    Case("concatenate", lambda x, y: lax.concatenate([jnp.sin(x), np.ones((2, 1), x.dtype), y * y], 1), (x23, y23)),
    Case("stack", lambda x, y: jnp.stack([jnp.sin(x), x * y], 1), (x23, y23)),
    Case("split", lambda x: lax.split(jnp.sin(x), (1, 2), 1)[1], (x23,), note="in part"),
    Case("split", lambda x: lax.split(jnp.sin(x), (1, 2), 1), (x23,)),
    Case("unstack", lambda x: jnp.unstack(jnp.sin(x), axis=1)[::2], (x23,)),
    Case("optimization_barrier", lambda x: lax.optimization_barrier((jnp.sin(x), x)), (x23,)),
]

places = np.int32([[1, 0, 1], [0, 1, 1]])
far = np.int32([3, 0, 9, 3])
INDEXING = [
    Case("dynamic_slice", lambda x, i: lax.dynamic_slice(jnp.sin(x), (i, np.int32(1)), (1, 2)), (x23, np.int32(1))),
    Case(
        "dynamic_update_slice",
        lambda x, u, i: lax.dynamic_update_slice(jnp.sin(x), u * u, (np.int32(0), i)),
        (x23, y23[:, :2], np.int32(1)),
    ),
    Case("gather", lambda x: jnp.sin(x)[np.int32([2, 0, 2])], (line,)),
    Case("gather", lambda x, i: jnp.sin(x)[i, :, i], (between(-2, 2, 3, 2, 4), np.int32([2, 0, 2])), note="two axes"),
    Case("gather", lambda x, i: jnp.take(jnp.sin(x), i, mode="fill", fill_value=7), (line, far), note="outside"),
    Case("gather", lambda x, i: jnp.take(jnp.sin(x), i, mode="clip"), (line, far), note="clipped"),
    Case("gather", lambda x, i: jnp.take_along_axis(jnp.sin(x), i, 0), (x23, places), note="along an axis"),
    Case("scatter-add", lambda x, u, i: jnp.sin(x).at[i].add(u * u), (line, between(-1, 1, 4), far)),
    Case(
        "scatter-add",
        lambda x, u, i: jnp.sin(x).at[:, i].add(u * u),
        (between(-2, 2, 2, 5), between(-1, 1, 2, 3), np.int32([4, 0, 4])),
        note="columns",
    ),
    Case("scatter", lambda x, u: jnp.sin(x).at[1].set(u * u), (x23, line[:3])),
    Case(
        "scatter",
        lambda x, u, i: jnp.sin(x).at[:, i].set(u * u, unique_indices=True),
        (between(-2, 2, 2, 5), between(-1, 1, 2, 2), np.int32([4, 0])),
        note="columns",
    ),
    Case("scatter", lambda x, u, i: jnp.sin(x).at[i].set(u * u), (line, between(-1, 1, 4), far), note="repeated"),
    Case("sort", lambda x: jnp.sin(lax.sort(x, dimension=1)), (x23,)),
    Case("sort", lambda x, y: lax.sort((x, jnp.sin(y)), dimension=0, num_keys=1), (x23, y23), note="with followers"),
    Case("sort", lambda x, y: lax.sort((x, jnp.sin(y)), num_keys=1)[1], (x23, y23), note="followers alone"),
    Case("top_k", lambda x: jnp.sin(lax.top_k(x, 2)[0]), (x23,)),
    Case("top_k", lambda x: lax.top_k(jnp.sin(x), 1, axis=0)[0], (x23,), note="along the first axis"),
]


def product(contract: Any, batch: Any, **settings: Any) -> Callable[..., Any]:
    return lambda a, b: lax.dot_general(jnp.sin(a), b, (contract, batch), **settings)


def matrices(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return between(-1, 1, *a), between(-1.1, 1, *b)


PRODUCTS = [
    Case("dot_general", product(((1,), (0,)), ((), ())), matrices((2, 3), (3, 4)), note="matrices"),
    Case("dot_general", product(((0,), (1,)), ((), ())), matrices((3, 2), (4, 3)), note="transposed"),
    Case("dot_general", product(((0,), (0,)), ((), ())), matrices((3,), (3,)), note="vectors"),
    Case("dot_general", product(((), ()), ((), ())), matrices((2,), (3,)), note="outer"),
    Case("dot_general", product(((0,), (0,)), ((), ())), matrices((3,), (3, 2, 2)), note="vector and tensor"),
    Case("dot_general", product(((2,), (1,)), ((0,), (0,))), matrices((2, 2, 3), (2, 3, 4)), note="batched"),
    Case("dot_general", product(((0,), (2,)), ((2,), (1,))), matrices((3, 2, 4), (2, 4, 3)), note="batch axes last"),
    Case(
        "dot_general",
        product(((0, 3), (2, 1)), ((1,), (3,))),
        matrices((2, 2, 3, 4), (2, 4, 2, 2)),
        note="several axes, mixed",
    ),
    Case("dot_general", lambda a: jnp.sin(a) @ a.T, matrices((2, 3), (1,))[:1], note="with itself"),
]

CONVOLUTION_2D = ("NHWC", "HWIO", "NHWC")


def convolve(strides: Any, padding: Any, numbers: Any = CONVOLUTION_2D, **settings: Any) -> Callable[..., Any]:
    return lambda x, w: lax.conv_general_dilated(jnp.sin(x), w, strides, padding, dimension_numbers=numbers, **settings)


CONVOLUTIONS = [
    Case("conv_general_dilated", convolve((1, 1), "SAME"), matrices((2, 4, 4, 2), (3, 3, 2, 3)), note="same"),
    Case("conv_general_dilated", convolve((2, 2), "VALID"), matrices((1, 6, 5, 2), (3, 2, 2, 2)), note="strided"),
    Case(
        "conv_general_dilated",
        convolve((2, 1), ((1, 2), (0, 3)), rhs_dilation=(1, 2), lhs_dilation=(2, 1)),
        matrices((1, 4, 5, 1), (2, 2, 1, 2)),
        note="dilated",
    ),
    Case(
        "conv_general_dilated",
        convolve((1, 2), ((-1, 1), (2, 0)), ("NCHW", "OIHW", "NCHW")),
        matrices((2, 2, 5, 4), (3, 2, 2, 3)),
        note="channels first",
    ),
    Case(
        "conv_general_dilated",
        convolve((1, 1), "SAME", ("NHWC", "OHWI", "NCHW"), feature_group_count=2),
        matrices((1, 3, 3, 4), (6, 2, 2, 2)),
        note="groups",
    ),
    Case(
        "conv_general_dilated",
        convolve((2,), "SAME", ("NWC", "WIO", "NWC"), feature_group_count=3),
        matrices((2, 5, 3), (3, 1, 6)),
        note="depthwise",
    ),
    Case(
        "conv_general_dilated",
        convolve((1, 1), "VALID", batch_group_count=2),
        matrices((4, 3, 3, 1), (2, 2, 1, 4)),
        note="batch groups",
    ),
    Case("conv_general_dilated", convolve((2, 1), "VALID"), matrices((2, 4, 3, 2), (1, 1, 2, 3)), note="1×1"),
    Case(
        "conv_general_dilated",
        convolve((1, 2), "VALID", ("NCHW", "OIHW", "NHWC")),
        matrices((2, 2, 3, 4), (3, 2, 1, 1)),
        note="1×1, channels first",
    ),
    Case("conv_general_dilated", convolve((1, 1), "VALID"), matrices((1, 2, 2, 1), (3, 3, 1, 1)), 0, note="empty"),
]


def pool(kind: str, window: Any, strides: Any, padding: Any = "VALID", **settings: Any) -> Callable[..., Any]:
    start, combine = {"sum": (0.0, lax.add), "max": (-np.inf, lax.max), "min": (np.inf, lax.min)}[kind]
    return lambda x: lax.reduce_window(
        jnp.sin(x), x.dtype.type(start), combine, (1, *window, 1), (1, *strides, 1), padding, **settings
    )


image = between(-1.5, 1.5, 2, 4, 5, 2)
flat = np.round(image)
POOLING = [
    Case(f"reduce_window_{kind}", pool(kind, *setting), (image,), note=note)
    for kind in ("sum", "max", "min")
    for note, setting in {
        "blocks": ((2, 2), (2, 2)),
        "overlapping": ((3, 2), (2, 1)),
        "padded": ((2, 2), (2, 2), ((0, 0), (1, 0), (0, 1), (0, 0))),
        "gaps": ((1, 2), (2, 3)),
    }.items()
] + [
    Case("reduce_window_max", pool("max", (2, 3), (2, 3)), (flat,), order=0, note="tied blocks"),
    Case("reduce_window_max", pool("max", (2, 3), (1, 1)), (flat,), order=0, note="tied"),
    Case("reduce_window_min", pool("min", (2, 3), (2, 3)), (flat,), order=0, note="tied blocks"),
    Case("reduce_window_min", pool("min", (2, 3), (1, 2)), (flat,), order=0, note="tied"),
    Case("reduce_window_max", pool("max", (9, 8), (1, 1)), (between(-1.5, 1.5, 1, 10, 9, 1),), 1, note="large"),
    Case(
        "reduce_window_sum",
        pool("sum", (2, 2), (1, 2), window_dilation=(1, 2, 1, 1), base_dilation=(1, 1, 2, 1)),
        (image,),
        note="dilated",
    ),
    Case("reduce_window_max", pool("max", (2, 2), (1, 2), base_dilation=(1, 1, 2, 1)), (image,), 1, note="dilated"),
]


@jax.custom_jvp
def doubled_slope(x: Any) -> Any:
    return jnp.sin(x)


@doubled_slope.defjvp
def push(primals: Any, tangents: Any) -> Any:
    (x,), (tangent,) = primals, tangents
    return doubled_slope(x), 2 * jnp.cos(x) * tangent


def recur(x: Any, w: Any) -> Any:
    return lax.scan(lambda h, x_t: (jnp.tanh(w * h + x_t),) * 2, jnp.zeros_like(w), x)


CALLS = [
    Case("custom_jvp_call", doubled_slope, (x23,), order=0),
    Case(primitives.remat_p.name, jax.checkpoint(lambda x: jnp.sin(jnp.sin(x))), (x23,)),
    Case("cond", lambda x: lax.cond(x.sum() > -100, jnp.sin, jnp.cos, x), (x23,)),
    Case("scan", recur, (x23, line[:3])),
    Case("while", lambda x: x * x * lax.while_loop(lambda n: n < 9, lambda n: n * 3, x.dtype.type(1)), (x23,)),
]

CASES = ARITHMETIC + FUNCTIONS + REDUCTIONS + SHAPING + INDEXING + PRODUCTS + CONVOLUTIONS + POOLING + CALLS
