"""The walking network as immutable arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyproj

from spatial.units import WALK_SPEED_M_PER_S

__all__ = ["NO_PASSAGE", "WalkNetwork"]

NO_PASSAGE = np.int32(-1)
"""Time of a direction in which one may not walk (an escalator against its run)."""

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WalkNetwork:
    """A walking network; row ``i`` of a node or edge field is node or edge ``i``.

    Lengths are whole millimetres and times whole milliseconds, so that sums are exact, ties are
    ties, and every search gives the same answer on every machine.
    """

    crs: pyproj.CRS
    node_xy_m: Floats  # (n, 2)
    node_component: Ints  # (n,) 0 = the largest connected part
    edge_from: Ints  # (m,) node
    edge_to: Ints  # (m,) node
    edge_length_mm: Ints  # (m,)
    edge_time_ms: Ints  # (m, 2) along and against; NO_PASSAGE where not allowed
    edge_layer: Ints  # (m,) vertical order, 0 = ground
    edge_open: npt.NDArray[np.bool_]  # (m,) points may enter it (not a tunnel, bridge or indoors)
    edge_street: npt.NDArray[np.object_]  # (m,) id of the street it is cut from; "" for gate links
    edge_geometry: npt.NDArray[np.object_]  # (m,) LineString from edge_from to edge_to
    arc_start: npt.NDArray[np.int64]  # (n + 1,) arcs leaving node i: arc_start[i]..arc_start[i+1]
    arc_head: Ints  # (a,) node reached
    arc_length_mm: Ints  # (a,)
    arc_time_ms: Ints  # (a,)
    arc_edge: Ints  # (a,) edge walked
    report: dict[str, float | int | str] = field(default_factory=dict)  # counts for people
    speed_m_per_s: float = WALK_SPEED_M_PER_S  # level speed of the walker; entry ways are level

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_xy_m)

    @property
    def edge_count(self) -> int:
        """Number of edges, each walkable in at least one direction."""
        return len(self.edge_from)

    @cached_property
    def content_hash(self) -> str:
        """Fingerprint of everything that a search depends on."""
        digest = hashlib.sha256(self.crs.to_wkt().encode())
        for item in fields(self):
            values = getattr(self, item.name)
            if isinstance(values, np.ndarray) and values.dtype != np.object_:
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()[:16]
