"""Twenty editors on one plan, while the app is killed (kill -9) again and again."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from grid_town import grid_analysis
from plan_client import PLANS, make

from app.store.plans import find_plan, steps_after
from app.store.rows import rows
from spatial.plans import District, Draft, PlanRules, broken_rules, take

pytestmark = [pytest.mark.postgis, pytest.mark.slow]

SIDE = 8
EDITORS = 20
KILLS = 5
BETWEEN_KILLS = 12
MOST_MEMBERS = 24
RULES = {"maximum": {"members": MOST_MEMBERS}}
UNITS = [f"n{c}-{r}" for c in range(SIDE) for r in range(SIDE)]


class Server:
    """The app in a process that can be killed; another takes its place at once."""

    def __init__(self, database_url):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, str(Path(__file__).with_name("forked_app.py")), str(self.port)]
        self.parent = subprocess.Popen(
            command, env={**os.environ, "DATABASE_URL": database_url}, stdout=subprocess.PIPE
        )
        self.child = int(self.parent.stdout.readline())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def kill(self):
        os.kill(self.child, signal.SIGKILL)
        self.child = int(self.parent.stdout.readline())

    def wait(self):
        deadline = time.monotonic() + 60
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while time.monotonic() < deadline:
                try:
                    if client.get("/api/v1/cities").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)
        raise AssertionError("the app does not come up again")

    def close(self):
        self.parent.kill()
        self.parent.wait()
        os.kill(self.child, signal.SIGKILL)
        self.parent.stdout.close()


class Editor(threading.Thread):
    """Edits until told to stop; a request without an answer is sent again, word for word."""

    def __init__(self, number, server, stop):
        super().__init__(daemon=True)
        self.number, self.server, self.stop = number, server, stop
        self.random = random.Random(number)
        self.acknowledged = {}
        self.refused = Counter()
        self.sent_again = 0
        self.fault = None

    def run(self):
        try:
            with httpx.Client(base_url=self.server.url, timeout=10) as client:
                self._edit(client)
        except BaseException as fault:
            self.fault = fault
            raise

    def _edit(self, client):
        count = 0
        plan = self._ask(client, "GET", f"{PLANS}/p1").json()
        while not self.stop.is_set():
            count += 1
            body = {
                "id": f"e{self.number}-{count}",
                "author": f"编辑{self.number}",
                **self._operation(plan),
            }
            answer = self._ask(
                client,
                "POST",
                f"{PLANS}/p1/edits",
                json=body,
                headers={"If-Match": f'"{plan["head"]}"'},
            )
            if answer.status_code == 200:
                self.acknowledged[body["id"]] = answer.json()
            else:
                assert answer.status_code in {409, 412, 422}, answer.text
                self.refused[answer.json()["code"]] += 1
            plan = self._ask(client, "GET", f"{PLANS}/p1").json()

    def _operation(self, plan):
        districts = [one["id"] for one in plan["districts"]]
        mine = self.random.sample(districts, min(2, len(districts)))
        members = [unit for unit, key in plan["assignment"].items() if key == mine[0]]
        kind = self.random.choice(["assign"] * 6 + ["create", "merge", "split", "lock", "undo"])
        if kind == "assign" and members:
            units = self.random.sample(members, min(2, len(members)))
            return {"op": "assign", "units": units, "district": self.random.choice([*mine, None])}
        if kind == "create" and len(districts) < 20:
            free = [unit for unit, key in plan["assignment"].items() if key is None]
            return {"op": "create", "units": self.random.sample(free, min(3, len(free)))}
        if kind == "merge" and len(districts) > 4:
            return {"op": "merge", "districts": mine[:1], "into": mine[-1]}
        if kind == "lock":
            locked = [one["id"] for one in plan["districts"] if one["locked"]]
            if locked:
                return {"op": "lock", "districts": locked, "locked": False}
            return {"op": "lock", "districts": mine[:1], "locked": True}
        if kind == "undo" and plan["undo"]:
            return {"op": "undo", "seq": plan["undo"]}
        return {"op": "rename", "district": mine[0], "name": f"片区{self.random.randrange(999)}"}

    def _ask(self, client, method, path, **more):
        tries = 0
        while True:
            try:
                answer = client.request(method, path, **more)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503:
                return answer
            tries += 1
            self.sent_again += method == "POST"
            assert tries < 400, "the app is gone for good"
            time.sleep(self.random.uniform(0.1, 0.3))


@pytest.fixture(scope="module")
def crashed(store):
    """Run the whole storm once; give back the editors and the server, which is up again."""
    store.save_analysis(grid_analysis(side=SIDE))
    server = Server(store.url)
    stop = threading.Event()
    try:
        server.wait()
        with httpx.Client(base_url=server.url, timeout=20) as client:
            first = make(client, rules=RULES)
        editors = [Editor(number, server, stop) for number in range(EDITORS)]
        for one in editors:
            one.start()
        pause = random.Random(7)
        for kill in range(1, KILLS + 1):
            wait_for(editors, BETWEEN_KILLS * kill)
            time.sleep(pause.uniform(0.0, 0.2))
            server.kill()
        wait_for(editors, BETWEEN_KILLS * (KILLS + 1))
        stop.set()
        for one in editors:
            one.join(40)
        assert not any(one.is_alive() for one in editors)
        assert [one.fault for one in editors if one.fault] == []
        yield server, editors, first
    finally:
        stop.set()
        server.close()


def wait_for(editors, acknowledged):
    deadline = time.monotonic() + 60
    while sum(len(one.acknowledged) for one in editors) < acknowledged:
        assert time.monotonic() < deadline, "the editors do not get on"
        time.sleep(0.02)


def log_of(store):
    with store.engine.connect() as connection:
        plan = find_plan(connection, "grid-town", "p1")
        return plan, steps_after(connection, plan, 0), connection_requests(connection, plan)


def connection_requests(connection, plan):
    statement = "SELECT seq, request_id FROM linli.plan_revision WHERE plan = :plan ORDER BY seq"
    return [(one["seq"], one["request_id"]) for one in rows(connection, statement, plan=plan.key)]


def test_there_was_a_storm(crashed):
    _, editors, _ = crashed
    assert sum(len(one.acknowledged) for one in editors) > KILLS * BETWEEN_KILLS
    assert sum(one.sent_again for one in editors) > EDITORS
    assert all(one.acknowledged or one.refused for one in editors)
    refused = sum((one.refused for one in editors), Counter())
    assert refused["stale"] > 0


def test_no_acknowledged_edit_is_lost_or_doubled(crashed, store):
    _, editors, _ = crashed
    plan, _, requests = log_of(store)
    assert [seq for seq, _ in requests] == list(range(1, plan.head + 1))
    stored = {request: seq for seq, request in requests}
    assert len(stored) == len(requests)
    told = {key: answer for one in editors for key, answer in one.acknowledged.items()}
    changed = {key for key, answer in told.items() if key in stored}
    for key in changed:
        assert told[key]["seq"] == stored[key]
    # whatever was not written changed nothing: it says so
    for key in set(told) - changed:
        assert told[key]["changes"] == []
    assert set(stored) == changed  # nothing was written that nobody was told of


def test_every_revision_leaves_exactly_what_its_log_says_and_no_rule_broken(crashed, store):
    server, _, first = crashed
    plan, log, _ = log_of(store)
    with store.engine.connect() as connection:
        from app.plans.drafts import Drafts

        now = Drafts().at_head(connection, plan)
    districts = [District(d["id"], d["name"], d["colour"], d["locked"]) for d in first["districts"]]
    rules = PlanRules.from_record(RULES)
    draft = Draft.of(now.ground, first["assignment"], districts, rules=rules)
    checked = {plan.head // 3, plan.head // 2}
    with httpx.Client(base_url=server.url, timeout=20) as client:
        for one in log:
            locked = {key for key, district in draft.districts.items() if district.locked}
            ends = {end for pair in one["step"].units.values() for end in pair}
            assert not ends & locked, one["seq"]
            draft = take(draft, one["step"])
            assert broken_rules(draft) == (), one["seq"]
            if one["seq"] in checked:
                at = client.get(f"{PLANS}/p1?at={one['seq']}").json()
                assert at["assignment"] == draft.assignment()
    assert draft.assignment() == now.assignment()
    assert set(draft.assignment()) == set(UNITS)
    assert draft.districts == now.districts


def test_a_request_of_before_the_crashes_is_answered_as_then(crashed):
    server, editors, _ = crashed
    with httpx.Client(base_url=server.url, timeout=20) as client:
        head = client.get(f"{PLANS}/p1").json()["head"]
        page = client.get(f"{PLANS}/p1/revisions?limit=500").json()["items"]
        by_seq = {one["seq"]: one for one in page}
        again = 0
        for editor in editors:
            for key, answer in list(editor.acknowledged.items())[:12]:  # some are not to compare
                revision = by_seq.get(answer["seq"])
                if revision is None or not answer["changes"] or "~" in str(revision["params"]):
                    continue
                body = {
                    "id": key,
                    "op": revision["op"],
                    "author": revision["author"],
                    **revision["params"],
                }
                told = client.post(
                    f"{PLANS}/p1/edits", json=body, headers={"If-Match": '"0"'}
                ).json()
                assert told == answer
                again += 1
        assert again > 3
        assert client.get(f"{PLANS}/p1").json()["head"] == head
