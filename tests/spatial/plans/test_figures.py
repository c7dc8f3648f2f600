"""Figures of districts: the same touched one by one or all at once, and as drawn by hand."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from squares import squared_ground, striped, unit

from spatial.plans import District, Draft, PlanRules, district_figures

LIBRARY, CLINIC = 1, 2


def test_figures_of_a_stripe_are_those_drawn_by_hand():
    figures = district_figures(striped(), ["D2"]).loc["D2"]
    assert (figures["members"], figures["households"], figures["persons"]) == (8, 800, 2400)
    assert figures["area_m2"] == 8 * 8_100
    assert figures["diameter_m"] == pytest.approx(np.hypot(100, 300))
    assert figures["compactness"] == pytest.approx(4 * np.pi * 80_000 / 1200**2)


def test_unknown_sizes_stay_unknown_unless_some_are_known():
    few = [np.nan] * 23 + [50.0]
    figures = district_figures(striped(squared_ground(households=few)))
    assert np.isnan(figures.loc["D1", "households"])
    assert figures.loc["D3", "households"] == 50


def test_a_gap_closes_by_sharing_only_inside_one_district():
    ground = squared_ground(
        missing={unit(1, 0): LIBRARY | CLINIC}, offers={unit(0, 0): LIBRARY, unit(2, 0): CLINIC}
    )
    figures = district_figures(striped(ground))
    assert figures.loc["D1", "gaps_persons"] == 600
    assert figures.loc["D1", "gaps_closed_persons"] == 300
    assert figures.loc["D1", "missing"] == CLINIC
    together = district_figures(striped(ground, width=3))
    assert together.loc["D1", "gaps_closed_persons"] == 600
    assert together.loc["D1", "missing"] == 0
    nobody = Draft.of(ground, {}, [District("D1", "一")], rules=PlanRules())
    assert district_figures(nobody).loc["D1", "gaps_closed_persons"] == 0


@settings(deadline=None)
@given(st.lists(st.sampled_from([None, "A", "B", "C"]), min_size=24, max_size=24))
def test_figures_of_any_plan_are_those_of_its_dissolved_outlines(labels):
    ground = squared_ground()
    draft = Draft.of(
        ground,
        dict(zip(ground.ids, labels, strict=True)),
        [District(key, key) for key in "ABC"],
        rules=PlanRules(),
    )
    everything = district_figures(draft)
    for key in "ABC":
        rows = draft.members([key])
        one = district_figures(draft, [key]).loc[key]
        pd.testing.assert_series_equal(one, everything.loc[key])
        assert one["members"] == labels.count(key)
        if len(rows):
            outline = shapely.coverage_union_all(ground.cells[rows])
            expected = 4 * np.pi * outline.area / outline.length**2
            assert one["compactness"] == pytest.approx(expected)
            hull = shapely.multipoints(ground.xy_m[rows])
            corners = shapely.points(ground.xy_m[rows])
            assert one["diameter_m"] == pytest.approx(
                max(shapely.distance(hull, corners).max(), _farthest(corners))
            )
        else:
            assert np.isnan(one["compactness"])


def _farthest(points):
    return max(shapely.distance(point, points).max() for point in points)
