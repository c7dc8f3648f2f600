"""How true polygons of reach are: ours, Valhalla's contours, and hulls, on the same network.

Truth is the exact search: the vertices of all streets, and the buildings by their entries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.network import Attachments, WalkNetwork, attach_points
from spatial.reach import circle_fronts, life_circles
from spatial.reach.arcs import arcs_for, limit_key, place_points
from spatial.reach.kernels import FAR, Placed, ball_nodes
from spatial.standards.parameters import ParameterSet
from tests.benchmarks.circles import MINUTES, contours, limits_m, sources
from tests.benchmarks.inputs import Walk

LAYER = "c15"
CONCAVE_RATIO = 0.3
NEAR = 1.1
"""A place is far beyond if its walk is more than this many times the limit."""


@dataclass(frozen=True)
class Truth:
    """Walks from every source to every vertex and building, in metres (infinite: none)."""

    vertices: np.ndarray  # (s, v) of streets that hang together with the city
    vertex_xy: np.ndarray
    island_xy: np.ndarray  # vertices of streets that hang together with nothing: nobody walks there
    buildings: np.ndarray  # (s, b)
    building_xy: np.ndarray
    limit_m: float


def attached_buildings(w: Walk, *, max_entry_m: float) -> Attachments:
    """Buildings by a point inside them."""
    layer = w.city.layer("buildings")
    points = gpd.GeoSeries(layer.geometry.representative_point(), index=layer.index)
    return attach_points(w.network, points, w.obstacles, max_entry_m=max_entry_m)


def truth(network: WalkNetwork, gates: Attachments, homes: Attachments, limit_m: float) -> Truth:
    """Search from each gate alone, twice as far as the limit."""
    rows = np.repeat(np.arange(network.edge_count), np.diff(network.edge_xy_start))
    along = _along_mm(network)
    _, once = np.unique(network.edge_xy_m.round(3), axis=0, return_index=True)
    island = network.node_component[network.edge_from[rows[once]]] != 0
    islands, once = once[island], once[~island]
    walks_v, walks_b = [], []
    arcs, seeds = arcs_for(network), place_points(network, gates)
    label = np.full(network.node_count, FAR, dtype=np.int64)
    via, touched = (np.empty(network.node_count, dtype=np.int32) for _ in range(2))
    for row in range(len(gates)):
        seed = Placed(*(values[row : row + 1] for values in seeds))
        count = ball_nodes(arcs, seed, limit_key(2 * limit_m), label, via, touched)
        walks_v.append(_walks(network, label, seed, rows[once], along[once]))
        walk = _walks(network, label, seed, homes.edge, homes.offset_mm) + homes.entry_mm
        walks_b.append(np.where(homes.edge >= 0, walk, np.inf))
        label[touched[:count]] = FAR
    return Truth(
        np.array(walks_v) / 1000,
        network.edge_xy_m[once],
        network.edge_xy_m[islands],
        np.array(walks_b) / 1000,
        homes.xy_m,
        limit_m,
    )


def _along_mm(network: WalkNetwork) -> np.ndarray:
    xy, start = network.edge_xy_m, network.edge_xy_start
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    step[start[:-1]] = 0.0
    done = np.cumsum(step)
    rows = np.repeat(np.arange(network.edge_count), np.diff(start))
    along = done - done[start[:-1]][rows]
    return along * (network.edge_length_mm / np.maximum(along[start[1:] - 1], 1e-9))[rows]


def _walks(network, label, seed, edge, offset) -> np.ndarray:
    """Millimetres to places on edges, from the labels of their ends or along the seed's edge."""
    cost = np.where(label < FAR, (label >> 32).astype(float), np.inf)
    forth, back = (network.edge_time_ms[edge] >= 0).T
    length = network.edge_length_mm[edge]
    by_tail = np.where(forth, cost[network.edge_from[edge]] + offset, np.inf)
    by_head = np.where(back, cost[network.edge_to[edge]] + length - offset, np.inf)
    ahead = offset - seed.offset_mm[0]
    same = (edge == seed.edge[0]) & np.where(ahead >= 0, forth, back)
    direct = np.where(same, (seed.entry_key[0] >> 32) + np.abs(ahead), np.inf)
    return np.minimum(np.minimum(by_tail, by_head), direct)


