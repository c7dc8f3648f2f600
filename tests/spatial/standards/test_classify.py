"""Which kinds a facility is: each way of knowing, and which one wins."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.dictionary import conform, data_dictionary
from spatial.errors import CRSError
from spatial.standards import classify_facilities, read_profile, unrecognised_kinds

CATALOGUE = read_profile().catalogue
POINT = shapely.Point(0, 0)


def facilities(rows, crs=4547):
    frame = gpd.GeoDataFrame(
        [{"geometry": POINT, **row} for row in rows], geometry="geometry", crs=crs
    )
    frame.index = pd.Index([f"f{i}" for i in range(len(rows))], name="id")
    return conform(frame, data_dictionary().inputs["facilities"], name="facilities")


def kinds_of(**row):
    found = classify_facilities(facilities([row]), CATALOGUE)
    return dict(zip(found["kind"], found["match"], strict=True))


def square(area_m2):
    return shapely.box(0, 0, area_m2**0.5, area_m2**0.5)


CASES = [
    ({"kind": "kindergarten"}, {"kindergarten": "given"}),
    ({"kind": "幼儿园"}, {"kindergarten": "given"}),
    ({"kind": "菜市场、公交车站"}, {"food_market": "given", "bus_stop": "given"}),
    ({"kind": "bank, Bus Stop"}, {"bank": "given", "bus_stop": "given"}),
    ({"kind": "托儿所/托育"}, {"childcare": "given"}),
    ({"kind": "bank", "tags": {"amenity": "school"}}, {"bank": "given"}),
    ({"kind": "不认识", "tags": {"amenity": "bank"}}, {"bank": "tags"}),
    ({"tags": {"amenity": "school"}}, {"primary_school": "coarse", "middle_school": "coarse"}),
    ({"name": "中关村第三小学", "tags": {"amenity": "school"}}, {"primary_school": "name"}),
    ({"name": "北京八中初中部", "tags": {"amenity": "school"}}, {"middle_school": "name"}),
    ({"name": "第一高级中学", "tags": {"amenity": "school"}}, {}),
    (
        {"name": "一零一学校", "tags": {"amenity": "school"}},
        {"primary_school": "coarse", "middle_school": "coarse"},
    ),
    ({"tags": {"amenity": "school", "isced:level": "1"}}, {"primary_school": "tags"}),
    ({"tags": {"amenity": "atm"}}, {"bank": "coarse"}),
    ({"tags": {"amenity": "bank", "atm": "yes"}}, {"bank": "tags"}),
    ({"tags": {"amenity": "cafe;bank"}}, {"bank": "tags", "eating": "tags"}),
    (
        {"tags": {"shop": "supermarket"}},
        {"supermarket": "tags", "food_market": "tags", "community_commerce": "tags"},
    ),
    ({"tags": {"amenity": "pharmacy"}}, {"pharmacy": "tags", "community_commerce": "tags"}),
    (
        {"name": "清河社区卫生服务中心", "tags": {"amenity": "hospital"}},
        {"community_health_centre": "name"},
    ),
    (
        {"name": "三里社区卫生服务站", "tags": {"amenity": "clinic"}},
        {"community_health_station": "name"},
    ),
    (
        {"tags": {"amenity": "clinic"}},
        {
            "community_health_centre": "coarse",
            "clinic_outpatient": "coarse",
            "community_health_station": "coarse",
        },
    ),
    ({"tags": {"amenity": "doctors"}}, {"clinic_outpatient": "tags"}),
    (
        {
            "tags": {
                "social_facility": "day_care",
                "social_facility:for": "senior",
                "amenity": "social_facility",
            }
        },
        {"elderly_daycare": "tags"},
    ),
    (
        {
            "tags": {
                "social_facility": "nursing_home",
                "social_facility:for": "senior",
                "amenity": "social_facility",
            }
        },
        {"nursing_home": "tags"},
    ),
    ({"name": "环保部", "tags": {"office": "government"}}, {}),
    ({"name": "东升司法所", "tags": {"office": "government"}}, {"judicial_office": "name"}),
    ({"name": "学院路街道办事处", "tags": {"amenity": "townhall"}}, {"subdistrict_office": "name"}),
    (
        {"name": "华清嘉园社区居委会", "tags": {"office": "government"}},
        {"community_service_station": "name"},
    ),
    ({"tags": {"amenity": "parking"}}, {"public_parking": "tags"}),
    (
        {"tags": {"amenity": "parking", "access": "private"}, "access": "private"},
        {"resident_parking": "tags"},
    ),
    ({"tags": {"leisure": "sports_centre"}, "access": "private"}, {}),
    ({"tags": {"highway": "bus_stop"}}, {"bus_stop": "tags"}),
    ({"tags": {"public_transport": "platform", "train": "yes"}}, {}),
    ({"tags": {"amenity": "bank", "disused": "yes"}}, {}),
    ({"tags": '{"amenity": "bank"}'}, {"bank": "tags"}),
    ({"tags": "{broken"}, {}),
    ({"tags": {"leisure": "pitch"}, "geometry": square(400)}, {"outdoor_fitness": "coarse"}),
    ({"tags": {"leisure": "pitch"}, "geometry": square(1000)}, {"small_sports_ground": "tags"}),
    ({"tags": {"leisure": "pitch"}, "geometry": square(2000)}, {"medium_sports_ground": "tags"}),
    ({"tags": {"leisure": "pitch"}, "geometry": square(5000)}, {"large_sports_ground": "tags"}),
    ({"tags": {"leisure": "pitch"}}, {"small_sports_ground": "coarse"}),
    ({"tags": {"leisure": "pitch"}, "land_m2": 2000.0}, {"medium_sports_ground": "tags"}),
    ({"tags": {"leisure": "park"}, "geometry": square(300)}, {}),
    ({"tags": {"leisure": "park"}, "geometry": square(450)}, {"park": "tags"}),
    (
        {"tags": {"leisure": "park"}, "geometry": square(12000)},
        {"park": "tags", "park_10min": "tags"},
    ),
    (
        {"kind": "park", "geometry": square(60000)},
        {"park": "given", "park_10min": "given", "park_15min": "given"},
    ),
    ({"tags": {"leisure": "park"}}, {"park": "coarse"}),
    ({"amap_type": "141204", "name": "新星幼儿园"}, {"kindergarten": "amap"}),
    ({"amap_type": "141204", "name": "幼儿园教师培训"}, {}),
    (
        {"amap_type": "060400", "name": "物美"},
        {"supermarket": "amap", "community_commerce": "amap"},
    ),
    (
        {"amap_type": "060402", "name": "物美"},
        {"supermarket": "amap", "community_commerce": "amap"},
    ),
    ({"amap_type": "050118", "name": "川菜馆"}, {"eating": "amap"}),
    (
        {"amap_type": "050100", "name": "幸福里社区食堂"},
        {"eating": "amap", "community_canteen": "amap"},
    ),
    ({"amap_type": "141202", "name": "育英学校"}, {"middle_school": "coarse"}),
    ({"amap_type": "141203|141202", "name": "育英小学"}, {"primary_school": "amap"}),
    ({"amap_type": "150700", "name": "中关村(公交站)"}, {"bus_stop": "amap"}),
    ({"name": "幸福里养老服务驿站"}, {"elderly_daycare": "name"}),
    ({"name": "某某公司"}, {}),
    ({"name": "幼儿园北门", "tags": {"highway": "bus_stop"}}, {"bus_stop": "tags"}),
    ({}, {}),
]


@pytest.mark.parametrize(("row", "expected"), CASES)
def test_a_facility_is_of_the_kinds_that_its_evidence_says(row, expected):
    assert kinds_of(**row) == expected


def test_every_kind_can_be_given_by_id_and_by_its_chinese_name():
    kinds = list(CATALOGUE.kinds.values())
    expected = [kind.id for kind in kinds]
    for names in ([k.id for k in kinds], [k.zh for k in kinds], [k.en for k in kinds]):
        found = classify_facilities(facilities([{"kind": name} for name in names]), CATALOGUE)
        by_row = found.set_index("facility_id")["kind"]
        assert [by_row[f"f{i}"] for i in range(len(kinds))] == expected


def test_given_kinds_that_nobody_knows_are_counted():
    frame = facilities([{"kind": "飞船场, bank"}, {"kind": "飞船场"}, {"kind": "学堂"}, {}])
    assert unrecognised_kinds(frame, CATALOGUE).to_dict() == {"飞船场": 2, "学堂": 1}


def test_degrees_are_refused():
    with pytest.raises(CRSError, match="facilities"):
        classify_facilities(facilities([{}], crs=4490), CATALOGUE)


@given(st.lists(st.sampled_from(range(len(CASES))), max_size=12), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=20)
def test_what_a_facility_is_does_not_depend_on_its_neighbours_or_their_order(chosen, random):
    rows = [CASES[i][0] for i in chosen]
    frame = facilities(rows) if rows else facilities([{}]).iloc[:0]
    order = list(range(len(rows)))
    random.shuffle(order)
    found = classify_facilities(frame.iloc[order], CATALOGUE)
    for i, case in enumerate(chosen):
        mine = found[found["facility_id"] == f"f{i}"]
        assert dict(zip(mine["kind"], mine["match"], strict=True)) == CASES[case][1]


def test_a_city_of_many_facilities_is_classified_as_its_parts_are():
    rows = [case[0] for case in CASES]
    small = facilities(rows)
    times = 200
    big = small.iloc[np.tile(np.arange(len(small)), times)].copy()
    big.index = pd.Index([f"{i}" for i in range(len(big))], name="id")
    assert len(classify_facilities(big, CATALOGUE)) == times * sum(len(case[1]) for case in CASES)
