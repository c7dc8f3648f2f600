"""Label points of their own: a name stands once, however many tiles cut its feature."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from app.store.geometry import MERCATOR_RADIUS_M
from app.store.tables import SCHEMA
from app.store.tile_layers import TILE_LAYERS

__all__ = ["copy_labels"]


def copy_labels(connection: psycopg.Connection[Any], version: int) -> None:
    """Place the labels of every drawn layer that has names, inside its features."""
    for layer in TILE_LAYERS.values():
        if "name" not in layer.table.c:
            continue
        # Web Mercator stretches lengths by cosh(y/R), areas by its square.
        statement = sql.SQL(
            "INSERT INTO {labels} (version, layer, fid, id, name, area_m2, geom_3857) "
            "SELECT version, {layer}, fid, id, name, "
            "ST_Area(geom_3857) / cosh(ST_Y(point) / {radius}) ^ 2, point "
            "FROM {table}, LATERAL (SELECT ST_PointOnSurface(geom_3857) AS point) AS placed "
            "WHERE version = {version} AND name <> '' AND NOT ST_IsEmpty(point)"
        ).format(
            labels=sql.Identifier(SCHEMA, "tile_label"),
            layer=sql.Literal(layer.name),
            table=sql.Identifier(SCHEMA, layer.table.name),
            radius=sql.Literal(MERCATOR_RADIUS_M),
            version=sql.Literal(version),
        )
        connection.execute(statement)
