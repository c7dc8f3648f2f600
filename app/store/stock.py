"""Stock as it is shown: what the analysis found, with what was edited since laid over it.

The register is edited outside the versions of a city: `linli.stock_asset` holds the state of every
asset that somebody edited (``facts``: its row of ``inputs.stock_assets``; ``shown``: its row of
``results.stock``, computed when it was written) and every candidate that has a verdict. The next
analysis takes these rows for inputs; a row whose revision the current version has read is shown as
that version found it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from app.errors import NotFoundError
from app.store.geometry import degrees_of
from app.store.rows import Record, Version, rows
from spatial.dictionary import data_dictionary

__all__ = [
    "NO_FILTER",
    "all_edited",
    "assets_around",
    "assets_holding",
    "input_facts",
    "list_stock",
    "read_asset",
    "read_fits",
    "shapes_of",
    "stock_of_place",
]

RESULTS: Final = tuple(data_dictionary().results["stock"].columns)
INPUTS: Final = tuple(data_dictionary().inputs["stock_assets"].columns)
SHOWN: Final = """
WITH edited AS (
    SELECT a.*, i.revision IS NOT DISTINCT FROM a.revision AND i.id IS NOT NULL AS read
    FROM linli.stock_asset AS a
    LEFT JOIN linli.input_stock_assets AS i ON i.version = :version AND i.id = a.id
    WHERE a.city_id = :city
), fitting AS (
    SELECT stock_id, count(*) AS fits, array_agg(DISTINCT kind) AS kinds
    FROM linli.result_stock_fits WHERE version = :version GROUP BY stock_id
), shown AS (
    SELECT s.id, {found}, s.geom, coalesce(a.revision, 0) AS revision, a.verdict, a.asset_id,
        false AS edited, false AS added, coalesce(f.fits, 0) AS fit_count,
        coalesce(f.kinds, '{{}}') AS kinds
    FROM linli.result_stock AS s
    LEFT JOIN edited AS a ON a.id = s.id
    LEFT JOIN fitting AS f ON f.stock_id = s.id
    WHERE s.version = :version AND (a.id IS NULL OR NOT a.retired AND (a.read OR a.facts IS NULL))
    UNION ALL
    SELECT a.id, {written}, a.geom, a.revision, a.verdict, a.asset_id, true,
        NOT EXISTS (SELECT FROM linli.result_stock AS r WHERE r.version = :version AND r.id = a.id),
        jsonb_array_length(coalesce(a.fits, '[]')),
        coalesce((SELECT array_agg(DISTINCT k ->> 'kind') FROM jsonb_array_elements(a.fits) AS k),
            '{{}}')
    FROM edited AS a, LATERAL jsonb_populate_record(NULL::linli.result_stock, a.shown) AS s
    WHERE NOT a.retired AND a.facts IS NOT NULL AND NOT a.read
)
"""
LISTED: Final = """
{shown}
SELECT id, {columns}, ST_X(point) AS lon, ST_Y(point) AS lat, revision, verdict, asset_id, edited,
    added, fit_count, kinds
FROM shown AS s, LATERAL (SELECT ST_PointOnSurface(s.geom) AS point) AS placed
WHERE {wanted} s.id > :after
ORDER BY s.id LIMIT :limit
"""
FILTERS: Final = {
    "source": "s.source = :source",
    "kind": "s.kind = :kind",
    "asset_type": "s.asset_type = :asset_type",
    "pathway": "s.pathway = :pathway",
    "sign": "s.sign = :sign",
    "neighbourhood": "s.neighbourhood_id = :neighbourhood",
    "holds": ":holds = ANY(s.kinds)",
    "min_confidence": "(s.confidence IS NULL OR s.confidence >= :min_confidence)",
    "q": "(position(lower(:q) IN lower(s.id)) > 0 "
    "OR position(lower(:q) IN lower(coalesce(s.name, ''))) > 0 "
    "OR position(lower(:q) IN lower(coalesce(s.owner, ''))) > 0)",
}
"""Asked for → condition. `verdict` and an unknown pathway are conditions of their own."""
NO_FILTER: Final[Record] = {}
NOT_TAKEN_OVER: Final = "(s.verdict IS NULL OR s.verdict = 'reject')"
"""A candidate that was accepted is shown as the asset that it became."""
STANDING: Final = "s.verdict IS NULL"
"""Neither rejected nor taken over: what something could be put on."""
SHAPES: Final = """
{shown}
SELECT s.id, ST_AsGeoJSON(ST_ForcePolygonCCW(s.geom), 7)::jsonb AS shape
FROM shown AS s WHERE s.id = ANY(CAST(:ids AS text[])) ORDER BY s.id
"""
AROUND: Final = """
{shown}
SELECT s.id, min(ST_Distance(ST_SetSRID(ST_PointOnSurface(s.geom), 4326)::geography,
    ST_SetSRID(g.geom, 4326)::geography)) AS straight_m
