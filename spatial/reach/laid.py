"""Points laid out along the streets: made once, searched from and to often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import LayerError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By
from spatial.reach.chains import by_code
from spatial.reach.groups import origin_starts
from spatial.reach.stands import Spots, Stands, stand_along
from spatial.reach.streets import Streets, as_streets, first_corners
from spatial.reach.sum_kernels import Places, Sources, walk_through
from spatial.reach.vectors import LANES

__all__ = ["Clusters", "LaidPoints", "lay_points", "streets_of"]

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Sources in the order of their clusters."""

    index: pd.Index  # (o,) ids of the origins, as given
    order: Longs  # (g,) origin of each source
    sources: Sources
    cluster: Longs  # (k + 1,) first source of each cluster


@dataclass(frozen=True, eq=False)
class LaidPoints:
    """Points on the streets; each use of them is laid out when it is first asked for, and kept."""

    streets: Streets
    points: Attachments | None
    """None: every node of the network."""

    @property
    def ids(self) -> pd.Index:
        """Ids of the points, one for each row."""
        if self.points is None:
            return pd.RangeIndex(self.streets.network.node_count)
        return self.points.ids

    @property
    def given(self) -> Attachments:
        """The points; an error where every node is meant, which can only be begun at."""
        if self.points is None:
            raise LayerError(
                "Every node is asked for where points are needed. Give attached points.",
                zh="此处需要接入路网的点,而不是全部节点。请给出已接入的点。",
            )
        return self.points

    @cached_property
    def starts(self) -> Clusters:
        """The points as places that walks begin at."""
        return _sources(self.streets, self.points)

    @cached_property
    def goals(self) -> Clusters:
        """The points as places that searches begin at, against the walk."""
        return _sources(self.streets, self.given, towards=True)

    @cached_property
    def ends(self) -> tuple[Places, Longs]:
        """The points as places that walks lead to, and the first row of each."""
        return _places(self.streets, self.given)

    @cached_property
    def ends_beside(self) -> tuple[Spots, Stands]:
        """The points that walks lead to, by the corners beside them."""
        return _beside(self.streets, self.given, towards=False)

    @cached_property
    def homes_beside(self) -> tuple[Spots, Stands]:
        """The points that walks to a goal come from, by the corners beside them."""
        return _beside(self.streets, self.given, towards=True)


def lay_points(
    network: WalkNetwork | Streets, points: Attachments | LaidPoints | None, *, by: By = "distance"
) -> LaidPoints:
    """Lay points out along the streets, for many calls with the same points.

    Parameters
    ----------
    network : WalkNetwork or Streets
    points : Attachments or LaidPoints, or None
        None: every node of the network. Points laid out on other streets are laid out anew.
    by : {"distance", "time"}
        For a network that is not laid out yet.

    Examples
    --------
    Give the result to `weighted_sums`, `reached_nodes`, `reached_points` or `access_on_network`
    in place of the points.
    """
    by = network.by if isinstance(network, Streets) else by
    streets = streets_of(network, points, by=by)
    if isinstance(points, LaidPoints):
        return points if points.streets is streets else LaidPoints(streets, points.points)
    return LaidPoints(streets, points)


def streets_of(
    network: WalkNetwork | Streets, points: Attachments | LaidPoints | None, *, by: By
) -> Streets:
    """Streets of a network: those of the points, where these were laid out on the same."""
    if isinstance(points, LaidPoints):
        ready = points.streets
        if network is ready.network and ready.by == by:
            return ready
    return as_streets(network, by=by)


def _sources(streets: Streets, origins: Attachments | None, *, towards: bool = False) -> Clusters:
    """Order sources so that neighbours stand together, 32 at a time.

    `towards`: they are walked to, not from.
    """
    if origins is None:
        spots, index = streets.nodes(), pd.RangeIndex(streets.network.node_count)
        owner = np.arange(len(index))
    else:
        first = origin_starts(origins.ids)
        spots = streets.inward(origins) if towards else streets.outward(origins)
        index = origins.ids[first]
        owner = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(origins))))
    starts, seeds, order, rank = _by_corner(spots, owner, len(index), len(streets.corner_node))
    of = rank[owner]
    way_start, way = by_code(np.where(spots.chain >= 0, of, -1), len(order))
    chains = streets.backward_sides[0] if towards else streets.chains
    sources = Sources(
        start=starts,
        node=spots.end.ravel()[seeds],
        cost=spots.end_cost.ravel()[seeds],
        way_start=way_start,
        way=way,
        through=walk_through(chains, spots, way),
        spots=spots,
    )
    blocks = np.append(np.arange(0, len(order), LANES), len(order)).astype(np.int64)
    return Clusters(index, order, sources, blocks)


def _by_corner(
    spots: Spots, owner: Longs, owners: int, corners: int
) -> tuple[Longs, Longs, Longs, Longs]:
    """Order things by the corner where they first meet the streets.

    Returns
    -------
    start : array, shape (g + 1,)
        Known ends of thing k are ``ends[start[k]:start[k + 1]]``.
    ends : array, shape (e,)
        Flat index into ``spots.end``.
    order : array, shape (g,)
        Owners that are attached, in their new order.
    rank : array, shape (owners,)
        The opposite; -1 where an owner is not attached.
    """
    nearest = np.full(owners, -1, dtype=np.int64)
    first_corners(spots.end, spots.chain, owner, corners, nearest)
    _, order = by_code(nearest, corners + 1)
    rank = np.full(owners, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    of = np.repeat(rank[owner], 2)
    start, ends = by_code(np.where(spots.end.ravel() >= 0, of, -1), len(order))
    return start, ends, order, rank


def _places(streets: Streets, points: Attachments) -> tuple[Places, Longs]:
    """Targets in the order of the streets, and the first row of each among the points.

    Points that are not attached stay outside: nobody reaches them.
    """
    first = origin_starts(points.ids)
    owner = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(points))))
    spots = streets.inward(points)
    corners = len(streets.corner_node)
    end_start, ends, order, rank = _by_corner(spots, owner, len(first), corners)
    node, of_end = spots.end.ravel()[ends], rank[owner[ends // 2]]
    at_start, at = by_code(node, corners)
    of = rank[owner]
    stop_start, stop_row = by_code(
        np.where((spots.chain >= 0) & (of >= 0), spots.left, -1), len(streets.chains.node)
    )
    places = Places(
        end_start=end_start,
        end_node=node,
        end_cost=spots.end_cost.ravel()[ends],
        at_start=at_start,
        at_place=of_end[at].astype(np.int32),
        stop_start=stop_start,
        spots=Spots(*(column[stop_row] for column in spots)),
        row_place=of[stop_row].astype(np.int32),
        farthest_entry=int(spots.entry.max(initial=0)),
    )
    return places, first[order]


def _beside(streets: Streets, points: Attachments, *, towards: bool) -> tuple[Spots, Stands]:
    """Where points are, and what stands beside each corner; a point is called by its first row.

    `towards`: they are walked from, not to.
    """
    first = origin_starts(points.ids)
    target = np.repeat(first, np.diff(np.append(first, len(points)))).astype(np.int32)
    spots = streets.outward(points) if towards else streets.inward(points)
    chains = streets.backward_sides[0] if towards else streets.chains
    made: Stands = stand_along(chains, spots, target, len(target), len(streets.corner_node))
    return spots, made
