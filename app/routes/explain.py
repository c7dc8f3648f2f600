"""Why a gap is one, and what would close it."""

from __future__ import annotations

from fastapi import APIRouter

from app.deps import BasesDep, StoreDep
from app.scenarios.schemas import Explanation
from app.store import places

router = APIRouter(prefix="/cities/{city}/neighbourhoods", tags=["neighbourhoods"])


@router.get(
    "/{neighbourhood:path}/gaps/{kind}/explain",
    responses={409: {"description": "The state for scenarios is not there; a job makes it."}},
)
def explain_gap(
    city: str,
    neighbourhood: str,
    kind: str,
    store: StoreDep,
    bases: BasesDep,
    layer: str | None = None,
) -> Explanation:
    """Give the way to the nearest facility, what is missing, and the smallest changes that help."""
    from app.scenarios import what_if  # noqa: PLC0415  (loads the engine)

    places.require_gap(store.engine, city, neighbourhood, kind, layer)
    base = bases.open(city, store.data_version(city))
    return Explanation.model_validate(what_if.explain(base, neighbourhood, kind, layer=layer))
