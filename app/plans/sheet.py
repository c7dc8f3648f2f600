"""A plan as a sheet of paper, at any of its revisions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Engine

from app.plans.drafts import Drafts
from app.plans.planning import reading
from app.store.base_layers import read_base_layers
from app.store.plans import PlanRow, count_loose, find_plan, unrolled
from app.store.rows import find_version
from spatial.plans import Draft
from spatial.plans.outlines import district_polygons

if TYPE_CHECKING:
    from spatial.maps import SheetText

__all__ = ["plan_sheet"]

ROOM: Final = 1.3
"""The paper shows this many times the plan's own extent, at most."""
BUILDINGS_WITHIN_M: Final = 6_000.0
"""Of a larger plan they would be dots, and a million of them."""
STATUS: Final = {
    "draft": ("草稿", "draft"),
    "review": ("送审", "in review"),
    "approved": ("已批准", "approved"),
    "archived": ("已归档", "archived"),
}


def plan_sheet(
    engine: Engine,
    drafts: Drafts,
    city_id: str,
    plan_id: str,
    *,
    at: int | None,
    paper: str,
    language: str,
) -> bytes:
    """Return a plan as PDF, now or after one of its revisions; the same state, the same bytes.

    Raises
    ------
    NotFoundError
        If there is no such plan or revision.
    InputError
        If nothing of the plan can be drawn, or the machine has no Chinese font.
    """
    with reading(engine) as connection:
        plan = find_plan(connection, city_id, plan_id)
        draft = drafts.at_head(connection, plan)
        seq = plan.head if at is None else at
        if seq != plan.head:
            draft = unrolled(connection, plan, draft, seq)
        districts, loose = _layers(draft)
        bounds_m = _window(districts, loose)
        base = {}
        if bounds_m is not None:
            near = float(np.ptp(bounds_m.reshape(2, 2), axis=0).max()) <= BUILDINGS_WITHIN_M * ROOM
            version = find_version(connection, city_id, plan.data_version)
            base = read_base_layers(connection, version, bounds_m, draft.ground.crs, buildings=near)
    file = io.BytesIO()
    from spatial.maps import write_plan_sheet  # noqa: PLC0415  (loads matplotlib)

    write_plan_sheet(
        file,
        districts,
        _text(plan, seq, draft, language),
        unassigned=loose,
        excluded=count_loose(draft)["excluded"],
        base=base,
        paper=paper,
        language="zh" if language == "zh" else "en",
    )
    return file.getvalue()


def _layers(draft: Draft) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Districts with members, and the cells in none that could join one."""
    ground, cells = draft.ground, draft.ground.cells
    alone = np.array([one is None for one in draft.label], dtype=bool)
    rows = np.flatnonzero(ground.alive & ground.admitted & alone)
    loose = gpd.GeoDataFrame({"id": ground.ids[rows]}, geometry=cells[rows], crs=ground.crs)
    return district_polygons(draft), loose


def _window(districts: gpd.GeoDataFrame, loose: gpd.GeoDataFrame) -> Any:
    shapes = np.r_[districts.geometry.to_numpy(), loose.geometry.to_numpy()]
    if not len(shapes):
        return None
    bounds = shapely.total_bounds(shapes)
    middle = (bounds[:2] + bounds[2:]) / 2
    half = np.full(2, float((bounds[2:] - bounds[:2]).max()) / 2 * ROOM)
    return np.r_[middle - half, middle + half]


def _text(plan: PlanRow, seq: int, draft: Draft, language: str) -> SheetText:
    chinese = language == "zh"
    status = STATUS.get(plan.status, (plan.status, plan.status))[0 if chinese else 1]
    day = f"{plan.updated_at:%Y-%m-%d}" if seq == plan.head else ""
    revision = f"第 {seq} 版" if chinese else f"revision {seq}"
    data = "数据版本" if chinese else "data version"
    zone = "平面坐标" if chinese else "coordinates"
    from spatial.maps import SheetText  # noqa: PLC0415  (loads matplotlib)

    return SheetText(
        plan.name,
        " · ".join(part for part in (revision, status, plan.author, day) if part),
        [f"{data} {plan.data_version[:12]}", f"{zone} {draft.ground.crs.name}", "Linli 邻里"],
    )
