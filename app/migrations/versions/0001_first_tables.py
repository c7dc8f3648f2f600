"""Cities and their versions, every layer and result, tiles, jobs."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# As the data dictionary stood when this revision was made; later columns get later revisions.
LAYERS = {
    "input_streets": """
        @geometry highway:text name:text foot:text access:text layer:integer structure:text
        steps:boolean oneway_foot:text width_m:number area:boolean
    """,
    "input_barriers": """
        @geometry kind:text name:text layer:integer
    """,
    "input_gates": """
        @geometry kind:text access:text name:text neighbourhood_id:text opening_hours:text
    """,
    "input_neighbourhoods": """
        @geometry name:text kind:text year_built:integer households:integer persons:number
        elderly_persons:number building_count:integer floor_area_m2:number tenure:text
        land_ownership:text subdistrict:text community:text past_renewal_year:integer
        past_central_subsidy:text past_shantytown_renewal:boolean expropriation_year:integer
        rebuild_planned:boolean danger_buildings:integer resident_will_share:number
        property_mode:text upkeep_lost:boolean utilities_incomplete:boolean derived:text
    """,
    "input_buildings": """
        @geometry name:text use:text floors:number height_m:number year_built:integer
        households:integer floor_area_m2:number safety_grade:text lift:boolean
        neighbourhood_id:text lifecycle:text residential_evidence:text
    """,
    "input_facilities": """
        @geometry name:text kind:text amap_type:text tags:json floor_m2:number land_m2:number
        capacity:number access:text operator:text
    """,
    "input_admin_areas": """
        @geometry code:text name:text level:text
    """,
    "input_stock_assets": """
        @geometry name:text asset_type:text kind:text ownership:text owner:text acquisition:text
        core_function:boolean current_use:text land_m2:number floor_m2:number
        floor_level:integer own_entrance:boolean inside_red_line:boolean state:text
    """,
    "input_constraints": """
        @geometry kind:text name:text year:integer
    """,
    "input_land_use": """
        @geometry name:text use:text code:text scheme:text lifecycle:text
    """,
    "input_water": """
        @geometry kind:text name:text layer:integer width_m:number
    """,
    "input_railways": """
        @geometry kind:text name:text layer:integer structure:text
    """,
    "input_population": """
        @geometry persons:number elderly_persons:number
    """,
    "result_neighbourhoods": """
        @geometry name:text kind:text year_built:integer households:integer persons:number
        elderly_persons:number building_count:integer floor_area_m2:number tenure:text
        land_ownership:text subdistrict:text community:text past_renewal_year:integer
        past_central_subsidy:text past_shantytown_renewal:boolean expropriation_year:integer
        rebuild_planned:boolean danger_buildings:integer resident_will_share:number
        property_mode:text upkeep_lost:boolean utilities_incomplete:boolean derived:text
        area_m2:number persons_source:text households_source:text year_source:text
        residential_floor_area_m2:number joined_buildings:integer gate_count:integer
        eligibility:text must_missing:integer must_checked:integer gap_index:number
        district_id:text single_reason:text
    """,
    "result_cells": """
        @geometry area_m2:number
    """,
    "result_neighbourhood_gates": """
        @geometry neighbourhood_id:text source:text access:text name:text entry_m:number
        component:integer
    """,
    "result_adjacency": """
        @geometry a:text b:text shared_m:number gap_m:number barrier:text walk_m:number
        walk_s:number
    """,
    "result_eligibility": """
        neighbourhood_id:text rule:text finding:text clause:text evidence_zh:text
        evidence_en:text missing:text
    """,
    "result_life_circles": """
        @geometry neighbourhood_id:text layer:text limit_m:number limit_s:number
        reached_m:number area_m2:number facilities:integer persons:number
    """,
    "result_reached_facilities": """
        neighbourhood_id:text facility_id:text kind:text layer:text distance_m:number
        time_s:number
    """,
    "result_gaps": """
        neighbourhood_id:text kind:text layer:text need:text status:text limit_m:number
        nearest_facility_id:text nearest_m:number nearest_s:number radius_m:number
        straight_m:number missing_m:number short_persons:number required_m2:number
        supplied_m2:number short_m2:number match:text basis:text confidence:text
    """,
    "result_coverage": """
        area:text kind:text layer:text neighbourhoods:integer neighbourhoods_covered:integer
        persons:number persons_covered:number persons_unknown:number buildings:integer
        buildings_covered:integer
    """,
    "result_heatmap": """
        @geometry persons:number missing_mean:number person_gaps:number worst_kind:text
    """,
    "result_districts": """
        @geometry name:text members:integer households:integer persons:number area_m2:number
        diameter_m:number compactness:number subdistrict:text must_missing:number
        walls_between:integer colour:integer below_minimum:boolean
    """,
    "result_stock": """
        @geometry name:text source:text asset_type:text kind:text ownership:text owner:text
        land_m2:number floor_m2:number floor_level:integer inscribed_m:number
        neighbourhood_id:text inside_red_line:boolean pathway:text permitted_zh:text
        permitted_en:text consent_zh:text consent_en:text clause:text to_find_out:text
        evidence:text access_m:number
    """,
    "result_stock_fits": """
        stock_id:text kind:text neighbourhood_id:text distance_m:number limit_m:number
        size_m2:number needed_m2:number size_basis:text
    """,
}

TYPES = {
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "json": "jsonb",
}
KEYS = ("neighbourhood_id", "district_id", "facility_id", "stock_id", "a", "b", "area")

SYSTEM = """
CREATE TABLE linli.city (
    id text COLLATE "C" CONSTRAINT pk_city PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    current_version integer,
    CONSTRAINT ck_city_id_length CHECK (length(id) BETWEEN 1 AND 80)
);
CREATE TABLE linli.city_version (
    key integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_city_version PRIMARY KEY,
    city_id text COLLATE "C" NOT NULL
        CONSTRAINT fk_city_version_city_id REFERENCES linli.city (id) ON DELETE CASCADE,
    data_version text NOT NULL,
    engine_version text NOT NULL,
    profile text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    crs text NOT NULL,
    geographic_srid integer NOT NULL,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    neighbourhoods integer NOT NULL,
    persons double precision,
    counts jsonb NOT NULL,
    choices jsonb NOT NULL,
    summary jsonb NOT NULL,
    notes jsonb NOT NULL,
    parameters jsonb NOT NULL,
    catalogue jsonb NOT NULL,
    import_report jsonb NOT NULL,
    CONSTRAINT uq_city_version_city_id_data_version UNIQUE (city_id, data_version),
    CONSTRAINT ck_city_version_srid CHECK (geographic_srid IN (4326, 4490))
);
ALTER TABLE linli.city ADD CONSTRAINT fk_city_current_version
    FOREIGN KEY (current_version) REFERENCES linli.city_version (key) ON DELETE SET NULL;
