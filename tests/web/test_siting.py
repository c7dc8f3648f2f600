"""A designer's afternoon: from gaps to a plan with its proof, its money and its scenario."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.test_contract import fields_of

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

SITES = """() => linliMap.map.getSource("sites").serialize().data.features
  .filter((one) => one.geometry.type === "Point").map((one) => one.properties.id)"""
MARKED = """(role) => linliMap.map.getSource("marks").serialize().data.features
  .filter((one) => one.properties.role === role).map((one) => one.properties.id)"""
CATCHMENTS = """() => linliMap.map.getSource("catchments").serialize().data.features.length"""
PAINTED = "() => linliPage.siting.paint.value?.cells.size ?? 0"
SURE = re.compile("已证明最优|相差不超过")


@pytest.fixture(scope="module", autouse=True)
def ground(city_api, demo_analysis, scenario_folder):
    """What sitings are worked out on, as the worker keeps it after an analysis."""
    from app.bases import Bases
    from app.settings import Settings
    from app.siting_grounds import Grounds, SitingGround

    city = city_api.base_url.path.strip("/").split("/")[-1]
    bases = Bases.of(Settings(scenario_folder=scenario_folder))
    Grounds.beside(bases).save(city, SitingGround.of(demo_analysis))


@pytest.fixture(autouse=True)
def nothing_saved(city_api):
    yield
    for one in city_api.get("/scenarios").json()["items"]:
        city_api.delete(f"/scenarios/{one['id']}")


def figures(reader):
    """People newly served, how many sites, what they cost, and what the plan is worth."""
    shown = reader.page.evaluate(
        "() => { const { plan } = linliPage.siting.shown.value;"
        " return [plan.persons, plan.chosen.length, plan.cost_yuan, plan.value]; }"
    )
    return tuple(shown)


@pytest.fixture(scope="module")
def kinds(city_api):
    return {kind["id"]: kind["zh"] for kind in city_api.get("/catalogue").json()["kinds"]}


def want(reader, *names):
    """Choose some kinds of facility: a small problem is solved and explained in a moment."""
    reader.page.locator("summary", has_text="要补的设施").click()
    for name in names:
        reader.page.get_by_role("checkbox", name=name).first.check()


def solve(reader):
    reader.page.get_by_role("button", name="求解选址").click()
    expect(reader.page.locator("#panel .sure em").first).to_contain_text(SURE, timeout=150_000)
    reader.settle()


@pytest.mark.usefixtures("worker")
def test_a_plan_is_found_read_and_changed(planner, kinds):
    designer = planner("林工", 1440, 900)
    designer.open("#tab=siting")
    page = designer.page
    want(designer, kinds["community_canteen"], kinds["convenience_store"])
    page.get_by_label(re.compile("^第 1 年")).fill("150")
    designer.shot("siting-wish")
    solve(designer)
    persons, count, cost, value = figures(designer)
    assert persons > 0
    assert 0 < cost <= 1_500_000
    assert len(page.evaluate(SITES)) <= count
    assert page.evaluate(CATCHMENTS) > 0
    designer.shot("siting-plan")

    # whom a site serves, with whose consent, for how much
    page.locator("#panel button.site").first.click()
    card = page.locator("#panel .card").first
    expect(card).to_contain_text("一次性投入")
    expect(card).to_contain_text("服务谁")
    designer.shot("siting-site")

    # the curve, by the keyboard alone
    points = page.get_by_role("radio")
    assert points.count() >= 4
    points.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel .sure")).to_contain_text("曲线第")
    expect(page.locator("#panel header")).to_have_attribute("aria-busy", "false")
    fewer = figures(designer)
    assert fewer[2] < cost
    page.get_by_role("button", name="回到所求方案").click()
    expect(page.locator("#panel .sure")).not_to_contain_text("曲线第")

    # what if that one were left out: solved again in place
    first = page.locator("#panel button.site").first
    if first.get_attribute("aria-expanded") != "true":
        first.click()
    asset = page.evaluate("linliPage.siting.chosen.value")
    page.get_by_role("button", name="去掉,重新求解").click()
    expect(page.locator("#panel .edits")).to_contain_text("禁用 1")
    expect(page.locator("#panel .edits")).to_contain_text("秒", timeout=20_000)
    assert asset not in page.evaluate(SITES)
    assert figures(designer)[3] <= value + 1e-6  # no rule makes a proven plan better
    designer.shot("siting-again")
    page.get_by_role("button", name="撤销改动").click()
    expect(page.locator("#panel .edits")).to_have_count(0)
    assert designer.complaints == []


def test_a_plan_is_seen_on_the_heatmap_and_goes_into_a_scenario(planner, city_api):
    designer = planner("林工", 1440, 900)
    designer.open("#tab=siting")
    page = designer.page
    page.locator("#panel .runs button").first.click()
    expect(page.locator("#panel .sure em").first).to_contain_text(SURE)
    count = figures(designer)[1]
    page.get_by_role("button", name="方案后").click()
    for _ in range(200):
        if page.evaluate(PAINTED):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(PAINTED) > 0
    designer.shot("siting-heat-after")

    # into a scenario, from which districts and reports follow
    page.get_by_label("情景名称").fill("食堂和便利店")
    page.get_by_role("button", name="采纳为情景").click()
    expect(page.locator("#panel .done")).to_contain_text("已采纳为情景“食堂和便利店”")
    (kept,) = city_api.get("/scenarios").json()["items"]
    assert (kept["name"], kept["change_count"]) == ("食堂和便利店", count)
    for name in ("导出 Excel", "导出 GeoPackage"):
        address = page.get_by_role("link", name=name).get_attribute("href")
        assert len(city_api.get(f"{designer.site}{address}").content) > 3_000
    page.get_by_role("button", name="打开情景").click()
    expect(page).to_have_url(re.compile("scenario="))
    assert designer.complaints == []


@pytest.mark.usefixtures("worker")
def test_rules_are_set_on_the_map_and_kept(planner, city_api, kinds):
    designer = planner("林工", 1440, 900)
    designer.open("#tab=siting&layers=stock")
    page = designer.page
    listed = city_api.get("/stock?limit=5000").json()["items"]
    useful = sorted(
        (one for one in listed if one["source"] == "registered" and not one["edited"]),
        key=lambda one: -one["fit_count"],
    )
    one, other = useful[0], useful[1]
    for asset, how in ((one, "点选必用的资源"), (other, "点选不用的资源")):
        page.get_by_role("button", name=how).click()
        camera = f"{{ zoom: 16.5, lat: {asset['lat']}, lon: {asset['lon']} }}"
        page.evaluate(f"linliMap.jumpTo({camera})")
        designer.settle()
        page.mouse.click(*designer.place(asset["lon"], asset["lat"]))
        page.get_by_role("button", name=how).click()
    assert page.evaluate(MARKED, "must") == [one["id"]]
    assert page.evaluate(MARKED, "must_not") == [other["id"]]
    want(designer, kinds[one["kinds"][0]])
    designer.shot("siting-rules")
    solve(designer)
    chosen = page.evaluate(SITES)
    assert one["id"] in chosen
    assert other["id"] not in chosen
    assert designer.complaints == []


@pytest.mark.usefixtures("worker")
def test_demands_that_clash_are_named(planner, city_api, kinds):
    designer = planner("林工")
    listed = city_api.get("/stock?limit=5000").json()["items"]
    useful = max(
        (one for one in listed if one["source"] == "registered" and not one["edited"]),
        key=lambda one: one["fit_count"],
    )
    designer.open("#tab=siting")
    page = designer.page
    want(designer, kinds[useful["kinds"][0]])
    page.evaluate(f"linliPage.siting.mark('must', '{useful['id']}')")
    page.get_by_label(re.compile("^第 1 年")).fill("0")
    page.get_by_role("button", name="求解选址").click()
    clash = page.get_by_role("alert").filter(has_text="这些要求不能同时满足")
    expect(clash).to_be_visible(timeout=150_000)
    designer.shot("siting-clash")
    assert all("409" in one for one in designer.complaints)  # the browser tells of the refusal


def test_a_siting_has_the_fields_that_the_page_reads(city_api):
    run = city_api.get("/sitings").json()["items"][0]
    assert not fields_of("SitingRun") - run.keys()
    answer = city_api.get(f"/sitings/{run['job']}").json()
    assert not fields_of("SitingAnswer") - answer.keys()
    assert not fields_of("SitingPlan") - answer["plan"].keys()
    assert not fields_of("Funding") - answer["funding"].keys()
    parts = {"SitingSite": answer["plan"]["chosen"], "CurvePoint": answer["pareto"]}
    parts |= {"Sensitivity": answer["sensitivity"], "SourcePaid": answer["funding"]["sources"]}
    for interface, rows in parts.items():
        assert rows
        for row in rows:
            assert not fields_of(interface) - row.keys(), interface


def test_an_earlier_siting_is_opened_again_also_on_a_phone_and_in_english(reader_of, city_api):
    runs = city_api.get("/sitings").json()["items"]
    assert runs
    phone = reader_of(390, 844)
    phone.open("#tab=siting&lang=en")
    phone.page.locator("#panel .runs button").first.click()
    expect(phone.page.locator("#panel .sure em").first).to_contain_text(
        re.compile("proven best|within")
    )
    phone.page.locator("#panel .handle").click()
    phone.shot("siting-phone")
    assert phone.complaints == []
