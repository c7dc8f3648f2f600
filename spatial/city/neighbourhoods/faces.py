"""Faces of a noded drawing: which of them share an edge, and which parcel each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from spatial.city.neighbourhoods.beside import near_lines
from spatial.city.neighbourhoods.noding import Drawing
from spatial.city.neighbourhoods.planar import Faces
from spatial.cores import in_order, slices

__all__ = ["SharedEdges", "face_owners", "shared_edges", "sides_of"]

ON_LINE_M: Final = 0.02
"""An edge whose middle is so near a divider is part of it: two steps of the coordinate grid."""
MOST_OPEN_SHARE: Final = 0.25
"""A cut-off area that is open to the outside along less of its outline lies between parcels."""
FACES_AT_ONCE: Final = 20_000
"""Faces looked at together by one core."""

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SharedEdges:
    """Straight pieces of outlines; `right` is −1 where no other face has the piece."""

    left: Ints
    right: Ints
    length_m: Floats
    middle_m: Floats  # (e, 2)


def shared_edges(faces: Geometries) -> SharedEdges:
    """Match the pieces of the faces' outlines by their ends, which noding made the same.

    Examples
    --------
    >>> edges = shared_edges(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]))
    >>> int((edges.right >= 0).sum()), float(edges.length_m[edges.right >= 0].sum())
    (1, 1.0)
    """
    rings, face = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    along = ring[1:] == ring[:-1]
    start, end = xy[:-1][along], xy[1:][along]
    owner = face[ring[:-1][along]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[swap], end[swap] = end[swap], start[swap].copy()
    key = np.hstack([start, end])
    order = np.lexsort((owner, key[:, 3], key[:, 2], key[:, 1], key[:, 0]))
    key, owner = key[order], owner[order]
    same = np.all(key[1:] == key[:-1], axis=1)
    second = np.r_[False, same]
    right = np.where(np.r_[same, False], np.r_[owner[1:], -1], -1)
    keep = ~second
    return SharedEdges(
        left=owner[keep].astype(np.int64),
        right=right[keep].astype(np.int64),
        length_m=np.hypot(key[keep, 2] - key[keep, 0], key[keep, 3] - key[keep, 1]),
        middle_m=(key[keep, :2] + key[keep, 2:]) / 2,
    )


def sides_of(drawing: Drawing, faces: Faces) -> SharedEdges:
    """Return the same as :func:`shared_edges`, of faces whose edges are known already."""
    xy_m = drawing.xy_m
    start, end = xy_m[drawing.edge[faces.edge, 0]], xy_m[drawing.edge[faces.edge, 1]]
    first, second = faces.side.min(axis=1), faces.side.max(axis=1)
    return SharedEdges(
        left=np.where(first < 0, second, first),
        right=np.where(first < 0, first, second),
        length_m=np.hypot(end[:, 0] - start[:, 0], end[:, 1] - start[:, 1]),
        middle_m=(start + end) / 2,
    )


def face_owners(
    faces: Geometries,
    parcels: Geometries,
    dividers: Geometries,
    *,
    reach_m: float,
    edges: SharedEdges | None = None,
) -> Ints:
    """Give each face to one parcel; −1 for none.

    A face inside a parcel is the parcel's. Around parcels a face goes to the nearest one within
    `reach_m` from which no divider parts it. What is parted from its nearest parcel goes to the
    owner beside it on its own side of the divider (longest shared edge); where that side has no
    parcel at all, it goes to the nearest one if it is a strip between parcels (between two
    carriageways, a canal), and stays outside if it is open land.

    Parameters
    ----------
    faces : array of Polygon, shape (f,)
        Noded: neighbours share whole edges.
    parcels : array of Polygon or MultiPolygon, shape (n,)
        Disjoint; a parcel may be empty.
    dividers : array of LineString or MultiLineString
    reach_m : float
    edges : SharedEdges, optional
        Where they are known; matched by their ends otherwise.
    """
    owner = np.full(len(faces), -1, dtype=np.int64)
    left_over = np.full(len(faces), -1, dtype=np.int64)
    tree, lines = shapely.STRtree(parcels), shapely.STRtree(dividers)
    # The trees must be complete before threads ask them.
    tree.query(shapely.Point(0, 0))
    lines.query(shapely.Point(0, 0))

    def settle(rows: slice) -> None:
        inner = shapely.point_on_surface(faces[rows])
        face, parcel = tree.query(inner, predicate="intersects")
        mine = np.full(len(inner), -1, dtype=np.int64)
        mine[face] = parcel
        around = np.flatnonzero(mine < 0)
        nearest = _nearest_parcel(inner[around], tree, reach_m)
        around, nearest = around[nearest >= 0], nearest[nearest >= 0]
        parted = _parted(inner[around], parcels[nearest], lines)
        mine[around[~parted]] = nearest[~parted]
        owner[rows] = mine
        left_over[rows.start + around[parted]] = nearest[parted]

    for _ in in_order(settle, slices(len(faces), FACES_AT_ONCE)):
        pass
    if (left_over >= 0).any():
        _settle(owner, left_over, edges or shared_edges(faces), dividers)
    return owner


def _nearest_parcel(points: Geometries, tree: shapely.STRtree, reach_m: float) -> Ints:
    nearest = np.full(len(points), -1, dtype=np.int64)
    point, parcel = tree.query_nearest(points, max_distance=reach_m, all_matches=True)
    order = np.lexsort((parcel, point))
    first, at = np.unique(point[order], return_index=True)
    nearest[first] = parcel[order][at]
    return nearest


def _parted(
    points: Geometries, parcels: Geometries, dividers: shapely.STRtree
) -> npt.NDArray[np.bool_]:
    parted = np.zeros(len(points), dtype=bool)
    if len(dividers) and len(points):
        way = shapely.shortest_line(points, parcels)
        parted[dividers.query(way, predicate="crosses")[0]] = True
    return parted


def _settle(owner: Ints, left_over: Ints, edges: SharedEdges, dividers: Geometries) -> None:
    """Settle the faces that a divider parts from their nearest parcel; changes `owner`."""
    near = (left_over[edges.left] >= 0) | ((edges.right >= 0) & (left_over[edges.right] >= 0))
    left, right = edges.left[near], edges.right[near]
    length_m = edges.length_m[near]
    on_divider = near_lines(edges.middle_m[near], dividers, within_m=ON_LINE_M).line >= 0
    free = ~on_divider & (right >= 0)
    ends = np.r_[left[free], right[free]], np.r_[right[free], left[free]]
    weight = np.r_[length_m[free], length_m[free]]
    while _grow(owner, left_over, *ends, weight):
        pass
    open_faces = np.flatnonzero((left_over >= 0) & (owner < 0))
    if len(open_faces) == 0:
        return
    # Faces joined without a divider form one area; is it a strip, or open land?
    count = len(owner)
    links = sparse.coo_array(
        (np.ones(int(free.sum())), (left[free], right[free])), shape=(count, count)
    )
    _, area = connected_components(links, directed=False)
    here = owner[left] < 0
    beyond = (right < 0) | ((right >= 0) & (owner[right] < 0) & (left_over[right] < 0))
    here_right = (right >= 0) & (owner[right] < 0) & (left_over[right] >= 0)
    beyond_left = (owner[left] < 0) & (left_over[left] < 0)
    rim = np.zeros(count)
    outline = np.zeros(count)
    for rows, side, out in ((left, here, beyond), (right, here_right, beyond_left)):
        mine = side & (left_over[rows] >= 0)
        np.add.at(outline, area[rows[mine & ~free]], length_m[mine & ~free])
        np.add.at(rim, area[rows[mine & out & ~on_divider]], length_m[mine & out & ~on_divider])
        inner_out = mine & out & free
        np.add.at(outline, area[rows[inner_out]], length_m[inner_out])
    strip = rim[area[open_faces]] < MOST_OPEN_SHARE * outline[area[open_faces]]
    owner[open_faces[strip]] = left_over[open_faces[strip]]


def _grow(owner: Ints, left_over: Ints, at: Ints, beside: Ints, weight: Floats) -> bool:
    """Let every unsettled face take the owner with whom it shares the longest edge."""
    ready = (owner[at] < 0) & (left_over[at] >= 0) & (owner[beside] >= 0)
    if not ready.any():
        return False
    face, wanted = at[ready], owner[beside[ready]]
    pair, back = np.unique(np.stack([face, wanted]), axis=1, return_inverse=True)
    shared_m = np.bincount(back.ravel(), weights=weight[ready])
    order = np.lexsort((pair[1], -np.round(shared_m, 2), pair[0]))
    first, place = np.unique(pair[0][order], return_index=True)
    owner[first] = pair[1][order][place]
    return True
