"""Stock land and buildings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.deps import StoreDep
from app.routes.paging import link_next
from app.schemas import StockDetail, StockList
from app.store import results
from app.store.rows import read_cursor, write_cursor

router = APIRouter(prefix="/cities/{city}/stock", tags=["stock"])


@router.get("")
def list_stock(
    city: str,
    store: StoreDep,
    request: Request,
    response: Response,
    source: str | None = None,
    kind: str | None = None,
    pathway: str | None = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    cursor: str | None = None,
) -> StockList:
    """List stock assets, filtered by where they come from, what they are and what is permitted."""
    after = read_cursor(cursor, id=str)["id"] if cursor else ""
    items = results.list_stock(
        store.engine,
        city,
        source=source,
        kind=kind,
        pathway=pathway,
        limit=limit + 1,
        after=after,
    )
    more = len(items) > limit
    items = items[:limit]
    following = write_cursor({"id": items[-1]["id"]}) if more else None
    response.headers.update(link_next(request, following))
    return StockList.model_validate({"items": items})


@router.get("/{asset:path}")
def read_stock(city: str, asset: str, store: StoreDep) -> StockDetail:
    """Tell everything about one stock asset, and which gaps it could close."""
    return StockDetail.model_validate(results.read_stock(store.engine, city, asset))
