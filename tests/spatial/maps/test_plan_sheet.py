"""The sheet on paper: a round scale that fits, nothing left off, the same bytes again."""

import io
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.errors import CRSError, InputError
from spatial.maps.sheet import (
    MARGIN_MM,
    PAPERS,
    SheetText,
    _readable,
    _rows,
    _Sheet,
    write_plan_sheet,
)

TEXT = SheetText("片区划分图", "方案一 · 第 3 版", ["数据版本 abc"])


def districts(count, *, side_m=300.0, crs=4547):
    corner = [(row % 20 * side_m, row // 20 * side_m) for row in range(count)]
    return gpd.GeoDataFrame(
        {
            "name": [f"第{row}片区" for row in range(count)],
            "colour": np.arange(count) % 6,
            "members": 3,
            "households": [None, *[1500] * (count - 1)],
            "persons": 4000.0,
            "area_m2": side_m**2,
        },
        index=[f"D{row:03d}" for row in range(count)],
        geometry=[shapely.box(x, y, x + side_m, y + side_m) for x, y in corner],
        crs=crs,
    )


def pages(file):
    return len(re.findall(rb"/Type /Page\b", file.getvalue()))


@pytest.mark.parametrize("paper", sorted(PAPERS))
@pytest.mark.parametrize("side_m", [40.0, 300.0, 7_000.0])
def test_the_plan_fits_its_frame_at_a_round_scale_that_is_not_too_small(paper, side_m):
    plan = districts(7, side_m=side_m)
    scale = write_plan_sheet(io.BytesIO(), plan, TEXT, paper=paper)
    frame_m = np.array(_Sheet(*PAPERS[paper], 0).map_mm[2:]) / 1000 * scale
    extent_m = np.ptp(plan.total_bounds.reshape(2, 2), axis=0)
    assert (extent_m <= frame_m).all()
    assert (2.2 * extent_m > frame_m).any()  # the next round scale would not have fitted by far
    assert float(f"{scale:.1e}"[:3]) in {1, 1.5, 2, 2.5, 3, 4, 5, 7.5}


def test_a_plan_with_many_districts_gets_a_table_that_names_all_of_them():
    few, many = io.BytesIO(), io.BytesIO()
    write_plan_sheet(few, districts(12), TEXT)
    write_plan_sheet(many, districts(400), TEXT)
    assert pages(few) == 1
    sheet = _Sheet(*PAPERS["a3"], 0)
    rows = [("#4f7cac", "x", "", "", "", "")] * 401
    assert pages(many) == 1 + len(sheet.table_pages(rows, TEXT)) > 1


def test_the_same_plan_gives_the_same_bytes_and_the_font_is_inside():
    one, two = io.BytesIO(), io.BytesIO()
    for file in (one, two):
        write_plan_sheet(file, districts(5), TEXT, unassigned=districts(9).iloc[5:])
    assert one.getvalue() == two.getvalue()
    assert b"/FontFile2" in one.getvalue()


def test_map_frame_and_list_stand_on_the_paper_without_touching():
    for width_mm, height_mm in PAPERS.values():
        sheet = _Sheet(width_mm, height_mm, 0)
        assert sheet.map_mm[0] + sheet.map_mm[2] < sheet.list_mm[0]
        assert sheet.list_mm[0] + sheet.list_mm[2] == pytest.approx(width_mm - MARGIN_MM)


def test_a_scale_bar_is_labelled_with_a_round_length_that_is_not_longer_than_asked():
    for metres in (3.0, 17.5, 99.0, 350.0, 26_000.0):
        assert metres / 2.5 < _readable(metres) <= metres


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(InputError, match="a3 or a4"):
        write_plan_sheet(io.BytesIO(), districts(2), TEXT, paper="letter")
    with pytest.raises(CRSError):
        write_plan_sheet(io.BytesIO(), districts(2, crs=4490), TEXT)
    with pytest.raises(InputError, match="no district"):
        write_plan_sheet(io.BytesIO(), districts(2).iloc[:0], TEXT)


def test_who_may_join_no_district_is_listed_apart_from_who_is_left_over():
    *_, left_over, not_eligible = _rows(districts(2), 3, 4, 1)
    assert left_over[:3] == ("hatch", "In no district", "3")
    assert not_eligible[:3] == ("", "Not eligible", "4")
    assert _rows(districts(2), 0, 0, 1)[-1][1] == "In all"
