"""Where neighbourhoods lie: as given, or derived and marked so."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.report import Note
from spatial.dictionary import conform, data_dictionary
from spatial.standards.parameters import ParameterSet

__all__ = ["outlines"]

Geometries = npt.NDArray[np.object_]
DISC_SEGMENTS: Final = 8


def outlines(city: City, parameters: ParameterSet) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Return every neighbourhood with a polygon, and notes on how outlines came to be.

    Given polygons stay as surveyed. Points become the residential land that holds them and no
    other, else the enclosed street block (both ``delineated``), else a disc cut at main roads and
    halfway to the next point (``buffered``). Without a neighbourhood layer they are
    ``delineated``: residential land use, else clusters of residential buildings within street
    blocks, else enclosed street blocks with residents.

    Parameters
    ----------
    city : City
    parameters : ParameterSet
        Room ``neighbourhoods``.

    Returns
    -------
    GeoDataFrame of Polygon or MultiPolygon, shape (n,)
        Columns of the input layer ``neighbourhoods``; ids text.
    list of Note
    """
    given = city.layer("neighbourhoods")
    if len(given) == 0:
        return _delineated(city, parameters)
    dimension = shapely.get_dimensions(given.geometry.to_numpy())
    surveyed = given[dimension == 2]
    points = given[dimension < 2]
    notes: list[Note] = []
    if len(points):
        points, note = _around_points(points, surveyed, city, parameters)
        notes.append(note)
    frame = pd.concat([surveyed, points]) if len(points) else surveyed
    small = frame.geometry.area < parameters["min_parcel_m2"]
    if small.any():
        notes.append(
            Note(
                "small_parcels_left_out",
                f"{int(small.sum())} 个小于 {parameters['min_parcel_m2']} m² 的小区轮廓未采用",
                f"{int(small.sum())} outlines below {parameters['min_parcel_m2']} m² left out",
                "warning",
            )
        )
    return frame[~small].sort_index(), notes


