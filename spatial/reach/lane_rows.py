"""Rows of lanes of 64 bits: the innermost step of the search of all kinds at once.

A row is one node and a lane one kind; a row is ``vectors`` times 8 lanes long. What a loop over
the lanes would do, one or a few vector instructions do here: the functions are written in the
compiler's own language (LLVM), which fits them to whatever the processor has. They can only be
called from compiled code, and check nothing.
"""

# An intrinsic is called by the compiler, which gives its arguments no types and binds them by name.
# ruff: noqa: ANN001, ANN201, ANN202, ARG001
# mypy: disable-error-code="no-untyped-def,no-untyped-call,import-untyped"

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as make_intrinsic

__all__ = [
    "LINE",
    "WIDTH",
    "fetch_lanes",
    "fill_lanes",
    "lower_lanes",
    "pull_lanes",
    "settle_lanes",
    "unpack_lanes",
]

WIDTH: Final = 8
"""Lanes of one vector."""
LINE: Final = 64
"""Bytes that memory moves together: those of a vector."""

intrinsic: Any = make_intrinsic
_I64 = ir.IntType(64)
_VECTOR = ir.VectorType(_I64, WIDTH)
_HALVES = ir.VectorType(ir.IntType(32), WIDTH)
_NONE = ir.Constant(_VECTOR, [0] * WIDTH)
_ALIGN: Final = 8
_KEY_SHIFT: Final = 32
_UNROLLED: Final = 4
"""Vectors of a row that are kept in registers together."""


def _whole(number: int) -> Any:
    return ir.Constant(_I64, number)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _place(builder: Any, data: Any, at: Any) -> Any:
    return builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    """Vector with one value in every lane."""
    none = ir.Constant(_VECTOR, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    first = builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, none, zeros)


def _smaller(builder: Any, first: Any, second: Any) -> Any:
    return builder.select(builder.icmp_signed("<", first, second), first, second)


def _any(builder: Any, bits: Any) -> Any:
    """1 where any lane of the difference is not zero, else 0."""
    lanes = builder.bitcast(builder.icmp_unsigned("!=", bits, _NONE), ir.IntType(WIDTH))
    some = builder.icmp_unsigned("!=", lanes, ir.Constant(ir.IntType(WIDTH), 0))
    return builder.zext(some, _I64)


def _each_part(builder: Any, vectors: Any, work: Any) -> None:
    """Emit ``work(count, first lane)`` for a row: four vectors at a time, then one by one."""
    fours = builder.udiv(vectors, _whole(_UNROLLED))
    with cgutils.for_range(builder, fours) as loop:
        work(_UNROLLED, builder.mul(loop.index, _whole(_UNROLLED * WIDTH)))
    rest = builder.mul(fours, _whole(_UNROLLED))
    with cgutils.for_range_slice(builder, rest, vectors, _whole(1)) as (index, _):
        work(1, builder.mul(index, _whole(WIDTH)))


