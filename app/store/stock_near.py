"""What lies around stock assets: neighbourhoods, their gates and gaps, constraints, other uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from app.store.copy import plain_json
from app.store.geometry import degrees_of
from app.store.rows import Record, Version, rows

__all__ = ["gaps_of", "near_uses_of", "places_of", "profile_of", "reach_of", "walks_of"]

ASSETS: Final = """
WITH asset AS (
    SELECT x.id, ST_SetSRID(ST_GeomFromGeoJSON(x.shape), CAST(:srid AS integer)) AS geom
    FROM unnest(CAST(:ids AS text[]), CAST(:shapes AS text[])) AS x(id, shape)
), placed AS (
    SELECT id, geom, ST_PointOnSurface(geom) AS point FROM asset
)
"""
PLACES: Final = """
{assets}
SELECT p.id, parcel.id AS parcel, cell.id AS cell, (
    SELECT string_agg(DISTINCT c.kind, ', ' ORDER BY c.kind) FROM linli.input_constraints AS c
    WHERE c.version = :version AND c.geom && p.geom AND ST_Intersects(c.geom, p.geom)
) AS constraints, place.derived
FROM placed AS p
LEFT JOIN LATERAL (
    SELECT n.id FROM linli.result_neighbourhoods AS n
    WHERE n.version = :version AND n.geom && p.point AND ST_Intersects(n.geom, p.point)
    ORDER BY n.fid LIMIT 1
) AS parcel ON true
LEFT JOIN LATERAL (
    SELECT n.id FROM linli.result_cells AS n
    WHERE n.version = :version AND n.geom && p.point AND ST_Intersects(n.geom, p.point)
    ORDER BY n.fid LIMIT 1
) AS cell ON true
LEFT JOIN linli.result_neighbourhoods AS place
    ON place.version = :version AND place.id = coalesce(parcel.id, cell.id)
"""
NEAR: Final = """
{assets}, used AS (
    SELECT k.kind AS use, f.geom FROM linli.facility_kind AS k
    JOIN linli.input_facilities AS f ON f.version = k.version AND f.id = k.facility_id
    WHERE k.version = :version AND k.kind = ANY(CAST(:uses AS text[]))
    UNION ALL
    SELECT 'fuel_station', f.geom FROM linli.input_facilities AS f
    WHERE f.version = :version AND f.tags ->> 'amenity' = 'fuel'
    UNION ALL
    SELECT 'industrial', l.geom FROM linli.input_land_use AS l
    WHERE l.version = :version AND l.use = 'industrial'
)
SELECT p.id AS stock_id, u.use, min(ST_Distance(
    ST_SetSRID(p.geom, 4326)::geography, ST_SetSRID(u.geom, 4326)::geography)) AS distance_m
FROM placed AS p JOIN used AS u ON u.geom && ST_Expand(p.geom, :across_deg, :along_deg)
GROUP BY p.id, u.use
HAVING min(ST_Distance(
    ST_SetSRID(p.geom, 4326)::geography, ST_SetSRID(u.geom, 4326)::geography)) <= :widest_m
ORDER BY p.id, u.use
"""
REACH: Final = """
{assets}
SELECT p.id AS stock_id, g.neighbourhood_id, min(ST_Distance(
    ST_SetSRID(p.point, 4326)::geography, ST_SetSRID(g.geom, 4326)::geography)) AS straight_m
FROM placed AS p JOIN linli.result_neighbourhood_gates AS g
    ON g.version = :version AND g.geom && ST_Expand(p.point, :across_deg, :along_deg)
WHERE g.access IS DISTINCT FROM 'closed'
GROUP BY p.id, g.neighbourhood_id
HAVING min(ST_Distance(
    ST_SetSRID(p.point, 4326)::geography, ST_SetSRID(g.geom, 4326)::geography)) <= :widest_m
ORDER BY p.id, 3, 2
"""
GAPS: Final = """
SELECT g.neighbourhood_id, g.kind, max(g.limit_m) AS limit_m, min(n.name) AS name,
    min(n.persons) AS persons
FROM linli.result_gaps AS g
JOIN linli.result_neighbourhoods AS n ON n.version = g.version AND n.id = g.neighbourhood_id
WHERE g.version = :version AND g.status = 'missing'
    AND (CAST(:places AS text[]) IS NULL OR g.neighbourhood_id = ANY(CAST(:places AS text[])))
    AND (CAST(:kind AS text) IS NULL OR g.kind = :kind)
