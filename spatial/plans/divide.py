"""Divide a district: by a drawn line, or into connected parts of about equal households."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import (
    breadth_first_order,
    connected_components,
    minimum_spanning_tree,
)

from spatial.errors import EditRefusedError
from spatial.plans.model import Draft
from spatial.plans.pieces import pieces_of

__all__ = ["balanced_parts", "cut_faces", "parts_by_line"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TREES: Final = 24
"""Spanning trees tried for one cut."""
NEAR_ENOUGH: Final = 0.05
"""Balance is compared in steps of this share; among equals the shortest boundary is cut."""


def parts_by_line(draft: Draft, district: str, line: shapely.LineString) -> tuple[Ints, ...]:
    """Divide a district's units by a line, each to the side on which most of its cell lies.

    An end of the line inside the district is drawn on straight until it is outside. What the line
    does not cut stays with the largest part.

    Parameters
    ----------
    draft : Draft
    district : str
    line : LineString
        In the ground's metres.

    Returns
    -------
    tuple of arrays of rows, the largest part first

    Raises
    ------
    EditRefusedError
        If the line leaves all units on one side.
    """
    rows = draft.members([district])
    cells = draft.ground.cells[rows]
    outline = shapely.union_all(cells, grid_size=GRID_M) if len(rows) else shapely.Polygon()
    cut: list[Ints] = []
    whole = np.ones(len(rows), dtype=bool)
    for polygon in shapely.get_parts(outline):
        faces = cut_faces(polygon, line)
        if len(faces) < 2:
            continue
        inside = shapely.intersects(polygon, shapely.point_on_surface(cells))
        share = np.array([shapely.area(shapely.intersection(face, cells)) for face in faces])
        side = share.argmax(axis=0)
        found = [rows[inside & (side == face)] for face in range(len(faces))]
        found = [part for part in found if len(part)]
        if len(found) > 1:
            cut += found
            whole &= ~inside
    if not cut:
        raise EditRefusedError(
            "The line leaves all neighbourhoods of the district on one side. Draw it between "
            "them, or divide a single neighbourhood.",
            zh="该线未能把片区内的小区分到两侧。请画在小区之间,或改用拆分小区。",
            rule="nothing_to_split",
            districts=(district,),
        )
    cut.sort(key=lambda part: (-_weight(draft, part), -len(part), int(part[0])))
    return (np.sort(np.r_[cut[0], rows[whole]]), *cut[1:])


GRID_M: Final = 1e-4
"""Boundaries that differ by rounding alone are joined: a tenth of a millimetre."""


def cut_faces(polygon: shapely.Polygon, line: shapely.LineString) -> list[shapely.Polygon]:
    """Return the pieces into which a line, drawn on at its ends, cuts a polygon."""
    drawn = _drawn_on(line, polygon)
    noded = shapely.union_all([shapely.boundary(polygon), drawn])
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inner = shapely.intersects(polygon, shapely.point_on_surface(faces))
    kept = faces[inner & (shapely.area(faces) > 1e-6 * polygon.area)]
    return sorted(kept.tolist(), key=lambda face: -face.area)


def _drawn_on(line: shapely.LineString, polygon: shapely.Polygon) -> shapely.LineString:
    xy = shapely.get_coordinates(line)
    far_m = 2 * shapely.length(shapely.boundary(shapely.envelope(polygon)))
    ends = []
    for end, before in ((xy[0], xy[1]), (xy[-1], xy[-2])):
        way = end - before
        length_m = float(np.hypot(*way))
        inside = shapely.intersects(polygon, shapely.Point(end))
        ends.append(end + way / length_m * far_m if inside and length_m > 0 else None)
    parts = [*([] if ends[0] is None else [ends[0]]), *xy, *([] if ends[1] is None else [ends[1]])]
    return shapely.LineString(parts)


def balanced_parts(draft: Draft, district: str, k: int) -> tuple[Ints, ...]:
    """Divide a district into k connected parts of about equal households.

    Random spanning trees are cut where the parts balance best; of equally balanced cuts the one
    with the shortest boundary is taken. The trees are drawn with fixed seeds: the same district is
    always divided the same way.

    Parameters
    ----------
    draft : Draft
    district : str
    k : int
        At least 2.

    Returns
    -------
    tuple of arrays of rows, the largest part first

    Raises
    ------
    EditRefusedError
        If the district has fewer units, or lies in more pieces already.
    """
    rows = draft.members([district])
    if len(rows) < k:
        raise EditRefusedError(
            f"District `{district}` has {len(rows)} neighbourhoods; it cannot become {k} parts.",
            zh=f"片区 `{district}` 只有 {len(rows)} 个小区,不能分成 {k} 份。",
            rule="nothing_to_split",
            districts=(district,),
        )
    piece = pieces_of(draft, rows)
    pieces = [rows[piece == one] for one in np.unique(piece)]
    if len(pieces) > k:
        raise EditRefusedError(
            f"District `{district}` lies in {len(pieces)} pieces already, more than {k}. Divide it "
            "into more parts, or let its fragments be absorbed first.",
            zh=f"片区 `{district}` 已不连续,分为 {len(pieces)} 块,多于 {k} 份。"
            "请分成更多份,或先归并碎片。",
            rule="nothing_to_split",
            districts=(district,),
        )
    found: list[Ints] = []
    for part, count in zip(pieces, _shares_of(draft, pieces, k), strict=True):
        found += _divided(draft, part, count)
    return tuple(sorted(found, key=lambda part: (-_weight(draft, part), int(part[0]))))


def _weight(draft: Draft, rows: Ints) -> float:
    """Households as limits see them, so that unknown ones count too."""
    return float(_weights(draft, rows).sum())


def _weights(draft: Draft, rows: Ints) -> Floats:
    households = draft.ground.limited[rows, 0]
    return households if households.any() else np.ones(len(rows))


def _shares_of(draft: Draft, pieces: Sequence[Ints], k: int) -> list[int]:
    """How many parts each piece becomes: one at least, the next always to the largest rest."""
    count = [1] * len(pieces)
    weight = [_weight(draft, part) for part in pieces]
    for _ in range(k - len(pieces)):
        room = [i for i, part in enumerate(pieces) if count[i] < len(part)]
        best = max(room, key=lambda i: (weight[i] / count[i], -i))
        count[best] += 1
    return count


def _divided(draft: Draft, rows: Ints, k: int) -> list[Ints]:
    if k == 1:
        return [rows]
    first = k // 2
    one, two = _best_cut(draft, rows, first, k)
    return _divided(draft, one, first) + _divided(draft, two, k - first)


def _best_cut(draft: Draft, rows: Ints, first: int, k: int) -> tuple[Ints, Ints]:
    """Cut one tree edge so that the parts come near first/k and (k - first)/k of the weight."""
    a, b, shared_m = _inner_links(draft, rows)
    weight = _weights(draft, rows)
    total, n = float(weight.sum()), len(rows)
    best: tuple[float, float, int] | None = None
    chosen = np.zeros(n, dtype=bool)
    for seed in range(TREES):
        rng = np.random.default_rng(seed)
        graph = coo_array((rng.uniform(1.0, 2.0, len(a)), (a, b)), shape=(n, n)).tocsr()
        tree = minimum_spanning_tree(graph)
        order, parent = breadth_first_order(tree, 0, directed=False)
        below, size = weight.copy(), np.ones(n)
        for node in order[:0:-1].tolist():
            below[parent[node]] += below[node]
            size[parent[node]] += size[node]
        for parts, rest in ((first, k - first), (k - first, first)):
            fits = (size >= parts) & (n - size >= rest)
            fits[0] = False
            if not fits.any():
                continue
            off = np.abs(below / total - parts / k)
            step = np.where(fits, np.round(off / NEAR_ENOUGH), np.inf)
            node = int(np.lexsort((off, step))[0])
            inside = _subtree(tree, parent, node, n)
            cut_m = float(shared_m[inside[a] != inside[b]].sum())
            score = (float(step[node]), cut_m, seed)
            if best is None or score < best:
                best = score
                chosen = inside if parts == first else ~inside
    if best is None:  # no tree had an edge that leaves enough units on both sides
        order, _ = breadth_first_order(
            coo_array((np.ones(len(a)), (a, b)), shape=(n, n)).tocsr(), 0, directed=False
        )
        chosen[order[:-first]] = True
        chosen = ~chosen
    return rows[chosen], rows[~chosen]


def _subtree(tree: csr_array, parent: Ints, node: int, n: int) -> npt.NDArray[np.bool_]:
    cut = tree.tocoo()
    kept = ~(
        ((cut.row == node) & (cut.col == parent[node]))
        | ((cut.col == node) & (cut.row == parent[node]))
    )
    parts = coo_array((cut.data[kept], (cut.row[kept], cut.col[kept])), shape=(n, n))
    label = connected_components(parts, directed=False)[1]
    inside: npt.NDArray[np.bool_] = label == label[node]
    return inside


def _inner_links(draft: Draft, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """Legal links between the rows, each once, as places in `rows`, with their shared boundary."""
    place = np.full(len(draft.label), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    unit, other, pair = draft.ground.around.of(rows)
    kept = draft.legal[pair] & (place[other] >= 0) & (unit < other)
    return place[unit[kept]], place[other[kept]], draft.ground.pairs.shared_m[pair[kept]]
