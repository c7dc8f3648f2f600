"""The base of scenarios: one analysed city, laid out so that any change is answered at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.city.neighbourhoods import Neighbourhoods
from spatial.errors import InputError
from spatial.gaps import by_entrance
from spatial.gaps.heatmap import people_counts
from spatial.gaps.shortfall import absence_tells
from spatial.network import Attachments, BuildingAccess, Obstacles, WalkNetwork, attach_points
from spatial.network.edits import Editor
from spatial.network.grid import SegmentGrid, edge_grid, part_of_network
from spatial.network.obstacles import blocking_walls
from spatial.progress import Progress, silent
from spatial.reach import reached_facilities
from spatial.reach.kinds import id_ranks
from spatial.reach.labels import nearest_by_node
from spatial.scenarios.areas import KnownFacilities
from spatial.scenarios.changes import Change
from spatial.scenarios.figures import sums, walk_s
from spatial.scenarios.heat import lived
from spatial.scenarios.keep import read_base, write_base
from spatial.scenarios.layout import Facts
from spatial.scenarios.live import LiveReach
from spatial.scenarios.measure import Delta, measure
from spatial.scenarios.plan import Plan, resolve
from spatial.scenarios.result import ScenarioResult
from spatial.scenarios.tally import MISSING, Checks, lay_out_tallies
from spatial.standards import Profile
from spatial.units import MINUTE_S

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["ScenarioBase"]

Longs = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]


class ScenarioBase:
    """An analysed city, ready for what-if questions; never altered by them.

    Make one with :meth:`from_analysis`, keep it with :meth:`save`, open it again with
    :meth:`open`. One base answers one question at a time; several threads may ask.
    """

    def __init__(
        self,
        facts: Facts,
        arrays: Arrays,
        frames: Mapping[str, Callable[[], Any]],
        profile: Callable[[], Profile],
    ) -> None:
        self.facts = facts
        self.arrays = arrays
        self._frames = frames
        self._profile = profile
        self._lock = threading.RLock()
        self._figures: dict[str, float] | None = None
        self._straight: dict[int, npt.NDArray[np.float64]] = {}
        self._supplied: dict[str, pd.Series] = {}

    # -- making -----------------------------------------------------------------------------------

    @classmethod
    def from_analysis(cls, analysis: Analysis, *, progress: Progress = silent) -> ScenarioBase:
        """Lay out an analysed city for scenarios.

        Parameters
        ----------
        analysis : Analysis
            As `analyse` returned it.
        progress : Progress
            Told the share done.

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
        )
        entrances = walk.entrances
        facilities = analysis.city.layer("facilities")
        entered = by_entrance(basis.kinds, entrances)
        entered = entered[entered["kind"].isin(kinds)]
        labels = nearest_by_node(walk.network, walk.facilities, entered, cutoff_m=facts.search_m)
        labels = _all_kinds(labels, kinds)
        progress("scenario base", 0.3)
        alive = np.zeros((len(kinds), len(entrances)), dtype=bool)
        alive[
            pd.Index(kinds).get_indexer(entered["kind"]),
            walk.facilities.ids.get_indexer(entered["facility_id"]),
        ] = True
        frame = places.frame
        gate_place = frame.index.get_indexer(walk.gate_neighbourhood.astype("str"))
        homes = _Homes(walk.building_access)
        entrance_facility = facilities.index.get_indexer(entrances["facility_id"]).astype(np.int32)
        arrays = LiveReach.lay_out(
            walk.network,
            labels,
            {"facility": walk.facilities, "gate": walk.gates, "home": homes.entries},
            {"gate": gate_place, "home": homes.row},
            place_rank=id_ranks(facilities.index)[entrance_facility],
            alive=alive,
            places=len(frame),
            buildings=len(homes.ids),
        )
        progress("scenario base", 0.5)
        special = _special_kinds(profile)
        pairs = reached_facilities(
            walk.network,
            walk.gates,
            walk.gate_neighbourhood,
            walk.facilities,
            entered[entered["kind"].isin(special)][["facility_id"]]
            .drop_duplicates()
            .assign(kind="any"),
            cutoff_m=facts.reach_limit,
            by="time" if by_time else "distance",
        )
        arrays |= {
            "entrance_facility": entrance_facility,
            "sorted_entrances": np.sort(entrances.index.to_numpy(dtype=str)),
            "sorted_facilities": np.sort(facilities.index.to_numpy(dtype=str)),
            "pair_place": frame.index.get_indexer(pairs["neighbourhood_id"]).astype(np.int32),
            "pair_entrance": walk.facilities.ids.get_indexer(pairs["facility_id"]).astype(np.int32),
            "pair_m": pairs["distance_m"].to_numpy(dtype=float),
            "pair_s": pairs["time_s"].to_numpy(dtype=float),
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
            "scores": analysis.tables["neighbourhoods"][
                ["must_missing", "must_checked", "gap_index"]
            ],
            "coverage": analysis.tables["coverage"],
            "heatmap": analysis.tables["heatmap"],
            "tells": tells.rename("tells").reset_index(),
            "homes": pd.DataFrame(
                {"neighbourhood_id": places.building_neighbourhood.reindex(homes.ids).astype("str")}
            ),
            "stock": analysis.tables["stock"],
            "stock_fits": analysis.tables["stock_fits"],
            "network": walk.network,
        }
        if "access" in analysis.tables:
            tables["access"] = analysis.tables["access"]
        arrays |= homes.arrays()
        base = cls(
            facts,
            arrays,
            {name: partial(tables.__getitem__, name) for name in tables},
            lambda: profile,
        )
        progress("scenario base", 0.7)
        arrays |= lay_out_tallies(base, tells, measured, homes.measured, analysis.city)
        progress("scenario base", 1.0)
        return base

    @classmethod
    def open(cls, folder: str | Path, *, verify: bool = False) -> ScenarioBase:
        """Open a kept base without reading it: its arrays are mapped into memory.

        Parameters
        ----------
        folder : path
            As written by :meth:`save`.
        verify : bool
            Read every file and compare its checksum.

        Raises
        ------
        ScenarioFileError
            If there is none, or it is incomplete, damaged, or of another engine or format.
        """
        facts, arrays, frames, profile = read_base(Path(folder), verify=verify)
        facts["kinds"] = tuple(facts["kinds"])
        return cls(Facts(**facts), arrays, frames, profile)

    def save(self, folder: str | Path) -> Path:
        """Keep the base in a folder, whole or not at all; a base that lies there is replaced."""
        with self._lock:
            return write_base(self, Path(folder))

    # -- what lies in it --------------------------------------------------------------------------

    @cached_property
    def profile(self) -> Profile:
        """Standards and policy that the city was checked against."""
        return self._profile()

    @cached_property
    def crs(self) -> pyproj.CRS:
        """The city's metric zone."""
        return pyproj.CRS.from_wkt(self.facts.crs)

    @property
    def table_names(self) -> list[str]:
        """Names of the tables that the base keeps."""
        return [name for name in self._frames if name != "network"]

    def frame(self, name: str) -> Any:
        """One of the tables that the base keeps; treat it as read-only."""
        if name not in self._opened:
            self._opened[name] = self._frames[name]()
        return self._opened[name]

    @cached_property
    def _opened(self) -> dict[str, Any]:
        return {}

    @property
    def network(self) -> WalkNetwork:
        """The walking network before any change."""
        return self.frame("network")

    @cached_property
    def places(self) -> Neighbourhoods:
        """The neighbourhoods, for the functions that take them."""
        frame = self.frame("neighbourhoods")
        return Neighbourhoods(
            frame=frame,
            cells=frame,
            gates=self.frame("all_gates"),
            building_neighbourhood=self.frame("homes")["neighbourhood_id"],
        )

    @cached_property
    def kind_row(self) -> dict[str, int]:
        """Row of each kind that is checked."""
        return {kind: row for row, kind in enumerate(self.facts.kinds)}

    @cached_property
    def special_rows(self) -> Longs:
        """Kinds of which all that are reached count."""
        rows = [
            self.kind_row[kind] for kind in _special_kinds(self.profile) if kind in self.kind_row
        ]
        return np.array(rows, dtype=np.int64)

    @cached_property
    def checks(self) -> Checks:
        """What is checked."""
        return Checks.of(self.profile, self.facts.kinds)

    @cached_property
    def live(self) -> LiveReach:
        """The arrays at work; hold the lock."""
        return LiveReach(self.arrays, search_m=self.facts.search_m, home_m=self.facts.home_m)

    @cached_property
    def tells(self) -> pd.Series:
        """Whether the absence of a kind at a layer means anything in this city's source."""
        table = self.frame("tells")
        return table.set_index(["kind", "layer"])["tells"].astype(bool)

    @cached_property
    def people(self) -> tuple[Longs, Any]:
        """Cells, and people by cell and by who says what they lack."""
        truths = len(self.arrays["persons"]) + len(self.arrays["home_place"])
        return people_counts(lived(self, self.arrays["persons"]), truths)

    @cached_property
    def cap_s(self) -> float:
        """Seconds of the farthest walk that is searched: what a kind that is not found counts."""
        return self.facts.search_m / self.facts.speed_m_per_s

    @cached_property
    def known_sums(self) -> tuple[Longs, Longs, Longs]:
        """By check: persons and neighbourhoods that miss it; by must-have kind: person-seconds."""
        checks, take = self.checks, self.arrays.__getitem__
        persons = np.nan_to_num(take("persons"))
        lacking = [take("status")[check] == MISSING for check in range(len(checks.kind))]
        musts = sorted({int(checks.kind[check]) for check in np.flatnonzero(checks.must)})
        return (
            np.array([persons[rows].sum() for rows in lacking]),
            np.array([rows.sum() for rows in lacking]),
            np.array([(persons * walk_s(take("near_key")[k], self.cap_s)).sum() for k in musts]),
        )

    def base_figures(self) -> dict[str, float]:
        """Return sums over the city before any change."""
        if self._figures is None:
            self._figures = sums(self, Delta())
        return self._figures

    def straight(self, kind: int) -> npt.NDArray[np.float64]:
        """Distance by air to the nearest facility of a kind; inf where the city has none."""
        if kind not in self._straight:
            names, layer = self.facts.kinds, self.checks.layer[self.checks.of_kind(kind)[0]]
            ids = self.frame("neighbourhoods").index + f":{names[kind]}:{layer}"
            metres = self.frame("gaps")["straight_m"].reindex(ids).astype("Float64")
            self._straight[kind] = metres.to_numpy(dtype=float, na_value=np.inf)
        return self._straight[kind]

    def supplied(self, rule: str) -> pd.Series:
        """Area that each neighbourhood has by one area rule."""
        if rule not in self._supplied:
            unchanged = ScenarioResult(self, Plan(), Delta(), elapsed_ms=0.0)
            self._supplied[rule] = unchanged.supplied(self.profile.catalogue.area_rules[rule])
        return self._supplied[rule]

    @cached_property
    def known_facilities(self) -> KnownFacilities:
        """What the facilities are, row by row."""
        return KnownFacilities.of(self)

    @cached_property
    def facility_count(self) -> int:
        """Facilities of the city before any change."""
        return len(self.frame("facilities"))

    @cached_property
    def _grid(self) -> SegmentGrid:
        return SegmentGrid(*(self.arrays[f"grid_{name}"] for name in SegmentGrid.__slots__))

    @cached_property
    def _obstacle_grid(self) -> SegmentGrid:
        ends = self.arrays["obstacle_xy_m"]
        return SegmentGrid.of_boxes(np.hstack([ends.min(axis=1), ends.max(axis=1)]))

    def alive_at_first(self, entrances: Longs) -> npt.NDArray[np.bool_]:
        """Say of which kinds some entrances of the base are, together, shape (k,)."""
        ids = self.frame("facilities").index[self.arrays["entrance_facility"][entrances]]
        kinds = self.frame("kinds")
        of = set(kinds.loc[kinds["facility_id"].isin(ids), "kind"])
        return np.array([kind in of for kind in self.facts.kinds])

    def facility_row(self, id_: str) -> int | None:
        """Row of a facility of the city, None if there is none."""
        return _row(self.frame("facilities").index, id_)

    def place_row(self, id_: str) -> int | None:
        """Row of a neighbourhood, None if there is none."""
        return _row(self.frame("neighbourhoods").index, id_)

    def facility_point(self, row: int) -> shapely.Point:
        """Return a point inside a facility."""
        return self.frame("facilities").geometry.iloc[row].representative_point()

    def obstacles_near(self, x_m: float, y_m: float, within_m: float) -> Obstacles:
        """Return the walls, waters and rails near a place."""
        box = (x_m - within_m, y_m - within_m, x_m + within_m, y_m + within_m)
        rows = self._obstacle_grid.near(box)
        names = np.array(["wall", "water", "railway"], dtype=object)
        ends = self.arrays["obstacle_xy_m"][rows]
        pieces = shapely.linestrings(ends) if len(rows) else np.empty(0, dtype=object)
        return Obstacles(self.crs, pieces, names[self.arrays["obstacle_kind"][rows]])

    def obstacles_along(self, line: shapely.LineString, within_m: float) -> Obstacles:
        """Return the walls, waters and rails along a line."""
        west, south, east, north = line.bounds
        half = max(east - west, north - south) / 2 + within_m
        return self.obstacles_near((west + east) / 2, (south + north) / 2, half)

    def walls_near(self, x_m: float, y_m: float, within_m: float) -> npt.NDArray[np.object_]:
        """Return the walls near a place as they were mapped, without openings at gates."""
        ends = self.arrays["wall_xy_m"]
        low, high = ends.min(axis=1) - within_m, ends.max(axis=1) + within_m
        near = ((low <= (x_m, y_m)) & (high >= (x_m, y_m))).all(axis=1)
        return shapely.linestrings(ends[near]) if near.any() else np.empty(0, dtype=object)

    @cached_property
    def closed_gates(self) -> gpd.GeoDataFrame:
        """Gates that are closed: those of neighbourhoods, and all others that are mapped."""
        parts = [self.frame(name)[["access", "geometry"]] for name in ("all_gates", "city_gates")]
        gates = pd.concat(parts)
        return gates[(gates["access"] == "closed").to_numpy(dtype=bool, na_value=False)]

    def editor(self, plan: Plan) -> Editor:
        """Return the editor of a plan's network, begun at its first use."""
        if plan.editor is None:
            plan.editor = Editor(self.network, self._grid)
        return plan.editor

    def gate_xy(self) -> npt.NDArray[np.float64]:
        """Return where the usable gates lie, in the order of their rows."""
        gates = self.frame("all_gates").reindex(self.frame("gates").index)
        return shapely.get_coordinates(gates.geometry.to_numpy())

    def edges_near(self, box_m: tuple[float, float, float, float]) -> Longs:
        """Return the edges whose squares of the grid touch a box."""
        return self._grid.near(box_m)

    def attach(self, id_: str, x_m: float, y_m: float) -> Attachments:
        """Attach one place to the network before any change, as the facilities are."""
        far = self.facts.max_entry_m
        edges = self._grid.near((x_m - far, y_m - far, x_m + far, y_m + far))
        held = attach_points(
            part_of_network(self.network, edges),
            gpd.GeoSeries([shapely.Point(x_m, y_m)], index=pd.Index([id_]), crs=self.network.crs),
            self.obstacles_near(x_m, y_m, far),
            max_entry_m=far,
            parameters=self.profile.rooms["walking"],
        )
        if held.edge[0] < 0:
            return held
        return replace(held, edge=edges[held.edge].astype(np.int32))

    # -- asking -----------------------------------------------------------------------------------

    def run(self, changes: Sequence[Change]) -> ScenarioResult:
        """Answer what a list of changes would do.

        Parameters
        ----------
        changes : sequence of Change
            Applied in their order.

        Returns
        -------
        ScenarioResult
            Only what changed; its frames are made when they are first asked for.

        Raises
        ------
        InputError
            If a change cannot be made; the message names it by its position.
        """
        begun = time.perf_counter()
        with self._lock:
            plan = resolve(self, changes)
            delta = self.measured(plan)
        return ScenarioResult(self, plan, delta, elapsed_ms=(time.perf_counter() - begun) * 1000.0)

    def measured(self, plan: Plan) -> Delta:
        """Apply a plan, read what it touches, and bring everything back."""
        with self._lock:
            try:
                return measure(self, plan)
            finally:
                self.live.undo()


def _row(index: pd.Index, id_: str) -> int | None:
    return int(index.get_loc(id_)) if id_ in index else None


def _special_kinds(profile: Profile) -> list[str]:
    """Kinds of which all that are reached count, not only the nearest: areas and stand-ins."""
    catalogue = profile.catalogue
    return sorted(
        {rule.kind for rule in catalogue.area_rules.values()}
        | {relaxation.instead for relaxation in catalogue.relaxations.values()}
    )


def _all_kinds(labels: Any, kinds: tuple[str, ...]) -> Any:
    """Give labels a column for every kind, also for those of which the city has none."""
    from spatial.reach.kernels import FAR  # noqa: PLC0415

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
