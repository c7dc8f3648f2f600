"""Stores with and without a town."""

import pytest


@pytest.fixture(scope="module")
def store(database_url):
    from app.store import Store

    store = Store(database_url, pool_size=3)
    store.upgrade()
    yield store
    store.close()
