"""Compiled search for the area nearest to each of many areas."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit

__all__ = ["nearest_area"]


@jit
def nearest_area(
    pieces: Array,
    start: Array,
    boxes: Array,
    place_pieces: Array,
    place_start: Array,
    place_boxes: Array,
) -> Array:
    """Row of the place nearest to each area, the first among equals; -1 for an empty area.

    Parameters
    ----------
    pieces, place_pieces : array of float, shapes (s, 4) and (t, 4)
        Pieces of all rings in metres: x, y, x, y. Rings are closed.
    start, place_start : array of int, shapes (n + 1,) and (p + 1,)
        Pieces of each area and of each place.
    boxes, place_boxes : array of float, shapes (n, 4) and (p, 4)

    Notes
    -----
    The place whose box is nearest is measured first; of the others only those whose boxes are
    nearer than the best known, and of these only the pieces that are.
    """
    out = np.full(len(start) - 1, -1, dtype=np.int64)
    for area in range(len(out)):
        a = pieces[start[area] : start[area + 1]]
        if len(a) == 0:
            continue
        box = boxes[area]
        best, row, first, least = np.inf, -1, -1, np.inf
        for p in range(len(place_boxes)):
            away = _boxes_apart(box, place_boxes[p])
            if away < least:
                least, first = away, p
        if first < 0:
            continue
        for turn in range(-1, len(place_boxes)):
            p = first if turn < 0 else turn
            near = _boxes_apart(box, place_boxes[p])
            bound = best * (1 + 1e-9) + 1e-12  # equal ones are measured: the first has it
            if (turn >= 0 and p == first) or near > bound:
                continue
            b = place_pieces[place_start[p] : place_start[p + 1]]
            away = _apart(a, b, box, bound)
            if near == 0 and away > 0 and (_holds(a, b) or _holds(b, a)):
                away = 0.0
            if away < best or (away == best and p < row):
                best, row = away, p
        out[area] = row
    return out


@jit
def _boxes_apart(one: Array, other: Array) -> float:
    """Square of the distance between two boxes."""
    x = max(one[0] - other[2], 0.0, other[0] - one[2])
    y = max(one[1] - other[3], 0.0, other[1] - one[3])
    return x * x + y * y


@jit
def _apart(a: Array, b: Array, box: Array, bound: float) -> float:
    """Square of the distance between two outlines; `bound` where it is no smaller."""
    away = bound
    for j in range(len(b)):
        bx0, bx1 = min(b[j, 0], b[j, 2]), max(b[j, 0], b[j, 2])
        by0, by1 = min(b[j, 1], b[j, 3]), max(b[j, 1], b[j, 3])
        x, y = max(box[0] - bx1, 0.0, bx0 - box[2]), max(box[1] - by1, 0.0, by0 - box[3])
        if x * x + y * y > away:
            continue
        for i in range(len(a)):
            x = max(min(a[i, 0], a[i, 2]) - bx1, 0.0, bx0 - max(a[i, 0], a[i, 2]))
            y = max(min(a[i, 1], a[i, 3]) - by1, 0.0, by0 - max(a[i, 1], a[i, 3]))
            if x * x + y * y > away:
                continue
            if _cross(a[i], b[j]):
                return 0.0
            away = min(away, _to_piece(a[i], b[j, 0], b[j, 1]), _to_piece(a[i], b[j, 2], b[j, 3]))
            away = min(away, _to_piece(b[j], a[i, 0], a[i, 1]), _to_piece(b[j], a[i, 2], a[i, 3]))
    return away


@jit
def _side(piece: Array, x: float, y: float) -> float:
    return (piece[2] - piece[0]) * (y - piece[1]) - (piece[3] - piece[1]) * (x - piece[0])


@jit
def _cross(a: Array, b: Array) -> bool:
    """Whether two pieces cross; where they touch, the distance of their ends is 0 anyway."""
    if _side(a, b[0], b[1]) * _side(a, b[2], b[3]) >= 0:
        return False
    return _side(b, a[0], a[1]) * _side(b, a[2], a[3]) < 0


@jit
def _to_piece(piece: Array, x: float, y: float) -> float:
    """Square of the distance from a point to a piece."""
    ux, uy = x - piece[0], y - piece[1]
    dx, dy = piece[2] - piece[0], piece[3] - piece[1]
    along, square = ux * dx + uy * dy, dx * dx + dy * dy
    if along <= 0 or square == 0:
        return ux * ux + uy * uy
    if along >= square:
        return (x - piece[2]) ** 2 + (y - piece[3]) ** 2
    beside = ux * dy - uy * dx
    return beside * beside / square


@jit
def _holds(a: Array, b: Array) -> Any:
    """Whether some corner of b lies in a."""
    for j in range(len(b)):
        x, y = b[j, 0], b[j, 1]
        inside = False
        for i in range(len(a)):
            if (a[i, 1] > y) != (a[i, 3] > y):
                at = a[i, 0] + (y - a[i, 1]) / (a[i, 3] - a[i, 1]) * (a[i, 2] - a[i, 0])
                inside = inside != (x < at)
        if inside:
            return True
    return False
