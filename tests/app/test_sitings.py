"""Sitings from the job to the scenario, on the grid town: the worker's work, and the page's."""

import io
from dataclasses import replace
from urllib.parse import quote

import geopandas as gpd
import httpx
import openpyxl
import pytest
from grid_town import grid_analysis
from siting_town import SIDE, siting_ground
from sqlalchemy import text

from app.jobs import run_claimed, runner
from app.main import create_app
from app.scenarios.bases import Bases
from app.settings import Settings
from app.siting.grounds import Grounds
from app.siting.problem import Settled, settled_ground
from app.siting.warm import edit_name
from app.store import jobs

pytestmark = pytest.mark.postgis

KINDS = ["elderly_daycare", "community_canteen", "park"]
BUDGET = [1_500_000, 1_000_000]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return Bases(tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def city(store, bases):
    name = store.save_analysis(grid_analysis(side=SIDE))
    Grounds.beside(bases).save(name, siting_ground())
    return name


@pytest.fixture(scope="module")
def client(store, serving, bases, city):
    assert Grounds.beside(bases).has(city, "v1")
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=f"{url}/api/v1", timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def at(city):
    return f"/cities/{quote(city)}"


def run(client, store, bases, at, **wish):
    answer = client.post(f"{at}/jobs", json={"kind": "siting", **wish})
    assert answer.status_code == 202, answer.text
    job = jobs.claim(store.engine, "w1")
    run_claimed(store, job, "w1", run=runner(bases))
    return client.get(f"/jobs/{job['id']}").json()


@pytest.fixture(scope="module")
def found(client, store, bases, at):
    job = run(
        client,
        store,
        bases,
        at,
        kinds=KINDS,
        budget_yuan=BUDGET,
        pareto=4,
        funding={"admin_district": "海曙区", "available_yuan": {"lottery": 100_000}},
    )
    assert job["status"] == "successful", job
    return client.get(f"{at}/sitings/{job['id']}").json()


def test_a_siting_tells_its_proof_its_sites_and_their_consents(found):
    plan = found["plan"]
    assert plan["status"] == "proven_optimal"
    assert plan["bound"] == plan["value"]
    assert plan["sure_zh"]
    assert plan["sure_en"] == "proven best"
    assert plan["chosen"]
    assert plan["cost_yuan"] <= sum(BUDGET)
    assert plan["money"][0]["spent_yuan"] <= BUDGET[0]
    assert plan["cost_yuan"] == pytest.approx(sum(one["cost_yuan"] for one in plan["chosen"]))
    for one in plan["chosen"]:
        assert one["capacity_source"] == "GB 50180-2018"
        assert one["capacity_confidence"] == "med"
        assert one["kind"] in KINDS
        assert one["kind_zh"]
        assert one["documents"] or one["to_find_out"]
        assert one["persons"] == pytest.approx(sum(to["persons"] for to in one["serves"]))
        assert -180 < one["lon"] < 180
    assert plan["persons"] <= plan["demand_persons"]
    left = sum(one["unserved_persons"] for one in plan["unserved"])
    if plan["unserved_total"] == len(plan["unserved"]):
        assert left + plan["persons"] == pytest.approx(plan["demand_persons"], rel=0.01)


def test_every_choice_and_every_no_has_its_reason(found):
    for one in found["plan"]["chosen"]:
        assert one["why"]["lost_people"] >= -1e-6
        assert one["why"]["zh"]
    chosen = {one["option"] for one in found["plan"]["chosen"]}
    assert found["rejected"]
    assert found["rejected_total"] == len(found["rejected"])
    for row in found["rejected"]:
        assert row["option"] not in chosen
        assert row["zh"]
        assert row["en"]
    assert {row["change"] for row in found["sensitivity"]}
    assert found["stock_edits"] == 0


def test_the_money_adds_up_and_nothing_is_counted_that_is_not_known(found):
    money = found["funding"]
    assert money["cost_yuan"] == pytest.approx(found["plan"]["cost_yuan"])
    paid = sum(one["yuan"] for one in money["payers"])
    assert paid + money["gap_yuan"] == pytest.approx(money["cost_yuan"], abs=1)
    used = {one["source"]: one["used_yuan"] for one in money["sources"]}
    assert used["lottery"] <= 100_000
    assert used["county"] <= sum(BUDGET)
    government = sum(one["yuan"] for one in money["payers"] if one["group"] == "government")
    assert used["city_match"] == pytest.approx(0.4 * government, abs=1)
    assert {one["level"] for one in money["balance"]} == {
        "neighbourhood",
        "community",
        "district",
        "city",
    }
    assert len(money["form"]) == 9
    states = {one["part"]: one["state"] for one in money["form"]}
    assert states["stock"] == states["operation"] == states["income"] == "filled"
    assert states["body"] == states["given_up"] == "missing"
    assert "J09" in {one["rule"] for one in money["findings"]}


def test_the_curve_rises_and_each_point_can_be_read(client, at, found):
    curve = found["pareto"]
    assert len(curve) >= 2
    assert [one["persons"] for one in curve] == sorted(one["persons"] for one in curve)
    assert all(one["cost_yuan"] <= one["budget_yuan"] + 1e-6 for one in curve if one["budget_yuan"])
    told = client.get(f"{at}/sitings/{found['job']}/points/1").json()
    assert told["plan"]["persons"] == pytest.approx(curve[1]["persons"])
    assert told["plan"]["cost_yuan"] == pytest.approx(curve[1]["cost_yuan"])
    assert told["plan"]["status"] == curve[1]["status"]
    missing = client.get(f"{at}/sitings/{found['job']}/points/99")
    assert missing.status_code == 404


def test_a_forbidden_site_is_left_and_a_forced_one_taken(client, at, found):
    first = found["plan"]["chosen"][0]["asset"]
    address = f"{at}/sitings/{found['job']}/again"
    without = client.post(address, json={"forbid": [first]})
    assert without.status_code == 200, without.text
    told = without.json()
    assert first not in {one["asset"] for one in told["plan"]["chosen"]}
    assert told["plan"]["value"] <= found["plan"]["value"] + 1e-6
    assert told["elapsed_ms"] < 2_000
    back = client.post(address, json={"force": [first]}).json()
    assert first in {one["asset"] for one in back["plan"]["chosen"]}
    assert back["plan"]["value"] == pytest.approx(found["plan"]["value"])


def test_another_budget_is_kept_to(client, at, found):
    address = f"{at}/sitings/{found['job']}/again"
    told = client.post(address, json={"budget_yuan": [500_000, 0]}).json()
    assert told["plan"]["cost_yuan"] <= 500_000
    assert told["plan"]["persons"] <= found["plan"]["persons"] + 1e-6


def test_what_cannot_be_is_told_as_a_clash(client, at, found):
    dear = max(found["plan"]["chosen"], key=lambda one: one["cost_yuan"])
    answer = client.post(
        f"{at}/sitings/{found['job']}/again",
        json={"force": [dear["option"]], "budget_yuan": [1, 1]},
    )
    assert answer.status_code == 409
    told = answer.json()
    assert told["code"] == "siting-infeasible"
    assert told["clashes"][0]["en"]
    assert told["clashes"][0]["zh"]
    assert {"budget", f"must:{dear['option']}"} <= set(told["clashes"][0]["relax"])


def test_unknown_names_are_refused(client, at, found):
    address = f"{at}/sitings/{found['job']}"
    strange = client.post(f"{address}/again", json={"force": ["nowhere"]})
    assert strange.status_code == 400
    assert client.get(f"{address}/catchments", params={"edit": "%%%"}).status_code == 400
    assert client.get(f"{at}/sitings/none").status_code == 404
    wrong = client.post(f"{at}/jobs", json={"kind": "siting", "rules": {"taste": 1}})
    assert wrong.status_code in {400, 422}
    wrong = client.post(f"{at}/jobs", json={"kind": "siting", "weights": {"taste": 1}})
    assert wrong.status_code in {400, 422}


def test_catchments_are_geojson_of_who_is_served(client, at, found):
    address = f"{at}/sitings/{found['job']}/catchments"
    told = client.get(address).json()
    served = [one for one in told["features"] if one["properties"]["role"] == "served"]
    sites = [one for one in told["features"] if one["properties"]["role"] == "site"]
    assert len(sites) == len(found["plan"]["chosen"])
    assert served
    assert all(one["geometry"] for one in told["features"])
    asset = sites[0]["properties"]["asset"]
    alone = client.get(address, params={"asset": asset}).json()
    assert {one["properties"]["asset"] for one in alone["features"]} == {asset}


def test_a_plan_is_adopted_as_a_scenario_of_its_facilities(client, at, found):
    body = {"id": "s1", "name": "选址方案"}
    made = client.post(f"{at}/sitings/{found['job']}/adopt", json=body)
    assert made.status_code == 201, made.text
    changes = client.get(f"{at}/scenarios/s1").json()["changes"]
    assert len(changes) == len(found["plan"]["chosen"])
    assert {one["op"] for one in changes} == {"add_facility"}
    assert sorted(one["kind"] for one in changes) == sorted(
        one["kind"] for one in found["plan"]["chosen"]
    )
    again = client.post(f"{at}/sitings/{found['job']}/adopt", json=body)
    assert again.status_code == 201
    first_year = {"id": "s2", "name": "第一年", "by_year": 0}
    early = client.post(f"{at}/sitings/{found['job']}/adopt", json=first_year).json()
    assert len(early["changes"]) == sum(one["year"] == 0 for one in found["plan"]["chosen"])


def test_an_edited_plan_is_adopted_by_its_name(client, at, found):
    first = found["plan"]["chosen"][0]["asset"]
    address = f"{at}/sitings/{found['job']}"
    edit = client.post(f"{address}/again", json={"forbid": [first]}).json()
    body = {"id": "s3", "name": "改", "edit": edit["edit"]}
    made = client.post(f"{address}/adopt", json=body).json()
    assert len(made["changes"]) == len(edit["plan"]["chosen"])
    assert not any(f":{first}:" in one["id"] for one in made["changes"])


def test_files_hold_the_sites_with_costs_and_consents(client, at, found, tmp_path):
    address = f"{at}/sitings/{found['job']}/export"
    sheet = client.get(address, params={"format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(sheet.content), read_only=True)
    assert "选址 sites" in book.sheetnames
    rows = list(book["选址 sites"].values)
    assert len(rows) == 1 + len(found["plan"]["chosen"])
    pack = tmp_path / "siting.gpkg"
    pack.write_bytes(client.get(address, params={"format": "gpkg"}).content)
    sites = gpd.read_file(pack, layer="sites")
    assert sites["cost_yuan"].sum() == pytest.approx(found["plan"]["cost_yuan"])
    assert len(gpd.read_file(pack, layer="catchments"))


def test_the_list_tells_runs_newest_first(client, at, found):
    items = client.get(f"{at}/sitings").json()["items"]
    assert items[0]["job"] == found["job"]
    assert items[0]["current"]
    assert items[0]["sites"] == len(found["plan"]["chosen"])


def test_who_pays_is_told_again_for_other_money_without_a_new_siting(client, at, found):
    address = f"{at}/sitings/{found['job']}"
    money = {"level": "city", "available_yuan": {"lottery": 300_000, "county": 0}}
    told = client.post(f"{address}/funding", json=money).json()
    assert told["funding"]["level"] == "city"
    used = {one["source"]: one["used_yuan"] for one in told["funding"]["sources"]}
    assert used["lottery"] <= 300_000
    assert used["county"] == 0
    assert told["funding"]["cost_yuan"] == pytest.approx(found["plan"]["cost_yuan"])
    before = {one["source"]: one["used_yuan"] for one in found["funding"]["sources"]}
    assert used["lottery"] > before["lottery"]
    sheet = client.get(f"{address}/export", params={"format": "xlsx", "funding": told["asked"]})
    facts = openpyxl.load_workbook(io.BytesIO(sheet.content))["概要 summary"]
    figures = {row[0]: row[1] for row in facts.iter_rows(values_only=True)}
    assert figures["资金缺口 not paid by anybody (元 yuan)"] == pytest.approx(
        told["funding"]["gap_yuan"]
    )
    point = client.post(f"{address}/funding", json={"point": 0, **money}).json()
    assert point["funding"]["cost_yuan"] <= told["funding"]["cost_yuan"]


@pytest.mark.parametrize(
    "money",
    [
        {"available_yuan": {"moon": 1}},
        {"available_yuan": {"lottery": -1}},
        {"level": "planet"},
        {"loan": {"amount_yuan": 1, "years": 0}},
        {"taste": 1},
    ],
)
def test_money_that_makes_no_sense_is_refused(client, at, found, money):
    answer = client.post(f"{at}/sitings/{found['job']}/funding", json=money)
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


def test_sharing_and_buildings_cannot_both_be_asked_for(client, at):
    wish = {"kind": "siting", "sharing": True, "demand": "buildings"}
    answer = client.post(f"{at}/jobs", json=wish, headers={"Accept-Language": "zh"})
    assert answer.status_code == 400
    assert "请只选其一" in answer.json()["detail"]


@pytest.mark.parametrize("wish", [{"sharing": True}, {"demand": "buildings"}])
def test_a_siting_rests_on_the_ground_of_its_kind_of_walking(client, store, bases, at, city, wish):
    ways = "sharing" if "sharing" in wish else "buildings"
    less = siting_ground()  # told apart by one asset that is not in it
    free = less.problem.options["asset"] != "a1"
    problem = settled_ground(less, Settled({"a1": "retired"})).problem
    assert len(problem.options) == free.sum()
    Grounds.beside(bases).save(city, replace(less, problem=problem, ways=ways))
    job = run(client, store, bases, at, kinds=KINDS, pareto=0, rules={"must_not": ["a2"]}, **wish)
    assert job["status"] == "successful", job
    told = client.get(f"{at}/sitings/{job['id']}").json()
    assert {key: told["request"][key] for key in wish} == wish
    assert not {"a1", "a2"} & {one["asset"] for one in told["plan"]["chosen"]}
    again = client.post(f"{at}/sitings/{job['id']}/again", json={"forbid": ["a3"]})
    assert again.status_code == 200, again.text


def test_an_area_limits_the_gaps_and_a_strange_one_is_refused(client, store, bases, at, found):
    district = next(one["district_id"] for one in found["plan"]["chosen"] if one["district_id"])
    job = run(
        client, store, bases, at, kinds=KINDS, area={"districts": [district]}, pareto=0,
        budget_yuan=1_000_000,
    )  # fmt: skip
    told = client.get(f"{at}/sitings/{job['id']}").json()
    assert told["plan"]["demand_persons"] < found["plan"]["demand_persons"]
    assert told["pareto"] == []
    lost = run(client, store, bases, at, area={"districts": ["nowhere"]})
    assert lost["status"] == "failed"
    assert "nowhere" in lost["error"]["detail_zh"]


def test_a_cancelled_siting_stores_nothing(client, store, bases, at):
    answer = client.post(f"{at}/jobs", json={"kind": "siting", "kinds": KINDS, "seed": 5})
    job = jobs.claim(store.engine, "w1")
    client.delete(f"/jobs/{answer.json()['id']}")
    run_claimed(store, job, "w1", run=runner(bases))
    assert client.get(f"/jobs/{job['id']}").json()["status"] == "dismissed"
    assert client.get(f"{at}/sitings/{job['id']}").status_code == 404


def test_rules_that_clash_fail_the_job_and_are_told(client, store, bases, at, found):
    option = found["plan"]["chosen"][0]["option"]
    job = run(
        client, store, bases, at, kinds=KINDS,
        rules={"must": [option], "must_not": [option]}, pareto=0,
    )  # fmt: skip
    assert job["status"] == "failed"
    answer = client.get(f"{at}/sitings/{job['id']}")
    assert answer.status_code in {404, 409}


def test_a_ground_that_is_gone_is_told(store, serving, bases, at, city, found):
    kept = Grounds.beside(bases).path(city, found["data_version"])
    away = kept.with_name("away.old")
    kept.rename(away)
    try:
        app = create_app(Settings(database_url=store.url), bases=bases)
        with serving(app) as url, httpx.Client(base_url=f"{url}/api/v1") as other:
            whole = other.get(f"{at}/sitings/{found['job']}")
            assert whole.json()["plan"] == found["plan"]  # what is stored can still be read
            answer = other.post(f"{at}/sitings/{found['job']}/again", json={})
            assert answer.status_code == 409
            assert "no longer kept" in answer.json()["detail"]
    finally:
        away.rename(kept)


def test_rejected_candidates_and_retired_assets_are_left_out_at_once(
    client, store, bases, at, city, found
):
    first = found["plan"]["chosen"][0]["asset"]
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO linli.stock_asset (city_id, id, revision, retired, author, reason) "
                "VALUES (:city, :id, 1, true, '王工', '已拆除')"
            ),
            {"city": city, "id": first},
        )
    try:
        job = run(client, store, bases, at, kinds=KINDS, budget_yuan=BUDGET, pareto=0)
        told = client.get(f"{at}/sitings/{job['id']}").json()
        assert first not in {one["asset"] for one in told["plan"]["chosen"]}
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("DELETE FROM linli.stock_asset"))
    # what was left out then stays left out when the plan is told again
    again = client.post(f"{at}/sitings/{job['id']}/again", json={}).json()
    assert first not in {one["asset"] for one in again["plan"]["chosen"]}
    assert again["plan"]["value"] == pytest.approx(told["plan"]["value"])


