"""The page's types say what the API really answers."""

import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

API = Path(__file__).resolve().parents[2] / "web" / "src" / "api"
TYPES = [API / name for name in ("types.ts", "stockTypes.ts", "sitingTypes.ts")]


def fields_of(interface: str) -> set[str]:
    """Names that every object of a TypeScript interface must have, inherited ones too."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in TYPES)
    found = re.search(
        rf"export interface {interface}(?: extends (\w+))? \{{\n(.*?)\n\}}", text, re.DOTALL
    )
    assert found, f"{API} has no interface {interface}"
    own = set(re.findall(r"^  (\w+):", found[2], re.MULTILINE))
    return own | (fields_of(found[1]) if found[1] else set())


@pytest.fixture(scope="module")
def ask(site):
    with httpx.Client(base_url=f"{site}/api/v1") as client:
        (city,) = client.get("/cities").json()["items"]

        def get(path: str):
            answer = client.get(path.replace("{city}", quote(city["id"])))
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield get


@pytest.fixture(scope="module")
def sheets(ask):
    """Every sheet of the city: together they have some of everything."""
    rows = ask("/cities/{city}/neighbourhoods?limit=1000")["items"]
    return [ask(f"/cities/{{city}}/neighbourhoods/{quote(row['id'])}") for row in rows]


@pytest.mark.parametrize(
    ("interface", "path"),
    [
        ("CityItem", "/cities"),
        ("CatalogueKind", "/cities/{city}/catalogue"),
        ("TileLayer", "/cities/{city}/layers"),
        ("RankingRow", "/cities/{city}/neighbourhoods"),
        ("Coverage", "/cities/{city}/gaps"),
        ("KindStatus", "/cities/{city}/gaps/kindergarten"),
        ("District", "/cities/{city}/districts"),
        ("Stock", "/cities/{city}/stock"),
    ],
)
def test_every_item_of_a_list_has_the_fields_that_the_page_reads(ask, interface, path):
    answer = ask(path)
    items = answer["kinds"] if interface == "CatalogueKind" else answer["items"]
    assert items
    for item in items:
        assert not fields_of(interface) - item.keys()


def test_a_city_has_the_fields_that_the_page_reads(ask):
    city = ask("/cities/{city}")
    assert not fields_of("City") - city.keys()
    assert city["parameters"]
    for parameter in city["parameters"]:
        assert not fields_of("Parameter") - parameter.keys()
    for note in city["notes"]:
        assert not fields_of("Note") - note.keys()
    layers = ask("/cities/{city}/catalogue")["layers"]
    assert {"block", "c5", "c10", "c15"} <= layers.keys()
    for layer in layers.values():
        assert not fields_of("CatalogueLayer") - layer.keys()


@pytest.mark.parametrize(
    ("interface", "part"),
    [
        ("Gap", "gaps"),
        ("Gate", "gates"),
        ("Circle", "circles"),
        ("StockNear", "stock"),
        ("Neighbour", "neighbours"),
    ],
)
def test_every_part_of_a_sheet_has_the_fields_that_the_page_reads(sheets, interface, part):
    items = [item for sheet in sheets for item in sheet[part]]
    assert items
    for item in items:
        assert not fields_of(interface) - item.keys()


def test_every_sheet_has_the_fields_that_the_page_reads(sheets):
    for sheet in sheets:
        assert not fields_of("Sheet") - sheet.keys()
        for finding in sheet["eligibility"]["findings"]:
            assert not fields_of("Finding") - finding.keys()
    districts = [sheet["district"] for sheet in sheets if sheet["district"]]
    assert districts
    for district in districts:
        assert not fields_of("District") - district.keys()


def test_a_stock_asset_tells_the_gaps_that_it_could_close(ask):
    listed = ask("/cities/{city}/stock?limit=1000")["items"]
    useful = next(item for item in listed if item["fit_count"] > 0)
    asset = ask(f"/cities/{{city}}/stock/{quote(useful['id'])}")
    assert len(asset["fits"]) == useful["fit_count"]
    for fit in asset["fits"]:
        assert not fields_of("StockFit") - fit.keys()


def test_what_could_go_where_has_the_fields_that_the_page_reads(ask):
    listed = ask("/cities/{city}/stock?limit=1000")["items"]
    useful = max(listed, key=lambda item: item["fit_count"])
    path = f"/cities/{{city}}/stock/{quote(useful['id'])}"
    asset, kinds = ask(path), ask(f"{path}/kinds")["items"]
    assert asset["documents"]
    for document in asset["documents"]:
        assert not fields_of("StockDocument") - document.keys()
    for kind in kinds:
        assert not fields_of("HeldKind") - kind.keys()
        for gap in kind["gaps"]:
            assert not fields_of("ClosedGap") - gap.keys()
    fit = asset["fits"][0]
    sites = ask(
        f"/cities/{{city}}/gaps/{fit['kind']}/sites?neighbourhood={fit['neighbourhood_id']}"
    )
    assert sites["items"]
    for site in sites["items"]:
        assert not fields_of("GapSite") - site.keys()


def test_what_is_drawn_carries_what_the_map_reads(ask, sheets):
    circles = ask(f"/cities/{{city}}/neighbourhoods/{quote(sheets[0]['id'])}/life-circles")
    assert {feature["properties"]["layer"] for feature in circles["features"]} == {
        "c5",
        "c10",
        "c15",
    }
    reached = ask(f"/cities/{{city}}/neighbourhoods/{quote(sheets[0]['id'])}/facilities")
    assert reached["features"]
    for feature in reached["features"]:
        assert {"kind", "name", "distance_m"} <= feature["properties"].keys()
        assert feature["geometry"]["type"] == "Point"
    heat = ask("/cities/{city}/layers/heatmap?limit=5000")["features"]
    assert all(feature["properties"]["person_gaps"] >= 0 for feature in heat)
