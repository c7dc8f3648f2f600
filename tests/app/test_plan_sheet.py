"""Plans on paper through the API."""

import httpx
import pytest
from fake_scenarios import FakeBases
from grid_town import grid_analysis

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis

PLANS = "/api/v1/cities/grid-town/plans"


@pytest.fixture(scope="module")
def client(store, serving, tmp_path_factory):
    store.save_analysis(grid_analysis())
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        body = {
            "id": "paper",
            "name": "纸上方案",
            "author": "王工",
            "from": "analysis",
            "rules": {},
        }
        assert client.post(PLANS, json=body).status_code == 201
        yield client


def sheet(client, plan="paper", **query):
    return client.get(f"{PLANS}/{plan}/sheet.pdf", params=query)


def test_a_plan_is_drawn_as_pdf_with_the_font_inside_and_twice_the_same(client):
    first, second = sheet(client), sheet(client)
    assert first.status_code == 200, first.text
    assert first.headers["content-type"] == "application/pdf"
    assert first.content.startswith(b"%PDF-")
    assert b"/FontFile2" in first.content
    assert first.content == second.content


def test_paper_and_language_are_chosen(client):
    assert sheet(client, paper="a4").content != sheet(client, paper="a3").content
    assert sheet(client, language="en").content != sheet(client, language="zh").content
    assert sheet(client, paper="letter").status_code == 400


def test_an_earlier_revision_is_drawn_as_it_was(client):
    before = sheet(client).content
    edit = {"id": "e1", "op": "create", "name": "新片区", "units": [], "author": "李工"}
    plan = client.get(f"{PLANS}/paper").json()
    edit["units"] = list(plan["assignment"])[:1]
    answer = client.post(
        f"{PLANS}/paper/edits", json=edit, headers={"If-Match": f'"{plan["head"]}"'}
    )
    assert answer.status_code == 200, answer.text
    assert sheet(client).content != before
    assert len(sheet(client, at=plan["head"]).content) == pytest.approx(len(before), abs=400)
    assert sheet(client, at=plan["head"] + 9).status_code == 404


def test_a_plan_that_does_not_exist_is_not_found(client):
    assert sheet(client, plan="nowhere").status_code == 404