FROM linli.result_neighbourhood_gates AS g
JOIN shown AS s ON s.geom && ST_Expand(g.geom, :across_deg, :along_deg)
WHERE g.version = :version AND g.neighbourhood_id = :neighbourhood
    AND g.access IS DISTINCT FROM 'closed' AND {standing}
GROUP BY s.id ORDER BY straight_m, s.id LIMIT :limit
"""
HOLDING: Final = """
{shown}
SELECT s.id FROM shown AS s WHERE :kind = ANY(s.kinds) AND {standing}
ORDER BY s.fit_count DESC, s.id LIMIT :limit
"""
FITS: Final = """
SELECT {columns}, n.name AS neighbourhood_name
FROM linli.result_stock_fits AS f
LEFT JOIN linli.result_neighbourhoods AS n ON n.version = f.version AND n.id = f.neighbourhood_id
WHERE f.version = :version AND f.stock_id = :id
ORDER BY f.distance_m NULLS LAST, f.kind, f.neighbourhood_id
"""
WRITTEN_FITS: Final = """
SELECT x.*, n.name AS neighbourhood_name
FROM linli.stock_asset AS a,
    LATERAL jsonb_to_recordset(coalesce(a.fits, '[]')) AS x(
        stock_id text, kind text, neighbourhood_id text, distance_m float8, limit_m float8,
        size_m2 float8, needed_m2 float8, size_basis text)
LEFT JOIN linli.result_neighbourhoods AS n
    ON n.version = :version AND n.id = x.neighbourhood_id
WHERE a.city_id = :city AND a.id = :id
ORDER BY x.distance_m NULLS LAST, x.kind, x.neighbourhood_id
"""
OF_PLACE: Final = """
{shown}, closing AS (
    SELECT stock_id, edited, min(distance_m) AS distance_m, array_agg(DISTINCT kind) AS kinds
    FROM (
        SELECT f.stock_id, f.distance_m, f.kind, false AS edited FROM linli.result_stock_fits AS f
        WHERE f.version = :version AND f.neighbourhood_id = :place
        UNION ALL
        SELECT a.id, CAST(k ->> 'distance_m' AS float8), k ->> 'kind', true
        FROM linli.stock_asset AS a, LATERAL jsonb_array_elements(coalesce(a.fits, '[]')) AS k
        WHERE a.city_id = :city AND k ->> 'neighbourhood_id' = :place
    ) AS every GROUP BY stock_id, edited
)
SELECT s.id, s.name, s.kind, s.source, s.asset_type, s.ownership, s.pathway, s.land_m2, s.floor_m2,
    s.permitted_zh, s.permitted_en, s.consent_zh, s.consent_en, s.confidence, s.edited,
    c.distance_m, coalesce(c.kinds, '{{}}') AS kinds,
    (s.neighbourhood_id = :place) IS TRUE AS inside, ST_X(point) AS lon, ST_Y(point) AS lat
FROM shown AS s LEFT JOIN closing AS c ON c.stock_id = s.id AND c.edited = s.edited,
    LATERAL (SELECT ST_PointOnSurface(s.geom) AS point) AS placed
