"""Inside a neighbourhood: lanes between the rows, a path through the middle, gates in the wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.demo.rows import Frames, Rows, spans_inside

__all__ = ["Estates", "lay_paths"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REACH_M = 42.0
"""A street farther from the wall than this gets no gate."""


@dataclass(frozen=True, slots=True, eq=False)
class Estates:
    """Paths and gates of the parcels; gates know the street they lead to."""

    paths: Objects  # (p,) lines inside the parcels and out to the street
    path_parcel: Ints  # (p,)
    lane: npt.NDArray[np.bool_]  # (p,) runs along a row of buildings
    gate_xy_m: Floats  # (g, 2)
    gate_parcel: Ints  # (g,)
    gate_street: Ints  # (g,) row of the street way
    street_points: Objects  # (g,) where the gate's path meets that street
    gate_rank: Ints  # (g,) 0 = main gate
    lane_parcel: Ints  # (l,) sorted; lane i is path i (one side) and path l + i (the other)
    lane_b: Floats  # (l,) place in the parcel's frame
    lane_low: Floats  # (l,)
    lane_high: Floats  # (l,)
    lane_middle: Floats  # (l,) where the middle path crosses


def lay_paths(
    parcels: Objects,
    frames: Frames,
    rows: Rows,
    *,
    pitch_m: Floats,
    streets: Objects,
    usable: npt.NDArray[np.bool_],
    importance: Floats,
    wanted: Ints,
    blocks: Objects,
) -> Estates:
    """Lay lanes, the middle path and gates.

    Parameters
    ----------
    parcels, frames, rows, pitch_m
        The parcels, their frames, their rows and the distance from row to row.
    streets, usable, importance
        Street lines, which of them a gate may open to, and how busy they are (main gates look
        for the busiest).
    wanted : int array, shape (n,)
        How many gates each parcel should have, at most; one is always found.
    blocks : polygons
        Parcels that a way out must not cross.
    """
    free = shapely.buffer(parcels, -2.2, join_style="mitre")
    lane_parcel, lane_b = _lane_places(rows, pitch_m, len(parcels))
    low, high = spans_inside(frames, lane_parcel, lane_b, free[lane_parcel])
    s = rows.spine_a[lane_parcel]
    good = (low + 1 < s) & (s < high - 1) & (high - low > 14)
    lane_parcel, lane_b, low, high = lane_parcel[good], lane_b[good], low[good], high[good]
    s = s[good]
    west = frames.place(lane_parcel, low, lane_b)
    middle = np.round(frames.place(lane_parcel, s, lane_b), 3)
    east = frames.place(lane_parcel, high, lane_b)
    west, east = np.round(west, 3), np.round(east, 3)
    all_n = np.arange(len(parcels))
    south_b, north_b = spans_inside(frames, all_n, rows.spine_a, parcels, across=True)
    first = np.searchsorted(lane_parcel, all_n)
    last = np.searchsorted(lane_parcel, all_n, side="right") - 1
    has = last >= first
    same = lane_parcel[:-1] == lane_parcel[1:]
    spine = np.stack([middle[:-1][same], middle[1:][same]], axis=1)
    pick = np.where(has, (first + last) // 2, 0)
    out_low, out_high = spans_inside(frames, lane_parcel, lane_b, parcels[lane_parcel])
    p = all_n[has]
    if not len(p):
        raise ValueError("No parcel is large enough for a lane; draw larger cells.")
    candidates = [
        (p, np.round(frames.place(p, rows.spine_a[p], south_b[p]), 3), middle[first[p]]),
        (p, np.round(frames.place(p, rows.spine_a[p], north_b[p]), 3), middle[last[p]]),
        (p, np.round(frames.place(p, out_low[pick[p]], lane_b[pick[p]]), 3), west[pick[p]]),
        (p, np.round(frames.place(p, out_high[pick[p]], lane_b[pick[p]]), 3), east[pick[p]]),
    ]
    owner = np.concatenate([c[0] for c in candidates])
    gate = np.vstack([c[1] for c in candidates])
    inner = np.vstack([c[2] for c in candidates])
    owner, gate, inner = _with_fallback(owner, gate, inner, parcels, streets, usable)
    street, point, fair = _ways_out(gate, streets, usable, blocks)
    score = importance[np.maximum(street, 0)] - 100.0 * ~fair
    score[len(candidates) * len(p) :] -= 50.0
    order = np.lexsort([-score, owner])
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner)) - np.searchsorted(owner[order], owner[order])
    chosen = (rank == 0) | (fair & (rank < wanted[owner]) & (score > -40))
    chosen &= street >= 0
    owner, gate, inner, rank = owner[chosen], gate[chosen], inner[chosen], rank[chosen]
    street, point = street[chosen], point[chosen]
    point_xy = np.round(shapely.get_coordinates(point), 3)
    lanes = np.concatenate([np.stack([west, middle], axis=1), np.stack([middle, east], axis=1)])
    ways_in = np.stack([inner, gate], axis=1)
    ways_out = np.stack([gate, point_xy], axis=1)
    moved = np.hypot(*(inner - gate).T) > 0.01
    drawn = [lanes, spine, ways_in[moved], ways_out]
    drawn_for = [lane_parcel, lane_parcel, lane_parcel[:-1][same], owner[moved], owner]
    return Estates(
        np.asarray(shapely.linestrings(np.concatenate(drawn)), dtype=object),
        np.concatenate(drawn_for),
        np.arange(sum(len(d) for d in drawn)) < len(lanes),
        gate,
        owner,
        street,
        np.asarray(shapely.points(point_xy), dtype=object),
        rank,
        lane_parcel,
        lane_b,
        low,
        high,
        s,
    )


def _lane_places(rows: Rows, pitch_m: Floats, n: int) -> tuple[Ints, Floats]:
    """Lanes run halfway between rows, and outside the first and the last one."""
    half = pitch_m / 2
    count = np.bincount(rows.row_parcel, minlength=n)
    first = rows.row_b[np.minimum(np.cumsum(count) - count, len(rows.row_b) - 1)] - half
    parcel = np.concatenate([np.arange(n)[count > 0], rows.row_parcel])
    b = np.concatenate([first[count > 0], rows.row_b + half[rows.row_parcel]])
    order = np.lexsort([b, parcel])
    return parcel[order], b[order]


def _with_fallback(
    owner: Ints,
    gate: Floats,
    inner: Floats,
    parcels: Objects,
    streets: Objects,
    usable: npt.NDArray[np.bool_],
) -> tuple[Ints, Floats, Floats]:
    """Add to every parcel the point of its wall nearest to a street, as a last resort."""
    rows = np.flatnonzero(usable)
    tree = shapely.STRtree(streets[rows])
    walls = shapely.get_exterior_ring(parcels)
    which, found = tree.query_nearest(walls, all_matches=False)
    line = shapely.shortest_line(walls[which], streets[rows][found])
    at = np.round(shapely.get_coordinates(shapely.get_point(line, 0)), 3)
    # From there to the nearest of the parcel's path ends; without paths it leads nowhere.
    to = at.copy()
    best = np.full(len(which), np.inf)
    row = np.full(len(parcels), -1)
    row[which] = np.arange(len(which))
    for end in range(len(owner) // max(1, len(np.unique(owner)))):
        part = slice(end * len(np.unique(owner)), (end + 1) * len(np.unique(owner)))
        rows_here = row[owner[part]]
        far = np.hypot(*(inner[part] - at[rows_here]).T)
        closer = far < best[rows_here]
        to[rows_here[closer]] = inner[part][closer]
        best[rows_here[closer]] = far[closer]
    return np.concatenate([owner, which]), np.vstack([gate, at]), np.vstack([inner, to])


def _ways_out(
    gate: Floats,
    streets: Objects,
    usable: npt.NDArray[np.bool_],
    blocks: Objects,
) -> tuple[Ints, Objects, npt.NDArray[np.bool_]]:
    """Nearest street of each gate, where its path meets it, and whether the way is free."""
    rows = np.flatnonzero(usable)
    points = shapely.points(gate)
    which, found = shapely.STRtree(streets[rows]).query_nearest(
        points, max_distance=REACH_M, all_matches=False
    )
    street = np.full(len(gate), -1, dtype=np.int64)
    street[which] = rows[found]
    at = np.full(len(gate), shapely.Point(), dtype=object)
    near = street >= 0
    way = shapely.shortest_line(points[near], streets[street[near]])
    at[near] = shapely.get_point(way, -1)
    fair = near.copy()
    # A way out that starts 0.3 m beyond its own wall must meet no parcel at all.
    outside = shapely.line_interpolate_point(way, 0.3)
    rest = shapely.linestrings(
        np.stack([shapely.get_coordinates(outside), shapely.get_coordinates(at[near])], axis=1)
    )
    crossed, _ = shapely.STRtree(blocks).query(rest, predicate="intersects")
    fair[np.flatnonzero(near)[np.unique(crossed)]] = False
    return street, at, fair
