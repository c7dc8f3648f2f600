"""Costs of options: hand sums, what is left out, and laws of size."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InputError, LayerError
from spatial.funding import modes_of, option_costs, unit_costs
from spatial.standards import Profile, read_profile
from spatial.standards.parameters import CONFIDENCES

NATIONAL = read_profile("national")


@pytest.fixture(scope="module")
def profile() -> Profile:
    return NATIONAL


def options(*rows: tuple[str, str, str | None, float | None, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["kind", "asset_type", "mode", "floor_m2", "land_m2"])


def test_every_kind_that_the_catalogue_can_place_on_stock_has_a_price(profile: Profile) -> None:
    rows = []
    for name, kind in profile.catalogue.kinds.items():
        if kind.stock_min_m2("floor") is not None:
            rows.append((name, "building", "refit", kind.stock_min_m2("floor"), None))
        if kind.stock_min_m2("land") is not None:
            floor_m2 = kind.stock_min_m2("floor")
            rows.append((name, "land", "new_build", floor_m2, kind.stock_min_m2("land")))
    costs = option_costs(options(*rows), profile)
    assert len(rows) > 20
    assert costs["why_en"].isna().all()
    assert (costs["cost_yuan"] > 0).all()
    assert (costs["yearly_yuan"] > 0).all()


def test_a_new_building_on_land_is_summed_by_hand(profile: Profile) -> None:
    found = option_costs(options(("kindergarten", "land", "new_build", 2200, 3500)), profile).loc[0]
    works = 2200 * 4500 + 3500 * 60
    assert found["works_yuan"] == works
    assert found["cost_yuan"] == pytest.approx((works + 600_000) * 1.18)
    assert found["yearly_yuan"] == pytest.approx(2200 * 600 + 0.015 * (works + 600_000))


def test_an_open_air_kind_goes_by_its_land_and_temporary_ones_do_not_last(profile: Profile) -> None:
    lasting, short = (
        option_costs(options(("park", "land", mode, None, 1000)), profile).loc[0]
        for mode in ("lending", "temporary")
    )
    assert lasting["cost_yuan"] == pytest.approx(1000 * (400 + 60) * 1.18 + 10_000)
    assert short["cost_yuan"] == pytest.approx(1000 * (200 + 60) * 1.18 + 5_000)
    assert pd.isna(lasting["lasts_years"])
    assert short["lasts_years"] == 4


def test_buying_costs_the_price_once_and_renting_the_rent_every_year(profile: Profile) -> None:
    table = option_costs(
        options(
            ("pharmacy", "building", "purchase", 50, None),
            ("pharmacy", "building", "lease", 50, None),
            ("pharmacy", "building", "refit", 50, None),
        ),
        profile,
    )
    assert table["cost_yuan"].diff(-1)[0] == pytest.approx(50 * 12_000 + 30_000 - 15_000)
    assert table.loc[1, "yearly_yuan"] - table.loc[2, "yearly_yuan"] == pytest.approx(50 * 420)


def test_the_mode_follows_from_the_pathway_unless_it_is_given(profile: Profile) -> None:
    frame = pd.DataFrame(
        {
            "asset_type": ["building", "building", "land", "land"],
            "pathway": ["F22", "F21", "F27", pd.NA],
            "mode": pd.Series([pd.NA, "purchase", pd.NA, pd.NA], dtype="string"),
        }
    )
    assert modes_of(frame, profile).tolist() == ["lease", "purchase", "lending", "new_build"]


def test_what_cannot_be_priced_is_missing_with_its_reason(profile: Profile) -> None:
    table = option_costs(
        options(
            ("metro_station", "land", "new_build", 100, 100),
            ("park", "building", "refit", 100, None),
            ("pharmacy", "building", "refit", None, None),
            ("park", "land", "new_build", None, None),
        ),
        profile,
    )
    assert table[["cost_yuan", "yearly_yuan", "works_yuan"]].isna().all(axis=None)
    assert table["why_en"].tolist() == [
        "this kind of facility has no price",
        "an open-air kind cannot stand in a building",
        "the floor area is missing",
        "the land area is missing",
    ]
    assert table["why_zh"].notna().all()


def test_errors_name_the_row(profile: Profile) -> None:
    with pytest.raises(InputError, match="row 0: `mode` is `steal`"):
        option_costs(options(("park", "land", "steal", None, 10)), profile)
    with pytest.raises(InputError, match="row 0: `land_m2` is -1"):
        option_costs(options(("park", "land", None, None, -1)), profile)
    with pytest.raises(InputError, match="row 0: `asset_type` is `roof`"):
        option_costs(options(("park", "roof", None, None, 1)), profile)
    with pytest.raises(LayerError, match="floor_m2"):
        option_costs(pd.DataFrame({"kind": [], "asset_type": [], "land_m2": []}), profile)


def test_no_options_cost_nothing(profile: Profile) -> None:
    assert len(option_costs(options(), profile)) == 0


def test_a_city_replaces_a_number_and_its_source_is_told(profile: Profile) -> None:
    rates = {**profile.rooms["costs"]["refit_yuan_per_m2"], "care": 2600}
    own = profile.with_parameters("costs", {"refit_yuan_per_m2": rates}, source="Bulletin 2024-06")
    one = options(("community_canteen", "building", "refit", 100, None))
    before, after = (option_costs(one, which).loc[0] for which in (profile, own))
    assert after["works_yuan"] - before["works_yuan"] == 100 * 600
    assert "Bulletin 2024-06" in after["source"]


def test_every_unit_cost_has_unit_source_and_confidence(profile: Profile) -> None:
    table = unit_costs(profile)
    assert table[["unit", "zh", "en", "source"]].map(len).gt(0).all(axis=None)
    assert table["confidence"].isin(CONFIDENCES).all()
    assumed = table[table["confidence"].eq("product")]
    assert assumed["source"].str.contains("Linli").all()


@settings(deadline=None, max_examples=30)
@given(
    area=st.floats(50, 5000),
    more=st.floats(1, 500),
    mode=st.sampled_from(["refit", "lease", "purchase", "temporary", "exchange"]),
)
def test_more_floor_never_costs_less(area: float, more: float, mode: str) -> None:
    profile = NATIONAL
    both = options(
        ("culture_station", "building", mode, area, None),
        ("culture_station", "building", mode, area + more, None),
    )
    table = option_costs(both, profile)
    assert table["cost_yuan"].is_monotonic_increasing
    assert table["yearly_yuan"].is_monotonic_increasing
    parts = table[["works_yuan", "equipment_yuan", "on_costs_yuan", "obtaining_yuan"]].sum(axis=1)
    pd.testing.assert_series_equal(parts, table["cost_yuan"], check_names=False)
