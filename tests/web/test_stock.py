"""A designer looks through what lies idle: finds, judges, enters; real page, server and browser."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.web.desk import desk_of

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

STOCK_DRAWN = """() => {
  const { map } = linliMap;
  const layers = ["stock", "stock_point"].filter((layer) => map.getLayer(layer));
  const found = map.queryRenderedFeatures({ layers });
  return found.map((one) => [one.properties.id, one.properties.source]);
}"""
CORNERS = ((620, 380), (700, 385), (695, 440), (625, 430))
"""Of a plot of land, on the map beside the panel."""
MARKS = """(role) => linliMap.map.getSource("marks").serialize().data.features
  .filter((one) => one.properties.role === role).map((one) => one.geometry.type)"""


@pytest.fixture(scope="module")
def listed(city_api):
    return city_api.get("/stock?limit=5000").json()["items"]


@pytest.fixture(scope="module")
def desk(browser, site):
    with desk_of(browser, site, "林工") as desk:
        yield desk


@pytest.fixture
def designer(desk):
    desk.fresh()
    yield desk
    assert desk.complaints == []


@pytest.fixture(scope="module")
def least(city_api):
    """The confidence from which a siting takes candidates."""
    given = city_api.get(str(city_api.base_url).rstrip("/")).json()["parameters"]
    (found,) = [one for one in given if one["key"] == "least_confidence_share"]
    return found["value"]


def open_stock(reader):
    reader.go("#tab=stock&layers=stock")
    expect(rows(reader).first).to_be_visible()
    reader.settle()


def rows(reader):
    return reader.page.locator("[role=grid][aria-label=存量] [role=row]")


def heading(reader):
    return reader.page.locator("#panel h2")


def test_filters_act_on_the_map_and_on_the_table_alike(designer, listed, least):
    open_stock(designer)
    page = designer.page
    grid = page.locator("[role=grid][aria-label=存量]")
    registered = [one for one in listed if one["source"] == "registered"]
    below = [one for one in listed if one not in registered and one["confidence"] < least]
    assert below
    # what no siting takes is not shown at first, but counted, apart from what is registered
    expect(grid).to_have_attribute("aria-rowcount", str(len(listed) - len(below)))
    counts = page.get_by_role("group", name="登记资产与线索各有多少")
    expect(counts).to_contain_text(f"{len(registered)}处登记资产")
    expect(counts).to_contain_text(f"{len(listed) - len(registered)}条未核查线索")
    expect(counts).to_contain_text(f"其中 {len(below)} 条可信度低于 {round(100 * least)} %")
    assert not {asset for asset, _ in page.evaluate(STOCK_DRAWN)} & {one["id"] for one in below}
    counts.get_by_role("button", name="也显示").click()
    expect(grid).to_have_attribute("aria-rowcount", str(len(listed)))
    designer.settle()
    assert {source for _, source in page.evaluate(STOCK_DRAWN)} > {"registered"}
    page.get_by_label("来源", exact=True).select_option("registered")
    expect(grid).to_have_attribute("aria-rowcount", str(len(registered)))
    designer.settle()
    drawn = page.evaluate(STOCK_DRAWN)
    assert drawn
    assert {source for _, source in drawn} == {"registered"}
    page.get_by_label("按名称、编号、权属单位查找…").fill(registered[0]["id"])
    expect(grid).to_have_attribute("aria-rowcount", "1")
    designer.settle()
    assert {asset for asset, _ in page.evaluate(STOCK_DRAWN)} <= {registered[0]["id"]}
    page.get_by_role("button", name="清除筛选").click()
    expect(grid).to_have_attribute("aria-rowcount", str(len(listed) - len(below)))
    page.get_by_role("button", name="按路径").click()
    expect(page.locator("aside[aria-label=图层]")).to_contain_text("F21")
    designer.shot("stock-by-pathway")


def test_the_card_tells_evidence_papers_and_what_could_go_there(designer, listed):
    best = max(listed, key=lambda one: (one["pathway"] is not None, one["fit_count"]))
    designer.go(f"#stock={quote(best['id'])}")
    page = designer.page
    expect(page.locator("#panel")).to_contain_text("文件与表决")
    page.get_by_role("button", name="这里能建什么?").click()
    kind = page.locator("#panel button.kind").first
    expect(kind).to_contain_text("个小区的缺口", timeout=20_000)
    kind.click()
    assert "LineString" in page.evaluate(MARKS, "gap")
    expect(page.locator("#panel")).to_contain_text(re.compile("不合适的 \\d+ 类及原因"))
    designer.shot("stock-card")
    page.get_by_text(re.compile("不合适的")).click()
    assert all(page.locator("#panel ul.no li small").all_inner_texts())  # a reason for every no


def test_a_gap_tells_where_it_could_be_closed(designer, city_api, listed):
    for one in sorted(listed, key=lambda one: -one["fit_count"])[:3]:
        fits = city_api.get(f"/stock/{quote(one['id'])}").json()["fits"]
        if fits:
            break
    fit = fits[0]
    names = {kind["id"]: kind["zh"] for kind in city_api.get("/catalogue").json()["kinds"]}
    designer.go(f"#neighbourhood={quote(fit['neighbourhood_id'])}")
    page = designer.page
    page.locator("details[open] .gap").filter(has_text=names[fit["kind"]]).first.click()
    page.get_by_role("button", name="可以放在哪里?").click()
    sites = page.locator("#panel .sites li")
    expect(sites.first).to_contain_text("步行", timeout=20_000)
    assert "LineString" in page.evaluate(MARKS, "gap")
    designer.shot("gap-sites")
    sites.first.get_by_role("button").click()
    expect(page).to_have_url(re.compile("stock="))


def test_candidates_are_judged_with_the_keyboard_and_every_verdict_keeps_its_author(
    designer, city_api
):
    open_stock(designer)
    page = designer.page
    page.get_by_role("button", name=re.compile("核查线索")).click()
    review = page.get_by_role("region", name="核查这条线索")
    expect(review).to_be_visible()
    seen = []
    for key in ("a", "r"):
        seen.append(re.search("stock=([^&]*)", page.url)[1])
        designer.shot(f"stock-review-{key}")
        page.keyboard.press(key)
        expect(page).not_to_have_url(re.compile(f"stock={re.escape(seen[-1])}"))
        expect(review).to_be_visible()
    expect(review).to_contain_text("已核查 2 条")
    for asset, verdict in zip(seen, ("accept", "reject"), strict=True):
        (told,) = city_api.get(f"/stock/{asset}/history").json()["items"]
        assert (told["after"]["verdict"], told["author"]) == (verdict, "林工")
    page.keyboard.press("c")
    form = page.get_by_role("form", name="更正")
    form.get_by_label("名称").fill("旧锅炉房")
    form.get_by_label("理由(可不填)").fill("现场核对")
    designer.shot("stock-correct")
    form.get_by_role("button", name="保存").click()
    expect(heading(designer)).to_have_text("旧锅炉房")
    expect(page.locator("#panel header")).to_contain_text("登记资产")


def test_an_asset_is_drawn_entered_changed_and_its_history_tells_who(designer, city_api):
    open_stock(designer)
    page = designer.page
    page.evaluate("linliMap.map.jumpTo({ zoom: 16 })")
    designer.settle()
    ring = [page.evaluate("([x, y]) => linliMap.placeAt(x, y)", corner) for corner in CORNERS]
    twin = {
        "id": "twin",
        "author": "王工",
        "values": {"name": "南门空地", "asset_type": "land", "land_m2": 600},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
    assert city_api.post("/stock", json=twin).status_code == 201
    page.get_by_role("button", name="登记地块").click()
    for x, y in CORNERS[:3]:
        page.mouse.click(x, y)
    page.mouse.dblclick(*CORNERS[3])
    form = page.get_by_role("form", name="登记一处存量资源")
    form.get_by_label("名称").fill("南门空地")
    form.get_by_label("细类").select_option("idle_land")
    form.get_by_label("权属类型").select_option("state")
    form.get_by_label(re.compile("^用地面积")).fill("650")
    designer.shot("stock-new")
    form.get_by_role("button", name="保存").click()
    expect(heading(designer)).to_have_text("南门空地")
    asset = re.search("stock=([^&]*)", page.url)[1]
    # the tiles do not know it: it is a point of its own, and says from when on it counts
    expect(page.locator("#panel")).to_contain_text("从下一次分析起计入")
    page.wait_for_function(
        "role => linliMap.map.getSource('marks').serialize().data.features"
        ".filter((one) => one.properties.role === role).length >= 2",
        arg="added",
    )
    # somebody else entered the same place before
    twice = page.get_by_role("alert", name="可能与已有登记重复")
    expect(twice).to_contain_text("南门空地")
    designer.shot("stock-twice")
    twice.get_by_role("button", name="打开“南门空地”").click()
    expect(page).to_have_url(re.compile("stock=twin"))
    page.go_back()
    expect(page).to_have_url(re.compile(f"stock={asset}"))
    twice.get_by_role("button", name="两处都保留").click()
    expect(twice).to_have_count(0)
    page.get_by_role("button", name="修改", exact=True).click()
    form = page.get_by_role("form", name="修改")
    form.get_by_label(re.compile("^用地面积")).fill("720")
    form.get_by_role("button", name="保存").click()
    expect(page.locator("#panel")).to_contain_text("720 平方米")
    page.locator("summary", has_text="修改记录").click()
    expect(page.locator("#panel details:has(h3:text('修改记录')) ol li")).to_have_count(2)
    expect(page.locator("#panel details:has(h3:text('修改记录'))")).to_contain_text("林工")
    designer.shot("stock-changed")
    kept = city_api.get(f"/stock/{asset}").json()
    assert kept["geometry"]["type"] == "Polygon"
    assert kept["land_m2"] == pytest.approx(720)


def test_a_register_is_tried_reported_row_by_row_and_only_then_imported(designer, city_api, listed):
    def names():
        return {one["name"] for one in city_api.get("/stock?limit=5000").json()["items"]}

    open_stock(designer)
    page = designer.page
    page.get_by_role("button", name="导入", exact=True).click()
    dialog = page.get_by_role("dialog")
    for name in ("下载模板 (Excel)", "下载模板 (CSV)"):
        address = dialog.get_by_role("link", name=name).get_attribute("href")
        assert len(city_api.get(f"{designer.site}{address}").content) > 100
    near = listed[0]
    place = f"{near['lon'] + 0.0004:.6f},{near['lat'] + 0.0004:.6f}"
    table = (
        "id,名称,类型,细类,权属类型,用地面积,经度,纬度\n"
        f"WEB1,河边空地,land,idle_land,state,320,{place}\n"
        f"WEB2,写错的地,land,城堡,state,很大,{place}\n"
    )
    file = {"name": "台账.csv", "mimeType": "text/csv", "buffer": table.encode()}
    dialog.get_by_label("选择台账文件").set_input_files(file)
    expect(dialog.locator(".report")).to_contain_text("读到 2 行")
    expect(dialog.locator(".report")).to_contain_text("城堡")
    designer.shot("stock-import")
    assert "河边空地" not in names()  # only tried
    dialog.get_by_role("button", name=re.compile("^导入 \\d+ 行")).click()
    expect(dialog.locator(".report")).to_contain_text("已导入")
    dialog.get_by_role("button", name="在地图上看").click()
    assert "河边空地" in names()
