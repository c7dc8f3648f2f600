"""Neighbourhoods where none are given: from land use, walls, homes or street blocks."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.blocks import street_blocks, street_lines
from spatial.city.neighbourhoods.points import discs
from spatial.city.neighbourhoods.walled import walled_land
from spatial.city.report import Note
from spatial.dictionary import conform, data_dictionary
from spatial.standards.parameters import ParameterSet

__all__ = ["apart", "delineated", "divided_land"]

Geometries = npt.NDArray[np.object_]
WAYS = {
    "land_use": ("居住用地", "residential land use"),
    "walls": ("围墙", "walls with homes inside"),
    "clusters": ("成片住宅楼", "clusters of homes"),
    "buildings": ("住宅楼点位", "single residential buildings"),
    "blocks": ("围合街区", "enclosed street blocks"),
}


def delineated(city: City, parameters: ParameterSet) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Return outlines of a city that has no neighbourhood layer, all marked derived.

    Residential land use comes first; then land within walls that holds homes outside it; then
    clusters of the homes still left. Homes known as points only stand for themselves (A06).
    Where none of this finds anything, enclosed street blocks with residents are taken.

    Returns
    -------
    GeoDataFrame of Polygon or MultiPolygon
        Columns of the input layer ``neighbourhoods``.
    list of Note
        How many came to be which way.
    """
    buildings = city.layer("buildings")
    living = buildings[buildings["use"] == "residential"]
    found = {"land_use": _from_land_use(city, parameters)}
    left = _outside(living, found)
    points = shapely.get_dimensions(left.geometry.to_numpy()) == 0
    found["walls"] = apart(
        _named_by_place(walled_land(city, left.geometry.to_numpy(), parameters), city, "walled"),
        found,
    )
    left = _outside(left, found)
    points = shapely.get_dimensions(left.geometry.to_numpy()) == 0
    found["clusters"] = apart(_clusters(left[~points], city, parameters), found)
    if points.any():
        found["buildings"] = _single_buildings(left[points], city, parameters)
    if not any(len(frame) for frame in found.values()):
        found["blocks"] = _named_by_place(street_blocks(city, parameters), city, "block")
    made = pd.concat([frame for frame in found.values() if len(frame)] or [found["land_use"]])
    return made.sort_index(), _notes(found)


def divided_land(
    land: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.bool_]]:
    """Divide residential land much larger than a neighbourhood along its streets.

    Parameters
    ----------
    land : GeoDataFrame of Polygon
        Residential land; what is not larger than a block may be is left alone.

    Returns
    -------
    GeoDataFrame
        The pieces, ids ``<land>/<number>`` in the order of their position, marked
        ``delineated``.
    array of bool, shape of `land`
        Which land was divided; land that no street divides stays whole.
    """
    large = np.flatnonzero(land.geometry.area > parameters["block_area_m2"][1])
    divided = np.zeros(len(land), dtype=bool)
    pieces = []
    for row in large.tolist():
        shapes = street_blocks(
            city, parameters, within=shapely.get_parts(land.geometry.to_numpy()[[row]])
        )
        if len(shapes) < 2:
            continue
        divided[row] = True
        ids = [f"{land.index[row]}/{number + 1}" for number in range(len(shapes))]
        pieces.append(gpd.GeoDataFrame(geometry=shapes, index=ids, crs=land.crs))
    if not pieces:
        return _as_layer(gpd.GeoDataFrame(geometry=[], index=pd.Index([], dtype="str")), city), (
            divided
        )
    return _as_layer(pd.concat(pieces), city), divided


