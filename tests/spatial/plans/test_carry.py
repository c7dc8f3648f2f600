"""A plan is carried over to other units by their ids; what does not fit is told."""

import geopandas as gpd
import shapely
from squares import squared_ground, striped

from spatial.plans import Assign, Lock, PlanRules, SplitUnit, apply, carry


def test_the_same_units_are_carried_over_whole():
    draft = striped()
    found = carry(draft, draft.ground.ids)
    assert found.assignment == draft.assignment()
    assert (found.unknown, found.added, found.joined, found.dropped_rules) == ((), (), (), 0)
    assert found.rules == draft.rules


def test_units_that_went_and_that_came_are_told():
    rules = PlanRules(
        must_join=(("n0-0", "n0-1"), ("n4-0", "n5-0", "n5-1")),
        must_not_join=(("n0-0", "n5-0"), ("n0-0", "n2-0")),
    )
    draft = apply(striped(rules=rules), Lock(True, units=("n0-0", "n5-0"))).draft
    others = squared_ground(5, 5).ids  # no column 5, but a row 4
    found = carry(draft, others)
    assert set(found.assignment) == set(others)
    assert found.unknown == tuple((f"n5-{row}", "D3") for row in range(4))
    assert found.added == tuple(f"n{column}-4" for column in range(5))
    assert all(found.assignment[unit] is None for unit in found.added)
    assert found.locked_units == {"n0-0"}
    assert found.rules.must_join == (("n0-0", "n0-1"),)
    assert found.rules.must_not_join == (("n0-0", "n2-0"),)
    assert found.dropped_rules == 2


def test_a_divided_neighbourhood_is_whole_again_where_most_of_it_was():
    draft = striped()
    line = shapely.LineString([(180, -50), (180, 150)])  # n1-0, at four fifths of its width
    nothing = gpd.GeoDataFrame({"floor_area_m2": []}, geometry=[], crs=4547)
    divided = apply(draft, SplitUnit("n1-0", line, nothing, 1)).draft
    pieces = sorted(set(divided.assignment()) - set(draft.assignment()))
    area_m2 = divided.ground.area_m2
    large, small = sorted(pieces, key=lambda key: -area_m2[divided.ground.row_of[key]])
    for moved, district in ((small, "D1"), (large, "D2")):
        after = apply(divided, Assign((moved,), "D2")).draft
        found = carry(after, draft.ground.ids)
        assert found.joined == ("n1-0",)
        assert found.unknown == found.added == ()
        assert found.assignment == {**draft.assignment(), "n1-0": district}
