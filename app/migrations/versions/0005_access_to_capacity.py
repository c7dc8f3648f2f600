"""Access to capacity."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE linli.result_access ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, neighbourhood_id TEXT COLLATE "C", kind TEXT, layer TEXT,
    limit_m DOUBLE PRECISION, measure TEXT, demand_basis TEXT, served_persons DOUBLE
    PRECISION, facilities BIGINT, unknown_facilities BIGINT, two_step_per_1000 DOUBLE
    PRECISION, enhanced_two_step_per_1000 DOUBLE PRECISION, three_step_per_1000 DOUBLE
    PRECISION, gravity_per_1000 DOUBLE PRECISION, supply_per_1000_persons DOUBLE PRECISION,
    standard_per_1000_persons DOUBLE PRECISION, standard_basis TEXT, access_ratio DOUBLE
    PRECISION, status TEXT, CONSTRAINT pk_result_access PRIMARY KEY (version, id),
    CONSTRAINT ck_result_access_limit_m_finite CHECK (limit_m > '-Infinity'::float8 AND
    limit_m < 'Infinity'::float8), CONSTRAINT ck_result_access_served_persons_finite CHECK
    (served_persons > '-Infinity'::float8 AND served_persons < 'Infinity'::float8),
    CONSTRAINT ck_result_access_two_step_per_1000_finite CHECK (two_step_per_1000 >
    '-Infinity'::float8 AND two_step_per_1000 < 'Infinity'::float8), CONSTRAINT
    ck_result_access_enhanced_two_step_per_1000_finite CHECK (enhanced_two_step_per_1000 >
    '-Infinity'::float8 AND enhanced_two_step_per_1000 < 'Infinity'::float8), CONSTRAINT
    ck_result_access_three_step_per_1000_finite CHECK (three_step_per_1000 >
    '-Infinity'::float8 AND three_step_per_1000 < 'Infinity'::float8), CONSTRAINT
    ck_result_access_gravity_per_1000_finite CHECK (gravity_per_1000 > '-Infinity'::float8
    AND gravity_per_1000 < 'Infinity'::float8), CONSTRAINT
    ck_result_access_supply_per_1000_persons_finite CHECK (supply_per_1000_persons >
    '-Infinity'::float8 AND supply_per_1000_persons < 'Infinity'::float8), CONSTRAINT
    ck_result_access_standard_per_1000_persons_finite CHECK (standard_per_1000_persons >
    '-Infinity'::float8 AND standard_per_1000_persons < 'Infinity'::float8), CONSTRAINT
    ck_result_access_access_ratio_finite CHECK (access_ratio > '-Infinity'::float8 AND
    access_ratio < 'Infinity'::float8), CONSTRAINT fk_result_access_version FOREIGN
    KEY(version) REFERENCES linli.city_version (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_access_neighbourhood_id ON linli.result_access (version,
    neighbourhood_id)
    """,
)
DOWN = (
    """
    DROP TABLE linli.result_access
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
