"""What is measured on: two real places and the demo city at three sizes, prepared once."""

from __future__ import annotations

import hashlib
import os
import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data.demo import make_demo_city
from spatial.city import City, read_city
from spatial.city.neighbourhoods import Neighbourhoods, prepare_neighbourhoods
from spatial.network import Attachments, Obstacles, WalkNetwork, attach_points, build_network
from spatial.standards import Profile, classify_facilities, read_profile
from tests.benchmarks.measure import ROOT

SHARED_DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / "build" / "bench" / "cache"
FILES = {
    "wudaokou": SHARED_DATA / "wudaokou" / "wudaokou.osm",
    "helsinki": SHARED_DATA / "helsinki" / "helsinki.osm.pbf",
}
# Files from which only the walking network is made.
PBF_FILES = {
    "helsinki": FILES["helsinki"],
    "monaco": SHARED_DATA / "monaco" / "monaco.osm.pbf",
    "porto-alegre": SHARED_DATA / "porto-alegre" / "poa_osm.pbf",
}
DEMO = {"demo-100": 100, "demo-1000": 1_000, "demo-10000": 10_000}
SIZES = (*FILES, *DEMO)
# Neighbourhoods and buildings of the demo city drawn stair by stair: what the audit is measured on.
DENSE = {
    "dense-1000": (1_000, 30_000),
    "dense-3000": (3_000, 90_000),
    "dense-10000": (10_000, 300_000),
}
# Networks alone: Wuhan (80,000 nodes) and the demo city with about so many nodes.
NETWORKS = {"wuhan": 0, "demo-200k": 2_500, "demo-1m": 12_400}
RUN_KEY = "LINLI_BENCH_SOURCES"


@dataclass(frozen=True)
class Walk:
    """A city with everything that a search starts from."""

    city: City
    places: Neighbourhoods
    network: WalkNetwork
    obstacles: Obstacles
    gates: Attachments
    gate_neighbourhood: pd.Series
    facilities: Attachments
    kinds: pd.DataFrame
    profile: Profile


def city(size: str) -> City:
    """Read or make the city, from the cache where it was made before."""
    if size in FILES:
        return read_city([FILES[size]])
    if size in DENSE:
        count, buildings = DENSE[size]
        made = lambda: make_demo_city(neighbourhoods=count, buildings=buildings)  # noqa: E731
        return kept(f"city-{size}", made)
    return kept(f"city-{size}", lambda: make_demo_city(neighbourhoods=DEMO[size]))


def walk(size: str) -> Walk:
    """Prepare everything for a search, from the cache where it was made before."""
    return kept(f"walk-{size}", lambda: _walk(size))


def network(size: str) -> WalkNetwork:
    """Build the walking network of a city that is measured without its buildings."""
    return kept(f"network-{size}", lambda: _network(size))


def _network(size: str) -> WalkNetwork:
    if size == "wuhan":
        the_city = read_city([f"streets={SHARED_DATA / 'wuhan' / 'streets.parquet'}"])
    else:
        the_city = make_demo_city(neighbourhoods=NETWORKS[size])
    return build_network(the_city, read_profile("national").rooms["walking"])


def _walk(size: str) -> Walk:
    profile = read_profile("national")
    walking = profile.rooms["walking"]
    the_city = city(size)
    places = prepare_neighbourhoods(the_city, profile.rooms["neighbourhoods"])
    network = build_network(the_city, walking, gates=places.gates)
    obstacles = Obstacles.from_city(the_city, places.gates, walking)
    usable = places.gates[places.gates["access"] != "closed"]
    facilities = the_city.layer("facilities")
    points = gpd.GeoSeries(facilities.representative_point(), index=facilities.index)
    limit = walking["max_entry_m"]
    return Walk(
        the_city,
        places,
        network,
        obstacles,
        attach_points(network, usable.geometry, obstacles, max_entry_m=limit),
        usable["neighbourhood_id"],
        attach_points(network, points, obstacles, max_entry_m=limit),
        classify_facilities(facilities, profile.catalogue),
        profile,
    )


def kept(name: str, make):
    """Keep what was made, until a source file changes."""
    path = CACHE / f"{name}-{sources()}.pickle"
    if path.exists():
        with path.open("rb") as file:
            return pickle.load(file)
    made = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"{name}-*.pickle"):
        old.unlink()
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        pickle.dump(made, file)
    partial.rename(path)
    return made


@lru_cache(maxsize=1)
def sources() -> str:
    """Fingerprint of the engine's source files; a run keeps to the one it began with."""
    if key := os.environ.get(RUN_KEY):
        return key
    digest = hashlib.sha256()
    for folder in ("spatial", "data"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".yaml"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def as_xml(size: str) -> Path:
    """Return the place as an ``.osm`` file, which is what some peers can read."""
    path = FILES[size]
    if path.suffix == ".osm":
        return path
    import osmium

    CACHE.mkdir(parents=True, exist_ok=True)
    out = CACHE / f"{size}.osm"
    if not out.exists():
        with osmium.SimpleWriter(str(out)) as writer:
            for thing in osmium.FileProcessor(str(path)):
                writer.add(thing)
    return out
