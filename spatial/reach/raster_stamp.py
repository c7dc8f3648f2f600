"""Compiled stamping: to which place of which street each grid point belongs.

A grid point belongs to the nearest place of a street that a straight way reaches without crossing
an obstacle: the rule by which points are attached (:func:`spatial.network.attach_points`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from spatial.reach.kernels import Array, Whole

__all__ = [
    "FULL",
    "OWNED",
    "SHARED_EDGE",
    "TO_SHARE",
    "WALLED",
    "Pieces",
    "bucketed",
    "stamp_tile",
]

FULL: Final = 8192
"""Parts of a grid step in which crossings are counted: about a millimetre each."""
TO_SHARE: Final = FULL - 1
SHARED_EDGE: Final = 1 << 15
"""The land ends where that of another street begins."""
OWNED: Final = 1 << 14
"""The next grid point belongs to some street."""
WALLED: Final = 1 << 13
"""The land ends at an obstacle."""

FAR_MM: Final = 2**31 - 1
TOUCH_M: Final = 0.01
INSIDE_M: Final = 0.1
BLOCK: Final = 8
"""Grid steps of a bucket in which obstacles are looked up."""

_jit = numba.njit(cache=True, nogil=True)


class Pieces(NamedTuple):
    """Straight pieces of edges; x and y in metres from the origin of the grid."""

    ends: Array  # (s, 4) float64: x, y, x, y
    edge: Array  # (s,) int32
    from_mm: Array  # (s,) float64 place on the edge where the piece begins
    to_mm: Array  # (s,) float64


@_jit
def bucketed(
    ends: Array, margin_m: float, size_m: float, columns: Whole, rows: Whole
) -> tuple[Array, Array]:
    """Pieces by square tile: ``order[start[t]:start[t + 1]]`` touch tile t or its margin."""
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    order = np.empty(0, dtype=np.int64)
    for turn in range(2):
        for s in range(len(ends)):
            x0, y0, x1, y1 = ends[s]
            c0 = max(int(np.floor((min(x0, x1) - margin_m) / size_m)), 0)
            c1 = min(int(np.floor((max(x0, x1) + margin_m) / size_m)), columns - 1)
            r0 = max(int(np.floor((min(y0, y1) - margin_m) / size_m)), 0)
            r1 = min(int(np.floor((max(y0, y1) + margin_m) / size_m)), rows - 1)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    tile = r * columns + c
                    if turn == 0:
                        start[tile + 1] += 1
                    else:
                        order[start[tile]] = s
                        start[tile] += 1
        if turn == 0:
            start = np.cumsum(start)
            order = np.empty(start[-1], dtype=np.int64)
    back = np.zeros_like(start)
    back[1:] = start[:-1]
    return back, order


@_jit
def _side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@_jit
def _cross(wall: Array, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether a way meets a wall, touching included."""
    cx, cy, dx, dy = wall[0], wall[1], wall[2], wall[3]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx):
        return False
    if max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    first = _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy)
    second = _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by)
    return first <= 0 and second <= 0


@_jit
def _wall_buckets(
    walls: Array, rows: Array, x0: float, y0: float, size_m: float, across: Whole, up: Whole
) -> tuple[Array, Array, Array]:
    """Chains of walls by bucket: first of each bucket, next in the chain, and the wall."""
    head = np.full(across * up, -1, dtype=np.int64)
    room = 4 * len(rows) + 16
    after = np.empty(room, dtype=np.int64)
    item = np.empty(room, dtype=np.int64)
    count = 0
    for i in range(len(rows)):
        wall = walls[rows[i]]
        c0 = max(int((min(wall[0], wall[2]) - x0) / size_m), 0)
        c1 = min(int((max(wall[0], wall[2]) - x0) / size_m), across - 1)
        r0 = max(int((min(wall[1], wall[3]) - y0) / size_m), 0)
        r1 = min(int((max(wall[1], wall[3]) - y0) / size_m), up - 1)
        for r in range(r0, r1 + 1):
            for c in range(c0, c1 + 1):
                if count == room:
                    wide = np.empty(2 * room, dtype=np.int64)
                    wide[:room] = after
                    after = wide
                    wide = np.empty(2 * room, dtype=np.int64)
                    wide[:room] = item
                    item = wide
                    room *= 2
                after[count] = head[r * across + c]
                item[count] = rows[i]
                head[r * across + c] = count
                count += 1
    return head, after, item


