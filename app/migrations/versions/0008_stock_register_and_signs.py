"""Stock: the register as edited, signs and confidence of candidates."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE linli.stock_asset ( city_id TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C"
    NOT NULL, revision INTEGER NOT NULL, retired BOOLEAN DEFAULT 'false' NOT NULL, facts
    JSONB, shown JSONB, fits JSONB, geom geometry(GEOMETRY,-1), verdict TEXT, asset_id TEXT
    COLLATE "C", author TEXT NOT NULL, reason TEXT NOT NULL, updated_at TIMESTAMP WITH TIME
    ZONE DEFAULT now() NOT NULL, CONSTRAINT pk_stock_asset PRIMARY KEY (city_id, id),
    CONSTRAINT ck_stock_asset_revision CHECK (revision > 0), CONSTRAINT
    ck_stock_asset_id_length CHECK (length(id) BETWEEN 1 AND 200), CONSTRAINT
    ck_stock_asset_verdict CHECK (verdict IN ('accept', 'reject', 'correct')), CONSTRAINT
    ck_stock_asset_placed CHECK (facts IS NULL OR geom IS NOT NULL), CONSTRAINT
    fk_stock_asset_city_id FOREIGN KEY(city_id) REFERENCES linli.city (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_stock_asset_geom ON linli.stock_asset USING gist (geom)
    """,
    """
    CREATE TABLE linli.stock_request ( city_id TEXT COLLATE "C" NOT NULL, id TEXT COLLATE
    "C" NOT NULL, op TEXT NOT NULL, digest TEXT NOT NULL, answer JSONB NOT NULL, created_at
    TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, CONSTRAINT pk_stock_request PRIMARY KEY
    (city_id, id), CONSTRAINT ck_stock_request_id_length CHECK (length(id) BETWEEN 1 AND
    64), CONSTRAINT fk_stock_request_city_id FOREIGN KEY(city_id) REFERENCES linli.city (id)
    ON DELETE CASCADE )
    """,
    """
    ALTER TABLE linli.input_buildings ADD COLUMN address TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN title TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN evidence TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN photos TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN links TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN contact_office TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN contact TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN surveyed_on TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN origin TEXT
    """,
    """
    ALTER TABLE linli.input_stock_assets ADD COLUMN revision BIGINT
    """,
    """
    CREATE TABLE linli.input_stock_rejected ( version INTEGER NOT NULL, id TEXT COLLATE "C"
    NOT NULL, fid INTEGER NOT NULL, sign TEXT, author TEXT, reason TEXT, geom
    geometry(GEOMETRY,-1) NOT NULL, geom_3857 geometry(GEOMETRY,3857) NOT NULL, CONSTRAINT
    pk_input_stock_rejected PRIMARY KEY (version, id), CONSTRAINT
    ck_input_stock_rejected_geom_srid CHECK (ST_SRID(geom) IN (4326, 4490)), CONSTRAINT
    ck_input_stock_rejected_geom_valid CHECK (NOT ST_IsEmpty(geom) AND ST_IsValid(geom)),
    CONSTRAINT ck_input_stock_rejected_geom_lonlat CHECK (ST_XMin(geom) >= -180 AND
    ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90), CONSTRAINT
    fk_input_stock_rejected_version FOREIGN KEY(version) REFERENCES linli.city_version (key)
    ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_input_stock_rejected_geom ON linli.input_stock_rejected USING gist
    (geom)
    """,
    """
    CREATE INDEX ix_input_stock_rejected_geom_3857 ON linli.input_stock_rejected USING gist
    (geom_3857)
    """,
    """
    CREATE TABLE linli.input_structures ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, name TEXT, kind TEXT, status TEXT, year BIGINT, geom
    geometry(GEOMETRY,-1) NOT NULL, geom_3857 geometry(GEOMETRY,3857) NOT NULL, CONSTRAINT
    pk_input_structures PRIMARY KEY (version, id), CONSTRAINT ck_input_structures_geom_srid
    CHECK (ST_SRID(geom) IN (4326, 4490)), CONSTRAINT ck_input_structures_geom_valid CHECK
    (NOT ST_IsEmpty(geom) AND ST_IsValid(geom)), CONSTRAINT ck_input_structures_geom_lonlat
    CHECK (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND
    ST_YMax(geom) <= 90), CONSTRAINT fk_input_structures_version FOREIGN KEY(version)
    REFERENCES linli.city_version (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_input_structures_geom ON linli.input_structures USING gist (geom)
    """,
    """
    CREATE INDEX ix_input_structures_geom_3857 ON linli.input_structures USING gist
    (geom_3857)
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN sign TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN confidence DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_stock ADD CONSTRAINT ck_result_stock_confidence_finite CHECK
    (confidence > '-Infinity'::float8 AND confidence < 'Infinity'::float8)
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN evidence_en TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN measures TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN frontage_m DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_stock ADD CONSTRAINT ck_result_stock_frontage_m_finite CHECK
    (frontage_m > '-Infinity'::float8 AND frontage_m < 'Infinity'::float8)
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN slope_share DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_stock ADD CONSTRAINT ck_result_stock_slope_share_finite CHECK
    (slope_share > '-Infinity'::float8 AND slope_share < 'Infinity'::float8)
    """,
    """
    CREATE TABLE linli.stock_revision ( city_id TEXT COLLATE "C" NOT NULL, asset_id TEXT
    COLLATE "C" NOT NULL, revision INTEGER NOT NULL, request_id TEXT COLLATE "C" NOT NULL,
    op TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created_at TIMESTAMP WITH
    TIME ZONE DEFAULT now() NOT NULL, before JSONB, after JSONB, CONSTRAINT
    pk_stock_revision PRIMARY KEY (city_id, asset_id, revision), CONSTRAINT
    fk_stock_revision_city_id_asset_id FOREIGN KEY(city_id, asset_id) REFERENCES
    linli.stock_asset (city_id, id) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_stock_revision_request_id ON linli.stock_revision (city_id, request_id)
    """,
)
DOWN = (
    """
    DROP TABLE linli.stock_revision
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "slope_share"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "frontage_m"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "measures"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "evidence_en"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "confidence"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "sign"
    """,
    """
    DROP TABLE linli.input_structures
    """,
    """
    DROP TABLE linli.input_stock_rejected
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "revision"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "origin"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "surveyed_on"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "contact"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "contact_office"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "links"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "photos"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "evidence"
    """,
    """
    ALTER TABLE linli.input_stock_assets DROP COLUMN "title"
    """,
    """
    ALTER TABLE linli.input_buildings DROP COLUMN "address"
    """,
    """
    DROP TABLE linli.stock_request
    """,
    """
    DROP TABLE linli.stock_asset
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
