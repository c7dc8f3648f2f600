"""Small hand-made worlds for neighbourhoods."""

import geopandas as gpd
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods import prepare_neighbourhoods
from spatial.standards.parameters import read_parameters

CRS = 4547
PARAMETERS = read_parameters("neighbourhoods")


def layer(shapes, ids, **columns):
    return gpd.GeoDataFrame(
        {name: pd.Series(values, index=ids) for name, values in columns.items()},
        geometry=gpd.GeoSeries(shapes, index=ids, crs=CRS),
    )


def homes(*shapes, **columns):
    ids = [f"b{number}" for number in range(len(shapes))]
    return layer(list(shapes), ids, use=["residential"] * len(shapes), **columns)


def slabs(x, y, count):
    """Slab blocks one behind the other, 20 m apart."""
    return [shapely.box(x, y + 30 * row, x + 50, y + 30 * row + 10) for row in range(count)]


def streets(*lines, highway="residential"):
    ids = [f"s{number}" for number in range(len(lines))]
    kinds = [highway] * len(lines) if isinstance(highway, str) else highway
    return layer([shapely.LineString(line) for line in lines], ids, highway=kinds)


def grid(columns, rows, spacing_m, *, main_columns=()):
    """A grid of residential streets; some of the upright ones are main roads."""
    east, north = columns * spacing_m, rows * spacing_m
    upright = [[(x * spacing_m, 0), (x * spacing_m, north)] for x in range(columns + 1)]
    level = [[(0, y * spacing_m), (east, y * spacing_m)] for y in range(rows + 1)]
    kinds = ["primary" if x in main_columns else "residential" for x in range(columns + 1)]
    return streets(*upright, *level, highway=kinds + ["residential"] * (rows + 1))


def world(*, rasters=None, **layers):
    return City.from_layers("world", layers, crs=CRS, rasters=rasters)


def prepared(city, parameters=PARAMETERS):
    result = prepare_neighbourhoods(city, parameters)
    assert shapely.coverage_is_valid(result.cells.geometry.to_numpy())
    return result
