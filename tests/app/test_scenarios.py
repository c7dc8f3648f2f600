"""Scenarios through the API: asked, saved, changed, compared; what is wrong is said."""

import httpx
import pytest
from fake_scenarios import FakeBases, explain_gap
from grid_town import grid_analysis
from sqlalchemy import text

from app.jobs import JobOutcome, run_claimed
from app.main import create_app
from app.scenarios.schemas import MOST_CHANGES
from app.scenarios.what_if import compare
from app.settings import Settings
from app.store import jobs

pytestmark = pytest.mark.postgis

CITY = "/api/v1/cities/grid-town"
ADD = {"op": "add_facility", "id": "new-1", "kind": "library", "lon": 114.0, "lat": 30.7}
CLOSE = {"op": "close_facility", "id": "f1"}


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return FakeBases(tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def client(store, serving, bases):
    store.save_analysis(grid_analysis())
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_saved(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.scenario"))
        connection.execute(text("DELETE FROM linli.job"))


def ask(client, changes, **more):
    return client.post(f"{CITY}/what-if", json={"changes": changes, **more})


def save(client, scenario, changes, name="试一试"):
    body = {"id": scenario, "name": name, "changes": changes}
    return client.post(f"{CITY}/scenarios", json=body)


def test_what_if_answers_the_changed_rows_with_missing_numbers_as_null(client):
    answer = ask(client, [ADD])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["data_version"] == "v1"
    (place,) = told["neighbourhoods"]
    assert (place["id"], place["must_missing"], place["must_missing_before"]) == ("n0-0", 1, 2)
    assert [gap["nearest_m"] for gap in told["gaps"]] == [120, None]
    assert told["heatmap"] == [{"id": "h1", "person_gaps": 3.0}]
    assert told["figures"]["must_missing_total"] == {"before": 18, "after": 17}
    (drawn,) = told["drawn"]["features"]
    assert drawn["geometry"]["coordinates"] == pytest.approx([114, 30.7], abs=0.1)


def test_the_changed_gaps_of_one_neighbourhood_can_be_asked_for_alone(client):
    gaps = ask(client, [ADD], gaps_of="n1-1").json()["gaps"]
    assert [gap["neighbourhood_id"] for gap in gaps] == ["n1-1"]


def test_access_and_priority_come_only_where_they_are_named(client):
    told = ask(client, [ADD]).json()
    assert told["access"] == told["priority"] == []
    told = ask(client, [ADD], only=["access", "priority"]).json()
    assert [(row["neighbourhood_id"], row["status"]) for row in told["access"]] == [
        ("n0-0", "enough")
    ]
    assert told["priority"] == [{"id": "n0-0", "rank": 2, "rank_before": 1}]
    assert told["gaps"] == []


def test_parts_that_are_not_asked_for_come_empty(client):
    told = ask(client, [ADD], only=["figures", "notes-of-mine"])
    assert told.json()["code"] == "bad-request"
    told = ask(client, [ADD], only=["figures"]).json()
    assert told["figures"]
    assert (told["neighbourhoods"], told["gaps"], told["drawn"]["features"]) == ([], [], [])


def test_no_changes_change_nothing(client):
    told = ask(client, []).json()
    assert (told["neighbourhoods"], told["gaps"], told["heatmap"]) == ([], [], [])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_change_that_cannot_be_used_is_named_by_its_position(client, language):
    changes = [ADD, {"op": "close_facility", "id": "nowhere"}]
    answer = client.post(
        f"{CITY}/what-if", json={"changes": changes}, headers={"Accept-Language": language}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unusable-change")
    assert problem["errors"][0]["change"] == 2
    assert "nowhere" in problem["detail"]
    unknown = ask(client, [{"op": "fly"}]).json()
    assert (unknown["code"], unknown["errors"][0]["change"]) == ("unusable-change", 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"changes": "all"},
        {"changes": [1]},
        {"changes": [], "colour": "red"},
        {"changes": [ADD] * (MOST_CHANGES + 1)},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(client, body):
    answer = client.post(f"{CITY}/what-if", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_larger_than_any_sensible_one_is_refused(client, chunked):
    line = {"op": "build_link", "coordinates": [[114.123456789, 30.123456789]] * 30_000}
    body = httpx.Request("POST", "http://x", json={"changes": [line]}).content
    pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    answer = client.post(
        f"{CITY}/what-if",
        content=pieces if chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_city_whose_state_for_scenarios_is_missing_says_what_to_do(client, bases):
    bases.version = "another"
    try:
        answer = ask(client, [])
    finally:
        bases.version = "v1"
    assert (answer.status_code, answer.json()["code"]) == (409, "scenario-base-missing")
    assert client.post("/api/v1/cities/atlantis/what-if", json={"changes": []}).status_code == 404
    started = client.post(f"{CITY}/jobs", json={"kind": "scenario-base"})
    assert (started.status_code, started.json()["kind"]) == (202, "scenario-base")


def test_a_scenario_is_saved_found_changed_and_removed(client):
    made = save(client, "s1", [ADD])
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    assert save(client, "s1", [ADD]).status_code == 201  # the same sent twice is stored once
    (listed,) = client.get(f"{CITY}/scenarios").json()["items"]
    assert (listed["name"], listed["change_count"], listed["data_version"]) == ("试一试", 1, "v1")
    state = {"name": "另一个", "changes": [ADD, CLOSE]}
    address = f"{CITY}/scenarios/s1"
    put = client.put(address, json=state, headers={"If-Match": made.headers["etag"]})
    assert (put.status_code, put.headers["etag"]) == (200, '"2"')
    assert client.get(address).json()["changes"] == [ADD, CLOSE]
    assert client.delete(address).status_code == 204
    assert client.get(address).json()["code"] == "not-found"


def test_nobody_overwrites_what_another_has_changed(client):
    save(client, "s1", [ADD])
    address, state = f"{CITY}/scenarios/s1", {"name": "mine", "changes": []}
    assert client.put(address, json=state).json()["code"] == "precondition-required"
    assert client.put(address, json=state, headers={"If-Match": '"1"'}).status_code == 200
    late = client.put(address, json=state, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert client.delete(address, headers={"If-Match": '"1"'}).status_code == 412
    assert client.put(address, json=state, headers={"If-Match": "x"}).status_code == 400
    assert save(client, "s1", [CLOSE]).status_code == 409
    missing = client.put(f"{CITY}/scenarios/s9", json=state, headers={"If-Match": '"1"'})
    assert missing.status_code == 404


@pytest.mark.parametrize("scenario", ["", "a b", "x" * 65, "../up", "base", "compare"])
def test_an_id_that_would_not_fit_an_address_is_refused(client, scenario):
    assert save(client, scenario, []).json()["code"] == "bad-request"


def test_a_saved_scenario_gives_the_same_answer_as_its_changes(client):
    save(client, "s1", [ADD])
    saved = client.get(f"{CITY}/scenarios/s1/result").json()
    assert saved == ask(client, [ADD]).json()


def test_two_scenarios_are_compared_where_they_differ(client):
    save(client, "s1", [ADD])
    save(client, "s2", [CLOSE])
    told = client.get(f"{CITY}/scenarios/compare?a=s1&b=s2").json()
    assert told["figures"]["must_missing_total"] == {"base": 18, "a": 17, "b": 19}
    (row,) = told["neighbourhoods"]
    assert row["id"] == "n0-0"
    assert [row[f"must_missing_{which}"] for which in ("base", "a", "b")] == [2, 1, 3]
    against = client.get(f"{CITY}/scenarios/compare?b=s2").json()["neighbourhoods"]
    assert [row["must_missing_a"] for row in against] == [2]
    assert client.get(f"{CITY}/scenarios/compare?a=s1&b=s1").json()["neighbourhoods"] == []
    assert client.get(f"{CITY}/scenarios/compare?a=s9").status_code == 404


def test_a_row_that_only_one_scenario_changes_has_its_value_of_today_in_the_other():
    row = {"id": "n", "gap_index": 0.25, "gap_index_before": 0.5}
    nothing = {"figures": {}, "neighbourhoods": []}
    told = compare({**nothing, "neighbourhoods": [row]}, nothing)
    (only,) = told["neighbourhoods"]
    assert only == {"id": "n", "gap_index_base": 0.5, "gap_index_a": 0.25, "gap_index_b": 0.5}


def test_a_gap_is_explained_with_its_way_and_with_changes_that_can_be_tried(client, monkeypatch):
    monkeypatch.setattr("spatial.scenarios.explain_gap", explain_gap)
    told = client.get(f"{CITY}/neighbourhoods/n0-0/gaps/library/explain").json()
    assert (told["facility"]["id"], told["missing_m"]) == ("f1", 40)
    assert told["path"]["type"] == "LineString"
    (fix,) = told["fixes"]
    assert ask(client, fix["changes"]).status_code == 200
    for path in ("n9-9/gaps/library", "n0-0/gaps/dragon_pond", "way%2F1/gaps/library"):
        problem = client.get(f"{CITY}/neighbourhoods/{path}/explain").json()
        assert problem["code"] == "not-found", path


def test_openings_are_those_of_the_last_finished_job_on_the_current_data(client, store):
    assert client.get(f"{CITY}/openings").json()["items"] == []
    started = client.post(f"{CITY}/jobs", json={"kind": "openings", "k": 3})
    assert started.json()["request"] == {"k": 3, "objective": "person_seconds"}
    found = {"items": [{"id": "w1", "gain": 12.5}], "total": 12.5, "bound": 13.0, "complete": True}
    taken = jobs.claim(store.engine, "w1")
    run_claimed(store, taken, "w1", run=lambda *_: JobOutcome("v1", found))
    told = client.get(f"{CITY}/openings").json()
    assert (told["k"], told["objective"], told["items"]) == (3, "person_seconds", found["items"])


@pytest.mark.parametrize(
    "job",
    [
        {"kind": "openings", "k": 0},
        {"kind": "openings", "profile": "national"},
        {"kind": "scenario-base", "k": 2},
        {"kind": "analyse", "k": 2},
        {"kind": "openings", "objective": "beauty"},
    ],
)
def test_a_job_refuses_a_choice_that_it_does_not_know(client, job):
    assert client.post(f"{CITY}/jobs", json=job).json()["code"] == "bad-request"
