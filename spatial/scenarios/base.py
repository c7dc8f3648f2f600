"""The base of scenarios: one analysed city, laid out so that any change is answered at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
from spatial.gaps.heatmap import people_counts
from spatial.network import Attachments, Obstacles, WalkNetwork, attach_points
from spatial.network.edits import Editor
from spatial.network.grid import SegmentGrid, part_of_network
from spatial.progress import Progress, silent
from spatial.scenarios.areas import KnownFacilities, supplied_area
from spatial.scenarios.changes import Change
from spatial.scenarios.figures import sums, walk_s
from spatial.scenarios.heat import lived
from spatial.scenarios.keep import read_base, write_base
from spatial.scenarios.layout import Facts
from spatial.scenarios.live import LiveReach
from spatial.scenarios.make import made_base
from spatial.scenarios.measure import Delta, measure, nearest_only
from spatial.scenarios.pairs import KnownPairs
from spatial.scenarios.plan import Plan, resolve
from spatial.scenarios.result import ALTERED, ScenarioResult
from spatial.scenarios.tally import MISSING, Checks, lay_out_tallies
from spatial.scenarios.weighed import base_parts
from spatial.standards import AreaRule, Profile

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
        self._supplied: dict[str, npt.NDArray[np.float64]] = {}
        self._pair_rows: dict[int, Longs] = {}
        self.near_rows: dict[str, tuple[Longs, npt.NDArray[np.bool_]]] = {}

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
        made = made_base(analysis, progress=progress)
        base = cls(
            made.facts,
            made.arrays,
            {name: partial(made.tables.__getitem__, name) for name in made.tables},
            lambda: analysis.profile,
        )
        progress("scenario base", 0.7)
        base.arrays |= lay_out_tallies(
            base, made.tells, made.measured, made.homes_measured, analysis.city
        )
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

    @cached_property
    def gap_columns(self) -> dict[str, npt.NDArray[Any]]:
        """Columns of ``results.gaps`` that a scenario may change; NaN and None where missing."""
        gaps = self.frame("gaps")
        columns: dict[str, npt.NDArray[Any]] = {}
        for name in ALTERED:
            if gaps[name].dtype == "Float64":
                columns[name] = gaps[name].to_numpy(dtype=float, na_value=np.nan)
            else:
                columns[name] = gaps[name].to_numpy(dtype=object, na_value=None)
        return columns

    @cached_property
    def rule_checks(self) -> list[tuple[AreaRule, int]]:
        """Rules of areas that are checked, and the check of each."""
        checks = list(zip(self.checks.kind_id, self.checks.layer, strict=True))
        rules = self.profile.catalogue.area_rules.values()
        return [
            (rule, checks.index((rule.kind, rule.layer)))
            for rule in rules
            if (rule.kind, rule.layer) in checks
        ]

    @cached_property
    def heads(self) -> dict[str, npt.NDArray[np.float64]]:
        """Persons and households of the neighbourhoods, NaN where unknown."""
        frame = self.frame("neighbourhoods")
        return {
            name: frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            for name in ("persons", "households")
        }

    @cached_property
    def parts(self) -> pd.DataFrame:
        """Parts of the priority index, by neighbourhood."""
        return base_parts(self)

    @cached_property
    def unchanged(self) -> ScenarioResult:
        """The scenario without changes."""
        return ScenarioResult(self, Plan(), Delta(), elapsed_ms=0.0)

    def supplied(self, rule: str) -> npt.NDArray[np.float64]:
        """Area that each neighbourhood has by one area rule, m²."""
        if rule not in self._supplied:
            found = supplied_area(self.unchanged, self.profile.catalogue.area_rules[rule])
            self._supplied[rule] = found
        return self._supplied[rule]

    def pair_rows(self, kind: int) -> Longs:
        """Rows of `known_pairs` that are of one kind."""
        if kind not in self._pair_rows:
            facility = self.arrays["entrance_facility"][self.known_pairs.entrance]
            self._pair_rows[kind] = np.flatnonzero(self.known_facilities.of_kind[kind][facility])
        return self._pair_rows[kind]

    @cached_property
    def known_pairs(self) -> KnownPairs:
        """Who reaches which entrance within the limit of the life circles."""
        return KnownPairs.of(self.arrays)

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
    def _wall_grid(self) -> SegmentGrid:
        ends = self.arrays["wall_xy_m"]
        return SegmentGrid.of_boxes(np.hstack([ends.min(axis=1), ends.max(axis=1)]))

    @cached_property
    def _obstacle_grid(self) -> SegmentGrid:
        ends = self.arrays["obstacle_xy_m"]
        return SegmentGrid.of_boxes(np.hstack([ends.min(axis=1), ends.max(axis=1)]))

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
        box = (x_m - within_m, y_m - within_m, x_m + within_m, y_m + within_m)
        rows = self._wall_grid.near(box)
        ends = self.arrays["wall_xy_m"][rows]
        low, high = ends.min(axis=1) - within_m, ends.max(axis=1) + within_m
        near = ((low <= (x_m, y_m)) & (high >= (x_m, y_m))).all(axis=1)
        return shapely.linestrings(ends[near]) if near.any() else np.empty(0, dtype=object)

    def wall_ends_near(self, box_m: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
        """Return the ends of straight pieces of walls near a box, and perhaps of more, (k, 2, 2).

        They are in the order of all pieces, with openings at gates.
        """
        rows = self._obstacle_grid.near(box_m)
        return self.arrays["obstacle_xy_m"][rows[self.arrays["obstacle_kind"][rows] == 0]]

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

    def nearest_after(self, changes: Sequence[Change], kind: int, place: int) -> int:
        """Key of the walk of one neighbourhood to one kind after some changes, and nothing else.

        Raises
        ------
        InputError
            If a change cannot be made.
        """
        with self._lock:
            plan = resolve(self, changes)
            try:
                return nearest_only(self, plan, kind, place)
            finally:
                self.live.undo()

    def measured(self, plan: Plan) -> Delta:
        """Apply a plan, read what it touches, and bring everything back."""
        with self._lock:
            try:
                return measure(self, plan)
            finally:
                self.live.undo()


def _row(index: pd.Index, id_: str) -> int | None:
    return int(index.get_loc(id_)) if id_ in index else None
