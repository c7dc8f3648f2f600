"""The search for districts is made ready in the background, once, and leaves no trace."""

import sys
import threading

import httpx
import numpy as np
import pytest
from grid_town import grid_analysis
from plan_client import CITY, PLANS
from sqlalchemy import text

from app.main import create_app
from app.settings import Settings
from app.stock.writing import standards_of
from app.store import jobs
from app.warming import Warming, warm_districts, warm_stock
from app.worker import work


class Counted:
    """Counts how often it is asked, and waits until it may end."""

    def __init__(self):
        self.asked = 0
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self, stop):
        self.asked += 1
        self.begun.set()
        while not stop():
            threading.Event().wait(0.01)
        self.ended.set()


def test_warming_asks_every_question_and_leaves_no_trace():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that nobody may touch
    assert warm_districts(lambda: False) >= 10
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert warm_districts(lambda: True) == 0


def test_what_tells_of_one_asset_is_loaded_beforehand():
    warm_stock(lambda: False)
    assert "app.stock.answers" in sys.modules
    assert standards_of.cache_info().currsize >= 1


def test_it_is_begun_once_returns_at_once_and_stops_when_asked():
    counted = Counted()
    warming = Warming(counted)
    for _ in range(3):
        warming.begin()
    assert counted.begun.wait(10)
    assert not counted.ended.is_set()
    warming.close()
    assert counted.ended.is_set()
    warming.begin()
    assert counted.asked == 1


def test_what_fails_in_the_background_harms_nobody(caplog):
    def failing(_stop):
        raise ZeroDivisionError

    warming = Warming(failing)
    warming.begin()
    warming.close()
    assert "not warm" in caplog.text


@pytest.mark.postgis
def test_looking_at_plans_begins_it_and_stores_nothing(store, serving):
    store.save_analysis(grid_analysis(side=2))
    counted = Counted()
    app = create_app(Settings(database_url=store.url), warming=Warming(counted))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        assert client.get(CITY).status_code == 200
        assert not counted.begun.is_set()
        assert client.get(PLANS).json()["items"] == []
        assert counted.begun.wait(10)
        assert client.get(PLANS).json()["items"] == []
    assert counted.asked == 1
    with store.engine.connect() as connection:
        for table in ("plan", "job", "plan_revision"):
            assert connection.execute(text(f"SELECT count(*) FROM linli.{table}")).scalar() == 0


@pytest.mark.postgis
def test_a_worker_warms_while_there_is_nothing_to_do(store):
    store.save_analysis(grid_analysis(side=2))
    order = []
    jobs.enqueue(store.engine, "grid-town", kind="proposals", request={"count": 1})

    def run(_store, job, _progress):
        order.append(job["kind"])
        return "v1"

    work(
        store,
        "w1",
        poll_s=0.05,
        stopping=lambda: "idle" in order,
        run=run,
        idle=lambda: order.append("idle"),
    )
    assert order == ["proposals", "idle"]
