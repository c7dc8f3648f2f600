"""Vector tiles, cut by PostGIS from the flat copies of the stored geometry."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, TextClause, text

from app.errors import NotFoundError
from app.store.geometry import MERCATOR_RADIUS_M
from app.store.tile_layers import MAX_ZOOM, TILE_LAYERS, TileLayer

__all__ = ["TILE_FORMAT", "read_tile", "require_tile"]

TILE_FORMAT: Final = 1
"""Raise it when tiles of the same data change: it is part of their ETag."""
EXTENT: Final = 4096
BUFFER: Final = 64
WORLD_M: Final = 2 * 3.141592653589793 * MERCATOR_RADIUS_M

# A shape of many vertices is first cut to the tile's surroundings; then vertices closer than a
# unit of the tile's grid are dropped. An area smaller than a few units is drawn as a small square:
# otherwise it would vanish.
SHAPE: Final = """
    CASE
        WHEN ST_Dimension({shape}) = 2 AND ST_Area({shape}) < 9 * (:unit_m * :unit_m)
            THEN ST_Expand(ST_PointOnSurface({shape}), 1.5 * :unit_m)
        WHEN ST_NPoints({shape}) > 300
            THEN ST_Simplify(ST_RemoveRepeatedPoints(
                ST_ClipByBox2D({shape}, box.wide), :unit_m), :unit_m, true)
        WHEN ST_NPoints({shape}) > 5
            THEN ST_Simplify({shape}, :unit_m, true)
        ELSE {shape}
    END
"""
BOX: Final = """
    box AS MATERIALIZED (
        SELECT ST_TileEnvelope(:z, :x, :y) AS tile,
            ST_Expand(ST_TileEnvelope(:z, :x, :y), :margin_m) AS wide
    )
"""
FEATURES: Final = """
WITH {box}, drawn AS (
    SELECT ST_AsMVTGeom({shape}, box.tile, {extent}, {buffer}, true) AS geom,
        f.fid AS fid, f.id AS id{columns}
    FROM box JOIN linli.{table} AS f ON f.geom_3857 && box.wide {join}
    WHERE f.version = :version
)
SELECT ST_AsMVT(drawn, :layer, {extent}, 'geom', 'fid') FROM drawn WHERE geom IS NOT NULL
"""
OVERVIEW: Final = """
WITH {box}, drawn AS (
    SELECT ST_AsMVTGeom({shape}, box.tile, {extent}, {buffer}, true) AS geom, f.fid, f.properties
    FROM box JOIN linli.tile_overview AS f ON f.geom_3857 && box.wide
    WHERE f.version = :version AND f.layer = :layer AND f.level = :level
)
SELECT ST_AsMVT(drawn, :layer, {extent}, 'geom', 'fid') FROM drawn WHERE geom IS NOT NULL
"""
LABELS: Final = """
WITH {box}, drawn AS (
    SELECT ST_AsMVTGeom(f.geom_3857, box.tile, {extent}, 0, true) AS geom, f.fid, f.id, f.name,
        f.area_m2
    FROM box JOIN linli.tile_label AS f ON f.geom_3857 && box.tile
    WHERE f.version = :version AND f.layer = :layer
)
SELECT ST_AsMVT(drawn, :label_layer, {extent}, 'geom', 'fid') FROM drawn WHERE geom IS NOT NULL
"""


def read_tile(engine: Engine, version: int, layer: str, *, z: int, x: int, y: int) -> bytes:
    """Return one tile as MVT bytes: the layer, and its label points as a layer of their own.

    Parameters
    ----------
    engine : Engine
        Of the store.
    version : int
        Key of the city's version.
    layer : str
        Name of a drawn layer, see `app.store.tile_layers`.
    z, x, y : int
        Of the tile, counted from the north-west.

    Returns
    -------
    bytes
        Empty if nothing lies there.

    Raises
    ------
    NotFoundError
        If no such layer is drawn, or there are no tiles at this zoom or place.
    """
    drawn = require_tile(layer, z, x, y)
    unit_m = WORLD_M / 2**z / EXTENT
    values = {
        "version": version,
        "layer": layer,
        "label_layer": f"{layer}_labels",
        "z": z,
        "x": x,
        "y": y,
        "unit_m": 2 * unit_m if z < MAX_ZOOM else 0.0,  # the deepest tiles keep every vertex
        "margin_m": unit_m * BUFFER,
    }
    with engine.connect() as connection:
        level = _overview_level(connection, version, layer, z)
        if level is not None:
            values["level"] = level
            return _bytes(connection, _overview_statement(), values)
        tile = _bytes(connection, _feature_statement(layer), values)
        if "name" in drawn.table.c and z >= drawn.labels_from:
            tile += _bytes(connection, _label_statement(), values)
    return tile


def require_tile(layer: str, z: int, x: int, y: int) -> TileLayer:
    """Return how a layer is drawn, or raise `NotFoundError` where it has no such tile."""
    drawn = TILE_LAYERS.get(layer)
    if drawn is None:
        raise NotFoundError(
            f"No layer `{layer}` is drawn; there are {', '.join(TILE_LAYERS)}.",
            f"没有可绘制的图层 `{layer}`;可用图层:{'、'.join(TILE_LAYERS)}。",
        )
    if not drawn.min_zoom <= z <= MAX_ZOOM:
        raise NotFoundError(
            f"Layer `{layer}` has tiles from zoom {drawn.min_zoom} to {MAX_ZOOM}, not {z}.",
            f"图层 `{layer}` 的瓦片级别为 {drawn.min_zoom}–{MAX_ZOOM},没有第 {z} 级。",
        )
    if not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFoundError(
            f"Zoom {z} has tiles 0 to {2**z - 1}, not {x}/{y}.",
            f"第 {z} 级的瓦片编号为 0–{2**z - 1},没有 {x}/{y}。",
        )
    return drawn


def _overview_level(connection: Connection, version: int, layer: str, z: int) -> int | None:
    statement = text(
        "SELECT min(level) FROM linli.tile_overview "
        "WHERE version = :version AND layer = :layer AND level >= :z"
    )
    found = connection.execute(statement, {"version": version, "layer": layer, "z": z})
    return found.scalar_one()


def _bytes(connection: Connection, statement: TextClause, values: dict[str, Any]) -> bytes:
    return bytes(connection.execute(statement, values).scalar_one() or b"")


@cache
def _feature_statement(layer: str) -> TextClause:
    drawn = TILE_LAYERS[layer]
    columns = [*(f'f."{name}"' for name in drawn.columns), *drawn.joined]
    return _statement(
        FEATURES,
        table=drawn.table.name,
        columns="".join(f", {column}" for column in columns),
        join=drawn.join,
    )


@lru_cache(maxsize=1)
def _overview_statement() -> TextClause:
    return _statement(OVERVIEW)


@lru_cache(maxsize=1)
def _label_statement() -> TextClause:
    return _statement(LABELS)


def _statement(template: str, **names: str) -> TextClause:
    """Fill in names of our own tables and columns; values stay parameters."""
    shape = SHAPE.format(shape="f.geom_3857")
    return text(template.format(box=BOX, shape=shape, extent=EXTENT, buffer=BUFFER, **names))
