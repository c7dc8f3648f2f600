"""The register: written and read back unchanged; every row ends somewhere, with words."""

import datetime as dt
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from spatial.city.model import City
from spatial.city.read import read_city
from spatial.dictionary import data_dictionary
from spatial.errors import InputError
from spatial.stock.register import (
    read_register,
    read_values,
    register_duplicates,
    write_register_template,
)
from spatial.stock.register.names import likeness, name_form

ZONE = 4549
X, Y = 600_000.0, 3_300_000.0
COLUMNS = data_dictionary().inputs["stock_assets"].columns
SHEDS = [
    {
        "id": "a1",
        "name": "幸福里车棚",
        "asset_type": "building",
        "kind": "bicycle_shed",
        "ownership": "owners_common",
        "floor_m2": 120.5,
        "own_entrance": True,
        "photos": "https://x.example/1.jpg https://x.example/2.jpg",
        "surveyed_on": "2026-05-01",
        "evidence": "=1+1",
    },
    {"id": "a2", "name": "边角地", "asset_type": "land", "kind": "corner_land", "land_m2": 300.0},
]
SHAPES = [shapely.Point(X, Y), shapely.box(X + 100, Y, X + 120, Y + 15)]


def city_with(records=SHEDS, shapes=SHAPES):
    frame = gpd.GeoDataFrame(pd.DataFrame(records).set_index("id"), geometry=shapes, crs=ZONE)
    streets = gpd.GeoDataFrame(
        {"highway": ["residential"]},
        index=["s"],
        geometry=[shapely.LineString([(X, Y), (X + 500, Y + 500)])],
        crs=ZONE,
    )
    return City.from_layers("t", {"stock_assets": frame, "streets": streets}, crs=ZONE)


def lonlat(x, y):
    point = gpd.GeoSeries([shapely.Point(x, y)], crs=ZONE).to_crs(4490).iloc[0]
    return round(point.x, 7), round(point.y, 7)


def sheet(tmp_path, rows, header=None, name="r.xlsx"):
    header = header or ["资产编号", "名称", "类型", "细类", "建筑面积", "经度", "纬度"]
    book = Workbook()
    page = book.active
    for row in [header, *rows]:
        page.append(row)
    book.save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_register_written_and_read_back_is_unchanged(tmp_path, ending):
    city = city_with()
    path = write_register_template(tmp_path / f"r.{ending}", assets=city.layer("stock_assets"))
    found = read_register(path, city)
    assert found.rows["state"].tolist() == ["unchanged", "unchanged"]
    assert found.issues.empty
    assert found.unused == ()
    empty = city_with(SHEDS[:1], SHAPES[:1])
    anew = read_register(path, empty)
    assert anew.rows["state"].tolist() == ["unchanged", "added"]
    land = anew.frame.loc["a2"]
    assert (land["kind"], land["land_m2"]) == ("corner_land", 300)
    assert shapely.hausdorff_distance(land.geometry, SHAPES[1]) < 0.05


def test_a_register_of_a_geopackage_is_read_by_its_columns(tmp_path):
    city = city_with()
    layer = city.layer("stock_assets").assign(id=lambda f: f.index).reset_index(drop=True)
    changed = layer.assign(name=["幸福里车棚", "街角空地"])
    changed.to_file(tmp_path / "r.gpkg", layer="stock_assets", engine="pyogrio")
    found = read_register(tmp_path / "r.gpkg", city)
    assert found.rows[["id", "state", "columns"]].values.tolist() == [
        ["a1", "unchanged", ""],
        ["a2", "changed", "name"],
    ]
    assert found.frame.loc["a2", "land_m2"] == 300  # the whole entry


def test_the_template_explains_every_column_and_offers_every_value(tmp_path):
    path = write_register_template(tmp_path / "t.xlsx")
    book = load_workbook(path)
    head = [cell.value for cell in book["登记表"][1]]
    explained = {row[5].value for row in book["填写说明"].iter_rows(min_row=2)} - {"", None}
    people_fill = {name for name in COLUMNS if name not in ("origin", "revision")}
    assert explained == people_fill
    assert {COLUMNS[name].zh for name in people_fill} <= set(head)
    offered = book["登记表"].data_validations.dataValidation
    assert sum(rule.type == "list" for rule in offered) == 8  # five lists, three yes or no
    lists = {str(cell.value) for column in book["可选值"].columns for cell in column[1:]}
    for name in people_fill:
        for word in COLUMNS[name].values:
            read, issues = read_values({name: word})
            assert (read[name], issues) == (word, [])
    for word in lists - {"None", "是", "否"}:
        assert any(
            read_values({name: word})[0][name] for name in people_fill if COLUMNS[name].values
        )


