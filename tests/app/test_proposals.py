"""Proposed plans: the job, what it finds, taking one over, the best around an edit, and why."""

import httpx
import pytest
from fake_scenarios import FakeBases
from grid_town import grid_analysis
from plan_client import CITY, PLANS, edit, make, problem, read
from sqlalchemy import text

from app.jobs import run_claimed, runner
from app.main import create_app
from app.settings import Settings
from app.store import jobs

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return FakeBases(tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def client(store, serving, bases):
    store.save_analysis(grid_analysis(side=4))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url, timeout=300) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_saved(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.plan"))
        connection.execute(text("DELETE FROM linli.job"))


def propose(client, store, bases, **wish):
    answer = client.post(f"{CITY}/jobs", json={"kind": "proposals", **wish})
    assert answer.status_code == 202, answer.text
    job = jobs.claim(store.engine, "w1")
    run_claimed(store, job, "w1", run=runner(bases))
    told = client.get(f"/api/v1/jobs/{job['id']}").json()
    return told, client.get(f"{CITY}/proposals", params={"job": job["id"]})


LOOSE = {"max_distance_m": 300, "max_persons": 300, "min_households": None}


def test_proposals_come_with_value_bound_status_and_parts(client, store, bases):
    job, answer = propose(client, store, bases, rules=LOOSE, count=3)
    assert job["status"] == "successful", job
    told = answer.json()
    assert told["items"]
    for one in told["items"]:
        assert one["status"] == "proven_optimal"
        assert one["bound"] <= one["value"] + 1e-9
        assert one["name_zh"]
        assert one["family_zh"]
        assert {"part", "unit", "weight", "value", "weighted"} <= set(one["parts"][0])
        members = list(one["assignment"].values())
        assert max(members.count(key) for key in set(members) - {None}) <= 3
        assert len(one["assignment"]) == 16
    newest = client.get(f"{CITY}/proposals").json()
    assert newest["job"] == told["job"]


def test_a_proposal_becomes_a_plan_and_is_taken_over_whole_or_in_part(client, store, bases):
    _, answer = propose(client, store, bases, rules=LOOSE, count=1)
    told = answer.json()
    proposed = told["items"][0]["assignment"]
    plan = make(client, "p1", {"job": told["job"], "item": 0})
    assert plan["assignment"] == proposed
    make(client, "p2", "empty")
    edit(client, "take", 0, plan="p2", assignment=proposed)
    assert read(client, "p2")["assignment"] == proposed
    make(client, "p3", "empty")
    key = next(key for key in proposed.values() if key)
    done = edit(client, "take", 0, plan="p3", assignment=proposed, districts=[key])
    assert {one["unit"] for one in done["changes"]} == {u for u, d in proposed.items() if d == key}
    body = {"id": "p4", "name": "x", "author": "a", "from": {"job": told["job"], "item": 99}}
    problem(client.post(PLANS, json=body), 409, "conflict")


def test_a_plan_is_where_the_search_begins_and_what_it_locks_stays(client, store, bases):
    make(client, "p1", "empty")
    edit(client, "create", 0, district="X", units=["n0-0", "n1-0"])
    edit(client, "lock", 1, districts=["X"], locked=True)
    _, answer = propose(client, store, bases, rules=LOOSE, count=1, plan="p1")
    (one,) = answer.json()["items"]
    members = {unit for unit, key in one["assignment"].items() if key == "X"}
    assert members == {"n0-0", "n1-0"}


def clashing(client, store, bases, **wish):
    """The clashes that a job ended with; the job and the answer tell the same."""
    job, answer = propose(client, store, bases, **wish)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "rules-clash"
    told = problem(answer, 409, "rules-clash")
    assert told["clashes"] == job["error"]["clashes"]
    for one in told["clashes"]:
        assert one["zh"] != one["en"]
        assert one["relax"] == list(dict.fromkeys(rule["key"] for rule in one["rules"]))
        assert all(rule["zh"] and rule["en"] for rule in one["rules"])
    return told["clashes"]


NEAR = ["n0-0", "n1-0"]
TOGETHER = {"must_join": [NEAR]}


@pytest.mark.parametrize(
    ("wish", "relax", "units"),
    [
        (
            {"rules": {**LOOSE, **TOGETHER, "must_not_join": [NEAR]}},
            ["must_join", "must_not_join"],
            NEAR,
        ),
        ({"rules": {**LOOSE, **TOGETHER, "max_persons": 150}}, ["must_join", "max_persons"], NEAR),
        ({"rules": {**LOOSE, "must_join": [["n0-0", "n3-3"]]}}, ["must_join"], ["n0-0", "n3-3"]),
        (
            {"mode": "most", "amount": "persons", "at_least": 5_000, "rules": LOOSE},
            ["at_least"],
            [],
        ),
        (
            {"mode": "most", "amount": "persons", "at_least": 350, "rules": LOOSE},
            ["at_least", "max_persons"],
            [],
        ),
        (
            {"rules": {**LOOSE, "min_persons": 250, "max_persons": 200}},
            ["min_persons", "max_persons"],
            [],
        ),
        (
            {"rules": {**LOOSE, "min_persons": 300, "max_members": 2, "keep_below_minimum": False}},
            ["min_persons", "max_members"],
            [],
        ),
        ({"mode": "fixed", "k": 15, "rules": LOOSE, "count": 1}, ["k"], []),
    ],
)
def test_rules_that_clash_are_told_in_the_smallest_set(client, store, bases, wish, relax, units):
    (one,) = clashing(client, store, bases, **wish)
    assert (one["relax"], one["units"]) == (relax, units)
    assert client.get(f"{CITY}/proposals").json()["items"] == []


def test_locked_districts_that_are_tied_together_clash(client, store, bases):
    make(client, "p1", "empty")
    edit(client, "create", 0, district="X", units=["n0-0"])
    edit(client, "create", 1, district="Y", units=["n1-0"])
    edit(client, "lock", 2, districts=["X", "Y"], locked=True)
    (one,) = clashing(client, store, bases, rules={**LOOSE, **TOGETHER}, plan="p1")
    assert set(one["relax"]) == {"must_join", "locks"}
    assert set(one["units"]) == set(NEAR)


def test_relaxing_a_rule_that_clashes_gives_plans(client, store, bases):
    rules = {**LOOSE, **TOGETHER, "max_persons": 150}
    (one,) = clashing(client, store, bases, rules=rules, count=1)
    for key in one["relax"]:
        fewer = {**rules, key: [] if key == "must_join" else None}
        job, answer = propose(client, store, bases, rules=fewer, count=1)
        assert job["status"] == "successful", job
        assert answer.json()["items"]


def test_a_plan_whose_rules_clash_cannot_be_improved_and_says_why(client):
    make(client, "p1", "empty", rules={"must_join": [NEAR], "maximum": {"members": 1}})
    told = problem(client.post(f"{PLANS}/p1/improve", json={"units": NEAR}), 409, "rules-clash")
    assert told["clashes"][0]["relax"] == ["must_join", "max_members"]


def test_rules_that_do_not_exist_are_said(client, store, bases):
    job, answer = propose(client, store, bases, rules={"max_horses": 3})
    assert job["status"] == "failed"
    assert "max_horses" in job["error"]["detail_en"]
    problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    "wish",
    [
        {"mode": "fixed"},
        {"mode": "most", "amount": "persons"},
        {"year": 2026},
        {"weights": {"needs": -1}},
        {"count": 99},
    ],
)
def test_a_wish_that_lacks_or_mixes_something_is_refused(client, wish):
    problem(client.post(f"{CITY}/jobs", json={"kind": "proposals", **wish}), 400, "bad-request")


