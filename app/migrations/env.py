"""Alembic's entry: runs the revisions on the connection that `app.store.schema` hands over."""

from __future__ import annotations

from alembic import context

from app.store.tables import SCHEMA, metadata

connection = context.config.attributes["connection"]


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Look at our own schema only; what else lies in the database is not ours."""
    del parents
    return name == SCHEMA if kind == "schema" else True


context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=include_name,
    include_object=lambda _object, name, kind, _reflected, _compare: (
        kind != "table" or name != "alembic_version"
    ),
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