def test_every_row_ends_somewhere_and_every_refusal_has_row_column_value_and_cure(tmp_path):
    lon, lat = lonlat(X + 300, Y)
    rows = [
        ["a1", "幸福里车棚", "房屋", "自行车棚", 130, *lonlat(X, Y)],
        ["n1", "活动室", "房屋", "物业用房", "80平米", lon, lat],
        [],
        ["n2", "飞碟站", "房屋", "飞碟", 80, lon, lat],
        ["n3", "无处", "房屋", "地下室", 80, None, None],
        ["n4", "太远", "房屋", "地下室", 80, 10.0, 50.0],
        ["n1", "又一个", "房屋", "地下室", 80, lon, lat],
        ["left:9", "线索", "土地", "边角地", None, lon, lat],
        ["n5", "负数", "房屋", "地下室", -5, lon, lat],
    ]
    found = read_register(sheet(tmp_path, rows), city_with())
    assert found.rows[["row", "id", "state"]].values.tolist() == [
        ["2", "a1", "changed"],
        ["3", "n1", "added"],
        ["5", "n2", "refused"],
        ["6", "n3", "refused"],
        ["7", "n4", "refused"],
        ["8", "n1", "refused"],
        ["9", "left:9", "refused"],
        ["10", "n5", "refused"],
    ]
    assert found.rows["columns"][0] == "floor_m2"
    issues = found.issues.set_index("row")
    assert issues["column"].to_dict() == {
        "5": "kind",
        "6": "geometry",
        "7": "geometry",
        "8": "id",
        "9": "id",
        "10": "floor_m2",
    }
    assert "飞碟" in issues.loc["5", "zh"]
    assert "自行车棚" in issues.loc["5", "zh"]  # what may be written instead
    assert "50 km" in issues.loc["7", "en"]
    assert "第 3 行" in issues.loc["8", "zh"]
    assert issues[["zh", "en"]].notna().all().all()
    assert found.frame.index.tolist() == ["a1", "n1"]
    assert found.frame.loc["n1", "floor_m2"] == 80
    counted = {state: found.count(state) for state in ("added", "changed", "unchanged", "refused")}
    assert sum(counted.values()) == len(found.rows) == 8


def test_an_entry_without_an_id_is_the_same_entry_the_next_time(tmp_path):
    rows = [[None, "新活动室", "房屋", "物业用房", 80, *lonlat(X + 300, Y)]]
    path = sheet(tmp_path, rows)
    first = read_register(path, city_with())
    key = first.frame.index[0]
    assert key.startswith("made-")
    there = pd.concat([city_with().layer("stock_assets"), first.frame])
    again = City.from_layers("t", {"stock_assets": there}, crs=ZONE)
    assert read_register(path, again).rows["state"].tolist() == ["unchanged"]


def test_an_empty_cell_leaves_what_the_register_says(tmp_path):
    rows = [["a1", None, None, None, None, *lonlat(X, Y)]]
    found = read_register(sheet(tmp_path, rows), city_with())
    assert found.rows["state"].tolist() == ["unchanged"]
    unknown = sheet(
        tmp_path, [["a1", "未知", *lonlat(X, Y)]], ["资产编号", "权属类型", "经度", "纬度"]
    )
    said = read_register(unknown, city_with())
    assert said.rows[["state", "columns"]].values.tolist() == [["changed", "ownership"]]


def test_coordinates_of_a_map_service_are_set_right(tmp_path):
    lon, lat = lonlat(X + 300, Y)
    header = ["资产编号", "名称", "细类", "高德经度", "高德纬度"]
    plain = read_register(
        sheet(
            tmp_path,
            [["n", "室", "地下室", lon, lat]],
            ["资产编号", "名称", "细类", "经度", "纬度"],
        ),
        city_with(),
    )
    shifted = read_register(sheet(tmp_path, [["n", "室", "地下室", lon, lat]], header), city_with())
    moved_m = plain.frame.geometry["n"].distance(shifted.frame.geometry["n"])
    assert 100 < moved_m < 1_000


def test_a_file_that_is_no_register_says_what_it_should_be(tmp_path):
    (tmp_path / "r.xlsx").write_bytes(b"PK not really")
    with pytest.raises(InputError, match="cannot be opened as an Excel file"):
        read_register(tmp_path / "r.xlsx", city_with())
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no header"):
        read_register(tmp_path / "r.csv", city_with())
    (tmp_path / "r.docx").write_bytes(b"")
    with pytest.raises(InputError, match="a register is read from"):
        read_register(tmp_path / "r.docx", city_with())
    with pytest.raises(InputError, match=r"written as \.xlsx or \.csv"):
        write_register_template(tmp_path / "t.pdf")


