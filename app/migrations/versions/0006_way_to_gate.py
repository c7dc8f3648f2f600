"""Gaps of buildings say by which way they leave."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = (
    """
    ALTER TABLE linli.result_building_gaps ADD COLUMN way_to_gate TEXT
    """,
    """
    ALTER TABLE linli.result_building_gaps ADD COLUMN entry_m DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_building_gaps ADD CONSTRAINT
    ck_result_building_gaps_entry_m_finite CHECK (entry_m > '-Infinity'::float8 AND entry_m
    < 'Infinity'::float8)
    """,
)
DOWN = (
    """
    ALTER TABLE linli.result_building_gaps DROP COLUMN "entry_m"
    """,
    """
    ALTER TABLE linli.result_building_gaps DROP COLUMN "way_to_gate"
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
