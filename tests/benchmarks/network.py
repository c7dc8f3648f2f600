"""From an ``.osm.pbf`` file to a walking network, and a kept network opened."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.foreign import in_peer, report_as
from tests.benchmarks.inputs import CACHE, PBF_FILES, network
from tests.benchmarks.measure import Meter, report, timed

PBF = "pbf network"
OPEN = "open network"
PEER_SCRIPT = Path(__file__).with_name("pyrosm_network.py")
ALIKE_SHARE = 0.35
"""Peers walk by other rules; networks whose lengths differ by less are called alike."""


def _our_network(size: str, walking):
    from spatial.city import read_city
    from spatial.network import WALKING_LAYERS, build_network

    return build_network(read_city([PBF_FILES[size]], layers=WALKING_LAYERS), walking)


def _walking():
    from spatial.standards import read_parameters

    return read_parameters("walking")


def _alike(size: str, length_m: float) -> bool:
    ours_m = _our_network(size, _walking()).report["length_m"]
    return abs(length_m / ours_m - 1) < ALIKE_SHARE


def pbf_ours(size: str) -> None:
    """Read streets, walls, gates, water and rails, and build the network with its rules."""
    walking = _walking()
    _our_network(size, walking)  # loads libraries and compiled code

    def run():
        made = _our_network(size, walking)
        return lambda: made.edge_count > 0

    timed(run, PBF)


def pbf_loop(size: str) -> None:
    """Loop over the ways of the file with pyosmium and collect arrays: no rule, no junction."""
    import osmium

    def run():
        lon, lat, ref, start = [], [], [], [0]
        for way in osmium.FileProcessor(str(PBF_FILES[size])).with_locations():
            if not way.is_way() or "highway" not in way.tags:
                continue
            for node in way.nodes:
                if node.location.valid():
                    lon.append(node.lon)
                    lat.append(node.lat)
                    ref.append(node.ref)
            start.append(len(ref))
        made = np.array(lon), np.array(lat), np.array(ref), np.array(start)
        return lambda: len(made[3]) > 1

    run()
    timed(run, PBF)


def pbf_pyrosm(size: str) -> None:
    """Read nodes and edges of the walking network with pyrosm, in its own environment."""
    path = np.frombuffer(str(PBF_FILES[size]).encode(), dtype=np.uint8)
    measured, made = in_peer(PEER_SCRIPT, {"path": path})
    report_as(PBF, measured, _alike(size, float(made["length_m"])))


def pbf_osmnx(size: str) -> None:
    """Make the graph with osmnx; it reads XML, which is written beforehand."""
    import osmium
    import osmnx

    xml = CACHE / f"{size}.osm"
    if not xml.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with osmium.SimpleWriter(str(xml)) as writer:
            for thing in osmium.FileProcessor(str(PBF_FILES[size])):
                writer.add(thing)

    def run():
        graph = osmnx.graph_from_xml(xml, retain_all=True)
        return lambda: graph.number_of_edges() > 0

    timed(run, PBF)


PBF_PEERS = (
    ("", pbf_loop, "osmium"),
    (" (pyrosm)", pbf_pyrosm, "pyrosm"),
    (" (osmnx)", pbf_osmnx, "osmnx"),
)


def open_kept(size: str) -> None:
    """Open a network that was kept on disk."""
    from spatial.network import open_network, write_network

    net = network(size)
    with tempfile.TemporaryDirectory() as folder:
        write_network(net, Path(folder) / "kept")
        open_network(Path(folder) / "kept")
        meter = Meter()
        meter.start(OPEN)
        opened = open_network(Path(folder) / "kept")
        meter.stop()
        report(meter, opened.content_hash == net.content_hash)
