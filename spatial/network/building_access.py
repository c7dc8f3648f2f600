"""How a building is left: along its neighbourhood's own paths, else straight to its gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_same_crs, require_same_index
from spatial.network.attach import Attachments, attach_points, enter_nearest, unattached
from spatial.network.graph import WalkNetwork
from spatial.network.near import Enterable, lines_near_boxes, nearest_lines, places_along
from spatial.network.obstacles import Obstacles
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.units import MM_PER_M

__all__ = ["WAYS_TO_GATE", "BuildingAccess", "building_access"]

WAYS_TO_GATE: Final = ("paths", "straight", "street", "none")
"""How a building is left; see :class:`BuildingAccess`."""
QUAD_SEGS: Final = 2
"""Fineness of the rounding of widened outlines."""

Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class BuildingAccess:
    """The ways out of each building, sorted by building.

    ``way_to_gate`` says how a building is left:

    * ``paths``: by the nearest path, or part of a street, inside the parcel of its neighbourhood,
      which the network leads on to the gates; a gate that is nearer than it is used as well;
    * ``straight``: no path is mapped there, so in a straight line to each gate of its
      neighbourhood that its residents may use and that no barrier hides;
    * ``street``: barriers hide every path and gate, so straight to the nearest street;
    * ``none``: nothing of this is possible; ``why_not`` of its row says why.
    """

    entries: Attachments  # (r,) one row per way out; ids are those of the buildings, repeated
    start: Ints  # (b + 1,) ways of building i: start[i]..start[i + 1], at least one row
    buildings: pd.Index  # (b,)
    way_to_gate: Objects  # (b,)

    def direct(self) -> Attachments:
        """Return the straight ways from buildings onto a path or street: one row for each."""
        rows = np.flatnonzero(np.isin(self.way_to_gate.astype(str), ["paths", "street"]))
        return self.entries.take(self.start[rows])

    def frame(self) -> pd.DataFrame:
        """Say how each building is left, indexed by building.

        Returns
        -------
        DataFrame, shape (b,)
            ``way_to_gate``; ``entry_m``, the shortest straight way, missing where there is none;
            ``entries``, the number of ways out.
        """
        entered = self.entries.edge >= 0
        far = np.where(entered, self.entries.entry_mm / MM_PER_M, np.inf)
        shortest = np.minimum.reduceat(far, self.start[:-1]) if len(self.buildings) else far
        count = np.add.reduceat(entered, self.start[:-1]) if len(self.buildings) else entered
        return pd.DataFrame(
            {
                "way_to_gate": pd.array(self.way_to_gate, dtype="str"),
                "entry_m": np.where(np.isfinite(shortest), shortest, np.nan),
                "entries": count.astype(np.int64),
            },
            index=self.buildings,
        )


def building_access(
    network: WalkNetwork,
    buildings: gpd.GeoSeries,
    neighbourhood: pd.Series,
    parcels: gpd.GeoSeries,
    gates: tuple[Attachments, pd.Series],
    obstacles: Obstacles,
    *,
    max_entry_m: float,
    parameters: ParameterSet | None = None,
) -> BuildingAccess:
    """Find the ways out of each building.

    Parameters
    ----------
    network : WalkNetwork
    buildings : GeoSeries of Point, shape (b,)
        A point inside each building, in the network's CRS, indexed by id.
    neighbourhood : Series of str, shape (b,)
        Neighbourhood of each building, on the same index.
    parcels : GeoSeries of Polygon
        Outlines of the neighbourhoods, by id.
    gates : (Attachments, Series of str)
        The gates that residents may use, attached, and the neighbourhood of each.
    obstacles : Obstacles
        No straight way crosses them.
    max_entry_m : float
        Longest straight way to a path or street; the way to a gate may be longer.
    parameters : ParameterSet, optional
        Room ``walking``: ``main_within_m``, ``parcel_tolerance_m``.

    Returns
    -------
    BuildingAccess
        A building's walk is the shortest over its ways out: the straight way counts, then the
        way along the edge from where it is entered.

    Raises
    ------
    IndexMismatchError
        If `buildings` and `neighbourhood` do not speak of the same rows.

    Notes
    -----
    A path counts as mapped inside a parcel where it lies in it or within ``parcel_tolerance_m``
    of its edge, may be entered from the side, and hangs together with a gate of the
    neighbourhood; a lone piece of path leads nowhere.
    """
    require_same_index(buildings, neighbourhood, names=("buildings", "neighbourhood"))
    require_same_crs(buildings, parcels, names=("buildings", "parcels"))
    walking = parameters or read_parameters("walking")
    home = parcels.index.get_indexer(pd.Index(neighbourhood))
    gate_home = parcels.index.get_indexer(pd.Index(gates[1]))
    street = attach_points(
        network, buildings, obstacles, max_entry_m=max_entry_m, parameters=walking
    )
    areas = shapely.buffer(
        parcels.geometry.to_numpy(), walking["parcel_tolerance_m"], quad_segs=QUAD_SEGS
    )
    shapely.prepare(areas)
    leads_out = _LeadsOut.of(network, gates[0], gate_home)
    inner = unattached(buildings, "its neighbourhood has no gate on the network")
    settled = _nearest_is_inside(network, street, home, areas, leads_out)
    _copy(street, inner, settled)
    looking = np.setdiff1d(np.flatnonzero(home >= 0), settled)
    enter_nearest(
        inner,
        network,
        _inner_ways(network, areas, np.unique(home[looking]), leads_out),
        obstacles,
        looking,
        main_within_m=walking["main_within_m"],
        max_entry_m=max_entry_m,
        owner=home,
    )
    by_path = np.flatnonzero(inner.edge >= 0)
    row, gate, straight_mm = _ways_to_gates(inner, home, gates[0], gate_home, obstacles)
    left = np.setdiff1d(np.flatnonzero(inner.edge < 0), row)
    street = street.take(left)
    way = np.full(len(buildings), "straight", dtype=object)
    way[by_path] = "paths"
    way[left] = np.where(street.edge >= 0, "street", "none")
    through = _through_gates(inner, row, gates[0], gate, straight_mm)
    entries = _joined([inner.take(by_path), through, street])
    owner = np.concatenate([by_path, row, left])
    order = np.argsort(owner, kind="stable")
    count = np.bincount(owner, minlength=len(buildings))
    return BuildingAccess(
        entries=entries.take(order),
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        buildings=buildings.index,
        way_to_gate=way,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _LeadsOut:
    """Which parts of the network hang together with a gate of a neighbourhood."""

    component: npt.NDArray[np.int32]  # (m,) of each edge
    parts: int
    codes: Ints  # neighbourhood and component that go together

    @classmethod
    def of(cls, network: WalkNetwork, gates: Attachments, gate_home: Ints) -> _LeadsOut:
        component = network.node_component[network.edge_from]
        parts = int(network.node_component.max(initial=0)) + 1
        entered = (gates.edge >= 0) & (gate_home >= 0)
        codes = np.unique(gate_home[entered] * parts + component[gates.edge[entered]])
        return cls(component, parts, codes)

    def through(self, home: Ints, edge: Ints) -> npt.NDArray[np.bool_]:
        """Whether an edge leads to a gate of a neighbourhood."""
        return np.isin(home * self.parts + self.component[edge], self.codes)


def _nearest_is_inside(
    network: WalkNetwork, street: Attachments, home: Ints, areas: Objects, leads_out: _LeadsOut
) -> Ints:
    """Rows whose nearest edge of all is entered inside the parcel: no path there is nearer."""
    rows = np.flatnonzero((street.edge >= 0) & (home >= 0))
    ways = network.open_edges
    everybody = np.full(len(ways.edge), -1, dtype=np.int64)
    entry_m = street.entry_mm[rows] / MM_PER_M
    line, nearest_m, along_m = (
        found[:, 0]
        for found in nearest_lines(
            *ways.grid, everybody, street.xy_m[rows], home[rows], entry_m.max(initial=0) + 1, 1
        )
    )
    edge = street.edge[rows].astype(np.int64)
    is_main = leads_out.component[edge] == 0
    same = (line >= 0) & (ways.edge[line] == edge) & is_main
    same &= np.round(nearest_m * MM_PER_M).astype(np.int64) == street.entry_mm[rows]
    same &= leads_out.through(home[rows], edge)
    rows, line, along_m = rows[same], line[same], along_m[same]
    place = shapely.points(places_along(ways.xy_m, ways.start, line, along_m))
    return rows[shapely.covers(areas[home[rows]], place)]


def _copy(source: Attachments, to: Attachments, rows: Ints) -> None:
    for name in ("edge", "offset_mm", "entry_mm", "why_not"):
        getattr(to, name)[rows] = getattr(source, name)[rows]


def _inner_ways(
    network: WalkNetwork, areas: Objects, homes: Ints, leads_out: _LeadsOut
) -> Enterable:
    """Paths inside some parcels that hang together with one of their gates, cut at the outline."""
    ways = network.open_edges
    near = lines_near_boxes(ways.xy_m, ways.start, shapely.bounds(areas[homes]))
    edges = ways.edge[near]
    lines = network.edge_lines(edges)
    asked, found = shapely.STRtree(lines).query(areas[homes], predicate="intersects")
    home = homes[asked]
    out = leads_out.through(home, edges[found])
    home, found = home[out], found[out]
    whole = shapely.covers(areas[home], lines[found])
    cut = np.flatnonzero(~whole)
    piece, of = shapely.get_parts(
        shapely.intersection(lines[found[cut]], areas[home[cut]]), return_index=True
    )
    is_line = shapely.get_dimensions(piece) == 1
    piece, of = piece[is_line], cut[of[is_line]]
    line = np.concatenate([lines[found[whole]], piece])
    xy, row = shapely.get_coordinates(line, return_index=True)
    return Enterable(
        xy_m=xy,
        start=np.searchsorted(row, np.arange(len(line) + 1)).astype(np.int64),
        edge=np.concatenate([edges[found[whole]], edges[found[of]]]),
        owner=np.concatenate([home[whole], home[of]]),
        is_part=True,
    )


def _ways_to_gates(
    inner: Attachments, home: Ints, gates: Attachments, gate_home: Ints, obstacles: Obstacles
) -> tuple[Ints, Ints, Ints]:
    """Find the free straight ways that are used: building, gate and length in mm."""
    usable = np.flatnonzero((gates.edge >= 0) & (gate_home >= 0))
    usable = usable[np.argsort(gate_home[usable], kind="stable")]
    begin = np.searchsorted(gate_home[usable], home, side="left")
    count = np.searchsorted(gate_home[usable], home, side="right") - begin
    count[home < 0] = 0
    row = np.repeat(np.arange(len(home)), count)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    gate = usable[np.repeat(begin, count) + rank]
    step = inner.xy_m[row] - gates.xy_m[gate]
    straight_mm = np.round(np.hypot(step[:, 0], step[:, 1]) * MM_PER_M).astype(np.int64)
    # A path inside the parcel goes before; only a gate that is nearer still is used as well.
    used = (inner.edge[row] < 0) | (straight_mm < inner.entry_mm[row])
    row, gate, straight_mm = row[used], gate[used], straight_mm[used]
    if len(row):
        free = ~obstacles.blocks_ways(np.hstack([inner.xy_m[row], gates.xy_m[gate]]))
        row, gate, straight_mm = row[free], gate[free], straight_mm[free]
    return row, gate, straight_mm


def _through_gates(
    inner: Attachments, row: Ints, gates: Attachments, gate: Ints, straight_mm: Ints
) -> Attachments:
    """Enter the network where the gate does, its own entry added to the way to it."""
    return Attachments(
        ids=inner.ids[row],
        edge=gates.edge[gate],
        offset_mm=gates.offset_mm[gate],
        entry_mm=(straight_mm + gates.entry_mm[gate]).astype(np.int32),
        xy_m=inner.xy_m[row],
        why_not=np.full(len(row), "", dtype=object),
    )


def _joined(parts: list[Attachments]) -> Attachments:
    first, *others = parts
    return Attachments(
        ids=first.ids.append([part.ids for part in others]),
        edge=np.concatenate([part.edge for part in parts]),
        offset_mm=np.concatenate([part.offset_mm for part in parts]),
        entry_mm=np.concatenate([part.entry_mm for part in parts]),
        xy_m=np.concatenate([part.xy_m for part in parts]),
        why_not=np.concatenate([part.why_not for part in parts]),
    )