def test_the_districts_of_a_plan_count_where_it_is_named(client, store, bases, at):
    made = client.post(
        f"{at}/plans",
        json={"id": "p1", "name": "方案", "author": "王工", "from": "analysis", "rules": {}},
    )
    assert made.status_code == 201, made.text
    job = run(
        client, store, bases, at, kinds=KINDS, budget_yuan=BUDGET, pareto=0,
        area={"plan": "p1", "districts": ["d0"]},
    )  # fmt: skip
    assert job["status"] == "successful", job
    told = client.get(f"{at}/sitings/{job['id']}").json()
    inside = {place["id"] for one in told["plan"]["chosen"] for place in one["serves"]}
    assert inside
    assert all(name.startswith(("n0-", "n1-")) for name in inside)
    lost = run(client, store, bases, at, area={"plan": "nowhere"})
    assert lost["status"] == "failed"


def test_a_forced_size_stands_for_the_other(client, at, found):
    sized = next(one for one in found["plan"]["chosen"] if one["size"] == "small")
    told = client.post(
        f"{at}/sitings/{found['job']}/again", json={"resize": {sized["option"]: "standard"}}
    ).json()
    mine = [
        one
        for one in told["plan"]["chosen"]
        if (one["asset"], one["kind"]) == (sized["asset"], sized["kind"])
    ]
    assert [one["size"] for one in mine] == ["standard"]


