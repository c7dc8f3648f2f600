"""Nearest facility of 30 kinds from every node, and from buildings on their edges."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from tests.benchmarks.foreign import in_peer, report_as
from tests.benchmarks.inputs import network
from tests.benchmarks.measure import Measured, Meter, report

KINDS = 30
CUTOFF_M = 1080.0
BUILDINGS = 300_000
ROUNDS = 5
SHORT_S = 0.1
MOST_RUNS = 200
SPARSE, DENSE = "nearest nodes", "nearest nodes, dense"


def at_nodes(net, nodes: np.ndarray, prefix: str):
    """Points that stand on nodes: at the end of an edge by which one may leave."""
    from spatial.network import Attachments

    arc = net.arc_start[nodes]
    edge = net.arc_edge[arc]
    at_tail = net.edge_from[edge] == nodes
    return Attachments(
        ids=pd.Index([f"{prefix}{number:07d}" for number in range(len(nodes))]),
        edge=edge.astype(np.int32),
        offset_mm=np.where(at_tail, 0, net.edge_length_mm[edge]).astype(np.int32),
        entry_mm=np.zeros(len(nodes), dtype=np.int32),
        xy_m=net.node_xy_m[nodes],
        why_not=np.full(len(nodes), "", dtype=object),
    )


def places_of_kinds(net, *, dense: bool) -> list[np.ndarray]:
    """Nodes with a facility of each kind: 50 to 500 of a kind, or 0.05 to 0.5 % of the nodes."""
    rng = np.random.default_rng(20_180_807)
    leave = np.flatnonzero(np.diff(net.arc_start) > 0)
    low, high = (len(leave) // 2000, len(leave) // 200) if dense else (50, 500)
    return [rng.choice(leave, rng.integers(low, high + 1), replace=False) for _ in range(KINDS)]


def facilities_of_kinds(net, places: list[np.ndarray]):
    facilities = at_nodes(net, np.concatenate(places), "f")
    names = np.repeat([f"kind {number:02d}" for number in range(KINDS)], [len(p) for p in places])
    return facilities, pd.DataFrame({"facility_id": facilities.ids, "kind": names})


def middle(run: Callable[[], object]) -> tuple[Measured, object]:
    """Run once to load and compile, then some rounds; the median of these and the last answer.

    A round of a work of milliseconds is many runs and their mean, on either side, as timeit does:
    a single run after the garbage was collected measures the processor's cold memory.
    """
    answer = run()
    meter = Meter()
    meter.start("one")
    answer = run()
    meter.stop()
    runs = int(np.clip(SHORT_S / max(meter.parts["one"].cpu_s, 1e-9), 1, MOST_RUNS))
    rounds = []
    for _ in range(ROUNDS):
        del answer
        gc.collect()
        meter = Meter()
        meter.start("one")
        for _ in range(runs):
            answer = run()
        meter.stop()
        rounds.append(meter.parts["one"])
    cpu, wall = (
        median(getattr(one, field) for one in rounds) / runs for field in ("cpu_s", "wall_s")
    )
    return Measured(cpu, wall, max(one.peak_mib for one in rounds)), answer


def short(mm: np.ndarray) -> str:
    """Name of a table of millimetres, -1 where there is none."""
    return hashlib.sha256(np.ascontiguousarray(mm, dtype=np.int64).tobytes()).hexdigest()


def nodes_ours(name: str, *, dense: bool) -> Callable[[str], None]:
    """Distance and facility of each kind from every node."""

    def side(size: str) -> None:
        from spatial.reach import nearest_by_node

        net = network(size)
        facilities, kinds = facilities_of_kinds(net, places_of_kinds(net, dense=dense))

        def run():
            return nearest_by_node(net, facilities, kinds, cutoff_m=CUTOFF_M)

        measured, labels = middle(run)
        report_as(name, measured, short(np.where(labels.facility >= 0, labels.key >> 32, -1)))

    return side


def nodes_scipy(name: str, *, dense: bool) -> Callable[[str], None]:
    """The same with scipy, one search per kind; its graph is made beforehand."""

    def side(size: str) -> None:
        from scipy import sparse
        from scipy.sparse import csgraph

        net = network(size)
        places = places_of_kinds(net, dense=dense)
        tail = np.repeat(np.arange(net.node_count), np.diff(net.arc_start))
        order = np.lexsort((net.arc_length_mm, tail, net.arc_head))  # against the walk
        rows, columns = net.arc_head[order], tail[order]
        first = np.ones(len(rows), dtype=bool)  # of parallel arcs the shortest
        first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
        first &= rows != columns
        mm = net.arc_length_mm[order].astype(float)[first]
        shape = (net.node_count, net.node_count)
        graph = sparse.csr_array((mm, (rows[first], columns[first])), shape=shape)

        def run():
            found = []
            for nodes in places:
                far, _, source = csgraph.dijkstra(
                    graph, indices=nodes, min_only=True, limit=CUTOFF_M * 1000.0,
                    return_predecessors=True,
                )  # fmt: skip
                found.append((far, source))
            return found

        measured, found = middle(run)
        far = np.column_stack([far for far, _ in found])
        report_as(name, measured, short(np.where(np.isfinite(far), far, -1)))

    return side


def nodes_pandana(name: str, *, dense: bool) -> Callable[[str], None]:
    """The same with pandana; its contraction hierarchy is built beforehand and not measured."""

    def side(size: str) -> None:
        net = network(size)
        places = places_of_kinds(net, dense=dense)
        measured, found = in_peer(
            Path(__file__).with_name("pandana_nearest.py"),
            {
                "nodes": np.array(net.node_count),
                "limit_mm": np.array(CUTOFF_M * 1000.0),
                "tail": np.repeat(np.arange(net.node_count), np.diff(net.arc_start)),
                "head": net.arc_head.astype(np.int64),
                "mm": net.arc_length_mm.astype(np.int64),
                "node": np.concatenate(places),
                "start": np.concatenate([[0], np.cumsum([len(nodes) for nodes in places])]),
            },
        )
        report_as(name, measured, short(found["mm"]))

    return side


def fold(size: str) -> None:
    """Prepare a network for the search, which is done once and kept with it."""
    from dataclasses import replace

    from spatial.reach.lane_network import lane_network

    net = network(size)
    measured, _ = middle(lambda: lane_network(replace(net)))
    report_as("fold network", measured, None)


def attach(size: str) -> None:
    """The search from every node, then the same for buildings on edges, as a table and a frame."""
    from spatial.network import Attachments
    from spatial.reach import nearest_by_node, nearest_table

    net = network(size)
    facilities, kinds = facilities_of_kinds(net, places_of_kinds(net, dense=False))
    rng = np.random.default_rng(7)
    # As buildings are numbered: along the map, not at random.
    edge = np.sort(rng.integers(0, net.edge_count, BUILDINGS)).astype(np.int32)
    buildings = Attachments(
        ids=pd.Index([f"b{number:06d}" for number in range(BUILDINGS)]),
        edge=edge,
        offset_mm=(rng.random(BUILDINGS) * net.edge_length_mm[edge]).astype(np.int32),
        entry_mm=rng.integers(0, 60_000, BUILDINGS).astype(np.int32),
        xy_m=np.zeros((BUILDINGS, 2)),
        why_not=np.full(BUILDINGS, "", dtype=object),
    )
    meter = Meter()
    nodes, _ = middle(lambda: nearest_by_node(net, facilities, kinds, cutoff_m=CUTOFF_M))
    table, found = middle(
        lambda: nearest_table(net, buildings, facilities, kinds, cutoff_m=CUTOFF_M)
    )
    began = time.process_time(), time.perf_counter()
    frame = found.frame()
    taken = time.process_time() - began[0], time.perf_counter() - began[1]
    meter.parts["attach buildings: nodes only"] = nodes
    meter.parts["attach buildings: table"] = table
    meter.parts["attach buildings: long frame"] = Measured(*taken, table.peak_mib)
    report(meter, [len(frame)])
