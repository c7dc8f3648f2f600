"""Features of a layer as GeoJSON, page by page."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.cities import layer_source
from app.store.rows import Record, current_version, read_cursor, rows, write_cursor

__all__ = ["feature", "feature_collection", "parse_bbox", "read_features"]

DECIMALS: Final = 7
"""Of a degree: one centimetre."""
SHAPE: Final = f"ST_AsGeoJSON(ST_ForcePolygonCCW({{shape}}), {DECIMALS})"
PAGE: Final = """
SELECT id, {columns}, {shape} AS shape
FROM linli.{table}
WHERE version = :version AND id > :after {inside}
ORDER BY id LIMIT :limit
"""
INSIDE: Final = "AND geom && ST_MakeEnvelope(:west, :south, :east, :north, :srid)"

Box = tuple[float, float, float, float]


def read_features(
    engine: Engine,
    city_id: str,
    layer: str,
    *,
    bbox: Box | None,
    limit: int,
    cursor: str | None,
) -> tuple[Record, str | None]:
    """Return one page of a layer, and the cursor of the next page where there is one.

    Raises
    ------
    NotFoundError
        If there is no such city or layer.
    BadRequestError
        If the cursor is none of this list.
    """
    source = layer_source(layer)
    after = read_cursor(cursor, id=str)["id"] if cursor else ""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        if source is None:
            raise NotFoundError(
                f"There is no layer `{layer}` with geometry; /api/v1/cities/{city_id}/layers "
                "lists those there are.",
                f"没有带几何的图层 `{layer}`;现有图层见 /api/v1/cities/{city_id}/layers。",
            )
        table, spec = source
        statement = PAGE.format(
            columns=", ".join(f'"{name}"' for name in spec.columns),
            shape=SHAPE.format(shape="geom"),
            table=table,
            inside=INSIDE if bbox else "",
        )
        box = dict(zip(("west", "south", "east", "north"), bbox, strict=True)) if bbox else {}
        inside: dict[str, Any] = {**box, "srid": version.srid} if bbox else {}
        page = rows(
            connection, statement, version=version.key, after=after, limit=limit + 1, **inside
        )
    more = len(page) > limit
    page = page[:limit]
    following = write_cursor({"id": page[-1]["id"]}) if more else None
    return feature_collection([feature(record) for record in page]), following


def feature(record: Record, *, identifier: str = "id") -> Record:
    """Turn a record with a ``shape`` (GeoJSON text) into a GeoJSON feature."""
    shape = record["shape"]
    properties = {
        name: value for name, value in record.items() if name not in {"shape", identifier}
    }
    return {
        "type": "Feature",
        "id": record[identifier],
        "geometry": json.loads(shape) if shape else None,
        "properties": properties,
    }


def feature_collection(features: list[Record]) -> Record:
    """Bundle GeoJSON features."""
    return {"type": "FeatureCollection", "features": features}


def parse_bbox(value: str | None) -> Box | None:
    """Read ``west,south,east,north`` in degrees.

    Raises
    ------
    BadRequestError
        If it is not four numbers that make a box on the globe.

    Examples
    --------
    >>> parse_bbox("120.5,30,121,30.5")
    (120.5, 30.0, 121.0, 30.5)
    """
    if value is None:
        return None
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 4 and all(map(math.isfinite, numbers)):
        west, south, east, north = numbers
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            return west, south, east, north
    raise BadRequestError(
        f"`bbox` must be west,south,east,north in degrees, west ≤ east and south ≤ north, "
        f"not {value!r}.",
        f"`bbox` 应为“西,南,东,北”四个经纬度,西 ≤ 东、南 ≤ 北,而不是 {value!r}。",
    )
