"""Write the next revision after the data dictionary grew: ``python -m app.store.draft WHAT``.

It compares the tables of a fresh database, made by the revisions so far, with the tables that the
dictionary asks for, and writes the SQL of what is missing. Read it before you commit it.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from sqlalchemy import CheckConstraint, Column, Index, Table, create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.schema import AddConstraint, CreateColumn, CreateIndex, CreateTable

from app import cluster
from app.store import schema
from app.store.tables import SCHEMA, metadata

__all__ = ["draft_revision", "main"]

TEMPLATE = '''"""{what}."""

from __future__ import annotations

from alembic import op

revision = "{number:04d}"
down_revision = "{previous}"
branch_labels = None
depends_on = None

UP = (
{up}
)
DOWN = (
{down}
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
'''
DIALECT = make_url("postgresql+psycopg://").get_dialect()()
Present = dict[str, set[str]]


def draft_revision(present: Present, *, what: str, previous: str) -> str | None:
    """Return the text of the next revision, or None if nothing is missing.

    Parameters
    ----------
    present : dict of table to columns
        What the revisions so far make.
    what : str
        In plain words, for those who read the list of revisions.
    previous : str
        Number of the last revision.
    """
    up, down = [], []
    for table in metadata.sorted_tables:
        if table.name not in present:
            up += [_sql(CreateTable(table)), *map(_sql, map(CreateIndex, _indices(table)))]
            down.append(f"DROP TABLE {SCHEMA}.{table.name}")
            continue
        for column in table.columns:
            if column.name not in present[table.name]:
                up += list(_added(table, column))
                down.append(f'ALTER TABLE {SCHEMA}.{table.name} DROP COLUMN "{column.name}"')
    if not up:
        return None
    return TEMPLATE.format(
        what=what.rstrip("."),
        number=int(previous) + 1,
        previous=previous,
        up=_listed(up),
        down=_listed(list(reversed(down))),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the next revision file; return 0, or 1 if nothing is missing."""
    parser = argparse.ArgumentParser(prog="python -m app.store.draft", description=__doc__)
    parser.add_argument("what", help="what changed, in plain words")
    options = parser.parse_args(arguments)
    present, previous = _made_by_revisions()
    text = draft_revision(present, what=options.what, previous=previous)
    if text is None:
        sys.stdout.write("The revisions make every table and column of the dictionary.\n")
        return 1
    slug = re.sub(r"\W+", "_", options.what.lower()).strip("_")[:40]
    path = Path(schema.MIGRATIONS) / "versions" / f"{int(previous) + 1:04d}_{slug}.py"
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{path}\n")
    return 0


def _made_by_revisions() -> tuple[Present, str]:
    """Run all revisions in a database of their own, and look at what they made."""
    server = cluster.start()
    name = f"linli_draft_{uuid.uuid4().hex[:8]}"
    url = cluster.with_database(server.url, name)
    arguments = cluster.connect_arguments(server.url)
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            with psycopg.connect(**cluster.connect_arguments(url)) as database:
                database.execute("CREATE EXTENSION postgis")
            engine = create_engine(url)
            schema.upgrade(engine, require_all=False)
            looked = inspect(engine)
            present = {
                table: {column["name"] for column in looked.get_columns(table, schema=SCHEMA)}
                for table in looked.get_table_names(schema=SCHEMA)
            }
            previous = schema.revision_of(engine)
            engine.dispose()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
    if server.started:
        cluster.stop()
    return present, previous or "0000"


def _added(table: Table, column: Column) -> Iterator[str]:
    name = f"{SCHEMA}.{table.name}"
    yield f"ALTER TABLE {name} ADD COLUMN {_sql(CreateColumn(column))}"
    for constraint in table.constraints:
        mine = isinstance(constraint, CheckConstraint) and str(constraint.name).endswith(
            f"_{column.name}_finite"
        )
        if mine:
            yield _sql(AddConstraint(constraint))
    for index in _indices(table):
        if column.name in {part.name for part in index.columns}:
            yield _sql(CreateIndex(index))


def _indices(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _sql(element: CreateTable | CreateIndex | CreateColumn | AddConstraint) -> str:
    compiled = str(element.compile(dialect=DIALECT))
    return re.sub(r"\s+", " ", compiled).strip().replace("%%", "%")


def _listed(statements: list[str]) -> str:
    """Write statements as Python texts of readable width."""
    written = []
    for statement in statements:
        lines = textwrap.wrap(statement, 88, break_on_hyphens=False, break_long_words=False)
        written.append("\n".join(['    """', *(f"    {line}" for line in lines), '    """,']))
    return "\n".join(written)


if __name__ == "__main__":
    sys.exit(main())
