"""An independent answer: networkx on the same edges, with every point split into them."""

from itertools import pairwise

import networkx as nx
import numpy as np


def split_graph(network, *attachments):
    """Make a directed graph of millimetres in which each edge is split at its points.

    A point is the node ``(number of its attachments, row)``; its entry is an edge of its own.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(network.node_count))
    on_edge = {}
    for number, points in enumerate(attachments):
        for row in range(len(points)):
            graph.add_node((number, row))
            if points.edge[row] >= 0:
                on_edge.setdefault(int(points.edge[row]), []).append(
                    (int(points.offset_mm[row]), number, row)
                )
                place = ("on", number, row)
                _shorter(graph, (number, row), place, int(points.entry_mm[row]))
                _shorter(graph, place, (number, row), int(points.entry_mm[row]))
    for edge in range(network.edge_count):
        length = int(network.edge_length_mm[edge])
        stops = [(0, int(network.edge_from[edge]))]
        stops += [(offset, ("on", n, row)) for offset, n, row in sorted(on_edge.get(edge, []))]
        stops.append((length, int(network.edge_to[edge])))
        along, against = (network.edge_time_ms[edge] >= 0).tolist()
        for (low, first), (high, second) in pairwise(stops):
            one_place = high == low and isinstance(first, tuple) and isinstance(second, tuple)
            if along or one_place:
                _shorter(graph, first, second, high - low)
            if against or one_place:
                _shorter(graph, second, first, high - low)
    return graph


def _shorter(graph, first, second, length):
    if not graph.has_edge(first, second) or graph.edges[first, second]["mm"] > length:
        graph.add_edge(first, second, mm=length)


def distances_mm(graph, number, row):
    """Millimetres from one point to everything that it reaches."""
    return nx.single_source_dijkstra_path_length(graph, (number, row), weight="mm")


def fastest_ms(network, origins, row, targets):  # noqa: C901, PLR0912
    """Milliseconds from one point to each target: part, whole edges, part (star of each point)."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.node_count))
    for edge in range(network.edge_count):
        tail, head = int(network.edge_from[edge]), int(network.edge_to[edge])
        along, against = network.edge_time_ms[edge].tolist()
        if along >= 0:
            graph.add_edge(tail, head, ms=along)
        if against >= 0:
            graph.add_edge(head, tail, ms=against)

    def part(edge, direction, mm):
        whole = int(network.edge_time_ms[edge, direction])
        length = int(network.edge_length_mm[edge])
        return (2 * whole * mm + length) // (2 * length) if whole >= 0 else None

    def entry(points, at):
        return round(int(points.entry_mm[at]) / network.speed_m_per_s)

    edge = int(origins.edge[row])
    if edge < 0:
        return {}
    offset, length = int(origins.offset_mm[row]), int(network.edge_length_mm[edge])
    ends = {int(network.edge_from[edge]): [part(edge, 1, offset)]}
    ends.setdefault(int(network.edge_to[edge]), []).append(part(edge, 0, length - offset))
    best = {}
    for node, costs in ends.items():
        cheapest = min((cost for cost in costs if cost is not None), default=None)
        if cheapest is not None:
            reached = nx.single_source_dijkstra_path_length(graph, node, weight="ms")
            for other, ms in reached.items():
                best[other] = min(best.get(other, np.inf), ms + cheapest)
    answers = {}
    for at in range(len(targets)):
        goal = int(targets.edge[at])
        if goal < 0:
            continue
        place, size = int(targets.offset_mm[at]), int(network.edge_length_mm[goal])
        ways = []
        for node, direction, mm in (
            (int(network.edge_from[goal]), 0, place),
            (int(network.edge_to[goal]), 1, size - place),
        ):
            last = part(goal, direction, mm)
            if last is not None and node in best:
                ways.append(best[node] + last)
        if goal == edge:
            ways += [part(edge, 0, place - offset)] if place >= offset else []
            ways += [part(edge, 1, offset - place)] if place <= offset else []
        ways = [way for way in ways if way is not None]
        if ways:
            answers[at] = min(ways) + entry(origins, row) + entry(targets, at)
    return answers
