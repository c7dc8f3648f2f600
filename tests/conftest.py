"""Fixtures shared by all tests: where the real data lies, and how its absence is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is missing: put it into {SHARED_DATA} to run this test")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgis_url(tmp_path_factory) -> Iterator[str]:
    """Address of a PostGIS server for the tests: ``DATABASE_URL``, or a private one made now."""
    import psycopg

    from app import cluster

    home = tmp_path_factory.mktemp("home")
    server = cluster.start(home)
    if server.private:  # what a test writes need not outlive a power cut
        with psycopg.connect(**cluster.connect_arguments(server.url), autocommit=True) as database:
            database.execute("ALTER SYSTEM SET fsync = off")
            database.execute("SELECT pg_reload_conf()")
    yield server.url
    if server.private:
        cluster.stop(home)


@pytest.fixture(scope="module")
def database_url(postgis_url) -> Iterator[str]:
    """Address of an empty database with postgis, dropped after the module."""
    import uuid

    import psycopg

    from app import cluster

    name = f"linli_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**cluster.connect_arguments(postgis_url), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    url = cluster.with_database(postgis_url, name)
    with psycopg.connect(**cluster.connect_arguments(url)) as database:
        database.execute("CREATE EXTENSION postgis")
    yield url
    with psycopg.connect(**cluster.connect_arguments(postgis_url), autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def serving():
    """Serve an app on a free port of this machine: ``with serving(app) as url``."""
    import socket
    import threading
    from contextlib import contextmanager

    import uvicorn

    @contextmanager
    def serve(app) -> Iterator[str]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                while not server.started:
                    if not thread.is_alive():
                        raise RuntimeError("the app did not start; its log says why")
                    thread.join(0.01)
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                thread.join(20)

    return serve
