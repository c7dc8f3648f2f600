"""Plans of districts: made, read, edited by many at once."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from app import planning
from app.deps import DraftsDep, StoreDep
from app.errors import BadRequestError
from app.plan_schemas import Edit, EditAnswer, Plan, PlanList, PlanNew
from app.store import plans
from app.what_if import plain

router = APIRouter(prefix="/cities/{city}/plans", tags=["plans"])

IfMatch = Annotated[str | None, Header(description='the ETag that reading the plan gave, e.g. "7"')]
EDIT_PROBLEMS: dict[int | str, dict[str, Any]] = {
    409: {"description": "A lock or a hard rule forbids it; or the id was used for another edit."},
    412: {"description": "Somebody else changed the same districts; both changes are told."},
    422: {"description": "It names what does not exist, or makes no sense."},
    428: {"description": "If-Match is missing."},
}


@router.get("")
def list_plans(city: str, store: StoreDep, response: Response) -> PlanList:
    """List the plans of a city, the one changed last first."""
    response.headers["Cache-Control"] = "no-store"
    found = plans.list_plans(store.engine, city)
    return PlanList.model_validate({"items": found})


@router.post(
    "",
    status_code=201,
    response_model=Plan,
    responses={409: {"description": "The id is taken."}},
)
def create_plan(city: str, request: PlanNew, store: StoreDep, drafts: DraftsDep) -> Response:
    """Make a plan: from the analysis, empty, from another plan, or from a proposal."""
    planning.new_plan(store.engine, drafts, city, request)
    told = planning.plan_record(store.engine, drafts, city, request.id)
    return _tagged(told, status_code=201)


@router.get("/{plan}", response_model=Plan)
def read_plan(
    city: str,
    plan: str,
    store: StoreDep,
    drafts: DraftsDep,
    at: Annotated[int | None, Query(ge=0, description="after this revision")] = None,
) -> Response:
    """Tell a plan with all its districts and figures, now or after one of its revisions."""
    return _tagged(planning.plan_record(store.engine, drafts, city, plan, at=at))


@router.post("/{plan}/edits", response_model=EditAnswer, responses=EDIT_PROBLEMS)
def edit_plan(
    city: str,
    plan: str,
    edit: Edit,
    store: StoreDep,
    drafts: DraftsDep,
    if_match: IfMatch = None,
    *,
    dry_run: bool = False,
) -> Response:
    """Do one edit (one revision), or tell what it would do."""
    seen = revision_seen(if_match)
    told = planning.edit_plan(store.engine, drafts, city, plan, edit, seen=seen, dry_run=dry_run)
    return _tagged(told)


def _tagged(told: dict[str, Any], *, status_code: int = 200) -> JSONResponse:
    """Answer at once: the rows are plain already, and need no second look at each value."""
    for name in ("created_at", "updated_at"):
        if name in told:
            told[name] = told[name].isoformat()
    headers = {"ETag": f'"{told["head"]}"', "Cache-Control": "no-store"}
    return JSONResponse(plain(told), status_code=status_code, headers=headers)


def revision_seen(if_match: str | None) -> int | None:
    """Return the revision that an `If-Match` header names; None without one."""
    if if_match is None:
        return None
    found = re.fullmatch(r'\s*(?:W/)?"(\d{1,9})"\s*', if_match)
    if found is None:
        raise BadRequestError(
            f'`If-Match: {if_match}` is no ETag of a plan; they look like "3".',
            f'`If-Match: {if_match}` 不是方案的 ETag;其形式如 "3"。',
        )
    return int(found[1])
