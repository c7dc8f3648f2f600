"""Gaps of a whole city or district, and who lacks one kind."""

from __future__ import annotations

from fastapi import APIRouter

from app.deps import StoreDep
from app.schemas import CoverageList, KindGaps
from app.store import results

router = APIRouter(prefix="/cities/{city}/gaps", tags=["gaps"])


@router.get("")
def list_coverage(city: str, store: StoreDep, area: str = "city") -> CoverageList:
    """Tell people and buildings covered by kind, for the city or (`area`) a district."""
    items = results.list_coverage(store.engine, city, area=area)
    return CoverageList.model_validate({"items": items})


@router.get("/{kind}")
def read_kind(city: str, kind: str, store: StoreDep) -> KindGaps:
    """Tell for every neighbourhood whether it has one kind of facility."""
    items = results.read_kind_gaps(store.engine, city, kind)
    return KindGaps.model_validate({"kind": kind, "items": items})
