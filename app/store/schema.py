"""Bring a database's tables up to date, or down again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.errors import StoreError
from app.store.tables import SCHEMA, metadata

__all__ = ["downgrade", "newest_revision", "revision_of", "schema_differences", "upgrade"]

MIGRATIONS: Final = Path(__file__).resolve().parents[1] / "migrations"
LOCK_KEY: Final = 0x6C696E6C69  # "linli": two processes never migrate at once


def upgrade(engine: Engine, revision: str = "head", *, require_all: bool = True) -> None:
    """Run all revisions up to `revision`, in one transaction: all of it or nothing.

    Parameters
    ----------
    engine : Engine
        Of a database with postgis.
    revision : str
        Where to stop.
    require_all : bool
        Check at the end that every column of the data dictionary is there.

    Raises
    ------
    StoreError
        If the database was made by a newer Linli, or its user may not create tables.
    """
    try:
        _upgrade(engine, revision, require_all=require_all and revision == "head")
    except DBAPIError as fault:
        if not isinstance(fault.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise StoreError(
            f"This database user may not create what Linli needs: {str(fault.orig).strip()}. Ask "
            "the database's administrator for `GRANT CREATE ON DATABASE … TO …`.",
            f"该数据库用户无权创建所需的表:{str(fault.orig).strip()}。"
            "请数据库管理员执行 `GRANT CREATE ON DATABASE … TO …`。",
        ) from fault


def _upgrade(engine: Engine, revision: str, *, require_all: bool) -> None:
    with engine.begin() as connection:
        _lock(connection)
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        config = _config(connection)
        current = _current(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise StoreError(
                f"The database is at revision {current}, which this Linli does not know: it was "
                "made by a newer one. Update Linli, or use another database.",
                f"数据库版本为 {current},由更新版本的邻里创建。请升级邻里,或换用其他数据库。",
            )
        command.upgrade(config, revision)
        if require_all:
            _require_all_columns(connection)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Run revisions backwards; tables that they made are gone, with what is in them."""
    with engine.begin() as connection:
        _lock(connection)
        command.downgrade(_config(connection), revision)


def revision_of(engine: Engine) -> str | None:
    """Return the revision that the database is at."""
    with engine.connect() as connection:
        return _current(connection)


def newest_revision() -> str:
    """Return the revision at which this Linli's tables are up to date."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def schema_differences(engine: Engine) -> list[Any]:
    """Return in what the database differs from the tables of `app.store.tables`."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
                "include_object": lambda _object, name, _kind, _reflected, _compare: (
                    name != "alembic_version"
                ),
                "version_table_schema": SCHEMA,
                "compare_type": True,
            },
        )
        return compare_metadata(context, metadata)


def _require_all_columns(connection: Connection) -> None:
    """Compare with the data dictionary: a column without a revision would fail only later."""
    rows = connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = :schema"
        ),
        {"schema": SCHEMA},
    )
    present = {(row[0], row[1]) for row in rows}
    wanted = {(table.name, column.name) for table in metadata.tables.values() for column in table.c}
    missing = sorted(f"{table}.{column}" for table, column in wanted - present)
    if missing:
        raise StoreError(
            f"The database lacks the columns {', '.join(missing)} of data/dictionary.yaml, and no "
            "revision under app/migrations adds them. Write it by `python -m app.store.draft "
            '"what changed"`; or, while developing, move .local/pg away and import anew.',
            f"数据库缺少 data/dictionary.yaml 中的列 {', '.join(missing)},且 app/migrations 中没有"
            "相应的升级步骤。请用 `python -m app.store.draft` 补充;开发阶段也可移走 .local/pg "
            "后重新导入。",
        )


def _lock(connection: Connection) -> None:
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    return context.get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
