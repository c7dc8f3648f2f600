"""Stores with and without a town."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def store(database_url):
    from app.store import Store

    store = Store(database_url, pool_size=3)
    store.upgrade()
    yield store
    store.close()
