"""Places where an opening could pay: closed gates, walls beside streets, fences of neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.network import Attachments, Obstacles, attach_points
from spatial.network.grid import part_of_network
from spatial.reach.arcs import place_points
from spatial.reach.kernels import FAR
from spatial.reach.live_network import best_of_points
from spatial.scenarios.figures import walk_s
from spatial.scenarios.missing_links import MissingLinks, missing_links
from spatial.scenarios.tally import MISSING
from spatial.units import MM_PER_M

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["opening_candidates", "openings_for"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
BOUNDS: Final = ("bound_s", "bound_persons")
SIDE_M = 0.5
"""How far off the wall its two sides are asked."""


def opening_candidates(
    base: ScenarioBase, *, around: shapely.Geometry | None = None
) -> gpd.GeoDataFrame:
    """Find places where a gate or a wall could be opened, or a missing link be built.

    Parameters
    ----------
    base : ScenarioBase
    around : Geometry, optional
        Look only there (in the city's zone), e.g. at one neighbourhood's parcel.

    Returns
    -------
    GeoDataFrame of Point, and LineString for links
        ``op`` (``open_gate``, ``open_wall`` or ``build_link``); ``why``: ``closed gate``, ``shared
        fence`` (of two neighbourhoods), ``outline`` (of one), ``wall``, ``dead end`` or ``near
        parts`` (of the network, see `missing_links`); ``neighbourhoods``, the ids of those whose
        gate it would be, or through which the link leads; ``bound_s``, person-seconds, and
        ``bound_persons``, residents × kinds, that it can save at most; largest first. Places that
        can save nothing are left out, and links between whose ends no walk to a must-have kind
        differs by ``missing_link_saves_m`` more than the link is long.

    Notes
    -----
    Let t_a and t_b be the walks to the nearest facility of a kind from both sides, t_i that of a
    neighbourhood, and d_i the way by air from its nearest gate. Whoever uses the opening walks at
    least d_i + min(t_a, t_b), so the neighbourhood saves at most t_i - d_i - min(t_a, t_b); through
    traffic also no more than |t_a - t_b|; those whose gate it is begin there, so their d_i is 0.
    The bounds add this up over residents and must-have kinds. They hold at level speed. Of a link
    the two sides are its ends, and d_i is measured to its middle: whoever walks its length l comes
    from an end, at least d_i - l/2 away, so the way through costs d_i + l/2 or more.
    """
    places, (links, ends) = _places(base, around), _links(base, around)
    frames = []
    if len(places):
        bounds = _bounds(base, (places.xy_m, places.touch), _walks(base, places))
        frames.append(_frame(base, places, dict(zip(BOUNDS, bounds, strict=True))))
    if len(links):
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(links.line, 0.5, normalized=True)
        )
        nobody = [np.empty(0, dtype=np.int64)] * len(links)
        bounds = _bounds(base, (middle, nobody), ends)
        frames.append(_link_frame(base, links, dict(zip(BOUNDS, bounds, strict=True))))
    if not frames:
        return _frame(base, places, {name: np.empty(0) for name in BOUNDS})
    frame = gpd.GeoDataFrame(pd.concat(frames), geometry="geometry", crs=base.crs)
    frame = frame[(frame["bound_s"] > 0) | (frame["bound_persons"] > 0)]
    order = np.lexsort((frame.index, -frame["bound_s"].to_numpy(dtype=float)))
    return frame.iloc[order]


def openings_for(base: ScenarioBase, place: int, kind: int) -> gpd.GeoDataFrame:
    """Places on the outline of a neighbourhood where an opening could bring a kind nearer.

    Returns
    -------
    GeoDataFrame of Point
        As `opening_candidates`, with ``least_m`` in place of the bounds: whoever lives there walks
        at least that far through the opening to the nearest facility of the kind, because the walk
        through it goes on from one of its sides. Those that cannot shorten the walk are left out;
        the smallest first.
    """
    places = _places(base, base.frame("neighbourhoods").geometry.iloc[place])
    if not len(places):
        return _frame(base, places, {"least_m": np.empty(0)})
    metres = _walks(base, places, np.array([kind], dtype=np.int64)).metres.min(axis=0)[:, 0]
    own = np.array([place in touch for touch in places.touch])
    gates = base.gate_xy()[base.live.gates_of(np.array([place]))[0]]
    air_m = np.full(len(places), np.inf)
    for gate in gates:
        air_m = np.minimum(air_m, np.hypot(*(places.xy_m - gate).T))
    least_m = np.where(own, 0.0, air_m) + metres
    frame = _frame(base, places, {"least_m": least_m})
    before = base.arrays["near_key"][kind, place]
    now_m = (before >> 32) / MM_PER_M if before < FAR else base.facts.search_m
    frame = frame[(least_m < now_m).tolist()]
    return frame.iloc[np.lexsort((frame.index, frame["least_m"].to_numpy(dtype=float)))]


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    xy_m: Floats  # (c, 2)
    towards: Floats  # (c, 2) unit vector along the wall
    is_gate: npt.NDArray[np.bool_]
    touch: list[Longs]  # neighbourhoods whose outline each touches

    def __len__(self) -> int:
        return len(self.xy_m)


def _places(base: ScenarioBase, around: shapely.Geometry | None) -> _Places:
    step_m = base.profile.rooms["scenarios"]["opening_step_m"]
    touch_m = base.profile.rooms["scenarios"]["parcel_touch_m"]
    gates = base.closed_gates
    gate_xy = shapely.get_coordinates(gates.geometry.to_numpy())
    if around is None:
        ends = base.arrays["obstacle_xy_m"][base.arrays["obstacle_kind"] == 0]
    else:
        west, south, east, north = around.buffer(touch_m).bounds
        box = shapely.box(west, south, east, north)
        ends = base.wall_ends_near((west, south, east, north))
        ends = ends[shapely.intersects(shapely.linestrings(ends), box)] if len(ends) else ends
        gate_xy = gate_xy[shapely.intersects(shapely.points(gate_xy), box)]
    wall_xy, towards = _along_walls(ends, step_m)
    xy = np.concatenate([gate_xy.reshape(-1, 2), wall_xy])
    along = np.concatenate([_direction_at(gate_xy, ends), towards])
    is_gate = np.arange(len(xy)) < len(gate_xy)
    _, first = np.unique(np.round(xy, 1), axis=0, return_index=True)
    first = np.sort(first)
    xy, along, is_gate = xy[first], along[first], is_gate[first]
    if around is not None and len(xy):
        here = shapely.dwithin(shapely.points(xy), around, touch_m)
        xy, along, is_gate = xy[here], along[here], is_gate[here]
    outlines = shapely.boundary(base.frame("neighbourhoods").geometry.to_numpy())
    point, place = shapely.STRtree(outlines).query(
        shapely.points(xy), predicate="dwithin", distance=touch_m
    )
    order = np.lexsort((place, point))
    cuts = np.searchsorted(point[order], np.arange(1, len(xy)))
    touch = np.split(place[order], cuts) if len(xy) else []
    return _Places(xy, along, is_gate, touch)


def _along_walls(ends: Floats, step_m: float) -> tuple[Floats, Floats]:
    """Set places along walls: the middle of each piece, more on long ones, one to a square."""
    if not len(ends):
        return np.empty((0, 2)), np.empty((0, 2))
    step = ends[:, 1] - ends[:, 0]
    length = np.hypot(step[:, 0], step[:, 1])
    count = np.maximum(np.ceil(length / step_m), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(ends)), count)
    rank = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    share = (rank + 0.5) / count[piece]
    xy = ends[piece, 0] + step[piece] * share[:, None]
    towards = step[piece] / np.maximum(length[piece], 1e-9)[:, None]
    order = np.lexsort((rank, piece, -length[piece]))  # of a square the longest wall's place
    cell = np.floor(xy[order] / step_m).astype(np.int64)
    _, first = np.unique(cell, axis=0, return_index=True)
    kept = np.sort(order[first])
    return xy[kept], towards[kept]


def _direction_at(xy: Floats, ends: Floats) -> Floats:
    if not len(xy):
        return np.empty((0, 2))
    if not len(ends):
        return np.tile((1.0, 0.0), (len(xy), 1))
    nearest = shapely.STRtree(shapely.linestrings(ends)).nearest(shapely.points(xy))
    step = ends[nearest, 1] - ends[nearest, 0]
    return step / np.maximum(np.hypot(*step.T), 1e-9)[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Walks from both sides of each place to the nearest facility of every must-have kind."""

    kinds: Longs
    seconds: Floats  # (2, c, kinds)
    metres: Floats  # (2, c, kinds) inf where none is found


def _walks(base: ScenarioBase, places: _Places, kinds: Longs | None = None) -> _Sides:
    off = np.stack([-places.towards[:, 1], places.towards[:, 0]], axis=1) * SIDE_M
    both = np.concatenate([places.xy_m + off, places.xy_m - off])
    placed = place_points(base.network, _attached(base, both))
    if kinds is None:
        kinds = np.unique(base.checks.kind[base.checks.must])
    return _sides(base, (placed.edge, placed.offset_mm, placed.entry_key), kinds)


def _links(base: ScenarioBase, around: shapely.Geometry | None) -> tuple[MissingLinks, _Sides]:
    """Missing links that shorten some walk enough, and the walks from their ends."""
    links = missing_links(base, around)
    edge, offset = links.edge.ravel().astype(np.int32), links.offset_mm.ravel().astype(np.int32)
    kinds = np.unique(base.checks.kind[base.checks.must])
    ends = _sides(base, (edge, offset, np.zeros(len(edge), dtype=np.int64)), kinds)
    walk_m = np.minimum(ends.metres, base.facts.search_m)
    saved_m = np.abs(walk_m[0] - walk_m[1]).max(axis=1, initial=0.0) - shapely.length(links.line)
    kept = saved_m >= base.profile.rooms["scenarios"]["missing_link_saves_m"]
    return links.take(kept), _Sides(kinds, ends.seconds[:, kept], ends.metres[:, kept])


def _sides(base: ScenarioBase, placed: tuple[npt.NDArray[Any], ...], kinds: Longs) -> _Sides:
    """Ask the walks from points, those of the one side first, then those of the other."""
    live, half = base.live, len(placed[0]) // 2
    points = live.points["gate"]._replace(edge=placed[0], offset_mm=placed[1], entry_key=placed[2])
    rows = np.arange(2 * half, dtype=np.int64)
    key = np.empty((2 * half, len(kinds)), dtype=np.int64)
    for column, kind in enumerate(kinds):
        key[:, column] = best_of_points(
            live.arcs,
            live.label[kind],
            live.owner[kind],
            live.rank,
            live.points["facility"],
            live.alive[kind],
            points,
            rows,
            live.limit,
        )[0]
    shape = (2, half, len(kinds))
    metres = np.where(key < FAR, (key >> 32) / MM_PER_M, np.inf)
    return _Sides(kinds, walk_s(key, base.cap_s).reshape(shape), metres.reshape(shape))


def _attached(base: ScenarioBase, xy: Floats) -> Attachments:
    far_m = base.facts.max_entry_m
    west, south = xy.min(axis=0) - far_m
    east, north = xy.max(axis=0) + far_m
    edges = base.edges_near((west, south, east, north))
    names = np.array(["wall", "water", "railway"], dtype=object)
    ends = base.arrays["obstacle_xy_m"]
    low, high = ends.min(axis=1), ends.max(axis=1)
    here = ((low <= (east, north)) & (high >= (west, south))).all(axis=1)
    pieces = shapely.linestrings(ends[here]) if here.any() else np.empty(0, dtype=object)
    obstacles = Obstacles(base.crs, pieces, names[base.arrays["obstacle_kind"][here]])
    held = attach_points(
        part_of_network(base.network, edges),
        gpd.GeoSeries(shapely.points(xy), crs=base.network.crs),
        obstacles,
        max_entry_m=far_m,
        parameters=base.profile.rooms["walking"],
    )
    on = held.edge >= 0
    held.edge[on] = edges[held.edge[on]]
    return held


def _bounds(
    base: ScenarioBase, places: tuple[Floats, list[Longs]], sides: _Sides
) -> tuple[Floats, Floats]:
    xy_m, touches = places
    take, checks = base.arrays.__getitem__, base.checks
    musts = np.flatnonzero(checks.must)
    walks = np.stack([walk_s(take("near_key")[kind], base.cap_s) for kind in sides.kinds], axis=1)
    missing = np.stack([take("status")[must] == MISSING for must in musts], axis=1)
    touch = np.concatenate([np.empty(0, dtype=np.int64), *touches]).astype(np.int64)
    touch_start = np.concatenate([[0], np.cumsum([len(rows) for rows in touches])])
    return bounds_of(
        xy_m,
        (sides.seconds.min(axis=0), np.abs(sides.seconds[0] - sides.seconds[1])),
        sides.metres.min(axis=0),
        (touch_start.astype(np.int64), touch),
        (take("gates_of_start"), take("gates_of_order"), base.gate_xy()),
        (np.nan_to_num(take("persons")), walks, missing),
        (np.searchsorted(sides.kinds, checks.kind[musts]), checks.limit_m[musts]),
        base.facts.search_m,
        base.facts.speed_m_per_s,
    )


_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def bounds_of(  # noqa: C901, PLR0912
    xy: Any,
    seconds: Any,
    metres: Any,
    touches: Any,
    gates: Any,
    residents: Any,
    checks: Any,
    search_m: float,
    speed_m_per_s: float,
) -> Any:
    """Add up what each place can save at most; see `opening_candidates`."""
    best_s, apart_s = seconds
    touch_start, touch = touches
    gate_start, gate_order, gate_xy = gates
    persons, walks, missing = residents
    check_kind, limit_m = checks
    bound_s = np.zeros(len(xy))
    bound_persons = np.zeros(len(xy))
    for i in range(len(persons)):
        if persons[i] <= 0:
            continue
        longest_m = min(search_m, walks[i].max() * speed_m_per_s)
        for c in range(len(xy)):
            air_m = np.inf
            for g in range(gate_start[i], gate_start[i + 1]):
                gate = gate_xy[gate_order[g]]
                if abs(xy[c, 0] - gate[0]) < longest_m and abs(xy[c, 1] - gate[1]) < longest_m:
                    air_m = min(air_m, np.hypot(xy[c, 0] - gate[0], xy[c, 1] - gate[1]))
            own = False
            for t in range(touch_start[c], touch_start[c + 1]):
                own = own or touch[t] == i
            if own:
                air_m = 0.0
            if air_m > longest_m:
                continue
            saved = 0.0
            for k in range(walks.shape[1]):
                less = walks[i, k] - air_m / speed_m_per_s - best_s[c, k]
                if not own:
                    less = min(less, apart_s[c, k])
                if less > 0:
                    saved += less
            bound_s[c] += saved * persons[i]
            for m in range(len(limit_m)):
                if missing[i, m] and air_m + metres[c, check_kind[m]] <= limit_m[m]:
                    bound_persons[c] += persons[i]
    return bound_s, bound_persons


def _frame(base: ScenarioBase, places: _Places, numbers: Mapping[str, Floats]) -> gpd.GeoDataFrame:
    ids = base.frame("neighbourhoods").index.to_numpy(dtype=object)
    why = [
        "closed gate" if gate else ("wall", "outline", "shared fence")[min(len(touch), 2)]
        for gate, touch in zip(places.is_gate, places.touch, strict=True)
    ]
    frame = gpd.GeoDataFrame(
        {
            "op": np.where(places.is_gate, "open_gate", "open_wall"),
            "why": pd.array(why, dtype="str"),
            "neighbourhoods": [",".join(ids[touch]) for touch in places.touch],
            **numbers,
        },
        geometry=shapely.points(places.xy_m) if len(places) else [],
        crs=base.crs,
    )
    frame.index = pd.Index([f"opening-{row + 1}" for row in range(len(frame))], dtype="str")
    return frame.rename_axis(index="id")


def _link_frame(
    base: ScenarioBase, links: MissingLinks, numbers: Mapping[str, Floats]
) -> gpd.GeoDataFrame:
    parcels = base.frame("neighbourhoods").geometry.to_numpy()
    ids = base.frame("neighbourhoods").index.to_numpy(dtype=object)
    link, place = shapely.STRtree(parcels).query(links.line, predicate="intersects")
    order = np.lexsort((place, link))
    cuts = np.searchsorted(link[order], np.arange(1, len(links)))
    frame = gpd.GeoDataFrame(
        {
            "op": "build_link",
            "why": pd.array(np.where(links.near_parts, "near parts", "dead end"), dtype="str"),
            "neighbourhoods": [",".join(ids[rows]) for rows in np.split(place[order], cuts)],
            **numbers,
        },
        geometry=links.line,
        crs=base.crs,
    )
    frame.index = pd.Index([f"link-{row + 1}" for row in range(len(frame))], dtype="str")
    return frame.rename_axis(index="id")
