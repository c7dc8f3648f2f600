"""The whole path, stage by stage; the only room that knows all others.

city → neighbourhoods → network → reach → gaps → eligibility → adjacency → districts → stock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Final, Literal, TypeVar

import geopandas as gpd
import pandas as pd

from spatial.city.model import City
from spatial.city.neighbourhoods import Neighbourhoods, prepare_neighbourhoods
from spatial.city.report import Note
from spatial.cores import beside
from spatial.dictionary import conform, data_dictionary
from spatial.districting import (
    DistrictRules,
    Plan,
    Pooling,
    district_frame,
    propose_districts,
)
from spatial.districting.adjacency import adjacency
from spatial.districting.edges import cell_edges
from spatial.districting.sharing import sharing
from spatial.eligibility import assess
from spatial.fingerprint import fingerprint
from spatial.gaps import (
    BuildingGaps,
    Demand,
    RankStability,
    building_gaps,
    by_entrance,
    by_facility,
    coverage,
    facility_access,
    facility_entrances,
    facility_gaps,
    gap_heatmap,
    gap_scores,
    resident_demand,
    residents_at_home,
    weigh_gaps,
)
from spatial.input_notes import (
    notes_on_capacity,
    notes_on_entry,
    notes_on_gates,
    notes_on_idle_gates,
    notes_on_kinds,
    notes_on_residents,
)
from spatial.joins import (
    best_of_gates,
    residents_met,
    shared_needs,
    smallest_layer,
    with_counts,
    with_entries,
    with_ways_out,
)
from spatial.memory import give_back
from spatial.network import (
    Attachments,
    BuildingAccess,
    Obstacles,
    WalkNetwork,
    attach_points,
    build_network,
    building_access,
)
from spatial.progress import Progress, silent
from spatial.reach import (
    NearestTable,
    Targets,
    circle_fronts,
    life_circles,
    nearest_facilities,
    nearest_table,
    reached_places,
)
from spatial.reach.lane_network import lane_network
from spatial.standards import (
    ParameterSet,
    Profile,
    classify_facilities,
    unrecognised_kinds,
)
from spatial.stock import city_uses, find_stock, nearby_uses, stock_fits
from spatial.summary import summarise
from spatial.units import MINUTE_S

__all__ = [
    "STAGES",
    "Analysis",
    "AnalysisParameters",
    "analyse",
    "data_version",
    "engine_version",
]

Answer = TypeVar("Answer")
STAGES: Final = {
    "neighbourhoods": 0.16,
    "network": 0.08,
    "facilities": 0.04,
    "nearest": 0.10,
    "circles": 0.12,
    "gaps": 0.08,
    "eligibility": 0.04,
    "adjacency": 0.10,
    "stock": 0.10,
    "districts": 0.06,
    "finish": 0.12,
}
"""Stages in order, and the share of the whole that each takes on a usual city.

Life circles are drawn beside all that follows the network, and are waited for in ``finish``.
"""


@dataclass(frozen=True, slots=True)
class AnalysisParameters:
    """Choices of one run that no standard makes.

    Parameters
    ----------
    year : int
        The year for which rules with dates are read (expropriation within five years …).
    walking_profile : str
        Who walks: a key of the parameter ``walking.profiles`` (``adult``, ``elder``, ``child``,
        ``wheelchair``).
    circles_by : {"distance", "time"}
        Life circles by the standard's metres, or by its minutes at the profile's speed.
    seed : int
        Of the district search; the same seed gives the same districts.
    """

    year: int
    walking_profile: str = "adult"
    circles_by: Literal["distance", "time"] = "distance"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that one run found; `tables` are the results of the data dictionary."""

    city: City
    network: WalkNetwork
    profile: Profile
    parameters: AnalysisParameters
    tables: Mapping[str, pd.DataFrame | gpd.GeoDataFrame]
    summary: dict[str, Any]
    notes: tuple[Note, ...]
    data_version: str
    engine_version: str
    stage_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each stage took on the wall clock; no part of the results."""
    basis: Basis | None = None
    """What the tables were computed from: `ScenarioBase.from_analysis` goes on from here."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Places, kinds and attached points of a run, from which scenarios go on."""

    places: Neighbourhoods
    kinds: pd.DataFrame
    """``facility_id, kind, match`` of `classify_facilities`."""
    walk: _Walk


