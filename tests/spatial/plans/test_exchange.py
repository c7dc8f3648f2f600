"""Plans as files: what is written is read back, and what does not fit is said."""

import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from squares import squared_ground, striped, unit

from spatial.errors import InputError
from spatial.plans import Assign, Create, Rename, SplitUnit, apply, exchange
from spatial.plans.exchange import SHAPEFILE_NAMES, read_plan, write_plan
from spatial.plans.outlines import district_polygons


@pytest.fixture
def draft():
    moved = apply(striped(), Assign((unit(0, 0),), None)).draft
    return apply(moved, Rename("D2", "滨河片区")).draft


@pytest.mark.parametrize("ending", ["csv", "gpkg", "shp", "geojson"])
def test_a_plan_is_written_and_read_back(draft, tmp_path, ending):
    path = write_plan(draft, tmp_path / f"方案.{ending}")
    found, report = read_plan(path, draft.ground)
    expected = draft.assignment()
    if ending == "geojson":  # districts only: who has none is not named, and stays as it is
        assert report.missing == (unit(0, 0),)
        del expected[unit(0, 0)]
    assert dict(found.assignment) == expected
    assert found.names["D2"] == "滨河片区"
    assert report.matched == len(expected)
    assert not report.unknown
    assert not report.doubled


def test_a_spreadsheet_sees_chinese_and_ids_stay_text(tmp_path):
    path = write_plan(striped(), tmp_path / "plan.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")
    text = pd.read_csv(path, dtype=str)
    assert text.loc[0, "name"] == "0-0小区"


def test_a_shapefile_says_that_its_texts_are_gbk_and_a_rare_character_makes_it_utf_8(
    draft, tmp_path
):
    write_plan(draft, tmp_path / "plan.shp")
    assert (tmp_path / "plan.cpg").read_text() == "GBK"
    assert "滨河".encode("gbk") in (tmp_path / "plan_districts.dbf").read_bytes()
    assert gpd.read_file(tmp_path / "plan_districts.shp").loc[1, "name"] == "滨河片区"
    rare = apply(draft, Rename("D1", "𠮷祥片区")).draft
    write_plan(rare, tmp_path / "rare.shp")
    assert (tmp_path / "rare_districts.cpg").read_text() == "UTF-8"
    assert gpd.read_file(tmp_path / "rare_districts.shp").loc[0, "name"] == "𠮷祥片区"
    assert all(len(name) <= 10 for name in SHAPEFILE_NAMES.values())


def write_rows(path, rows, encoding="utf-8"):
    path.write_text("\n".join(rows), encoding=encoding)
    return path


def test_unknown_doubled_and_missing_ids_are_told(tmp_path):
    ground = squared_ground(2, 2)
    rows = ["小区编码,片区", "n0-0,甲", "n0-1,甲", "n0-1,乙", "n9-9,甲", "n1-0,", "n0-0,甲"]
    path = write_rows(tmp_path / "plan.csv", rows, "gbk")
    found, report = read_plan(path, ground)
    assert dict(found.assignment) == {"n0-0": "甲", "n1-0": None}
    assert (report.rows, report.matched) == (6, 2)
    assert (report.unknown, report.doubled, report.missing) == (("n9-9",), ("n0-1",), ("n1-1",))


def test_of_many_unknown_ids_the_first_hundred_are_shown(tmp_path):
    rows = ["id;district", *(f"x{i};A" for i in range(1000))]
    _, report = read_plan(write_rows(tmp_path / "plan.csv", rows), squared_ground(2, 2))
    told = report.to_record()
    assert (len(told["unknown"]), told["unknown_count"], told["missing_count"]) == (100, 1000, 4)


