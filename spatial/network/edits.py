"""Changes of a walking network: links built, walls opened, gates closed, streets cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["NetworkPatch"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPatch:
    """What becomes of the edges of a network: rows that change, and rows behind the last one.

    A node or edge that is new has the next number; no number ever changes its meaning, so that
    what did not change need not be looked at.
    """

    nodes: int  # of the network before
    edges: int  # of the network before
    node_xy_m: npt.NDArray[np.float64]  # (p, 2) new nodes
    edge: Longs  # (q,) row: changed (below `edges`) or new
    edge_from: Ints  # (q,)
    edge_to: Ints  # (q,)
    edge_length_mm: Ints  # (q,)
    edge_time_ms: Ints  # (q, 2)
    edge_layer: Ints  # (q,)
    edge_open: npt.NDArray[np.bool_]  # (q,)
    edge_street_code: Ints  # (q,)
    line: npt.NDArray[np.object_]  # (q,) LineString
    pieces: Mapping[int, tuple[tuple[int, int, int], ...]]
    """What an edge was cut into: from, to (mm along it) and the row that each piece became."""
