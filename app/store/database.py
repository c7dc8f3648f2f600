"""The store: one engine, and the questions that can be asked of it."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, text

__all__ = ["Store"]


class Store:
    """A PostGIS database that holds cities; give it back with `close`.

    Parameters
    ----------
    url : str
        SQLAlchemy address, see `app.cluster`.
    pool_size : int
        Connections kept open.
    statement_timeout_s : float
        Longest time that one question may take.
    """

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout_s: float = 20.0) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,  # connections that died with a restarted server are replaced
            connect_args={
                "options": f"-c statement_timeout={int(statement_timeout_s * 1000)}",
                "connect_timeout": 10,
            },
        )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def database_version(self) -> str:
        """Return the versions of PostgreSQL and PostGIS."""
        with self.engine.connect() as connection:
            row = connection.execute(
                text("SELECT current_setting('server_version'), postgis_lib_version()")
            ).one()
        return f"PostgreSQL {row[0].split()[0]}, PostGIS {row[1]}"
