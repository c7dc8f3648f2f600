"""Kinds recognised in real OpenStreetMap data; counts found by reading the file independently."""

import xml.etree.ElementTree as ET

import pytest

from spatial.city.read import read_city
from spatial.standards import classify_facilities, read_profile

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def wudaokou(shared_data):
    path = shared_data / "wudaokou" / "wudaokou.osm"
    tagged = [
        {tag.get("k"): tag.get("v") for tag in element.iter("tag")}
        for element in ET.parse(path).getroot()
        if element.tag in {"node", "way", "relation"}
    ]
    found = classify_facilities(read_city([path]).layer("facilities"), read_profile().catalogue)
    return tagged, found


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("convenience_store", "shop", {"convenience", "kiosk"}),
        ("supermarket", "shop", {"supermarket"}),
        ("pharmacy", "amenity", {"pharmacy"}),
        ("public_toilet", "amenity", {"toilets"}),
        ("kindergarten", "amenity", {"kindergarten"}),
        ("post_office", "amenity", {"post_office"}),
    ],
)
def test_each_kind_is_found_as_often_as_its_tag_stands_in_the_file(wudaokou, kind, key, values):
    tagged, found = wudaokou
    expected = sum(tags.get(key) in values for tags in tagged)
    assert expected > 0
    assert (found["kind"] == kind).sum() == expected


def test_schools_are_told_apart_by_name_and_others_stay_coarse(wudaokou):
    tagged, found = wudaokou
    schools = [tags.get("name", "") for tags in tagged if tags.get("amenity") == "school"]
    secondary = [name for name in schools if "中学" in name and "高级中学" not in name]
    by_name = found[(found["kind"] == "middle_school") & (found["match"] == "name")]
    assert len(by_name) == len(secondary) > 0
    coarse = found[found["match"] == "coarse"]
    assert (
        (coarse["kind"] == "primary_school").sum() == (coarse["kind"] == "middle_school").sum() > 0
    )
