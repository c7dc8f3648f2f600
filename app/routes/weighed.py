"""Gaps that carry weight: what comes first, and how evenly people are served."""

from __future__ import annotations

from fastapi import APIRouter

from app.deps import StoreDep
from app.schemas import WeighedList
from app.store import weighed

router = APIRouter(prefix="/cities/{city}", tags=["gaps"])


@router.get("/queue")
def list_queue(city: str, store: StoreDep, area: str = "city") -> WeighedList:
    """Tell which missing facility comes first, in the city, a district or a neighbourhood."""
    return WeighedList(items=weighed.list_queue(store.engine, city, area=area))


@router.get("/equity")
def list_equity(city: str, store: StoreDep, area: str = "city") -> WeighedList:
    """Tell how evenly people are served, and how many old and young live beyond the limits."""
    return WeighedList(items=weighed.list_equity(store.engine, city, area=area))