@_jit
def _is_free(
    walls: Array,
    chains: tuple[Array, Array, Array],
    frame: tuple[float, float, float, int, int],
    way: tuple[float, float, float, float],
) -> bool:
    """Whether the way, a centimetre taken off both ends, crosses no wall."""
    head, after, item = chains
    x0, y0, size_m, across, up = frame
    ax, ay, bx, by = way
    length = np.hypot(bx - ax, by - ay)
    if length <= 2 * TOUCH_M:
        return True
    dx, dy = (bx - ax) * TOUCH_M / length, (by - ay) * TOUCH_M / length
    ax, ay, bx, by = ax + dx, ay + dy, bx - dx, by - dy
    c0 = max(int((min(ax, bx) - x0) / size_m), 0)
    c1 = min(int((max(ax, bx) - x0) / size_m), across - 1)
    r0 = max(int((min(ay, by) - y0) / size_m), 0)
    r1 = min(int((max(ay, by) - y0) / size_m), up - 1)
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            at = head[r * across + c]
            while at >= 0:
                if _cross(walls[item[at]], ax, ay, bx, by):
                    return False
                at = after[at]
    return True


@_jit
def _wall_steps(
    walls: Array, rows: Array, c0: Whole, r0: Whole, wide: Whole, high: Whole, cell_m: float
) -> Array:
    """Where walls cross the grid steps: share from each point to its east, north, west, south."""
    free = np.full((wide * high, 4), 2.0, dtype=np.float32)
    for i in range(len(rows)):
        wall = walls[rows[i]] / cell_m
        for flip in range(2):  # steps along x on rows of the grid, then steps along y on columns
            ax, ay, bx, by = wall[flip], wall[1 - flip], wall[2 + flip], wall[3 - flip]
            near, far = (c0, r0) if flip == 0 else (r0, c0)
            along, lines = (wide, high) if flip == 0 else (high, wide)
            step, jump = (1, wide) if flip == 0 else (wide, 1)
            low, top = min(ay, by), max(ay, by)
            first = max(int(np.ceil(low)) - far, 0)
            last = min(int(np.floor(top)) - far, lines - 1)
            for k in range(first, last + 1):
                share = (k + far - ay) / (by - ay) if by != ay else 0.0
                x = ax + share * (bx - ax) - near
                c = int(np.floor(x))
                if c < 0 or c >= along - 1:
                    continue
                here = k * jump + c * step
                free[here, flip] = min(free[here, flip], x - c)
                free[here + step, 2 + flip] = min(free[here + step, 2 + flip], 1 - (x - c))
                if x == c and c > 0:  # on the point itself: it ends the step before, too
                    free[here, 2 + flip] = min(free[here, 2 + flip], 0.0)
                    free[here - step, flip] = min(free[here - step, flip], 1.0)
    return free


