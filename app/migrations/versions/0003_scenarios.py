"""Scenarios: named lists of changes; results of jobs."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = (
    """
    ALTER TABLE linli.job ADD COLUMN result JSONB
    """,
    """
    CREATE TABLE linli.scenario ( city_id TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT
    NULL, name TEXT NOT NULL, changes JSONB NOT NULL, data_version TEXT NOT NULL, revision
    INTEGER DEFAULT '1' NOT NULL, created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT
    NULL, updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, CONSTRAINT pk_scenario
    PRIMARY KEY (city_id, id), CONSTRAINT ck_scenario_id_length CHECK (length(id) BETWEEN 1
    AND 64), CONSTRAINT ck_scenario_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT fk_scenario_city_id FOREIGN KEY(city_id) REFERENCES linli.city (id) ON DELETE
    CASCADE )
    """,
)
DOWN = (
    """
    DROP TABLE linli.scenario
    """,
    """
    ALTER TABLE linli.job DROP COLUMN "result"
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
