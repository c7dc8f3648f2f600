"""Instances of the literature, as the tests and the benchmarks read them."""

import csv

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra


def pmed_instance(shared_data, number):
    """Shortest paths between all nodes of an OR-Library instance, and its p."""
    text = (shared_data / "bench" / "pmed" / f"pmed{number}.txt").read_text()
    values = np.array(text.split(), dtype=np.int64)
    n, edges, p = values[:3].tolist()
    return shortest_paths(n, values[3 : 3 + 3 * edges].reshape(-1, 3) - [1, 1, 0]), p


def shortest_paths(n, edges):
    """Walk between all nodes; of an edge that occurs twice, the last line counts."""
    length = {(min(a, b), max(a, b)): mm for a, b, mm in edges.tolist()}
    ends = np.array(list(length))
    graph = csr_array((np.array(list(length.values()), float), ends.T), shape=(n, n))
    return np.rint(dijkstra(graph, directed=False)).astype(np.int64)


def pmed_optima(shared_data):
    """Optimum of each supplied instance."""
    with (shared_data / "bench" / "pmed" / "optima.csv").open() as file:
        return {int(r["instance"][4:]): int(r["optimum"]) for r in csv.DictReader(file)}