def test_no_jobs_are_left_running(store):
    with store.engine.connect() as connection:
        running = connection.execute(
            text("SELECT count(*) FROM linli.job WHERE status IN ('running', 'accepted')")
        ).scalar()
    assert running == 0


@pytest.mark.parametrize(
    "wish",
    [
        '"seed": -1',
        '"seed": 1e400',
        '"budget_yuan": -1',
        '"budget_yuan": NaN',
        '"budget_yuan": []',
        '"budget_yuan": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]',
        '"weights": {"people": NaN}',
        '"weights": {"beauty": 1}',
        '"rules": {"spacing_m": {"park": Infinity}}',
        '"rules": {"least_share": {"park": 2}}',
        '"rules": {"limits": [{"kind": "park", "at_most": -1}]}',
        '"rules": {"must": ["a\\u0000b"]}',
        '"kinds": ["a\\u0000b"]',
        '"seconds": 0',
        '"pareto": 41',
        '"funding": {"available_yuan": {"county": -1}}',
        '"area": {"plan": "x", "colour": 1}',
        '"demand": "buildings", "sharing": true',
    ],
)
def test_wishes_that_make_no_sense_are_refused_before_any_work(client, at, wish):
    answer = client.post(f"{at}/jobs", content=f'{{"kind": "siting", {wish}}}'.encode())
    assert 400 <= answer.status_code < 500, answer.text


