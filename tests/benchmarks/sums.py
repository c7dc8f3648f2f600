"""Sums within a walk from every node, reached sets, and 2SFCA; each against its named peers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.foreign import in_peer, report_as
from tests.benchmarks.inputs import network
from tests.benchmarks.nearest import CUTOFF_M, at_nodes, middle, short

SUMS, AGAIN, REACHED, FCA = "sums", "sums again", "reached nodes", "2sfca"
LAID = "lay points"
SOURCES, SUPPLIES = 1000, 300
DIGITS = 9
"""Of the access that are compared."""


def inputs(net) -> dict[str, np.ndarray]:
    """Weights at every node, and nodes with a supply, drawn once and for all."""
    rng = np.random.default_rng(20_031_120)
    leave = np.flatnonzero(np.diff(net.arc_start) > 0)
    return {
        "weight": rng.integers(1, 60, net.node_count).astype(float),
        "sources": np.sort(rng.choice(leave, SOURCES, replace=False)),
        "supplies": np.sort(rng.choice(leave, SUPPLIES, replace=False)),
        "seats": rng.integers(20, 400, SUPPLIES).astype(float),
    }


def homes(net):
    """Every node that can be left, as a point with its weight."""
    nodes = np.flatnonzero(np.diff(net.arc_start) > 0)
    return nodes, at_nodes(net, nodes, "n")


def sums_ours(name: str) -> Callable[[str], None]:
    """Sum of one column from every node; the first time laying out is measured too, again not."""

    def side(size: str) -> None:
        from spatial.reach import lay_points, lay_streets, weighted_sums

        net = network(size)
        nodes, points = homes(net)
        weights = pd.DataFrame({"w": inputs(net)["weight"][nodes]}, index=points.ids)
        ready, every, ends = net, None, points
        if name == AGAIN:
            ready = lay_streets(net)
            every, ends = lay_points(ready, None), lay_points(ready, points)
        measured, sums = middle(
            lambda: weighted_sums(ready, every, ends, weights, cutoff_m=CUTOFF_M)
        )
        report_as(name, measured, short(np.rint(sums["w"].to_numpy())))

    return side


def _pandana(net, work: str, given: dict[str, np.ndarray]):
    arrays = {
        "work": np.array(work),
        "nodes": np.array(net.node_count),
        "limit_mm": np.array(CUTOFF_M * 1000.0),
        "tail": np.repeat(np.arange(net.node_count), np.diff(net.arc_start)),
        "head": net.arc_head.astype(np.int64),
        "mm": net.arc_length_mm.astype(np.int64),
        "weight": given["weight"],
        "sources": given["supplies"] if work == "2sfca" else given["sources"],
        "seats": given["seats"],
    }
    measured, found = in_peer(Path(__file__).with_name("pandana_sums.py"), arrays)
    return measured, found["answer"]


def sums_pandana(name: str) -> Callable[[str], None]:
    """The same with pandana, its network built beforehand; again: after its `precompute`."""

    def side(size: str) -> None:
        net = network(size)
        measured, sums = _pandana(net, "again" if name == AGAIN else "sums", inputs(net))
        report_as(name, measured, short(np.rint(sums)))

    return side


def reached_ours(size: str) -> None:
    """Nodes reached from each of 1,000 nodes, with their distances."""
    from spatial.reach import lay_points, lay_streets, reached_nodes

    net = network(size)
    streets = lay_streets(net)
    sources = lay_points(streets, at_nodes(net, inputs(net)["sources"], "s"))
    measured, found = middle(lambda: reached_nodes(streets, sources, cutoff_m=CUTOFF_M))
    report_as(REACHED, measured, short(np.diff(found.start)))


def reached_pandana(size: str) -> None:
    """The same with pandana."""
    net = network(size)
    measured, counts = _pandana(net, "reached", inputs(net))
    report_as(REACHED, measured, short(counts))


def reached_networkx(size: str) -> None:
    """The same with networkx, its graph made beforehand."""
    import networkx as nx

    net = network(size)
    tail = np.repeat(np.arange(net.node_count), np.diff(net.arc_start))
    graph = nx.DiGraph()
    graph.add_nodes_from(range(net.node_count))
    order = np.argsort(-net.arc_length_mm, kind="stable")  # of parallel arcs the shortest stays
    graph.add_weighted_edges_from(
        zip(
            tail[order].tolist(),
            net.arc_head[order].tolist(),
            net.arc_length_mm[order].tolist(),
            strict=True,
        )
    )
    sources, limit = inputs(net)["sources"].tolist(), CUTOFF_M * 1000

    def run():
        return [nx.single_source_dijkstra_path_length(graph, s, cutoff=limit) for s in sources]

    measured, found = middle(run)
    report_as(REACHED, measured, short(np.array([len(one) for one in found])))


def fca_ours(name: str, *, digits: int = DIGITS) -> Callable[[str], None]:
    """2SFCA of 300 supplies for every node, no table made; points laid out beforehand."""

    def side(size: str) -> None:
        from spatial.gaps import access_on_network
        from spatial.reach import lay_points, lay_streets

        net = network(size)
        given, streets = inputs(net), lay_streets(net)
        nodes, points = homes(net)
        supplies = at_nodes(net, given["supplies"], "s")
        demand = pd.Series(given["weight"][nodes], index=points.ids)
        supply = pd.Series(given["seats"], index=supplies.ids)
        people, places = lay_points(streets, points), lay_points(streets, supplies)
        measured, found = middle(
            lambda: access_on_network(streets, people, demand, places, supply, cutoff_m=CUTOFF_M)
        )
        access = np.zeros(net.node_count)
        access[nodes] = found.access.to_numpy()
        report_as(name, measured, _fca_answer(access, given, digits))

    return side


def _fca_answer(access: np.ndarray, given: dict[str, np.ndarray], digits: int):
    if digits:
        return short(np.rint(access * 10.0**digits))
    return [round(float(access @ given["weight"]))]  # what is handed out in all


def laid_ours(size: str) -> None:
    """Lay every node out as a point, once for many calls."""
    from spatial.reach import lay_points, lay_streets

    net = network(size)
    streets, (_, points) = lay_streets(net), homes(net)

    def run():
        laid = lay_points(streets, points)
        return laid.homes_beside, laid.ends

    measured, ((_, stands), _) = middle(run)
    report_as(LAID, measured, [len(stands.row)])


def fca_pandana(size: str) -> None:
    """The same with two sums of pandana over the whole city (its floats are short)."""
    net = network(size)
    given = inputs(net)
    measured, access = _pandana(net, "2sfca", given)
    report_as(FCA, measured, _fca_answer(access, given, 0))


def fca_scipy(size: str) -> None:
    """The same with one search of scipy for all supplies."""
    from scipy.sparse import csgraph

    net = network(size)
    given, graph, limit = inputs(net), _graph(net), CUTOFF_M * 1000.0

    def run():
        far = csgraph.dijkstra(graph, indices=given["supplies"], limit=limit)
        near = np.isfinite(far)
        ratio = given["seats"] / (near @ given["weight"])
        return ratio @ near

    measured, access = middle(run)
    report_as(FCA, measured, _fca_answer(access, given, DIGITS))


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


def _travel(net, given: dict[str, np.ndarray]) -> pd.DataFrame:
    """Travel table of the two that are given it: node, supply node, metres."""
    from spatial.reach import reached_nodes

    supplies = at_nodes(net, given["supplies"], "s")
    found = reached_nodes(net, supplies, cutoff_m=CUTOFF_M)
    return pd.DataFrame(
        {
            "demand_id": found.target.astype(np.int64),
            "supply_id": np.repeat(given["supplies"], np.diff(found.start)),
            "distance_m": found.distance_m,
        }
    )


TABLE = "2sfca of a table"


def table_ours(size: str) -> None:
    """2SFCA of a travel table that is given."""
    from spatial.gaps import two_step

    net = network(size)
    given = inputs(net)
    travel = _travel(net, given)
    demand = pd.Series(given["weight"])
    supply = pd.Series(given["seats"], index=given["supplies"])
    measured, found = middle(lambda: two_step(travel, demand, supply, limit=CUTOFF_M))
    report_as(TABLE, measured, _fca_answer(found.access.to_numpy(), given, DIGITS))


def table_access(size: str) -> None:
    """The same with the package `access`."""
    net = network(size)
    given = inputs(net)
    travel = _travel(net, given)
    measured, found = in_peer(
        Path(__file__).with_name("access_2sfca.py"),
        {
            "row": travel["demand_id"].to_numpy(),
            "column": travel["supply_id"].to_numpy(),
            "cost": travel["distance_m"].to_numpy(),
            "weight": given["weight"],
            "seats": given["seats"],
            "sources": given["supplies"],
            "limit_m": np.array(CUTOFF_M),
        },
    )
    report_as(TABLE, measured, _fca_answer(found["answer"], given, DIGITS))


ALL = (
    (SUMS, sums_ours(SUMS), sums_pandana(SUMS), "pandana"),
    (AGAIN, sums_ours(AGAIN), sums_pandana(AGAIN), "pandana"),
    (REACHED + " (pandana)", reached_ours, reached_pandana, "pandana"),
    (REACHED + " (networkx)", reached_ours, reached_networkx, "networkx"),
    (FCA + " (scipy)", fca_ours(FCA), fca_scipy, "scipy"),
    (FCA + " (pandana)", fca_ours(FCA, digits=0), fca_pandana, "pandana"),
    (TABLE, table_ours, table_access, "access"),
    (LAID, laid_ours, None, ""),
)
"""Name, ours, peer, and the peer's package."""
