"""How many residents a facility serves: never more than a standard lets one have."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from spatial.errors import StandardsError
from spatial.siting_from_analysis.capacity import capacity_of
from spatial.siting_from_analysis.options import _places, siteable_kinds
from spatial.standards import read_profile

PROFILE = read_profile("national")
KINDS = PROFILE.catalogue.kinds


def persons(kind, basis, size_m2, profile=PROFILE):
    return capacity_of(KINDS[kind], basis, size_m2, profile).persons


def test_the_least_size_goes_with_the_least_population_and_never_beyond_the_largest():
    # GB 50180-2018: 700–1,500 m² for a fifteen-minute circle of 50,000–100,000 residents
    assert persons("street_service_centre", "floor", 700) == 50_000
    assert persons("street_service_centre", "floor", 1_050) == 75_000
    assert persons("street_service_centre", "floor", 9_000) == 100_000
    # a gym is needed in each ten-minute circle too: 15,000–25,000
    assert persons("sports_gym", "floor", 600) == 15_000
    assert persons("sports_gym", "floor", 2_000) == 25_000


@pytest.mark.parametrize(
    ("kind", "basis", "size_m2", "expected"),
    [
        ("community_service_station", "floor", 600, 600 / 0.3 * 2.62),  # 30 m² per 100 households
        ("kindergarten", "floor", 3_600, 10_000),  # 300 places of 12 m², 30 per 1,000 residents
        ("resident_parking", "land", 300, 10 * 2.62),  # ten spaces, one a household
        ("public_parking", "land", 800, 1_000),
        ("community_canteen", "floor", 60, 2_000),
        ("convenience_store", "floor", 50, 1_000),  # 1,000–3,000 residents for one
        ("convenience_store", "floor", 400, 3_000),
    ],
)
def test_what_a_resident_uses_counts_where_somebody_says_it(kind, basis, size_m2, expected):
    assert persons(kind, basis, size_m2) == pytest.approx(expected)


def test_every_kind_has_a_sourced_capacity_that_grows_with_its_size_within_its_circle():
    layers = PROFILE.catalogue.layers
    for kind in siteable_kinds(PROFILE.catalogue):
        most = max(layers[name].persons[1] for name in {kind.layer, *kind.needs})
        for basis in ("floor", "land"):
            least_m2 = kind.stock_min_m2(basis)
            if least_m2 is None:
                continue
            told = [capacity_of(kind, basis, least_m2 * k, PROFILE) for k in (1, 2, 4)]
            sizes = [one.persons for one in told]
            assert 0 < sizes[0] <= sizes[1] <= sizes[2], kind.id
            assert sizes[0] < most, kind.id
            assert all(one.source and one.confidence for one in told)


def test_a_kind_without_a_circle_of_known_size_has_no_limit():
    layers = {
        name: replace(layer, persons=None) for name, layer in PROFILE.catalogue.layers.items()
    }
    profile = replace(PROFILE, catalogue=replace(PROFILE.catalogue, layers=layers))
    assert persons("culture_station", "floor", 250, profile) == np.inf


def test_a_figure_for_nobody_names_its_entry():
    wrong = {"bike_parking": {"land_m2": 1.0, "per": "bicycle", "source": "x", "confidence": "low"}}
    profile = PROFILE.with_parameters("siting", {"m2_each": wrong}, source="test")
    with pytest.raises(StandardsError, match=r"siting\.m2_each\.bike_parking"):
        persons("bike_parking", "land", 30, profile)


@pytest.mark.parametrize("rows", [0, 2])
def test_an_asset_of_which_nothing_is_known_takes_the_longest_and_no_assets_are_no_obstacle(rows):
    names = ("asset_type", "pathway", "source", "confidence", "constraints", "neighbourhood_id")
    stock = gpd.GeoDataFrame(
        {name: pd.array([None, None][:rows], dtype="string") for name in names},
        index=["a", "b"][:rows],
        geometry=[Point(0, 0), Point(9, 9)][:rows],
        crs=4547,
    ).astype({"confidence": "Float64"})
    rules = PROFILE.rooms["siting"]
    told = _places(stock, rules)
    months = rules["months_to_obtain_unknown"] + max(rules["months_to_build"].values())
    assert told["earliest_year"].tolist() == [months // 12] * rows
    assert told["consent_risk_share"].tolist() == [rules["consent_risk_unknown_share"]] * rows
