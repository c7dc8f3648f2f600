"""What a planner does on the page, in a real browser on a real server."""

import json
import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.postgis]


@pytest.fixture(scope="module")
def ranked(site):
    """Every neighbourhood, worst first."""
    (city,) = httpx.get(f"{site}/api/v1/cities").json()["items"]
    address = f"{site}/api/v1/cities/{quote(city['id'])}/neighbourhoods"
    choice = {"sort": "gap_index", "order": "desc", "limit": 1000}
    return httpx.get(address, params=choice).json()["items"]


def sheet_name(reader):
    return reader.page.locator("#panel header h2")


def open_ranking(reader):
    reader.open("#tab=ranking")
    grid = reader.page.get_by_role("grid")
    expect(grid.get_by_role("row").nth(5)).to_be_visible()
    return grid


def test_the_page_shows_the_city_and_asks_no_other_host(reader):
    reader.open()
    assert reader.drawn("neighbourhoods") > 20
    assert reader.drawn("buildings") > 100
    assert reader.drawn("neighbourhoods_label") > 10
    expect(reader.page.locator("#panel h2")).to_have_text("邻里示范城")
    assert reader.page.locator(".maplibregl-ctrl-scale").inner_text().endswith(("m", "km"))
    assert "虚构" in reader.page.locator(".maplibregl-ctrl-attrib").inner_text()
    reader.shot("city")
    assert reader.hosts == {reader.site}
    assert reader.complaints == []


def test_a_click_on_the_map_opens_the_sheet_of_that_neighbourhood(reader, ranked):
    reader.open()
    opened = 0
    for row in ranked:
        x, y = reader.place(row["lon"], row["lat"])
        if not reader.free(x, y):
            continue
        reader.page.mouse.click(x, y)
        expect(sheet_name(reader)).to_have_text(row["name"])
        expect(reader.page.locator("[data-testid=said]")).to_contain_text(row["name"])
        opened += 1
        if opened == 3:
            break
        reader.page.keyboard.press("Escape")
        reader.page.get_by_role("button", name="全城视图").click()
        reader.settle()
    assert opened == 3
    reader.shot("sheet")
    assert reader.drawn("circle_line") > 0
    assert reader.complaints == []


def test_back_leads_from_a_sheet_to_the_overview_and_forward_to_the_sheet_again(reader, ranked):
    reader.open()
    page = reader.page
    places = [(row, *reader.place(row["lon"], row["lat"])) for row in ranked]
    row, x, y = next(place for place in places if reader.free(*place[1:]))
    page.mouse.click(x, y)
    expect(sheet_name(reader)).to_have_text(row["name"])
    reader.settle()
    page.locator(".maplibregl-ctrl-zoom-in").click()  # the camera makes no step
    reader.settle()
    page.go_back()
    expect(page.locator("#panel h2")).to_have_text("邻里示范城")
    expect(page.get_by_role("tab", name="概况")).to_have_attribute("aria-selected", "true")
    reader.settle()
    at = reader.place(row["lon"], row["lat"])  # the map shows again what it showed
    assert at == pytest.approx((x, y), abs=3)
    page.go_forward()
    expect(sheet_name(reader)).to_have_text(row["name"])
    page.go_back()
    page.get_by_role("tab", name="排名").click()
    page.go_back()
    expect(page.get_by_role("tab", name="概况")).to_have_attribute("aria-selected", "true")
    assert reader.complaints == []


def test_a_link_to_a_city_that_does_not_exist_says_so_and_opens_one_that_does(reader):
    reader.open("#city=atlantis")
    notice = reader.page.get_by_role("status").filter(has_text="atlantis")
    expect(notice).to_contain_text("已打开“邻里示范城”")
    assert "atlantis" not in reader.page.url
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)


def test_the_legend_is_folded_where_the_map_has_little_room(reader_of):
    for width, opened in ((1024, "false"), (1280, "true")):
        reader = reader_of(width, 768)
        reader.open()
        legend = reader.page.get_by_role("button", name=re.compile("图例"))
        expect(legend).to_have_attribute("aria-expanded", opened)