def test_polygons_of_districts_take_what_lies_in_them(tmp_path):
    ground = squared_ground(4, 2)
    shapes = [shapely.box(-20, -20, 240, 220), shapely.box(240, -20, 420, 220)]
    frame = gpd.GeoDataFrame({"片区": ["甲", "乙"]}, geometry=shapes, crs=4547)
    frame.to_file(tmp_path / "areas.gpkg", layer="x")
    found, _ = read_plan(tmp_path / "areas.gpkg", ground)
    assert found.assignment["n1-0"] == "甲"
    assert found.assignment["n2-1"] == "乙"  # 60 of its 100 m lie there


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("plan.csv", b"", "no table"),
        ("plan.csv", b"a,b\n1,2", "has no column"),
        ("plan.csv", b"\xff\xfe\x00", "neither UTF-8 nor GBK"),
        ("plan.gpkg", b"nonsense", "cannot be read"),
        ("plan.zip", b"nonsense", "no zip file"),
        ("plan.xlsx", b"nonsense", "not `plan.xlsx`"),
        ("plan.csv", b"id,district\nn0-0," + b"x" * 65, "at most 64"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_plan(path, squared_ground(2, 2))
    assert caught.value.message_zh != str(caught.value)


def test_a_zip_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    write_plan(striped(), tmp_path / "plan.shp")
    with zipfile.ZipFile(tmp_path / "plan.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for part in tmp_path.glob("plan.[!z]*"):
            packed.write(part, part.name)
    assert read_plan(tmp_path / "plan.zip", striped().ground)[1].matched == 24
    monkeypatch.setattr(exchange, "MOST_UNPACKED_BYTES", 100)
    with pytest.raises(InputError, match="unpacks to more"):
        read_plan(tmp_path / "plan.zip", striped().ground)


def test_a_plan_is_not_written_as_anything(tmp_path):
    with pytest.raises(InputError, match=r"plan\.doc"):
        write_plan(striped(), tmp_path / "plan.doc")


def test_districts_are_a_valid_coverage_without_slivers_though_cells_are_off_by_rounding():
    draft = apply(striped(), Create("x", (unit(2, 1), unit(2, 2)), "X")).draft
    line = shapely.LineString([(133.3, -20), (171.7, 120)])
    none = gpd.GeoDataFrame({"floor_area_m2": []}, geometry=[], crs=4547)
    draft = apply(draft, SplitUnit(unit(1, 0), line, none, seq=1)).draft
    draft = apply(draft, Assign((f"{unit(1, 0)}~1b",), "D2")).draft
    cells = [  # each cell is off by its own rounding, up to a hundredth of a millimetre
        shapely.transform(cell, lambda xy, at=at: xy + 1e-5 * np.sin(xy * 7 + at))
        for at, cell in enumerate(draft.ground.cells)
    ]
    draft.ground.cells[:] = cells
    found = district_polygons(draft)
    assert shapely.coverage_is_valid(found.geometry.to_numpy())
    whole = shapely.coverage_union_all(found.geometry.to_numpy())
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(24 * 10_000, rel=1e-5)
    assert found.loc["X", "units"] == [unit(2, 1), unit(2, 2)]
    rings = shapely.get_rings(shapely.get_parts(found.geometry.to_numpy()))
    assert (2 * shapely.area(shapely.polygons(rings)) / shapely.length(rings) > 1).all()


def test_a_hole_that_is_no_sliver_stays_open():
    ground = squared_ground(3, 3)
    draft = striped(ground, width=3)
    ground.alive[ground.row_of[unit(1, 1)]] = False
    (outline,) = district_polygons(draft).geometry
    assert len(outline.interiors) == 1


def test_no_district_is_an_empty_file(tmp_path):
    nobody = apply(striped(squared_ground(1, 1), width=1), Assign((unit(0, 0),), None)).draft
    for ending in ("csv", "gpkg", "geojson", "shp"):
        path = write_plan(nobody, tmp_path / f"plan.{ending}")
        found, _ = read_plan(path, nobody.ground) if ending != "geojson" else (None, None)
        assert found is None or dict(found.assignment) == {unit(0, 0): None}