def test_questions_about_a_siting_that_make_no_sense_are_refused(client, at, found):
    here = f"{at}/sitings/{found['job']}"
    answers = [
        *(client.get(f"{at}/sitings/{job}") for job in ("%00", "nix", "x" * 500, "..%2f..")),
        *(client.get(f"{here}/points/{point}") for point in ("-1", "99", "1" * 30, "x")),
        *(
            client.get(f"{here}/{what}", params={"edit": "bm8"})
            for what in ("catchments", "export")
        ),
        client.get(f"{here}/export", params={"funding": edit_name({"level": "moon"})}),
        client.get(f"{here}/export", params={"funding": edit_name({"land_income_yuan": "x"})}),
        client.get(f"{here}/export", params={"format": "exe"}),
        *(
            client.post(f"{here}/again", content=body.encode())
            for body in (
                '{"budget_yuan": -1}',
                '{"budget_yuan": NaN}',
                '{"budget_yuan": []}',
                '{"force": ["nix"]}',
                '{"force": ["a\\u0000b"]}',
                '{"resize": {"nix": "large"}}',
                '{"point": 99}',
                '{"colour": 1}',
                "[]",
            )
        ),
        client.post(f"{here}/funding", content=b'{"available_yuan": {"county": 1e400}}'),
        client.post(f"{here}/funding", json={"available_yuan": {"moon": 1}}),
        client.post(f"{here}/funding", json={"loan": {"amount_yuan": 1, "grace_years": 99}}),
        client.post(f"{here}/adopt", json={"id": "../x", "name": "x"}),
        client.post(f"{here}/adopt", json={"id": "x", "name": "a\x00b"}),
    ]
    wrong = [(one.request.url, one.text) for one in answers if not 400 <= one.status_code < 500]
    assert not wrong
