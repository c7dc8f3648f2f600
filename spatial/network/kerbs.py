"""Crossings of main roads: where a walk waits, and the piece of street on which it does.

A delay lies on an edge of its own, from the kerb to the middle of the main road, half of it on
each side. So it is counted once by a walk that goes across, not at all by one that stays on its
side, and wholly or not at all by a walk that begins or ends on the street beside it: times
remain sums of whole milliseconds of edges, and every search stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.network.strands import Strands, insert_points
from spatial.standards.parameters import ParameterSet
from spatial.units import MS_PER_S

__all__ = ["Kerbs", "crossing_delays_ms", "with_kerbs"]

KERB_SHARE: Final = 0.4
"""A kerb lies at most at this share of the way to the next junction."""
LEAST_M: Final = 0.2
"""A street shorter than this has no room for a kerb: it is an error of the drawing."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Array = Any
"""Arrays inside the kernel."""


@dataclass(frozen=True, slots=True, eq=False)
class Kerbs:
    """Streets with a vertex at every kerb where a walk waits."""

    strands: Strands
    begins_ms: Ints  # (v,) delay of the edge that begins at a vertex, 0 = none
    ends_ms: Ints  # (v,) delay of the edge that ends at a vertex
    stops: Ints  # (k,) kerbs, at which edges end
    crossings: int  # places at which a main road is crossed


def crossing_delays_ms(highway: npt.NDArray[np.str_], parameters: ParameterSet) -> Ints:
    """Milliseconds of waiting to cross a street of each class; 0 for streets crossed freely.

    Parameters
    ----------
    highway : array of str, shape (s,)
    parameters : ParameterSet
        ``crossing_delay_s`` by class, with and without signals; ``crossing_signals``, the
        classes that have signals where they are crossed.
    """
    delays = np.zeros(len(highway), dtype=np.int64)
    for name, seconds in parameters["crossing_delay_s"].items():
        kind = "signals" if name in parameters["crossing_signals"] else "none"
        delays[highway == name] = round(seconds[kind] * MS_PER_S)
    return delays


def with_kerbs(strands: Strands, delay_ms: Ints, *, half_width_m: float, median_m: float) -> Kerbs:
    """Put a kerb on every street that goes across a main road.

    Parameters
    ----------
    strands : Strands
        Streets, cut at walls.
    delay_ms : array of int, shape (s,)
        Wait for those who cross the strand; 0 for what is no main road, or not at ground.
    half_width_m : float
        From the middle of a main road to its kerb.
    median_m : float
        Two carriageways at most this far apart are crossed in one go: the delay is counted once.

    Returns
    -------
    Kerbs

    Notes
    -----
    A street goes across at a junction if it leaves it between two arms of main roads and another
    street leaves on their other side. A side street that ends at a main road crosses nothing.
    """
    zeros = np.zeros(len(strands.xy_m), dtype=np.int64)
    free = Kerbs(strands, zeros, zeros, np.empty(0, dtype=np.int64), 0)
    of_vertex = delay_ms[strands.strand_of_vertex] if strands.count else zeros
    is_main = np.zeros(int(strands.node.max(initial=-1)) + 1, dtype=bool)
    is_main[strands.node[of_vertex > 0]] = True
    at = np.flatnonzero(is_main[strands.node])
    if not len(at):
        return free
    vertex, step = _ends(strands, at)
    angle = _angles(strands.xy_m, vertex, step)
    order = np.lexsort((angle, strands.node[vertex]))
    vertex, step = vertex[order], step[order]
    node = strands.node[vertex]
    group = np.concatenate([[0], np.flatnonzero(np.diff(node)) + 1, [len(node)]])
    wait_ms = _waits(group.astype(np.int64), of_vertex[vertex])
    asked = wait_ms > 0
    vertex, step, wait_ms = vertex[asked], step[asked], wait_ms[asked]

    ruler, begin = strands.position_m()
    other, gap_m = _next_stop(strands, ruler, vertex, step)
    kept = gap_m >= LEAST_M
    both = np.isin(_code(other, -step), _code(vertex, step))
    kept &= ~(both & (gap_m <= median_m))
    vertex, step, wait_ms, gap_m = vertex[kept], step[kept], wait_ms[kept], gap_m[kept]
    if not len(vertex):
        return free
    crossings = len(np.unique(strands.node[vertex]))
    strand = strands.strand_of_vertex[vertex]
    depth_m = np.minimum(half_width_m, KERB_SHARE * gap_m)
    along_m = ruler[vertex] - begin[strand] + step * depth_m
    grown, kerb = insert_points(strands, strand, along_m)
    begins_ms, ends_ms = (np.zeros(len(grown.xy_m), dtype=np.int64) for _ in range(2))
    ahead = step > 0  # the edge from the junction ends at its kerb; the one before begins there
    ends_ms[kerb[ahead]] = wait_ms[ahead] // 2
    begins_ms[kerb[~ahead]] = wait_ms[~ahead] // 2
    return Kerbs(grown, begins_ms, ends_ms, np.unique(kerb), crossings)


def _ends(strands: Strands, at: Ints) -> tuple[Ints, Ints]:
    """Vertex and direction (1 ahead, -1 back) of every piece of street that leaves a vertex."""
    ahead, back = at[~strands.is_last()[at]], at[~strands.is_first()[at]]
    step = np.repeat([1, -1], [len(ahead), len(back)])
    return np.concatenate([ahead, back]), step


def _angles(xy: Floats, vertex: Ints, step: Ints) -> Floats:
    way = xy[vertex + step] - xy[vertex]
    return np.arctan2(way[:, 1], way[:, 0])


def _code(vertex: Ints, step: Ints) -> Ints:
    return 2 * vertex + (step > 0)


def _next_stop(strands: Strands, ruler: Floats, vertex: Ints, step: Ints) -> tuple[Ints, Floats]:
    """Next vertex along the street at which edges end, and how far it is."""
    count = np.bincount(strands.node)
    is_stop = strands.is_first() | strands.is_last() | (count[strands.node] > 1)
    stops = np.flatnonzero(is_stop)
    other = stops[np.searchsorted(stops, vertex) + step]
    return other, np.abs(ruler[other] - ruler[vertex])


@numba.njit(cache=True, nogil=True)
def _waits(group: Array, wait: Array) -> Array:
    """Wait of each arm that goes across main roads; arms of a junction stand in circular order."""
    waits = np.zeros(len(wait), dtype=np.int64)
    for g in range(len(group) - 1):
        low, size = group[g], group[g + 1] - group[g]
        if size < 4:
            continue
        for i in range(size):
            right, left = 0, 0
            for k in range(1, size):
                if right == 0 and wait[low + (i + k) % size] > 0:
                    right = k
                if left == 0 and wait[low + (i - k) % size] > 0:
                    left = k
            beyond = size - right - left - 1
            if right == 0 or beyond < 1:  # no main road, or one arm only, or nothing beyond
                continue
            waits[low + i] = max(wait[low + (i + right) % size], wait[low + (i - left) % size])
    return waits
