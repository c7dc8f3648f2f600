"""Addresses of databases: each client wants its own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.errors import ClusterError

__all__ = ["connect_arguments", "normalise_url", "socket_url", "with_database"]

POSTGRES_SCHEMES = ("postgres", "postgresql", "postgis", "postgresql+psycopg")


def socket_url(folder: Path, *, user: str, database: str) -> str:
    """Return the SQLAlchemy address of a server behind a socket in `folder`.

    The host stands in the query: behind the ``@`` SQLAlchemy does not take a folder.

    Examples
    --------
    >>> socket_url(Path("/run/gis"), user="gis", database="gis")
    'postgresql+psycopg://gis@/gis?host=%2Frun%2Fgis'
    """
    url = URL.create(
        "postgresql+psycopg", username=user, database=database, query={"host": str(folder)}
    )
    return url.render_as_string(hide_password=False)


def normalise_url(url: str) -> str:
    """Turn any usual PostgreSQL address into SQLAlchemy's, with the psycopg driver.

    Raises
    ------
    ClusterError
        If it is no PostgreSQL address, or names no database.

    Examples
    --------
    >>> normalise_url("postgres://me:secret@db.example/city?sslmode=require")
    'postgresql+psycopg://me:secret@db.example/city?sslmode=require'
    """
    address = "postgresql://user:password@host:5432/database"
    cure, cure_zh = f"Give DATABASE_URL as {address}.", f"请写成 {address}。"
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise ClusterError(
            f"DATABASE_URL cannot be read as an address. {cure}",
            f"DATABASE_URL 不是可识别的地址。{cure_zh}",
        ) from fault
    if parsed.drivername not in POSTGRES_SCHEMES:
        raise ClusterError(
            f"DATABASE_URL names `{parsed.drivername}`, not PostgreSQL. {cure}",
            f"DATABASE_URL 指向 {parsed.drivername},不是 PostgreSQL。{cure_zh}",
        )
    if not parsed.database:
        raise ClusterError(
            f"DATABASE_URL names no database. {cure}",
            f"DATABASE_URL 没有写明数据库。{cure_zh}",
        )
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def with_database(url: str, database: str) -> str:
    """Return the same server's address for another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def connect_arguments(url: str) -> dict[str, Any]:
    """Return the keyword arguments that ``psycopg.connect`` takes for this address.

    Examples
    --------
    >>> connect_arguments("postgresql+psycopg://gis@/gis?host=%2Frun%2Fgis")
    {'host': '/run/gis', 'dbname': 'gis', 'user': 'gis'}
    """
    parsed = make_url(url)
    arguments = parsed.translate_connect_args(username="user", database="dbname")
    query = {key: value for key, value in parsed.query.items() if isinstance(value, str)}
    return {**query, **arguments}