GROUP BY g.neighbourhood_id, g.kind
"""
WALKS: Final = """
SELECT stock_id, neighbourhood_id, min(distance_m) AS walk_m FROM linli.result_stock_fits
WHERE version = :version AND stock_id = ANY(CAST(:ids AS text[]))
GROUP BY stock_id, neighbourhood_id
"""
PROFILE: Final = "SELECT profile FROM linli.city_version WHERE key = :key"


def places_of(
    connection: Connection, version: Version, shapes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Record]:
    """Return for each asset the parcel and cell that hold it and the constraints it touches."""
    found = rows(connection, PLACES.format(assets=ASSETS), **_ask(version, shapes))
    return {record["id"]: record for record in found}


def near_uses_of(
    connection: Connection,
    version: Version,
    shapes: Mapping[str, Mapping[str, Any]],
    *,
    uses: Collection[str],
    widest_m: float,
) -> pd.DataFrame:
    """Return the nearest of each use around each asset: ``stock_id, use, distance_m``."""
    ask = {**_ask(version, shapes), "uses": sorted(uses), **_box(shapes, widest_m)}
    found = rows(connection, NEAR.format(assets=ASSETS), **ask)
    table = pd.DataFrame(found, columns=["stock_id", "use", "distance_m"])
    return table.astype({"stock_id": "str", "use": "str", "distance_m": "float64"})


def reach_of(
    connection: Connection,
    version: Version,
    shapes: Mapping[str, Mapping[str, Any]],
    *,
    widest_m: float,
) -> pd.DataFrame:
    """Return the neighbourhoods around each asset, by the straight way to their nearest gate.

    Returns
    -------
    DataFrame
        ``stock_id, neighbourhood_id, straight_m``.
    """
    ask = {**_ask(version, shapes), **_box(shapes, widest_m)}
    found = rows(connection, REACH.format(assets=ASSETS), **ask)
    table = pd.DataFrame(found, columns=["stock_id", "neighbourhood_id", "straight_m"])
    return table.astype({"stock_id": "str", "neighbourhood_id": "str", "straight_m": "float64"})


def gaps_of(
    connection: Connection,
    version: Version,
    *,
    places: Sequence[str] | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    """Return what is missing where: ``neighbourhood_id, kind, limit_m, name, persons``."""
    asked = None if places is None else list(places)
    found = rows(connection, GAPS, version=version.key, places=asked, kind=kind)
    table = pd.DataFrame(found, columns=["neighbourhood_id", "kind", "limit_m", "name", "persons"])
    figures = {"limit_m": "float64", "persons": "float64"}
    return table.astype({"neighbourhood_id": "str", "kind": "str", **figures})


def walks_of(connection: Connection, version: Version, ids: Sequence[str]) -> pd.DataFrame:
    """Return the walks that the analysis measured: ``stock_id, neighbourhood_id, walk_m``."""
    found = rows(connection, WALKS, version=version.key, ids=list(ids))
    table = pd.DataFrame(found, columns=["stock_id", "neighbourhood_id", "walk_m"])
    return table.astype({"stock_id": "str", "neighbourhood_id": "str", "walk_m": "float64"})


def profile_of(connection: Connection, version: Version) -> str:
    """Return the id of the policy profile with which a version was analysed."""
    return rows(connection, PROFILE, key=version.key)[0]["profile"]


def _ask(version: Version, shapes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "version": version.key,
        "srid": version.srid,
        "ids": list(shapes),
        "shapes": [plain_json(shape) for shape in shapes.values()],
    }


def _box(shapes: Mapping[str, Mapping[str, Any]], widest_m: float) -> dict[str, float]:
    """Return how far to look in degrees: a little more than the metres, at any latitude shown."""
    latitude = max((abs(_latitude(shape["coordinates"])) for shape in shapes.values()), default=0.0)
    along, across = degrees_of(widest_m, latitude)
    return {"widest_m": widest_m, "along_deg": along, "across_deg": across}


def _latitude(coordinates: Any) -> float:
    """Return the latitude of the first corner of GeoJSON coordinates."""
    while isinstance(coordinates[0], list | tuple):
        coordinates = coordinates[0]
    return float(coordinates[1])