@_jit
def _claim(  # noqa: C901, PLR0912, PLR0915
    tile: tuple[int, int, int, int],
    cell_m: float,
    pieces: Pieces,
    chosen: Array,
    walls: Array,
    wall_rows: Array,
    search_m: float,
    edge_length_mm: Array,
    is_oneway: Array,
) -> tuple[Array, Array, Array]:
    """Find the nearest place of a street for each grid point: straight way (mm), edge, place."""
    c0, r0, wide, high = tile
    off = np.full(wide * high, FAR_MM, dtype=np.int64)
    owner = np.full(wide * high, -1, dtype=np.int32)
    place = np.zeros(wide * high, dtype=np.int32)
    size_m = BLOCK * cell_m
    left, bottom = c0 * cell_m - search_m - size_m, r0 * cell_m - search_m - size_m
    across = int((wide * cell_m + 2 * search_m) / size_m) + 3
    up = int((high * cell_m + 2 * search_m) / size_m) + 3
    frame = (left, bottom, size_m, across, up)
    # Square of a straight way (m²) that is surely longer than the best one known, or than allowed.
    too_far = np.full(wide * high, (search_m + 0.001) ** 2)
    chains = _wall_buckets(walls, wall_rows, left, bottom, size_m, across, up)
    for i in range(len(chosen)):
        s = chosen[i]
        e = pieces.edge[s]
        ax, ay, bx, by = pieces.ends[s]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        low_c = max(int(np.ceil((min(ax, bx) - search_m) / cell_m)) - c0, 0)
        top_c = min(int(np.floor((max(ax, bx) + search_m) / cell_m)) - c0, wide - 1)
        low_r = max(int(np.ceil((min(ay, by) - search_m) / cell_m)) - r0, 0)
        top_r = min(int(np.floor((max(ay, by) + search_m) / cell_m)) - r0, high - 1)
        span_mm = pieces.to_mm[s] - pieces.from_mm[s]
        length_mm = float(edge_length_mm[e])
        inside_mm = min(INSIDE_M * 1000, length_mm / 2)
        for r in range(low_r, top_r + 1):
            py = (r + r0) * cell_m
            for c in range(low_c, top_c + 1):
                px = (c + c0) * cell_m
                here = r * wide + c
                aside = (px - ax) * dy - (py - ay) * dx
                if aside * aside > too_far[here] * square * 1.000001:
                    continue
                share = ((px - ax) * dx + (py - ay) * dy) / square if square > 0 else 0.0
                share = min(max(share, 0.0), 1.0)
                east, north = ax + share * dx - px, ay + share * dy - py
                if east * east + north * north > too_far[here]:
                    continue
                away = np.hypot(east, north)
                if away > search_m:
                    continue
                away_mm = int(np.rint(away * 1000))
                if away_mm > off[here]:
                    continue
                if away_mm == off[here]:
                    known = owner[here]
                    if is_oneway[e] > is_oneway[known]:
                        continue
                    if is_oneway[e] == is_oneway[known] and e >= known:
                        continue
                at_mm = pieces.from_mm[s] + share * span_mm
                if len(wall_rows):  # tested to a place that is not the very end of its street
                    seen = share
                    if span_mm > 0 and (at_mm < inside_mm or at_mm > length_mm - inside_mm):
                        inner = min(max(at_mm, inside_mm), length_mm - inside_mm)
                        seen = min(max((inner - pieces.from_mm[s]) / span_mm, 0.0), 1.0)
                    way = (px, py, ax + seen * dx, ay + seen * dy)
                    if not _is_free(walls, chains, frame, way):
                        continue
                off[here] = away_mm
                too_far[here] = ((away_mm + 1) / 1000) ** 2
                owner[here] = e
                place[here] = int(np.rint(min(max(at_mm, 0.0), length_mm)))
    return off, owner, place


@_jit
def _ends(
    off: Array, owner: Array, free: Array, here: Whole, other: Whole, d: Whole, depth_mm: float
) -> tuple[float, Whole]:
    """How far the land goes on towards the next grid point, and why it ends there."""
    step_mm, wall = free[1], free[0][here, d]
    flags = 0
    ends = 1.0
    if off[other] <= depth_mm:
        if owner[other] != owner[here]:
            flags = SHARED_EDGE
            ends = 0.5 + (off[other] - off[here]) / (2 * step_mm)
    elif off[other] < FAR_MM:
        ends = (depth_mm - off[here]) / (off[other] - off[here])
    else:
        ends = (depth_mm - off[here]) / step_mm
    ends = min(ends, 1.0)
    if wall <= ends:
        return wall, WALLED
    return max(ends, 0.0), flags


