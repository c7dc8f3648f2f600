"""Life circles beside Valhalla's contours, on the same streets and from the same places.

Valhalla reads our own network, written as footways, so that what is compared is the drawing of
contours and not the rules of who may walk where.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from spatial.network import Attachments, WalkNetwork
from spatial.network.graph import NO_PASSAGE
from tests.benchmarks.foreign import in_peer, report_as
from tests.benchmarks.inputs import CACHE, walk
from tests.benchmarks.measure import timed

MINUTES = {"c5": 5, "c10": 10, "c15": 15}
SPEED_M_PER_S = 1.2
SOURCES = 200
WORKS = {
    "life circle of 15 minutes": {"c15": 15},
    "life circles of 5, 10 and 15 minutes": MINUTES,
}
SIZES = ("helsinki", "demo-1000")
SCRIPT = Path(__file__).with_name("valhalla_contours.py")


def limits_m(minutes: dict[str, int]) -> dict[str, float]:
    """Metres that are walked in so many minutes."""
    return {layer: m * 60 * SPEED_M_PER_S for layer, m in minutes.items()}


def sources(points: Attachments, count: int = SOURCES) -> Attachments:
    """Some attached points, spread over all of them."""
    rows = np.flatnonzero(points.edge >= 0)
    return points.take(rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)])


def ours(name: str, minutes: dict[str, int]):
    """Draw the circles of single gates, the fronts of the streets included or made beforehand."""

    def side(size: str) -> None:
        from spatial.reach import circle_fronts, life_circles

        w = walk(size)
        gates = sources(w.gates)
        group = pd.Series([f"{row:05d}" for row in range(len(gates))], index=gates.ids)
        fronts = circle_fronts(w.network, w.obstacles)

        def run():
            made = life_circles(
                w.network, gates, group, limits_m(minutes), w.obstacles, fronts=fronts
            )
            return [len(made)]

        run()  # loads the compiled code, as Valhalla loads its tiles
        timed(run, name)

    return side


def valhalla(name: str, minutes: dict[str, int]):
    """Ask Valhalla for time contours at the same speed from the gates' places on the streets."""

    def side(size: str) -> None:
        w = walk(size)
        measured, features = contours(w.network, sources(w.gates), minutes, key=size)
        report_as(name, measured, [len(features)])

    return side


def contours(network: WalkNetwork, gates: Attachments, minutes: dict[str, int], *, key: str):
    """Contours from the places where gates meet the streets: figures, and rows of geometries."""
    folder = CACHE / f"valhalla-{key}-{network.content_hash}"
    pbf = as_footways(network, folder / "network.osm.pbf")
    place = shapely.line_interpolate_point(
        network.edge_geometry[gates.edge], gates.offset_mm / 1000
    )
    back = Transformer.from_crs(network.crs, 4326, always_xy=True)
    lonlat = np.stack(back.transform(*shapely.get_coordinates(place).T), axis=1)
    arrays = {
        "lonlat": lonlat,
        "minutes": np.array(list(minutes.values())),
        "folder": np.array(str(folder)),
        "pbf": np.array(str(pbf)),
        "speed_km_h": np.array(SPEED_M_PER_S * 3.6),
    }
    measured, made = in_peer(SCRIPT, arrays, environment="py313")
    rows = [json.loads(text) for text in made["features"]]
    there = Transformer.from_crs(4326, network.crs, always_xy=True)
    geometry = shapely.transform(
        np.array([shapely.geometry.shape(g) for _, _, g in rows], dtype=object),
        there.transform,
        interleaved=False,
    )
    frame = pd.DataFrame({"source": [r[0] for r in rows], "minutes": [r[1] for r in rows]})
    return measured, frame.assign(geometry=shapely.make_valid(geometry))


def as_footways(network: WalkNetwork, path: Path) -> Path:
    """Write a network as OpenStreetMap footways, one for each edge."""
    import osmium
    from osmium.osm.mutable import Node, Way

    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    back = Transformer.from_crs(network.crs, 4326, always_xy=True)
    xy, row = shapely.get_coordinates(network.edge_geometry, return_index=True)
    number = np.arange(len(xy)) + network.node_count + 1
    first = np.searchsorted(row, np.arange(network.edge_count))
    last = np.append(first[1:], len(row)) - 1
    number[first], number[last] = network.edge_from + 1, network.edge_to + 1
    known, at = np.unique(number, return_index=True)
    lon, lat = back.transform(*xy[at].T)
    oneway = {0: {}, 1: {"oneway:foot": "yes"}, 2: {"oneway:foot": "-1"}}
    barred = network.edge_time_ms == NO_PASSAGE
    way_of = np.where(barred[:, 1], 1, np.where(barred[:, 0], 2, 0))
    partial = path.with_name("part.osm.pbf")
    partial.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(partial)) as writer:
        for node, x, y in zip(known.tolist(), lon.tolist(), lat.tolist(), strict=True):
            writer.add_node(Node(id=node, location=(x, y), version=1))
        for edge in range(network.edge_count):
            refs = number[first[edge] : last[edge] + 1].tolist()
            tags = {"highway": "footway", **oneway[int(way_of[edge])]}
            writer.add_way(Way(id=edge + 1, nodes=refs, tags=tags, version=1))
    partial.rename(path)
    return path
