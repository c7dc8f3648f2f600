"""What a planner tries on the page: the real engine answers while the mouse moves."""

import json
import os
import re
import statistics
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from tests.web.test_districts import until
from tests.web.test_districts_speed import browser_cpu_s

pytestmark = [pytest.mark.browser, pytest.mark.postgis]


MOVES = """async ({at, reach, steps}) => {
  const canvas = linliMap.map.getCanvas();
  const gl = canvas.getContext("webgl2");
  const box = canvas.getBoundingClientRect();
  const pixel = new Uint8Array(4);
  const moving = { bubbles: true, cancelable: true, view: window };
  const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
  let renders = 0;
  linliMap.map.on("render", () => {
    renders++;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  });
  const settle = () => {
    for (const still of document.querySelectorAll("canvas.still")) {
      if (still.style.display !== "none") still.getContext("2d").getImageData(0, 0, 1, 1);
    }
  };
  const painted = [], presented = [];
  for (let step = 0; step < steps; step++) {
    const angle = (2 * Math.PI * step) / steps;
    const before = linliMap.painted;
    const [x, y] = [at[0] + reach * Math.cos(angle), at[1] + reach * Math.sin(angle)];
    const begun = performance.now();
    canvas.dispatchEvent(new MouseEvent("mousemove", { ...moving, clientX: x, clientY: y }));
    for (let wait = 0; wait < 120 && linliMap.painted === before; wait++) await next();
    if (linliMap.painted === before) continue;
    settle();
    painted.push(performance.now() - begun);
    await next();
    presented.push(performance.now() - begun);
  }
  return { painted, presented, drawn: renders, asked: linliPage.whatIf.took.slice(-steps) };
}"""
PRIORITY = """(id) => linliMap.map.getFeatureState(
  {source: 'neighbourhoods', sourceLayer: 'neighbourhoods', id}).priority ?? null"""
ON_STREET = """() => {
  const box = document.querySelector("#map").getBoundingClientRect();
  const { map } = linliMap;
  for (const street of map.queryRenderedFeatures({ layers: ["streets"] })) {
    const { type, coordinates } = street.geometry;
    for (const line of type === "LineString" ? [coordinates] : coordinates) {
      for (let at = 1; at < line.length; at++) {
        const middle = [0, 1].map((axis) => (line[at - 1][axis] + line[at][axis]) / 2);
        const { x, y } = map.project(middle);
        const place = [box.x + x, box.y + y];
        const seen = document.elementFromPoint(...place);
        if (seen?.classList.contains("maplibregl-canvas")) return place;
      }
    }
  }
  return null;
}"""
WITHIN = """(id) => {
  const box = document.querySelector("#map").getBoundingClientRect();
  const { map } = linliMap;
  for (let x = 0; x < box.width; x += 6) {
    for (let y = 0; y < box.height; y += 6) {
      const seen = document.elementFromPoint(box.x + x, box.y + y);
      if (!seen?.classList.contains("maplibregl-canvas")) continue;
      const [found] = map.queryRenderedFeatures([x, y], { layers: ["neighbourhoods"] });
      if (found?.properties.id === id) return [box.x + x, box.y + y];
    }
  }
  return null;
}"""


@pytest.fixture(scope="module")
def api(site):
    with httpx.Client(base_url=f"{site}/api/v1", timeout=120) as client:
        (city,) = client.get("/cities").json()["items"]
        with httpx.Client(
            base_url=f"{site}/api/v1/cities/{quote(city['id'])}", timeout=120
        ) as asked:
            assert asked.post("/what-if", json={"changes": []}).status_code == 200  # it is warm now
            yield asked


