"""Stores with and without a town."""

import pytest


@pytest.fixture(scope="module")
def store(database_url):
    from app.store import Store

    store = Store(database_url, pool_size=3)
    store.upgrade()
    yield store
    store.close()


@pytest.fixture(scope="module")
def stock_client(store, serving, tmp_path_factory):
    """Serve the grid town, whose register may be edited."""
    import httpx
    from fake_scenarios import FakeBases
    from grid_town import grid_analysis

    from app.main import create_app
    from app.settings import Settings

    store.save_analysis(grid_analysis())
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def register_emptied(store):
    """Take every edit of the register away after the test."""
    from sqlalchemy import text

    yield
    with store.engine.begin() as connection:
        for table in ("stock_revision", "stock_asset", "stock_request"):
            connection.execute(text(f"DELETE FROM linli.{table}"))
