"""Plans and boundaries of cells."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE linli.plan ( key INTEGER GENERATED ALWAYS AS IDENTITY, city_id TEXT COLLATE
    "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, name TEXT NOT NULL, status TEXT DEFAULT
    'draft' NOT NULL, data_version TEXT NOT NULL, head INTEGER DEFAULT '0' NOT NULL, rules
    JSONB NOT NULL, origin JSONB NOT NULL, author TEXT NOT NULL, created_at TIMESTAMP WITH
    TIME ZONE DEFAULT now() NOT NULL, updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT
    NULL, CONSTRAINT pk_plan PRIMARY KEY (key), CONSTRAINT uq_plan_city_id_id UNIQUE
    (city_id, id), CONSTRAINT ck_plan_id_length CHECK (length(id) BETWEEN 1 AND 64),
    CONSTRAINT ck_plan_name_length CHECK (length(name) BETWEEN 1 AND 200), CONSTRAINT
    ck_plan_status CHECK (status IN ('draft', 'review', 'approved', 'archived')), CONSTRAINT
    ck_plan_head CHECK (head >= 0), CONSTRAINT fk_plan_city_id FOREIGN KEY(city_id)
    REFERENCES linli.city (id) ON DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.plan_district ( plan INTEGER NOT NULL, id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL, colour INTEGER NOT NULL, locked BOOLEAN DEFAULT 'false' NOT NULL,
    CONSTRAINT pk_plan_district PRIMARY KEY (plan, id), CONSTRAINT
    ck_plan_district_id_length CHECK (length(id) BETWEEN 1 AND 64), CONSTRAINT
    ck_plan_district_name_length CHECK (length(name) BETWEEN 1 AND 200), CONSTRAINT
    fk_plan_district_plan FOREIGN KEY(plan) REFERENCES linli.plan (key) ON DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.plan_revision ( plan INTEGER NOT NULL, seq INTEGER NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL, op TEXT NOT NULL, params JSONB NOT NULL, author
    TEXT NOT NULL, reason TEXT NOT NULL, created_at TIMESTAMP WITH TIME ZONE DEFAULT now()
    NOT NULL, undoes INTEGER, units_changed INTEGER NOT NULL, districts JSONB NOT NULL,
    changes JSONB NOT NULL, answer JSONB NOT NULL, CONSTRAINT pk_plan_revision PRIMARY KEY
    (plan, seq), CONSTRAINT uq_plan_revision_plan_request_id UNIQUE (plan, request_id),
    CONSTRAINT ck_plan_revision_seq CHECK (seq > 0), CONSTRAINT fk_plan_revision_plan
    FOREIGN KEY(plan) REFERENCES linli.plan (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_plan_revision_undoes ON linli.plan_revision (plan, undoes)
    """,
    """
    CREATE TABLE linli.plan_tag ( plan INTEGER NOT NULL, name TEXT COLLATE "C" NOT NULL, seq
    INTEGER NOT NULL, author TEXT NOT NULL, created_at TIMESTAMP WITH TIME ZONE DEFAULT
    now() NOT NULL, CONSTRAINT pk_plan_tag PRIMARY KEY (plan, name), CONSTRAINT
    ck_plan_tag_name_length CHECK (length(name) BETWEEN 1 AND 200), CONSTRAINT
    fk_plan_tag_plan FOREIGN KEY(plan) REFERENCES linli.plan (key) ON DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.plan_unit ( plan INTEGER NOT NULL, id TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL, facts JSONB NOT NULL, parcel geometry(GEOMETRY,-1) NOT
    NULL, cell geometry(GEOMETRY,-1) NOT NULL, CONSTRAINT pk_plan_unit PRIMARY KEY (plan,
    id), CONSTRAINT fk_plan_unit_plan FOREIGN KEY(plan) REFERENCES linli.plan (key) ON
    DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.result_cell_edges ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, a TEXT COLLATE "C", b TEXT COLLATE "C", length_m DOUBLE
    PRECISION, geom geometry(GEOMETRY,-1) NOT NULL, geom_3857 geometry(GEOMETRY,3857) NOT
    NULL, CONSTRAINT pk_result_cell_edges PRIMARY KEY (version, id), CONSTRAINT
    ck_result_cell_edges_length_m_finite CHECK (length_m > '-Infinity'::float8 AND length_m
    < 'Infinity'::float8), CONSTRAINT ck_result_cell_edges_geom_srid CHECK (ST_SRID(geom) IN
    (4326, 4490)), CONSTRAINT ck_result_cell_edges_geom_valid CHECK (NOT ST_IsEmpty(geom)
    AND ST_IsValid(geom)), CONSTRAINT ck_result_cell_edges_geom_lonlat CHECK (ST_XMin(geom)
    >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90),
    CONSTRAINT fk_result_cell_edges_version FOREIGN KEY(version) REFERENCES
    linli.city_version (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_cell_edges_a ON linli.result_cell_edges (version, a)
    """,
    """
    CREATE INDEX ix_result_cell_edges_b ON linli.result_cell_edges (version, b)
    """,
    """
    CREATE INDEX ix_result_cell_edges_geom ON linli.result_cell_edges USING gist (geom)
    """,
    """
    CREATE INDEX ix_result_cell_edges_geom_3857 ON linli.result_cell_edges USING gist
    (geom_3857)
    """,
    """
    CREATE TABLE linli.plan_assignment ( plan INTEGER NOT NULL, unit_id TEXT COLLATE "C" NOT
    NULL, district_id TEXT COLLATE "C", locked BOOLEAN DEFAULT 'false' NOT NULL, CONSTRAINT
    pk_plan_assignment PRIMARY KEY (plan, unit_id), CONSTRAINT
    fk_plan_assignment_plan_district_id FOREIGN KEY(plan, district_id) REFERENCES
    linli.plan_district (plan, id), CONSTRAINT fk_plan_assignment_plan FOREIGN KEY(plan)
    REFERENCES linli.plan (key) ON DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.plan_change ( plan INTEGER NOT NULL, seq INTEGER NOT NULL, unit_id
    TEXT COLLATE "C" NOT NULL, before TEXT COLLATE "C", after TEXT COLLATE "C", CONSTRAINT
    pk_plan_change PRIMARY KEY (plan, seq, unit_id), CONSTRAINT fk_plan_change_plan_seq
    FOREIGN KEY(plan, seq) REFERENCES linli.plan_revision (plan, seq), CONSTRAINT
    fk_plan_change_plan FOREIGN KEY(plan) REFERENCES linli.plan (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_plan_change_unit_id ON linli.plan_change (plan, unit_id, seq)
    """,
)
DOWN = (
    """
    DROP TABLE linli.plan_change
    """,
    """
    DROP TABLE linli.plan_assignment
    """,
    """
    DROP TABLE linli.result_cell_edges
    """,
    """
    DROP TABLE linli.plan_unit
    """,
    """
    DROP TABLE linli.plan_tag
    """,
    """
    DROP TABLE linli.plan_revision
    """,
    """
    DROP TABLE linli.plan_district
    """,
    """
    DROP TABLE linli.plan
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