def test_the_sheet_tells_gaps_missing_first_and_unknown_facts_as_unknown(reader, ranked, site):
    worst = ranked[0]
    reader.open(f"#neighbourhood={worst['id']}")
    expect(sheet_name(reader)).to_have_text(worst["name"])
    (city,) = httpx.get(f"{site}/api/v1/cities").json()["items"]
    answer = httpx.get(f"{site}/api/v1/cities/{quote(city['id'])}/neighbourhoods/{worst['id']}")
    gaps = answer.json()["gaps"]
    missing = [gap for gap in gaps if gap["status"] == "missing"]
    group = reader.page.locator("#panel details:has(> summary.missing)")
    expect(group.locator("li")).to_have_count(len(missing))
    must = sum(gap["need"] == "must" for gap in missing)
    expect(reader.page.locator(".badges")).to_contain_text(f"应配缺 {must} 项")
    assert must == worst["must_missing"]
    facts = answer.json()["facts"]
    unknown = [
        name for name in ("tenure", "elderly_persons", "property_mode") if facts[name] is None
    ]
    assert reader.page.locator("#panel dl .unknown").count() >= len(unknown)
    source = reader.page.locator("#panel footer")
    expect(source).to_contain_text(answer.json()["data_version"][:12])


def test_a_gap_leads_to_its_nearest_facility_on_the_map(reader, ranked):
    reader.open(f"#neighbourhood={ranked[0]['id']}")
    assert reader.drawn("link") == 0
    row = reader.page.locator("#panel details[open] li button[aria-expanded]").first
    row.click()
    expect(row).to_have_attribute("aria-expanded", "true")
    reader.settle()
    assert reader.drawn("link") > 0
    reader.shot("nearest")
    reader.page.keyboard.press("Escape")  # first the line goes, then the sheet
    reader.settle()
    assert reader.drawn("link") == 0
    expect(sheet_name(reader)).to_be_visible()


def test_the_table_selects_on_the_map_and_the_map_in_the_table(reader, ranked):
    grid = open_ranking(reader)
    third = ranked[2]
    grid.get_by_role("row").nth(3).click()
    expect(sheet_name(reader)).to_have_text(third["name"])
    reader.settle()
    assert f"neighbourhood={quote(third['id'])}" in reader.page.url
    x, y = reader.place(third["lon"], third["lat"])
    assert reader.free(x, y)  # it was brought to where the map is seen
    reader.page.keyboard.press("Escape")
    chosen = reader.page.locator("[role=row][aria-selected=true]")
    expect(chosen).to_contain_text(third["name"])
    # The other way round: a click on the map marks the row, and pointing at it lights it up.
    reader.page.mouse.move(x, y)
    expect(reader.page.locator(".row.pointed")).to_contain_text(third["name"])
    other = next(row for row in ranked[30:] if reader.free(*reader.place(row["lon"], row["lat"])))
    reader.page.mouse.click(*reader.place(other["lon"], other["lat"]))
    expect(sheet_name(reader)).to_have_text(other["name"])
    reader.page.keyboard.press("Escape")
    expect(chosen).to_contain_text(other["name"])
    expect(chosen).to_be_in_viewport()
    reader.shot("ranking")
    assert reader.complaints == []


def test_the_ranking_is_sorted_and_filtered(reader, ranked):
    grid = open_ranking(reader)
    header = reader.page.get_by_role("columnheader")
    header.filter(has_text="人口").get_by_role("button").click()
    expect(header.filter(has_text="人口")).to_have_attribute("aria-sort", "descending")
    known = [row for row in ranked if row["persons"] is not None]
    most = max(known, key=lambda row: (row["persons"], row["id"]))
    expect(grid.get_by_role("row").nth(1)).to_contain_text(most["name"])
    reader.page.get_by_role("searchbox", name="按名称筛选排名").fill(ranked[7]["name"])
    named = sum(ranked[7]["name"] in row["name"] for row in ranked)
    expect(reader.page.locator("#panel .count")).to_contain_text(f"{named} / {len(ranked)} 个小区")
    reader.page.get_by_role("searchbox", name="按名称筛选排名").fill("没有这样的名字")
    expect(reader.page.locator("#panel")).to_contain_text("没有符合条件的小区")


