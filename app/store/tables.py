"""The tables: made from the data dictionary, so that a new column is added in one place.

Every input layer and every result has a table of its own, keyed by the version of a city and the
row's id. Numbers are finite (the database itself refuses NaN and infinity), geometry is valid
longitude/latitude, and a missing value is NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from spatial.dictionary import ColumnSpec, LayerSpec, data_dictionary

__all__ = [
    "INPUT_TABLES",
    "RESULT_TABLES",
    "SCHEMA",
    "city",
    "city_version",
    "facility_kind",
    "job",
    "metadata",
    "plan",
    "plan_assignment",
    "plan_change",
    "plan_district",
    "plan_revision",
    "plan_tag",
    "plan_unit",
    "raster",
    "scenario",
    "stock_asset",
    "stock_request",
    "stock_revision",
    "tile_label",
    "tile_overview",
]

SCHEMA: Final = "linli"
NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(schema=SCHEMA, naming_convention=NAMES)

KEYS: Final = ("neighbourhood_id", "district_id", "facility_id", "stock_id", "a", "b", "area")
"""Columns by which rows are looked up."""

ID: Final = Text(collation="C")  # order by code point: the same on every server, and fast
COLUMN_TYPES: Final[Mapping[str, Any]] = {
    "text": Text(),
    "integer": BigInteger(),
    "number": Double(),
    "boolean": Boolean(),
    "json": JSONB(none_as_null=True),
}


def _shape(name: str, kind: str = "GEOMETRY", srid: int = -1) -> Column[Any]:
    return Column(name, Geometry(kind, srid=srid, spatial_index=False), nullable=False)


def _version_key(*, primary: bool = True) -> Column[Any]:
    target = ForeignKey(f"{SCHEMA}.city_version.key", ondelete="CASCADE")
    return Column("version", Integer, target, primary_key=primary, nullable=False)


def _finite(column: str) -> CheckConstraint:
    # NaN counts as larger than infinity in PostgreSQL, so the second half refuses it too
    condition = f"{column} > '-Infinity'::float8 AND {column} < 'Infinity'::float8"
    return CheckConstraint(condition, name=f"{column}_finite")


def _sound_geometry() -> Iterator[CheckConstraint]:
    yield CheckConstraint("ST_SRID(geom) IN (4326, 4490)", name="geom_srid")
    yield CheckConstraint("NOT ST_IsEmpty(geom) AND ST_IsValid(geom)", name="geom_valid")
    yield CheckConstraint(
        "ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND "
        "ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90",
        name="geom_lonlat",
    )


def _layer_table(prefix: str, spec: LayerSpec) -> Table:
    name = f"{prefix}_{spec.name}"
    parts: list[Any] = [
        _version_key(),
        Column("id", ID, primary_key=True),
        Column("fid", Integer, nullable=False),
    ]
    for column in spec.columns.values():
        parts.append(_column(column))
        if column.type == "number":
            parts.append(_finite(column.name))
    if spec.geometry != "none":
        parts += [_shape("geom"), _shape("geom_3857", srid=3857), *_sound_geometry()]
    table = Table(name, metadata, *parts)
    for column in spec.columns.values():
        if _is_key(column):
            Index(f"ix_{name}_{column.name}", table.c.version, table.c[column.name])
    if spec.geometry != "none":
        Index(f"ix_{name}_geom", table.c.geom, postgresql_using="gist")
        Index(f"ix_{name}_geom_3857", table.c.geom_3857, postgresql_using="gist")
    return table


def _is_key(spec: ColumnSpec) -> bool:
    return spec.name in KEYS and spec.type == "text"


def _column(spec: ColumnSpec) -> Column[Any]:
    kind = ID if _is_key(spec) else COLUMN_TYPES[spec.type]
    return Column(spec.name, kind, nullable=True)


city = Table(
    "city",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "current_version",
        Integer,
        ForeignKey(f"{SCHEMA}.city_version.key", use_alter=True, ondelete="SET NULL"),
    ),
    CheckConstraint("length(id) BETWEEN 1 AND 80", name="id_length"),
)

city_version = Table(
    "city_version",
    metadata,
    Column("key", Integer, Identity(always=True), primary_key=True),
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), nullable=False),
    Column("data_version", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("crs", Text, nullable=False),
    Column("geographic_srid", Integer, nullable=False),
    *(Column(side, Double) for side in ("west", "south", "east", "north")),
    *(_finite(side) for side in ("west", "south", "east", "north")),
    Column("neighbourhoods", Integer, nullable=False),
    Column("persons", Double),
    _finite("persons"),
    Column("counts", JSONB, nullable=False),
    Column("choices", JSONB, nullable=False),
    Column("summary", JSONB, nullable=False),
    Column("notes", JSONB, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("catalogue", JSONB, nullable=False),
    Column("import_report", JSONB, nullable=False),
    UniqueConstraint("city_id", "data_version"),
    CheckConstraint("geographic_srid IN (4326, 4490)", name="srid"),
)

raster = Table(
    "raster",
    metadata,
    _version_key(),
    Column("name", Text, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("transform", JSONB, nullable=False),
    Column("crs", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("values_zlib", LargeBinary, nullable=False),
)

facility_kind = Table(
    "facility_kind",
    metadata,
    _version_key(),
    Column("facility_id", ID, primary_key=True),
    Column("kind", ID, primary_key=True),
    Column("match", Text),
)

tile_overview = Table(
    "tile_overview",
    metadata,
    _version_key(),
    Column("layer", Text, primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("fid", Integer, primary_key=True),
    Column("properties", JSONB, nullable=False),
    _shape("geom_3857", srid=3857),
    Index("ix_tile_overview_geom_3857", "geom_3857", postgresql_using="gist"),
)

tile_label = Table(
    "tile_label",
    metadata,
    _version_key(),
    Column("layer", Text, primary_key=True),
    Column("fid", Integer, primary_key=True),
    Column("id", ID, nullable=False),
    Column("name", Text, nullable=False),
    Column("area_m2", Double, nullable=False),
    _finite("area_m2"),
    _shape("geom_3857", "POINT", 3857),
    Index("ix_tile_label_geom_3857", "geom_3857", postgresql_using="gist"),
)

JOB_STATES: Final = ("accepted", "running", "successful", "failed", "dismissed")
job = Table(
    "job",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), nullable=False),
    Column("request", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default="accepted"),
    Column("progress", Double, nullable=False, server_default="0"),
    Column("step", Text),
    Column("message", Text),
    Column("error", JSONB),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("cancel_asked", Boolean, nullable=False, server_default="false"),
    Column("worker", Text),
    Column("data_version", Text),
    Column("result", JSONB(none_as_null=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("seen_at", DateTime(timezone=True)),
    CheckConstraint(f"status IN {JOB_STATES}", name="status"),
    CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    Index("ix_job_status_created_at", "status", "created_at"),
    Index("ix_job_city_id", "city_id", "created_at"),
)

scenario = Table(
    "scenario",
    metadata,
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("data_version", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("length(id) BETWEEN 1 AND 64", name="id_length"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
)

PLAN_STATES: Final = ("draft", "review", "approved", "archived")
plan = Table(
    "plan",
    metadata,
    Column("key", Integer, Identity(always=True), primary_key=True),
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), nullable=False),
    Column("id", ID, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="draft"),
    Column("data_version", Text, nullable=False),
    Column("head", Integer, nullable=False, server_default="0"),
    Column("rules", JSONB, nullable=False),
    Column("origin", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("city_id", "id"),
    CheckConstraint("length(id) BETWEEN 1 AND 64", name="id_length"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
    CheckConstraint(f"status IN {PLAN_STATES}", name="status"),
    CheckConstraint("head >= 0", name="head"),
)


def _plan_key() -> Column[Any]:
    target = ForeignKey(plan.c.key, ondelete="CASCADE")
    return Column("plan", Integer, target, primary_key=True)


plan_district = Table(
    "plan_district",
    metadata,
    _plan_key(),
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("colour", Integer, nullable=False),
    Column("locked", Boolean, nullable=False, server_default="false"),
    CheckConstraint("length(id) BETWEEN 1 AND 64", name="id_length"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
)

plan_assignment = Table(
    "plan_assignment",
    metadata,
    _plan_key(),
    Column("unit_id", ID, primary_key=True),
    Column("district_id", ID),
    Column("locked", Boolean, nullable=False, server_default="false"),
    ForeignKeyConstraint(
        ["plan", "district_id"], ["linli.plan_district.plan", "linli.plan_district.id"]
    ),
)

plan_unit = Table(
    "plan_unit",
    metadata,
    _plan_key(),
    Column("id", ID, primary_key=True),
    Column("parent", ID, nullable=False),
    Column("facts", JSONB, nullable=False),
    _shape("parcel"),
    _shape("cell"),
)

plan_revision = Table(
    "plan_revision",
    metadata,
    _plan_key(),
    Column("seq", Integer, primary_key=True),
    Column("request_id", ID, nullable=False),
    Column("op", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("undoes", Integer),
    Column("units_changed", Integer, nullable=False),
    Column("districts", JSONB, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("answer", JSONB, nullable=False),
    UniqueConstraint("plan", "request_id"),
    Index("ix_plan_revision_undoes", "plan", "undoes"),
    CheckConstraint("seq > 0", name="seq"),
)

plan_change = Table(
    "plan_change",
    metadata,
    _plan_key(),
    Column("seq", Integer, primary_key=True),
    Column("unit_id", ID, primary_key=True),
    Column("before", ID),
    Column("after", ID),
    ForeignKeyConstraint(["plan", "seq"], ["linli.plan_revision.plan", "linli.plan_revision.seq"]),
    Index("ix_plan_change_unit_id", "plan", "unit_id", "seq"),
)

plan_tag = Table(
    "plan_tag",
    metadata,
    _plan_key(),
    Column("name", ID, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
)

VERDICTS: Final = ("accept", "reject", "correct")
stock_asset = Table(
    "stock_asset",
    metadata,
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("retired", Boolean, nullable=False, server_default="false"),
    Column("facts", JSONB(none_as_null=True)),
    Column("shown", JSONB(none_as_null=True)),
    Column("fits", JSONB(none_as_null=True)),
    Column("geom", Geometry("GEOMETRY", srid=-1, spatial_index=False)),
    Column("verdict", Text),
    Column("asset_id", ID),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("revision > 0", name="revision"),
    CheckConstraint("length(id) BETWEEN 1 AND 200", name="id_length"),
    CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
    CheckConstraint("facts IS NULL OR geom IS NOT NULL", name="placed"),
    Index("ix_stock_asset_geom", "geom", postgresql_using="gist"),
)
"""The register as edited since the import, and verdicts on candidates; see `app.store.stock`."""

stock_revision = Table(
    "stock_revision",
    metadata,
    Column("city_id", ID, primary_key=True),
    Column("asset_id", ID, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("request_id", ID, nullable=False),
    Column("op", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    ForeignKeyConstraint(
        ["city_id", "asset_id"],
        [f"{SCHEMA}.stock_asset.city_id", f"{SCHEMA}.stock_asset.id"],
        ondelete="CASCADE",
    ),
    Index("ix_stock_revision_request_id", "city_id", "request_id"),
)

stock_request = Table(
    "stock_request",
    metadata,
    Column("city_id", ID, ForeignKey(city.c.id, ondelete="CASCADE"), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("op", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("length(id) BETWEEN 1 AND 64", name="id_length"),
)

INPUT_TABLES: Final[Mapping[str, Table]] = {
    name: _layer_table("input", spec)
    for name, spec in {**data_dictionary().inputs, **data_dictionary().tables}.items()
}
"""Layer of a `City` → its table."""

RESULT_TABLES: Final[Mapping[str, Table]] = {
    name: _layer_table("result", spec) for name, spec in data_dictionary().results.items()
}
"""Table of an `Analysis` → its table."""
