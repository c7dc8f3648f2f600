"""The walking network as immutable arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj

from spatial.network.lines import lines_of, rows_of_lines
from spatial.network.near import Enterable
from spatial.network.texts import Texts
from spatial.units import WALK_SPEED_M_PER_S

__all__ = ["NO_PASSAGE", "WalkNetwork"]

NO_PASSAGE = np.int32(-1)
"""Time of a direction in which one may not walk (an escalator against its run)."""
DRAWN_ONLY: Final = ("edge_xy_m", "edge_xy_start", "edge_street_code")
"""Fields that no search depends on: how edges are drawn and what they are called."""

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WalkNetwork:
    """A walking network; row ``i`` of a node or edge field is node or edge ``i``.

    Lengths are whole millimetres and times whole milliseconds, so that sums are exact, ties are
    ties, and every search gives the same answer on every machine. Every field is a flat array,
    so a network is kept on disk and opened in milliseconds (:mod:`spatial.network.disk`).
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
    edge_street_code: Ints  # (m,) row of `street_ids`; -1 for gate links
    edge_xy_m: Floats  # (v, 2) vertices of all edges, one edge after the other
    edge_xy_start: Longs  # (m + 1,) vertices of edge i: edge_xy_start[i]..edge_xy_start[i + 1]
    arc_start: Longs  # (n + 1,) arcs leaving node i: arc_start[i]..arc_start[i+1]
    arc_head: Ints  # (a,) node reached
    arc_length_mm: Ints  # (a,)
    arc_time_ms: Ints  # (a,)
    arc_edge: Ints  # (a,) edge walked
    street_ids: Texts = field(default_factory=Texts.none)  # (s,) ids of the streets
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
    def edge_geometry(self) -> npt.NDArray[np.object_]:
        """LineString of each edge from ``edge_from`` to ``edge_to``, shape (m,); made on demand."""
        return lines_of(self.edge_xy_m, self.edge_xy_start)

    def edge_lines(self, edges: npt.NDArray[np.integer]) -> npt.NDArray[np.object_]:
        """LineStrings of some edges, shape (p,), without making those of all others."""
        return lines_of(self.edge_xy_m, self.edge_xy_start, np.asarray(edges))

    @cached_property
    def open_edges(self) -> Enterable:
        """Every edge that may be entered, whole, by everybody; sorted for searches once."""
        edge = np.flatnonzero(self.edge_open)
        rows, start = rows_of_lines(self.edge_xy_start, edge)
        return Enterable(self.edge_xy_m[rows], start, edge)

    @cached_property
    def edge_street(self) -> npt.NDArray[np.object_]:
        """Id of the street that each edge is cut from, shape (m,); "" for gate links."""
        return np.append(self.street_ids.values, "")[self.edge_street_code]

    @cached_property
    def content_hash(self) -> str:
        """Fingerprint of everything that a search depends on."""
        digest = hashlib.sha256(self.crs.to_wkt().encode())
        for item in fields(self):
            values = getattr(self, item.name)
            if isinstance(values, np.ndarray) and item.name not in DRAWN_ONLY:
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()[:16]
