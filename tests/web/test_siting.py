"""A designer's afternoon: from gaps to a plan with its proof, its money and its scenario."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.desk import desk_of
from tests.web.test_contract import fields_of

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

SITES = """() => linliMap.map.getSource("sites").serialize().data.features
  .filter((one) => one.geometry.type === "Point").map((one) => one.properties.id)"""
MARKED = """(role) => linliMap.map.getSource("marks").serialize().data.features
  .filter((one) => one.properties.role === role).map((one) => one.properties.id)"""
CATCHMENTS = """() => linliMap.map.getSource("catchments").serialize().data.features.length"""
PAINTED = "() => (linliPage.siting.paint.value?.cells.size ?? 0)"
SURE = re.compile("已证明最优|相差不超过")


@pytest.fixture(scope="module", autouse=True)
def ground(city_api, demo_analysis, scenario_folder):
    """What sitings are worked out on, as the worker keeps it after an analysis."""
    from app.scenarios.bases import Bases
    from app.settings import Settings
    from app.siting.grounds import Grounds, SitingGround

    city = city_api.base_url.path.strip("/").split("/")[-1]
    bases = Bases.of(Settings(scenario_folder=scenario_folder))
    for ways in ("neighbourhoods", "sharing"):
        Grounds.beside(bases).save(city, SitingGround.of(demo_analysis, ways=ways))


@pytest.fixture(scope="module")
def desk(browser, site):
    with desk_of(browser, site, "林工") as desk:
        yield desk


@pytest.fixture
def designer(desk):
    desk.fresh()
    yield desk
    assert desk.complaints == []


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


def sites_seen(reader):
    """Whether every site of the plan lies between panel and legend, below the bar."""
    places = reader.page.evaluate(
        "() => linliPage.siting.shown.value.plan.chosen.map((one) => [one.lon, one.lat])"
    )
    panel = reader.page.locator("#panel").bounding_box()
    legend = reader.page.locator("aside[aria-label=图层]").bounding_box()
    map_box = reader.page.locator("#map").bounding_box()
    least, most = panel["x"] + panel["width"], legend["x"]
    top, bottom = map_box["y"], map_box["y"] + map_box["height"]
    seen = [reader.place(lon, lat) for lon, lat in places]
    return all(least < x < most and top < y < bottom for x, y in seen)


def jobs_of(city_api):
    return [
        one["id"]
        for one in city_api.get(f"{city_api.base_url.join('/api/v1/jobs')}").json()["items"]
    ]


def useful(city_api):
    """Registered assets, those first that could close most gaps."""
    listed = city_api.get("/stock?limit=5000").json()["items"]
    return sorted(
        (one for one in listed if one["source"] == "registered" and not one["edited"]),
        key=lambda one: -one["fit_count"],
    )


def walk_the_curve(designer, cost):
    """Look at points of the curve by the keyboard alone, and go back to the plan."""
    page = designer.page
    points = page.get_by_role("radio", name=re.compile("^投入"))
    assert points.count() >= 4
    points.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel .sure")).to_contain_text("曲线第")
    expect(page.locator("#panel header")).to_have_attribute("aria-busy", "false")
    assert figures(designer)[2] < cost
    expect(page).to_have_url(re.compile("siting=.*point="))
    page.get_by_role("button", name="回到所求方案").click()
    expect(page.locator("#panel .sure")).not_to_contain_text("曲线第")


def follow_the_address(designer, address, changed):
    """The address holds a changed plan: whoever follows it sees the same; back leaves it."""
    page = designer.page
    designer.go("#tab=siting")
    expect(page.get_by_role("button", name="求解选址")).to_be_visible()
    designer.go(f"#{address.partition('#')[2]}")
    expect(page.locator("#panel .edits")).to_contain_text("秒", timeout=20_000)
    assert figures(designer) == changed
    page.go_back()
    expect(page.get_by_role("button", name="求解选址")).to_be_visible()


@pytest.mark.usefixtures("worker")
def test_a_plan_is_found_read_and_changed(designer, kinds):
    designer.go("#tab=siting")
    page = designer.page
    want(designer, kinds["community_canteen"], kinds["convenience_store"])
    page.get_by_label(re.compile("^第 1 年")).fill("150")
    solve(designer)
    persons, count, cost, value = figures(designer)
    assert persons > 0
    assert 0 < cost <= 1_500_000
    assert len(page.evaluate(SITES)) <= count
    page.wait_for_function(f"{CATCHMENTS} > 0")
    assert sites_seen(designer)  # the map went to them …
    designer.shot("siting-plan")

    # whom a site serves, with whose consent, for how much
    page.locator("#panel button.site").first.click()
    card = page.locator("#panel .card").first
    expect(card).to_contain_text("一次性投入")
    expect(card).to_contain_text("服务谁")
    designer.shot("siting-site")

    walk_the_curve(designer, cost)

    # what if that one were left out: solved again in place
    first = page.locator("#panel button.site").first
    if first.get_attribute("aria-expanded") != "true":
        first.click()
    designer.settle()
    asset, camera = page.evaluate("linliPage.siting.chosen.value"), designer.camera()
    page.get_by_role("button", name="去掉,重新求解").click()
    expect(page.locator("#panel .edits")).to_contain_text("禁用 1")
    expect(page.locator("#panel .edits")).to_contain_text("秒", timeout=20_000)
    assert asset not in page.evaluate(SITES)
    assert figures(designer)[3] <= value + 1e-6  # no rule makes a proven plan better
    designer.settle()
    assert designer.camera() == camera  # … once, and not again on a change
    designer.shot("siting-again")
    changed, address = figures(designer), page.url
    page.get_by_role("button", name="撤销改动").click()
    expect(page.locator("#panel .edits")).to_have_count(0)

    follow_the_address(designer, address, changed)


def test_a_plan_is_paid_for_seen_on_the_heatmap_and_goes_into_a_scenario(designer, city_api):
    designer.go("#tab=siting")
    page = designer.page
    page.locator("#panel .runs button").first.click()
    expect(page.locator("#panel .sure em").first).to_contain_text(SURE)
    count = figures(designer)[1]

    # other money: who pays is told anew, without a new siting
    before = jobs_of(city_api)
    page.locator("summary", has_text="填写可用资金和贷款").click()
    money = page.get_by_role("form", name="填写可用资金和贷款")
    money.get_by_label("加一个来源…").select_option("lottery")
    amount = money.get_by_role("spinbutton", name="彩票公益金")
    amount.fill("-5")
    amount.press("Tab")
    expect(money.get_by_role("alert")).to_contain_text("不小于 0")
    amount.fill("20")
    amount.press("Tab")
    expect(page.locator("#panel")).to_contain_text("按您填写的资金重算", timeout=20_000)
    expect(page.get_by_role("row", name=re.compile("^彩票公益金"))).to_contain_text("上限 20 万元")
    designer.shot("siting-money")
    assert jobs_of(city_api) == before

    page.get_by_role("button", name="方案后").click()
    page.wait_for_function(f"{PAINTED} > 0")
    designer.shot("siting-heat-after")

    # into a scenario, from which districts and reports follow
    page.get_by_label("情景名称").fill("食堂和便利店")
    page.get_by_role("button", name="采纳为情景").click()
    expect(page.locator("#panel .done")).to_contain_text("已采纳为情景“食堂和便利店”")
    (kept,) = city_api.get("/scenarios").json()["items"]
    assert (kept["name"], kept["change_count"]) == ("食堂和便利店", count)
    for name in ("导出 Excel", "导出 GeoPackage"):
        address = page.get_by_role("link", name=name).get_attribute("href")
        assert "funding=" in address
        assert len(city_api.get(f"{designer.site}{address}").content) > 3_000
    page.get_by_role("button", name="打开情景").click()
    expect(page).to_have_url(re.compile("scenario="))


@pytest.mark.usefixtures("worker")
def test_rules_are_set_on_the_map_and_in_the_form_and_kept(designer, city_api, kinds):
    designer.go("#tab=siting&layers=stock")
    page = designer.page
    one, other = useful(city_api)[:2]
    for asset, how in ((one, "点选必用的资源"), (other, "点选不用的资源")):
        page.get_by_role("button", name=how).click()
        camera = f"{{ zoom: 16.5, lat: {asset['lat']}, lon: {asset['lon']} }}"
        page.evaluate(f"linliMap.jumpTo({camera})")
        designer.settle()
        page.mouse.click(*designer.place(asset["lon"], asset["lat"]))
        page.get_by_role("button", name=how).click()
    assert page.evaluate(MARKED, "must") == [one["id"]]
    assert page.evaluate(MARKED, "must_not") == [other["id"]]
    kind = one["kinds"][0]
    want(designer, kinds[kind])

    # a rule that makes no sense is said at its field, and nothing is begun
    page.locator("summary", has_text="更多规则").click()
    page.get_by_role("button", name="加一条数量限制").click()
    rule = page.locator("#panel .rule").first
    rule.get_by_label("选设施类别…").select_option(kind)
    rule.get_by_label("至少").fill("3")
    rule.get_by_label("至多").fill("2")
    before = jobs_of(city_api)
    page.get_by_role("button", name="求解选址").click()
    expect(rule.get_by_role("alert")).to_contain_text("“至少”不能大于“至多”")
    expect(rule.locator("[aria-invalid=true]").first).to_be_focused()
    designer.shot("siting-rules")
    assert jobs_of(city_api) == before
    rule.get_by_label("至少").fill("1")
    page.get_by_role("radio", name=re.compile("片区内共享")).check()
    solve(designer)
    chosen = page.evaluate(SITES)
    assert one["id"] in chosen
    assert other["id"] not in chosen
    assert 1 <= len(chosen) <= 2
    asked = city_api.get("/sitings").json()["items"][0]["request"]
    assert asked["sharing"] is True
    assert asked["rules"]["limits"] == [{"kind": kind, "at_least": 1, "at_most": 2}]
    expect(page.locator("#panel")).to_contain_text("围墙打通")


@pytest.mark.usefixtures("worker")
def test_demands_that_clash_are_named(desk, city_api, kinds):
    desk.fresh()
    asset = useful(city_api)[0]
    desk.go("#tab=siting")
    page = desk.page
    want(desk, kinds[asset["kinds"][0]])
    page.evaluate(f"linliPage.siting.mark('must', '{asset['id']}')")
    page.get_by_label(re.compile("^第 1 年")).fill("0")
    page.get_by_role("button", name="求解选址").click()
    clash = page.get_by_role("alert").filter(has_text="这些要求不能同时满足")
    expect(clash).to_be_visible(timeout=150_000)
    expect(clash).to_contain_text(f"必须选用 “{asset['name']}”")
    expect(clash).not_to_contain_text(asset["id"])
    desk.shot("siting-clash")
    assert all("409" in one for one in desk.complaints)  # the browser tells of the refusal


def test_a_siting_has_the_fields_that_the_page_reads(city_api):
    run = city_api.get("/sitings").json()["items"][0]
    assert not fields_of("SitingRun") - run.keys()
    answer = city_api.get(f"/sitings/{run['job']}").json()
    assert not fields_of("SitingAnswer") - answer.keys()
    assert not fields_of("SitingPlan") - answer["plan"].keys()
    assert not fields_of("Funding") - answer["funding"].keys()
    paid = city_api.post(f"/sitings/{run['job']}/funding", json={"level": "city"}).json()
    assert not fields_of("FundingAnswer") - paid.keys()
    assert not fields_of("Funding") - paid["funding"].keys()
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
