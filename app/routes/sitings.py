"""Sitings: which asset becomes which facility; what if it were otherwise; into a scenario."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, BackgroundTasks, Query, Response
from fastapi.responses import JSONResponse

from app.deps import SitingsDep, StoreDep
from app.errors import BadRequestError
from app.plain import plain
from app.siting.schemas import (
    Adopted,
    AdoptRequest,
    AgainAnswer,
    AgainRequest,
    FundingAnswer,
    FundingRequest,
    SitingAnswer,
    SitingCatchments,
    SitingList,
    SitingPoint,
)
from app.store import scenarios, sitings

router = APIRouter(prefix="/cities/{city}/sitings", tags=["sitings"])

TOLD: Final = (
    *("plan", "pareto", "funding", "rejected", "rejected_total", "sensitivity", "stock_edits"),
)
Point = Annotated[int | None, Query(ge=0, description="a point of the curve, from 0")]
Edit = Annotated[str | None, Query(max_length=20_000, description="the `edit` of an …/again")]
Money = Annotated[str | None, Query(max_length=20_000, description="the `asked` of a …/funding")]
Format = Literal["gpkg", "xlsx"]
TYPES: Final = {
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in TYPES.values()}, "description": "The file."}
}
GONE: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "The rules clash (`siting-infeasible`, with `clashes`), or what the siting "
        "was worked out on is no longer kept (`conflict`)."
    }
}


@router.get("")
def list_sitings(
    city: str, store: StoreDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> SitingList:
    """List finished sitings, the newest first."""
    found = sitings.list_sitings(store.engine, city, limit=limit)
    return SitingList.model_validate({"items": found})


@router.get("/{job}", response_model=SitingAnswer, responses=GONE)
def read_siting(
    city: str, job: str, store: StoreDep, kept: SitingsDep, later: BackgroundTasks
) -> Response:
    """Give what a job `siting` found: the plan, the curve, the money, and why."""
    found = sitings.read_siting(store.engine, city, job)
    later.add_task(kept.warm, store.engine, city, job)  # whoever reads it may soon ask what if
    result = found["result"]
    told = {name: result[name] for name in TOLD}
    facts = {"data_version": found["data_version"], "job": job, "current": found["current"]}
    return _fresh({**facts, "request": found["request"], **told}, later)


@router.get("/{job}/points/{point}", response_model=SitingPoint, responses=GONE)
def read_point(city: str, job: str, point: int, store: StoreDep, kept: SitingsDep) -> Response:
    """Give the plan of one point of the curve of money against people."""
    one = kept.of(store.engine, city, job)
    told = _plan_and_money(one, one.plan(point=point))
    return _fresh({"data_version": one.data_version, "job": job, "point": point, **told})


@router.post("/{job}/again", response_model=AgainAnswer, responses=GONE)
def solve_again(
    city: str, job: str, request: AgainRequest, store: StoreDep, kept: SitingsDep
) -> Response:
    """Solve again with sites forced, forbidden or resized; nothing is stored."""
    from app.siting.warm import edit_name  # noqa: PLC0415  (loads the engine)

    begun = time.perf_counter()
    one = kept.of(store.engine, city, job)
    edit = edit_name(request.model_dump(exclude_none=True))
    told = _plan_and_money(one, one.plan(edit=edit))
    facts = {"data_version": one.data_version, "job": job, "edit": edit}
    elapsed_ms = round(1_000 * (time.perf_counter() - begun), 1)
    return _fresh({**facts, **told, "elapsed_ms": elapsed_ms})


@router.post("/{job}/funding", response_model=FundingAnswer, responses=GONE)
def read_funding(
    city: str, job: str, request: FundingRequest, store: StoreDep, kept: SitingsDep
) -> Response:
    """Tell who pays for a plan with other money than the siting was asked with.

    Nothing is solved anew, and nothing is stored; `asked` names the money for the export.
    """
    from app.siting.funding import funding_record, require_funding  # noqa: PLC0415  (the engine)
    from app.siting.warm import edit_name  # noqa: PLC0415  (loads the engine)

    one = kept.of(store.engine, city, job)
    plan = one.plan(point=request.point, edit=request.edit)
    asked = request.model_dump(exclude={"point", "edit"}, exclude_none=True)
    require_funding(one.ground, asked)
    told = funding_record(plan, one.ground, asked)
    facts = {"data_version": one.data_version, "job": job, "asked": edit_name(asked)}
    return _fresh({**facts, "funding": told})


@router.get("/{job}/catchments", response_model=SitingCatchments, responses=GONE)
def read_catchments(
    city: str,
    job: str,
    store: StoreDep,
    kept: SitingsDep,
    asset: str | None = None,
    point: Point = None,
    edit: Edit = None,
) -> Response:
    """Give who is served by which site, as GeoJSON: neighbourhoods, then the sites."""
    from app.siting.shapes import catchments  # noqa: PLC0415  (loads the engine)

    one = kept.of(store.engine, city, job)
    plan = one.plan(point=point, edit=edit)
    return _fresh(catchments(store.engine, city, one, plan, asset=asset))


@router.post("/{job}/adopt", status_code=201, responses=GONE)
def adopt(
    city: str,
    job: str,
    request: AdoptRequest,
    store: StoreDep,
    kept: SitingsDep,
    response: Response,
) -> Adopted:
    """Make a scenario of a plan's facilities."""
    from app.siting.shapes import scenario_changes  # noqa: PLC0415  (loads the engine)

    if request.id in {"base", "compare"}:
        raise BadRequestError(
            f"`{request.id}` cannot be the id of a scenario.", f"`{request.id}` 不能用作情景 id。"
        )
    one = kept.of(store.engine, city, job)
    plan = one.plan(point=request.point, edit=request.edit)
    changes = scenario_changes(one, plan, by_year=request.by_year)
    made = scenarios.create_scenario(
        store.engine, city, request.id, name=request.name, changes=changes
    )
    address = f"/api/v1/cities/{quote(city)}/scenarios/{request.id}"
    response.headers["Location"] = address
    return Adopted.model_validate(made)


@router.get("/{job}/export", response_class=Response, responses=FILE | GONE)
def export_siting(
    city: str,
    job: str,
    store: StoreDep,
    kept: SitingsDep,
    format: Format = "gpkg",  # noqa: A002  (the name in the address)
    point: Point = None,
    edit: Edit = None,
    funding: Money = None,
) -> Response:
    """Give the list of sites with costs and consents, and who is served, as a file."""
    from app.siting.files import packed  # noqa: PLC0415  (loads writers of files)
    from app.siting.funding import require_funding  # noqa: PLC0415  (loads the engine)
    from app.siting.warm import read_money  # noqa: PLC0415  (loads the engine)

    money = None if funding is None else read_money(funding)
    one = kept.of(store.engine, city, job)
    require_funding(one.ground, money or {})
    plan = one.plan(point=point, edit=edit)
    body = packed(store.engine, city, one, plan, format, funding=money)
    name = quote(f"siting-{job[:8]}.{format}")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=TYPES[format], headers=headers)


def _plan_and_money(one: Any, plan: Any) -> dict[str, Any]:
    from app.siting.funding import funding_record  # noqa: PLC0415  (loads the engine)
    from app.siting.records import plan_record  # noqa: PLC0415  (loads the engine)

    asked = one.request.get("funding") or {}
    return {
        "plan": plan_record(plan, one.ground),
        "funding": funding_record(plan, one.ground, asked),
    }


def _fresh(told: dict[str, Any], later: BackgroundTasks | None = None) -> JSONResponse:
    return JSONResponse(plain(told), headers={"Cache-Control": "no-store"}, background=later)
