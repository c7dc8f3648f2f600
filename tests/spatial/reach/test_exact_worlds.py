"""Thousands of small worlds against brute force: a dense shortest-path table of the split graph.

The oracle shares nothing with the engine. It cuts every edge at every point on it, writes the
pieces into a matrix, and lets Floyd and Warshall find all ways of all lengths.
"""

from dataclasses import replace
from itertools import combinations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import distances_mm, split_graph
from shapely import LineString, Point
from small_networks import on_edges, random_network
from walking_worlds import CRS

from spatial.city.read import read_city
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import nearest_by_node, nearest_facilities
from spatial.reach.kernels import FAR
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")
NEVER = 10**12


def all_ways_mm(network, *attachments):
    """Millimetres between all places: nodes first, then the points of each of the attachments."""
    first = network.node_count
    count = first + sum(len(points) for points in attachments)
    table = np.full((2 * count, 2 * count), NEVER, dtype=np.int64)  # upper half: entries of points
    np.fill_diagonal(table, 0)
    on_edge = [[] for _ in range(network.edge_count)]
    number = first
    for points in attachments:
        for edge, offset, entry in zip(points.edge, points.offset_mm, points.entry_mm, strict=True):
            if edge >= 0:
                on_edge[edge].append((int(offset), number))
                table[count + number, number] = table[number, count + number] = entry
            number += 1
    for edge in range(network.edge_count):
        length = int(network.edge_length_mm[edge])
        stops = [(0, int(network.edge_from[edge])), *sorted(on_edge[edge])]
        stops.append((length, int(network.edge_to[edge])))
        along, against = network.edge_time_ms[edge] >= 0
        for (low, one), (high, two) in combinations(stops, 2):
            here = low == high and one >= first and two >= first
            if along or here:
                table[one, two] = min(table[one, two], high - low)
            if against or here:
                table[two, one] = min(table[two, one], high - low)
    for middle in range(count):
        table[:count, :count] = np.minimum(
            table[:count, :count], table[:count, middle, None] + table[None, middle, :count]
        )
    entry = np.array([table[count + place, place] for place in range(count)])
    entry[:first] = 0
    return entry[:, None] + table[:count, :count] + entry[None, :]


def check_against_brute_force(network, origins, facilities, cutoff_mm):
    """Compare distance and choice, from points and from nodes; return the number of answers."""
    kinds = pd.DataFrame(
        {
            "facility_id": np.concatenate([facilities.ids, facilities.ids[:2]]),
            "kind": [*(f"k{row % 3}" for row in range(len(facilities))), "few", "few"],
        }
    )
    n, o = network.node_count, len(origins)
    table = all_ways_mm(network, origins, facilities)[:, n + o :]
    found = nearest_facilities(network, origins, facilities, kinds, cutoff_m=cutoff_mm / 1000)
    labels = nearest_by_node(network, facilities, kinds, cutoff_m=cutoff_mm / 1000)
    by_pair = {(row.origin_id, row.kind): row for row in found.itertuples()}
    assert len(by_pair) == len(found)
    for column, kind in enumerate(labels.kinds):
        rows = facilities.ids.get_indexer(kinds.loc[kinds["kind"] == kind, "facility_id"])
        least = table[:, rows].min(axis=1)
        for node in range(n):
            inside = least[node] <= cutoff_mm
            assert (labels.key[node, column] < FAR) == inside
            if inside:
                assert labels.key[node, column] >> 32 == least[node]
                assert table[node, labels.facility[node, column]] == least[node]
        for row, name in enumerate(origins.ids):
            answer = by_pair.pop((name, kind), None)
            assert (answer is not None) == (least[n + row] <= cutoff_mm)
            if answer is not None:
                assert round(answer.distance_m * 1000) == least[n + row]
                chosen = facilities.ids.get_loc(answer.facility_id)
                assert chosen in rows
                assert table[n + row, chosen] == least[n + row]
    assert not by_pair
    return len(found)


@settings(max_examples=1200, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 3, 8, 25, 400]))
def test_nearest_is_that_of_brute_force_in_worlds_of_ties_loops_stairs_and_islands(seed, cutoff_mm):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    origins, facilities = on_edges(network, rng, 6, "o"), on_edges(network, rng, 7, "f")
    check_against_brute_force(network, origins, facilities, cutoff_mm)


def walled_town(rng):
    """Draw blocks with walls, gates, one-way stairs, parallel ways and points anywhere."""
    from towns import town  # shares its parameters with the other tests of reach

    city, network, obstacles, _, _ = town(rng, int(rng.integers(2, 5)))
    span = 100.0 * 5

    def attached(count, prefix):
        xy = rng.uniform(-20, span, (count, 2)).round(1)
        on_street = rng.integers(0, network.edge_count, count)
        share = rng.random(count)
        near = [
            line.interpolate(float(part), normalized=True)
            for line, part in zip(network.edge_lines(on_street), share, strict=True)
        ]
        xy[::2] = shapely.get_coordinates(near)[::2] + rng.normal(0, 12, (count, 2))[::2]
        ids = [f"{prefix}{number}" for number in range(count)]
        points = gpd.GeoSeries([Point(p) for p in xy], index=ids, crs=CRS)
        return attach_points(network, points, obstacles, max_entry_m=80.0)

    return city, network, obstacles, attached(8, "o"), attached(9, "f")


