"""Buildings, floor area, year, residents and households of neighbourhoods, with their source."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City, Raster
from spatial.city.neighbourhoods.slicing import ROWS_AT_ONCE
from spatial.city.report import Note
from spatial.cores import in_order, slices
from spatial.standards.parameters import ParameterSet

__all__ = ["building_neighbourhoods", "floor_area_m2", "residents_on", "with_people"]

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


def building_neighbourhoods(
    places: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame
) -> pd.Series:
    """Return the neighbourhood id of each building: as given, else by parcel, else by cell.

    A building belongs where most of its footprint lies; a point where it stands.
    """
    home = pd.Series(pd.NA, index=buildings.index, dtype="string", name="neighbourhood_id")
    given = buildings["neighbourhood_id"].isin(places.index)
    home[given] = buildings.loc[given, "neighbourhood_id"]
    for outlines in (places.geometry, cells.geometry):
        open_rows = home[home.isna()].index
        if len(open_rows):
            home[open_rows] = _holders(buildings.geometry.loc[open_rows], outlines)
    return home


def _holders(shapes: gpd.GeoSeries, outlines: gpd.GeoSeries) -> pd.array:
    """Id of the outline that holds most of each shape; NA where none does."""
    geometry, areas = shapes.to_numpy(), outlines.to_numpy()
    tree = shapely.STRtree(areas)
    tree.query(shapely.Point(0, 0))  # the tree must be complete before threads ask it

    def held(rows: slice) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        row, place = tree.query(geometry[rows], predicate="intersects")
        flat = shapely.get_dimensions(geometry[rows][row]) < 2
        share = np.ones(len(row))
        both = ~flat
        common = shapely.intersection(geometry[rows][row[both]], areas[place[both]])
        share[both] = shapely.area(common)
        return row + rows.start, place, share

    parts = zip(*in_order(held, slices(len(geometry), ROWS_AT_ONCE)), strict=True)
    row, place, share = (np.concatenate(part) for part in parts)
    row, place, share = row[share > 0], place[share > 0], share[share > 0]
    order = np.lexsort((place, -share, row))
    first, at = np.unique(row[order], return_index=True)
    ids = np.full(len(geometry), pd.NA, dtype=object)
    ids[first] = outlines.index.to_numpy()[place[order][at]]
    return pd.array(ids, dtype="string")


def floor_area_m2(
    buildings: gpd.GeoDataFrame, parameters: ParameterSet
) -> tuple[pd.Series, pd.Series]:
    """Return each building's floor area, and whether its floors had to be assumed.

    Given areas stand; else footprint × floors; floors from the height where only that is known,
    else the parameter ``floors_assumed``. A building known as a point only has none (NA).
    """
    footprint = buildings.geometry.area.astype("Float64")
    floors = buildings["floors"].fillna(buildings["height_m"] / parameters["storey_m"])
    assumed = floors.isna() & buildings["floor_area_m2"].isna() & (footprint > 0)
    floors = floors.fillna(parameters["floors_assumed"]).clip(lower=1.0)
    computed = (footprint * floors).where(footprint > 0)
    return buildings["floor_area_m2"].fillna(computed), assumed


def with_people(
    places: gpd.GeoDataFrame, city: City, home: pd.Series, parameters: ParameterSet
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Fill in buildings, floor area, year, residents and households, each with its source.

    Given values stand. Residents are derived from residential floor area, else from the
    population layer, else from the raster. Where a population layer or raster covers the city it
    is the control total: derived residents are scaled so that residents of all neighbourhoods
    whose ground it covers sum to what it says of that ground.
    """
    buildings = city.layer("buildings")
    living = buildings[buildings["use"].isin(["residential", "unknown"]) & home.notna()]
    area, assumed = floor_area_m2(living, parameters)
    owner = home.reindex(living.index)
    index = places.index
    living_m2 = area.groupby(owner).sum(min_count=1).reindex(index)
    joined = home.dropna().value_counts().reindex(index).fillna(0).astype("Int64")
    counted = _control(places, city, reach_m=parameters["population_reach_m"])
    frame = places.assign(
        area_m2=places.geometry.area.astype("Float64"),
        residential_floor_area_m2=living_m2.astype("Float64"),
        joined_buildings=joined,
    )
    frame = _years(frame, living, owner)
    frame = _residents(frame, living, owner, counted, parameters)
    frame = _households(frame, living, owner, parameters)
    frame, notes = _elderly(frame, city, reach_m=parameters["population_reach_m"])
    if assumed.any():
        notes.append(
            Note(
                "floors_assumed",
                f"{int(assumed.sum())} 栋住宅缺层数和高度,按 {parameters['floors_assumed']} 层计",
                f"{int(assumed.sum())} residential buildings have neither floors nor height; "
                f"{parameters['floors_assumed']} floors assumed",
                "warning",
            )
        )
    if counted is not None:
        notes += _elsewhere(float(counted[0].sum(skipna=True)), city)
    missing = int(frame["persons"].isna().sum())
    if missing:
        notes.append(
            Note(
                "population_missing",
                f"{missing} 个小区没有人口资料,按未知显示",
                f"{missing} neighbourhoods have no population data and are shown as unknown",
                "warning",
            )
        )
    return frame, notes