def test_everything_can_be_done_with_the_keyboard(reader, ranked):
    reader.open("#tab=overview")
    page = reader.page
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到面板")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_id("panel")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("role", "tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_text("排名")
    grid = page.get_by_role("grid")
    for _ in range(8):
        page.keyboard.press("Tab")
        if grid.evaluate("element => element === document.activeElement"):
            break
    expect(grid).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(sheet_name(reader)).to_have_text(ranked[2]["name"])
    expect(page.locator(":focus")).to_have_text("← 排名")
    page.keyboard.press("Escape")
    expect(page.get_by_role("grid")).to_be_focused()
    expect(page.locator("[data-testid=said]")).to_contain_text("城市视图")
    outline = page.get_by_role("tab", name="排名").evaluate(
        "element => { element.focus(); return getComputedStyle(element).outlineStyle }"
    )
    assert outline != "none"


def test_the_page_speaks_two_languages_and_keeps_the_choice_in_the_address(reader):
    reader.open()
    page = reader.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="切换为英文").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("tab", name="Ranking")).to_be_visible()
    assert "lang=en" in page.url
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    expect(page.get_by_role("tab", name="Ranking")).to_be_visible()
    words = page.locator("#panel").inner_text().replace("邻里示范城", "")
    titles = page.locator("#panel h3").all_inner_texts()
    assert titles
    assert not re.search(r"[\u4e00-\u9fff]", "".join(titles)), titles
    assert "Must-haves missed by most" in words
    reader.shot("city-en")
    page.get_by_role("button", name="Switch to Chinese").click()
    expect(page.get_by_role("tab", name="排名")).to_be_visible()


def test_a_facility_kind_colours_the_map_by_who_lacks_it(reader, ranked):
    reader.open("#tab=facilities")
    page = reader.page
    page.locator("#tab-body li button").filter(has_text="幼儿园").first.click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("幼儿园")
    expect(status).to_contain_text(re.compile(r"缺少 \d+"))
    counts = [int(n) for n in re.findall(r"(?:缺少|具备|未知) (\d+)", status.inner_text())]
    assert sum(counts) == len(ranked)
    assert "lacks=kindergarten" in page.url
    reader.shot("facility")
    status.get_by_role("button").click()
    expect(status).to_have_count(0)
    assert "lacks" not in page.url


def test_layers_are_switched_and_colours_chosen(reader):
    reader.open()
    page = reader.page
    page.get_by_text("现状底图").click()
    assert reader.drawn("buildings") > 0
    page.get_by_role("checkbox", name=re.compile("建筑")).uncheck()
    reader.settle()
    assert reader.drawn("buildings") == 0
    expect(page.locator("[data-testid=said]")).to_have_text("已隐藏图层 建筑")
    page.get_by_role("checkbox", name=re.compile("设施")).check()
    reader.settle()
    assert reader.drawn("facilities") > 20
    assert "layers=buildings,facilities" in page.url
    for theme, layer in (
        ("heatmap", "heatmap"),
        ("eligibility", "neighbourhoods"),
        ("districts", "districts"),
    ):
        page.get_by_label("小区着色").select_option(theme)
        reader.settle()
        assert reader.drawn(layer) > 0, theme
        assert f"theme={theme}" in page.url
        reader.shot(f"theme-{theme}")
    assert reader.complaints == []


def test_districts_and_stock_have_sheets_of_their_own(reader):
    reader.open("#tab=districts&theme=districts")
    page = reader.page
    page.locator("#tab-body li button").first.click()
    name = sheet_name(reader).inner_text()
    expect(page.locator("[data-testid=said]")).to_contain_text(name)
    reader.shot("district")
    page.locator("#panel details:has(h3:text('成员小区')) li button").first.click()
    expect(page.locator("#panel")).to_contain_text("设施缺口")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="存量").click()
    reader.settle()
    page.locator("#tab-body [role=grid] [role=row]").first.click()
    expect(page.locator("#panel")).to_contain_text("利用路径")
    assert "stock=" in page.url
    reader.shot("stock")
    assert reader.complaints == []


