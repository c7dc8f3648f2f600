"""The register as a file, through the API: template, dry run, import, once."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from plan_client import CITY, problem

pytestmark = pytest.mark.postgis

STOCK = f"{CITY}/stock"
HEADER = "资产编号,名称,类型,细类,建筑面积,权属类型,经度,纬度\n"
LON, LAT = 114.000522, 30.721970


@pytest.fixture(scope="module")
def client(stock_client):
    return stock_client


@pytest.fixture(autouse=True)
def nothing_edited(register_emptied):
    """Each test begins with the register of the analysis."""


def take(client, body, name="r.csv", **query):
    content = body.encode() if isinstance(body, str) else body
    ask = {"name": name, "author": "王工", **query}
    return client.post(f"{STOCK}/import", params=ask, content=content)


def row(key="x1", name="活动室", floor_m2="150", kind="物业用房"):
    return f"{key},{name},房屋,{kind},{floor_m2},业主共有,{LON},{LAT}\n"


def ids(client):
    return [one["id"] for one in client.get(STOCK).json()["items"]]


def test_the_template_is_a_file_that_can_be_taken_in(client):
    answer = client.get(f"{STOCK}/template")
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames[:2] == ["登记表", "填写说明"]
    filled = client.get(f"{STOCK}/template", params={"filled": True}).content
    told = take(client, filled, "r.xlsx").json()
    assert (told["rows"], told["unchanged"], told["issues"]) == (1, 1, [])
    assert client.get(f"{STOCK}/template?format=csv").text.startswith("\ufeff资产编号,名称")


def test_a_dry_run_tells_the_same_and_writes_nothing(client):
    body = HEADER + row() + row("x2", kind="飞碟") + row("a1", "老车棚", "130", "自行车棚")
    dry = take(client, body, dry_run=True).json()
    assert ids(client) == ["a1", "left1"]
    wet = take(client, body).json()
    assert {**wet, "dry_run": True} == dry
    assert (wet["rows"], wet["added"], wet["changed"], wet["refused"]) == (3, 1, 1, 1)
    assert wet["issues"][0]["row"] == 3
    assert "飞碟" in wet["issues"][0]["zh"]
    assert set(wet["ids"]) == {"a1", "x1"}
    assert ids(client) == ["a1", "left1", "x1"]
    new = client.get(f"{STOCK}/x1").json()
    assert (new["pathway"], new["revision"], new["edited"]) == ("F21", 1, True)
    log = client.get(f"{STOCK}/a1/history").json()["items"]
    assert [(one["op"], one["author"]) for one in log] == [("import", "王工")]
    again = take(client, body).json()
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)


def test_the_same_file_sent_twice_under_one_id_is_done_once(client):
    body = HEADER + row()
    first = take(client, body, request="i1").json()
    assert take(client, body, request="i1").json() == first
    assert len(client.get(f"{STOCK}/x1/history").json()["items"]) == 1
    problem(take(client, HEADER + row("x9"), request="i1"), 409, "conflict")


def test_a_retired_entry_comes_back_with_its_history(client):
    take(client, HEADER + row())
    sent = {"author": "王工"}
    client.request("DELETE", f"{STOCK}/x1", json=sent, headers={"If-Match": '"1"'})
    assert ids(client) == ["a1", "left1"]
    assert take(client, HEADER + row()).json()["added"] == 1
    log = client.get(f"{STOCK}/x1/history").json()["items"]
    assert [(one["revision"], one["op"]) for one in log] == [
        (3, "import"),
        (2, "retire"),
        (1, "import"),
    ]


def test_pairs_that_may_be_the_same_are_told_with_the_file_and_later(client):
    told = take(client, HEADER + row("x1", "老车棚一") + row("x2", "老车棚一")).json()
    assert ["x1", "x2", "both"] in [
        [one["one"], one["other"], one["why"]] for one in told["duplicates"]
    ]
    later = client.get(f"{STOCK}/duplicates").json()["items"]
    assert {("x1", "x2")} <= {(one["one"], one["other"]) for one in later}
    assert later[0]["one_name"] == "老车棚一"


def test_what_is_no_register_is_refused_as_a_problem(client):
    problem(take(client, b"<OGRVRTDataSource/>", "r.gpkg"), 400, "bad-request")
    problem(take(client, b"\x00", "r.exe"), 400, "bad-request")
    problem(take(client, "a,b\n1,2\n"), 422, "unusable-input")
    problem(take(client, b"PK broken", "r.xlsx"), 422, "unusable-input")
    problem(client.post(f"{STOCK}/import?name=r.csv", content=b"x"), 400, "bad-request")
