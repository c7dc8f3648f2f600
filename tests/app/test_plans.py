"""Plans through the API: made, edited, undone; what is stale or forbidden is said."""

import httpx
import pytest
from fake_scenarios import FakeBases
from grid_town import grid_analysis
from plan_client import CITY, PLANS, edit, make, problem, read, send
from sqlalchemy import text

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def client(store, serving, tmp_path_factory):
    store.save_analysis(grid_analysis())
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        client.app_drafts = app.state.drafts
        yield client


@pytest.fixture(autouse=True)
def nothing_saved(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.plan"))


def test_a_plan_begins_as_the_analysis_or_empty(client):
    plan = make(client)
    assert (plan["head"], plan["seq"], plan["unassigned"]) == (0, 0, 0)
    assert plan["assignment"]["n0-0"] == "d0"
    assert {d["id"]: d["members"] for d in plan["districts"]} == {"d0": 6, "d1": 3}
    assert plan["districts"][0]["name"] == "片区0"
    empty = make(client, "p2", "empty")
    assert set(empty["assignment"].values()) == {None}
    assert empty["unassigned"] == 9
    listed = client.get(PLANS).json()["items"]
    assert {one["id"]: one["unassigned"] for one in listed} == {"p1": 0, "p2": 9}
    assert not listed[0]["stale"]


@pytest.fixture
def excluded_corner(client, store):
    """The neighbourhood n0-0 is not eligible while the test runs."""
    change = "UPDATE linli.result_neighbourhoods SET eligibility = :now WHERE id = 'n0-0'"
    for now in ("excluded", "eligible"):
        with store.engine.begin() as connection:
            connection.execute(text(change), {"now": now})
        client.app_drafts._grounds.clear()  # of a data version nothing ever changes but here
        if now == "excluded":
            yield


@pytest.mark.usefixtures("excluded_corner")
def test_units_that_may_not_join_are_told_apart_from_those_left_over(client):
    empty = make(client, "p2", "empty")
    assert (empty["unassigned"], empty["excluded"]) == (8, 1)
    (listed,) = client.get(PLANS).json()["items"]
    assert (listed["unassigned"], listed["excluded"]) == (8, 1)
    told = client.get(f"{PLANS}/compare", params={"a": "p2", "b": "p2@0"}).json()["figures"]
    assert (told["unassigned"]["a"], told["excluded"]["a"]) == (8, 1)
    edit(client, "split_unit", 0, plan="p2", unit="n0-0", line=line_through(client, "n0-0"))
    (listed,) = client.get(PLANS).json()["items"]
    now = read(client, "p2")
    assert (now["unassigned"], now["excluded"]) == (8, 2)  # its pieces may not either
    assert (listed["unassigned"], listed["excluded"]) == (8, 2)


def test_the_same_plan_sent_twice_is_stored_once_and_another_is_refused(client):
    make(client)
    make(client)
    assert len(client.get(PLANS).json()["items"]) == 1
    body = {"id": "p1", "name": "x", "author": "赵工", "from": "empty"}
    problem(client.post(PLANS, json=body), 409, "conflict")


def test_an_edit_is_one_revision_with_figures_of_what_it_touched(client):
    make(client)
    told = edit(client, "assign", 0, units=["n1-0"], district="d1", reason="共用门")
    assert (told["seq"], told["head"], told["rebased_from"]) == (1, 1, None)
    assert told["changes"] == [{"unit": "n1-0", "before": "d0", "after": "d1"}]
    figures = {one["id"]: (one["members_before"], one["members"]) for one in told["districts"]}
    assert figures == {"d0": (6, 5), "d1": (3, 4)}
    assert (told["undo"], told["redo"]) == (1, None)
    now = client.get(f"{PLANS}/p1")
    assert now.headers["etag"] == '"1"'
    assert now.json()["assignment"]["n1-0"] == "d1"
    assert read(client, at=0)["assignment"]["n1-0"] == "d0"


def test_the_state_seen_must_be_named_and_must_exist(client):
    make(client)
    body = {"units": ["n1-0"], "district": "d1"}
    problem(send(client, "assign", None, **body), 428, "precondition-required")
    problem(send(client, "assign", 5, **body), 412, "stale")
    bad = client.post(
        f"{PLANS}/p1/edits",
        json={"id": "x", "op": "undo", "author": "a"},
        headers={"If-Match": "seven"},
    )
    problem(bad, 400, "bad-request")


def test_the_same_request_twice_has_one_effect_and_one_answer(client):
    make(client)
    first = edit(client, "assign", 0, request="same", units=["n1-0"], district="d1")
    again = edit(client, "assign", 0, request="same", units=["n1-0"], district="d1")
    assert again == first
    assert read(client)["head"] == 1
    other = send(client, "assign", 1, request="same", units=["n1-1"], district="d1")
    problem(other, 409, "conflict")


def test_edits_of_other_districts_are_rebased_and_of_the_same_are_told_both(client):
    make(client)
    edit(client, "create", 0, units=["n2-2"], district="X", name="新")
    edit(client, "assign", 1, units=["n0-0"], district=None)
    told = edit(client, "rename", 1, district="X", name="更名")
    assert (told["seq"], told["rebased_from"]) == (3, 1)
    stale = send(client, "assign", 1, units=["n0-1"], district=None)
    told = problem(stale, 412, "stale")
    assert told["head"] == 3
    assert told["mine"]["changes"] == [{"unit": "n0-1", "before": "d0", "after": None}]
    theirs = told["theirs"][0]
    assert (theirs["seq"], theirs["author"], theirs["op"]) == (2, "李工", "assign")
    assert theirs["changes"] == [{"unit": "n0-0", "before": "d0", "after": None}]
    assert read(client)["assignment"]["n0-1"] == "d0"


def test_locks_refuse_with_words_and_a_trial_tells_without_storing(client):
    make(client)
    edit(client, "lock", 0, districts=["d1"], locked=True)
    told = problem(send(client, "assign", 1, units=["n1-0"], district="d1"), 409, "edit-refused")
    assert (told["rule"], told["districts"]) == ("locked_district", ["d1"])
    trial = edit(client, "assign", None, query="?dry_run=true", units=["n1-0"], district="d1")
    assert trial["refused"]["rule"] == "locked_district"
    assert trial["changes"]
    assert read(client)["head"] == 1


def test_undo_and_redo_append_revisions_and_survive_a_new_reader(client):
    make(client)
    edit(client, "assign", 0, units=["n1-0"], district="d1")
    edit(client, "merge", 1, districts=["d1"], into="d0")
    undone = edit(client, "undo", 2)
    assert (undone["seq"], undone["undo"], undone["redo"]) == (3, 1, 3)
    plan = read(client)
    assert plan["assignment"]["n1-0"] == "d1"
    assert {one["id"] for one in plan["districts"]} == {"d0", "d1"}
    undone = edit(client, "undo", 3)
    assert (undone["undo"], undone["redo"]) == (None, 4)
    problem(send(client, "undo", 4), 409, "conflict")
    edit(client, "redo", 4)
    redone = edit(client, "redo", 5)
    assert (redone["undo"], redone["redo"]) == (6, None)
    assert set(read(client)["assignment"].values()) == {"d0"}
    assert read(client, at=3)["assignment"]["n1-0"] == "d1"


def test_restoring_goes_back_to_any_revision_and_can_be_undone(client):
    start = make(client)
    edit(client, "merge", 0, districts=["d1"], into="d0")
    edit(client, "lock", 1, units=["n0-0"], locked=True)
    edit(client, "lock", 2, units=["n0-0"], locked=False)
    edit(client, "restore", 3, seq=0)
    assert read(client)["assignment"] == start["assignment"]
    edit(client, "undo", 4)
    assert set(read(client)["assignment"].values()) == {"d0"}


def test_an_area_means_the_neighbourhoods_that_lie_in_it(client):
    make(client, origin="empty")
    edit(client, "create", 0, district="X")
    lon, lat = zip(*_corners(client, ["n0-0", "n0-2"]), strict=True)
    ring = [[min(lon), min(lat)], [max(lon), min(lat)], [max(lon), max(lat)], [min(lon), max(lat)]]
    area = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    told = edit(client, "assign", 1, area=area, rule="touch", district="X")
    assert {one["unit"] for one in told["changes"]} == {"n0-0", "n0-1", "n0-2"}
    nothing = send(client, "assign", 2, area={"type": "Nonsense"}, district="X")
    problem(nothing, 422, "unusable-input")


def _corners(client, wanted):
    units = client.get(f"{CITY}/atoms").json()["units"]
    for unit in wanted:
        row = units["id"].index(unit)
        yield units["lon"][row] - 1e-5, units["lat"][row] - 1e-5
        yield units["lon"][row] + 1e-5, units["lat"][row] + 1e-5


def line_through(client, unit):
    """A line that divides a neighbourhood, a little beside its middle."""
    units = client.get(f"{CITY}/atoms").json()["units"]
    row = units["id"].index(unit)
    lon, lat = units["lon"][row] + 1e-4, units["lat"][row]
    return [[lon, lat - 0.001], [lon, lat + 0.001]]


def test_a_divided_neighbourhood_stays_divided_for_every_reader_and_heals(client):
    start = make(client)
    line = line_through(client, "n1-1")
    told = edit(client, "split_unit", 0, unit="n1-1", line=line)
    assert told["redrawn"] == ["n1-1", "n1-1~1a", "n1-1~1b"]
    assert told["districts"][0]["persons"] == told["districts"][0]["persons_before"]
    client.app_drafts.forget_all()
    plan = read(client)
    assert [one["id"] for one in plan["units"]] == ["n1-1~1a", "n1-1~1b"]
    assert sum(one["persons"] for one in plan["units"]) == 100
    assert plan["units"][0]["geometry"]["type"] == "Polygon"
    assert "n1-1" not in plan["assignment"]
    edit(client, "assign", 1, units=["n1-1~1b"], district=None)
    assert read(client, at=0)["assignment"] == start["assignment"]
    edit(client, "undo", 2)
    edit(client, "heal_unit", 3, unit="n1-1")
    assert read(client)["assignment"] == start["assignment"]
    again = edit(client, "split_unit", 4, unit="n1-1", line=line)
    assert again["redrawn"] == ["n1-1", "n1-1~5a", "n1-1~5b"]


def test_districts_are_split_and_fragments_absorbed(client):
    make(client)
    refused = problem(send(client, "split", 0, district="d0", parts=2), 409, "edit-refused")
    assert refused["rule"] == "nothing_to_split"  # its rows are not linked in this town
    told = edit(client, "split", 0, district="d0", parts=3)
    assert [one["members"] for one in told["districts"]] == [2, 2, 2]
    told = edit(client, "absorb", 1)
    assert {one["before"] for one in told["changes"]} == {"d1"}
    assert read(client)["fragments"] == []
    refused = problem(send(client, "absorb", 2), 409, "edit-refused")
    assert refused["rule"] == "no_fragments"


def test_atoms_are_columns_of_equal_length_with_names_of_the_kinds(client):
    told = client.get(f"{CITY}/atoms").json()
    assert told["kinds"] == ["kindergarten", "library"]
    for part in ("units", "links", "closes"):
        assert len({len(column) for column in told[part].values()}) == 1
    units = told["units"]
    row = units["id"].index("n1-1")
    assert (units["persons"][row], units["households"][row]) == (100.0, None)
    assert units["missing"][row] == [3, 0]
    assert units["cell_m2"][row] == pytest.approx(10_000)
    assert sum(m for m in told["links"]["shared_m"]) == pytest.approx(1200)


def test_a_plan_outlives_new_data_and_is_called_stale(client, store):
    make(client)
    for number in range(2, 7):
        store.save_analysis(grid_analysis(data_version=f"v{number}"))
    client.app_drafts.forget_all()
    try:
        plan = read(client)
        assert plan["stale"]
        edit(client, "assign", 0, units=["n1-0"], district="d1")
        copy = make(client, "p2", {"plan": "p1"})
        assert (copy["data_version"], copy["stale"]) == ("v6", False)
        assert copy["assignment"]["n1-0"] == "d1"
    finally:
        store.save_analysis(grid_analysis())


def test_a_plan_is_carried_over_to_new_data_and_what_does_not_fit_is_told(client, store):
    rules = {"must_join": [["n2-0", "n1-0", "n0-0"]], "must_not_join": [["n0-0", "n2-2"]]}
    make(client, rules=rules)
    edit(client, "lock", 0, districts=["d1"], units=["n0-0"], locked=True)
    edit(client, "rename", 1, district="d0", name="老城")
    store.save_analysis(grid_analysis(side=2, data_version="w2"))
    try:
        assert read(client)["stale"]
        body = {"id": "p2", "name": "新", "author": "王工", "from": {"plan": "p1"}}
        small = client.post(PLANS, json=body).json()
        told = small["origin"]["carried"]
        assert (small["data_version"], small["stale"], told["data_version"]) == ("w2", False, "v1")
        assert small["assignment"] == {"n0-0": "d0", "n0-1": "d0", "n1-0": "d0", "n1-1": "d0"}
        assert [one["unit"] for one in told["unknown"]] == ["n0-2", "n1-2", "n2-0", "n2-1", "n2-2"]
        assert {one["district"] for one in told["unknown"]} == {"d0", "d1"}
        assert (told["unknown_count"], told["added_count"], told["dropped_rules"]) == (5, 0, 2)
        assert small["rules"]["must_join"] == [["n1-0", "n0-0"]]
        assert small["rules"]["must_not_join"] == []
        assert small["locked_units"] == ["n0-0"]
        assert {one["id"]: one["name"] for one in small["districts"]}["d0"] == "老城"
        again = client.post(PLANS, json=body)
        assert (again.status_code, again.json()["head"]) == (201, 0)
        edit(client, "assign", 0, plan="p2", units=["n1-1"], district=None)
        store.save_analysis(grid_analysis(side=4, data_version="w3"))
        large = make(client, "p3", {"plan": "p2"})
        told = large["origin"]["carried"]
        assert told["unknown"] == []
        assert told["added_count"] == 12
        assert large["assignment"]["n0-1"] == "d0"
        assert large["assignment"]["n3-3"] is None
    finally:
        store.save_analysis(grid_analysis())


def test_what_does_not_exist_is_a_problem(client):
    problem(client.get(f"{PLANS}/none"), 404, "not-found")
    problem(client.get("/api/v1/cities/atlantis/plans"), 404, "not-found")
    make(client)
    problem(client.get(f"{PLANS}/p1?at=7"), 404, "not-found")
    problem(send(client, "assign", 0, units=["n9-9"], district="d0"), 422, "unusable-input")
    problem(send(client, "fly", 0), 400, "bad-request")
