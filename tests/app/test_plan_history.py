"""What happened to a plan: history, blame, tags, settings, comparison, and live events."""

import json
import threading

import httpx
import pytest
from fake_scenarios import FakeBases
from grid_town import grid_analysis
from plan_client import PLANS, edit, make, problem, read, send
from sqlalchemy import text

from app import events
from app.main import create_app
from app.plans import planning
from app.settings import Settings

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def client(store, serving, tmp_path_factory):
    store.save_analysis(grid_analysis())
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        client.hub = app.state.hub
        yield client


@pytest.fixture(autouse=True)
def nothing_saved(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.plan"))


def get(client, path, status=200, **query):
    answer = client.get(f"{PLANS}/{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_history_tells_who_did_what_and_why_page_by_page(client):
    make(client)
    edit(client, "assign", 0, units=["n1-0"], district="d1", reason="同一道门")
    edit(client, "undo", 1)
    edit(client, "lock", 2, districts=["d0"], locked=True)
    page = client.get(f"{PLANS}/p1/revisions?limit=2")
    assert [one["seq"] for one in page.json()["items"]] == [3, 2]
    (last,) = client.get(page.links["next"]["url"]).json()["items"]
    assert (last["op"], last["author"], last["reason"]) == ("assign", "李工", "同一道门")
    assert (last["units_changed"], last["districts"]) == (1, ["d0", "d1"])
    assert page.json()["items"][1]["undoes"] == 1


def test_one_neighbourhood_knows_who_moved_it(client):
    make(client)
    edit(client, "assign", 0, units=["n1-0", "n0-0"], district="d1")
    edit(client, "assign", 1, units=["n1-0"], district=None, reason="待定")
    moves = get(client, "p1/blame/n1-0")["items"]
    assert [(one["before"], one["after"]) for one in moves] == [("d1", None), ("d0", "d1")]
    assert moves[0]["reason"] == "待定"
    assert get(client, "p1/blame/n2-2")["items"] == []
    get(client, "p1/blame/n9-9", 404)


def test_a_revision_gets_a_name_once_and_can_be_restored_by_it(client):
    start = make(client)
    body = {"name": "汇报稿", "seq": 0, "author": "王工"}
    edit(client, "merge", 0, districts=["d1"], into="d0")
    assert client.post(f"{PLANS}/p1/tags", json=body).status_code == 201
    assert client.post(f"{PLANS}/p1/tags", json=body).status_code == 201
    taken = client.post(f"{PLANS}/p1/tags", json={**body, "seq": 1})
    problem(taken, 409, "conflict")
    problem(client.post(f"{PLANS}/p1/tags", json={**body, "seq": 9}), 404, "not-found")
    assert [one["name"] for one in get(client, "p1/tags")["items"]] == ["汇报稿"]
    edit(client, "restore", 1, tag="汇报稿")
    assert read(client)["assignment"] == start["assignment"]
    problem(send(client, "restore", 2, tag="没有"), 404, "not-found")


def patch(client, seen, **fields):
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    body = {"author": "王工", **fields}
    return client.patch(f"{PLANS}/p1", json=body, headers=headers)


def test_rules_are_changed_as_a_revision_and_hold_from_then_on(client):
    make(client)
    problem(patch(client, None, name="x"), 428, "precondition-required")
    changed = patch(client, 0, rules={"maximum": {"members": 6}}, name="更名").json()
    assert (changed["head"], changed["name"]) == (1, "更名")
    assert changed["rules"]["maximum"] == {"members": 6}
    refused = problem(send(client, "assign", 1, units=["n2-0"], district="d0"), 409, "edit-refused")
    assert refused["rule"] == "max_members"
    problem(patch(client, 0, name="again"), 412, "stale")
    problem(patch(client, 1, rules={"maximum": {"horses": 6}}), 422, "unusable-input")
    problem(send(client, "undo", 1), 409, "conflict")
    assert get(client, "p1/revisions")["items"][0]["settings"]["name"] == ["方案一", "更名"]


IMPOSSIBLE = (
    (
        {"maximum": {"households": 900}, "minimum": {"households": 1000}},
        ("1,000", "900", "没有片区能同时满足", "No district can have"),
    ),
    (
        {"must_join": [["n0-0", "n0-1", "n0-2"]], "must_not_join": [["n0-2", "n0-0"]]},
        ("n0-0", "n0-2", "既要求同片", "kept apart"),
    ),
)


@pytest.mark.parametrize(("rules", "told"), IMPOSSIBLE)
def test_rules_that_can_never_hold_together_are_refused_in_both_languages(client, rules, told):
    make(client)
    one, other, zh, en = told
    for language, words in (("zh", zh), ("en", en)):
        heard = {"Accept-Language": language, "If-Match": '"0"'}
        changed = client.patch(f"{PLANS}/p1", json={"author": "王", "rules": rules}, headers=heard)
        new = {"id": "p9", "name": "不行", "author": "王", "from": "empty", "rules": rules}
        for answer in (changed, client.post(PLANS, json=new, headers=heard)):
            detail = problem(answer, 422, "unusable-input")["detail"]
            assert one in detail
            assert other in detail
            assert words in detail
    assert read(client)["head"] == 0
    get(client, "p9", 404)


def test_an_approved_plan_takes_no_edits_until_it_is_a_draft_again(client):
    make(client)
    patch(client, 0, status="approved")
    problem(send(client, "undo", 1), 409, "conflict")
    assert patch(client, 1, status="draft").json()["status"] == "draft"
    edit(client, "assign", 2, units=["n1-0"], district="d1")


def test_two_revisions_are_compared_by_the_districts_they_mean(client):
    make(client)
    edit(client, "assign", 0, units=["n0-0", "n0-1", "n0-2", "n1-2"], district="d1")
    told = get(client, "compare", a="p1@0", b="p1")
    assert {one["id"] for one in told["units"]} == {"n0-0", "n0-1", "n0-2", "n1-2"}
    assert told["figures"]["districts"] == {"a": 2, "b": 2}
    make(client, "p2", {"plan": "p1", "seq": 0})
    edit(client, "create", 0, plan="p2", district="Z", units=["n2-0", "n2-1", "n2-2"])
    told = get(client, "compare", a="p1@0", b="p2")
    assert told["units"] == []
    assert told["matched"] == {"d0": "d0", "Z": "d1"}
    problem(client.get(f"{PLANS}/compare?a=p1@x&b=p2"), 400, "bad-request")


class Listener(threading.Thread):
    """Reads events until it has as many revisions as wanted."""

    def __init__(self, client, wanted, **headers):
        super().__init__(daemon=True)
        self.url = f"{client.base_url}{PLANS}/p1/events"
        self.headers, self.wanted = headers, wanted
        self.hello, self.found, self.ready = None, [], threading.Event()

    def run(self):
        with httpx.stream("GET", self.url, headers=self.headers, timeout=30) as answer:
            kind = None
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "hello":
                    self.hello = json.loads(value)
                    self.ready.set()
                elif name == "data":
                    self.found.append(json.loads(value))
                if len(self.found) >= self.wanted:
                    return


def test_others_are_told_every_revision_once_and_in_order(client):
    make(client)
    edit(client, "rename", 0, district="d0", name="一")
    readers = [Listener(client, 3) for _ in range(5)]
    late = Listener(client, 4, **{"Last-Event-ID": "0"})
    for one in [*readers, late]:
        one.start()
    assert all(one.ready.wait(20) for one in [*readers, late])
    assert readers[0].hello == {"head": 1}
    edit(client, "assign", 1, units=["n1-0"], district="d1")
    edit(client, "undo", 2)
    edit(client, "redo", 3)
    for one in [*readers, late]:
        one.join(20)
        assert not one.is_alive()
    assert [one["seq"] for one in readers[0].found] == [2, 3, 4]
    assert [one["seq"] for one in late.found] == [1, 2, 3, 4]
    change = {"unit": "n1-0", "before": "d0", "after": "d1"}
    assert readers[0].found[0]["changes"] == [change]
    assert all(one.found == readers[0].found for one in readers)


def test_who_was_away_for_long_gets_everything_a_few_at_a_time(client, monkeypatch):
    monkeypatch.setattr(planning, "TOLD_AT_ONCE", 3)
    make(client)
    for number in range(10):
        edit(client, "rename", number, district="d0", name=f"新名{number}")
    late = Listener(client, 10, **{"Last-Event-ID": "0"})
    late.start()
    late.join(30)
    assert [one["seq"] for one in late.found] == list(range(1, 11))


def test_events_of_nothing_and_of_too_many_are_problems(client, monkeypatch):
    problem(client.get(f"{PLANS}/none/events"), 404, "not-found")
    make(client)
    monkeypatch.setattr(events, "MOST_LISTENERS", 0)
    problem(client.get(f"{PLANS}/p1/events"), 503, "busy")