def compare(w: Walk, key: str, walking: ParameterSet, *, count: int) -> pd.DataFrame:
    """Measure every maker in one city: one row each."""
    gates = sources(w.gates, count)
    limit = limits_m(MINUTES)[LAYER]
    homes = attached_buildings(w, max_entry_m=walking["max_entry_m"])
    known = truth(w.network, gates, homes, limit)
    makers = {
        "Linli": _linli(w, gates, homes, walking),
        "Valhalla": _valhalla(w.network, gates, key),
        "convex hull": _hull(known, shapely.convex_hull),
        "concave hull": _hull(known, lambda g: shapely.concave_hull(g, ratio=CONCAVE_RATIO)),
    }
    rows = [
        {"city": key, "maker": name, **_scores(shapes, known), "cpu_ms": cpu_ms}
        for name, (shapes, cpu_ms) in makers.items()
    ]
    return pd.DataFrame(rows)


def _linli(w: Walk, gates: Attachments, homes: Attachments, walking: ParameterSet):
    group = pd.Series([f"{row:05d}" for row in range(len(gates))], index=gates.ids)
    fronts = circle_fronts(w.network, w.obstacles, parameters=walking, entrances=[homes])
    limits = {LAYER: limits_m(MINUTES)[LAYER]}

    def draw():
        return life_circles(
            w.network, gates, group, limits, w.obstacles, fronts=fronts, parameters=walking
        )

    draw()
    cpu = time.process_time()
    made = draw()
    cpu = time.process_time() - cpu
    shapes = np.full(len(gates), shapely.Polygon(), dtype=object)
    shapes[made["neighbourhood_id"].astype(int).to_numpy()] = made.geometry.to_numpy()
    return shapes, cpu / len(gates) * 1000


def _valhalla(network: WalkNetwork, gates: Attachments, key: str):
    measured, made = contours(network, gates, {LAYER: MINUTES[LAYER]}, key=key)
    shapes = np.full(len(gates), shapely.Polygon(), dtype=object)
    shapes[made["source"].to_numpy()] = made["geometry"].to_numpy()
    return shapes, measured.cpu_s / len(gates) * 1000


def _hull(known: Truth, hull):
    """Hull of the reached vertices, as the osmnx examples draw isochrones."""
    cpu = time.process_time()
    shapes = np.array(
        [hull(shapely.multipoints(known.vertex_xy[row <= known.limit_m])) for row in known.vertices]
    )
    return shapes, (time.process_time() - cpu) / len(shapes) * 1000


def _scores(shapes, known: Truth) -> dict[str, float]:
    """Shares over all sources together."""
    counts = {"points": float(np.median(shapely.get_num_coordinates(shapes)))}
    counts["area_km2"] = float(shapely.area(shapes).mean() / 1e6)
    for what, walks, xy in (
        ("vertices", known.vertices, known.vertex_xy),
        ("buildings", known.buildings, known.building_xy),
    ):
        inside = np.array([_within(shape, xy) for shape in shapes])
        reached = walks <= known.limit_m
        counts[f"{what}_wrong_inside"] = (inside & ~reached).sum() / max(inside.sum(), 1)
        far = walks > NEAR * known.limit_m
        counts[f"{what}_far_inside"] = (inside & far).sum() / max(inside.sum(), 1)
        counts[f"{what}_left_out"] = (~inside & reached).sum() / max(reached.sum(), 1)
        if what == "vertices":
            islands = sum(_within(shape, known.island_xy).sum() for shape in shapes)
            counts["islands_inside"] = islands / max(inside.sum() + islands, 1)
    return counts


def _within(shape, xy) -> np.ndarray:
    shapely.prepare(shape)
    return shapely.intersects_xy(shape, xy[:, 0], xy[:, 1])
