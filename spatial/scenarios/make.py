"""An analysed city laid out for scenarios: its arrays and the tables that it keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import InputError
from spatial.gaps import by_entrance
from spatial.gaps.shortfall import absence_tells
from spatial.network import Attachments, BuildingAccess, Obstacles
from spatial.network.grid import SegmentGrid, edge_grid
from spatial.network.obstacles import blocking_walls
from spatial.progress import Progress
from spatial.reach import reached_facilities
from spatial.reach.arcs import By
from spatial.reach.kernels import FAR
from spatial.reach.kinds import id_ranks
from spatial.reach.labels import NodeLabels, nearest_by_node
from spatial.scenarios.layout import Facts
from spatial.scenarios.live_arrays import lay_out_reach
from spatial.scenarios.pairs import KnownPairs, joined_key
from spatial.units import MINUTE_S

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["MadeBase", "made_base"]

Longs = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class MadeBase:
    """Everything of a base that does not follow from its own arrays."""

    facts: Facts
    arrays: Arrays
    tables: dict[str, Any]
    tells: pd.Series
    measured: npt.NDArray[np.bool_]
    homes_measured: npt.NDArray[np.bool_]


def made_base(analysis: Analysis, *, progress: Progress) -> MadeBase:
    """Lay out an analysed city.

    Raises
    ------
    InputError
        If the analysis does not hold what its tables were computed from.
    """
    basis = analysis.basis
    if basis is None:
        raise InputError(
            "This analysis holds only its tables. Run `analyse` again to ask what-if.",
            zh="该分析结果只含表格;请重新运行 analyse 后再做方案比较。",
        )
    progress("scenario base", 0.0)
    profile, walk, places = analysis.profile, basis.walk, basis.places
    rules, walking = profile.rooms["gaps"], profile.rooms["walking"]
    layers = profile.catalogue.layers
    by_time = analysis.parameters.circles_by == "time"
    timed = [layer for layer in layers.values() if layer.minutes is not None]
    far = [(layer.minutes or 0) * MINUTE_S if by_time else layer.limit_m for layer in timed]
    kinds = tuple(sorted({kind.id for kind, _, _ in profile.catalogue.checks()}))
    facts = Facts(
        data_version=analysis.data_version,
        engine_version=analysis.engine_version,
        crs=analysis.city.crs.to_wkt(),
        search_m=float(rules["search_m"]),
        home_m=float(max(layer.limit_m for layer in layers.values())),
        reach_limit=float(max(far)),
        by_time=by_time,
        max_entry_m=float(walking["max_entry_m"]),
        speed_m_per_s=float(walk.network.speed_m_per_s),
        kinds=kinds,
        year=int(analysis.parameters.year),
        seed=int(analysis.parameters.seed),
    )
    entrances = walk.entrances
    facilities = analysis.city.layer("facilities")
    entered = by_entrance(basis.kinds, entrances)
    paired = np.zeros(len(entrances), dtype=bool)
    paired[walk.facilities.ids.get_indexer(entered["facility_id"])] = True
    checked = entered[entered["kind"].isin(kinds)]
    labels = nearest_by_node(walk.network, walk.facilities, checked, cutoff_m=facts.search_m)
    labels = _all_kinds(labels, kinds)
    progress("scenario base", 0.3)
    alive = np.zeros((len(kinds), len(entrances)), dtype=bool)
    alive[
        pd.Index(kinds).get_indexer(checked["kind"]),
        walk.facilities.ids.get_indexer(checked["facility_id"]),
    ] = True
    frame = places.frame
    gate_place = frame.index.get_indexer(walk.gate_neighbourhood.astype("str"))
    homes = _Homes(walk.building_access)
    entrance_facility = facilities.index.get_indexer(entrances["facility_id"]).astype(np.int32)
    arrays = lay_out_reach(
        walk.network,
        labels,
        {"facility": walk.facilities, "gate": walk.gates, "home": homes.entries},
        {"gate": gate_place, "home": homes.row},
        place_rank=id_ranks(facilities.index)[entrance_facility],
        alive=alive,
        paired=paired,
        places=len(frame),
        buildings=len(homes.ids),
    )
    progress("scenario base", 0.5)
    by: By = "time" if by_time else "distance"
    pairs = reached_facilities(
        walk.network,
        walk.gates,
        walk.gate_neighbourhood,
        walk.facilities,
        entered[["facility_id"]].drop_duplicates().assign(kind="any"),
        cutoff_m=facts.reach_limit,
        by=by,
    )
    arrays |= KnownPairs.lay_out(
        frame.index.get_indexer(pairs["neighbourhood_id"]),
        walk.facilities.ids.get_indexer(pairs["facility_id"]),
        joined_key(pairs["distance_m"], pairs["time_s"], by=by),
        places=len(frame),
        entrances=len(entrances),
    )
    arrays |= {
        "entrance_facility": entrance_facility,
        "sorted_entrances": np.sort(entrances.index.to_numpy(dtype=str)),
        "sorted_facilities": np.sort(facilities.index.to_numpy(dtype=str)),
    }
    tells = absence_tells(places, basis.kinds, profile)
    measured = frame.index.isin(walk.gate_neighbourhood[walk.gates.edge >= 0].unique())
    arrays |= _obstacle_arrays(walk.obstacles)
    walls, layer = blocking_walls(analysis.city, walking)
    arrays["wall_xy_m"] = _straight_pieces(walls[layer == 0])[0]
    arrays |= {f"grid_{n}": getattr(edge_grid(walk.network), n) for n in SegmentGrid.__slots__}
    tables = {
        "neighbourhoods": frame,
        "facilities": facilities,
        "kinds": basis.kinds,
        "entrances": entrances,
        "all_gates": places.gates,
        "city_gates": analysis.city.layer("gates"),
        "gates": pd.DataFrame({"neighbourhood_id": walk.gate_neighbourhood}),
        "gaps": analysis.tables["gaps"],
        "scores": analysis.tables["neighbourhoods"][["must_missing", "must_checked", "gap_index"]],
        "coverage": analysis.tables["coverage"],
        "access": analysis.tables["access"],
        "priority": analysis.tables["priority"],
        "demand_votes": analysis.city.table("demand_votes"),
        "heatmap": analysis.tables["heatmap"],
        "tells": tells.rename("tells").reset_index(),
        "homes": pd.DataFrame(
            {"neighbourhood_id": places.building_neighbourhood.reindex(homes.ids).astype("str")}
        ),
        "stock": analysis.tables["stock"],
        "stock_fits": analysis.tables["stock_fits"],
        "network": walk.network,
    }
    arrays |= homes.arrays()
    return MadeBase(facts, arrays, tables, tells, measured, homes.measured)


def _all_kinds(labels: NodeLabels, kinds: tuple[str, ...]) -> NodeLabels:
    """Give labels a column for every kind, also for those of which the city has none."""
    at = pd.Index(labels.kinds).get_indexer(list(kinds))
    key = np.full((len(labels.key), len(kinds)), FAR, dtype=np.int64)
    facility = np.full(key.shape, -1, dtype=np.int32)
    key[:, at >= 0] = labels.key[:, at[at >= 0]]
    facility[:, at >= 0] = labels.facility[:, at[at >= 0]]
    return replace(labels, kinds=kinds, key=key, facility=facility)


@dataclass(frozen=True, slots=True, eq=False)
class _Homes:
    """The buildings, and the ways out of each."""

    access: BuildingAccess

    @property
    def ids(self) -> pd.Index:
        return self.access.buildings

    @property
    def entries(self) -> Attachments:
        return self.access.entries

    @property
    def row(self) -> npt.NDArray[np.int32]:
        """Building of each way out."""
        ways = np.diff(self.access.start)
        return np.repeat(np.arange(len(ways), dtype=np.int32), ways)

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Whether a building is on the network."""
        measured = np.zeros(len(self.ids), dtype=bool)
        measured[self.row[self.entries.edge >= 0]] = True
        return measured

    def arrays(self) -> Arrays:
        """Which ways lead straight through a gate, and how far the path inside is."""
        row, first = self.row, self.access.start[:-1]
        way = np.asarray(self.access.way_to_gate, dtype=object)
        straight = np.isin(way, ["straight", "paths"])[row] & (self.entries.edge >= 0)
        straight[first[way == "paths"]] = False
        path_mm = np.full(len(way), np.iinfo(np.int64).max)
        path_mm[way == "paths"] = self.entries.entry_mm[first[way == "paths"]]
        return {
            "way_is_straight": straight,
            "home_path_mm": path_mm,
            "home_xy_m": self.entries.xy_m[first],
        }


def _obstacle_arrays(obstacles: Obstacles) -> Arrays:
    names = pd.Index(["wall", "water", "railway"])
    xy, row = _straight_pieces(obstacles.pieces)
    return {
        "obstacle_xy_m": xy,
        "obstacle_kind": names.get_indexer(obstacles.kind[row]).astype(np.int8),
    }


def _straight_pieces(
    lines: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.float64], Longs]:
    """Return the ends of every straight piece of some lines, (k, 2, 2), and the line of each."""
    xy, row = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero(row[1:] == row[:-1])
    return np.stack([xy[inner], xy[inner + 1]], axis=1), row[inner]
