"""The works that are measured, ours and the peer's, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from tests.benchmarks import (
    audit,
    circles,
    pgrouting_reached,
    plans,
    scenarios,
    siting_city,
    siting_cover,
    siting_own,
    siting_p_median,
    what_if,
)
from tests.benchmarks import nearest as all_nearest
from tests.benchmarks import network as networks
from tests.benchmarks import sums as all_sums
from tests.benchmarks.foreign import version_of
from tests.benchmarks.inputs import FILES, NETWORKS, PBF_FILES, SIZES, as_xml, city, walk
from tests.benchmarks.measure import Meter, report, timed

Side = Callable[[str], None]
"""Prepares for a size, measures, and reports."""

CUTOFF_M = 1000.0
OSM_TAGS = (
    "highway", "building", "barrier", "amenity", "shop", "leisure", "landuse", "natural",
    "waterway", "railway", "entrance", "office", "healthcare", "public_transport", "boundary",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """One thing that is done, by us and perhaps by a peer."""

    name: str
    sizes: tuple[str, ...]
    ours: Side
    peer: Side | None = None
    peer_package: str = ""
    peer_sizes: tuple[str, ...] = ()
    prepare: str = "walk"
    """What is made beforehand and kept: a walk, a city, a network or nothing."""

    @property
    def peer_version(self) -> str:
        """Version of the peer that is installed."""
        return version_of(self.peer_package) if self.peer_package else ""


def read_osm(size: str) -> None:
    """Read every layer of an OpenStreetMap file and project it."""
    from spatial.city import read_city

    def run():
        made = read_city([FILES[size]])
        return lambda: [sorted(made.layer(layer).index) for layer in ("streets", "buildings")]

    run()  # loads libraries, on both sides
    timed(run, "read osm")


def read_osm_osmnx(size: str) -> None:
    """Read the same tags with osmnx (as XML: it reads nothing else) and project."""
    import osmnx

    path = as_xml(size)

    def run():
        features = osmnx.features_from_xml(path, tags=dict.fromkeys(OSM_TAGS, True))
        features = osmnx.projection.project_gdf(features)
        return lambda: _osmnx_ids(features)

    run()
    timed(run, "read osm")


def _osmnx_ids(features) -> list[list[str]]:
    names = pd.Index([f"{kind}/{number}" for kind, number in features.index])
    kinds = features.index.get_level_values(0)
    none = ("rest_area", "services", "proposed", "construction")
    street = features.highway.notna() & (kinds == "way") & ~features.highway.isin(none)
    house = features.building.notna() & (features.building != "no")
    house &= features.geom_type.isin(["Polygon", "MultiPolygon"])
    return [sorted(names[street.to_numpy()]), sorted(names[house.to_numpy()])]


def build(size: str) -> None:
    """Turn the streets of a city that was read into a walking network."""
    from spatial.network import build_network
    from spatial.standards import read_profile

    the_city, walking = city(size), read_profile("national").rooms["walking"]

    def run():
        network = build_network(the_city, walking)
        return [network.node_count, network.edge_count]

    timed(run, "build network")


def nearest(size: str) -> None:
    """Nearest facility of every kind from every gate, within the cutoff."""
    from spatial.reach import nearest_facilities

    w = walk(size)
    nearest_facilities(w.network, w.gates, w.facilities, w.kinds, cutoff_m=1.0)  # compiles

    def run():
        found = nearest_facilities(w.network, w.gates, w.facilities, w.kinds, cutoff_m=CUTOFF_M)
        return lambda: _nearest_rows(found)

    timed(run, "nearest")


def _nearest_rows(found: pd.DataFrame) -> list:
    mm = np.rint(found["distance_m"].to_numpy() * 1000).astype(int)
    return sorted(zip(found["origin_id"], found["kind"], mm.tolist(), strict=True))


def nearest_scipy(size: str) -> None:
    """The same with scipy's Dijkstra on the same network, its graph made beforehand."""
    from tests.benchmarks.peers import scipy_nearest_mm, split_graph

    w = walk(size)
    graph = split_graph(w.network, w.gates, w.facilities)
    names = sorted(w.kinds["kind"].unique())
    row = pd.Series(np.arange(len(w.facilities)), index=w.facilities.ids)
    rows = [row[w.kinds.loc[w.kinds["kind"] == name, "facility_id"]].to_numpy() for name in names]

    def run():
        mm = scipy_nearest_mm(graph, w.gates, w.facilities, rows, cutoff_m=CUTOFF_M)
        return lambda: _scipy_rows(mm, w.gates.ids, names)

    timed(run, "nearest")


def _scipy_rows(mm, ids: pd.Index, names: list[str]) -> list:
    kind, origin = np.nonzero(np.isfinite(mm))
    return sorted((str(ids[o]), names[k], int(mm[k, o])) for k, o in zip(kind, origin, strict=True))


def reached(size: str) -> None:
    """Every facility within the cutoff of every gate, with its distance."""
    from spatial.reach import reached_facilities

    w = walk(size)
    each = pd.Series(w.gates.ids.astype(str), index=w.gates.ids, name="gate")
    one_kind = pd.DataFrame({"facility_id": w.facilities.ids, "kind": "any"})
    reached_facilities(w.network, w.gates, each, w.facilities, one_kind, cutoff_m=1.0)  # compiles

    def run():
        found = reached_facilities(
            w.network, w.gates, each, w.facilities, one_kind, cutoff_m=CUTOFF_M
        )
        return lambda: _reached_rows(found)

    timed(run, "reached set")


