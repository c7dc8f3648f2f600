"""The store: one engine, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, text

from app.store import read, save, schema
from app.store.rows import current_version
from spatial.city.model import City
from spatial.progress import Progress, silent

if TYPE_CHECKING:
    from spatial.analysis import Analysis

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
        Longest time that one question may take (storing and reading whole cities may take longer).
    keep_versions : int
        Data versions kept of each city.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout_s: float = 20.0,
        keep_versions: int = 3,
    ) -> None:
        self.url = url
        self.keep_versions = keep_versions
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

    def upgrade(self) -> None:
        """Bring the tables up to date; safe when two processes do it at once."""
        schema.upgrade(self.engine)

    def database_version(self) -> str:
        """Return the versions of PostgreSQL and PostGIS."""
        with self.engine.connect() as connection:
            row = connection.execute(
                text("SELECT current_setting('server_version'), postgis_lib_version()")
            ).one()
        return f"PostgreSQL {row[0].split()[0]}, PostGIS {row[1]}"

    def has_city(self, city_id: str) -> bool:
        """Return whether a city is stored, analysed and ready to be shown."""
        with self.engine.connect() as connection:
            found = connection.execute(
                text("SELECT 1 FROM linli.city WHERE id = :id AND current_version IS NOT NULL"),
                {"id": city_id},
            )
            return found.first() is not None

    def has_version(self, city_id: str, data_version: str) -> bool:
        """Return whether the city is stored with these very inputs, parameters and engine."""
        with self.engine.connect() as connection:
            found = connection.execute(
                text(
                    "SELECT 1 FROM linli.city_version "
                    "WHERE city_id = :id AND data_version = :data_version"
                ),
                {"id": city_id, "data_version": data_version},
            )
            return found.first() is not None

    def data_version(self, city_id: str) -> str:
        """Return the data version of a city that everybody sees."""
        with self.engine.connect() as connection:
            return current_version(connection, city_id).data_version

    def delete_city(self, city_id: str) -> bool:
        """Remove a city with all its versions and jobs; return whether there was one."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            gone = connection.execute(
                text("DELETE FROM linli.city WHERE id = :id RETURNING id"), {"id": city_id}
            )
            return gone.first() is not None

    def save_analysis(
        self,
        analysis: Analysis,
        *,
        city_id: str | None = None,
        keep_versions: int | None = None,
        progress: Progress = silent,
    ) -> str:
        """Store an analysis in one transaction and return the city's id, see `app.store.save`."""
        return save.save_analysis(
            self.engine,
            analysis,
            city_id=city_id,
            keep_versions=keep_versions or self.keep_versions,
            progress=progress,
        )

    def read_city(self, city_id: str) -> City:
        """Return a stored city as the engine wants it, see `app.store.read`."""
        return read.read_city(self.engine, city_id)

    def read_choices(self, city_id: str) -> dict[str, Any]:
        """Return the choices (and the profile) with which the current version was made."""
        return read.read_choices(self.engine, city_id)
