"""Stock through the API: listed, told, edited, judged; the log keeps everything."""

import pytest
from grid_town import grid_analysis
from plan_client import CITY, problem

pytestmark = pytest.mark.postgis

STOCK = f"{CITY}/stock"
LON, LAT = 114.000522, 30.721970
SPOT = {"type": "Point", "coordinates": [LON, LAT]}


@pytest.fixture(scope="module")
def client(stock_client):
    return stock_client


@pytest.fixture(autouse=True)
def nothing_edited(register_emptied):
    """Each test begins with the register of the analysis."""


def get(client, path, **query):
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(client, **query):
    return [one["id"] for one in get(client, STOCK, **query)["items"]]


def put(client, asset, seen, **body):
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return client.put(f"{STOCK}/{asset}", json={"author": "王工", **body}, headers=headers)


def retire(client, asset, seen, **body):
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    sent = {"author": "王工", "reason": "已拆除", **body}
    return client.request("DELETE", f"{STOCK}/{asset}", json=sent, headers=headers)


def judge(client, stock_id, verdict, request="v1", seen=None, **body):
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    sent = {"id": request, "author": "李工", "verdict": verdict, **body}
    return client.post(f"{STOCK}/{stock_id}/verdict", json=sent, headers=headers)


def middle(client, asset="a1"):
    one = get(client, f"{STOCK}/{asset}")
    return {"type": "Point", "coordinates": [one["lon"], one["lat"]]}


def new(client, asset="x1", **body):
    sent = {
        "id": asset,
        "author": "王工",
        "reason": "现场调查",
        "values": {"name": "活动室", "asset_type": "房屋", "kind": "物业用房", "floor_m2": "150"},
        **body,
    }
    sent.setdefault("geometry", SPOT)
    return client.post(STOCK, json=sent)


def test_the_list_is_filtered_by_what_the_page_asks(client):
    assert ids(client) == ["a1", "left1"]
    assert ids(client, source="leftover") == ids(client, sign="leftover") == ["left1"]
    assert ids(client, min_confidence=0.7) == ["a1"]  # what is registered has no confidence
    assert ids(client, pathway="none") == ids(client, asset_type="land") == ["left1"]
    assert ids(client, q="车棚") == ids(client, holds="library") == ["a1"]
    assert ids(client, neighbourhood="n0-0") == ["left1"]
    assert ids(client, verdict="reject") == []
    listed = get(client, STOCK)["items"][1]
    assert (listed["confidence"], listed["revision"], listed["edited"]) == (0.6, 0, False)


def test_one_asset_tells_documents_votes_and_where_it_is(client):
    shed = get(client, f"{STOCK}/a1")
    assert [one["document"] for one in shed["documents"]][:2] == ["owners_assembly", "owners_joint"]
    assert "3/4" in shed["documents"][0]["votes_zh"]
    assert shed["geometry"]["type"] == "Point"
    assert shed["facts"]["kind"] == "bicycle_shed"
    assert shed["fits"][0]["neighbourhood_name"] == "0-1小区"
    land = get(client, f"{STOCK}/left1")
    assert [one["document"] for one in land["documents"]] == ["title_search"]
    assert land["measured"] == {"inscribed_m": 20.0}
    assert land["facts"] is None


def test_what_could_go_there_gives_a_reason_for_every_no(client):
    told = get(client, f"{STOCK}/a1/kinds")
    by_kind = {one["kind"]: one for one in told["items"]}
    assert told["pathway"] == "F21"
    assert by_kind["kindergarten"]["reason"] == "too_small"
    assert (by_kind["kindergarten"]["has"], by_kind["kindergarten"]["needs"]) == (120, 2200)
    assert by_kind["small_sports_ground"]["reason"] == "needs_land"
    for one in told["items"]:
        assert one["fits"] == (one["reason"] is None)
        assert one["fits"] or one["reasons"][0]["zh"] == one["zh"]
    canteen = by_kind["community_canteen"]
    assert canteen["fits"]
    assert canteen["cost_yuan"] > 0
    order = [one["fits"] for one in told["items"]]
    assert order == sorted(order, reverse=True)


