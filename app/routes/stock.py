"""Stock land and buildings: what there is, what could go there, the register and its log."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from app.deps import StockWarmingDep, StoreDep
from app.errors import BadRequestError
from app.plain import plain
from app.plans.planning import reading
from app.routes.paging import link_next
from app.stock.schemas import (
    AssetEdit,
    AssetNew,
    AssetRetire,
    GapSites,
    StockDetail,
    StockHistory,
    StockKinds,
    StockList,
    VerdictNew,
)
from app.store import stock, stock_edits
from app.store.rows import Record, current_version, read_cursor, write_cursor

router = APIRouter(prefix="/cities/{city}", tags=["stock"])

IfMatch = Annotated[str | None, Header(description="the ETag that reading the asset gave")]
EDIT_PROBLEMS: dict[int | str, dict[str, Any]] = {
    409: {"description": "It does not fit what is stored."},
    412: {"description": "Edited by somebody else in the meantime."},
    413: {"description": "The request is too large."},
    428: {"description": "If-Match is missing."},
}
NEVER: int = 2**31 - 1


def _what_it_is(
    source: str | None = None,
    kind: str | None = None,
    asset_type: Literal["land", "building"] | None = None,
    pathway: Annotated[str | None, Query(description="row of F21–F29, or `none`")] = None,
    sign: str | None = None,
) -> Record:
    return {
        "source": source or None,
        "kind": kind or None,
        "asset_type": asset_type,
        "pathway": pathway or None,
        "sign": sign or None,
    }


def _what_is_said(
    verdict: Literal["none", "accept", "reject", "correct"] | None = None,
    min_confidence: Annotated[float | None, Query(ge=0, le=1)] = None,
    neighbourhood: str | None = None,
    holds: Annotated[str | None, Query(description="a kind whose gaps it could close")] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
) -> Record:
    return {
        "verdict": verdict,
        "min_confidence": min_confidence,
        "neighbourhood": neighbourhood or None,
        "holds": holds or None,
        "q": q or None,
    }


@router.get("/stock")
def list_stock(
    city: str,
    store: StoreDep,
    request: Request,
    response: Response,
    what: Annotated[Record, Depends(_what_it_is)],
    said: Annotated[Record, Depends(_what_is_said)],
    warming: StockWarmingDep,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    cursor: str | None = None,
) -> StockList:
    """List stock assets; edits since the analysis are seen at once.

    A candidate that somebody accepted is shown as the asset that it became, unless `verdict` asks
    for it.
    """
    after = read_cursor(cursor, id=str)["id"] if cursor else ""
    warming.begin()  # whoever looks at the list will soon open one of it
    with reading(store.engine) as connection:
        version = current_version(connection, city)
        filters = {**what, **said}
        items = stock.list_stock(connection, version, filters=filters, limit=limit + 1, after=after)
    more = len(items) > limit
    items = items[:limit]
    following = write_cursor({"id": items[-1]["id"]}) if more else None
    response.headers.update(link_next(request, following))
    response.headers["Cache-Control"] = "no-store"
    return StockList.model_validate({"items": items})


@router.post("/stock", status_code=201, responses=EDIT_PROBLEMS)
def create_asset(city: str, asked: AssetNew, store: StoreDep) -> Response:
    """Write a new asset into the register; the same one sent twice is stored once."""
    from app.stock import editing  # noqa: PLC0415  (loads the engine)

    made = editing.new_asset(store.engine, city, asked)
    answer = _told(made, status=201)
    answer.headers["Location"] = f"/api/v1/cities/{quote(city, safe='')}/stock/{asked.id}"
    return answer


@router.get("/gaps/{kind}/sites")
def list_sites(
    city: str, kind: str, store: StoreDep, response: Response, neighbourhood: str | None = None
) -> GapSites:
    """Tell where a missing kind could go; with `neighbourhood`, what is in reach of it."""
    from app.stock import answers  # noqa: PLC0415  (loads the engine)

    with reading(store.engine) as connection:
        version = current_version(connection, city)
        told = answers.sites_record(connection, version, kind, neighbourhood)
    response.headers["Cache-Control"] = "no-store"
    return GapSites.model_validate(told)


@router.get("/stock/{asset:path}/kinds")
def list_kinds(city: str, asset: str, store: StoreDep, response: Response) -> StockKinds:
    """Tell what could go on an asset, with a reason for every no."""
    from app.stock import answers  # noqa: PLC0415  (loads the engine)

    with reading(store.engine) as connection:
        version = current_version(connection, city)
        told = answers.kinds_record(connection, version, asset)
    response.headers["Cache-Control"] = "no-store"
    return StockKinds.model_validate(told)


@router.get("/stock/{asset:path}/history")
def read_history(
    city: str,
    asset: str,
    store: StoreDep,
    response: Response,
    before: Annotated[int, Query(ge=1, description="older than this revision")] = NEVER,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> StockHistory:
    """Give the log of an asset or candidate, newest first; of retired ones too."""
    from app.stock import editing  # noqa: PLC0415  (loads the engine)

    with reading(store.engine) as connection:
        version = current_version(connection, city)
        editing.require_asset_or_history(connection, version, asset)
        items = stock_edits.read_history(connection, city, asset, before=before, limit=limit)
    response.headers["Cache-Control"] = "no-store"
    return StockHistory.model_validate({"items": items})


@router.post("/stock/{asset:path}/verdict", responses=EDIT_PROBLEMS)
def give_verdict(
    city: str, asset: str, asked: VerdictNew, store: StoreDep, if_match: IfMatch = None
) -> Response:
    """Accept, reject or correct a candidate; accepting makes it an asset of the register."""
    from app.stock import editing  # noqa: PLC0415  (loads the engine)

    seen = _revision(if_match)
    return _told(editing.judge_candidate(store.engine, city, asset, asked, seen=seen))


@router.get("/stock/{asset:path}")
def read_stock(city: str, asset: str, store: StoreDep, response: Response) -> StockDetail:
    """Tell everything about one stock asset: documents, warnings, gaps it could close."""
    from app.stock import answers  # noqa: PLC0415  (loads the engine)

    with reading(store.engine) as connection:
        version = current_version(connection, city)
        told = answers.detail_record(connection, version, asset)
    response.headers["ETag"] = f'"{told["revision"]}"'
    response.headers["Cache-Control"] = "no-store"
    return StockDetail.model_validate(told)


@router.put("/stock/{asset:path}", responses=EDIT_PROBLEMS)
def edit_asset(
    city: str, asset: str, asked: AssetEdit, store: StoreDep, if_match: IfMatch = None
) -> Response:
    """Change values of an asset, or its place; what is not named stays."""
    from app.stock import editing  # noqa: PLC0415  (loads the engine)

    seen = _revision(if_match)
    return _told(editing.edit_asset(store.engine, city, asset, asked, seen=seen))


@router.delete("/stock/{asset:path}", responses=EDIT_PROBLEMS)
def retire_asset(
    city: str, asset: str, asked: AssetRetire, store: StoreDep, if_match: IfMatch = None
) -> Response:
    """Take an asset out of the register; its history stays."""
    from app.stock import editing  # noqa: PLC0415  (loads the engine)

    seen = _revision(if_match)
    return _told(editing.retire_asset(store.engine, city, asset, asked, seen=seen))


def _told(record: Record, *, status: int = 200) -> Response:
    headers = {"ETag": f'"{record["revision"]}"', "Cache-Control": "no-store"}
    return JSONResponse(plain(record), status_code=status, headers=headers)


def _revision(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    found = re.fullmatch(r'\s*(?:W/)?"(\d{1,9})"\s*', if_match)
    if found is None:
        raise BadRequestError(
            f'`If-Match: {if_match}` is no ETag of an asset; they look like "3".',
            f'`If-Match: {if_match}` 不是资源的 ETag;其形式如 "3"。',
        )
    return int(found[1])