@intrinsic
def pull_lanes(typing_context, labels, heads, keys, row, low, high, vectors):
    """Lower a row by its leaving arcs ``low:high``; return 1 if any lane changed, else 0.

    ``labels[row] = min(labels[row], labels[heads[i]] + keys[i])``; `labels` is flat.
    """
    signature = types.int64(labels, heads, keys, *(types.int64,) * 4)

    def make(context, builder, made, values):
        data, heads_, keys_ = (_data(context, builder, made.args[i], values[i]) for i in range(3))
        row_, low_, high_, vectors_ = values[3:]
        width = builder.mul(vectors_, _whole(WIDTH))
        base = builder.mul(row_, width)
        changed = cgutils.alloca_once_value(builder, _NONE)

        def work(count: int, lane: Any) -> None:
            first = builder.add(base, lane)
            places = [
                _place(builder, data, builder.add(first, _whole(WIDTH * part)))
                for part in range(count)
            ]
            before = [builder.load(place, align=_ALIGN) for place in places]
            best = [cgutils.alloca_once(builder, _VECTOR) for _ in range(count)]
            for value, slot in zip(before, best, strict=True):
                builder.store(value, slot)
            with cgutils.for_range_slice(builder, low_, high_, _whole(1)) as (index, _):
                head = builder.sext(builder.load(builder.gep(heads_, [index])), _I64)
                key = _spread(builder, builder.load(builder.gep(keys_, [index])))
                from_ = builder.add(builder.mul(head, width), lane)
                for part, slot in enumerate(best):
                    at = _place(builder, data, builder.add(from_, _whole(WIDTH * part)))
                    reached = builder.add(builder.load(at, align=_ALIGN), key)
                    builder.store(_smaller(builder, reached, builder.load(slot)), slot)
            bits = builder.load(changed)
            for value, slot, place in zip(before, best, places, strict=True):
                after = builder.load(slot)
                builder.store(after, place, align=_ALIGN)
                bits = builder.or_(bits, builder.xor(value, after))
            builder.store(bits, changed)

        _each_part(builder, vectors_, work)
        return _any(builder, builder.load(changed))

    return signature, make


@intrinsic
def lower_lanes(typing_context, into, row, labels, head, key, vectors):
    """Lower a row by one arc, ``into[row] = min(into[row], labels[head] + key)``; 1 if changed."""
    signature = types.int64(into, types.int64, labels, *(types.int64,) * 3)

    def make(context, builder, made, values):
        to, data = (_data(context, builder, made.args[i], values[i]) for i in (0, 2))
        row_, head_, key_, vectors_ = (values[i] for i in (1, 3, 4, 5))
        width = builder.mul(vectors_, _whole(WIDTH))
        more = _spread(builder, key_)
        changed = cgutils.alloca_once_value(builder, _NONE)

        def work(count: int, lane: Any) -> None:
            bits = builder.load(changed)
            for part in range(count):
                at = builder.add(lane, _whole(WIDTH * part))
                place = _place(builder, to, builder.add(builder.mul(row_, width), at))
                other = _place(builder, data, builder.add(builder.mul(head_, width), at))
                before = builder.load(place, align=_ALIGN)
                reached = builder.add(builder.load(other, align=_ALIGN), more)
                after = _smaller(builder, reached, before)
                builder.store(after, place, align=_ALIGN)
                bits = builder.or_(bits, builder.xor(before, after))
            builder.store(bits, changed)

        _each_part(builder, vectors_, work)
        return _any(builder, builder.load(changed))

    return signature, make


@intrinsic
def fill_lanes(typing_context, labels, row, value, vectors):
    """Set every lane of a row to one value."""
    signature = types.void(labels, *(types.int64,) * 3)

    def make(context, builder, made, values):
        data = _data(context, builder, made.args[0], values[0])
        row_, value_, vectors_ = values[1:]
        base = builder.mul(row_, builder.mul(vectors_, _whole(WIDTH)))
        same = _spread(builder, value_)

        def work(count: int, lane: Any) -> None:
            for part in range(count):
                at = builder.add(builder.add(base, lane), _whole(WIDTH * part))
                builder.store(same, _place(builder, data, at), align=_ALIGN)

        _each_part(builder, vectors_, work)
        return context.get_dummy_value()

    return signature, make


@intrinsic
def fetch_lanes(typing_context, labels, row, vectors):
    """Begin to bring a row near, which changes nothing."""
    signature = types.void(labels, types.int64, types.int64)

    def make(context, builder, made, values):
        data = _data(context, builder, made.args[0], values[0])
        base = builder.mul(values[1], builder.mul(values[2], _whole(WIDTH)))
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        to_read, keep, of_data = (ir.Constant(flag, number) for number in (0, 3, 1))

        def work(count: int, lane: Any) -> None:
            for part in range(count):
                at = builder.add(base, builder.add(lane, _whole(WIDTH * part)))
                place = builder.bitcast(builder.gep(data, [at]), byte)
                builder.call(fetch, [place, to_read, keep, of_data])

        _each_part(builder, values[2], work)
        return context.get_dummy_value()

    return signature, make