def _elderly(
    places: gpd.GeoDataFrame, city: City, *, reach_m: float
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Fill in residents of 60 and over by their share in the population layer, where it has any.

    Given numbers stand. Rows of the layer without ages say nothing of the ground they cover.
    """
    layer = city.layer("population")
    known = layer[layer["elderly_persons"].notna() & layer["persons"].notna()]
    unsaid = places["elderly_persons"].isna() & places["persons"].notna()
    if known.empty or not unsaid.any():
        return places, []
    old = known.assign(persons=known["elderly_persons"].clip(upper=known["persons"]))
    counted = _from_layer(places, known, reach_m=reach_m)
    share = _from_layer(places, old, reach_m=reach_m) / counted.where(counted > 0)
    derived = (share * places["persons"]).where(unsaid)
    count = int(derived.notna().sum())
    if not count:
        return places, []
    note = Note(
        "elderly_from_population",
        f"{count} 个小区的老年人口按人口图层中的比例推算",
        f"{count} neighbourhoods have their elderly estimated by the share in the population layer",
    )
    return places.assign(elderly_persons=places["elderly_persons"].fillna(derived)), [note]


def _elsewhere(on_parcels: float, city: City) -> list[Note]:
    """Say how many residents of the population layer or raster live in no neighbourhood."""
    layer = city.layer("population")
    if len(layer):
        whole = float(layer["persons"].sum(skipna=True))
    else:
        whole = float(np.nansum(np.clip(city.rasters["population"].values, 0, None)))
    left = round(whole - on_parcels)
    if left < 1:
        return []
    return [
        Note(
            "residents_elsewhere",
            f"人口资料共 {round(whole)} 人,其中 {left} 人不在任何小区附近,未计入",
            f"of {round(whole)} residents in the population data {left} live near no "
            "neighbourhood and are not counted",
        )
    ]


def _years(frame: gpd.GeoDataFrame, living: gpd.GeoDataFrame, owner: pd.Series) -> gpd.GeoDataFrame:
    """Year of completion: given, else the middle year of the residential buildings."""
    middle = living["year_built"].groupby(owner).median().reindex(frame.index)
    derived = middle.astype("Float64").round().astype("Int64")
    given = frame["year_built"].notna()
    source = np.where(given, "given", np.where(derived.notna(), "buildings", "missing"))
    return frame.assign(year_built=frame["year_built"].fillna(derived), year_source=source)


def _residents(
    frame: gpd.GeoDataFrame,
    living: gpd.GeoDataFrame,
    owner: pd.Series,
    counted: tuple[pd.Series, str] | None,
    parameters: ParameterSet,
) -> gpd.GeoDataFrame:
    given = frame["persons"].notna()
    by_floor = frame["residential_floor_area_m2"] / parameters["m2_per_person"]
    homes = living["households"].groupby(owner).sum(min_count=1).reindex(frame.index)
    homes = frame["households"].fillna(homes.astype("Int64"))
    by_floor = by_floor.fillna(homes.astype("Float64") * parameters["persons_per_household"])
    source = pd.Series("missing", index=frame.index, dtype="string")
    source[by_floor.notna()] = "buildings"
    derived = by_floor.astype("Float64")
    if counted is not None:
        control, name = counted
        bare = derived.isna() & control.notna()
        derived[bare] = control[bare]
        source[bare] = name
        whole = float(control.sum(skipna=True))
        covered = control.notna() & ~given
        rest = whole - float(frame["persons"][given & control.notna()].sum(skipna=True))
        sum_derived = float(derived[covered].sum(skipna=True))
        if rest > 0 and sum_derived > 0:
            derived[covered] = derived[covered] * (rest / sum_derived)
    source[given] = "given"
    return frame.assign(persons=frame["persons"].fillna(derived), persons_source=source)


def _households(
    frame: gpd.GeoDataFrame, living: gpd.GeoDataFrame, owner: pd.Series, parameters: ParameterSet
) -> gpd.GeoDataFrame:
    given = frame["households"].notna()
    by_building = living["households"].groupby(owner).sum(min_count=1).reindex(frame.index)
    by_building = by_building.astype("Int64")
    by_person = (frame["persons"] / parameters["persons_per_household"]).round().astype("Int64")
    source = np.select(
        [given, by_building.notna(), by_person.notna()],
        ["given", "buildings", "persons"],
        default="missing",
    )
    households = frame["households"].fillna(by_building).fillna(by_person)
    return frame.assign(households=households, households_source=source)


def residents_on(shapes: Geometries, city: City) -> Floats | None:
    """Residents on each piece of land by the population layer or raster, NaN where not covered.

    None where the city has neither.
    """
    places = gpd.GeoDataFrame(geometry=shapes, crs=city.crs)
    found = _control(places, city, reach_m=0.0)
    return None if found is None else found[0].to_numpy(dtype=float, na_value=np.nan)


def _control(
    places: gpd.GeoDataFrame, city: City, *, reach_m: float
) -> tuple[pd.Series, str] | None:
    """Residents on each parcel by the population layer or raster; None where there is neither."""
    layer = city.layer("population")
    if len(layer):
        return _from_layer(places, layer, reach_m=reach_m), "population_layer"
    raster = city.rasters.get("population")
    if raster is not None:
        return _from_raster(places, raster), "raster"
    return None


def _from_layer(places: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, *, reach_m: float) -> pd.Series:
    """Share residents of points or areas among the parcels they touch.

    An area's residents go to the parcels it overlaps, by overlapped ground. A point stands for
    the ground nearer to it than to any other point. Residents of points and areas on no parcel
    go to the nearest one within `reach_m`; farther ones live elsewhere.
    """
    shapes = layer.geometry.to_numpy()
    if (shapely.get_dimensions(shapes) == 0).all() and len(shapes) > 1:
        spots = shapely.multipoints(shapely.get_coordinates(shapes))
        shapes = shapely.get_parts(shapely.voronoi_polygons(spots, ordered=True))
    parcels = places.geometry.to_numpy()
    source, place = shapely.STRtree(parcels).query(shapes, predicate="intersects")
    ground = shapely.area(shapely.intersection(shapes[source], parcels[place]))
    source, place, ground = source[ground > 0], place[ground > 0], ground[ground > 0]
    if reach_m > 0:
        alone = np.setdiff1d(np.arange(len(shapes)), source)
        spot, nearest = shapely.STRtree(parcels).query_nearest(
            layer.geometry.to_numpy()[alone], max_distance=reach_m
        )
        spot, first = np.unique(spot, return_index=True)
        source = np.r_[source, alone[spot]]
        place = np.r_[place, nearest[first]]
        ground = np.r_[ground, np.ones(len(spot))]
    total = np.bincount(source, weights=ground, minlength=len(shapes))
    persons = layer["persons"].fillna(0).to_numpy(dtype=float)
    share = np.divide(ground, total[source], out=np.zeros_like(ground), where=total[source] > 0)
    sums = np.bincount(place, weights=persons[source] * share, minlength=len(parcels))
    touched = np.bincount(place, minlength=len(parcels)) > 0
    return pd.Series(np.where(touched, sums, np.nan), index=places.index).astype("Float64")


def _from_raster(places: gpd.GeoDataFrame, raster: Raster) -> pd.Series:
    """Residents of the cells, each given to the parcel that holds (or is nearest to) its centre.

    Cells whose centre lies in no parcel are shared among parcels within one cell's width, so
    that residents drawn along a parcel's edge are not lost; farther ones live elsewhere.
    """
    rows, columns = np.nonzero(np.nan_to_num(raster.values) > 0)
    a, b, c, d, e, f = raster.transform
    x = a * (columns + 0.5) + b * (rows + 0.5) + c
    y = d * (columns + 0.5) + e * (rows + 0.5) + f
    centres = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=raster.crs).to_crs(places.crs)
    row, column = (size // 2 for size in raster.values.shape)
    west, north = a * column + b * row + c, d * column + e * row + f
    pixel = gpd.GeoSeries([shapely.box(west, north + e, west + a, north)], crs=raster.crs)
    width_m = float(np.sqrt(pixel.to_crs(places.crs).area.iloc[0]))
    parcels = places.geometry.to_numpy()
    cell, place = shapely.STRtree(parcels).query_nearest(
        centres.to_numpy(), max_distance=width_m, all_matches=True
    )
    # Where parcels are equally near, the first by id has the cell, in whatever order they came.
    rank = np.argsort(np.argsort(places.index.to_numpy(), kind="stable"), kind="stable")
    order = np.lexsort((rank[place], cell))
    cell, first = np.unique(cell[order], return_index=True)
    place = place[order][first]
    persons = raster.values[rows, columns]
    sums = np.bincount(place, weights=persons[cell], minlength=len(parcels))
    covered = shapely.intersects(parcels, _known_ground(raster, places)) | (sums > 0)
    return pd.Series(np.where(covered, sums, np.nan), index=places.index).astype("Float64")


def _known_ground(raster: Raster, places: gpd.GeoDataFrame) -> shapely.Polygon:
    """Box around the pixels whose value is known, zero or not."""
    rows, columns = np.nonzero(np.isfinite(raster.values))
    if len(rows) == 0:
        return shapely.Polygon()
    a, b, c, d, e, f = raster.transform
    column = np.array([columns.min(), columns.max() + 1])[[0, 1, 1, 0]]
    row = np.array([rows.min(), rows.max() + 1])[[0, 0, 1, 1]]
    corners = gpd.points_from_xy(a * column + b * row + c, d * column + e * row + f)
    bounds = gpd.GeoSeries(corners, crs=raster.crs).to_crs(places.crs).total_bounds
    return shapely.box(*bounds)