def test_where_a_gap_could_go_names_every_asset_in_reach_and_why_not(client):
    told = get(client, f"{CITY}/gaps/kindergarten/sites", neighbourhood="n0-1")
    assert (told["status"], told["limit_m"]) == ("missing", 300)
    found = {one["stock_id"]: one for one in told["items"]}
    assert set(found) == {"a1", "left1"}
    assert not found["a1"]["fits"]
    assert found["a1"]["basis"] == "walk"
    assert "2200" in found["a1"]["zh"]
    assert found["left1"]["reason"] == "too_small"  # 400 of 3,500 m²
    problem(client.get(f"{CITY}/gaps/casino/sites"), 404, "not-found")
    missing = client.get(f"{CITY}/gaps/kindergarten/sites", params={"neighbourhood": "n9"})
    problem(missing, 404, "not-found")


def test_a_new_asset_is_seen_at_once_with_its_pathway(client):
    made = new(client, values={"kind": "物业用房", "ownership": "业主共有", "floor_m2": "360平米"})
    assert made.status_code == 201, made.text
    assert made.headers["ETag"] == '"1"'
    told = made.json()
    assert (told["pathway"], told["edited"], told["revision"]) == ("F21", True, 1)
    assert told["added"]  # the analysis does not know it: it counts from the next one on
    assert (told["floor_m2"], told["neighbourhood_id"]) == (360, "n0-1")
    assert ids(client) == ["a1", "left1", "x1"]
    detail = get(client, f"{STOCK}/x1")
    assert detail["documents"][0]["document"] == "owners_assembly"
    assert detail["history_count"] == 1
    first = detail["complexes"][0]
    assert first["functions"] == len(first["kinds"]) >= 3
    assert first["used_m2"] + first["shared_m2"] + first["free_m2"] == 360
    kinds = {one["kind"]: one for one in get(client, f"{STOCK}/x1/kinds")["items"]}
    assert kinds["elderly_daycare"]["fits"]


def test_the_same_asset_sent_twice_is_stored_once_and_another_is_refused(client):
    first, again = new(client), new(client)
    assert first.json() == again.json()
    assert len(get(client, f"{STOCK}/x1/history")["items"]) == 1
    problem(new(client, reason="x"), 409, "conflict")
    problem(new(client, "a1"), 409, "conflict")


def test_a_new_asset_on_top_of_another_is_taken_and_the_pair_told(client):
    told = new(client, geometry=middle(client)).json()
    assert [(one["one"], one["other"], one["why"]) for one in told["duplicates"]] == [
        ("a1", "x1", "place")
    ]
    far = {"type": "Point", "coordinates": [LON + 0.004, LAT]}
    assert new(client, "x2", geometry=far).json()["duplicates"] == []


def test_every_wrong_value_is_told_in_both_languages(client):
    bad = {"kind": "飞碟", "floor_m2": "-3", "photos": "javascript:alert(1)", "colour": "red"}
    told = problem(new(client, values=bad), 400, "bad-request")["detail"]
    for column in bad:
        assert f"`{column}`" in told
    headers = {"Accept-Language": "zh"}
    sent = {"id": "x", "author": "王", "values": bad, "geometry": middle(client)}
    zh = client.post(STOCK, json=sent, headers=headers).json()["detail"]
    assert "细类“飞碟”不在可选值中;请填:空地" in zh
    assert ids(client) == ["a1", "left1"]


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point", "coordinates": [10.0, 50.0]},
        {"type": "Point", "coordinates": [1e9, 50.0]},
        {"type": "Point"},
        {"type": "GeometryCollection", "geometries": []},
        {
            "type": "Polygon",
            "coordinates": [[[117, 30.7], [117.1, 30.8], [117.1, 30.7], [117, 30.8], [117, 30.7]]],
        },
    ],
)
def test_a_place_that_is_none_is_refused(client, shape):
    problem(new(client, geometry=shape), 400, "bad-request")