@intrinsic
def settle_lanes(typing_context, labels, into, first, more, second, also, most, vectors):
    """Write a row: ``min(most, labels[first] + more, labels[second] + also)``, lane by lane."""
    signature = types.void(labels, *(types.int64,) * 7)

    def make(context, builder, made, values):
        data = _data(context, builder, made.args[0], values[0])
        into_, first_, more_, second_, also_, most_, vectors_ = values[1:]
        width = builder.mul(vectors_, _whole(WIDTH))
        to, *heads = (builder.mul(row, width) for row in (into_, first_, second_))
        steps = [_spread(builder, more_), _spread(builder, also_)]
        top = _spread(builder, most_)

        def work(count: int, lane: Any) -> None:
            for part in range(count):
                at = builder.add(lane, _whole(WIDTH * part))
                best = top
                for head, step in zip(heads, steps, strict=True):
                    place = _place(builder, data, builder.add(head, at))
                    reached = builder.add(builder.load(place, align=_ALIGN), step)
                    best = _smaller(builder, reached, best)
                builder.store(best, _place(builder, data, builder.add(to, at)), align=_ALIGN)

        _each_part(builder, vectors_, work)
        return context.get_dummy_value()

    return signature, make


@intrinsic
def unpack_lanes(  # noqa: PLR0913, PLR0917
    typing_context, labels, first, start, row, lane, bits, none, key, facility, at
):
    """Write the keys and facilities of 8 labels, ``labels[first:first + 8]``, from `at` on.

    ``start[lane:lane + 8]`` is where the facilities of each lane begin in `row`; `bits` are those
    of `other` and of the rank, `none` the label and the key of what is not reached and the entry of
    `row` that says so; `key` and `facility` are flat and begin, as does `at`, at a whole vector.
    """
    pair, three = types.UniTuple(types.int64, 2), types.UniTuple(types.int64, 3)
    signature = types.void(
        labels, types.int64, start, row, types.int64, pair, three, key, facility, types.int64
    )

    def make(context, builder, made, values):
        data, starts, rows, keys, facilities = (
            _data(context, builder, made.args[i], values[i]) for i in (0, 2, 3, 7, 8)
        )
        other_bits, rank_bits = cgutils.unpack_tuple(builder, values[5], 2)
        beyond, far, nowhere = cgutils.unpack_tuple(builder, values[6], 3)

        def ones(bits: Any) -> Any:
            return _spread(builder, builder.sub(builder.shl(_whole(1), bits), _whole(1)))

        label = builder.load(_place(builder, data, values[1]), align=_ALIGN)
        inside = builder.icmp_signed("<", label, _spread(builder, beyond))
        value = builder.lshr(label, _spread(builder, rank_bits))
        cost = builder.lshr(value, _spread(builder, other_bits))
        whole = builder.or_(
            builder.shl(cost, _spread(builder, _whole(_KEY_SHIFT))),
            builder.and_(value, ones(other_bits)),
        )
        whole = builder.select(inside, whole, _spread(builder, far))
        builder.store(whole, _place(builder, keys, values[9]), align=LINE)
        begins = builder.load(_place(builder, starts, values[4]), align=_ALIGN)
        index = builder.add(begins, builder.and_(label, ones(rank_bits)))
        index = builder.select(inside, index, _spread(builder, nowhere))
        found = ir.Constant(_HALVES, ir.Undefined)
        for part in range(WIDTH):
            lane_ = ir.Constant(ir.IntType(32), part)
            entry = builder.extract_element(index, lane_)
            found = builder.insert_element(found, builder.load(builder.gep(rows, [entry])), lane_)
        place = builder.gep(facilities, [values[9]])
        builder.store(found, builder.bitcast(place, _HALVES.as_pointer()), align=LINE // 2)
        return context.get_dummy_value()

    return signature, make
