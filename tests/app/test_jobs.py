"""Jobs: queued, done, cancelled, and taken up again when a worker dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psycopg
import pytest
from grid_town import grid_analysis
from sqlalchemy import text

from app import worker
from app.errors import ConflictError, NotFoundError
from app.jobs import StopWorker, analyse_again, run_claimed
from app.main import create_app
from app.settings import Settings
from app.store import cities, jobs, places
from spatial.errors import LayerError

pytestmark = pytest.mark.postgis

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def queue(store):
    store.save_analysis(grid_analysis())
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.job"))


def _enqueue(store, **request):
    return jobs.enqueue(store.engine, "grid-town", kind="analyse", request=request)


def _wait(store, job, *states, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = jobs.read_job(store.engine, job["id"])
        if found["status"] in states:
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found}")


def test_a_job_is_claimed_once_and_ends_with_its_data_version(store):
    job = _enqueue(store, profile="national")
    assert job["status"] == "accepted"
    taken = jobs.claim(store.engine, "w1")
    assert taken["id"] == job["id"]
    assert jobs.claim(store.engine, "w2") is None

    def run(_store, _job, progress):
        progress("network", 0.5)
        return "v1"

    run_claimed(store, taken, "w1", run=run)
    done = jobs.read_job(store.engine, job["id"])
    assert (done["status"], done["progress"], done["step"]) == ("successful", 100, "network")
    assert done["data_version"] == "v1"
    assert done["finished_at"] >= done["started_at"] >= done["created_at"]


def test_the_same_wish_is_not_queued_twice(store):
    first = _enqueue(store, profile="national")
    assert _enqueue(store, profile="national")["id"] == first["id"]
    assert _enqueue(store, profile="ningbo")["id"] != first["id"]


def test_two_jobs_of_one_city_do_not_run_at_once(store):
    _enqueue(store, profile="national")
    _enqueue(store, profile="ningbo")
    assert jobs.claim(store.engine, "w1") is not None
    assert jobs.claim(store.engine, "w2") is None


def test_a_job_for_an_unknown_city_is_refused(store):
    with pytest.raises(NotFoundError, match="atlantis"):
        jobs.enqueue(store.engine, "atlantis", kind="analyse", request={})


def test_a_waiting_job_is_dismissed_at_once_and_an_ended_one_cannot_be(store):
    job = _enqueue(store)
    assert jobs.ask_to_cancel(store.engine, job["id"])["status"] == "dismissed"
    with pytest.raises(ConflictError, match="ended already"):
        jobs.ask_to_cancel(store.engine, job["id"])
    assert jobs.claim(store.engine, "w1") is None


def test_a_running_job_stops_at_its_next_step_when_cancelled(store):
    job = _enqueue(store)
    taken = jobs.claim(store.engine, "w1")
    steps = []

    def run(_store, _job, progress):
        for number in range(10):
            progress(f"step {number}", number / 10)
            steps.append(number)
            if number == 3:
                jobs.ask_to_cancel(store.engine, job["id"])
        return "never"

    run_claimed(store, taken, "w1", run=run)
    assert jobs.read_job(store.engine, job["id"])["status"] == "dismissed"
    assert steps == [0, 1, 2, 3]


def test_a_refusal_of_the_engine_is_told_and_a_defect_is_not(store):
    def refuse(*_):
        raise LayerError("no streets")

    def break_down(*_):
        raise ZeroDivisionError("secret")

    job = _enqueue(store)
    run_claimed(store, jobs.claim(store.engine, "w1"), "w1", run=refuse)
    error = jobs.read_job(store.engine, job["id"])["error"]
    assert (error["code"], error["detail_en"]) == ("unusable-input", "no streets")
    job = _enqueue(store)
    run_claimed(store, jobs.claim(store.engine, "w1"), "w1", run=break_down)
    failed = jobs.read_job(store.engine, job["id"])
    assert failed["status"] == "failed"
    assert "secret" not in str(failed)


def test_a_job_that_lost_its_database_is_tried_once_more(store):
    job = _enqueue(store)
    tries = []

    def run(_store, _job, progress):
        progress("network", 0.5)
        tries.append(1)
        if len(tries) == 1:
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return "v1"

    def stopping():
        return jobs.read_job(store.engine, job["id"])["status"] == "successful"

    worker.work(store, "w1", poll_s=0.05, stopping=stopping, run=run)
    assert len(tries) == 2


def test_a_stopped_worker_gives_its_job_back_untried(store):
    job = _enqueue(store)
    taken = jobs.claim(store.engine, "w1")

    def run(_store, _job, progress):
        progress("network", 0.5)

    with pytest.raises(StopWorker):
        run_claimed(store, taken, "w1", run=run, stopping=lambda: True)
    assert jobs.read_job(store.engine, job["id"])["status"] == "accepted"
    assert jobs.claim(store.engine, "w2")["id"] == job["id"]


def test_a_job_of_a_silent_worker_is_tried_once_more_and_then_has_failed(store):
    job = _enqueue(store)
    for status in ("accepted", "failed"):
        jobs.claim(store.engine, "dead")
        assert jobs.requeue_lost(store.engine, lease_s=30) == []
        (lost,) = jobs.requeue_lost(store.engine, lease_s=0)
        assert lost == {"id": job["id"], "status": status}
    assert jobs.read_job(store.engine, job["id"])["error"]["code"] == "worker-died"


def test_a_worker_thought_dead_cannot_overwrite_its_successor(store):
    job = _enqueue(store)
    jobs.claim(store.engine, "slow")
    jobs.requeue_lost(store.engine, lease_s=0)
    jobs.claim(store.engine, "fresh")
    assert not jobs.report(store.engine, job["id"], "slow", step="x", progress=50)
    jobs.finish(store.engine, job["id"], "slow", status="failed")
    assert jobs.read_job(store.engine, job["id"])["status"] == "running"


INNER = """
import os, signal, sys, time
sys.path[:0] = {paths!r}
from app import worker
from app.store import Store
marker = {marker!r}

