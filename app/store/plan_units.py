"""Pieces of neighbourhoods that were divided in a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from app.store.plans import PlanRow
from app.store.rows import find_version, rows
from spatial.plans import Ground, Half
from spatial.standards import read_profile

__all__ = ["insert_halves", "read_halves", "read_homes"]

INSERT: Final = """
INSERT INTO linli.plan_unit (plan, id, parent, facts, parcel, cell) VALUES
    (:plan, :id, :parent, :facts, ST_GeomFromWKB(:parcel), ST_GeomFromWKB(:cell))
"""
READ: Final = """
SELECT id, parent, facts, ST_AsBinary(parcel) AS parcel, ST_AsBinary(cell) AS cell
FROM linli.plan_unit WHERE plan = :plan ORDER BY (facts ->> 'seq')::int, id
"""
HOMES: Final = """
SELECT floors, height_m, floor_area_m2, ST_AsBinary(geom) AS shape FROM linli.input_buildings
WHERE version = :version AND use IN ('residential', 'unknown')
    AND ST_Intersects(geom, ST_GeomFromWKB(:parcel, :srid))
"""


def insert_halves(connection: Connection, plan: PlanRow, seq: int, halves: Iterable[Half]) -> None:
    """Write down new pieces; shapes stay in the plan's metres, so that nothing is rounded."""
    for half in halves:
        record = {
            "plan": plan.key,
            "id": half.id,
            "parent": half.parent,
            "facts": Jsonb({"seq": seq, **half.facts()}),
            "parcel": shapely.to_wkb(half.parcel),
            "cell": shapely.to_wkb(half.cell),
        }
        connection.execute(text(INSERT), record)


def read_halves(connection: Connection, plan: PlanRow) -> tuple[Half, ...]:
    """Return all pieces that were ever made, in the order in which they were made."""
    found = rows(connection, READ, plan=plan.key)
    return tuple(
        Half(
            one["id"],
            one["parent"],
            households=_number(one["facts"]["households"]),
            persons=_number(one["facts"]["persons"]),
            area_m2=_number(one["facts"]["area_m2"]),
            share=_number(one["facts"]["share"]),
            parcel=shapely.from_wkb(bytes(one["parcel"])),
            cell=shapely.from_wkb(bytes(one["cell"])),
        )
        for one in found
    )


def read_homes(
    connection: Connection, plan: PlanRow, ground: Ground, unit: str
) -> gpd.GeoDataFrame:
    """Return the buildings in a neighbourhood in which people live, with their floor area."""
    from spatial.city.neighbourhoods.people import floor_area_m2  # noqa: PLC0415  (needed rarely)

    version = find_version(connection, plan.city_id, plan.data_version)
    row = ground.row_of.get(unit)
    if row is None:
        return gpd.GeoDataFrame({"floor_area_m2": []}, geometry=[], crs=ground.crs)
    parcel = gpd.GeoSeries([ground.parcels[row]], crs=ground.crs).to_crs(version.srid)
    found = rows(
        connection,
        HOMES,
        version=version.key,
        srid=version.srid,
        parcel=shapely.to_wkb(parcel.iloc[0]),
    )
    profile = rows(
        connection, "SELECT profile FROM linli.city_version WHERE key = :key", key=version.key
    )[0]["profile"]
    table = pd.DataFrame(found, columns=["floors", "height_m", "floor_area_m2", "shape"])
    shapes = shapely.from_wkb(table["shape"].map(bytes).to_numpy(dtype=object))
    homes = gpd.GeoDataFrame(
        table.drop(columns="shape").astype("Float64"),
        geometry=np.asarray(shapes, dtype=object),
        crs=version.srid,
    ).to_crs(ground.crs)
    area_m2, _ = floor_area_m2(homes, read_profile(profile).rooms["neighbourhoods"])
    return homes.assign(floor_area_m2=area_m2)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
