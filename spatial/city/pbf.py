"""The nodes and ways of an ``.osm.pbf`` file as flat arrays, without an object per feature.

The format is protocol buffers in zlib blobs (OpenStreetMap wiki, "PBF Format"). Relations are
left out: this is the quick way to streets; :func:`spatial.city.read_osm.read_osm` reads all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.errors import InputError

__all__ = ["TaggedNodes", "Ways", "read_pbf"]

NANO: Final = 1e-9
"""Coordinates are whole nanodegrees after granularity and offset."""

_jit = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels: bytes are uint8, everything else is int64."""
Whole = Any
Longs = npt.NDArray[np.int64]
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Ways with a wanted key, in the order of the file."""

    id: Longs  # (w,)
    tags: list[Tags]  # each combination of read tags once
    tags_of: Longs  # (w,) which combination
    ref: Longs  # (r,) row of the node; -1 where the file lacks it
    start: Longs  # (w + 1,) nodes of way i: ref[start[i]]..ref[start[i + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class TaggedNodes:
    """Nodes with a wanted key, in the order of the file."""

    id: Longs  # (n,)
    tags: list[Tags]
    tags_of: Longs  # (n,)
    row: Longs  # (n,) row of the node


def read_pbf(
    path: Path, wanted: tuple[str, ...], read: tuple[str, ...]
) -> tuple[npt.NDArray[np.float64], Ways, TaggedNodes]:
    """Read coordinates, ways and tagged nodes.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        Features with one of these keys are kept.
    read : tuple of str
        Keys whose values are read; others are passed over.

    Returns
    -------
    (array of float, shape (n, 2); Ways; TaggedNodes)
        Longitude and latitude of every node of the file, and what lies on them.

    Raises
    ------
    InputError
        If the file is no ``.osm.pbf``, is cut off, or needs a feature that is not known here.
    """
    texts = _Texts(wanted, read)
    blocks = [_read_block(data, texts) for data in _blocks(path)]
    node, way, tagged = (_joined([block[part] for block in blocks]) for part in range(3))
    tags, tags_of = _combinations(
        np.concatenate([way["tag"], tagged["tag"]]),
        np.concatenate([way["tags"], tagged["tags"]]),
        texts,
    )
    ids = node["id"]
    return (
        np.stack([node["lon"], node["lat"]], axis=1).astype(np.float64) * NANO,
        Ways(
            id=way["id"],
            tags=tags,
            tags_of=tags_of[: len(way["id"])],
            ref=_rows_of(ids, way["ref"]),
            start=np.concatenate([[0], np.cumsum(way["refs"])]).astype(np.int64),
        ),
        TaggedNodes(
            id=tagged["id"],
            tags=tags,
            tags_of=tags_of[len(way["id"]) :],
            row=_rows_of(ids, tagged["id"]),
        ),
    )


class _Texts:
    """Texts numbered across blocks, and which of them are wanted or read keys."""

    def __init__(self, wanted: tuple[str, ...], read: tuple[str, ...]) -> None:
        self.wanted = {key.encode() for key in wanted}
        self.read = {key.encode() for key in read} | self.wanted
        self.number: dict[bytes, int] = {}

    def numbers(self, texts: list[bytes]) -> Longs:
        """Give texts their numbers; new ones get the next."""
        number = self.number
        found = [number.setdefault(text, len(number)) for text in texts]
        return np.array(found, dtype=np.int64)


Part = dict[str, Longs]


def _read_block(data: bytes, texts: _Texts) -> tuple[Part, Part, Part]:
    """Nodes, wanted ways and wanted nodes of one block, with texts numbered across blocks."""
    buf = np.frombuffer(data, dtype=np.uint8)
    head, begin, size, groups = _outline(buf)
    strings = [data[b : b + n] for b, n in zip(begin.tolist(), size.tolist(), strict=True)]
    # 0 = passed over, 1 = value is read, 2 = its features are kept
    role = np.array(
        [2 if t in texts.wanted else 1 if t in texts.read else 0 for t in strings], dtype=np.int64
    )
    nodes, ways, tagged = [], [], []
    for kind, low, high in groups.tolist():
        if kind == DENSE:
            ids, lat, lon, kept, tags, tag = _dense(buf, low, high, role)
            lat, lon = (head[1 + k] + head[0] * v for k, v in enumerate((lat, lon)))
            nodes.append({"id": ids, "lat": lat, "lon": lon})
            tagged.append({"id": ids[kept], "tags": tags, "tag": tag})
        elif kind == WAY:
            ids, refs, ref, tags, tag = _ways(buf, low, high, role)
            ways.append({"id": ids, "refs": refs, "ref": ref, "tags": tags, "tag": tag})
        elif kind == NODE:
            raise InputError(
                "This .osm.pbf holds nodes that are not dense. Convert it: `osmium cat -o`.",
                zh="该 .osm.pbf 含有非紧凑存储的节点。请用 osmium cat -o 转换。",
            )
    empty = np.empty(0, dtype=np.int64)
    node = _joined(nodes or [dict.fromkeys(("id", "lat", "lon"), empty)])
    way = _joined(ways or [dict.fromkeys(("id", "refs", "ref", "tags", "tag"), empty)])
    point = _joined(tagged or [dict.fromkeys(("id", "tags", "tag"), empty)])
    used, place = np.unique(np.concatenate([way["tag"], point["tag"]]), return_inverse=True)
    number = texts.numbers([strings[i] for i in used.tolist()])[place]
    way["tag"], point["tag"] = number[: len(way["tag"])], number[len(way["tag"]) :]
    return node, way, point


def _joined(parts: list[Part]) -> Part:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _combinations(tag: Longs, count: Longs, texts: _Texts) -> tuple[list[Tags], Longs]:
    """Each combination of tags once, and which each feature has; `tag` holds key, value, key …."""
    rows = tag.tolist()
    known: dict[tuple[int, ...], int] = {}
    end = np.cumsum(2 * count).tolist()
    begin, tags_of = 0, np.empty(len(count), dtype=np.int64)
    for feature, stop in enumerate(end):
        tags_of[feature] = known.setdefault(tuple(rows[begin:stop]), len(known))
        begin = stop
    text = [raw.decode(errors="replace") for raw in texts.number]
    pairs = [tuple((text[c[i]], text[c[i + 1]]) for i in range(0, len(c), 2)) for c in known]
    return pairs, tags_of


def _rows_of(ids: Longs, asked: Longs) -> Longs:
    """Rows of ids, -1 where there is none."""
    if not len(ids):
        return np.full(len(asked), -1, dtype=np.int64)
    order = None if (np.diff(ids) > 0).all() else np.argsort(ids, kind="stable")
    in_order = ids if order is None else ids[order]
    place = np.minimum(np.searchsorted(in_order, asked), len(ids) - 1)
    there = in_order[place] == asked
    return np.where(there, place if order is None else order[place], -1)


def _blocks(path: Path) -> Iterator[bytes]:
    """Unpacked primitive blocks of a file."""
    data = path.read_bytes()
    at, first = 0, True
    while at < len(data):
        header_size = int.from_bytes(data[at : at + 4], "big")
        header = _fields(data[at + 4 : at + 4 + header_size], path)
        at += 4 + header_size
        size = header.get(3)
        if not isinstance(size, int) or at + size > len(data):
            raise _unreadable(path, "it is cut off, or no OSM file")
        blob = _fields(data[at : at + size], path)
        at += size
        if first and header.get(1) != b"OSMHeader":
            raise _unreadable(path, "it does not begin with an OSM header")
        first = False
        if header.get(1) == b"OSMData":
            yield _unpacked(blob, path)
    if first:
        raise _unreadable(path, "it is empty")


def _unpacked(blob: dict[int, Any], path: Path) -> bytes:
    if isinstance(blob.get(1), bytes):
        return bytes(blob[1])
    if not isinstance(blob.get(3), bytes):
        raise _unreadable(path, "its blocks are packed in a way other than zlib")
    try:
        return zlib.decompress(blob[3])
    except zlib.error as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is no readable .osm.pbf file: {why}. Export it again, or check it with "
        "`osmium fileinfo`.",
        zh=f"无法读取 {path.name}:{why}。请重新导出,或用 osmium fileinfo 检查。",
    )


def _fields(data: bytes, path: Path) -> dict[int, Any]:
    """Fields of a small message, the last of each number; for headers only."""
    found: dict[int, Any] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    try:
        while at < len(data):
            key = varint()
            if key & 7 == 0:
                found[key >> 3] = varint()
            elif key & 7 == 2:
                size = varint()
                found[key >> 3] = data[at : at + size]
                at += size
            else:
                raise _unreadable(path, "a header is broken")
    except IndexError as error:
        raise _unreadable(path, "a header is broken") from error
    return found


NODE: Final = 1
DENSE: Final = 2
WAY: Final = 3


@_jit
def _varint(buf: Array, at: Whole) -> tuple[Whole, Whole]:
    value = np.int64(0)
    shift = np.int64(0)
    while True:
        byte = np.int64(buf[at])
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


@_jit
def _signed(value: Whole) -> Whole:
    """Undo the zigzag: 0, 1, 2, 3 stand for 0, -1, 1, -2."""
    return ((value >> 1) & np.int64(0x7FFFFFFFFFFFFFFF)) ^ -(value & 1)


@_jit
def _skip(buf: Array, at: Whole, kind: Whole) -> Whole:
    if kind == 0:
        return _varint(buf, at)[1]
    if kind == 1:
        return at + 8
    if kind == 5:
        return at + 4
    size, at = _varint(buf, at)
    return at + size


@_jit
def _count(buf: Array, low: Whole, high: Whole) -> Whole:
    """How many varints a packed field holds."""
    count = 0
    for at in range(low, high):
        count += buf[at] < 128
    return count


@_jit
def _outline(  # noqa: C901
    buf: Array,
) -> tuple[Array, Array, Array, Array]:
    """Granularity and offsets (latitude, longitude), where strings and groups of features lie."""
    head = np.array([100, 0, 0], dtype=np.int64)
    begin = np.empty(1024, dtype=np.int64)
    size = np.empty(1024, dtype=np.int64)
    strings = 0
    groups = np.empty((64, 3), dtype=np.int64)
    count = 0
    at = 0
    while at < len(buf):
        key, at = _varint(buf, at)
        field, kind = key >> 3, key & 7
        if field in (1, 2) and kind == 2:
            length, at = _varint(buf, at)
            stop = at + length
            while at < stop:
                inner, at = _varint(buf, at)
                if inner & 7 != 2:
                    at = _skip(buf, at, inner & 7)
                    continue
                part, at = _varint(buf, at)
                if field == 1 and inner >> 3 == 1:
                    if strings == len(begin):
                        begin = np.concatenate((begin, np.empty_like(begin)))
                        size = np.concatenate((size, np.empty_like(size)))
                    begin[strings], size[strings] = at, part
                    strings += 1
                elif field == 2:
                    name = inner >> 3
                    # ways of a group follow one another: one entry for all of them
                    joins = name == 3 and count > 0 and groups[count - 1, 0] == 3
                    if joins and groups[count - 1, 2] == stop:
                        pass
                    elif name in (1, 2, 3):
                        if count == len(groups):
                            groups = np.concatenate((groups, np.empty_like(groups)))
                        groups[count, 0] = name
                        groups[count, 1] = at - _head_size(part, inner) if name == 3 else at
                        groups[count, 2] = stop if name == 3 else at + part
                        count += 1
                at += part
        elif kind == 0 and field in (17, 19, 20):
            value, at = _varint(buf, at)
            head[0 if field == 17 else field - 18] = value
        else:
            at = _skip(buf, at, kind)
    return head, begin[:strings], size[:strings], groups[:count]


@_jit
def _head_size(part: Whole, key: Whole) -> Whole:
    """Bytes of a field's key and length before its content."""
    size = 2
    while part >= 128:
        part >>= 7
        size += 1
    while key >= 128:
        key >>= 7
        size += 1
    return size


