"""Buildings in rows: slabs, towers or halls set parallel inside a parcel, with lanes between."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

__all__ = [
    "Frames",
    "RowStyle",
    "Rows",
    "divided_rows",
    "lay_rows",
    "parcel_frames",
    "spans_inside",
]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOTHING_M = 1e5
"""A margin beyond this means that nothing is built."""

BEND_ROOM_M = 1.4
"""The sides of a parcel are bent a little; the first row keeps this much more away."""


JOINT_M = 0.3
"""Width of the joint between two buildings that stand wall to wall."""
SHORTEST_M = 4.0
"""No building is divided into parts shorter than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """A frame per parcel: `a` runs along the rows (about west to east), `b` across them."""

    centre: Floats  # (n, 2)
    along: Floats  # (n, 2) unit vector of a
    half_a: Floats  # (n,)
    half_b: Floats  # (n,)

    def place(self, row: Ints, a: Floats, b: Floats) -> Floats:
        """Coordinates in the zone, shape (k, 2), of points given in the frames of `row`."""
        d = self.along[row]
        across = np.column_stack([-d[:, 1], d[:, 0]])
        return self.centre[row] + a[:, None] * d + b[:, None] * across

    def a_of(self, row: Ints, xy: Floats) -> Floats:
        """Return the place along the rows of points in the zone."""
        return ((xy - self.centre[row]) * self.along[row]).sum(axis=1)

    def b_of(self, row: Ints, xy: Floats) -> Floats:
        """Return the place across the rows of points in the zone."""
        d = self.along[row]
        return ((xy - self.centre[row]) * np.column_stack([-d[:, 1], d[:, 0]])).sum(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class RowStyle:
    """How each parcel is built up; row ``i`` of each field is parcel ``i``; metres."""

    depth: Floats
    length: Floats  # of one building, at most
    gap: Floats  # between buildings of a row
    pitch: Floats  # from row to row
    margin: Floats  # free strip inside the parcel's edge
    spine: Floats  # half-width kept free for the path through the middle; 0 = no path


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What was laid: building rectangles, and the lanes' places."""

    boxes: Objects  # (k,) polygons
    parcel: Ints  # (k,)
    row: Ints  # (k,) running number of the row in its parcel, from the south
    spine_a: Floats  # (n,) where the path through the middle runs
    row_b: Floats  # (r,) every row's place
    row_parcel: Ints  # (r,)
    pitch: Floats  # (n,) from row to row, as laid


def parcel_frames(parcels: Objects) -> Frames:
    """Lay each parcel's frame along its longest side that runs about west to east.

    That side lies at the lowest `b`, so rows counted from there are parallel to it.
    """
    n = len(parcels)
    xy, owner = shapely.get_coordinates(shapely.simplify(parcels, 1.5), return_index=True)
    same = owner[:-1] == owner[1:]
    side, of = np.diff(xy, axis=0)[same], owner[:-1][same]
    start = xy[:-1][same]
    lengths = np.hypot(side[:, 0], side[:, 1])
    flat = np.abs(side[:, 0]) / np.maximum(lengths, 1e-9)
    score = lengths * np.where(flat > 0.72, 1.0, 0.25)
    order = np.lexsort([-score, of])
    best = order[np.searchsorted(of[order], np.arange(n))]
    along = side[best] / lengths[best, None]
    # Rings of parcels run counter-clockwise: inside lies to the left, where `b` grows.
    turned = ~shapely.is_ccw(shapely.get_exterior_ring(parcels))
    along[turned] *= -1.0
    across = np.column_stack([-along[:, 1], along[:, 0]])
    off = xy - start[best][owner]
    a, b = (off * along[owner]).sum(axis=1), (off * across[owner]).sum(axis=1)
    first = np.searchsorted(owner, np.arange(n))
    low_a, high_a = np.minimum.reduceat(a, first), np.maximum.reduceat(a, first)
    low_b, high_b = np.minimum.reduceat(b, first), np.maximum.reduceat(b, first)
    middle_a, middle_b = (low_a + high_a) / 2, (low_b + high_b) / 2
    centre = start[best] + middle_a[:, None] * along + middle_b[:, None] * across
    return Frames(centre, along, (high_a - low_a) / 2, (high_b - low_b) / 2)


def spans_inside(
    frames: Frames, row: Ints, b: Floats, inside: Objects, *, across: bool = False
) -> tuple[Floats, Floats]:
    """Return from where to where lines of constant `b` (or `a`) lie in polygons, NaN where not.

    Of several pieces the longest counts.
    """
    reach = (frames.half_b if across else frames.half_a)[row] + 5.0
    ends = [(b, -reach), (b, reach)] if across else [(-reach, b), (reach, b)]
    xy = np.stack([frames.place(row, first, second) for first, second in ends], axis=1)
    cut = shapely.intersection(shapely.linestrings(xy), inside)
    parts, owner = shapely.get_parts(cut, return_index=True)
    lengths = shapely.length(parts)
    order = np.lexsort([-lengths, owner])
    first = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
    first = first[lengths[first] > 0]
    low, high = np.full(len(row), np.nan), np.full(len(row), np.nan)
    if len(first):
        which = owner[first]
        place = frames.b_of if across else frames.a_of
        start = place(row[which], shapely.get_coordinates(shapely.get_point(parts[first], 0)))
        stop = place(row[which], shapely.get_coordinates(shapely.get_point(parts[first], -1)))
        low[which], high[which] = np.minimum(start, stop), np.maximum(start, stop)
    return low, high


def lay_rows(parcels: Objects, frames: Frames, style: RowStyle, rng: np.random.Generator) -> Rows:
    """Fill parcels with rows of buildings that stay inside and never overlap."""
    n = len(parcels)
    edge = style.margin + BEND_ROOM_M
    room = 2 * (frames.half_b - edge) - style.depth
    count = np.where(room >= 0, np.floor(room / style.pitch + 0.12) + 1, 0).astype(int)
    pitch = np.where(count > 1, room / np.maximum(count - 1, 1), style.pitch)
    pitch = np.minimum(pitch, 1.2 * style.pitch)
    parcel = np.repeat(np.arange(n), count)
    number = np.arange(len(parcel)) - (np.cumsum(count) - count)[parcel]
    b = (edge + style.depth / 2 - frames.half_b)[parcel] + number * pitch[parcel]
    free = shapely.buffer(parcels, -style.margin, join_style="mitre")
    half = style.depth[parcel] / 2
    low, high = spans_inside(frames, parcel, b - half, free[parcel])
    low2, high2 = spans_inside(frames, parcel, b + half, free[parcel])
    low, high = np.maximum(low, low2), np.minimum(high, high2)
    spine_a = rng.uniform(-0.22, 0.22, n) * frames.half_a
    keep_off = style.spine[parcel]
    middle = spine_a[parcel]
    left_end = np.where(keep_off > 0, np.minimum(high, middle - keep_off), high)
    right_start = np.where(keep_off > 0, np.maximum(low, middle + keep_off), np.nan)
    runs = [(low, left_end), (right_start, high)]
    boxes, owners, rows = [], [], []
    for start, stop in runs:
        box, which = _slabs(frames, parcel, b, start, stop, style)
        boxes.append(box)
        owners.append(parcel[which])
        rows.append(number[which])
    box, owner, row = np.concatenate(boxes), np.concatenate(owners), np.concatenate(rows)
    fits = shapely.contains_properly(parcels[owner], box)
    box, owner, row = box[fits], owner[fits], row[fits]
    used = np.bincount(owner, minlength=n) > 0
    alone = np.flatnonzero(~used & (style.margin < NOTHING_M))
    box = np.concatenate([box, _lone_boxes(parcels[alone], frames, alone, style)])
    owner, row = np.concatenate([owner, alone]), np.append(row, np.zeros(len(alone), dtype=int))
    order = np.lexsort([row, owner])
    laned = used[parcel]
    return Rows(box[order], owner[order], row[order], spine_a, b[laned], parcel[laned], pitch)


def divided_rows(rows: Rows, *, count: int) -> Rows:
    """Divide the buildings along their length, as registers do that draw stair by stair.

    Parameters
    ----------
    rows : Rows
        Of :func:`lay_rows`.
    count : int
        So many buildings are wanted; the parts of all become about equally long. At least those
        that stand, and no more than parts of `SHORTEST_M` give.

    Returns
    -------
    Rows
        The same rows, each building replaced by its parts from one end to the other, with a
        joint between them.
    """
    corners = shapely.get_coordinates(rows.boxes).reshape(-1, 5, 2)[:, :4]
    length_m = np.hypot(*(corners[:, 1] - corners[:, 0]).T)
    short, long = SHORTEST_M, float(length_m.max(initial=SHORTEST_M)) + 1.0
    for _ in range(40):
        each = (short + long) / 2
        if np.maximum(length_m // each, 1).sum() >= count:
            short = each
        else:
            long = each
    parts = np.maximum(length_m // short, 1).astype(np.int64)
    box = np.repeat(np.arange(len(parts)), parts)
    number = np.arange(len(box)) - (np.cumsum(parts) - parts)[box]
    joint = np.where(parts > 1, JOINT_M / 2 / length_m, 0.0)[box]
    start = np.where(number > 0, number / parts[box] + joint, 0.0)
    last = number == parts[box] - 1
    stop = np.where(last, 1.0, (number + 1) / parts[box] - joint)
    near, far = corners[box][:, [0, 3]], corners[box][:, [1, 2]]  # the two ends of each building
    one = near + (far - near) * start[:, None, None]
    two = near + (far - near) * stop[:, None, None]
    ring = np.stack([one[:, 0], two[:, 0], two[:, 1], one[:, 1]], axis=1)
    boxes = np.where(parts[box] > 1, shapely.polygons(np.round(ring, 3)), rows.boxes[box])
    return replace(rows, boxes=boxes, parcel=rows.parcel[box], row=rows.row[box])


def _lone_boxes(parcels: Objects, frames: Frames, row: Ints, style: RowStyle) -> Objects:
    """Put one building into the widest place of parcels too narrow for a row."""
    if not len(parcels):
        return np.array([], dtype=object)
    spokes = shapely.get_coordinates(shapely.maximum_inscribed_circle(parcels, tolerance=0.5))
    middle, rim = spokes[0::2], spokes[1::2]
    radius = np.hypot(*(rim - middle).T)
    half_a = np.minimum(style.length[row] / 2, 0.74 * radius)
    half_b = np.minimum(style.depth[row] / 2, 0.54 * radius)
    a, b = frames.a_of(row, middle), frames.b_of(row, middle)
    corners = [
        frames.place(row, a + u * half_a, b + v * half_b)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 3)), dtype=object)


def _slabs(
    frames: Frames, parcel: Ints, b: Floats, start: Floats, stop: Floats, style: RowStyle
) -> tuple[Objects, Ints]:
    """Divide stretches of rows into buildings of about equal length."""
    length, gap = style.length[parcel], style.gap[parcel]
    free = np.nan_to_num(stop - start, nan=-1.0)
    shortest = np.maximum(0.34 * length, 9.0)
    count = np.where(free >= shortest, np.maximum(1, np.round((free + gap) / (length + gap))), 0)
    fits = (free - (count - 1) * gap) >= count * shortest
    count = np.where(fits, count, np.maximum(count - 1, 0)).astype(int)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.minimum((free - (count - 1) * gap) / count, 1.25 * length)
        step = np.where(count > 1, (free - each) / (count - 1), 0.0)
    which = np.repeat(np.arange(len(parcel)), count)
    k = np.arange(len(which)) - (np.cumsum(count) - count)[which]
    a0 = start[which] + k * step[which]
    a1 = a0 + each[which]
    half = style.depth[parcel][which] / 2
    owner = parcel[which]
    corners = np.stack(
        [
            frames.place(owner, a, b[which] + s * half)
            for a, s in ((a0, -1), (a1, -1), (a1, 1), (a0, 1))
        ],
        axis=1,
    )
    return np.asarray(shapely.polygons(np.round(corners, 3)), dtype=object), which
