"""The app outlives its database: nothing is lost, and it recovers by itself."""

import os
import signal
import time

import httpx
import pytest
from grid_town import grid_analysis

from app import cluster
from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis


def test_a_killed_server_is_said_to_be_away_and_comes_back_with_all_data(
    tmp_path, serving, monkeypatch
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    app = create_app(Settings(home=tmp_path, database_url=None))
    try:
        with serving(app) as url, httpx.Client(base_url=url) as client:
            app.state.store.save_analysis(grid_analysis())
            sheet = "/api/v1/cities/grid-town/neighbourhoods/n0-0"
            before = client.get(sheet).json()
            os.kill(_postmaster(tmp_path), signal.SIGKILL)
            _wait_until_gone(client, sheet)
            assert cluster.start(tmp_path, environment={}).started
            assert client.get(sheet).json() == before
    finally:
        cluster.stop(tmp_path)
    with serving(create_app(Settings(home=tmp_path, database_url=None))) as url:
        assert httpx.get(f"{url}/api/v1/cities").json()["items"][0]["id"] == "grid-town"
    cluster.stop(tmp_path)


def _postmaster(home):
    return int((home / ".local/pg/data/postmaster.pid").read_text().split()[0])


def _wait_until_gone(client, address):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = client.get(address)
        if answer.status_code != 200:
            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] == "store-unavailable"
            return
        time.sleep(0.05)
    raise AssertionError("the database was killed, and still it answers")
