"""Rows of 32 whole numbers, worked on at once: the innermost step of searches with many lanes.

A lane is one source (or one kind); a row is one node, and holds 32 costs side by side. What a
loop over the 32 would do, one or a few vector instructions do here: the functions below are
written in the compiler's own language (LLVM), which fits them to whatever the processor has.
They can only be called from compiled code, and check nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["LANES", "UNREACHED", "add_within", "lower_row", "meet_rows", "pull_row"]

LANES: Final = 32
"""Lanes of a row."""
UNREACHED: Final = 2**30 - 1
"""Cost of what is not reached; costs of arcs are at most this, so sums fit into 32 bits."""

Value = Any
"""What the compiler hands over: types while typing, parts of its program while making it."""
_compiled: Callable[[Any], Any] = intrinsic
_cg: Any = cgutils

_I32 = ir.IntType(32)
_ROW = ir.VectorType(_I32, LANES)
_REALS = ir.VectorType(ir.DoubleType(), LANES)
_UNALIGNED: Final = 4


def _pointer(
    context: Value, builder: Value, kind: Value, array: Value, offset: Value, vector: Value
) -> Value:
    """Address of element `offset` of an array, read as a vector."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


def _wide(context: Value, builder: Value, value: Value, kind: Value) -> Value:
    return context.cast(builder, value, kind, types.int64)


def _row_at(context: Value, builder: Value, kind: Value, rows: Value, node: Value) -> Value:
    """Address of the row of a node."""
    offset = builder.mul(node, ir.Constant(ir.IntType(64), LANES))
    return _pointer(context, builder, kind, rows, offset, _ROW)


def _spread(builder: Value, value: Value, vector: Value) -> Value:
    """Vector with one value in every lane."""
    some = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(some, ir.Constant(vector, ir.Undefined), zeros)


def _smaller(builder: Value, first: Value, second: Value) -> Value:
    return builder.select(builder.icmp_signed("<", first, second), first, second)


def _differ(builder: Value, first: Value, second: Value) -> Value:
    """Whether any lane differs."""
    bits = builder.bitcast(builder.icmp_signed("!=", first, second), ir.IntType(LANES))
    return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))


@_compiled
def pull_row(
    _typing: Value, rows: Value, node: Value, tails: Value, costs: Value, low: Value, high: Value
) -> Value:
    """Lower the row of a node by its arriving arcs ``low:high``; say whether any lane changed.

    ``rows[node] = min(rows[node], rows[tails[i]] + costs[i])``, `rows` of shape (n, 32) int32.
    """
    signature = types.boolean(rows, node, tails, costs, low, high)

    def make(context: Value, builder: Value, made: Value, values: Value) -> Value:
        kinds = made.args
        node_, low_, high_ = (_wide(context, builder, values[i], kinds[i]) for i in (1, 4, 5))
        place = _row_at(context, builder, kinds[0], values[0], node_)
        before = builder.load(place, align=_UNALIGNED)
        best = _cg.alloca_once_value(builder, before)
        tail_data = context.make_array(kinds[2])(context, builder, values[2]).data
        cost_data = context.make_array(kinds[3])(context, builder, values[3]).data
        with _cg.for_range_slice(builder, low_, high_, ir.Constant(ir.IntType(64), 1)) as (
            index,
            _,
        ):
            tail = builder.sext(builder.load(builder.gep(tail_data, [index])), ir.IntType(64))
            cost = builder.load(builder.gep(cost_data, [index]))
            other = _row_at(context, builder, kinds[0], values[0], tail)
            reached = builder.add(
                builder.load(other, align=_UNALIGNED), _spread(builder, cost, _ROW)
            )
            builder.store(_smaller(builder, reached, builder.load(best)), best)
        after = builder.load(best)
        builder.store(after, place, align=_UNALIGNED)
        return _differ(builder, before, after)

    return signature, make


@_compiled
def lower_row(_typing: Value, rows: Value, node: Value, tail: Value, cost: Value) -> Value:
    """Lower the row of a node by one arc: ``rows[node] = min(rows[node], rows[tail] + cost)``."""
    signature = types.void(rows, node, tail, cost)

    def make(context: Value, builder: Value, made: Value, values: Value) -> Value:
        kinds = made.args
        node_, tail_ = (_wide(context, builder, values[i], kinds[i]) for i in (1, 2))
        cost_ = context.cast(builder, values[3], kinds[3], types.int32)
        place = _row_at(context, builder, kinds[0], values[0], node_)
        other = _row_at(context, builder, kinds[0], values[0], tail_)
        reached = builder.add(builder.load(other, align=_UNALIGNED), _spread(builder, cost_, _ROW))
        before = builder.load(place, align=_UNALIGNED)
        builder.store(_smaller(builder, reached, before), place, align=_UNALIGNED)
        return context.get_dummy_value()

    return signature, make


@_compiled
def meet_rows(
    _typing: Value,
    rows: Value,
    first: Value,
    first_cost: Value,
    second: Value,
    second_cost: Value,
    out: Value,
) -> Value:
    """``out = min(rows[first] + first_cost, rows[second] + second_cost)``, `out` of shape (32,)."""
    signature = types.void(rows, first, first_cost, second, second_cost, out)

    def make(context: Value, builder: Value, made: Value, values: Value) -> Value:
        kinds = made.args
        sides = []
        for node, cost in ((1, 2), (3, 4)):
            place = _row_at(
                context, builder, kinds[0], values[0],
                _wide(context, builder, values[node], kinds[node]),
            )  # fmt: skip
            more = context.cast(builder, values[cost], kinds[cost], types.int32)
            row = builder.load(place, align=_UNALIGNED)
            sides.append(builder.add(row, _spread(builder, more, _ROW)))
        zero = ir.Constant(ir.IntType(64), 0)
        to = _pointer(context, builder, kinds[5], values[5], zero, _ROW)
        builder.store(_smaller(builder, *sides), to, align=_UNALIGNED)
        return context.get_dummy_value()

    return signature, make


@_compiled
def add_within(
    _typing: Value,
    rows: Value,
    node: Value,
    limit: Value,
    weight: Value,
    sums: Value,
    column: Value,
) -> Value:
    """Add `weight` to the lanes of ``sums[column]`` (float64) where the row is within the limit."""
    signature = types.void(rows, node, limit, weight, sums, column)

    def make(context: Value, builder: Value, made: Value, values: Value) -> Value:
        kinds = made.args
        node_, column_ = (_wide(context, builder, values[i], kinds[i]) for i in (1, 5))
        costs = builder.load(
            _row_at(context, builder, kinds[0], values[0], node_), align=_UNALIGNED
        )
        limit_ = _spread(builder, context.cast(builder, values[2], kinds[2], types.int32), _ROW)
        weight_ = _spread(
            builder, context.cast(builder, values[3], kinds[3], types.float64), _REALS
        )
        offset = builder.mul(column_, ir.Constant(ir.IntType(64), LANES))
        place = _pointer(context, builder, kinds[4], values[4], offset, _REALS)
        inside = builder.icmp_signed("<=", costs, limit_)
        none = ir.Constant(_REALS, [0.0] * LANES)
        more = builder.select(inside, weight_, none)
        total = builder.fadd(builder.load(place, align=_UNALIGNED), more)
        builder.store(total, place, align=_UNALIGNED)
        return context.get_dummy_value()

    return signature, make