def run(store, job, progress):
    progress("begin", 0.1)
    if {mode!r} == "die" and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if {mode!r} == "deaf":
        time.sleep(60)
    return "v1"

worker.work(Store({url!r}, pool_size=2), {name!r}, poll_s=0.2, stopping=lambda: False, run=run)
"""


@pytest.fixture
def supervised(store, tmp_path):
    stop = threading.Event()
    threads = []

    def begin(mode):
        marker = str(tmp_path / "died")
        paths = [str(HERE), str(HERE.parents[1])]
        code = INNER.format(paths=paths, marker=marker, mode=mode, url=store.url, name="outer")
        command = [sys.executable, "-c", code]
        thread = threading.Thread(
            target=worker.supervise,
            args=(store, "outer", command),
            kwargs={"lease_s": 2.0, "stop": stop},
        )
        thread.start()
        threads.append(thread)
        return end

    def end():
        stop.set()
        for thread in threads:
            thread.join(20)

    yield begin
    end()


def test_a_job_survives_the_death_of_its_worker(store, supervised, tmp_path):
    job = _enqueue(store)
    supervised("die")
    assert _wait(store, job, "successful", "failed")["status"] == "successful"
    assert (tmp_path / "died").exists()


def test_a_cancelled_job_that_does_not_listen_is_ended_by_force(store, supervised, monkeypatch):
    monkeypatch.setattr(worker, "CANCEL_GRACE_S", 0.5)
    job = _enqueue(store)
    supervised("deaf")
    _wait(store, job, "running")
    jobs.ask_to_cancel(store.engine, job["id"])
    assert _wait(store, job, "dismissed")["data_version"] is None


def test_a_job_of_a_worker_that_is_stopped_waits_for_the_next_one(store, supervised, monkeypatch):
    monkeypatch.setattr(worker, "STOP_GRACE_S", 0.5)
    job = _enqueue(store)
    stop = supervised("deaf")
    _wait(store, job, "running")
    stop()
    assert jobs.read_job(store.engine, job["id"])["status"] == "accepted"


def test_the_worker_program_starts_waits_and_ends_when_asked(store):
    environment = {**os.environ, "DATABASE_URL": store.url, "LINLI_POLL_S": "0.2"}
    with subprocess.Popen(
        [sys.executable, "-m", "app.worker"],
        cwd=HERE.parents[1],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            job = _enqueue(store, year=3000, profile="atlantis")
            failed = _wait(store, job, "failed", "successful")
            program.send_signal(signal.SIGTERM)
            _, log = program.communicate(timeout=20)
        finally:
            program.kill()  # else a failure would wait for it for ever
    assert failed["status"] == "failed"
    assert "atlantis" in failed["message"]
    assert program.returncode == 0, log


def test_jobs_are_started_watched_and_cancelled_over_the_api(store, serving):
    app = create_app(Settings(database_url=store.url))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        started = client.post("/api/v1/cities/grid-town/jobs", json={"profile": "ningbo"})
        assert started.status_code == 202
        address = started.headers["location"]
        job = client.get(address).json()
        assert job["status"] == "accepted"
        assert job["request"] == {"profile": "ningbo"}
        listed = client.get("/api/v1/jobs?city=grid-town").json()["items"]
        assert [one["id"] for one in listed] == [job["id"]]
        assert client.get("/api/v1/jobs?city=other").json()["items"] == []
        assert client.delete(address).json()["status"] == "dismissed"
        assert client.delete(address).status_code == 409
        assert client.get("/api/v1/jobs/none").status_code == 404
        for body in ({"profile": "atlantis"}, {"kind": "dance"}, {"colour": "red"}):
            refused = client.post("/api/v1/cities/grid-town/jobs", json=body)
            assert refused.status_code == 400
            assert refused.json()["code"] == "bad-request"
        assert client.post("/api/v1/cities/atlantis/jobs", json={}).status_code == 404


def test_a_stored_city_is_analysed_again_with_another_profile(store):
    job = _enqueue(store, profile="ningbo")
    told = []
    data_version = analyse_again(
        store,
        {"city": "grid-town", "request": job["request"]},
        lambda step, share: told.append((step, share)),
    )
    city = cities.read_city_record(store.engine, "grid-town")
    assert city["data_version"] == data_version != "v1"
    assert city["profile"] == "ningbo"
    assert city["choices"]["year"] == 2026
    assert city["neighbourhoods"] == 9
    sheet = places.read_place(store.engine, "grid-town", "n0-0")
    assert sheet["name"] == "0-0小区"
    assert len(sheet["gaps"]) > 30
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[0][0] == "read_city"
    assert told[-1] == ("store", 1.0)
