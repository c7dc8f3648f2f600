"""Junctions of data that was drawn without them: crossings and touching ends become nodes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from spatial.errors import StandardsError
from spatial.network.strands import Strands, insert_points, join_nodes

__all__ = ["has_junctions", "with_crossings"]

Ints = npt.NDArray[np.int64]


def has_junctions(strands: Strands) -> bool:
    """Whether the data brings its own junctions.

    OpenStreetMap shares vertices in the middle of streets; a network split at its junctions
    has more ends that meet three at a time than streets that cross without a vertex.
    """
    tip = strands.is_first() | strands.is_last()
    count = np.bincount(strands.node)
    if (count[strands.node[~tip]] > 1).any():
        return True
    junctions = int((np.bincount(strands.node[tip]) > 2).sum())
    return junctions > len(_bare_crossings(strands, np.zeros(strands.count, dtype=np.int64))[0])


def with_crossings(strands: Strands, layer: Ints, choice: str) -> tuple[Strands, int]:
    """Join streets of one layer where they cross or touch without a shared vertex.

    Parameters
    ----------
    strands : Strands
    layer : array of int, shape (s,)
    choice : {"auto", "always", "never"}
        ``auto`` joins only data that brings no junctions of its own.

    Returns
    -------
    Strands, int
        The joined streets and the number of junctions made.
    """
    if choice not in {"auto", "always", "never"}:
        raise StandardsError(
            f"`walking.node_crossings` is {choice!r}; use auto, always or never.",
            zh=f"walking.node_crossings 为 {choice!r};请用 auto、always 或 never。",
        )
    if choice == "never" or not strands.count or (choice == "auto" and has_junctions(strands)):
        return strands, 0
    first, second, place = _bare_crossings(strands, layer)
    if not len(first):
        return strands, 0
    lines = strands.lines()
    both = np.concatenate([first, second])
    along = shapely.line_locate_point(lines[both], np.concatenate([place, place]))
    strands, vertex = insert_points(strands, both, along)
    made = len(np.unique(strands.node[vertex[: len(first)]]))
    return join_nodes(strands, vertex[: len(first)], vertex[len(first) :]), made


def _bare_crossings(strands: Strands, layer: Ints) -> tuple[Ints, Ints, npt.NDArray[np.object_]]:
    """Pairs of streets and the points where they meet without sharing a node."""
    lines = strands.lines()
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    once = (first < second) & (layer[first] == layer[second])
    first, second = first[once], second[once]
    meets = shapely.intersection(lines[first], lines[second])
    place, pair = shapely.get_parts(meets, return_index=True)
    inner, again = shapely.get_parts(place, return_index=True)
    point = shapely.get_dimensions(inner) == 0
    place, pair = inner[point], pair[again][point]
    first, second = first[pair], second[pair]
    shared = _is_shared(strands, first, second, place)
    return first[~shared], second[~shared], place[~shared]


def _is_shared(
    strands: Strands, first: Ints, second: Ints, place: npt.NDArray[np.object_]
) -> npt.NDArray[np.bool_]:
    """Whether both streets already have one node at the place."""
    if not len(place):
        return np.empty(0, dtype=bool)
    tree = shapely.STRtree(shapely.points(strands.xy_m))
    spot, vertex = tree.query(place, predicate="dwithin", distance=0.01)
    owner = strands.strand_of_vertex[vertex]
    on_first = np.zeros(len(place), dtype=bool)
    on_second = np.zeros(len(place), dtype=bool)
    on_first[spot[owner == first[spot]]] = True
    on_second[spot[owner == second[spot]]] = True
    return on_first & on_second