CREATE TABLE linli.raster (
    version integer NOT NULL
        CONSTRAINT fk_raster_version REFERENCES linli.city_version (key) ON DELETE CASCADE,
    name text NOT NULL,
    rows integer NOT NULL,
    columns integer NOT NULL,
    transform jsonb NOT NULL,
    crs text NOT NULL,
    unit text NOT NULL,
    values_zlib bytea NOT NULL,
    CONSTRAINT pk_raster PRIMARY KEY (version, name)
);
CREATE TABLE linli.facility_kind (
    version integer NOT NULL
        CONSTRAINT fk_facility_kind_version REFERENCES linli.city_version (key) ON DELETE CASCADE,
    facility_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    match text,
    CONSTRAINT pk_facility_kind PRIMARY KEY (version, facility_id, kind)
);
CREATE TABLE linli.tile_overview (
    version integer NOT NULL
        CONSTRAINT fk_tile_overview_version REFERENCES linli.city_version (key) ON DELETE CASCADE,
    layer text NOT NULL,
    level integer NOT NULL,
    fid integer NOT NULL,
    properties jsonb NOT NULL,
    geom_3857 geometry(Geometry, 3857) NOT NULL,
    CONSTRAINT pk_tile_overview PRIMARY KEY (version, layer, level, fid)
);
CREATE INDEX ix_tile_overview_geom_3857 ON linli.tile_overview USING gist (geom_3857);
CREATE TABLE linli.tile_label (
    version integer NOT NULL
        CONSTRAINT fk_tile_label_version REFERENCES linli.city_version (key) ON DELETE CASCADE,
    layer text NOT NULL,
    fid integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    area_m2 double precision NOT NULL,
    geom_3857 geometry(Point, 3857) NOT NULL,
    CONSTRAINT pk_tile_label PRIMARY KEY (version, layer, fid)
);
CREATE INDEX ix_tile_label_geom_3857 ON linli.tile_label USING gist (geom_3857);
CREATE TABLE linli.job (
    id text COLLATE "C" CONSTRAINT pk_job PRIMARY KEY,
    kind text NOT NULL,
    city_id text COLLATE "C" NOT NULL
        CONSTRAINT fk_job_city_id REFERENCES linli.city (id) ON DELETE CASCADE,
    request jsonb NOT NULL,
    status text NOT NULL DEFAULT 'accepted',
    progress double precision NOT NULL DEFAULT 0,
    step text,
    message text,
    error jsonb,
    attempts integer NOT NULL DEFAULT 0,
    cancel_asked boolean NOT NULL DEFAULT false,
    worker text,
    data_version text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    seen_at timestamptz,
    CONSTRAINT ck_job_status
        CHECK (status IN ('accepted', 'running', 'successful', 'failed', 'dismissed')),
    CONSTRAINT ck_job_progress CHECK (progress BETWEEN 0 AND 100)
);
CREATE INDEX ix_job_status_created_at ON linli.job (status, created_at);
CREATE INDEX ix_job_city_id ON linli.job (city_id, created_at);
"""
FINITE = {
    "city_version": ("west", "south", "east", "north", "persons"),
    "tile_label": ("area_m2",),
}
SYSTEM_TABLES = (
    *("job", "tile_label", "tile_overview", "facility_kind", "raster", "city_version", "city"),
)


def upgrade() -> None:
    op.execute(SYSTEM)
    for table, columns in FINITE.items():
        for column in columns:
            op.execute(f"ALTER TABLE linli.{table} ADD {finite(table, column)}")
    for table, listed in LAYERS.items():
        make_layer(table, listed.split())


def downgrade() -> None:
    for table in reversed(LAYERS):
        op.execute(f"DROP TABLE linli.{table}")
    op.execute("ALTER TABLE linli.city DROP CONSTRAINT fk_city_current_version")
    for table in SYSTEM_TABLES:
        op.execute(f"DROP TABLE linli.{table}")


def make_layer(table: str, listed: list[str]) -> None:
    columns = dict(item.split(":") for item in listed if item != "@geometry")
    keys = [name for name in KEYS if columns.get(name) == "text"]
    collations = dict.fromkeys(keys, ' COLLATE "C"')
    lines = [
        f"version integer NOT NULL CONSTRAINT fk_{table}_version "
        "REFERENCES linli.city_version (key) ON DELETE CASCADE",
        'id text COLLATE "C" NOT NULL',
        "fid integer NOT NULL",
        *(f'"{name}" {TYPES[kind]}{collations.get(name, "")}' for name, kind in columns.items()),
        f"CONSTRAINT pk_{table} PRIMARY KEY (version, id)",
        *(finite(table, name) for name, kind in columns.items() if kind == "number"),
    ]
    if "@geometry" in listed:
        lines += [
            "geom geometry NOT NULL",
            "geom_3857 geometry(Geometry, 3857) NOT NULL",
            f"CONSTRAINT ck_{table}_geom_srid CHECK (ST_SRID(geom) IN (4326, 4490))",
            f"CONSTRAINT ck_{table}_geom_valid CHECK (NOT ST_IsEmpty(geom) AND ST_IsValid(geom))",
            f"CONSTRAINT ck_{table}_geom_lonlat CHECK ("
            "ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND "
            "ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)",
        ]
    op.execute(f"CREATE TABLE linli.{table} ({', '.join(lines)})")
    for key in keys:
        op.execute(f'CREATE INDEX ix_{table}_{key} ON linli.{table} (version, "{key}")')
    if "@geometry" in listed:
        for shape in ("geom", "geom_3857"):
            op.execute(f"CREATE INDEX ix_{table}_{shape} ON linli.{table} USING gist ({shape})")


def finite(table: str, column: str) -> str:
    # NaN counts as larger than infinity in PostgreSQL, so the second half refuses it too
    return (
        f"CONSTRAINT ck_{table}_{column}_finite CHECK "
        f"(\"{column}\" > '-Infinity'::float8 AND \"{column}\" < 'Infinity'::float8)"
    )
