"""A planner's morning at the drawing table: real page, real server, real browser."""

import math
import re
from itertools import islice
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

PLACES = """(ids) => {
  const { cells, rowOf } = linliPage.drawing.world.value;
  const box = document.querySelector("#map").getBoundingClientRect();
  return Object.fromEntries(ids.map((id) => {
    const row = rowOf.get(id);
    const [east, north] = [cells.middle[2 * row], cells.middle[2 * row + 1]];
    const { x, y } = linliMap.project(cells.plane.place(east, north));
    const seen = document.elementFromPoint(box.x + x, box.y + y);
    return [id, seen?.classList.contains("maplibregl-canvas") ?? false];
  }));
}"""
MIDDLE = """(id) => {
  const { cells, rowOf } = linliPage.drawing.world.value;
  const row = rowOf.get(id);
  const at = linliMap.project(cells.plane.place(cells.middle[2 * row], cells.middle[2 * row + 1]));
  const box = document.querySelector("#map").getBoundingClientRect();
  return [box.x + at.x, box.y + at.y];
}"""
BELONGS = """(id) => {
  const table = linliPage.drawing; const row = table.world.value.rowOf.get(id);
  return table.infoOf(table.now.district[row])?.id ?? null;
}"""
OPENED = "() => (globalThis.linliPage?.drawing.plan.value ?? null) !== null"
SETTLED = """() => {
  const table = linliPage.drawing;
  return table.outbox.value.waiting.value.length === 0 && !table.busy.value;
}"""
# The last place of the pointer is taken in the next frame.
DRAWN = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))"""
GRIPS = """() => {
  const table = linliPage.drawing;
  const { edges, cells, units, admitted } = table.world.value;
  const { district } = table.now;
  const box = document.querySelector("#map").getBoundingClientRect();
  const pixel = (x, y) => {
    const at = linliMap.project(cells.plane.place(x, y));
    return [box.x + at.x, box.y + at.y];
  };
  const found = [];
  for (let edge = 0; edge < edges.count; edge++) {
    const [a, b] = [edges.a[edge], edges.b[edge]];
    for (const [from, to] of [[a, b], [b, a]]) {
      if (from < 0 || to < 0 || district[to] < 0) continue;
      if (district[from] === district[to] || !admitted[from]) continue;
      const corner = (edges.start[edge] + edges.start[edge + 1]) >> 1;
      const [x, y] = [edges.xy[2 * corner], edges.xy[2 * corner + 1]];
      const [mx, my] = [cells.middle[2 * from], cells.middle[2 * from + 1]];
      const [from_id, to_id] = [units.ids[from], table.infoOf(district[to]).id];
      const aim = pixel(x + 2.2 * (mx - x), y + 2.2 * (my - y));
      const length = edges.length_m[edge];
      found.push({ from: from_id, to: to_id, grip: pixel(x, y), aim, length });
    }
  }
  return found.sort((one, other) => other.length - one.length);
}"""
FIGURES = """() => {
  const table = linliPage.drawing;
  return table.districts.value.map((one, slot) =>
    [one.id, table.now.figures(slot), table.now.lacking(slot), table.now.diameter(slot)]);
}"""
BOX = """(id) => {
  const { cells, rowOf } = linliPage.drawing.world.value;
  const [west, south, east, north] = cells.box.subarray(4 * rowOf.get(id), 4 * rowOf.get(id) + 4);
  const box = document.querySelector("#map").getBoundingClientRect();
  return [[west, south], [east, north]].map(([x, y]) => {
    const at = linliMap.project(cells.plane.place(x, y));
    return [box.x + at.x, box.y + at.y];
  });
}"""
NAME = """(id) => {
  const { rowOf, units } = linliPage.drawing.world.value;
  return units.names[rowOf.get(id)];
}"""


@pytest.fixture(scope="module")
def api(site):
    with httpx.Client(base_url=f"{site}/api/v1", timeout=120) as client:
        (city,) = client.get("/cities").json()["items"]
        base = f"{site}/api/v1/cities/{quote(city['id'])}"
        with httpx.Client(base_url=base, timeout=120) as asked:
            yield asked


def until(reader, script, argument=None):
    """Wait until a script says yes; the page forbids scripts that wait by themselves."""
    for _ in range(400):
        if reader.page.evaluate(script, argument):
            return
        reader.page.wait_for_timeout(50)
    raise AssertionError(f"the page never came to: {script}")


def make_plan(api, plan, author="王工"):
    """Store a plan that begins with the districts of the analysis; without limits that refuse."""
    rules = {"maximum": {}, "minimum": {"households": 1500}, "refuse": ["excluded"]}
    new = {"id": plan, "name": f"方案 {plan}", "author": author, "from": "analysis"}
    answer = api.post("/plans", json=new | {"rules": rules})
    assert answer.status_code == 201, answer.text
    return answer.json()


def table(reader, plan):
    """Lay a plan on the table of a reader, whole on the map."""
    del reader.complaints[:]
    reader.open(f"#plan={plan}&theme=districts")
    until(reader, f"() => globalThis.linliPage?.drawing.plan.value?.id === '{plan}'")
    whole_city(reader)


def whole_city(reader):
    """Bring the whole city into the part of the map that no panel covers."""
    reader.page.evaluate("linliMap.fit(linliPage.data.value.value.city.bounds)")
    reader.settle()


def at(reader, unit):
    x, y = reader.page.evaluate(MIDDLE, unit)
    return x, y


def belongs(reader, unit):
    return reader.page.evaluate(BELONGS, unit)


def done(reader):
    """Wait until the server has every edit."""
    until(reader, SETTLED)


def tool(reader, name):
    pressed = reader.page.get_by_role("toolbar", name="划分工具").get_by_role(
        "button", name=name, exact=True
    )
    if pressed.get_attribute("aria-pressed") != "true":
        pressed.click()


def drag(reader, start, end, steps=8, *, held=None):
    reader.page.mouse.move(*start)
    reader.page.mouse.down()
    reader.page.mouse.move(*end, steps=steps)
    until(reader, DRAWN)
    if held:
        held()
    reader.page.mouse.up()


def visible(reader, *places):
    return all(reader.free(*place) for place in places)


def neighbours(api, reader, plan):
    """Pairs (unit, other) of different districts that both may move and both can be seen."""
    atoms = api.get("/atoms").json()
    ids, links = atoms["units"]["id"], atoms["links"]
    seen = reader.page.evaluate(PLACES, ids)
    for a, b, joined in zip(links["a"], links["b"], links["linked"], strict=True):
        one, other = plan["assignment"][ids[a]], plan["assignment"][ids[b]]
        eligible = atoms["units"]["eligible"]
        if not (joined and one and other and one != other and eligible[a] and eligible[b]):
            continue
        if seen[ids[a]] and seen[ids[b]]:
            yield ids[a], ids[b]


def assignment(api, plan):
    return api.get(f"/plans/{plan}").json()["assignment"]


def brush(api, reader, plan, giver, taker):
    """Brush out of a district: the map, the figures and then the server follow."""
    tool(reader, "画笔")
    live = reader.page.get_by_role("region", name="改动前后")
    drag(
        reader,
        at(reader, taker),
        at(reader, giver),
        held=lambda: (expect(live).to_contain_text("户数"), reader.shot("districts-brush")),
    )
    done(reader)
    assert belongs(reader, giver) == plan["assignment"][taker]
    assert assignment(api, plan["id"])[giver] == plan["assignment"][taker]


def pull_a_boundary(api, reader, plan):
    """Pull a boundary over a neighbourhood: it changes sides."""
    tool(reader, "拖边界")
    long = (one for one in reader.page.evaluate(GRIPS) if one["length"] > 60)
    grips = (one for one in long if visible(reader, one["grip"], one["aim"]))
    for grip in islice(grips, 6):
        before = belongs(reader, grip["from"])
        drag(reader, grip["grip"], grip["aim"], held=lambda: reader.shot("districts-boundary"))
        done(reader)
        if belongs(reader, grip["from"]) != before:
            break
    else:
        raise AssertionError("no boundary of the demo city can be dragged")
    assert assignment(api, plan)[grip["from"]] == grip["to"]


def lock(api, reader, plan, inside, outside):
    """Lock a district: it neither loses nor gains. What the plan is then."""
    tool(reader, "锁定")
    locked = belongs(reader, inside)
    reader.page.mouse.click(*at(reader, inside))
    done(reader)
    told = api.get(f"/plans/{plan}").json()
    assert next(one for one in told["districts"] if one["id"] == locked)["locked"]
    tool(reader, "画笔")
    drag(reader, at(reader, inside), at(reader, outside))
    done(reader)
    assert api.get(f"/plans/{plan}").json()["head"] == told["head"]
    return told


def line_through(reader, told):
    """Find a line that the page takes for one district: what it crosses most is what it splits."""
    places = {unit: at(reader, unit) for unit in told["assignment"]}
    best = (0.0, None)
    for one in told["districts"]:
        members = [unit for unit, district in told["assignment"].items() if district == one["id"]]
        if one["locked"] or len(members) < 2:
            continue
        xs, ys = zip(*(places[unit] for unit in members), strict=True)
        x, top, bottom = sum(xs) / len(xs), min(ys) - 40, max(ys) + 40
        nearest = [
            min(places, key=lambda unit, y=y: math.hypot(places[unit][0] - x, places[unit][1] - y))
            for y in (top + (bottom - top) * step / 20 for step in range(21))
        ]
        own = sum(unit in members for unit in nearest) / len(nearest)
        if own > best[0] and visible(reader, (x, top), (x, bottom)):
            best = own, ((x, top), (x, bottom))
    assert best[1], "no district has room on the map for a line"
    return best[1]


def split_undo_redo(api, reader, plan, told):
    """A line splits a district; undo takes it back, redo does it again, also after a reload."""
    page = reader.page
    tool(reader, "切分")
    line = line_through(reader, told)
    drag(reader, *line, steps=12)
    done(reader)
    split = api.get(f"/plans/{plan}").json()
    assert len(split["districts"]) == len(told["districts"]) + 1
    page.keyboard.press("Control+z")
    done(reader)
    assert len(api.get(f"/plans/{plan}").json()["districts"]) == len(told["districts"])
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    until(reader, OPENED)
    page.get_by_role("button", name="重做").click()
    done(reader)
    assert assignment(api, plan) == split["assignment"]


def look_back(reader):
    """Who did what; the past is looked at, and cannot be changed. Two revisions compared."""
    page = reader.page
    page.get_by_role("tab", name="历史").click()
    expect(page.locator("#plan-body ol li").first).to_contain_text("王工")
    page.locator("#plan-body ol li button").last.click()
    expect(page.get_by_text("正在看以前的版本")).to_be_visible()
    reader.shot("districts-history")
    page.get_by_role("button", name="回到现在").click()
    page.get_by_role("tab", name="方案").click()
    page.get_by_label("第几版").fill("0")
    page.get_by_role("button", name="对比", exact=True).click()
    expect(page.locator("#plan-body")).to_contain_text("个小区归属不同")
    reader.shot("districts-compared")
    page.get_by_role("button", name="结束对比").click()


def put_on_paper(api, reader):
    page = reader.page
    page.get_by_role("button", name="打印当前视图").click()
    page.locator("dialog.print img").wait_for()
    expect(page.locator("dialog.print")).to_contain_text("比例尺 1")
    reader.shot("districts-paper")
    page.locator("dialog.print").get_by_role("button", name="关闭").click()
    for link, begins in (("A4 图纸", b"%PDF-"), ("CSV", b"\xef\xbb\xbf")):
        address = page.get_by_role("link", name=link).get_attribute("href")
        answer = api.get(reader.site + address)
        assert answer.status_code == 200
        assert answer.content.startswith(begins)


def propose_and_take(api, reader, plan):
    """Ask for proposals, read how good they are, take one district of one. What the plan was."""
    page = reader.page
    before = api.get(f"/plans/{plan}").json()
    page.get_by_role("tab", name="建议").click()
    page.get_by_role("button", name="生成建议").click()
    first = page.locator("#plan-body > ol > li").first
    first.wait_for(timeout=120_000)
    expect(first).to_contain_text("已证明最优")
    reader.shot("districts-proposals")
    held = {one["id"] for one in before["districts"] if one["locked"]}
    free = {unit for unit, district in before["assignment"].items() if district not in held}
    proposed = api.get("/proposals").json()["items"][0]["assignment"]
    parts = {}
    for unit, district in proposed.items():
        parts.setdefault(district, set()).add(unit)
    now = groups(before["assignment"])
    wanted = next(
        district
        for district, units in parts.items()
        if district and units <= free and frozenset(units) not in now
    )
    first.get_by_label("只采用一个片区…").select_option(wanted)
    until(reader, "(head) => linliPage.drawing.plan.value.head > head", before["head"])
    done(reader)
    after = assignment(api, plan)
    assert frozenset(parts[wanted]) in groups(after)
    assert api.get(f"/plans/{plan}/revisions").json()["items"][0]["op"] == "take"
    return before


def groups(assigned):
    """Who is together, whatever the districts are called."""
    found = {}
    for unit, district in assigned.items():
        if district is not None:
            found.setdefault(district, set()).add(unit)
    return {frozenset(units) for units in found.values()}


def read_again(api, reader, plan, before):
    """The file that was written earlier is read: first told, then done; all is as it was."""
    page = reader.page
    rows = [f"{unit},{district or ''}" for unit, district in before["assignment"].items()]
    written = api.get(f"/plans/{plan}/export?format=csv&at={before['head']}").content
    assert len(written.splitlines()) == len(rows) + 1
    page.get_by_role("tab", name="方案").click()
    page.locator("#plan-body input[type=file]").set_input_files(
        {"name": "方案.csv", "mimeType": "text/csv", "buffer": written}
    )
    report = page.locator("#plan-body .report")
    expect(report).to_contain_text(f"读到 {len(rows)} 行,对上 {len(rows)} 个小区")
    head = api.get(f"/plans/{plan}").json()["head"]  # so far nothing was done
    report.get_by_role("button", name="导入").click()
    until(reader, "(head) => linliPage.drawing.plan.value.head > head", head)
    done(reader)
    assert groups(assignment(api, plan)) == groups(before["assignment"])


@pytest.mark.usefixtures("worker")
def test_a_planners_whole_morning(api, desk):
    plan = make_plan(api, "morning")
    reader = desk
    table(reader, "morning")
    reader.shot("districts-plan")
    giver, taker = next(neighbours(api, reader, plan))
    brush(api, reader, plan, giver, taker)
    pull_a_boundary(api, reader, "morning")
    told = lock(api, reader, "morning", taker, giver)
    split_undo_redo(api, reader, "morning", told)
    look_back(reader)
    put_on_paper(api, reader)
    read_again(api, reader, "morning", propose_and_take(api, reader, "morning"))
    assert reader.complaints == []


def test_two_planners_at_one_plan_see_each_other_and_settle_a_conflict(api, desk, planner):
    plan = make_plan(api, "two")
    first, second = desk, planner("李工")
    table(first, "two")
    table(second, "two")
    unit, other = next(neighbours(api, first, plan))

    # What one does, the other sees without asking.
    tool(first, "画笔")
    drag(first, at(first, other), at(first, unit))
    done(first)
    now = plan["assignment"][other]
    until(second, f"(id) => ({BELONGS})(id) === '{now}'", unit)

    # The second works on what it saw; the first was faster.
    second.page.evaluate("linliPage.drawing.events?.close()")
    head = api.get("/plans/two").json()["head"]
    edit = {"op": "assign", "units": [unit], "district": None, "author": "王工", "id": "faster"}
    assert (
        api.post("/plans/two/edits", json=edit, headers={"If-Match": f'"{head}"'}).status_code
        == 200
    )
    tool(second, "点选")
    second.page.get_by_label("目标").select_option(plan["assignment"][unit])
    second.page.mouse.click(*at(second, unit))
    dialog = second.page.get_by_role("dialog")
    expect(dialog).to_contain_text("王工")
    second.shot("districts-conflict")
    dialog.get_by_role("button", name="以我的为准").click()
    done(second)
    assert assignment(api, "two")[unit] == plan["assignment"][unit]
    refused = [one for one in second.complaints if "412" not in one]
    assert first.complaints + refused == []


def test_the_table_of_neighbourhoods_does_all_that_the_map_does(api, desk):
    plan = make_plan(api, "keys")
    reader = desk
    page = reader.page
    table(reader, "keys")
    page.get_by_role("tab", name="小区").click()
    unit, other = next(neighbours(api, reader, plan))
    name = page.evaluate(NAME, unit)
    page.locator("#plan-body").get_by_role("searchbox").fill(name)
    page.get_by_role("checkbox", name=name, exact=True).first.check()
    page.get_by_label("移到…").select_option(plan["assignment"][other])
    page.get_by_role("button", name="移动", exact=True).click()
    expect(page.locator("#plan-body [role=status]")).to_contain_text("已移到")
    done(reader)
    assert assignment(api, "keys")[unit] == plan["assignment"][other]
    # Nobody is told a figure that the server does not tell: both count the same.
    page.get_by_role("tab", name="片区").click()
    own = page.evaluate(FIGURES)
    server = {one["id"]: one for one in api.get("/plans/keys").json()["districts"]}
    counted = [row for row in own if row[1]["members"] > 0]
    assert {row[0] for row in counted} == set(server)
    for district, figures, lacking, diameter in counted:
        told = server[district]
        assert figures["members"] == told["members"]
        for key in ("households", "persons", "area_m2", "compactness", "gaps_closed_persons"):
            assert figures[key] == pytest.approx(told[key] or 0, rel=1e-3), key
        both = figures["gaps_closed_persons"] + figures["gaps_open_persons"]
        assert both == pytest.approx(told["gaps_persons"], rel=1e-3)
        assert lacking == told["missing"], district
        assert diameter == pytest.approx(told["diameter_m"], abs=0.1)
    assert reader.complaints == []


CARRIED = {
    "data_version": "older",
    "unknown": [{"unit": "gone-1", "district": "D001"}],
    "unknown_count": 1,
    "added": ["new-1", "new-2"],
    "added_count": 2,
    "joined": [],
    "joined_count": 0,
    "dropped_rules": 3,
}


def test_a_plan_carried_over_tells_what_did_not_fit_the_current_data(api, desk):
    make_plan(api, "carried")
    page = desk.page

    def older(route):
        plan = route.fetch().json()
        route.fulfill(json=plan | {"origin": plan["origin"] | {"carried": CARRIED}})

    page.route("**/plans/carried", older)
    table(desk, "carried")
    page.unroute("**/plans/carried")
    page.get_by_role("tab", name="方案").click()
    told = page.locator("details.carried")
    expect(told).to_contain_text("1 个小区在现有数据中已不存在")
    expect(told).to_contain_text("gone-1")
    expect(told).to_contain_text("2 个小区是新的")
    expect(told).to_contain_text("3 条须同片或不得同片的规则")
    expect(told).not_to_contain_text("切开过")
    assert desk.complaints == []


def test_the_name_is_asked_once_and_a_refused_edit_goes_back(api, reader_of):
    plan = make_plan(api, "asked")
    reader = reader_of(1180, 760)
    page = reader.page
    table(reader, "asked")
    unit, other = next(neighbours(api, reader, plan))
    lock = {"op": "lock", "units": [unit], "locked": True, "author": "李工", "id": "lock-it"}
    page.evaluate("linliPage.drawing.events?.close()")  # it does not hear of the lock
    answer = api.post("/plans/asked/edits", json=lock, headers={"If-Match": '"0"'})
    assert answer.status_code == 200
    tool(reader, "画笔")
    drag(reader, at(reader, other), at(reader, unit))
    page.get_by_label("姓名").fill("张工")
    page.get_by_role("button", name="继续").click()
    dialog = page.get_by_role("dialog").or_(page.get_by_role("alert"))
    dialog.first.wait_for()
    if page.get_by_role("button", name="以对方为准").is_visible():
        page.get_by_role("button", name="以对方为准").click()
    done(reader)
    until(reader, f"(id) => ({BELONGS})(id) === '{plan['assignment'][unit]}'", unit)
    assert assignment(api, "asked")[unit] == plan["assignment"][unit]
    assert page.evaluate("localStorage.getItem('linli.author')") == "张工"
    assert [one for one in reader.complaints if not re.search("409|412", one)] == []


def head_is(reader, head):
    until(reader, "(head) => linliPage.drawing.plan.value.head === head", head)
    done(reader)


def colour_and_limit(api, reader, plan):
    """Another colour; a name for that revision; a limit that the plan then breaks."""
    page = reader.page
    page.locator("#plan-body > ul > li button.line").first.click()
    page.get_by_role("group", name="颜色").get_by_role("button", pressed=False).first.click()
    head_is(reader, 1)
    before = {one["id"]: one["colour"] for one in plan["districts"]}
    told = api.get("/plans/tools").json()
    assert sum(before[one["id"]] != one["colour"] for one in told["districts"]) == 1
    page.get_by_role("tab", name="历史").click()
    page.get_by_label("版本名称").fill("报审稿")
    page.get_by_role("button", name="给第 1 版起名").click()
    expect(page.get_by_role("group", name="有名字的版本")).to_contain_text("报审稿 · 1")
    (tag,) = api.get("/plans/tools/tags").json()["items"]
    assert (tag["name"], tag["seq"], tag["author"]) == ("报审稿", 1, "王工")
    page.get_by_role("tab", name="方案").click()
    page.get_by_text("名称与规则").click()
    page.get_by_label("户数上限").fill("2000")
    page.get_by_role("button", name="保存设置").click()
    head_is(reader, 2)
    told = api.get("/plans/tools").json()
    assert told["rules"] == plan["rules"] | {"maximum": {"households": 2000}}
    page.get_by_role("tab", name="片区").click()
    expect(page.locator("#plan-body")).to_contain_text("超过上限 2,000")


def cut_and_heal(api, reader, plan, unit):
    """A neighbourhood is cut in two and made whole again."""
    page = reader.page
    name = page.evaluate(NAME, unit)
    page.get_by_role("tab", name="小区").click()
    page.locator("#plan-body").get_by_role("searchbox").fill(name)
    page.get_by_role("checkbox", name=name, exact=True).first.check()
    page.get_by_role("button", name="东西切开").click()
    head_is(reader, 3)
    assert [one["parent"] for one in api.get("/plans/tools").json()["units"]] == [unit, unit]
    expect(page.locator("#plan-body")).to_contain_text(f"“{name}”已切成 2 块")
    page.get_by_role("button", name="复原").click()
    head_is(reader, 4)
    assert assignment(api, "tools") == plan["assignment"]


def move_and_improve(api, reader, plan, unit, other):
    """It goes elsewhere, and what lies around is arranged anew: it stays where it was put."""
    page = reader.page
    page.get_by_role("checkbox", name=page.evaluate(NAME, unit), exact=True).first.check()
    page.get_by_label("移到…").select_option(plan["assignment"][other])
    page.get_by_role("button", name="移动", exact=True).click()
    done(reader)
    moved = assignment(api, "tools")
    page.get_by_role("button", name="优化周边").click()
    until(reader, "() => !linliPage.drawing.busy.value")
    assert page.evaluate("linliPage.trouble.value?.detail ?? null") is None
    assert page.evaluate("linliPage.drawing.lately.value") == []
    done(reader)
    improved = assignment(api, "tools")
    assert improved[unit] == moved[unit] or improved[unit] == improved[other]
    expect(page.get_by_role("button", name="优化周边")).to_be_hidden()


def cut_by_a_line(api, reader, unit):
    """A line over a neighbourhood cuts it in two: its people are shared out, not lost."""
    whole_city(reader)
    (west, south), (east, north) = reader.page.evaluate(BOX, unit)
    middle = (west + east) / 2
    before = api.get("/plans/tools").json()
    persons = before["districts"]
    tool(reader, "切开小区")
    drag(reader, (middle, north - 6), (middle, south + 6), steps=6)
    head_is(reader, before["head"] + 1)
    told = api.get("/plans/tools").json()
    halves = [one for one in told["units"] if one["parent"] == unit]
    assert len(halves) == 2
    assert all(one["area_m2"] > 0 for one in halves)
    whole = sum(one["persons"] for one in persons)
    assert sum(one["persons"] for one in told["districts"]) == pytest.approx(whole)
    assert {told["assignment"][one["id"]] for one in halves} == {before["assignment"][unit]}
    tool(reader, "切开小区")  # it is put away


def restore_from_a_name(api, reader):
    """The revision that was named is looked at, then it holds again, as a new revision."""
    page = reader.page
    before = api.get("/plans/tools").json()
    (tag,) = api.get("/plans/tools/tags").json()["items"]
    then = api.get(f"/plans/tools?at={tag['seq']}").json()
    assert before["assignment"] != then["assignment"]
    page.get_by_role("tab", name="历史").click()
    named = page.get_by_role("group", name="有名字的版本")
    named.get_by_role("button", name=re.compile(tag["name"])).click()
    expect(page.get_by_text("正在看以前的版本")).to_be_visible()
    page.get_by_role("button", name="恢复到这一版").click()
    head_is(reader, before["head"] + 1)
    told = api.get("/plans/tools").json()
    assert groups(told["assignment"]) == groups(then["assignment"])
    assert told["units"] == []
    newest = api.get("/plans/tools/revisions").json()["items"][0]
    assert (newest["op"], newest["author"]) == ("restore", "王工")


def join_and_part(api, reader, units, apart):
    """What belongs together, what never does: chosen in the table, told as rules, then dropped."""
    page = reader.page
    page.get_by_role("tab", name="小区").click()
    for rule, chosen, button in (
        ("must_join", units, "须同片"),
        ("must_not_join", apart, "不得同片"),
    ):
        head = api.get("/plans/tools").json()["head"]
        page.locator("#plan-body").get_by_role("searchbox").fill("")
        for unit in chosen:
            name = page.evaluate(NAME, unit)
            page.locator("#plan-body").get_by_role("searchbox").fill(name)
            page.get_by_role("checkbox", name=name, exact=True).first.check()
        page.get_by_role("button", name=button, exact=True).click()
        head_is(reader, head + 1)
        (held,) = api.get("/plans/tools").json()["rules"][rule]
        assert set(held) == set(chosen)
    page.get_by_role("tab", name="方案").click()
    page.get_by_text("须同片与不得同片(2)").click()
    together = page.get_by_role("list", name="须同片")
    expect(together.get_by_role("listitem")).to_contain_text(page.evaluate(NAME, units[0]))
    expect(together).to_contain_text("尚未满足")  # they lie in two districts
    together.get_by_role("button").click()
    head_is(reader, head + 2)
    rules = api.get("/plans/tools").json()["rules"]
    assert (rules["must_join"], len(rules["must_not_join"])) == ([], 1)


def barriers_and_impossible_limits(api, reader):
    """Barriers are ticked; a minimum above its maximum is refused in words, and nothing is kept."""
    page = reader.page
    before = api.get("/plans/tools").json()
    page.get_by_text("名称与规则").click()
    page.get_by_role("group", name="片区不跨").get_by_label("铁路").check()
    page.get_by_label("户数下限").fill("2500")
    page.get_by_role("button", name="保存设置").click()
    expect(page.get_by_role("alert")).to_contain_text("没有片区能同时满足")
    assert api.get("/plans/tools").json()["head"] == before["head"]
    page.get_by_label("户数下限").fill("900")
    page.get_by_role("button", name="保存设置").click()
    head_is(reader, before["head"] + 1)
    rules = api.get("/plans/tools").json()["rules"]
    assert set(rules["cut_barriers"]) == {*before["rules"]["cut_barriers"], "railway"}
    assert rules["minimum"]["households"] == 900
    del reader.complaints[:]  # the browser reports the refusal


def test_a_plan_is_set_named_cut_healed_improved_and_restored(api, desk):
    plan = make_plan(api, "tools")
    reader = desk
    page = reader.page
    table(reader, "tools")
    pairs = list(neighbours(api, reader, plan))
    unit, other = pairs[0]
    colour_and_limit(api, reader, plan)
    cut_and_heal(api, reader, plan, unit)
    move_and_improve(api, reader, plan, unit, other)
    cut_by_a_line(api, reader, other)
    restore_from_a_name(api, reader)
    third, fourth = next(pair for pair in pairs if not {*pair} & {unit, other})
    join_and_part(api, reader, (unit, other), (third, fourth))
    barriers_and_impossible_limits(api, reader)

    # An approved plan takes no edits until it is a draft again.
    page.get_by_role("tab", name="方案").click()
    page.get_by_label("状态").select_option("approved")
    expect(page.get_by_text("方案已定稿")).to_be_visible()
    done(reader)
    assert api.get("/plans/tools").json()["status"] == "approved"
    page.get_by_label("状态").select_option("draft")
    expect(page.get_by_text("方案已定稿")).to_be_hidden()
    assert api.get("/plans/tools").json()["status"] == "draft"
    reader.shot("districts-settings")
    # Nothing lies over the tools, also where the legend is folded.
    page.get_by_role("button", name="退出划分").click()
    expect(page.get_by_role("toolbar", name="划分工具")).to_be_hidden()
    # The list of plans, with none open, can be left too.
    page.get_by_role("button", name="划分片区").click()
    expect(page.get_by_role("button", name="新建方案")).to_be_visible()
    page.get_by_role("button", name="退出划分").click()
    expect(page.get_by_role("tab", name="概况")).to_be_visible()
    assert reader.complaints == []
