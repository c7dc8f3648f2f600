"""Plans of districts: made, read, edited by many at once."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.deps import DraftsDep, HubDep, ProblemsDep, StoreDep, WarmingDep
from app.errors import BadRequestError
from app.plain import plain
from app.plans import compare, planning
from app.plans.schemas import (
    BlameList,
    Compared,
    Edit,
    EditAnswer,
    Improved,
    ImproveRequest,
    Plan,
    PlanChange,
    PlanList,
    PlanNew,
    RevisionList,
    Tag,
    TagList,
    TagNew,
    Why,
)
from app.routes.paging import link_next
from app.store import Store, history, plans

router = APIRouter(prefix="/cities/{city}/plans", tags=["plans"])

IfMatch = Annotated[str | None, Header(description='the ETag that reading the plan gave, e.g. "7"')]
Which = Annotated[str, Query(description="a plan, or `plan@revision`")]
EDIT_PROBLEMS: dict[int | str, dict[str, Any]] = {
    409: {"description": "A lock or a hard rule forbids it; or the id was used for another edit."},
    412: {"description": "Somebody else changed the same districts; both changes are told."},
    422: {"description": "It names what does not exist, or makes no sense."},
    428: {"description": "If-Match is missing."},
}


@router.get("")
def list_plans(city: str, store: StoreDep, warming: WarmingDep, response: Response) -> PlanList:
    """List the plans of a city, the one changed last first."""
    warming.begin()  # whoever looks at plans may soon ask for a better one
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


@router.get("/compare", response_model=Compared)
def compare_plans(city: str, store: StoreDep, drafts: DraftsDep, a: Which, b: Which) -> Response:
    """Set two plans, or revisions of one, beside each other."""
    told = compare.compare_plans(store.engine, drafts, city, a, b)
    return JSONResponse(plain(told), headers={"Cache-Control": "no-store"})


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


@router.patch("/{plan}", response_model=Plan, responses=EDIT_PROBLEMS)
def change_plan(
    city: str,
    plan: str,
    request: PlanChange,
    store: StoreDep,
    drafts: DraftsDep,
    if_match: IfMatch = None,
) -> Response:
    """Change name, status or rules of a plan; an approved plan takes no edits."""
    seen = revision_seen(if_match)
    told = planning.change_plan(store.engine, drafts, city, plan, request, seen=seen)
    return _tagged(told)


@router.get("/{plan}/revisions")
def list_revisions(
    city: str,
    plan: str,
    store: StoreDep,
    request: Request,
    response: Response,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> RevisionList:
    """List what was done to a plan, newest first."""
    with planning.reading(store.engine) as connection:
        found = plans.find_plan(connection, city, plan)
        page, following = history.list_revisions(connection, found, limit=limit, cursor=cursor)
    response.headers.update(link_next(request, following))
    response.headers["Cache-Control"] = "no-store"
    return RevisionList.model_validate({"items": page})


@router.get("/{plan}/blame/{unit:path}")
def read_blame(city: str, plan: str, unit: str, store: StoreDep, response: Response) -> BlameList:
    """Tell who moved a neighbourhood, when and why."""
    with planning.reading(store.engine) as connection:
        found = history.blame(connection, plans.find_plan(connection, city, plan), unit)
    response.headers["Cache-Control"] = "no-store"
    return BlameList.model_validate({"items": found})


@router.get("/{plan}/tags")
def list_tags(city: str, plan: str, store: StoreDep, response: Response) -> TagList:
    """List the named revisions of a plan."""
    with planning.reading(store.engine) as connection:
        found = history.list_tags(connection, plans.find_plan(connection, city, plan))
    response.headers["Cache-Control"] = "no-store"
    return TagList.model_validate({"items": found})


@router.post("/{plan}/tags", status_code=201, responses={409: {"description": "Name taken."}})
def add_tag(city: str, plan: str, request: TagNew, store: StoreDep) -> Tag:
    """Give a revision a name."""
    with store.engine.begin() as connection:
        row = plans.find_plan(connection, city, plan)
        made = history.add_tag(connection, row, **request.model_dump())
    return Tag.model_validate(made)


@router.get("/{plan}/why/{unit:path}", response_model=Why)
def read_why(
    city: str, plan: str, unit: str, store: StoreDep, drafts: DraftsDep, problems: ProblemsDep
) -> Response:
    """Tell what a neighbourhood shares with its district, and what moving it would cost."""
    from app.plans import proposing  # noqa: PLC0415  (loads the engine)

    draft, problem = planning.problem_of_plan(store.engine, drafts, problems, city, plan)
    told = proposing.reasons(problem, draft, unit)
    return JSONResponse(plain(told), headers={"Cache-Control": "no-store"})


@router.post("/{plan}/improve", response_model=Improved, responses=EDIT_PROBLEMS)
def improve_plan(
    city: str,
    plan: str,
    request: ImproveRequest,
    store: StoreDep,
    drafts: DraftsDep,
    problems: ProblemsDep,
) -> Response:
    """Find the best plan around an edit; nothing is stored: send it as `take` to keep it."""
    from app.plans import proposing  # noqa: PLC0415  (loads the engine)

    draft, problem = planning.problem_of_plan(store.engine, drafts, problems, city, plan)
    started = time.perf_counter()
    told = proposing.improvement(problem, draft, request.units, request.locked)
    told["elapsed_ms"] = round((time.perf_counter() - started) * 1000, 3)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.get(
    "/{plan}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events, for ever."}},
)
async def follow_plan(
    city: str,
    plan: str,
    store: StoreDep,
    hub: HubDep,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[int | None, Query(ge=0, description="the last revision known")] = None,
) -> StreamingResponse:
    """Tell every revision as it is made; `Last-Event-ID` (or `after`) goes on where one was."""
    hub.require_room()
    row = await run_sync(_row, store, city, plan)
    if last_event_id is not None and last_event_id.isdigit():
        after = int(last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = hub.stream(row.key, row.head, after)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _row(store: Store, city: str, plan: str) -> plans.PlanRow:
    with store.engine.connect() as connection:
        return plans.find_plan(connection, city, plan)


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