def test_a_link_shows_what_its_sender_saw(reader_of, ranked):
    sender = reader_of()
    sender.open(f"#neighbourhood={ranked[4]['id']}&theme=eligibility&layers=stock&lang=en")
    sender.page.locator(".maplibregl-ctrl-zoom-in").click()
    sender.settle()
    sender.page.wait_for_timeout(300)
    friend = reader_of()
    friend.open(sender.page.url.removeprefix(f"{sender.site}/"))
    expect(sheet_name(friend)).to_have_text(ranked[4]["name"])
    expect(friend.page.get_by_label("Colour neighbourhoods by")).to_have_value("eligibility")
    expect(friend.page.get_by_role("checkbox", name=re.compile("Stock"))).to_be_checked()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1440, 900), (1920, 1080)])
def test_the_page_fits_every_screen(reader_of, ranked, width, height):
    more = {"has_touch": True, "is_mobile": True} if width < 500 else {}
    reader = reader_of(width, height, **more)
    reader.open()
    reader.shot(f"city-{width}")
    page = reader.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert reader.drawn("neighbourhoods") > 20
    reader.open(f"#neighbourhood={ranked[0]['id']}")
    expect(sheet_name(reader)).to_be_in_viewport()
    reader.shot(f"sheet-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 500:
        handle = page.locator("#panel .handle")
        before = page.locator("#panel").bounding_box()["height"]
        handle.click()
        page.wait_for_timeout(300)
        assert page.locator("#panel").bounding_box()["height"] > before
    assert reader.complaints == []


def answer_with(page, path, body, status=200):
    content = "application/problem+json" if status >= 400 else "application/json"
    page.route(
        re.compile(path),
        lambda route: route.fulfill(status=status, content_type=content, body=json.dumps(body)),
    )


def test_no_city_yet_is_told_with_what_to_do(reader):
    answer_with(reader.page, r"/api/v1/cities$", {"items": []})
    reader.page.goto(reader.site)
    expect(reader.page.get_by_role("main")).to_contain_text("linli import")


def test_a_problem_of_the_server_is_shown_in_its_words_and_can_be_tried_again(reader, ranked):
    body = {"title": "找不到", "detail": "没有这个小区。", "status": 404, "code": "not-found"}
    path = r"/neighbourhoods/[^/?]+$"
    answer_with(reader.page, path, body, status=404)
    reader.page.goto(f"{reader.site}/#neighbourhood={ranked[0]['id']}")
    alert = reader.page.get_by_role("alert")
    expect(alert).to_contain_text("没有这个小区。")
    expect(alert).to_contain_text("not-found")
    reader.page.unroute(re.compile(path))
    alert.get_by_role("button", name="重试").click()
    expect(sheet_name(reader)).to_have_text(ranked[0]["name"])


def test_a_server_that_does_not_answer_is_told_in_plain_words(reader):
    reader.page.route(re.compile(r"/api/v1/cities$"), lambda route: route.abort())
    reader.page.goto(reader.site)
    expect(reader.page.get_by_role("alert")).to_contain_text("无法连接服务器")


def test_a_running_analysis_shows_how_far_it_is(reader):
    job = {
        "id": "j1",
        "kind": "analyse",
        "city": "x",
        "status": "running",
        "progress": 42,
        "step": "circles",
        "message": None,
        "error": None,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": None,
        "finished_at": None,
    }
    answer_with(reader.page, r"/api/v1/jobs\?", {"items": [job]})
    reader.open()
    expect(reader.page.get_by_role("progressbar")).to_have_attribute("value", "42")
    bar = reader.page.get_by_role("complementary").filter(has_text="42 %")
    expect(bar).to_contain_text("生活圈")


def test_ten_thousand_neighbourhoods_are_ranked_without_ten_thousand_rows_drawn(reader, ranked):
    many = [
        {**ranked[at % len(ranked)], "id": f"N{at:05}", "name": f"小区 {at}", "rank": at + 1}
        for at in range(10_000)
    ]
    answer_with(reader.page, r"/neighbourhoods\?", {"items": many, "total": len(many)})
    reader.open("#tab=ranking")
    grid = reader.page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "10001")
    assert grid.get_by_role("row").count() < 60
    grid.focus()
    reader.page.keyboard.press("End")
    expect(grid.get_by_text("小区 9999", exact=True)).to_be_visible()
    assert grid.get_by_role("row").count() < 60
