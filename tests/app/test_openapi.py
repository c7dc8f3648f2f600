"""The API is what its description says, and what docs/architecture.md promises."""

import re
from pathlib import Path

import httpx
import pytest
from fake_scenarios import FakeBases, explain_gap
from grid_town import grid_analysis
from siting_town import siting_ground

from app.jobs import run_claimed, runner
from app.main import create_app
from app.plans.drafts import Drafts
from app.plans.planning import new_plan
from app.plans.schemas import PlanNew
from app.schemas import FeatureCollection, ProblemText
from app.settings import Settings
from app.siting.grounds import Grounds
from app.store import jobs, scenarios

pytestmark = pytest.mark.postgis

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs/architecture.md"
FILLED = {
    "{city}": "grid-town",
    "{data_version}": "v1",
    "{layer}": "cells",
    "{neighbourhood}": "n0-0",
    "{kind}": "kindergarten",
    "{district}": "d0",
    "{asset}": "a1",
    "{scenario}": "s1",
    "{plan}": "p1",
    "{unit}": "n0-0",
    "{point}": "0",
    "{z}/{x}/{y}": "4/13/6",
}
NEEDED = {"/api/v1/cities/{city}/plans/compare": "?a=p1&b=p1@0"}


@pytest.fixture(scope="module")
def client(store, serving, tmp_path_factory):
    store.save_analysis(grid_analysis())
    scenarios.create_scenario(store.engine, "grid-town", "s1", name="try", changes=[])
    new = PlanNew.model_validate({"id": "p1", "name": "p", "author": "a", "from": "analysis"})
    new_plan(store.engine, Drafts(), "grid-town", new)
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    find_a_siting(store, bases)
    app = create_app(Settings(database_url=store.url), bases=bases)
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(app) as url,
        httpx.Client(base_url=url, timeout=300) as client,
    ):
        patch.setattr("spatial.scenarios.explain_gap", explain_gap)
        yield client


def find_a_siting(store, bases):
    """Let the worker find one, so that the addresses of sitings have something to tell."""
    Grounds.beside(bases).save("grid-town", siting_ground())
    request = {"budget_yuan": 2_000_000, "pareto": 2}
    jobs.enqueue(store.engine, "grid-town", kind="siting", request=request)
    job = jobs.claim(store.engine, "w1")
    run_claimed(store, job, "w1", run=runner(bases))


@pytest.fixture(scope="module")
def described(client):
    return client.get("/api/v1/openapi.json").json()


def _nameless(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


def _promised():
    """Method and path of every row of the table in docs/architecture.md."""
    entry = re.compile(r"(?:(GET|POST|PUT|DELETE) )?(/[^\s?]*)(?:\?\S*)?")
    for line in ARCHITECTURE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| `"):
            continue
        method, base = "", ""
        for word in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
            found = entry.fullmatch(word)
            if found is None:
                continue
            method = (found[1] or method).lower()
            path = found[2] if found[2].startswith("/api") else base + found[2]
            base = base or path
            yield method, _nameless(path)


def test_everything_promised_in_the_architecture_is_described(described):
    known = {
        (method, _nameless(path))
        for path, methods in described["paths"].items()
        for method in methods
    }
    promised = set(_promised())
    assert len(promised) > 20
    assert promised <= known


def test_every_described_address_answers_as_described(client, store, described):
    job = jobs.enqueue(store.engine, "grid-town", kind="analyse", request={})
    siting = client.get("/api/v1/cities/grid-town/sitings").json()["items"][0]
    tried = 0
    for path, methods in described["paths"].items():
        if "get" not in methods:
            continue
        found = siting["job"] if "/sitings/" in path else job["id"]
        address = path.replace("{job}", found)
        for name, value in FILLED.items():
            address = address.replace(name, value)
        assert "{" not in address, f"{path}: say what to fill in"
        if path.endswith("/events"):
            continue  # never ends; see test_plan_events
        answer = client.get(address + NEEDED.get(path, ""))
        assert str(answer.status_code) in methods["get"]["responses"], f"{path}: {answer.text}"
        assert answer.status_code in {200, 204}, f"{path}: {answer.text}"
        if answer.headers.get("content-type") == "application/geo+json":
            FeatureCollection.model_validate(answer.json())
        tried += 1
    assert tried > 20


def test_every_address_refuses_an_unknown_parameter_as_a_problem(client, described):
    for path, methods in described["paths"].items():
        if "get" not in methods or "tiles" in path:
            continue
        address = path.replace("{job}", "none")
        for name, value in FILLED.items():
            address = address.replace(name, value)
        answer = client.get(f"{address}?colour=red")
        assert answer.status_code == 400, path
        assert ProblemText.model_validate(answer.json()).code == "bad-request"


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/cities/%00",
        "/api/v1/cities/grid-town/neighbourhoods?q=%00",
        "/api/v1/cities/grid-town/neighbourhoods/%00",
        "/api/v1/cities/grid-town/layers/cells?cursor=eyJpZCI6Ilx1MDAwMCJ9",
        "/api/v1/cities/';%20DROP%20TABLE%20linli.city;--",
        "/api/v1/cities/grid-town/stock?source=%27%20OR%201=1",
        "/api/v1/jobs?city=%F0%9F%8F%99",
    ],
)
def test_odd_texts_are_answered_and_break_nothing(client, address):
    assert client.get(address).status_code in {200, 400, 404}
    assert client.get("/api/v1/cities").json()["items"]


def test_the_profiles_are_listed_with_the_national_one_first(client):
    profiles = client.get("/api/v1/profiles").json()["items"]
    assert profiles[0]["id"] == "national"
    assert {"ningbo", "chongqing", "linxia"} <= {profile["id"] for profile in profiles}
