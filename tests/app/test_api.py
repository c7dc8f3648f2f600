"""Every address of the API on a small town."""

import httpx
import pytest
from grid_town import grid_analysis

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis

CITY = "/api/v1/cities/grid-town"


@pytest.fixture(scope="module")
def client(database_url, store, serving):
    store.save_analysis(grid_analysis())
    with (
        serving(create_app(Settings(database_url=database_url))) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def _get(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_list_of_cities_tells_where_each_lies(client):
    (city,) = _get(client, "/api/v1/cities")["items"]
    assert city["id"] == "grid-town"
    assert city["name"] == "Grid town"
    assert city["data_version"] == "v1"
    assert city["neighbourhoods"] == 9
    assert city["persons"] == 900
    west, south, east, north = city["bounds"]
    assert 113 < west < east < 115
    assert 30 < south < north < 31


def test_a_city_tells_its_summary_notes_parameters_and_report(client):
    city = _get(client, CITY)
    assert city["summary"] == {"neighbourhoods": {"count": 1}}
    assert city["notes"][0]["text_zh"] == "示例"
    assert {"room", "key", "value", "unit", "zh", "en", "source", "confidence"} <= set(
        city["parameters"][0]
    )
    report = city["import_report"]["layers"][0]
    assert report["read"] == report["loaded"] + report["refused"] + report["merged"]
    assert report["refusals"][0]["why"] == "empty_geometry"
    assert "几何" in report["refusals"][0]["why_zh"]


def test_the_catalogue_names_every_kind_in_both_languages(client):
    catalogue = _get(client, f"{CITY}/catalogue")
    assert catalogue["layers"]["c5"]["limit_m"] == 300
    assert len(catalogue["kinds"]) > 30
    assert all(kind["zh"] and kind["en"] for kind in catalogue["kinds"])


def test_the_layers_are_counted_and_their_tiles_addressed(client):
    layers = {layer["name"]: layer for layer in _get(client, f"{CITY}/layers")["items"]}
    assert layers["neighbourhoods"]["count"] == 9
    assert layers["neighbourhoods"]["group"] == "results"
    assert layers["neighbourhoods"]["tiles"].startswith("/api/v1/tiles/grid-town/v1/")
    assert layers["population"]["tiles"] is None
    assert "gaps" not in layers


def test_the_dictionary_explains_columns(client):
    columns = _get(client, "/api/v1/dictionary")["results"]["neighbourhoods"]["columns"]
    assert columns["households"]["unit"] == "households"
    assert columns["gap_index"]["zh"] == "缺口指数"


def test_features_come_page_by_page_without_loss(client):
    seen, path = [], f"{CITY}/layers/buildings?limit=4"
    while path:
        answer = client.get(path)
        seen += [feature["id"] for feature in answer.json()["features"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert seen == sorted(f"b{c}-{r}" for c in range(3) for r in range(3))


def test_features_of_a_box_only(client):
    cells = _get(client, f"{CITY}/layers/cells")["features"]
    ring = cells[0]["geometry"]["coordinates"][0]
    middle = [sum(place[i] for place in ring[:4]) / 4 for i in (0, 1)]
    box = ",".join(str(value) for value in (*middle, *middle))
    found = _get(client, f"{CITY}/layers/cells?bbox={box}")
    assert [feature["id"] for feature in found["features"]] == ["n0-0"]
    assert found["features"][0]["properties"] == {"area_m2": 10_000.0}


@pytest.mark.parametrize(
    "bbox", ["1,2,3", "a,b,c,d", "3,2,1,4", "0,0,nan,1", "0,0,200,1", "0,0,1,91", ""]
)
def test_a_broken_box_is_refused(client, bbox):
    assert _get(client, f"{CITY}/layers/cells?bbox={bbox}", 400)["code"] == "bad-request"


def test_the_ranking_puts_the_neediest_first_and_pages_without_loss(client):
    whole = _get(client, f"{CITY}/neighbourhoods")
    assert whole["total"] == 9
    indices = [item["gap_index"] for item in whole["items"]]
    assert indices == sorted(indices, reverse=True)
    assert whole["items"][0]["rank"] == 1
    for sort in ("gap_index", "name", "households", "persons"):
        for order in ("asc", "desc"):
            expected = _get(client, f"{CITY}/neighbourhoods?sort={sort}&order={order}")["items"]
            seen, path = [], f"{CITY}/neighbourhoods?sort={sort}&order={order}&limit=2"
            while path:
                answer = client.get(path)
                seen += answer.json()["items"]
                path = answer.links["next"]["url"] if "next" in answer.links else None
            assert seen == expected


def test_the_ranking_is_filtered_by_text_and_eligibility(client):
    found = _get(client, f"{CITY}/neighbourhoods?q=2-1")
    assert [item["id"] for item in found["items"]] == ["n2-1"]
    assert _get(client, f"{CITY}/neighbourhoods?q=%25")["total"] == 0
    assert _get(client, f"{CITY}/neighbourhoods?eligibility=excluded")["total"] == 0
    assert _get(client, f"{CITY}/neighbourhoods?eligibility=eligible,unknown")["total"] == 9
    assert _get(client, f"{CITY}/neighbourhoods?eligibility=rich", 400)["code"] == "bad-request"


def test_the_sheet_tells_everything_about_one_neighbourhood(client):
    sheet = _get(client, f"{CITY}/neighbourhoods/n0-1")
    assert sheet["name"] == "0-1小区"
    assert sheet["facts"]["year_built"] == 1980
    assert sheet["facts"]["households"] is None
    assert sheet["eligibility"]["findings"][0]["rule"] == "A01"
    assert sheet["gates"][0]["source"] == "mapped"
    assert [gap["status"] for gap in sheet["gaps"]] == ["missing", "missing", "present"]
    nearest = {gap["kind"]: gap["facility_name"] for gap in sheet["gaps"]}
    assert nearest == {"kindergarten": "Kindergarten", "library": None, "wet_market": "菜市场"}
    assert [circle["layer"] for circle in sheet["circles"]] == ["c10", "c5"]
    assert sheet["district"]["id"] == "d0"
    assert {"id": "n0-1", "name": "0-1小区"} in sheet["district"]["members"]
    (asset,) = sheet["stock"]
    assert (asset["id"], asset["kinds"], asset["distance_m"]) == ("a1", ["library"], 50)
    assert {neighbour["id"] for neighbour in sheet["neighbours"]} == {"n1-1", "n2-0"}
    assert sheet["data_version"] == "v1"


def test_life_circles_and_reached_facilities_are_geojson(client):
    circles = _get(client, f"{CITY}/neighbourhoods/n0-0/life-circles")["features"]
    assert [circle["properties"]["layer"] for circle in circles] == ["c10", "c5"]
    assert circles[0]["geometry"]["type"] == "Polygon"
    (market,) = _get(client, f"{CITY}/neighbourhoods/n0-0/facilities")["features"]
    assert market["id"] == "f1"
    assert market["properties"]["name"] == "菜市场"
    assert market["geometry"]["type"] == "Point"


def test_coverage_and_who_lacks_a_kind(client):
    (row,) = _get(client, f"{CITY}/gaps")["items"]
    assert (row["persons_covered"], row["persons"]) == (400, 900)
    assert _get(client, f"{CITY}/gaps?area=d1")["items"][0]["area"] == "d1"
    assert _get(client, f"{CITY}/gaps?area=nowhere", 404)["code"] == "not-found"
    library = _get(client, f"{CITY}/gaps/library")
    assert library["kind"] == "library"
    assert {item["status"] for item in library["items"]} == {"missing"}
    assert len(library["items"]) == 9


def test_districts_list_their_members(client):
    districts = _get(client, f"{CITY}/districts")["items"]
    assert {district["id"]: len(district["members"]) for district in districts} == {
        "d0": 6,
        "d1": 3,
    }
    district = _get(client, f"{CITY}/districts/d0")
    assert [neighbour["id"] for neighbour in district["neighbours"]] == ["d1"]
    assert district["coverage"][0]["kind"] == "wet_market"


def test_stock_is_filtered_and_tells_what_it_could_hold(client):
    assert len(_get(client, f"{CITY}/stock")["items"]) == 2
    (asset,) = _get(client, f"{CITY}/stock?source=registered")["items"]
    assert asset["fit_count"] == 1
    assert _get(client, f"{CITY}/stock?pathway=F29")["items"] == []
    whole = _get(client, f"{CITY}/stock/a1")
    assert whole["fits"][0]["neighbourhood_name"] == "0-1小区"
    page = client.get(f"{CITY}/stock?limit=1")
    assert len(client.get(page.links["next"]["url"]).json()["items"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cities/atlantis",
        "/api/v1/cities/atlantis/layers",
        "/api/v1/cities/atlantis/catalogue",
        "/api/v1/cities/atlantis/neighbourhoods",
        f"{CITY}/layers/dragons",
        f"{CITY}/layers/gaps",
        f"{CITY}/neighbourhoods/n9-9",
        f"{CITY}/neighbourhoods/n9-9/life-circles",
        f"{CITY}/neighbourhoods/n9-9/facilities",
        f"{CITY}/gaps/dragon_pond",
        f"{CITY}/districts/d9",
        f"{CITY}/stock/none",
    ],
)
def test_what_does_not_exist_is_a_problem_in_both_languages(client, path):
    problem = _get(client, path, 404)
    assert problem["code"] == "not-found"
    chinese = client.get(path, headers={"Accept-Language": "zh"}).json()
    assert chinese["title"] == "未找到"
    assert chinese["detail"] != problem["detail"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=many", "sort=colour", "order=up", "cursor=x", "cursor=eyJhIjoxfQ", "page=2"],
)
def test_a_parameter_that_cannot_be_read_is_refused(client, query):
    assert _get(client, f"{CITY}/neighbourhoods?{query}", 400)["code"] == "bad-request"


def test_an_id_with_a_slash_as_openstreetmap_has_them_is_one_id(client):
    for path in (
        "/neighbourhoods/way%2F1",
        "/neighbourhoods/way%2F1/life-circles",
        "/neighbourhoods/way%2F1/facilities",
        "/stock/way%2F1",
        "/districts/way%2F1",
    ):
        problem = _get(client, f"{CITY}{path}", status=404)
        assert "way/1" in problem["detail"], path  # the id is looked for, not the address
        assert "openapi" not in problem["detail"], path