def engine_version() -> str:
    """Return the version of the engine, written beside every number."""
    return version("linli")


def data_version(city: City, profile: Profile, parameters: AnalysisParameters) -> str:
    """Return the data version that `analyse` would give, without analysing."""
    return fingerprint(city, profile, asdict(parameters), engine_version())


def analyse(
    city: City,
    profile: Profile,
    *,
    parameters: AnalysisParameters,
    progress: Progress = silent,
) -> Analysis:
    """Run the whole path on a city.

    Parameters
    ----------
    city : City
        The checked bundle of layers.
    profile : Profile
        Standards and policy to check against.
    parameters : AnalysisParameters
        Choices of this run.
    progress : Progress
        Told each stage and its share; may raise :class:`CancelledError` to stop.

    Returns
    -------
    Analysis
        Every table of ``results`` in the data dictionary, complete and conforming to it.
    """
    run = _Run(city, profile, parameters, progress)
    places = run.stage("neighbourhoods", run.neighbourhoods)
    walk = run.stage("network", lambda: run.walking(places))
    with beside() as aside:
        return _analysed(run, places, walk, aside.begin(lambda told: run.drawn(walk, told)))


def _analysed(
    run: _Run, places: Neighbourhoods, walk: _Walk, drawn: Future[gpd.GeoDataFrame]
) -> Analysis:
    """Run what follows from the network, while the life circles are drawn beside it."""
    city, profile, parameters = run.city, run.profile, run.parameters
    kinds = run.stage("facilities", lambda: run.facilities(walk))
    nearest = run.stage("nearest", lambda: run.nearest(walk, kinds, places))
    reached, living = run.stage("circles", lambda: run.reached(walk, kinds, places))
    gaps = run.stage("gaps", lambda: run.gaps(places, nearest, kinds, walk, reached))
    homes = run.building_gaps(places, walk, nearest, gaps)
    demand = run.demand(places)
    scores = gap_scores(gaps).reindex(places.frame.index)
    findings, overall = run.stage(
        "eligibility",
        lambda: assess(
            places, city, profile, must_missing=scores["must_missing"], year=parameters.year
        ),
    )
    pairs = run.stage("adjacency", lambda: run.adjacency(places, walk))
    stock, fits = run.stage("stock", lambda: run.stock(places, walk, gaps))
    pooling = run.sharing(places, pairs, gaps, stock, fits)
    plan = run.stage("districts", lambda: run.districts(places, pairs, gaps, overall, pooling))

    def finish() -> Analysis:
        lived = run.lived(places)
        weighed = weigh_gaps(
            gaps,
            places,
            profile,
            city.layer("buildings"),
            homes,
            demand=demand,
            year=parameters.year,
            districts=plan.assignment,
            lived=lived,
            seed=parameters.seed,
        )
        frame = places.frame.assign(
            eligibility=overall,
            must_missing=scores["must_missing"],
            must_checked=scores["must_checked"],
            gap_index=scores["gap_index"],
            priority=weighed.priority["priority"],
            priority_rank=weighed.priority["rank"],
            district_id=plan.assignment,
            single_reason=plan.single_reason,
        )
        return run.finish(
            {
                "neighbourhoods": frame,
                "cells": places.cells,
                "cell_edges": cell_edges(places.cells),
                "neighbourhood_gates": with_entries(places.gates, walk.gates, walk.network),
                "adjacency": pairs,
                "eligibility": findings,
                "life_circles": run.circles(drawn, reached, living),
                "reached_facilities": reached,
                "gaps": gaps,
                "building_gaps": with_ways_out(weighed.building_gaps, walk.building_access),
                "areas": weighed.areas,
                "queue": weighed.queue,
                "priority": weighed.priority,
                "equity": weighed.equity,
                "access": run.access(places, kinds, reached, walk),
                "coverage": coverage(
                    gaps,
                    places,
                    districts=plan.assignment,
                    found=homes,
                ),
                "heatmap": gap_heatmap(
                    places,
                    gaps,
                    city,
                    profile.rooms["neighbourhoods"],
                    cell_m=profile.rooms["gaps"]["heatmap_cell_m"],
                    buildings=homes,
                    lived=lived,
                ),
                "districts": district_frame(plan, places, pairs, gaps),
                "stock": stock,
                "stock_fits": fits,
            },
            Basis(places, kinds, walk),
            weighed.stability,
        )

    return run.stage("finish", finish)