def _reached_rows(found: pd.DataFrame) -> list:
    mm = np.rint(found["distance_m"].to_numpy() * 1000).astype(int)
    return sorted(zip(found["gate"], found["facility_id"], mm.tolist(), strict=True))


def reached_networkx(size: str) -> None:
    """The same with networkx on the same network, its graph made inside the measured time."""
    from tests.benchmarks.peers import networkx_reached_mm, split_graph

    w = walk(size)
    graph = split_graph(w.network, w.gates, w.facilities)

    def run():
        mm = networkx_reached_mm(graph, w.gates, w.facilities, cutoff_m=CUTOFF_M)
        gates, facilities = w.gates.ids, w.facilities.ids
        return lambda: sorted((str(gates[o]), str(facilities[f]), d) for (o, f), d in mm.items())

    timed(run, "reached set")


def polygon(size: str) -> None:
    """Life circles of every neighbourhood: reached streets and the polygon that follows them."""
    from spatial.reach import life_circles

    w = walk(size)
    layers = w.profile.catalogue.layers
    limits = {name: float(a.limit_m) for name, a in layers.items() if a.minutes is not None}
    front_m = w.profile.rooms["walking"]["street_front_m"]

    def run():
        life_circles(
            w.network, w.gates, w.gate_neighbourhood, limits, w.obstacles, street_front_m=front_m
        )

    timed(run, "polygon")


def analyse_stages(size: str) -> None:
    """Run the whole analysis and measure each stage as it passes."""
    from spatial.analysis import STAGES, AnalysisParameters, analyse
    from spatial.standards import read_profile

    the_city, profile = city(size), read_profile("national")
    meter, order = Meter(), list(STAGES)
    running = -1

    def watch(step: str, share: float) -> None:
        nonlocal running
        del share
        if running + 1 < len(order) and step == order[running + 1]:
            running += 1
            meter.start(f"analyse: {step}")

    analyse(the_city, profile, parameters=AnalysisParameters(year=2026), progress=watch)
    report(meter, None)


# Each has ALL: name, sizes, ours, peer, its package and its sizes.
SITING = (siting_p_median, siting_cover, siting_own, siting_city)
DEMO_SMALL = ("demo-100", "demo-1000")
WORKS = (
    Work("read osm", tuple(FILES), read_osm, read_osm_osmnx, "osmnx", tuple(FILES), prepare=""),
    Work("build network", SIZES, build, prepare="city"),
    Work("nearest", SIZES, nearest, nearest_scipy, "scipy", SIZES),
    Work(
        "reached set",
        SIZES,
        reached,
        reached_networkx,
        "networkx",
        (*FILES, *DEMO_SMALL),
    ),
    Work("polygon", SIZES, polygon),
    *(
        Work(
            name,
            circles.SIZES,
            circles.ours(name, minutes),
            circles.valhalla(name, minutes),
            "pyvalhalla",
            circles.SIZES,
        )
        for name, minutes in circles.WORKS.items()
    ),
    Work("analyse", SIZES, analyse_stages, prepare="city"),
    Work(audit.NAME, audit.SIZES, audit.audit, prepare="city"),
    *(
        Work(
            name + extra,
            tuple(NETWORKS),
            all_nearest.nodes_ours(name + extra, dense=dense),
            peer(name + extra, dense=dense),
            package,
            sizes,
            prepare="network",
        )
        for name, dense in ((all_nearest.SPARSE, False), (all_nearest.DENSE, True))
        for extra, peer, package, sizes in (
            ("", all_nearest.nodes_scipy, "scipy", tuple(NETWORKS)),
            (" (pandana)", all_nearest.nodes_pandana, "pandana", ("wuhan",)),
        )
    ),
    *(
        Work(
            networks.PBF + extra,
            tuple(PBF_FILES),
            networks.pbf_ours,
            peer,
            package,
            tuple(PBF_FILES),
            prepare="",
        )
        for extra, peer, package in networks.PBF_PEERS
    ),
    Work(networks.OPEN, tuple(NETWORKS), networks.open_kept, prepare="network"),
    *(
        Work(
            name,
            tuple(NETWORKS),
            partial(scenarios.facility_ours, dense=dense),
            partial(scenarios.facility_scipy, dense=dense),
            "scipy",
            tuple(NETWORKS),
            prepare="network",
        )
        for name, dense in ((scenarios.NAME, False), (scenarios.DENSE, True))
    ),
    Work("what-if link", tuple(NETWORKS), scenarios.link_ours, prepare="network"),
    Work(what_if.NAME, what_if.SIZES, what_if.answers_ours, prepare=""),
    Work(plans.NAME, plans.SIZES, plans.edits_ours, prepare=""),
    Work("fold network", tuple(NETWORKS), all_nearest.fold, prepare="network"),
    Work("attach buildings", tuple(NETWORKS), all_nearest.attach, prepare="network"),
    *(
        Work(name, tuple(NETWORKS), ours, peer, package, ("wuhan",), prepare="network")
        for name, ours, peer, package in all_sums.ALL
    ),
    Work(
        pgrouting_reached.NAME,
        tuple(NETWORKS),
        all_sums.reached_ours,
        pgrouting_reached.reached_pgrouting,
        "pgRouting",
        ("wuhan",),
        prepare="network",
    ),
    *(Work(*line, prepare="") for module in SITING for line in module.ALL),
)
