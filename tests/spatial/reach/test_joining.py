"""Areas of life circles are joined even where rounding defeats the usual way."""

import pytest
import shapely

from spatial.reach import circles


def test_areas_that_defeat_the_usual_union_are_joined_on_a_fine_grid(monkeypatch):
    usual = shapely.union_all
    areas = [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]

    def refuse_without_grid(parts, **choices):
        if "grid_size" not in choices:
            raise shapely.errors.GEOSException("TopologyException: Ring edge missing")
        return usual(parts, **choices)

    monkeypatch.setattr(shapely, "union_all", refuse_without_grid)
    joined = circles._joined(areas)
    assert joined.equals(shapely.box(0, 0, 3, 1))
    assert joined.area == pytest.approx(3.0)
