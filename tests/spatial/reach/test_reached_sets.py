import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from oracle import distances_mm, fastest_ms, split_graph
from towns import towns

from spatial.network.attach import Attachments
from spatial.reach import reached_nodes, reached_points

FEW = settings(max_examples=25, deadline=None, derandomize=True)
CUTOFF_M = 350.0
LIMIT_MM = 350_000


def targets(reached, row):
    low, high = reached.start[row], reached.start[row + 1]
    pairs = list(
        zip(reached.target[low:high].tolist(), reached.cost[low:high].tolist(), strict=True)
    )
    assert len(dict(pairs)) == len(pairs), "a target is listed once"
    return dict(pairs)


@FEW
@given(towns())
def test_nodes_reached_from_places_are_those_of_networkx(drawn):
    _, network, _, origins, _ = drawn
    graph = split_graph(network, origins)
    reached = reached_nodes(network, origins, cutoff_m=CUTOFF_M)
    for row in range(len(origins)):
        costs = distances_mm(graph, 0, row)
        nodes = {k: mm for k, mm in costs.items() if isinstance(k, int) and mm <= LIMIT_MM}
        assert targets(reached, row) == nodes


@FEW
@given(towns())
def test_nodes_reached_from_every_node_are_those_of_networkx(drawn):
    _, network, _, _, _ = drawn
    graph = split_graph(network)
    reached = reached_nodes(network, None, cutoff_m=CUTOFF_M)
    for node in range(network.node_count):
        costs = nx.single_source_dijkstra_path_length(graph, node, cutoff=LIMIT_MM, weight="mm")
        assert targets(reached, node) == costs
    assert reached.counts.sum() == len(reached.target)


@FEW
@given(towns())
def test_points_reached_from_places_are_those_of_networkx(drawn):
    _, network, _, origins, points = drawn
    graph = split_graph(network, origins, points)
    reached = reached_points(network, origins, points, cutoff_m=CUTOFF_M)
    for row in range(len(origins)):
        costs = distances_mm(graph, 0, row)
        near = {k[1]: mm for k, mm in costs.items() if isinstance(k, tuple) and k[0] == 1}
        assert targets(reached, row) == {k: mm for k, mm in near.items() if mm <= LIMIT_MM}


@FEW
@given(towns())
def test_who_reaches_a_place_is_the_same_pairs_turned_round(drawn):
    _, network, _, origins, points = drawn
    for by in ("distance", "time"):
        there = reached_points(network, origins, points, cutoff_m=400, by=by)
        back = reached_points(network, points, origins, cutoff_m=400, by=by, towards=True)
        one = {(o, p): c for o in range(len(origins)) for p, c in targets(there, o).items()}
        two = {(o, p): c for p in range(len(points)) for o, c in targets(back, p).items()}
        assert one == two


@FEW
@given(towns())
def test_points_reached_by_time_take_the_time_of_networkx(drawn):
    _, network, _, origins, points = drawn
    reached = reached_points(network, origins, points, cutoff_m=400, by="time")
    for row in range(len(origins)):
        times = fastest_ms(network, origins, row, points)
        assert targets(reached, row) == {p: ms for p, ms in times.items() if ms <= 400_000}


@FEW
@given(towns())
def test_the_best_way_out_of_a_place_counts_for_nodes_too(drawn):
    _, network, _, origins, _ = drawn
    ids = pd.Index([f"g{row // 3}" for row in range(len(origins))])
    homes = Attachments(
        ids, origins.edge, origins.offset_mm, origins.entry_mm, origins.xy_m, origins.why_not
    )
    each = reached_nodes(network, origins, cutoff_m=CUTOFF_M)
    together = reached_nodes(network, homes, cutoff_m=CUTOFF_M)
    for home in range(len(together.index)):
        best: dict[int, int] = {}
        for row in np.flatnonzero(ids == together.index[home]):
            for node, cost in targets(each, row).items():
                best[node] = min(cost, best.get(node, cost))
        assert targets(together, home) == best