def test_the_best_around_an_edit_keeps_what_was_meant(client):
    rules = {"max_distance_m": 300, "maximum": {"persons": 300}, "same_subdistrict": False}
    make(client, "p1", "empty", rules=rules)
    edit(client, "create", 0, district="X", units=["n0-0", "n1-0"])
    body = {"units": ["n1-0"], "locked": ["n0-0", "n1-0"]}
    answer = client.post(f"{PLANS}/p1/improve", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["status"] == "proven_optimal"
    assert told["value"] <= told["value_before"] + 1e-9
    assert told["bound"] <= told["value"] + 1e-9
    after = {**read(client)["assignment"], **told["assignment"]}
    assert after["n0-0"] == after["n1-0"]
    edit(client, "take", 1, assignment=told["assignment"])
    nobody = client.post(f"{PLANS}/p1/improve", json={"units": ["x"]})
    problem(nobody, 400, "bad-request")


def test_a_neighbourhood_knows_what_it_shares_and_what_leaving_costs(client):
    rules = {"max_distance_m": 300, "maximum": {"persons": 300}}
    make(client, "p1", "empty", rules=rules)
    edit(client, "create", 0, district="X", units=["n0-0", "n1-0"])
    edit(client, "create", 1, district="Y", units=["n2-0", "n3-0"])
    told = client.get(f"{PLANS}/p1/why/n1-0").json()
    assert told["district"] == "X"
    (other,) = told["shares"]
    assert (other["unit"], other["name"]) == ("n0-0", "0-0小区")
    assert set(other["kinds"]) == {"kindergarten", "library"}
    moves = {one["district"]: one for one in told["moves"]}
    assert set(moves) == {None, "Y"}
    assert moves["Y"]["legal"]
    assert isinstance(moves["Y"]["cost"], float)
    problem(client.get(f"{PLANS}/p1/why/n9-9"), 422, "unusable-input")
