"""Jobs: start long work, watch it, stop it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.deps import StoreDep
from app.errors import BadRequestError
from app.schemas import Job, JobList, JobRequest
from app.siting.asked import ways_of
from app.store import jobs
from spatial.standards import list_profiles

router = APIRouter(tags=["jobs"])


@router.post("/cities/{city}/jobs", status_code=202)
def start_job(city: str, request: JobRequest, store: StoreDep, response: Response) -> Job:
    """Run the analysis again, make the state that scenarios need, or find openings that pay."""
    known = list_profiles()
    if request.profile is not None and request.profile not in known:
        raise BadRequestError(
            f"There is no profile `{request.profile}`; there are {', '.join(known)}.",
            f"没有政策方案 `{request.profile}`;现有:{'、'.join(known)}。",
        )
    if request.kind == "siting":
        ways_of(request.model_dump(exclude_none=True))
    asked = request.model_dump(exclude={"kind"}, exclude_none=True)
    job = jobs.enqueue(store.engine, city, kind=request.kind, request=asked)
    response.headers["Location"] = f"/api/v1/jobs/{job['id']}"
    return Job.model_validate(job)


@router.get("/jobs")
def list_jobs(
    store: StoreDep,
    city: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobList:
    """List jobs, the newest first."""
    found = jobs.list_jobs(store.engine, city_id=city, limit=limit)
    return JobList.model_validate({"items": found})


@router.get("/jobs/{job}")
def read_job(job: str, store: StoreDep, response: Response) -> Job:
    """Tell how far a job is."""
    response.headers["Cache-Control"] = "no-store"
    return Job.model_validate(jobs.read_job(store.engine, job))


@router.delete("/jobs/{job}")
def cancel_job(job: str, store: StoreDep) -> Job:
    """Dismiss a waiting job, or ask a running one to stop at its next step."""
    return Job.model_validate(jobs.ask_to_cancel(store.engine, job))
