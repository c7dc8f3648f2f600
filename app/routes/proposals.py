"""Proposed plans, as the last job on the current data found them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.deps import StoreDep
from app.errors import NotFoundError, RulesClashError
from app.plans.schemas import ProposalList
from app.store import jobs

router = APIRouter(prefix="/cities/{city}/proposals", tags=["plans"])


@router.get(
    "",
    response_model=ProposalList,
    responses={
        409: {"description": "The job's rules clash: `clashes` tells which, what to relax."}
    },
)
def read_proposals(city: str, store: StoreDep, job: str | None = None) -> Response:
    """Give the plans that a job `proposals` found; without `job`, the newest on these data."""
    version = store.data_version(city)
    told: dict[str, Any] = {"data_version": version, "job": None, "request": None, "items": []}
    if job is None:
        found = jobs.latest_result(store.engine, city, kind="proposals", data_version=version)
    else:
        found = jobs.result_record(store.engine, city, job, kind="proposals")
        if found is None:
            clashes = jobs.error_of(store.engine, city, job, kind="proposals").get("clashes")
            if clashes:
                raise RulesClashError(clashes)
            raise NotFoundError(
                f"City `{city}` has no finished job `{job}` of proposals.",
                f"城市 `{city}` 没有已完成的方案提案任务 `{job}`。",
            )
    if found is not None:
        told |= {"job": found["id"], "request": found["request"], **found["result"]}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})