@pytest.mark.parametrize("part", range(4))
def test_nearest_is_that_of_brute_force_behind_walls_and_gates(part):
    answers = 0
    for seed in range(25):
        _, network, obstacles, origins, facilities = walled_town(
            np.random.default_rng([part, seed])
        )
        answers += check_against_brute_force(network, origins, facilities, 250_000)
        for points in (origins, facilities):
            check_no_entry_crosses_a_wall(network, obstacles, points)
    assert answers > 200


def check_no_entry_crosses_a_wall(network, obstacles, points):
    """Check the straight way from each point to its place on its edge, drawn anew."""
    rows = np.flatnonzero(points.edge >= 0)
    if not len(rows):
        return
    on = network.edge_lines(points.edge[rows])
    share = points.offset_mm[rows] / network.edge_length_mm[points.edge[rows]]
    place = shapely.line_interpolate_point(on, share, normalized=True)
    start = shapely.points(points.xy_m[rows])
    assert np.abs(shapely.distance(start, place) * 1000 - points.entry_mm[rows]).max() <= 2
    ways = shapely.shortest_line(start, place)
    walls = shapely.union_all(np.asarray(obstacles.lines.geometry))
    # Both ends may touch a wall (a shop in a wall, a street along one); the middle may not.
    inner = [LineString([w.interpolate(0.002), w.interpolate(w.length - 0.002)]) for w in ways]
    long = shapely.length(ways) > 0.01
    assert not (shapely.crosses(np.array(inner, dtype=object), walls) & long).any()


@pytest.mark.real
@pytest.mark.parametrize("place", ["wudaokou/wudaokou.osm", "helsinki/helsinki.osm.pbf"])
def test_no_answer_within_or_beyond_is_wrong_where_snapping_to_nodes_gets_some_wrong(
    place, shared_data
):
    wrong, asked = wrong_answers(shared_data / place, homes=80, limits_m=(300.0, 500.0, 1000.0))
    assert asked > 2_000
    assert wrong["ours"] == 0
    assert wrong["nodes"] / asked > 0.01


def wrong_answers(path, *, homes, limits_m, kinds=10):
    """Count answers "a facility of this kind is within the limit" that an exact search refutes.

    Exact is a search on the split graph with the entries walked; snapping takes both ends to their
    nearest node and walks between the nodes.
    """
    city = read_city([path])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)

    def attach(layer, step):
        frame = city.layer(layer).iloc[::step]
        spots = gpd.GeoSeries(frame.geometry.representative_point(), index=frame.index)
        points = attach_points(network, spots, obstacles, max_entry_m=200.0)
        return points.take(np.flatnonzero(points.edge >= 0))

    count = len(city.layer("buildings"))
    origins, facilities = attach("buildings", max(count // homes, 1)), attach("facilities", 4)
    kind = np.arange(len(facilities)) % kinds
    table = np.full((len(origins), kinds), NEVER, dtype=np.int64)
    graph = split_graph(network, origins, facilities)
    for row in range(len(origins)):
        for spot, far in distances_mm(graph, 0, row).items():
            if isinstance(spot, tuple) and spot[0] == 1:
                of = kind[spot[1]]
                table[row, of] = min(table[row, of], far)
    snapped = snapped_mm(network, origins, facilities, kind, kinds)
    frame = pd.DataFrame({"facility_id": facilities.ids, "kind": [f"k{of:02d}" for of in kind]})
    wrong, asked = {"ours": 0, "nodes": 0}, 0
    for limit in limits_m:
        exact = table <= limit * 1000
        found = nearest_facilities(network, origins, facilities, frame, cutoff_m=limit)
        ours = np.zeros(exact.shape, dtype=bool)
        of = found["kind"].str[1:].astype(int).to_numpy()
        ours[origins.ids.get_indexer(found["origin_id"]), of] = True
        wrong["ours"] += int((ours != exact).sum())
        wrong["nodes"] += int(((snapped <= limit * 1000) != exact).sum())
        asked += exact.size
    return wrong, asked


def snapped_mm(network, origins, facilities, kind, kinds):
    """Millimetres between the nodes nearest to the points, as libraries that snap would say."""
    nodes = replace(
        origins,
        ids=pd.RangeIndex(network.node_count).astype(str),
        edge=np.full(network.node_count, -1, dtype=np.int32),
        offset_mm=np.zeros(network.node_count, dtype=np.int32),
        entry_mm=np.zeros(network.node_count, dtype=np.int32),
    )
    graph = split_graph(network, nodes.take(np.arange(0)))
    tree = shapely.STRtree(shapely.points(network.node_xy_m))
    start = tree.nearest(shapely.points(origins.xy_m))
    goal = tree.nearest(shapely.points(facilities.xy_m))
    table = np.full((len(start), kinds), NEVER, dtype=np.int64)
    for row, node in enumerate(start):
        reach = nx.single_source_dijkstra_path_length(graph, int(node), weight="mm")
        for spot, of in zip(goal, kind, strict=True):
            table[row, of] = min(table[row, of], reach.get(int(spot), NEVER))
    return table