def _notes(found: dict[str, gpd.GeoDataFrame]) -> list[Note]:
    counts = {way: len(frame) for way, frame in found.items() if len(frame)}
    if not counts:
        return [
            Note(
                "no_neighbourhoods",
                "没有小区图层,也无法由用地、围墙、住宅楼或街区推定小区",
                "no neighbourhood layer, and none can be derived from land use, walls, homes or "
                "blocks",
                "warning",
            )
        ]
    zh = "、".join(f"{WAYS[way][0]} {count} 个" for way, count in counts.items())
    en = ", ".join(f"{count} from {WAYS[way][1]}" for way, count in counts.items())
    return [
        Note(
            "neighbourhoods_delineated",
            f"没有小区图层:推定 {sum(counts.values())} 个({zh}),均标为推定",
            f"no neighbourhood layer: {sum(counts.values())} delineated ({en}), all marked derived",
            "warning",
        )
    ]


def _outside(living: gpd.GeoDataFrame, found: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Homes that stand in no outline found so far."""
    shapes = np.concatenate([frame.geometry.to_numpy() for frame in found.values()])
    inner = shapely.point_on_surface(living.geometry.to_numpy())
    inside = shapely.STRtree(shapes).query(inner, predicate="intersects")[0]
    return living.drop(living.index[np.unique(inside)])


def apart(made: gpd.GeoDataFrame, found: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Take away what outlines found before already hold."""
    shapes = np.concatenate([frame.geometry.to_numpy() for frame in found.values()])
    row, other = shapely.STRtree(shapes).query(made.geometry.to_numpy(), predicate="intersects")
    own = made.geometry.to_numpy().copy()
    for one in np.unique(row).tolist():
        own[one] = shapely.difference(own[one], shapely.union_all(shapes[other[row == one]]))
    flat = shapely.get_dimensions(own) == 2
    return made.set_geometry(gpd.GeoSeries(own, index=made.index, crs=made.crs))[flat]


def _as_layer(
    frame: gpd.GeoDataFrame, city: City, *, derived: str = "delineated"
) -> gpd.GeoDataFrame:
    spec = data_dictionary().inputs["neighbourhoods"]
    layer = gpd.GeoDataFrame(frame.assign(derived=derived), geometry=frame.geometry, crs=city.crs)
    return conform(layer, spec, name="neighbourhoods").sort_index()


def _from_land_use(city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    land = city.layer("land_use")
    homes = land[
        (land["use"] == "residential") & (land.geometry.area >= parameters["min_parcel_m2"])
    ]
    pieces, divided = divided_land(homes, city, parameters)
    whole = _as_layer(homes.loc[~divided, ["name", "geometry"]], city)
    return pd.concat([whole, pieces]) if len(pieces) else whole


def _single_buildings(
    living: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> gpd.GeoDataFrame:
    """Each residential building known as a point stands for itself (A06)."""
    shapes = discs(living.geometry.to_numpy(), living["households"], city, parameters)
    facts = living[["name", "year_built", "households", "floor_area_m2"]]
    frame = gpd.GeoDataFrame(
        facts.assign(kind="single_building", building_count=1), geometry=shapes, crs=living.crs
    )
    return _as_layer(frame, city, derived="buffered")


def _clusters(living: gpd.GeoDataFrame, city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """Residential buildings of one street block that stand near one another."""
    if len(living) < parameters["cluster_min_buildings"]:
        return _named_by_place(np.array([], dtype=object), city, "cluster")
    gap_m = parameters["cluster_gap_m"]
    grown = shapely.buffer(living.geometry.to_numpy(), gap_m, join_style="mitre")
    streets = street_lines(city, parameters["cell_divider_classes"])
    walls = city.layer("barriers").geometry.to_numpy()
    merged = shapely.union_all(grown)
    cuts = np.concatenate([streets, walls])
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


def _named_by_place(shapes: Geometries, city: City, prefix: str) -> gpd.GeoDataFrame:
    """Ids from the position, so that they do not depend on the order of the input."""
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes)).round().astype(np.int64)
    ids = [f"{prefix}-{x}-{y}" for x, y in inner.tolist()]
    frame = gpd.GeoDataFrame(geometry=shapes, index=pd.Index(ids, dtype="str"), crs=city.crs)
    return _as_layer(frame[~frame.index.duplicated()], city)
