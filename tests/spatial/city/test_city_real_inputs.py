"""Every real input is read in one call, with the counts of ``scripts/make_import_golden.py``."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import pytest

from spatial.city import read_city

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("import_*.json"))

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def counts():
    path = ROOT / "scripts" / "make_import_golden.py"
    spec = importlib.util.spec_from_file_location("make_import_golden", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.counts


@pytest.fixture(scope="module")
def real_city(shared_data):
    """Read each city once for all tests of this file."""
    return cache(lambda name: read_city([shared_data / name]))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_a_real_folder_is_read_with_the_golden_counts(golden, counts, real_city):
    city = real_city(golden.stem.removeprefix("import_"))
    assert counts(city) == json.loads(golden.read_text(encoding="utf-8"))


def test_porto_alegre_has_streets_elevation_and_people(real_city):
    city = real_city("porto-alegre")
    elevation = city.rasters["elevation"]
    assert elevation.values.shape == (403, 413)
    assert elevation.unit == "m"
    assert 0 <= elevation.values.min() < elevation.values.max() < 400
    assert len(city.layer("population")) == 1227
    assert city.layer("population").persons.sum() == 812_935
    assert len(city.layer("streets")) > 15_000


def test_hangzhou_says_that_it_has_no_streets(real_city):
    city = real_city("hangzhou-west")
    assert len(city.layer("neighbourhoods")) == 1445
    assert city.layer("neighbourhoods").name.notna().sum() == 923
    assert "no_streets" in [note.key for note in city.report.warnings]


def test_wuhan_takes_one_street_file_and_says_so(real_city):
    city = real_city("wuhan")
    assert len(city.layer("streets")) == 92_667
    assert city.layer("streets").length.sum() == pytest.approx(7_185_000, rel=1e-3)
    homes = city.layer("neighbourhoods")
    assert len(homes) == 776
    assert set(homes.geom_type) == {"Point"}
    assert homes.name.isna().all()
    left_out = [note.text_en for note in city.report.notes if note.key == "left_out"]
    assert left_out == [
        "streets_simplified.parquet is left out: streets.parquet already gives layer `streets`; "
        "name it to read it."
    ]


def test_singapore_blocks_carry_year_floors_and_households(real_city):
    city = real_city("singapore-hdb")
    blocks = city.layer("buildings")
    homes = blocks[blocks.use == "residential"]
    refused = next(part for part in city.report.layers if part.layer == "buildings").refusals
    assert [refusal.why for refusal in refused] == ["zero_coordinates"] * 3
    assert len(homes) == 10_312 - 1  # one residential block lies at longitude 0, latitude 0
    assert (homes.year_built.min(), homes.year_built.max()) == (1937, 2022)
    assert len(city.layer("admin_areas")) == 332
    assert city.layer("facilities").kind.value_counts().to_dict() == {
        "bus_stop": 5083,
        "food_market": 125,
    }


def test_harbin_without_coordinates_is_refused_with_the_way_out(shared_data):
    from spatial.errors import InputError

    with pytest.raises(InputError, match=r"xiaoqu\.csv has no coordinates.*geocode"):
        read_city([f"neighbourhoods={shared_data / 'harbin' / 'xiaoqu.csv'}"])


def test_the_dirty_numbers_of_harbin_are_read_or_missing_never_guessed(shared_data):
    from spatial.city.tables import read_csv
    from spatial.city.text_values import is_blank, parse_number

    table = read_csv(shared_data / "harbin" / "xiaoqu.csv")
    assert len(table) == 689
    households = [parse_number(cell, "households") for cell in table["door_count"]]
    buildings = [parse_number(cell) for cell in table["buiding_count"]]
    assert households[0] == 3005
    assert buildings[0] == 65
    for cell, number in zip(table["door_count"], households, strict=True):
        digits = "".join(c for c in str(cell) if c.isdigit())
        assert (number is None) == (not digits or is_blank(cell))
        assert number is None or number == int(digits)
    assert all(parse_number(cell, "m2") is None for cell in table["property_costs"] if "至" in cell)


def test_boundaries_in_gcj02_are_moved_when_declared(shared_data):
    path = shared_data / "admin" / "boundaries_gcj02" / "110108.geojson"
    as_is, moved = read_city([path]), read_city([path], shifted="gcj02")
    area = moved.layer("admin_areas").iloc[0]
    assert (area.code, area.level) == ("110108000000", "county")
    centre = as_is.layer("admin_areas").centroid.iloc[0]
    assert 300 < centre.distance(area.geometry.centroid) < 700
