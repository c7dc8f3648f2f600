"""Scenarios: what if a facility closed, a wall were opened, a path built."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from app.deps import BasesDep, StoreDep
from app.errors import BadRequestError
from app.scenarios.schemas import (
    Comparison,
    OpeningList,
    Scenario,
    ScenarioList,
    ScenarioNew,
    ScenarioState,
    WhatIf,
    WhatIfRequest,
)
from app.store import jobs, scenarios

router = APIRouter(prefix="/cities/{city}", tags=["scenarios"])

BASE = "base"
COMPARED = ("neighbourhoods", "figures")
IfMatch = Annotated[str | None, Header(description="the ETag that reading the scenario gave")]
Which = Annotated[str, Query(description="id of a scenario, or `base` for the city as it is")]
CHANGE_PROBLEMS: dict[int | str, dict[str, Any]] = {
    409: {"description": "The state for scenarios is not there; a job makes it."},
    413: {"description": "The request is too large."},
    422: {"description": "A change cannot be used; the problem says which."},
}
STATE_PROBLEMS: dict[int | str, dict[str, Any]] = {
    412: {"description": "Changed by somebody else in the meantime."},
    428: {"description": "If-Match is missing."},
}


@router.post("/what-if", response_model=WhatIf, responses=CHANGE_PROBLEMS)
def ask_what_if(city: str, request: WhatIfRequest, store: StoreDep, bases: BasesDep) -> Response:
    """Tell what changes would make different, against the city as it is."""
    told = _result(
        store,
        bases,
        city,
        request.changes,
        only=request.only,
        gaps_of=request.gaps_of,
    )
    return _fresh(told)


@router.get("/scenarios")
def list_scenarios(city: str, store: StoreDep, response: Response) -> ScenarioList:
    """List the scenarios of a city, the one changed last first."""
    response.headers["Cache-Control"] = "no-store"
    return ScenarioList.model_validate({"items": scenarios.list_scenarios(store.engine, city)})


@router.post("/scenarios", status_code=201, responses={409: {"description": "The id is taken."}})
def create_scenario(
    city: str, request: ScenarioNew, store: StoreDep, response: Response
) -> Scenario:
    """Save a new scenario under the id that the client made."""
    if request.id in {BASE, "compare"}:
        raise BadRequestError(
            f"`{request.id}` cannot be the id of a scenario.", f"`{request.id}` 不能用作情景 id。"
        )
    made = scenarios.create_scenario(
        store.engine, city, request.id, name=request.name, changes=request.changes
    )
    response.headers["Location"] = f"/api/v1/cities/{city}/scenarios/{request.id}".encode().decode(
        "latin-1", "ignore"
    )
    return _with_tag(made, response)


@router.get("/scenarios/compare", responses=CHANGE_PROBLEMS)
def compare_scenarios(
    city: str, store: StoreDep, bases: BasesDep, a: Which = BASE, b: Which = BASE
) -> Comparison:
    """Set two scenarios beside each other: figures, and the neighbourhoods that differ."""
    from app.scenarios import what_if  # noqa: PLC0415  (loads the engine)

    one, other = (
        _result(store, bases, city, _changes(store, city, which), only=COMPARED) for which in (a, b)
    )
    told = {"a": a, "b": b, "data_version": one["data_version"]}
    return Comparison.model_validate({**told, **what_if.compare(one, other)})


@router.get("/scenarios/{scenario}")
def read_scenario(city: str, scenario: str, store: StoreDep, response: Response) -> Scenario:
    """Tell the changes of a scenario."""
    return _with_tag(scenarios.read_scenario(store.engine, city, scenario), response)


@router.put("/scenarios/{scenario}", responses=STATE_PROBLEMS)
def replace_scenario(
    city: str,
    scenario: str,
    request: ScenarioState,
    store: StoreDep,
    response: Response,
    if_match: IfMatch = None,
) -> Scenario:
    """Save another state of a scenario in place of the one that was seen."""
    changed = scenarios.replace_scenario(
        store.engine,
        city,
        scenario,
        name=request.name,
        changes=request.changes,
        seen=_revision(if_match),
    )
    return _with_tag(changed, response)


@router.delete("/scenarios/{scenario}", status_code=204, responses=STATE_PROBLEMS)
def delete_scenario(
    city: str, scenario: str, store: StoreDep, if_match: IfMatch = None
) -> Response:
    """Remove a scenario."""
    scenarios.delete_scenario(store.engine, city, scenario, seen=_revision(if_match))
    return Response(status_code=204)


@router.get("/scenarios/{scenario}/result", response_model=WhatIf, responses=CHANGE_PROBLEMS)
def read_result(
    city: str, scenario: str, store: StoreDep, bases: BasesDep, gaps_of: str | None = None
) -> Response:
    """Tell what a saved scenario makes different, against the city as it is now."""
    changes = _changes(store, city, scenario)
    return _fresh(_result(store, bases, city, changes, gaps_of=gaps_of))


@router.get("/openings")
def read_openings(city: str, store: StoreDep) -> OpeningList:
    """Give the openings that pay, as the last job `openings` found them on the current data."""
    version = store.data_version(city)
    found = jobs.latest_result(store.engine, city, kind="openings", data_version=version)
    told: dict[str, Any] = {"data_version": version, "job": None, "k": None, "objective": None}
    if found is None:
        nothing: dict[str, Any] = {"total": None, "bound": None, "complete": None, "items": []}
        return OpeningList.model_validate({**told, **nothing})
    asked = {key: found["request"].get(key) for key in ("k", "objective")}
    return OpeningList.model_validate({**told, "job": found["id"], **asked, **found["result"]})


def _result(
    store: StoreDep,
    bases: BasesDep,
    city: str,
    changes: list[dict[str, Any]],
    *,
    only: Collection[str] | None = None,
    gaps_of: str | None = None,
) -> dict[str, Any]:
    from app.scenarios import what_if  # noqa: PLC0415  (loads the engine)

    version = store.data_version(city)
    result = what_if.run(bases.open(city, version), changes)
    told = what_if.result_record(result, only=only, gaps_of=gaps_of)
    return {"data_version": version, **told}


def _changes(store: StoreDep, city: str, which: str) -> list[dict[str, Any]]:
    return [] if which == BASE else scenarios.read_scenario(store.engine, city, which)["changes"]


def _fresh(answer: dict[str, Any]) -> JSONResponse:
    """Answer at once: the rows are plain already, and need no second look at each value."""
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _with_tag(record: dict[str, Any], response: Response) -> Scenario:
    response.headers["ETag"] = f'"{record["revision"]}"'
    response.headers["Cache-Control"] = "no-store"
    return Scenario.model_validate(record)


def _revision(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    found = re.fullmatch(r'\s*(?:W/)?"(\d{1,9})"\s*', if_match)
    if found is None:
        raise BadRequestError(
            f'`If-Match: {if_match}` is no ETag of a scenario; they look like "3".',
            f'`If-Match: {if_match}` 不是情景的 ETag;其形式如 "3"。',
        )
    return int(found[1])
