"""What plans of a city are drawn on, read from the stored results of one data version."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection

from app.store.rows import Record, Version, rows
from spatial.districting.pooling import Pooling
from spatial.plans import Ground, PlanRules, ground_of

__all__ = ["city_crs", "default_rules", "read_ground"]

MOST_KINDS: Final = 64
"""Kinds that fit into one number of bits; the ones missed most stand in it."""
PLACES: Final = """
SELECT n.id, n.name, n.households, n.persons, n.area_m2, n.subdistrict, n.eligibility,
    ST_AsBinary(n.geom) AS parcel, ST_AsBinary(c.geom) AS cell
FROM linli.result_neighbourhoods AS n
JOIN linli.result_cells AS c ON c.version = n.version AND c.id = n.id
WHERE n.version = :version ORDER BY n.fid
"""
EDGES: Final = "SELECT a, b, length_m FROM linli.result_cell_edges WHERE version = :version"
ADJACENCY: Final = (
    "SELECT a, b, barrier, walk_m FROM linli.result_adjacency WHERE version = :version"
)
MISSING: Final = """
SELECT DISTINCT neighbourhood_id AS id, kind FROM linli.result_gaps
WHERE version = :version AND need = 'must' AND status = 'missing'
"""
OFFERS: Final = """
SELECT DISTINCT c.id, k.kind FROM linli.result_cells AS c
JOIN linli.input_facilities AS f ON f.version = c.version AND ST_Intersects(c.geom, f.geom)
JOIN linli.facility_kind AS k ON k.version = c.version AND k.facility_id = f.id
WHERE c.version = :version
UNION SELECT DISTINCT s.neighbourhood_id, t.kind FROM linli.result_stock AS s
JOIN linli.result_stock_fits AS t ON t.version = s.version AND t.stock_id = s.id
WHERE s.version = :version AND s.neighbourhood_id IS NOT NULL
"""


def read_ground(connection: Connection, version: Version) -> Ground:
    """Return units, needs, boundaries and links of a stored city, in its metric zone."""
    crs = city_crs(connection, version)
    places = pd.DataFrame(rows(connection, PLACES, version=version.key), columns=COLUMNS)
    places = places.set_index(places["id"].astype("str"))
    parcels, cells = (
        gpd.GeoDataFrame(
            places.drop(columns=["parcel", "cell"]),
            geometry=shapely.from_wkb(places[shape].to_numpy(dtype=object)),
            crs=version.srid,
        ).to_crs(crs)
        for shape in ("parcel", "cell")
    )
    missing = _pairs(connection, MISSING, version)
    kinds = tuple(sorted(missing["kind"].value_counts().index[:MOST_KINDS]))
    bits = _bits(missing, places.index, kinds)
    nothing = np.zeros(0, dtype=np.int64)
    persons = places["persons"].to_numpy(dtype=np.float64, na_value=np.nan)
    pooling = Pooling(kinds, nothing, nothing, nothing.astype(np.uint64), persons)
    return ground_of(
        parcels,
        cells,
        _table(connection, EDGES, version, ["a", "b", "length_m"]),
        _table(connection, ADJACENCY, version, ["a", "b", "barrier", "walk_m"]),
        pooling,
        missing=bits,
        offers=_bits(_pairs(connection, OFFERS, version), places.index, kinds),
    )


COLUMNS: Final = [
    *("id", "name", "households", "persons", "area_m2", "subdistrict", "eligibility"),
    *("parcel", "cell"),
]


def city_crs(connection: Connection, version: Version) -> pyproj.CRS:
    """Return the metric zone in which a version was analysed."""
    statement = "SELECT crs FROM linli.city_version WHERE key = :key"
    return pyproj.CRS.from_wkt(rows(connection, statement, key=version.key)[0]["crs"])


def default_rules(connection: Connection, version: Version) -> PlanRules:
    """Return the rules of districts with which a version was analysed."""
    statement = "SELECT parameters FROM linli.city_version WHERE key = :key"
    found: list[Record] = rows(connection, statement, key=version.key)[0]["parameters"]
    return PlanRules.from_parameters(
        {one["key"]: one["value"] for one in found if one["room"] == "districts"}
    )


def _pairs(connection: Connection, statement: str, version: Version) -> pd.DataFrame:
    return _table(connection, statement, version, ["id", "kind"])


def _table(
    connection: Connection, statement: str, version: Version, columns: list[str]
) -> pd.DataFrame:
    return pd.DataFrame(rows(connection, statement, version=version.key), columns=columns)


def _bits(pairs: pd.DataFrame, index: pd.Index, kinds: tuple[str, ...]) -> Any:
    """Bits of the kinds of each place, shape (n,)."""
    row = index.get_indexer(pd.Index(pairs["id"], dtype="str"))
    kind = pd.Index(kinds).get_indexer(pairs["kind"])
    known = (row >= 0) & (kind >= 0)
    bits = np.zeros(len(index), dtype=np.uint64)
    values = np.left_shift(np.uint64(1), kind[known].astype(np.uint64))
    np.bitwise_or.at(bits, row[known], values)
    return bits