def test_heights_are_left_out_of_a_place(client):
    flat = [[LON, LAT], [LON + 1e-4, LAT], [LON, LAT + 1e-4], [LON, LAT]]
    solid = {"type": "Polygon", "coordinates": [[[x, y, 12.5] for x, y in flat]], "crs": None}
    made = new(client, geometry=solid)
    assert made.status_code == 201, made.text
    corners = {tuple(one) for one in made.json()["geometry"]["coordinates"][0]}
    assert corners == {tuple(round(part, 7) for part in one) for one in flat}


def test_texts_that_no_database_can_hold_are_refused(client):
    problem(put(client, "a1", 0, values={"name": "a\x00b"}), 400, "bad-request")
    problem(put(client, "a1", 0, author="a\x00b"), 400, "bad-request")
    problem(put(client, "a1", 0, id="a b"), 400, "bad-request")
    problem(new(client, "a/b"), 400, "bad-request")


def test_an_edit_needs_the_state_that_was_seen(client):
    problem(put(client, "a1", None, values={}), 428, "precondition-required")
    problem(put(client, "a1", 4, values={}), 412, "stale")
    done = put(client, "a1", 0, values={"ownership": "个人", "photos": "https://x.example/1.jpg"})
    assert done.status_code == 200, done.text
    assert (done.json()["revision"], done.json()["pathway"]) == (1, "F24")
    problem(put(client, "a1", 0, values={"name": "x"}), 412, "stale")
    told = get(client, f"{STOCK}/a1")
    assert told["photos"] == ["https://x.example/1.jpg"]
    assert (told["name"], told["kind"]) == ("老车棚", "bicycle_shed")  # what is not named stays
    assert told["documents"][0]["document"] == "owner_authorisation"
    assert ids(client, pathway="F24") == ["a1"]
    log = get(client, f"{STOCK}/a1/history")["items"]
    assert [(one["revision"], one["op"], one["author"]) for one in log] == [(1, "edit", "王工")]
    assert log[0]["before"]["values"]["ownership"] == "unknown"
    assert log[0]["after"]["values"]["ownership"] == "individual"


def test_the_same_edit_sent_twice_is_done_once(client):
    first = put(client, "a1", 0, id="e1", values={"name": "车棚"})
    again = put(client, "a1", 0, id="e1", values={"name": "车棚"})
    assert first.json() == again.json()
    assert get(client, f"{STOCK}/a1")["revision"] == 1
    problem(put(client, "a1", 1, id="e1", values={"name": "棚"}), 409, "conflict")


def test_a_retired_asset_is_gone_from_the_list_and_stays_in_the_log(client):
    assert retire(client, "a1", 0).json() == {"id": "a1", "revision": 1, "retired": True}
    assert ids(client) == ["left1"]
    problem(client.get(f"{STOCK}/a1"), 404, "not-found")
    log = get(client, f"{STOCK}/a1/history")["items"]
    assert [(one["op"], one["reason"]) for one in log] == [("retire", "已拆除")]
    assert log[0]["after"]["retired"]
    problem(client.get(f"{STOCK}/never/history"), 404, "not-found")
    problem(new(client, "a1"), 409, "conflict")


def test_an_accepted_candidate_becomes_an_asset_with_where_it_came_from(client):
    told = judge(client, "left1", "accept", values={"ownership": "业主共有"})
    assert told.status_code == 200, told.text
    asset = told.json()["asset"]
    assert (asset["id"], asset["source"], asset["pathway"]) == ("reg:left1", "registered", "F26")
    assert asset["facts"]["origin"] == "left1"
    assert asset["geometry"]["type"] == "Polygon"
    assert ids(client) == ["a1", "reg:left1"]
    assert ids(client, verdict="accept") == ["left1"]
    assert judge(client, "left1", "accept", values={"ownership": "业主共有"}).json() == told.json()
    problem(judge(client, "left1", "reject", "v2", seen=1), 409, "conflict")
    candidate = get(client, f"{STOCK}/left1")
    assert (candidate["verdict"], candidate["asset_id"]) == ("accept", "reg:left1")