@dataclass(frozen=True, eq=False)
class _Walk:
    """The network and everything that stands on it."""

    network: WalkNetwork
    obstacles: Obstacles
    gates: Attachments
    gate_neighbourhood: pd.Series
    entrances: gpd.GeoDataFrame
    """Where facilities are entered: `facility_entrances`."""
    facilities: Attachments
    """Row i is entrance i."""
    building_access: BuildingAccess
    """How each residential building is left."""

    @property
    def buildings(self) -> Attachments:
        """Ways out of the buildings: one row or more for each, with its id."""
        return self.building_access.entries


@dataclass(frozen=True, eq=False)
class _Nearest:
    neighbourhoods: pd.DataFrame
    buildings: NearestTable
    searched_m: float


class _Run:
    """One run: the city, what it is checked against, and who is watching."""

    def __init__(
        self, city: City, profile: Profile, parameters: AnalysisParameters, progress: Progress
    ) -> None:
        self.city = city
        self.profile = profile
        self.parameters = parameters
        self.progress = progress
        self.stage_s: dict[str, float] = {}
        self.notes: list[Note] = list(city.report.notes)
        self._before = 0.0
        self._share = 0.0
        self._streets: list[tuple[gpd.GeoDataFrame, Future[tuple[Obstacles, WalkNetwork]]]] = []

    def stage(self, name: str, work: Callable[[], Answer]) -> Answer:
        """Do one stage, with its time kept and its progress told."""
        self._share = STAGES[name]
        self.progress(name, self._before)
        with _timed(self.stage_s, name):
            answer = work()
        give_back()
        self._before += self._share
        self.progress(name, min(self._before, 1.0))
        return answer

    def within(self, step: str, share: float) -> None:
        """Tell progress inside the stage as progress of the whole."""
        self.progress(step, min(self._before + self._share * share, 1.0))

    def neighbourhoods(self) -> Neighbourhoods:
        # The streets do not wait for the cells: both take long, and each leaves a core free.
        aside = ThreadPoolExecutor(1)
        try:
            places = prepare_neighbourhoods(
                self.city,
                self.profile.rooms["neighbourhoods"],
                progress=self.within,
                gates_found=lambda gates: self._streets.append(
                    (gates, aside.submit(self._network, gates))
                ),
            )
        finally:
            aside.shutdown(wait=False)
        self.notes += [*places.notes, *notes_on_residents(places)]
        return places

    def walking(self, places: Neighbourhoods) -> _Walk:
        walking = self.profile.rooms["walking"]
        obstacles, network = self._network_with(places.gates)
        usable = places.gates[places.gates["access"] != "closed"]
        homes = self._homes(places)
        entrances = facility_entrances(
            self.city.layer("facilities"),
            self.city.layer("streets"),
            min_area_m2=self.profile.rooms["gaps"]["entrance_min_area_m2"],
        )

        def attach(points: gpd.GeoSeries) -> Attachments:
            return attach_points(network, points, obstacles, max_entry_m=walking["max_entry_m"])

        gates = attach(usable.geometry)
        walk = _Walk(
            network=network,
            obstacles=obstacles,
            gates=gates,
            gate_neighbourhood=usable["neighbourhood_id"],
            entrances=entrances,
            facilities=attach(entrances.geometry),
            building_access=building_access(
                network,
                _as_points(homes),
                places.building_neighbourhood.reindex(homes.index),
                places.frame.geometry,
                (gates, usable["neighbourhood_id"]),
                obstacles,
                max_entry_m=walking["max_entry_m"],
                parameters=walking,
            ),
        )
        self.notes += notes_on_gates(walk.gates, walk.gate_neighbourhood)
        self.notes += notes_on_idle_gates(
            self.city, places.gates, on_street_m=walking["gate_tolerance_m"]
        )
        self.notes += notes_on_entry(
            {
                "facilities": (walk.facilities, entrances["facility_id"]),
                "buildings": (walk.buildings, pd.Series(homes.index, index=homes.index)),
            },
            max_entry_m=walking["max_entry_m"],
        )
        return walk

    def _network(self, gates: gpd.GeoDataFrame) -> tuple[Obstacles, WalkNetwork]:
        walking = self.profile.rooms["walking"]
        obstacles = Obstacles.from_city(self.city, gates, walking)
        network = build_network(
            self.city,
            walking,
            profile=self.parameters.walking_profile,
            gates=gates,
            obstacles=obstacles,
        )
        lane_network(network, by="distance")  # what every search for the nearest begins with
        return obstacles, network

    def _network_with(self, gates: gpd.GeoDataFrame) -> tuple[Obstacles, WalkNetwork]:
        """Take the network that was begun beside the cells, if the gates stayed the same."""
        for known, begun in self._streets:
            if known is gates:
                self._streets.clear()
                return begun.result()
        return self._network(gates)

    def _homes(self, places: Neighbourhoods) -> gpd.GeoDataFrame:
        buildings = self.city.layer("buildings")
        joined = places.building_neighbourhood.reindex(buildings.index).notna()
        return buildings[joined & buildings["use"].isin(["residential", "unknown"])]

    def facilities(self, walk: _Walk) -> pd.DataFrame:
        del walk
        layer, catalogue = self.city.layer("facilities"), self.profile.catalogue
        self.notes += notes_on_kinds(unrecognised_kinds(layer, catalogue), catalogue)
        kinds = classify_facilities(layer, catalogue)
        names = {kind.id: (kind.zh, kind.en) for kind in catalogue.kinds.values()}
        self.notes += notes_on_capacity(layer, kinds, names)
        return kinds

    def nearest(self, walk: _Walk, kinds: pd.DataFrame, places: Neighbourhoods) -> _Nearest:
        del places
        searched_m = float(self.profile.rooms["gaps"]["search_m"])
        entered = by_entrance(kinds, walk.entrances)
        reach_m = max(layer.limit_m for layer in self.profile.catalogue.layers.values())
        by_gate = nearest_facilities(
            walk.network, walk.gates, walk.facilities, entered, cutoff_m=searched_m
        )
        self.within("nearest", 0.5)
        by_building = nearest_table(
            walk.network, walk.buildings, walk.facilities, entered, cutoff_m=reach_m
        )
        by_gate = by_facility(by_gate, walk.entrances)
        return _Nearest(best_of_gates(by_gate, walk.gate_neighbourhood), by_building, searched_m)

    def limits(self) -> dict[str, float]:
        """Farthest walk of each life circle, in the unit of the choice ``circles_by``."""
        layers = self.profile.catalogue.layers
        timed = {name: layer.minutes for name, layer in layers.items() if layer.minutes is not None}
        if self.parameters.circles_by == "distance":
            return {name: float(layers[name].limit_m) for name in timed}
        return {name: minutes * MINUTE_S for name, minutes in timed.items()}

    @property
    def measure(self) -> str:
        """Column in which walks are compared with the limits of the circles."""
        return "distance_m" if self.parameters.circles_by == "distance" else "time_s"

    def drawn(self, walk: _Walk, progress: Progress) -> gpd.GeoDataFrame:
        """Draw the life circles: from the walk alone, so that nothing else need wait for them."""
        walking = self.profile.rooms["walking"]
        entrances = [walk.facilities, walk.building_access.direct()]
        fronts = circle_fronts(
            walk.network, walk.obstacles, parameters=walking, entrances=entrances
        )
        return life_circles(
            walk.network,
            walk.gates,
            walk.gate_neighbourhood,
            self.limits(),
            walk.obstacles,
            by=self.parameters.circles_by,
            parameters=walking,
            fronts=fronts,
            progress=progress,
        )

    def reached(
        self, walk: _Walk, kinds: pd.DataFrame, places: Neighbourhoods
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Find what is reached within the widest circle, and the residents within each."""
        limits = self.limits()
        every_gate = pd.DataFrame({"facility_id": walk.gates.ids, "kind": "gate"})
        found = reached_places(
            walk.network,
            walk.gates,
            walk.gate_neighbourhood,
            {
                "facilities": Targets(
                    walk.facilities,
                    by_entrance(kinds, walk.entrances),
                    walk.entrances["facility_id"],
                ),
                "gates": Targets(walk.gates, every_gate, walk.gate_neighbourhood),
            },
            cutoff_m=max(limits.values()),
            by=self.parameters.circles_by,
            as_codes=True,  # texts come last, where the table leaves the engine
        )
        reached = found["facilities"]
        reached["layer"] = smallest_layer(reached[self.measure], limits)
        persons = places.frame["persons"]
        return reached, residents_met(found["gates"], persons, limits, measure=self.measure)

    def circles(
        self, drawn: Future[gpd.GeoDataFrame], reached: pd.DataFrame, living: pd.DataFrame
    ) -> gpd.GeoDataFrame:
        """Take the circles that were drawn meanwhile, with what each holds."""
        return with_counts(drawn.result(), reached, living, self.limits(), measure=self.measure)

    def gaps(
        self,
        places: Neighbourhoods,
        nearest: _Nearest,
        kinds: pd.DataFrame,
        walk: _Walk,
        reached: pd.DataFrame,
    ) -> pd.DataFrame:
        entered = walk.gate_neighbourhood[walk.gates.edge >= 0]
        return facility_gaps(
            places,
            nearest.neighbourhoods,
            kinds,
            self.city.layer("facilities"),
            self.profile,
            searched_m=nearest.searched_m,
            reached=reached,
            measured=pd.Index(entered.unique()),
        )

    def building_gaps(
        self, places: Neighbourhoods, walk: _Walk, nearest: _Nearest, gaps: pd.DataFrame
    ) -> BuildingGaps:
        return building_gaps(
            gaps,
            places,
            nearest.buildings,
            self.city.layer("buildings"),
            measured=walk.buildings.ids[walk.buildings.edge >= 0],
        )

    def lived(self, places: Neighbourhoods) -> pd.DataFrame:
        """Find where residents live, once for all that asks for it."""
        parameters = self.profile.rooms["neighbourhoods"]
        return residents_at_home(places, self.city.layer("buildings"), parameters)

    def demand(self, places: Neighbourhoods) -> Demand:
        votes = self.city.table("demand_votes")
        demand = resident_demand(votes, places.frame, self.profile.catalogue)
        self.notes += demand.notes
        return demand

    def access(
        self, places: Neighbourhoods, kinds: pd.DataFrame, reached: pd.DataFrame, walk: _Walk
    ) -> pd.DataFrame:
        entered = walk.gate_neighbourhood[walk.gates.edge >= 0]
        return facility_access(
            places,
            self.city.layer("facilities"),
            kinds,
            reached,
            self.profile,
            measured=pd.Index(entered.unique()),
        )

    def adjacency(self, places: Neighbourhoods, walk: _Walk) -> gpd.GeoDataFrame:
        return adjacency(
            places,
            self.city,
            walk.network,
            walk.gates,
            self.profile.rooms["adjacency"],
            progress=self.within,
        )

    def districts(
        self,
        places: Neighbourhoods,
        pairs: gpd.GeoDataFrame,
        gaps: pd.DataFrame,
        overall: pd.Series,
        pooling: Pooling,
    ) -> Plan:
        parameters = self.profile.rooms["districts"]
        admitted = ["eligible", "conditional"]
        admitted += ["unknown"] if parameters["unknown_may_join"] else []
        plan = propose_districts(
            places,
            pairs,
            shared_needs(places, gaps),
            overall.isin(admitted),
            DistrictRules.from_parameters(parameters),
            sharing=pooling,
            seed=self.parameters.seed,
            progress=self.within,
        )
        self.notes += _idle_limits(plan, parameters)
        return plan

    def sharing(
        self,
        places: Neighbourhoods,
        pairs: gpd.GeoDataFrame,
        gaps: pd.DataFrame,
        stock: gpd.GeoDataFrame,
        fits: pd.DataFrame,
    ) -> Pooling:
        parameters = self.profile.rooms["districts"]
        return sharing(
            places,
            gaps,
            pairs,
            detour_factor=parameters["detour_factor"],
            cut_barriers=tuple(parameters["cut_barriers"]),
            stock=stock,
            stock_fits=fits,
        )

    def stock(
        self, places: Neighbourhoods, walk: _Walk, gaps: pd.DataFrame
    ) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        stock = find_stock(
            self.city, places, self.profile, walk.obstacles, walk.network, progress=self.within
        )
        self.notes += stock.attrs["notes"]
        fits = stock_fits(
            stock,
            places,
            walk.gates,
            walk.network,
            walk.obstacles,
            gaps,
            self.profile,
            near=self.near_uses(stock),
        )
        return stock, fits

    def near_uses(self, stock: gpd.GeoDataFrame) -> pd.DataFrame:
        """Measure what lies near each asset that some kinds keep away from."""
        rules = self.profile.rooms["fits"]
        return nearby_uses(stock, city_uses(self.city, self.profile.catalogue, rules), rules)

    def finish(
        self, tables: Mapping[str, pd.DataFrame], basis: Basis, stability: RankStability
    ) -> Analysis:
        """Bring every table into the dictionary's form, summarise, and stamp the version."""
        walk = basis.walk
        results = data_dictionary().results
        checked = {name: conform(tables[name], spec, name=name) for name, spec in results.items()}
        notes = tuple(dict.fromkeys(self.notes))
        return Analysis(
            city=self.city,
            network=walk.network,
            profile=self.profile,
            parameters=self.parameters,
            tables=checked,
            summary=summarise(
                self.city,
                walk.network,
                checked,
                self.profile,
                notes,
                asdict(self.parameters),
                stability,
            ),
            notes=notes,
            data_version=data_version(self.city, self.profile, self.parameters),
            engine_version=engine_version(),
            stage_s=dict(self.stage_s),
            basis=basis,
        )


def _as_points(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Points inside the features (a polygon's own, not its centroid)."""
    return frame.geometry.representative_point()


def _idle_limits(plan: Plan, parameters: ParameterSet) -> list[Note]:
    """Say which limits on districts could not act, because nobody knows the sizes."""
    idle = plan.report["limits_not_applied"]
    if not idle:
        return []
    known = parameters.parameters
    zh = "、".join(known[key].zh for key in idle)
    en = ", ".join(known[key].en for key in idle)
    return [
        Note(
            "limits_not_applied",
            f"小区的户数、人口或用地资料缺失,以下片区规模限制未起作用:{zh}。",
            "The sizes of the neighbourhoods are not known, so these limits on districts "
            f"had no effect: {en}. Give households or residents of the neighbourhoods.",
            "warning",
        )
    ]


@contextmanager
def _timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Keep the wall-clock seconds of a stage."""
    start_s = time.perf_counter()
    try:
        yield
    finally:
        into[name] = time.perf_counter() - start_s
