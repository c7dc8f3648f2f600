"""The arrays that the reach of a city lives in, laid out with room for what may be added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.network import Attachments, WalkNetwork
from spatial.reach.arcs import place_points, points_by_edge
from spatial.reach.kernels import FAR
from spatial.reach.labels import NodeLabels
from spatial.reach.live_network import packed_arcs

__all__ = ["POINT_SETS", "SPARE_POINTS", "lay_out_reach"]

SPARE_NODES: Final = 4096
SPARE_EDGES: Final = 4096
SPARE_ARCS: Final = 65_536
SPARE_POINTS: Final = 1024
SPARE_HOMES: Final = 16_384
POINT_SETS: Final = ("facility", "gate", "home")

Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]


def lay_out_reach(
    network: WalkNetwork,
    labels: NodeLabels,
    points: Mapping[str, Attachments],
    groups: Mapping[str, Ints],
    *,
    place_rank: Ints,
    alive: npt.NDArray[np.bool_],
    paired: npt.NDArray[np.bool_],
    places: int,
    buildings: int,
) -> Arrays:
    """Lay out everything as arrays with room to spare.

    Parameters
    ----------
    network : WalkNetwork
    labels : NodeLabels
        Of the entrances of all facilities.
    points : mapping
        ``facility`` (entrances), ``gate`` and ``home``.
    groups : mapping
        ``gate``: row of the neighbourhood, -1 for none; ``home``: row of the building.
    place_rank : array of int, shape (f,)
        Place of each entrance's facility among the facility ids.
    alive : array of bool, shape (k, f)
        Which entrance is of which kind that is checked.
    paired : array of bool, shape (f,)
        Which entrance is of any kind at all.
    places, buildings : int
        Number of neighbourhoods and of buildings.
    """
    span, arc, arc_edge = packed_arcs(network)
    counts = [network.node_count, network.edge_count, len(arc)]
    arrays: Arrays = {
        "span": _roomy(span, SPARE_NODES),
        "arc": _roomy(arc, SPARE_ARCS),
        "arc_edge": _roomy(arc_edge, SPARE_ARCS),
        "edge_from": _roomy(network.edge_from, SPARE_EDGES),
        "edge_to": _roomy(network.edge_to, SPARE_EDGES),
        "edge_length_mm": _roomy(network.edge_length_mm, SPARE_EDGES),
        "edge_time_ms": _roomy(network.edge_time_ms, SPARE_EDGES),
        "label": _roomy_rows(labels.key.T, SPARE_NODES, FAR),
        "owner": _roomy_rows(labels.facility.T, SPARE_NODES, -1),
        "alive": _roomy_rows(alive, SPARE_POINTS, fill=False),
        "paired": _roomy(paired, SPARE_POINTS, fill=False),
        "rank": _roomy(labels.rank.astype(np.float64), SPARE_POINTS),
        "place_rank": _roomy(place_rank.astype(np.float64), SPARE_POINTS),
    }
    for name in POINT_SETS:
        placed = place_points(network, points[name])
        on_edges = points_by_edge(points[name].edge, network.edge_count)
        counts.append(len(placed.edge))
        spare = SPARE_HOMES if name == "home" else SPARE_POINTS
        arrays |= {
            f"{name}_edge": _roomy(placed.edge, spare, -1),
            f"{name}_offset_mm": _roomy(placed.offset_mm, spare),
            f"{name}_entry_key": _roomy(placed.entry_key, spare),
            f"{name}_start": on_edges.start,
            f"{name}_order": on_edges.order,
            **_near_nodes(name, network, points[name].edge, groups.get(name)),
        }
    gate_group = groups["gate"].astype(np.int32)
    arrays |= {
        "gate_group": _roomy(gate_group, SPARE_POINTS, -1),
        "home_group": _roomy(groups["home"].astype(np.int32), SPARE_HOMES, -1),
        **_by_group("gates_of", gate_group, places),
        **_by_group("homes_of", groups["home"], buildings),
        "counts": np.array(counts, dtype=np.int64),
    }
    return arrays


def _near_nodes(
    name: str, network: WalkNetwork, edge: Ints, group: npt.NDArray[Any] | None
) -> Arrays:
    """Gather the groups (or rows) of the points on the edges that meet at each node."""
    member = np.arange(len(edge)) if group is None else np.asarray(group)
    on = np.flatnonzero((edge >= 0) & (member >= 0))
    node = np.concatenate([network.edge_from[edge[on]], network.edge_to[edge[on]]]).astype(np.int64)
    both = np.concatenate([member[on], member[on]]).astype(np.int64)
    width = int(both.max(initial=0)) + 1
    code = np.unique(node * width + both)
    count = np.bincount(code // width, minlength=network.node_count)
    return {
        f"{name}_near_start": np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
        f"{name}_near": (code % width).astype(np.int32),
        f"{name}_meets": _roomy(count > 0, SPARE_NODES, fill=False),
    }


def _by_group(name: str, group: Ints, groups: int) -> Arrays:
    order = np.argsort(group, kind="stable")
    order = order[np.searchsorted(group[order], 0) :]
    count = np.bincount(group[order], minlength=groups)
    return {
        f"{name}_start": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        f"{name}_order": order.astype(np.int64),
    }


def _roomy(values: npt.NDArray[Any], spare: int, fill: Any = 0) -> npt.NDArray[Any]:
    out = np.full((len(values) + spare, *values.shape[1:]), fill, dtype=values.dtype)
    out[: len(values)] = values
    return out


def _roomy_rows(values: npt.NDArray[Any], spare: int, fill: Any) -> npt.NDArray[Any]:
    out = np.full((values.shape[0], values.shape[1] + spare), fill, dtype=values.dtype)
    out[:, : values.shape[1]] = values
    return out