def test_a_rejected_candidate_stays_in_sight_but_nothing_is_put_on_it(client):
    assert judge(client, "left1", "reject", reason="是消防通道").status_code == 200
    assert [one["verdict"] for one in get(client, STOCK)["items"]] == [None, "reject"]
    assert ids(client, verdict="none") == ["a1"]
    sites = get(client, f"{CITY}/gaps/kindergarten/sites", neighbourhood="n0-1")["items"]
    assert [one["stock_id"] for one in sites] == ["a1"]
    log = get(client, f"{STOCK}/left1/history")["items"]
    assert (log[0]["op"], log[0]["author"], log[0]["reason"]) == ("verdict", "李工", "是消防通道")
    problem(judge(client, "left1", "accept", "v2"), 428, "precondition-required")
    assert judge(client, "left1", "accept", "v3", seen=1).status_code == 200


def test_a_correction_takes_values_and_the_place(client):
    spot = middle(client, "left1")
    told = judge(client, "left1", "correct", values={"land_m2": 900, "kind": "空地"}, geometry=spot)
    asset = told.json()["asset"]
    assert (asset["land_m2"], asset["kind"]) == (900, "vacant_land")
    assert asset["geometry"]["type"] == "Point"


def test_an_asset_is_not_judged_and_a_candidate_not_edited(client):
    problem(judge(client, "a1", "reject"), 409, "conflict")
    problem(put(client, "left1", 0, values={"name": "x"}), 409, "conflict")


def test_pages_follow_one_another(client):
    new(client)
    seen, url = [], f"{STOCK}?limit=2"
    while url:
        answer = client.get(url)
        seen += [one["id"] for one in answer.json()["items"]]
        link = answer.headers.get("Link")
        url = link.split(">")[0][1:] if link else None
    assert seen == ["a1", "left1", "x1"]


def test_edits_flow_into_the_inputs_of_the_next_analysis(client, store):
    new(client, values={"name": "新房", "kind": "物业用房", "floor_m2": 150})
    put(client, "a1", 0, values={"ownership": "业主共有"})
    judge(client, "left1", "reject", reason="是消防通道")
    city = store.read_city("grid-town")
    assets = city.layer("stock_assets")
    assert assets["name"].to_dict() == {"a1": "老车棚", "x1": "新房"}
    assert assets["revision"].to_dict() == {"a1": 1, "x1": 1}
    assert assets.loc["a1", "ownership"] == "owners_common"
    assert abs(assets.geometry["x1"].x - 500_050) < 0.2
    rejected = city.layer("stock_rejected")
    assert rejected[["sign", "reason"]].to_dict("index") == {
        "left1": {"sign": "leftover", "reason": "是消防通道"}
    }
    assert rejected.area["left1"] > 300
    retire(client, "a1", 1)
    assert store.read_city("grid-town").layer("stock_assets").index.tolist() == ["x1"]


def test_what_the_next_analysis_has_read_is_no_edit_any_more(client, store):
    put(client, "a1", 0, values={"name": "车棚一号"})
    new(client)
    before = {one["id"]: one["edited"] for one in get(client, STOCK)["items"]}
    assert before == {"a1": True, "left1": False, "x1": True}
    city = store.read_city("grid-town")
    analysis = grid_analysis(data_version="v2", city=city)
    store.save_analysis(analysis)
    try:
        after = {one["id"]: one for one in get(client, STOCK)["items"]}
        assert {key: one["edited"] for key, one in after.items()} == {"a1": False, "left1": False}
        assert after["a1"]["revision"] == 1  # and is edited from there
        assert (
            after["a1"]["name"] == "老车棚"
        )  # as this world's analysis says, which is made by hand
        assert put(client, "a1", 1, values={"name": "车棚二号"}).json()["revision"] == 2
        assert get(client, f"{STOCK}/a1")["name"] == "车棚二号"
    finally:
        store.save_analysis(grid_analysis())


