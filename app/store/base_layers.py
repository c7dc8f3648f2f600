"""What lies beneath a drawn map: streets, water and the like, in the city's metric zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection, text

from app.store.rows import Version
from app.store.tables import INPUT_TABLES, SCHEMA

__all__ = ["read_base_layers"]

COLUMN: Final[Mapping[str, str]] = {
    "land_use": "use",
    "water": "kind",
    "buildings": "floors",
    "streets": "highway",
    "railways": "kind",
}
"""Layers, each with the one column by which it is drawn."""
NEAR: Final = """
SELECT {column}, ST_AsBinary(geom) FROM {table}
WHERE version = :version AND geom && ST_MakeEnvelope(:west, :south, :east, :north, :srid)
ORDER BY fid
"""


def read_base_layers(
    connection: Connection, version: Version, bounds_m: Any, crs: Any, *, buildings: bool
) -> dict[str, gpd.GeoDataFrame]:
    """Return what lies within some bounds, given in the metric zone `crs`, in that zone.

    Parameters
    ----------
    connection : Connection
    version : Version
    bounds_m : array, shape (4,)
    crs : CRS
    buildings : bool
        With buildings: only for a small piece of a city.
    """
    corner = gpd.GeoSeries([shapely.box(*bounds_m)], crs=crs).to_crs(version.srid)
    west, south, east, north = corner.total_bounds.tolist()
    values = {"west": west, "south": south, "east": east, "north": north}
    values |= {"srid": version.srid, "version": version.key}
    found = {}
    for layer, column in COLUMN.items():
        if layer == "buildings" and not buildings:
            continue
        table = f"{SCHEMA}.{INPUT_TABLES[layer].name}"
        rows = connection.execute(text(NEAR.format(column=column, table=table)), values).all()
        if not rows:
            continue
        shapes = shapely.from_wkb(np.array([row[1] for row in rows], dtype=object))
        frame = gpd.GeoDataFrame(
            {column: [row[0] for row in rows]}, geometry=shapes, crs=version.srid
        )
        found[layer] = frame.to_crs(crs)
    return found