@_jit
def _dense(
    buf: Array, low: Whole, high: Whole, role: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Ids, latitudes, longitudes; rows of wanted nodes, how many tags of each, and the tags."""
    spans = np.zeros((11, 2), dtype=np.int64)
    at = low
    while at < high:
        key, at = _varint(buf, at)
        if key & 7 == 2 and key >> 3 <= 10:
            size, at = _varint(buf, at)
            spans[key >> 3, 0], spans[key >> 3, 1] = at, at + size
            at += size
        else:
            at = _skip(buf, at, key & 7)
    n = _count(buf, spans[1, 0], spans[1, 1])
    out = np.empty((3, n), dtype=np.int64)
    for row, field in enumerate((1, 8, 9)):
        at, total = spans[field, 0], np.int64(0)
        for i in range(n):
            step, at = _varint(buf, at)
            total += _signed(step)
            out[row, i] = total
    kept = np.empty(n, dtype=np.int64)
    tags = np.empty(n, dtype=np.int64)
    tag = np.empty(_count(buf, spans[10, 0], spans[10, 1]), dtype=np.int64)
    rows, used, at = 0, 0, spans[10, 0]
    node, mark, wanted = 0, 0, False
    while at < spans[10, 1]:
        key, at = _varint(buf, at)
        if key == 0:
            if wanted:
                kept[rows], tags[rows] = node, (used - mark) // 2
                rows += 1
            else:
                used = mark
            node += 1
            mark, wanted = used, False
            continue
        value, at = _varint(buf, at)
        wanted |= role[key] == 2
        if role[key] > 0:
            tag[used], tag[used + 1] = key, value
            used += 2
    return out[0], out[1], out[2], kept[:rows], tags[:rows], tag[:used]


@_jit
def _ways(
    buf: Array, low: Whole, high: Whole, role: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Ids of wanted ways, how many nodes and which, how many tags are read of each, the tags."""
    most = _count(buf, low, high)  # every item takes a byte of its own at least
    ids = np.empty(most // 4 + 1, dtype=np.int64)
    refs = np.empty(most // 4 + 1, dtype=np.int64)
    tags = np.empty(most // 4 + 1, dtype=np.int64)
    ref = np.empty(most, dtype=np.int64)
    tag = np.empty(most, dtype=np.int64)
    rows, nodes, used = 0, 0, 0
    spans = np.zeros((9, 2), dtype=np.int64)
    at = low
    while at < high:
        key, at = _varint(buf, at)
        if key >> 3 != 3 or key & 7 != 2:
            at = _skip(buf, at, key & 7)
            continue
        size, at = _varint(buf, at)
        stop = at + size
        spans[:] = 0
        number = np.int64(0)
        while at < stop:
            key, at = _varint(buf, at)
            field = key >> 3
            if field == 1 and key & 7 == 0:
                number, at = _varint(buf, at)
            elif key & 7 == 2 and field <= 8:
                size, at = _varint(buf, at)
                spans[field, 0], spans[field, 1] = at, at + size
                at += size
            else:
                at = _skip(buf, at, key & 7)
        mark, wanted = used, False
        key_at, value_at = spans[2, 0], spans[3, 0]
        while key_at < spans[2, 1]:
            name, key_at = _varint(buf, key_at)
            value, value_at = _varint(buf, value_at)
            wanted |= role[name] == 2
            if role[name] > 0:
                tag[used], tag[used + 1] = name, value
                used += 2
        if not wanted:
            used = mark
            continue
        first, total, ref_at = nodes, np.int64(0), spans[8, 0]
        while ref_at < spans[8, 1]:
            step, ref_at = _varint(buf, ref_at)
            total += _signed(step)
            ref[nodes] = total
            nodes += 1
        ids[rows], refs[rows], tags[rows] = number, nodes - first, (used - mark) // 2
        rows += 1
    return ids[:rows], refs[:rows], ref[:nodes], tags[:rows], tag[:used]
