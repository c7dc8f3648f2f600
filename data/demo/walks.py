"""Ways for people on foot only: pavements, doors of buildings, park rounds, stairs on hills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from data.demo.cells import Cell, Point
from data.demo.estates import Estates
from data.demo.layout import STRIPS, Layout
from data.demo.rows import Frames, Rows
from data.demo.streets import STEP_M, insert_vertices

__all__ = ["Greens", "door_paths", "green_paths", "joined_where_crossing", "pavements"]

Objects = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]

PAVED: Final = ("primary", "secondary", "tertiary")
FROM_WALL_M: Final = 2.2
ARCS: Final = 4
ARC_POINTS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Greens:
    """Paths in parks and on hills; each entry meets a street."""

    paths: Objects
    highway: Objects  # footway or steps
    links: Objects  # from the round to the street
    link_street: Ints
    street_points: Objects
    lakes: Objects


def pavements(layout: Layout) -> Objects:
    """Lay a pavement along each block front on a main street, joined to the junctions."""
    paths = []
    for cell in layout.plan.cells:
        if cell.kind not in STRIPS:
            paths += _block_fronts(layout, cell)
    return layout.bend.lines(paths, step_m=STEP_M)


def _block_fronts(layout: Layout, cell: Cell) -> list[npt.NDArray[np.float64]]:
    plan, n = layout.plan, len(cell.corners)
    streets = [plan.chords[edge].street for edge in cell.edges]
    paved = [
        street.highway in PAVED
        and np.hypot(*np.subtract(cell.corners[(k + 1) % n], cell.corners[k])) > 40
        for k, street in enumerate(streets)
    ]
    widths = [s.half_width_m - FROM_WALL_M if s.highway in PAVED else 0.0 for s in streets]
    inner = [_inner_corner(cell, k, widths) for k in range(n)]
    fronts = [np.array([inner[k], inner[(k + 1) % n]]) for k in range(n) if paved[k]]
    links = [
        np.array([cell.corners[k], inner[k]])
        for k in range(n)
        if (paved[k] or paved[k - 1]) and inner[k] != cell.corners[k]
    ]
    return fronts + links


def _inner_corner(cell: Cell, k: int, widths: list[float]) -> Point:
    """Where the lines offset from the two edges at corner ``k`` meet."""
    n = len(cell.corners)
    before, corner, after = cell.corners[k - 1], cell.corners[k], cell.corners[(k + 1) % n]
    d1 = np.subtract(corner, before) / np.hypot(*np.subtract(corner, before))
    d2 = np.subtract(after, corner) / np.hypot(*np.subtract(after, corner))
    w1, w2 = widths[k - 1], widths[k]
    turn = d1[0] * d2[1] - d1[1] * d2[0]
    if abs(turn) < 0.3:
        w = max(w1, w2)
        return (float(corner[0] - d2[1] * w), float(corner[1] + d2[0] * w))
    # corner + s·d2 - t·d1 such that it lies w1 left of d1 and w2 left of d2
    moved = np.array(corner) + (w1 * d2 - w2 * d1) / turn
    return (float(moved[0]), float(moved[1]))


def door_paths(
    rows: Rows,
    built: npt.NDArray[np.bool_],
    frames: Frames,
    estates: Estates,
    *,
    unit_m: npt.NDArray[np.float64],
) -> tuple[Objects, Objects]:
    """Join the doors of each building to the nearest lane along its row.

    Parameters
    ----------
    rows, built, frames, estates
        The slots, which of them carry a building, the parcels' frames, and their lanes.
    unit_m : float array, shape (parcels,)
        Length of building that one door serves, by parcel.

    Returns
    -------
    doors, paths : object arrays
        The short ways to the doors, and `estates.paths` with a vertex where each begins.
    """
    boxes, parcel = rows.boxes[built], rows.parcel[built]
    corners = shapely.get_coordinates(boxes).reshape(-1, 5, 2)
    length = np.hypot(*(corners[:, 1] - corners[:, 0]).T)
    depth = np.hypot(*(corners[:, 2] - corners[:, 1]).T)
    middle = corners[:, :4].mean(axis=1)
    doors = np.clip(np.round(length / unit_m[parcel]), 1, 5).astype(int)
    which = np.repeat(np.arange(len(boxes)), doors)
    k = np.arange(len(which)) - (np.cumsum(doors) - doors)[which]
    owner = parcel[which]
    a = frames.a_of(owner, middle[which])
    a = a + (k - (doors[which] - 1) / 2) * (length / doors)[which]
    b = frames.b_of(owner, middle[which])
    lane, side = _nearest_lane(estates, owner, a, b, rows.pitch[owner])
    good = lane >= 0
    owner, a, b, lane, side = owner[good], a[good], b[good], lane[good], side[good]
    start = frames.place(owner, a, b + side * depth[which][good] / 2)
    stop = np.round(frames.place(owner, a, estates.lane_b[lane]), 3)
    paths = shapely.linestrings(np.stack([np.round(start, 3), stop], axis=1))
    west = a < estates.lane_middle[lane]
    line = np.where(west, lane, lane + len(estates.lane_b))
    joined = insert_vertices(estates.paths, line, shapely.points(stop))
    return np.asarray(paths, dtype=object), joined


def _nearest_lane(
    estates: Estates,
    owner: Ints,
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    pitch: npt.NDArray[np.float64],
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Lane just above or just below each place that also runs past it; -1 where none does."""
    keys = estates.lane_parcel * 1e5 + estates.lane_b + 5e4
    at = np.searchsorted(keys, owner * 1e5 + b + 5e4)
    lane = np.full(len(owner), -1, dtype=np.int64)
    side = np.zeros(len(owner))
    last = len(keys) - 1
    for step, sign in ((0, 1.0), (-1, -1.0)):
        candidate = np.clip(at + step, 0, last)
        fits = (lane < 0) & (estates.lane_parcel[candidate] == owner)
        fits &= np.abs(estates.lane_b[candidate] - b) < 0.75 * pitch
        fits &= (estates.lane_low[candidate] + 0.5 < a) & (a < estates.lane_high[candidate] - 0.5)
        lane[fits], side[fits] = candidate[fits], sign
    return lane, side


