"""Stock: constraints, new owner, private owners, own entrance."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = (
    """
    ALTER TABLE linli.result_stock ADD COLUMN own_entrance BOOLEAN
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN private_zh TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN private_en TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN new_owner TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN new_owner_zh TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN new_owner_en TEXT
    """,
    """
    ALTER TABLE linli.result_stock ADD COLUMN constraints TEXT
    """,
)
DOWN = (
    """
    ALTER TABLE linli.result_stock DROP COLUMN "constraints"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "new_owner_en"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "new_owner_zh"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "new_owner"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "private_en"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "private_zh"
    """,
    """
    ALTER TABLE linli.result_stock DROP COLUMN "own_entrance"
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
