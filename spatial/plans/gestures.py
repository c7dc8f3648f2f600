"""Which units a drawn shape means."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.errors import InputError
from spatial.plans.ground import Ground

__all__ = ["AREA_RULES", "units_in"]

AREA_RULES: Final = ("majority", "touch", "inside")
HALF: Final = 0.5


def units_in(
    ground: Ground, area: shapely.Geometry, *, rule: str = "majority"
) -> npt.NDArray[np.int64]:
    """Return the rows of the units that a drawn area means.

    Parameters
    ----------
    ground : Ground
    area : Polygon or MultiPolygon
        In the ground's metres.
    rule : {"majority", "touch", "inside"}
        At least half of the cell lies inside; some of it does; all of it does.

    Raises
    ------
    InputError
        If the area is no polygon, or the rule is unknown.
    """
    if rule not in AREA_RULES:
        raise InputError(
            f"`rule` is {rule!r}; use {', '.join(AREA_RULES)}.",
            zh=f"`rule` 为 {rule!r};可用 {'、'.join(AREA_RULES)}。",
        )
    if shapely.get_dimensions(area) != 2 or shapely.is_empty(area):
        raise InputError(
            "A drawn area must be a polygon with at least three corners.",
            zh="所画范围须为至少三个顶点的多边形。",
        )
    if not shapely.is_valid(area):  # a lasso may cross itself
        area = shapely.make_valid(area, method="structure", keep_collapsed=False)
    rows = ground.tree.query(area, predicate="intersects")
    rows = np.sort(rows[ground.alive[rows]]).astype(np.int64)
    inner_m2 = shapely.area(shapely.intersection(ground.cells[rows], area))
    share = inner_m2 / ground.cell_m2[rows]
    if rule == "touch":
        return rows[share > 0]
    return rows[share >= (HALF if rule == "majority" else 1 - 1e-9)]
