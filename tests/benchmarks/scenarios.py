"""One facility added or closed on a large network, everything that follows read again."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from tests.benchmarks.inputs import network
from tests.benchmarks.measure import Measured, Meter, report
from tests.benchmarks.nearest import CUTOFF_M, KINDS, at_nodes, facilities_of_kinds, places_of_kinds

PLACES = 10_000
HOMES = 300_000
ASKED = 600
CHECKED = 6
LINKS = 40
NAME, DENSE = "what-if facility", "what-if facility, dense"


class Op(NamedTuple):
    """A facility of a kind that closes (`at` is its number) or opens (`at` is a node)."""

    kind: int
    closes: bool
    at: int


def operations(net, places) -> list[Op]:
    rng = np.random.default_rng(31)
    leave = np.flatnonzero(np.diff(net.arc_start) > 0)
    found = []
    for number in range(ASKED):
        kind, closes = int(rng.integers(KINDS)), number % 2 == 0
        at = rng.integers(len(places[kind])) if closes else rng.choice(leave)
        found.append(Op(kind, closes, int(at)))
    return found


def live_reach(net, places):
    """Labels of 30 kinds, 10,000 neighbourhoods with a gate each, 300,000 buildings."""
    from spatial.reach import nearest_by_node
    from spatial.scenarios.live import LiveReach
    from spatial.scenarios.live_arrays import lay_out_reach

    facilities, kinds = facilities_of_kinds(net, places)
    labels = nearest_by_node(net, facilities, kinds, cutoff_m=CUTOFF_M)
    rng = np.random.default_rng(3)
    leave = np.flatnonzero(np.diff(net.arc_start) > 0)
    gates = at_nodes(net, np.sort(rng.choice(leave, PLACES)), "g")
    edge = np.sort(rng.integers(0, net.edge_count, HOMES)).astype(np.int32)
    homes = replace(
        gates,
        ids=pd.Index([f"b{number:06d}" for number in range(HOMES)]),
        edge=edge,
        offset_mm=(rng.random(HOMES) * net.edge_length_mm[edge]).astype(np.int32),
        entry_mm=rng.integers(0, 60_000, HOMES).astype(np.int32),
        xy_m=np.zeros((HOMES, 2)),
        why_not=np.full(HOMES, "", dtype=object),
    )
    alive = np.zeros((KINDS, len(facilities)), dtype=bool)
    alive[np.repeat(np.arange(KINDS), [len(p) for p in places]), np.arange(len(facilities))] = True
    arrays = lay_out_reach(
        net,
        labels,
        {"facility": facilities, "gate": gates, "home": homes},
        {"gate": np.arange(PLACES), "home": np.arange(HOMES)},
        place_rank=labels.rank,
        alive=alive,
        paired=alive.any(axis=0),
        places=PLACES,
        buildings=HOMES,
    )
    return LiveReach(arrays, search_m=CUTOFF_M, home_m=CUTOFF_M)


def facility_ours(size: str, *, dense: bool = False) -> None:
    """Change, mend the labels, read every neighbourhood and building again, change back.

    "Labels alone" is what the peer does too: it reads no neighbourhood and no building.
    """
    net = network(size)
    places = places_of_kinds(net, dense=dense)
    live = live_reach(net, places)
    first = np.concatenate([[0], np.cumsum([len(p) for p in places])])
    taken, answers = [], []
    for number, op in enumerate([*operations(net, places)[:8], *operations(net, places)]):
        place = _place(net, op.at) if not op.closes else (0, 0, 0)
        begun = time.process_time_ns()
        if op.closes:
            live.close_facility(int(first[op.kind]) + op.at)
        else:
            live.add_facility(place, [op.kind], rank=-0.5, place_rank=-0.5)
        touched = live.mend()
        mended = time.process_time_ns()
        live.nearest_of_places({kind: asked.places for kind, asked in touched.items()})
        live.nearest_of_homes({kind: asked.homes for kind, asked in touched.items()})
        middle = time.process_time_ns()
        if 8 <= number < 8 + CHECKED:
            key = live.label[op.kind, : net.node_count]
            answers.append(_short(np.where(key < 2**62, key >> 32, -1)))
        again = time.process_time_ns()
        live.undo()
        undone = time.process_time_ns() - again
        taken.append((middle - begun + undone, mended - begun + undone))
    cpu_s, labels_s = np.array(taken[8:]).T / 1e9
    meter, name = Meter(), DENSE if dense else NAME
    meter.parts[name] = _measured(np.median(cpu_s))
    meter.parts[f"{name}: p99"] = _measured(np.quantile(cpu_s, 0.99))
    meter.parts[f"{name}: labels alone"] = _measured(np.median(labels_s))
    report(meter, answers)


def facility_scipy(size: str, *, dense: bool = False) -> None:
    """Search the whole kind again."""
    from scipy.sparse import csgraph

    net = network(size)
    places = places_of_kinds(net, dense=dense)
    graph = _graph(net)
    taken, answers = [], []
    for op in operations(net, places)[:CHECKED]:
        nodes = places[op.kind]
        nodes = np.delete(nodes, op.at) if op.closes else np.append(nodes, op.at)
        begun = time.process_time_ns()
        far, _, _ = csgraph.dijkstra(
            graph, indices=nodes, min_only=True, limit=CUTOFF_M * 1000.0, return_predecessors=True
        )
        taken.append(time.process_time_ns() - begun)
        answers.append(_short(np.where(np.isfinite(far), far, -1)))
    meter = Meter()
    meter.parts[DENSE if dense else NAME] = _measured(np.median(taken) / 1e9)
    report(meter, answers)


def link_ours(size: str) -> None:
    """Build a link between two streets, mend all 30 kinds, read again, change back."""
    from shapely import LineString

    from spatial.network.edits import Editor
    from spatial.network.grid import edge_grid

    net = network(size)
    live = live_reach(net, places_of_kinds(net, dense=False))
    grid, rng = edge_grid(net), np.random.default_rng(5)
    taken = []
    for _ in range(LINKS + 3):
        x, y = net.node_xy_m[rng.integers(net.node_count)]
        begun = time.process_time_ns()
        editor = Editor(net, grid)
        shape = LineString([(x - 150, y + 11), (x + 150, y - 7)])
        rows, lines = editor.streets_near(shape, 1.0)
        if len(rows) < 2:
            continue
        ends = [editor.node_at(int(rows[i]), float(lines[i].length / 3)) for i in (0, -1)]
        if ends[0] == ends[1]:
            continue
        editor.link(ends[0], ends[1], LineString([editor.node_xy(node) for node in ends]))
        live.apply_patch(editor.patch())
        for kind, asked in live.mend().items():
            live.nearest_of_places({kind: asked.places})
            live.nearest_of_homes({kind: asked.homes})
        live.undo()
        taken.append((time.process_time_ns() - begun) / 1e9)
    meter = Meter()
    meter.parts["what-if link"] = _measured(np.median(taken[3:]))
    meter.parts["what-if link: slowest"] = _measured(np.max(taken[3:]))
    report(meter, [])


def _place(net, node: int) -> tuple[int, int, int]:
    one = at_nodes(net, np.array([node]), "n")
    return int(one.edge[0]), int(one.offset_mm[0]), 0


def _graph(net):
    from scipy import sparse

    tail = np.repeat(np.arange(net.node_count), np.diff(net.arc_start))
    order = np.lexsort((net.arc_length_mm, tail, net.arc_head))  # against the walk
    rows, columns = net.arc_head[order], tail[order]
    first = np.ones(len(rows), dtype=bool)  # of parallel arcs the shortest
    first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    first &= rows != columns
    mm = net.arc_length_mm[order].astype(float)[first]
    shape = (net.node_count, net.node_count)
    return sparse.csr_array((mm, (rows[first], columns[first])), shape=shape)


def _short(mm: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(mm, dtype=np.int64).tobytes()).hexdigest()


def _measured(cpu_s: float) -> Measured:
    return Measured(float(cpu_s), float(cpu_s), 0.0)


__all__ = ["DENSE", "NAME", "facility_ours", "facility_scipy", "link_ours"]
