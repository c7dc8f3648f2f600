"""Input tables without geometry: residents' votes from CSV, Excel and GeoPackage."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.city.model import City
from spatial.city.read import read_city
from spatial.city.write import write_city
from spatial.errors import InputError, LayerError
from spatial.fingerprint import fingerprint
from spatial.standards import read_profile

CSV = "小区名称,需求设施,票数,受访户数\n东园,幼儿园,32,60\n东园,社区食堂,,60\n西园,公园绿地,12,\n"


@pytest.fixture
def plan(tmp_path):
    """A file with two neighbourhoods; votes go beside it."""
    frame = gpd.GeoDataFrame(
        {"id": ["n1", "n2"], "name": ["东园", "西园"]},
        geometry=[shapely.box(x, 30.0, x + 0.002, 30.002) for x in (120.0, 120.01)],
        crs=4490,
    )
    frame.to_file(tmp_path / "neighbourhoods.geojson", driver="GeoJSON")
    return tmp_path


def test_votes_of_a_csv_file_are_read_with_chinese_headings(plan):
    (plan / "居民需求.csv").write_bytes(CSV.encode("gb18030"))
    city = read_city([plan])
    votes = city.table("demand_votes")
    assert votes["neighbourhood_id"].tolist() == ["东园", "东园", "西园"]
    assert votes["votes"].isna().tolist() == [False, True, False]
    assert votes["households_asked"].isna().tolist() == [False, False, True]
    report = next(r for r in city.report.layers if r.layer == "demand_votes")
    assert (report.read, report.loaded) == (3, 3)


def test_a_sheet_may_be_named_and_columns_described(plan):
    table = pd.DataFrame({"Estate": ["n1"], "What": ["bank"], "N": [7]})
    table.to_excel(plan / "survey.xlsx", sheet_name="Tabelle1", index=False)
    (plan / "linli.yaml").write_text(
        "files:\n  survey.xlsx:\n    layer: demand_votes\n"
        "    columns: {neighbourhood_id: Estate, kind: What, votes: N}\n"
    )
    votes = read_city([plan]).table("demand_votes")
    assert votes[["neighbourhood_id", "kind", "votes"]].to_numpy().tolist() == [["n1", "bank", 7]]


def test_a_form_with_a_title_and_a_column_for_each_kind_is_read(plan):
    rows = [
        ["某街道居民需求调查表", None, None, None, None, None],
        ["序号", "小区名称", "受访户数", "幼儿园", "社区食堂", "备注"],
        [1, "东园", 60, 32, None, "入户"],
        [2, "西园", 40, 0, 18, None],
    ]
    pd.DataFrame(rows).to_excel(plan / "居民需求调查.xlsx", header=False, index=False)
    votes = read_city([plan]).table("demand_votes")
    found = votes[["neighbourhood_id", "kind", "votes", "households_asked"]].to_numpy().tolist()
    assert found == [
        ["东园", "幼儿园", 32, 60],
        ["西园", "幼儿园", 0, 40],
        ["西园", "社区食堂", 18, 40],
    ]
    assert votes.index.tolist()[0] == "1:幼儿园"


def test_two_files_stand_together_and_their_rows_stay_apart(plan):
    for name in ("a.csv", "b.csv"):
        (plan / name).write_text(CSV)
    city = read_city([plan, f"demand_votes={plan / 'a.csv'}", f"demand_votes={plan / 'b.csv'}"])
    assert city.table("demand_votes").index.tolist()[::3] == ["a.csv:1", "b.csv:1"]
    assert len(city.table("demand_votes")) == 6


def test_a_table_without_the_columns_that_matter_is_refused_with_those_it_has(plan):
    (plan / "votes.csv").write_text("Estate,What,N\nn1,bank,7\n")
    with pytest.raises(InputError, match=r"neighbourhood_id.*Estate, What, N") as refused:
        read_city([plan, plan / "votes.csv"])
    assert "应有一行是列名" in refused.value.message_zh
    note = next(n for n in read_city([plan]).report.notes if n.key == "left_out")
    assert "votes.csv" in note.text_en


def test_a_written_city_comes_back_with_its_votes_and_they_matter_to_the_version(plan):
    (plan / "votes.csv").write_text(CSV)
    city = read_city([plan])
    back = read_city([write_city(city, plan / "city.gpkg")])
    pd.testing.assert_frame_equal(back.table("demand_votes"), city.table("demand_votes"))
    choices = (read_profile("national"), {"year": 2026}, "0.1.0")
    assert fingerprint(back, *choices) == fingerprint(city, *choices)
    fewer = city.with_tables(demand_votes=city.table("demand_votes").iloc[1:])
    assert fingerprint(fewer, *choices) != fingerprint(city, *choices)
    moved = fewer.with_layers(neighbourhoods=city.layer("neighbourhoods"))
    assert len(moved.table("demand_votes")) == 2


def test_a_city_without_votes_has_an_empty_table_and_unknown_tables_are_named():
    city = City.from_layers("demo", {}, crs=4547)
    assert city.table("demand_votes").empty
    with pytest.raises(LayerError, match="demand_votes"):
        city.table("opinions")
    with pytest.raises(LayerError, match="opinions"):
        city.with_tables(opinions=pd.DataFrame())