def _around_points(
    points: gpd.GeoDataFrame, surveyed: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> tuple[gpd.GeoDataFrame, Note]:
    centres = shapely.centroid(points.geometry.to_numpy())
    shapes = _discs(centres, points["households"], city, parameters)
    derived = np.full(len(points), "buffered", dtype=object)
    blocks, in_block = _own_blocks(centres, surveyed, city, parameters)
    shapes[in_block] = blocks[in_block]
    derived[in_block] = "delineated"
    land = city.layer("land_use")
    homes = land.geometry.to_numpy()[(land["use"] == "residential").to_numpy(dtype=bool)]
    if len(homes):
        tree = shapely.STRtree(homes)
        point, home = tree.query(centres, predicate="within")
        alone = np.bincount(home, minlength=len(homes))[home] == 1
        free = ~np.isin(home, shapely.STRtree(surveyed.geometry.to_numpy()).query(homes)[0])
        chosen = alone & free
        shapes[point[chosen]] = homes[home[chosen]]
        derived[point[chosen]] = "delineated"
    frame = points.assign(derived=derived).set_geometry(
        gpd.GeoSeries(shapes, index=points.index, crs=points.crs)
    )
    counts = frame["derived"].value_counts()
    buffered, drawn = int(counts.get("buffered", 0)), int(counts.get("delineated", 0))
    return frame, Note(
        "points_given_outlines",
        f"{len(points)} 个小区只有点位:{drawn} 个取所在居住用地或围合街区,{buffered} 个按缓冲推定",
        f"{len(points)} neighbourhoods are points only: {drawn} take the residential land or the "
        f"enclosed street block that holds them, {buffered} are buffered",
        "warning",
    )


def _own_blocks(
    centres: Geometries, surveyed: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> tuple[Geometries, npt.NDArray[np.bool_]]:
    """Street block that holds each point, set back from the street, and where there is one.

    Points that share a block divide it halfway. A block too large to be one residential block
    says little about the outline, and one with a surveyed neighbourhood is not given away.
    """
    none = np.full(len(centres), shapely.Polygon(), dtype=object)
    lines = _streets(city, parameters["cell_divider_classes"])
    if len(lines) == 0:
        return none, np.zeros(len(centres), dtype=bool)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    taken = shapely.STRtree(faces).query(surveyed.geometry.to_numpy(), predicate="intersects")[1]
    faces = np.delete(faces, np.unique(taken))
    low_m2, high_m2 = parameters["block_area_m2"]
    faces = faces[(shapely.area(faces) >= low_m2) & (shapely.area(faces) <= high_m2)]
    point, face = shapely.STRtree(faces).query(centres, predicate="within")
    blocks = none
    land = shapely.buffer(faces[face], -parameters["street_setback_m"], join_style="mitre")
    blocks[point] = shapely.intersection(land, _own_regions(centres)[point])
    parts, row = shapely.get_parts(blocks, return_index=True)
    away_m = shapely.distance(parts, centres[row])
    order = np.lexsort((-shapely.area(parts), away_m, row))
    first, at = np.unique(row[order], return_index=True)
    blocks[first] = parts[order][at]
    return blocks, shapely.area(blocks) >= low_m2


def _discs(
    centres: Geometries, households: pd.Series, city: City, parameters: ParameterSet
) -> Geometries:
    """Discs by households, cut halfway to the next point and at main roads."""
    homes = households.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    by_homes_m = np.sqrt(homes * parameters["land_m2_per_household"] / np.pi)
    known = np.isfinite(by_homes_m) & (by_homes_m > 0)
    radius_m = np.where(known, by_homes_m, parameters["point_radius_m"])
    smallest_m = np.sqrt(parameters["min_parcel_m2"] / np.pi) * 1.2
    radius_m = np.maximum(radius_m, smallest_m)
    discs = shapely.buffer(centres, radius_m, quad_segs=DISC_SEGMENTS)
    discs = shapely.intersection(discs, _own_regions(centres))
    return _cut_at(discs, centres, _streets(city, parameters["main_classes"]))


def _own_regions(centres: Geometries) -> Geometries:
    """Region nearer to each point than to any other; points at one place share it."""
    xy = shapely.get_coordinates(centres)
    places, back = np.unique(np.round(xy, 2), axis=0, return_inverse=True)
    if len(places) < 2:
        return np.full(len(centres), shapely.box(*(xy.min(0) - 1e5), *(xy.max(0) + 1e5)), object)
    window = shapely.box(*(xy.min(axis=0) - 1000), *(xy.max(axis=0) + 1000))
    regions = shapely.voronoi_polygons(shapely.multipoints(places), ordered=True, extend_to=window)
    return np.asarray(shapely.get_parts(regions)[back.ravel()], dtype=object)


def _cut_at(shapes: Geometries, centres: Geometries, lines: Geometries) -> Geometries:
    """Cut shapes along lines and keep the piece that holds (or is nearest to) the centre."""
    if len(lines) == 0:
        return shapes
    result = shapes.copy()
    tree = shapely.STRtree(lines)
    shape, line = tree.query(shapes, predicate="intersects")
    for row in np.unique(shape):
        wall = shapely.buffer(shapely.union_all(lines[line[shape == row]]), 0.5, cap_style="flat")
        pieces = shapely.get_parts(shapely.difference(shapes[row], wall))
        if len(pieces):
            result[row] = pieces[np.argmin(shapely.distance(pieces, centres[row]))]
    return result


def _streets(city: City, classes: list[str]) -> Geometries:
    streets = city.layer("streets")
    chosen = streets["highway"].isin(classes) & (streets["structure"] != "tunnel")
    return np.asarray(streets.geometry.to_numpy()[chosen.to_numpy(dtype=bool)], dtype=object)


def _delineated(city: City, parameters: ParameterSet) -> tuple[gpd.GeoDataFrame, list[Note]]:
    land = city.layer("land_use")
    homes = land[
        (land["use"] == "residential") & (land.geometry.area >= parameters["min_parcel_m2"])
    ]
    buildings = city.layer("buildings")
    living = buildings[buildings["use"] == "residential"]
    if len(homes):
        made, how = (
            _as_layer(homes[["name", "geometry"]], city),
            ("居住用地", "residential land use"),
        )
    elif len(living) and (shapely.get_dimensions(living.geometry.to_numpy()) == 0).all():
        made, how = (
            _single_buildings(living, city, parameters),
            ("住宅楼点位", "residential buildings"),
        )
    elif len(living) >= parameters["cluster_min_buildings"]:
        made, how = _clusters(living, city, parameters), ("成片住宅楼", "clusters of homes")
    else:
        made, how = _blocks(city, parameters), ("围合街区", "enclosed street blocks")
    if len(made) == 0:
        return made, [
            Note(
                "no_neighbourhoods",
                "没有小区图层,也无法由用地、住宅楼或街区推定小区",
                "no neighbourhood layer, and none can be derived from land use, homes or blocks",
                "warning",
            )
        ]
    return made, [
        Note(
            "neighbourhoods_delineated",
            f"没有小区图层:由{how[0]}推定 {len(made)} 个,均标为推定",
            f"no neighbourhood layer: {len(made)} delineated from {how[1]}, all marked derived",
            "warning",
        )
    ]


def _as_layer(
    frame: gpd.GeoDataFrame, city: City, *, derived: str = "delineated"
) -> gpd.GeoDataFrame:
    spec = data_dictionary().inputs["neighbourhoods"]
    layer = gpd.GeoDataFrame(frame.assign(derived=derived), geometry=frame.geometry, crs=city.crs)
    return conform(layer, spec, name="neighbourhoods").sort_index()


def _single_buildings(
    living: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> gpd.GeoDataFrame:
    """Each residential building known as a point stands for itself (A06)."""
    shapes = _discs(living.geometry.to_numpy(), living["households"], city, parameters)
    facts = living[["name", "year_built", "households", "floor_area_m2"]]
    frame = gpd.GeoDataFrame(
        facts.assign(kind="single_building", building_count=1), geometry=shapes, crs=living.crs
    )
    return _as_layer(frame, city, derived="buffered")


def _clusters(living: gpd.GeoDataFrame, city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """Residential buildings of one street block that stand near one another."""
    gap_m = parameters["cluster_gap_m"]
    grown = shapely.buffer(living.geometry.to_numpy(), gap_m, join_style="mitre")
    streets = _streets(city, parameters["cell_divider_classes"])
    walls = city.layer("barriers").geometry.to_numpy()
    merged = shapely.union_all(grown)
    cuts = np.concatenate([streets, walls])
    if len(cuts):
        near = cuts[shapely.STRtree(cuts).query(merged, predicate="intersects")]
        if len(near):
            merged = shapely.difference(merged, shapely.buffer(shapely.union_all(near), 2.0))
    pieces = shapely.buffer(shapely.get_parts(merged), -gap_m / 2, join_style="mitre")
    pieces = shapely.get_parts(pieces)
    pieces = pieces[shapely.area(pieces) >= parameters["min_parcel_m2"]]
    inner = shapely.point_on_surface(living.geometry.to_numpy())
    holder = shapely.STRtree(pieces).query(inner, predicate="intersects")[1]
    enough = np.bincount(holder, minlength=len(pieces)) >= parameters["cluster_min_buildings"]
    return _named_by_place(pieces[enough], city, "cluster")


def _blocks(city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """Enclosed street blocks that hold residents by the population layer, where there is one."""
    streets = city.layer("streets")
    lines = streets.geometry.to_numpy()[(streets["structure"] != "tunnel").to_numpy(dtype=bool)]
    if len(lines) == 0:
        return _named_by_place(np.array([], dtype=object), city, "block")
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    low_m2, high_m2 = parameters["block_area_m2"]
    faces = faces[(shapely.area(faces) >= low_m2) & (shapely.area(faces) <= high_m2)]
    people = city.layer("population")
    people = people[people["persons"].fillna(0) > 0]
    if len(people) and len(faces):
        tree = shapely.STRtree(people.geometry.to_numpy())
        spacing_m = 2 * np.sqrt(
            shapely.area(shapely.convex_hull(shapely.union_all(people.geometry.to_numpy())))
            / len(people)
        )
        inner = shapely.point_on_surface(faces)
        faces = faces[np.unique(tree.query(inner, predicate="dwithin", distance=spacing_m / 2)[0])]
    return _named_by_place(faces, city, "block")


def _named_by_place(shapes: Geometries, city: City, prefix: str) -> gpd.GeoDataFrame:
    """Ids from the position, so that they do not depend on the order of the input."""
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes)).round().astype(np.int64)
    ids = [f"{prefix}-{x}-{y}" for x, y in inner.tolist()]
    frame = gpd.GeoDataFrame(geometry=shapes, index=pd.Index(ids, dtype="str"), crs=city.crs)
    return _as_layer(frame[~frame.index.duplicated()], city)