@pytest.fixture(scope="module")
def gain(api):
    """A neighbourhood that a new facility in its middle helps, and the kind of the facility."""
    rows = api.get("/neighbourhoods?limit=1000").json()["items"]
    kinds = ["pharmacy", "kindergarten", "convenience_store", "elderly_daycare"]
    for row in rows[: len(rows) // 2]:
        for kind in kinds:
            change = {"op": "add_facility", "id": "new-1", "kind": kind}
            change |= {"lon": round(row["lon"], 6), "lat": round(row["lat"], 6)}
            answer = api.post("/what-if", json={"changes": [change]}).json()
            better = {
                one["id"]
                for one in answer["neighbourhoods"]
                if one["must_missing"] < one["must_missing_before"]
            }
            if row["id"] in better:
                return row, kind
    raise AssertionError("no facility closes any gap in the demo city")


@pytest.fixture(autouse=True)
def nothing_saved(api):
    yield
    for one in api.get("/scenarios").json()["items"]:
        api.delete(f"/scenarios/{one['id']}")


def changes(reader):
    return reader.page.locator(".changes li")


def painted(reader, place):
    """By how many missing kinds the map shows a neighbourhood to differ from today."""
    return reader.page.evaluate("(id) => linliMap.differs(id)", place)


def address_of(reader):
    return "#" + reader.page.url.split("#", 1)[1]


def begin(reader, tool=None):
    reader.open("#tab=ranking")
    reader.page.get_by_role("button", name="假如").click()
    if tool:
        reader.page.get_by_role("button", name=tool).click()


def aim(reader, row):
    """Bring a place into the free part of the map; where it lies there."""
    reader.page.evaluate(f"linliMap.jumpTo({{zoom: 15, lat: {row['lat']}, lon: {row['lon']}}})")
    reader.settle()
    at = reader.place(row["lon"], row["lat"])
    assert reader.free(*at)
    return at


def test_numbers_follow_the_mouse_before_anything_is_placed_and_go_back_after(reader_of, gain):
    row, kind = gain
    reader = reader_of(1440, 900)
    begin(reader, "增设施")
    reader.page.get_by_label("设施类别").select_option(kind)
    x, y = aim(reader, row)
    reader.page.mouse.move(x - 3, y)
    reader.page.mouse.move(x, y)
    title = reader.page.get_by_role("region", name="设想与结果").get_by_role(
        "button", expanded=True
    )
    expect(title).to_contain_text("改善")
    assert painted(reader, row["id"]) < 0
    expect(changes(reader)).to_have_count(0)  # only tried
    reader.page.keyboard.press("Escape")
    expect(title).not_to_contain_text("改善")
    assert painted(reader, row["id"]) == 0
    assert reader.complaints == []


def test_the_map_follows_the_mouse_without_being_drawn_anew(reader_of, gain):
    row, kind = gain
    reader = reader_of(1440, 900)
    begin(reader, "增设施")
    reader.page.get_by_label("设施类别").select_option(kind)
    at = aim(reader, row)
    before_s = browser_cpu_s()
    found = reader.page.evaluate(MOVES, {"at": at, "reach": 40, "steps": 24})
    used_s = browser_cpu_s() - before_s
    painted, presented = sorted(found["painted"]), sorted(found["presented"])
    told = {
        "moves": len(painted),
        "maps_drawn": found["drawn"],
        "cpu_per_move_ms": 1000 * used_s / max(1, len(painted)),
        "painted_median_ms": statistics.median(painted),
        "painted_p95_ms": painted[int(0.95 * (len(painted) - 1))],
        "presented_median_ms": statistics.median(presented),
        "answer_median_ms": statistics.median(found["asked"]),
    }
    if os.environ.get("LINLI_SHOW_MEASURES"):
        with Path(os.environ["LINLI_SHOW_MEASURES"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
    assert len(painted) >= 20
    assert told["maps_drawn"] <= 3
    # The goal (150 ms from the mouse to the repainted map) is for an idle machine; the browser's
    # processor time holds on a busy one too.
    assert told["cpu_per_move_ms"] < 100
    # The browser remarks that pixels were read: by this measurement, not by the page.
    assert [one for one in reader.complaints if "willReadFrequently" not in one] == []


def test_a_placed_facility_is_dragged_undone_saved_compared_and_shared(reader_of, gain, api):
    row, kind = gain
    reader = reader_of(1440, 900)
    begin(reader, "增设施")
    page = reader.page
    page.get_by_label("设施类别").select_option(kind)
    x, y = aim(reader, row)
    page.mouse.click(x, y)
    expect(changes(reader)).to_have_count(1)
    page.get_by_role("button", name="增设施").click()  # the tool is put away
    reader.settle()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=4)
    page.mouse.up()
    expect(changes(reader)).to_have_count(1)
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("tab", name="方案").click()
    page.get_by_label("方案名称").fill("增设一处")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page).to_have_url(re.compile("scenario="))
    (kept,) = api.get("/scenarios").json()["items"]
    (change,) = api.get(f"/scenarios/{kept['id']}").json()["changes"]
    assert change["lon"] == pytest.approx(row["lon"], abs=2e-5)
    assert change["lat"] == pytest.approx(row["lat"], abs=2e-5)
    page.get_by_label("与哪个对比").select_option(label="增设一处")
    page.get_by_role("button", name="对比", exact=True).click()
    expect(page.locator("table").filter(has_text="必备设施缺项合计")).to_be_visible()
    reader.shot("what-if-compared")
    other = reader_of(1440, 900)
    other.open(address_of(reader))
    expect(other.page.get_by_role("region", name="设想与结果")).to_contain_text(
        "增设一处 与 现状 对比"
    )
    assert painted(other, row["id"]) < 0
    assert reader.complaints + other.complaints == []


def test_a_link_carries_changes_that_are_not_saved(reader_of, gain):
    _, kind = gain
    reader = reader_of(1440, 900)
    begin(reader, "增设施")
    reader.page.get_by_label("设施类别").select_option(kind)
    reader.page.get_by_role("button", name="放在地图中央").click()
    expect(changes(reader)).to_have_count(1)
    other = reader_of(390, 844)
    other.open(address_of(reader))
    other.page.get_by_role("region", name="设想与结果").get_by_role(
        "button", expanded=False
    ).first.click()
    expect(changes(other)).to_have_count(1)
    other.shot("what-if-phone")
    assert reader.complaints + other.complaints == []


def test_a_path_is_drawn_corner_by_corner_and_ended_by_two_presses(reader_of, gain):
    row, _ = gain
    reader = reader_of(1440, 900)
    begin(reader, "画步道")
    x, y = aim(reader, row)
    reader.page.mouse.click(x - 60, y - 30)
    reader.page.mouse.click(x, y)
    reader.page.mouse.dblclick(x + 50, y + 40)
    expect(changes(reader)).to_have_count(1)
    expect(changes(reader)).to_contain_text("新建步道")
    reader.page.keyboard.press("Control+z")
    expect(changes(reader)).to_have_count(0)
    reader.page.keyboard.press("Control+y")
    expect(changes(reader)).to_have_count(1)
    assert reader.complaints == []


def gate_that_matters(api):
    """An open gate whose closing makes people walk farther, and its neighbourhood."""
    for row in api.get("/neighbourhoods?limit=1000").json()["items"]:
        for gate in api.get(f"/neighbourhoods/{quote(row['id'])}").json()["gates"]:
            if gate["access"] == "closed" or gate["entry_m"] is None:
                continue
            tried = {"changes": [{"op": "close_gate", "id": gate["id"]}], "only": ["figures"]}
            figures = api.post("/what-if", json=tried).json()["figures"]
            if figures["walk_person_s"]["after"] > figures["walk_person_s"]["before"]:
                return gate, row
    raise AssertionError("no gate of the demo city matters")


def test_a_gate_is_closed_a_street_is_cut_and_people_come(reader_of, api):
    reader = reader_of(1180, 760)
    page = reader.page
    begin(reader, "关大门")
    gate, row = gate_that_matters(api)
    reader.page.evaluate(f"linliMap.jumpTo({{zoom: 16, lat: {gate['lat']}, lon: {gate['lon']}}})")
    reader.settle()
    x, y = reader.place(gate["lon"], gate["lat"])
    page.mouse.click(x, y)
    expect(changes(reader)).to_contain_text([f"关闭大门 {gate['id']}"])
    page.get_by_role("button", name="断道路").click()
    page.mouse.click(*page.evaluate(ON_STREET))
    expect(changes(reader)).to_contain_text([f"关闭大门 {gate['id']}", "切断"])
    page.get_by_role("button", name="改人口").click()
    page.mouse.click(*page.evaluate(WITHIN, row["id"]))
    number = page.get_by_role("spinbutton", name=f"{row['name'] or row['id']} 的人口")
    expect(number).to_have_value(str(round(row["persons"])))
    number.fill("4321")
    number.press("Enter")
    expect(changes(reader).last).to_contain_text("4,321")
    reader.shot("what-if-tools")
    sent = page.evaluate("JSON.parse(JSON.stringify(linliPage.whatIf.edits.value.now))")
    assert [one["op"] for one in sent] == ["close_gate", "cut_link", "change_population"]
    assert api.post("/what-if", json={"changes": sent}).status_code == 200
    assert page.evaluate("linliPage.whatIf.problem.value") is None
    assert reader.complaints == []


def test_the_priority_index_colours_the_map_and_follows_what_is_tried(reader_of, gain):
    row, kind = gain
    reader = reader_of(1440, 900)
    page = reader.page
    reader.open("#theme=priority")
    assert page.get_by_label("小区着色").input_value() == "priority"
    until(reader, f"({PRIORITY})('{row['id']}') !== null")
    state = page.evaluate(PRIORITY, row["id"])
    assert state == pytest.approx(row["priority"], abs=1e-6)
    reader.shot("priority")
    page.get_by_role("button", name="假如").click()
    page.get_by_role("button", name="增设施").click()
    page.get_by_label("设施类别").select_option(kind)
    page.mouse.click(*aim(reader, row))
    until(reader, f"({PRIORITY})('{row['id']}') < {state}")
    assert reader.complaints == []


def test_a_gap_tells_why_with_the_way_along_the_streets_and_a_fix_that_can_be_tried(reader_of, api):
    for row in api.get("/neighbourhoods?limit=1000").json()["items"]:
        sheet = api.get(f"/neighbourhoods/{quote(row['id'])}").json()
        far = [
            gap
            for gap in sheet["gaps"]
            if gap["status"] == "missing" and gap["need"] == "must" and gap["nearest_m"]
        ]
        for gap in far[:3]:
            address = f"/neighbourhoods/{quote(row['id'])}/gaps/{gap['kind']}/explain"
            told = api.get(f"{address}?layer={gap['layer']}").json()
            if told["fixes"] and told["path"]:
                break
        else:
            continue
        break
    else:
        raise AssertionError("no gap of the demo city has a fix")
    reader = reader_of(1440, 900)
    reader.open(f"#neighbourhood={quote(row['id'])}")
    names = {kind["id"]: kind["zh"] for kind in api.get("/catalogue").json()["kinds"]}
    rows = reader.page.locator(".gap").filter(has_text=names[gap["kind"]])
    rows.first.click()
    why = reader.page.locator(".why")
    expect(why).to_contain_text("最小的改善")
    source = reader.page.evaluate("linliMap.map.getSource('link').serialize().data.features[0]")
    assert len(source["geometry"]["coordinates"]) >= len(told["path"]["coordinates"]) > 2
    reader.shot("why")
    why.get_by_role("button", name="试一试").first.click()
    expect(changes(reader)).to_have_count(len(told["fixes"][0]["changes"]))
    assert reader.complaints == []