def green_paths(
    parcels: Objects, kind: Objects, streets: Objects, usable: npt.NDArray[np.bool_]
) -> Greens:
    """Lay a round in every park with entries from the streets; lakes in parks, stairs on hills."""
    chosen = np.flatnonzero(np.isin(kind, ["park", "hill", "pocket_park"]))
    inner = _smoothed(parcels[chosen])
    kept = ~shapely.is_empty(inner)
    chosen, inner = chosen[kept], inner[kept]
    turns = np.arange(ARCS * ARC_POINTS + 1) / (ARCS * ARC_POINTS)
    rings = shapely.get_exterior_ring(inner)
    stops = shapely.line_interpolate_point(rings[:, None], turns[None, :] % 1.0, normalized=True)
    xy = np.round(shapely.get_coordinates(stops).reshape(len(chosen), -1, 2), 3)
    arcs = [xy[:, k * ARC_POINTS : (k + 1) * ARC_POINTS + 1] for k in range(ARCS)]
    rounds = shapely.linestrings(np.concatenate(arcs)) if len(chosen) else np.array([], object)
    gates = np.concatenate([xy[:, k * ARC_POINTS] for k in range(ARCS)])
    open_rows = np.flatnonzero(usable)
    points = shapely.points(gates)
    which, found = shapely.STRtree(streets[open_rows]).query_nearest(
        points, max_distance=140.0, all_matches=False
    )
    street = open_rows[found]
    ends = shapely.get_coordinates(
        shapely.get_point(shapely.shortest_line(points[which], streets[street]), -1)
    )
    ends = np.round(ends, 3)
    links = shapely.linestrings(np.stack([gates[which], ends], axis=1))
    hill = np.flatnonzero(kind[chosen] == "hill")
    poles = shapely.maximum_inscribed_circle(parcels[chosen[hill]], tolerance=1.0)
    tops = np.round(shapely.get_coordinates(shapely.get_point(poles, 0)), 3)
    stairs = [np.stack([xy[hill, k * ARC_POINTS], tops], axis=1) for k in range(ARCS)]
    steps = shapely.linestrings(np.concatenate(stairs)) if len(hill) else np.array([], object)
    lakes = _lakes(xy[kind[chosen] == "park"])
    return Greens(
        np.concatenate([rounds, steps]),
        np.repeat(["footway", "steps"], [len(rounds), len(steps)]).astype(object),
        np.asarray(links, dtype=object),
        street,
        np.asarray(shapely.points(ends), dtype=object),
        lakes[shapely.area(lakes) > 900.0],
    )


def _lakes(rounds: npt.NDArray[np.float64]) -> Objects:
    """Draw a lake with a wavy shore inside each round; rounds have shape (n, k, 2)."""
    if not len(rounds):
        return np.array([], dtype=object)
    middle = rounds[:, :-1].mean(axis=1, keepdims=True)
    turn = np.linspace(0, 2 * np.pi, rounds.shape[1])[None, :]
    phase = middle[..., 0] / 97.0
    share = 0.58 + 0.13 * np.sin(2 * turn + phase) + 0.1 * np.sin(3 * turn - 2 * phase)
    shore = middle + (rounds - middle) * share[..., None]
    lakes = shapely.buffer(shapely.buffer(shapely.polygons(shore), -7.0), 7.0)
    return np.asarray(shapely.simplify(lakes, 0.3), dtype=object)


def _smoothed(parcels: Objects) -> Objects:
    """Inner outline of a park, with round corners; empty where the park is too small."""
    depth = 0.11 * np.sqrt(shapely.area(parcels))
    core = shapely.buffer(shapely.buffer(parcels, -2.2 * depth), 1.2 * depth)
    single = shapely.get_type_id(core) == shapely.GeometryType.POLYGON
    return np.where(single & (shapely.area(core) > 60.0), core, shapely.Polygon())


def joined_where_crossing(first: Objects, second: Objects) -> tuple[Objects, Objects]:
    """Give lines of two sets a common vertex wherever one crosses the other."""
    left, right = shapely.STRtree(second).query(first, predicate="crosses")
    meet = shapely.intersection(first[left], second[right])
    parts, pair = shapely.get_parts(meet, return_index=True)
    point = shapely.get_type_id(parts) == shapely.GeometryType.POINT
    parts, pair = parts[point], pair[point]
    at = np.asarray(shapely.points(np.round(shapely.get_coordinates(parts), 3)), dtype=object)
    return insert_vertices(first, left[pair], at), insert_vertices(second, right[pair], at)
