"""Street blocks of the size of a neighbourhood: small ones joined across minor streets."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from spatial.city.model import City
from spatial.city.neighbourhoods.faces import ON_LINE_M, SharedEdges, shared_edges
from spatial.city.neighbourhoods.people import residents_on
from spatial.standards.parameters import ParameterSet

__all__ = ["BlockSizes", "join_blocks", "set_back", "street_blocks", "street_lines"]

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BlockSizes:
    """When a block is large enough, and how large it may become by joining."""

    enough_m2: float
    most_m2: float
    enough_persons: float
    most_persons: float

    @classmethod
    def from_parameters(cls, parameters: ParameterSet) -> BlockSizes:
        """Take the sizes from the room ``neighbourhoods``."""
        enough_persons, most_persons = parameters["block_persons"]
        return cls(
            enough_m2=parameters["block_target_m2"],
            most_m2=parameters["block_area_m2"][1],
            enough_persons=enough_persons,
            most_persons=most_persons,
        )


def street_lines(city: City, classes: list[str] | None = None) -> Geometries:
    """Streets of some classes (all where None) that do not run in tunnels."""
    streets = city.layer("streets")
    chosen = streets["structure"] != "tunnel"
    if classes is not None:
        chosen &= streets["highway"].isin(classes)
    return np.asarray(streets.geometry.to_numpy()[chosen.to_numpy(dtype=bool)], dtype=object)


def street_blocks(
    city: City, parameters: ParameterSet, *, within: Geometries | None = None
) -> Geometries:
    """Enclosed blocks with residents, of about the size of a neighbourhood.

    Blocks lie between streets, water and railways. A block that is too small, or has too few
    residents where these are known, joins its neighbour with the longest common minor street;
    nothing is joined across a main road, water or a railway. Blocks too large are divided along
    the ways in them first. What is still too large counts only where people live in it.

    Parameters
    ----------
    city : City
    parameters : ParameterSet
        Room ``neighbourhoods``.
    within : array of Polygon, optional
        Divide only this land; its outline counts as a line that nothing crosses.

    Returns
    -------
    array of Polygon or MultiPolygon, shape (n,)
        Set back from the streets, in the order of their position.
    """
    hard = _hard_lines(city, parameters)
    faces, dividers = _enclosed(city, parameters, hard, within)
    if len(faces) == 0:
        return faces
    low_m2, high_m2 = parameters["block_area_m2"]
    edges = shared_edges(faces)
    faces = _blocks_of(faces, edges, dividers, high_m2)
    persons = residents_on(faces, city)
    if persons is not None:
        persons = np.nan_to_num(persons)
        # Where nobody lives is a park or works; only small scraps join the blocks beside them.
        least = parameters["block_least_persons_per_ha"] * shapely.area(faces) / 1e4
        homes = (persons >= least) | (shapely.area(faces) < low_m2)
        homes |= persons >= parameters["block_persons"][0]
        faces, persons = faces[homes], persons[homes]
        if len(faces) == 0:
            return faces
    group = join_blocks(faces, hard, persons, BlockSizes.from_parameters(parameters))
    order = np.argsort(group, kind="stable")
    _, start = np.unique(group[order], return_index=True)
    joined = np.array(
        [shapely.coverage_union_all(part) for part in np.split(faces[order], start[1:])],
        dtype=object,
    )
    area_m2 = shapely.area(joined)
    lived_in = np.ones(len(joined), dtype=bool)
    if persons is not None:
        inside = np.bincount(group, weights=persons)
        lived_in = inside >= parameters["block_least_persons_per_ha"] * area_m2 / 1e4
        lived_in |= inside >= parameters["block_persons"][0]
    elif within is None:
        lived_in = area_m2 <= high_m2
    blocks = set_back(joined[lived_in], parameters)
    return blocks[shapely.area(blocks) >= low_m2]


def set_back(blocks: Geometries, parameters: ParameterSet) -> Geometries:
    """Land of blocks without half the street around them; scraps left out."""
    land = shapely.buffer(blocks, -parameters["street_setback_m"], join_style="mitre")
    parts, block = shapely.get_parts(land, return_index=True)
    large = shapely.area(parts) >= parameters["min_parcel_m2"]
    kept = shapely.multipolygons(parts[large], indices=_dense(block[large]))
    single = shapely.get_num_geometries(kept) == 1
    kept[single] = shapely.get_geometry(kept[single], 0)
    return np.asarray(kept, dtype=object)


def _dense(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].ravel()


def _hard_lines(city: City, parameters: ParameterSet) -> Geometries:
    """Lines across which no blocks are joined: main roads, railways, shores and rivers."""
    rails = city.layer("railways")
    water = city.layer("water")
    shores = water[water["layer"] >= 0].geometry.to_numpy()
    shores = np.where(shapely.get_dimensions(shores) == 2, shapely.boundary(shores), shores)
    lines = np.concatenate(
        [
            street_lines(city, parameters["main_classes"]),
            rails[rails["structure"] != "tunnel"].geometry.to_numpy(),
            shores,
        ]
    )
    return np.asarray(lines[shapely.get_dimensions(lines) == 1], dtype=object)


def _enclosed(
    city: City, parameters: ParameterSet, hard: Geometries, within: Geometries | None
) -> tuple[Geometries, Geometries]:
    """Faces between all ways, in the order of their position, and the lines that divide blocks."""
    dividers = np.concatenate([street_lines(city, parameters["cell_divider_classes"]), hard])
    drawn = np.concatenate([street_lines(city), hard])
    if within is not None:
        rims = shapely.boundary(within)
        dividers = np.append(dividers, rims)
        near = shapely.STRtree(within).query(drawn, predicate="intersects")[0]
        drawn = np.append(drawn[np.unique(near)], rims)
    if len(drawn) == 0:
        return np.array([], dtype=object), dividers
    noded = shapely.get_parts(shapely.union_all(drawn))
    faces = shapely.get_parts(shapely.polygonize(noded))
    inner = shapely.point_on_surface(faces)
    keep = np.ones(len(faces), dtype=bool)
    water = city.layer("water")
    wet = water[water["layer"] >= 0].geometry.to_numpy()
    wet = wet[shapely.get_dimensions(wet) == 2]
    if len(wet):
        keep[shapely.STRtree(wet).query(inner, predicate="intersects")[0]] = False
    if within is not None:
        inside = np.zeros(len(faces), dtype=bool)
        inside[shapely.STRtree(within).query(inner, predicate="intersects")[0]] = True
        keep &= inside
    x, y = shapely.get_x(inner), shapely.get_y(inner)
    order = np.lexsort((y, x))
    return faces[order][keep[order]], dividers


def _on(lines: Geometries, edges: SharedEdges) -> Bools:
    """Whether each piece of outline runs along one of the lines."""
    found = np.zeros(len(edges.left), dtype=bool)
    if len(lines):
        middles = shapely.points(edges.middle_m)
        tree = shapely.STRtree(lines)
        found[tree.query(middles, predicate="dwithin", distance=ON_LINE_M)[0]] = True
    return found


def _blocks_of(
    faces: Geometries, edges: SharedEdges, dividers: Geometries, high_m2: float
) -> Geometries:
    """Blocks between dividers; only those too large stay divided along the ways in them."""
    free = (edges.right >= 0) & ~_on(dividers, edges)
    links = sparse.coo_array(
        (np.ones(int(free.sum())), (edges.left[free], edges.right[free])), shape=(len(faces),) * 2
    )
    count, block = connected_components(links, directed=False)
    whole = np.bincount(block, weights=shapely.area(faces), minlength=count) <= high_m2
    order = np.argsort(block, kind="stable")
    _, start = np.unique(block[order], return_index=True)
    joined = [
        shapely.coverage_union_all(faces[part])
        for part in np.split(order, start[1:])
        if whole[block[part[0]]]
    ]
    blocks = np.append(faces[~whole[block]], np.array(joined, dtype=object))
    inner = shapely.get_coordinates(shapely.point_on_surface(blocks))
    return np.asarray(blocks[np.lexsort((inner[:, 1], inner[:, 0]))], dtype=object)


@dataclass(slots=True)
class _Groups:
    """Blocks being joined: size, residents and what lies between each pair of neighbours."""

    area_m2: list[float]
    persons: list[float]
    minor_m: list[dict[int, float]] = field(default_factory=list)
    parted: list[set[int]] = field(default_factory=list)

    def join(self, kept: int, gone: int) -> None:
        """Let `gone` become part of `kept`."""
        self.area_m2[kept] += self.area_m2[gone]
        self.persons[kept] += self.persons[gone]
        for other, length_m in self.minor_m[gone].items():
            del self.minor_m[other][gone]
            if other != kept:
                whole_m = self.minor_m[kept].get(other, 0.0) + length_m
                self.minor_m[kept][other] = self.minor_m[other][kept] = whole_m
        for other in self.parted[gone]:
            self.parted[other].discard(gone)
            self.parted[other].add(kept)
            self.parted[kept].add(other)
        self.minor_m[gone], self.parted[gone] = {}, set()


def join_blocks(
    blocks: Geometries, hard: Geometries, persons: Floats | None, sizes: BlockSizes
) -> Ints:
    """Return the group of each block, numbered in the order of their first blocks.

    The smallest block that is not large enough joins first. It takes the neighbour that is not
    large enough itself, else any; of these the one with the longest common minor street.

    Parameters
    ----------
    blocks : array of Polygon, shape (n,)
        Noded: neighbours share whole edges.
    hard : array of LineString
        Nothing is joined across these.
    persons : array of float, shape (n,), or None
        Residents; without them only the area counts.

    Examples
    --------
    >>> row = np.array([shapely.box(x, 0, x + 100, 100) for x in (0, 100, 200, 300)])
    >>> road = np.array([shapely.LineString([(200, -50), (200, 150)])])
    >>> join_blocks(row, road, None, BlockSizes(20_000, 160_000, 0, 0)).tolist()
    [0, 0, 1, 1]
    """
    groups = _groups(blocks, hard, persons)
    known = persons is not None

    def enough(block: int) -> bool:
        people_enough = not known or groups.persons[block] >= sizes.enough_persons
        return groups.area_m2[block] >= sizes.enough_m2 and people_enough

    def fits(one: int, other: int) -> bool:
        if other in groups.parted[one]:
            return False
        people_fit = groups.persons[one] + groups.persons[other] <= sizes.most_persons
        area_m2 = groups.area_m2[one] + groups.area_m2[other]
        return area_m2 <= sizes.most_m2 and (people_fit or not known)

    member_of = np.arange(len(blocks))
    waiting = [(groups.area_m2[block], block) for block in range(len(blocks)) if not enough(block)]
    heapq.heapify(waiting)
    while waiting:
        area_m2, block = heapq.heappop(waiting)
        if member_of[block] != block or area_m2 != groups.area_m2[block]:
            continue  # joined to another since, or grown
        others = [other for other in groups.minor_m[block] if fits(block, other)]
        if not others:
            continue
        chosen = min(
            others,
            key=lambda other: (enough(other), -round(groups.minor_m[block][other], 2), other),
        )
        kept, gone = min(block, chosen), max(block, chosen)
        groups.join(kept, gone)
        member_of[member_of == gone] = kept
        if not enough(kept):
            heapq.heappush(waiting, (groups.area_m2[kept], kept))
    return _dense(member_of)


def _groups(blocks: Geometries, hard: Geometries, persons: Floats | None) -> _Groups:
    edges = shared_edges(blocks)
    both = (edges.right >= 0) & (edges.left != edges.right)
    across = _on(hard, edges)[both]
    left, right, length_m = edges.left[both], edges.right[both], edges.length_m[both]
    groups = _Groups(
        area_m2=shapely.area(blocks).tolist(),
        persons=np.zeros(len(blocks)).tolist() if persons is None else persons.tolist(),
        minor_m=[{} for _ in blocks],
        parted=[set() for _ in blocks],
    )
    for one, other, metres, parts in zip(
        left.tolist(), right.tolist(), length_m.tolist(), across.tolist(), strict=True
    ):
        if parts:
            groups.parted[one].add(other)
            groups.parted[other].add(one)
        else:
            whole_m = groups.minor_m[one].get(other, 0.0) + metres
            groups.minor_m[one][other] = groups.minor_m[other][one] = whole_m
    return groups