@_jit
def _emit(
    tile: tuple[int, int, int, int],
    claims: tuple[Array, Array, Array],
    owned: Array,
    free: tuple[Array, float],
    depth_mm: float,
    out: Array,
    reach: Array,
    k: Whole,
) -> Whole:
    """Write the grid points within the depth, but for those of the halo; return how many."""
    off, owner, place = claims
    c0, r0, wide, high = tile
    for r in range(1, high - 1):
        for c in range(1, wide - 1):
            here = r * wide + c
            if off[here] > depth_mm:
                continue
            out[k, 0], out[k, 1], out[k, 2] = owner[here], c + c0, r + r0
            out[k, 3], out[k, 4] = place[here], off[here]
            for d in range(4):
                other = here + (1 if d == 0 else wide if d == 1 else -1 if d == 2 else -wide)
                ends, flags = _ends(off, owner, free, here, other, d, depth_mm)
                if owned[other]:
                    flags |= OWNED
                reach[k, d] = flags | int(ends * TO_SHARE)
            k += 1
    return k


@_jit
def stamp_tile(
    tile: tuple[int, int, int, int],
    cell_m: float,
    pieces: Pieces,
    chosen: tuple[Array, Array, Array],
    walls: Array,
    wall_rows: Array,
    depths_m: tuple[float, float],
    edge_length_mm: Array,
    is_oneway: Array,
) -> tuple[Array, Array]:
    """Give every grid point of a tile to its street, as far as the front is deep.

    Parameters
    ----------
    tile : tuple of int
        First column and row, columns, rows.
    cell_m : float
        Grid step.
    pieces : Pieces
    chosen : tuple of three arrays of int
        Rows of `pieces` near the tile: streets of the main component, other streets, passages
        (which no wall concerns). A point may belong to one street of each.
    walls : array of float, shape (w, 4)
    wall_rows : array of int
        Rows of `walls` near the tile.
    depths_m : tuple of float
        Farthest straight way from a street, and from a passage.
    edge_length_mm, is_oneway : arrays, shape (m,)

    Returns
    -------
    stamps : array of int32, shape (k, 5)
        Edge, column, row, place on the edge (mm), straight way (mm).
    reach : array of uint16, shape (k, 4)
        How far the land goes on to the east, north, west and south: a share of the grid step
        (see :data:`FULL`) and the flags.
    """
    wide, high = tile[2] + 2, tile[3] + 2
    halo = (tile[0] - 1, tile[1] - 1, wide, high)
    streets, passages = depths_m[0] + cell_m, depths_m[1] + cell_m
    args = (edge_length_mm, is_oneway)
    none = wall_rows[:0]
    main = _claim(halo, cell_m, pieces, chosen[0], walls, wall_rows, streets, *args)
    other = _claim(halo, cell_m, pieces, chosen[1], walls, wall_rows, streets, *args)
    passage = _claim(halo, cell_m, pieces, chosen[2], walls, none, passages, *args)
    depth_mm, passage_mm = np.rint(depths_m[0] * 1000), np.rint(depths_m[1] * 1000)
    for i in range(wide * high):  # a street off the main component has only what is nearer to it
        if other[0][i] >= main[0][i]:
            other[0][i] = FAR_MM
    owned = (main[0] <= depth_mm) | (other[0] <= depth_mm)
    room = (main[0] <= depth_mm).sum() + (other[0] <= depth_mm).sum()
    room += (passage[0] <= passage_mm).sum()
    out = np.empty((room, 5), dtype=np.int32)
    reach = np.empty((room, 4), dtype=np.uint16)
    free = (_wall_steps(walls, wall_rows, halo[0], halo[1], wide, high, cell_m), 1000 * cell_m)
    k = _emit(halo, main, owned, free, depth_mm, out, reach, 0)
    k = _emit(halo, other, owned, free, depth_mm, out, reach, k)
    open_air = (np.full((wide * high, 4), 2.0, dtype=np.float32), 1000 * cell_m)
    k = _emit(halo, passage, owned, open_air, passage_mm, out, reach, k)
    return out[:k], reach[:k]
