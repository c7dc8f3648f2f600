"""Renewal districts."""

from __future__ import annotations

from fastapi import APIRouter

from app.deps import StoreDep
from app.schemas import DistrictDetail, DistrictList
from app.store import results

router = APIRouter(prefix="/cities/{city}/districts", tags=["districts"])


@router.get("")
def list_districts(city: str, store: StoreDep) -> DistrictList:
    """List all districts with their members, the neediest first."""
    return DistrictList.model_validate({"items": results.list_districts(store.engine, city)})


@router.get("/{district:path}")
def read_district(city: str, district: str, store: StoreDep) -> DistrictDetail:
    """Tell everything about one district."""
    return DistrictDetail.model_validate(results.read_district(store.engine, city, district))