WHERE {standing} AND (s.neighbourhood_id = :place OR c.stock_id IS NOT NULL)
ORDER BY c.distance_m NULLS LAST, s.id
"""
INPUT: Final = """
SELECT {columns}, ST_AsGeoJSON(geom, 7)::jsonb AS shape FROM linli.input_stock_assets
WHERE version = :version AND id = :id
"""
EDITED: Final = """
SELECT facts, ST_AsGeoJSON(geom, 7)::jsonb AS shape FROM linli.stock_asset
WHERE city_id = :city AND id = :id AND facts IS NOT NULL
"""


def list_stock(
    connection: Connection,
    version: Version,
    *,
    filters: Record = NO_FILTER,
    limit: int = 1_000,
    after: str = "",
) -> list[Record]:
    """Return stock assets by id, those after `after`, at most `limit` of them.

    Parameters
    ----------
    connection : Connection
    version : Version
        The city's current version.
    filters : dict
        Of `FILTERS`, ``verdict`` (``none``, ``accept``, ``reject``, ``correct``) and ``id``; None
        is no filter. ``pathway`` ``none``: where it cannot be said.
    """
    given = {key: value for key, value in filters.items() if value is not None}
    wanted = []
    if given.get("pathway") == "none":
        wanted.append("s.pathway IS NULL")
        del given["pathway"]
    verdict = given.pop("verdict", None)
    if "id" in given:
        wanted.append("s.id = :id")
    elif "ids" in given:
        wanted.append("s.id = ANY(CAST(:ids AS text[]))")
    elif verdict is None:
        wanted.append(NOT_TAKEN_OVER)
    elif verdict == "none":
        wanted.append("s.verdict IS NULL")
    else:
        wanted.append("s.verdict = :verdict")
        given["verdict"] = verdict
    wanted += [FILTERS[key] for key in given if key in FILTERS]
    statement = LISTED.format(
        shown=_shown(),
        columns=", ".join(f's."{name}"' for name in RESULTS),
        wanted="".join(f"{condition} AND " for condition in wanted),
    )
    ask = {"version": version.key, "city": version.city_id, "after": after, "limit": limit}
    return rows(connection, statement, **ask, **given)


def stock_of_place(connection: Connection, version: Version, place_id: str) -> list[Record]:
    """Return the stock in a neighbourhood, and what could close its gaps, the nearest first.

    What was edited since the analysis is seen; what was rejected or retired is not.
    """
    statement = OF_PLACE.format(shown=_shown(), standing=STANDING)
    ask = {"version": version.key, "city": version.city_id, "place": place_id}
    return rows(connection, statement, **ask)


def read_asset(connection: Connection, version: Version, stock_id: str) -> Record:
    """Return one stock asset as it is shown.

    Raises
    ------
    NotFoundError
        If the city has none with this id, or it was retired.
    """
    found = list_stock(connection, version, filters={"id": stock_id}, limit=1)
    if not found:
        raise NotFoundError(
            f"City `{version.city_id}` has no stock asset `{stock_id}` (any more); its history may "
            "still be read.",
            f"城市 `{version.city_id}` 没有(或已注销)存量资源 `{stock_id}`;其历史仍可查阅。",
        )
    return found[0]


def read_fits(connection: Connection, version: Version, asset: Record) -> list[Record]:
    """Return the gaps that an asset could close, the nearest first."""
    ask = {"version": version.key, "id": asset["id"]}
    if asset["edited"]:
        return rows(connection, WRITTEN_FITS, city=version.city_id, **ask)
    columns = ", ".join(f'f."{name}"' for name in data_dictionary().results["stock_fits"].columns)
    return rows(connection, FITS.format(columns=columns), **ask)


def shapes_of(connection: Connection, version: Version, ids: Sequence[str]) -> dict[str, Record]:
    """Return the GeoJSON geometries of assets as they are shown."""
    ask = {"version": version.key, "city": version.city_id, "ids": list(ids)}
    found = rows(connection, SHAPES.format(shown=_shown()), **ask)
    return {one["id"]: one["shape"] for one in found}


def assets_around(
    connection: Connection,
    version: Version,
    neighbourhood: str,
    *,
    latitude: float,
    widest_m: float,
    limit: int,
) -> dict[str, float]:
    """Return assets around a neighbourhood's gates: id → straight metres, the nearest first."""
    along, across = degrees_of(widest_m, latitude)
    statement = AROUND.format(shown=_shown(), standing=STANDING)
    found = rows(
        connection,
        statement,
        version=version.key,
        city=version.city_id,
        neighbourhood=neighbourhood,
        along_deg=along,
        across_deg=across,
        limit=limit,
    )
    return {one["id"]: one["straight_m"] for one in found if one["straight_m"] <= widest_m}


def assets_holding(connection: Connection, version: Version, kind: str, *, limit: int) -> list[str]:
    """Return assets that could close gaps of one kind, those near most of them first."""
    statement = HOLDING.format(shown=_shown(), standing=STANDING)
    ask = {"version": version.key, "city": version.city_id, "kind": kind, "limit": limit}
    return [one["id"] for one in rows(connection, statement, **ask)]


def input_facts(
    connection: Connection, version: Version, stock_id: str
) -> tuple[Record, Record] | None:
    """Return what the register says of an asset and where it is; None for what is no asset."""
    edited = rows(connection, EDITED, city=version.city_id, id=stock_id)
    if edited:
        return edited[0]["facts"], edited[0]["shape"]
    columns = ", ".join(f'"{name}"' for name in INPUTS)
    ask = {"version": version.key, "id": stock_id}
    found = rows(connection, INPUT.format(columns=columns), **ask)
    if not found:
        return None
    shape = found[0].pop("shape")
    return found[0], shape


def _shown() -> str:
    return SHOWN.format(
        found=", ".join(f's."{name}"' for name in RESULTS),
        written=", ".join(f's."{name}"' for name in RESULTS),
    )


def all_edited(connection: Any, city_id: str) -> list[tuple[Any, ...]]:
    """Return every edited asset and judged candidate as rows for the engine's inputs.

    Parameters
    ----------
    connection : psycopg connection
        Of whoever reads a whole city.
    city_id : str

    Returns
    -------
    list of tuple
        id, revision, retired, facts, verdict, author, reason, sign, geometry (WKB).
    """
    return connection.execute(
        "SELECT id, revision, retired, facts, verdict, author, reason, shown ->> 'sign', "
        "ST_AsBinary(geom) FROM linli.stock_asset WHERE city_id = %s ORDER BY id",
        [city_id],
    ).fetchall()
