"""Plans given out as files and taken in again, through the API."""

import io
import zipfile

import httpx
import pytest
from fake_scenarios import FakeBases
from grid_town import grid_analysis
from plan_client import PLANS, edit, make, problem, read
from sqlalchemy import text

from app import limits
from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def client(store, serving, tmp_path_factory):
    store.save_analysis(grid_analysis())
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_saved(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.plan"))


def give(client, kind, **query):
    answer = client.get(f"{PLANS}/p1/export", params={"format": kind, **query})
    assert answer.status_code == 200, answer.text
    return answer


def take(client, content, name, *, seen=None, plan="p1", **query):
    headers = {"Content-Type": "application/octet-stream"}
    if seen is not None:
        headers["If-Match"] = f'"{seen}"'
    address = f"{PLANS}/{plan}/import"
    return client.post(address, params={"name": name, **query}, content=content, headers=headers)


@pytest.mark.parametrize("kind", ["csv", "gpkg", "shp", "geojson"])
def test_a_plan_goes_out_and_comes_back_into_an_empty_one(client, kind):
    make(client)
    edit(client, "rename", 0, district="d1", name="滨河片区")
    file = give(client, kind)
    assert "%E6%96%B9" in file.headers["content-disposition"]
    make(client, "p2", "empty")
    name = "plan.zip" if kind == "shp" else f"plan.{kind}"
    trial = take(client, file.content, name, plan="p2", dry_run=True).json()
    assert (trial["matched"], trial["seq"], trial["changes"]) == (9, 0, 9)
    assert (trial["unknown"], trial["missing"]) == ([], [])
    taken = take(client, file.content, name, plan="p2", seen=0, author="王工", request="file-1")
    assert taken.json()["seq"] == 1
    again = take(client, file.content, name, plan="p2", seen=0, author="王工", request="file-1")
    assert again.json() == taken.json()
    one, two = read(client), read(client, "p2")
    assert one["assignment"] == two["assignment"]
    assert {d["name"] for d in two["districts"]} == {"片区0", "滨河片区"}


def test_a_shapefile_comes_as_a_zip_with_its_encoding(client):
    make(client)
    with zipfile.ZipFile(io.BytesIO(give(client, "shp").content)) as packed:
        endings = {name.rpartition(".")[2] for name in packed.namelist()}
        assert {"shp", "shx", "dbf", "prj", "cpg"} <= endings
        assert packed.read("p1-0.cpg") == b"GBK"


def test_an_older_revision_is_given_out_as_it_was(client):
    make(client)
    edit(client, "assign", 0, units=["n0-0"], district="d1")
    assert b"n0-0,0-0" in give(client, "csv", at=0).content
    then = give(client, "csv", at=0).content.decode("utf-8-sig").splitlines()
    now = give(client, "csv").content.decode("utf-8-sig").splitlines()
    assert next(line for line in then if line.startswith("n0-0")).split(",")[2] == "d0"
    assert next(line for line in now if line.startswith("n0-0")).split(",")[2] == "d1"


def test_what_does_not_fit_is_told_before_anything_is_stored(client):
    make(client)
    rows = b"id,district\nn0-0,d1\nn0-1,d1\nn0-1,d0\nx9,d1\n"
    told = take(client, rows, "plan.csv", dry_run=True).json()
    assert (told["unknown"], told["doubled"], told["missing_count"]) == (["x9"], ["n0-1"], 7)
    assert told["changes"] == 1
    assert told["edit"]["changes"] == [{"unit": "n0-0", "before": "d0", "after": "d1"}]
    assert read(client)["head"] == 0
    problem(take(client, rows, "plan.csv"), 428, "precondition-required")
    problem(take(client, b"a,b\n1,2", "plan.csv", seen=0), 422, "unusable-input")
    problem(take(client, rows, "plan", seen=0), 400, "bad-request")


def test_a_file_may_be_larger_than_an_edit_but_not_without_end(client, monkeypatch):
    make(client)
    rows = b"id,district,note\nn0-0,d1," + b"x" * limits.MOST_BYTES
    assert take(client, rows, "plan.csv", dry_run=True).json()["matched"] == 1
    monkeypatch.setattr(limits, "MOST_FILE_BYTES", limits.MOST_BYTES)
    problem(take(client, rows, "plan.csv", dry_run=True), 413, "too-large")