def test_an_excel_file_that_unpacks_to_too_much_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in range(3):
            packed.writestr(f"xl/media/{part}", b"0" * 100_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpacks to 300 MB"):
        read_register(path, city_with())


def test_a_filled_template_is_a_source_of_a_city_too(tmp_path):
    path = write_register_template(
        tmp_path / "stock.csv", assets=city_with().layer("stock_assets").iloc[:1]
    )
    city = read_city([f"stock_assets={path}"], zone=ZONE)
    read = city.layer("stock_assets").iloc[0]
    assert (read["kind"], read["ownership"], read["floor_m2"]) == (
        "bicycle_shed",
        "owners_common",
        120.5,
    )


@pytest.mark.parametrize(
    ("column", "given", "expected"),
    [
        (
            "photos",
            "https://a.example/1.jpg;http://b.example/2.png",
            "https://a.example/1.jpg http://b.example/2.png",
        ),
        ("photos", "javascript:alert(1)", None),
        ("photos", "https://user:pw@a.example/1.jpg", None),
        ("photos", 'https://a.example/"><script>', None),
        ("links", "ftp://a.example/x", None),
        ("surveyed_on", "2026年5月1日", "2026-05-01"),
        ("surveyed_on", dt.datetime(2026, 5, 1, 8), "2026-05-01"),  # noqa: DTZ001
        ("surveyed_on", "2026-13-01", None),
        ("own_entrance", "无", False),
        ("floor_level", "-1层", None),
        ("floor_level", -1, -1),
        ("floor_level", 1.5, None),
        ("floor_m2", "2亩", 1_333.333333),
        ("name", "x" * 501, None),
        ("name", "sh\x0bed", None),
        ("name", "two\nlines", "two\nlines"),
        ("ownership", "未知", "unknown"),
        ("kind", "乱堆乱放清理地", "cleared_storage"),
    ],
)
def test_values_are_read_where_they_are_clear_and_refused_with_words_where_not(
    column, given, expected
):
    read, issues = read_values({column: given})
    assert read[column] == expected
    assert [issue.column for issue in issues] == ([] if expected is not None else [column])


def test_a_column_that_the_register_does_not_have_is_an_issue_of_its_own():
    assert read_values({"colour": "red"})[1][0].column == "colour"


def pairs(rows):
    frame = gpd.GeoDataFrame(
        {
            "name": [row[0] for row in rows],
            "floor_level": pd.array([row[1] for row in rows], dtype="Int64"),
        },
        index=[f"r{number}" for number in range(len(rows))],
        geometry=[row[2] for row in rows],
        crs=ZONE,
    )
    found = register_duplicates(frame)
    return list(zip(found["one"], found["other"], found["why"], strict=True))


def test_pairs_by_place_by_name_and_by_both():
    at = shapely.Point
    assert pairs([("甲", None, at(0, 0)), ("乙", None, at(10, 0))]) == [("r0", "r1", "place")]
    assert pairs([("甲", None, at(0, 0)), ("乙", None, at(16, 0))]) == []
    assert pairs([("平安里活动室", None, at(0, 0)), ("平安里 活动室", None, at(200, 0))]) == [
        ("r0", "r1", "name")
    ]
    assert pairs([("平安里活动室", None, at(0, 0)), ("平安里活动室", None, at(1, 0))]) == [
        ("r0", "r1", "both")
    ]
    assert pairs([("平安里活动室", None, at(0, 0)), ("平安里活动室", None, at(400, 0))]) == []


def test_rooms_on_two_floors_and_things_named_by_their_kind_are_no_pair():
    at = shapely.Point
    assert pairs([("甲", 1, at(0, 0)), ("乙", 2, at(0, 0))]) == []
    assert pairs([("自行车棚", None, at(0, 0)), ("自行车棚", None, at(100, 0))]) == []
    assert pairs([("幸福里3号车棚", None, at(0, 0)), ("幸福里4号车棚", None, at(100, 0))]) == []


def test_outlines_are_a_pair_by_what_they_share_not_by_touching():
    one, beside = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    assert pairs([("甲", None, one), ("乙", None, beside)]) == []
    assert pairs([("甲", None, one), ("乙", None, shapely.box(4, 0, 14, 10))]) == [
        ("r0", "r1", "place")
    ]
    assert pairs([("甲", None, one), ("乙", None, shapely.Point(5, 5))]) == [("r0", "r1", "place")]


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_symmetric_between_0_and_1_and_1_of_the_same_name(one, other):
    a, b = name_form(one), name_form(other)
    assert likeness(a, b) == likeness(b, a)
    assert 0 <= likeness(a, b) <= 1
    assert likeness(a, a) == (1.0 if a else 0.0)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=10))
def test_points_are_a_pair_exactly_where_they_are_near(places):
    rows = [(f"名{number}", None, shapely.Point(x, y)) for number, (x, y) in enumerate(places)]
    expected = {
        (f"r{i}", f"r{j}")
        for i, one in enumerate(places)
        for j, other in enumerate(places)
        if i < j and (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 <= 225
    }
    assert {(one, other) for one, other, _ in pairs(rows)} == expected