def test_two_who_edit_at_once_are_one_after_the_other(client):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda n: put(client, "a1", 0, values={"name": f"棚{n}"}), range(6))
        )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 412, 412, 412, 412, 412]
    assert [one["revision"] for one in get(client, f"{STOCK}/a1/history")["items"]] == [1]


def test_the_sheet_of_a_neighbourhood_sees_the_register_as_it_is_now(client):
    def sheet(place):
        told = get(client, f"{CITY}/neighbourhoods/{place}")["stock"]
        return {one["id"]: (one["inside"], one["kinds"], one["edited"]) for one in told}

    assert sheet("n0-1") == {"a1": (True, ["library"], False)}
    assert sheet("n0-0") == {"left1": (True, [], False)}
    new(
        client,
        values={"kind": "物业用房", "asset_type": "房屋", "floor_m2": 3000, "own_entrance": "是"},
    )
    retire(client, "a1", 0)
    judge(client, "left1", "reject")
    assert sheet("n0-0") == {}
    assert set(sheet("n0-1")) == {"x1"}
    assert sheet("n0-1")["x1"][0]


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "rubbish"},
        {"cursor": "eyJpZCI6IDV9"},
        {"cursor": "eyJpZCI6ICJhXHUwMDAwIn0"},
        {"min_confidence": "nan"},
        {"limit": "0"},
        {"kind": "a\x00b"},
        {"q": "x" * 300},
        {"verdict": "maybe"},
    ],
)
def test_questions_that_make_no_sense_are_refused(client, query):
    answer = client.get(STOCK, params=query)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "geometry",
    [
        '{"type": "Point"}',
        '{"type": "Point", "coordinates": ["a", "b"]}',
        '{"type": "Point", "coordinates": [NaN, 30]}',
        '{"type": "Point", "coordinates": [1e400, 30]}',
        '{"type": "Point", "coordinates": []}',
        '{"type": "Point", "coordinates": null}',
        '{"type": "Polygon", "coordinates": [[[114, 30], [115, 30]]]}',
        '{"type": "Polygon", "coordinates": [[[114, 30], [114, 30], [114, 30], [114, 30]]]}',
        '{"type": ["Point"], "coordinates": [114, 30]}',
        '{"type": "GeometryCollection", "geometries": []}',
        '{"coordinates": [114, 30]}',
        "{}",
        "null",
        '"POINT (114 30)"',
    ],
)
def test_places_that_are_none_are_refused(client, geometry):
    body = f'{{"id": "odd", "author": "王工", "values": {{"name": "x"}}, "geometry": {geometry}}}'
    answer = client.post(STOCK, content=body.encode())
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "values",
    [
        '{"name": {"a": 1}, "kind": ["x"]}',
        '{"floor_m2": NaN}',
        '{"floor_m2": 1e400}',
        '{"floor_m2": -5}',
        '{"na\\u0000me": "x"}',
        '{"name": "a\\u0001b"}',
        '{"photos": "javascript:alert(1)"}',
        '{"revision": 7}',
        '{"floor_level": 1e30}',
        "[]",
        "5",
    ],
)
def test_values_that_are_none_are_refused(client, values):
    body = f'{{"author": "王工", "values": {values}}}'
    answer = client.put(f"{STOCK}/a1", content=body.encode(), headers={"If-Match": '"0"'})
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("seen", ["0", '"x"', '"99999999999"', "*", '"0", "1"'])
def test_an_etag_that_is_none_is_refused(client, seen):
    body = {"author": "王工", "values": {"name": "x"}}
    answer = client.put(f"{STOCK}/a1", json=body, headers={"If-Match": seen})
    assert answer.status_code == 400, answer.text
