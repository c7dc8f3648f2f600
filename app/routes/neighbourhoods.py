"""Neighbourhoods: the ranking, one sheet, its life circles, what is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.deps import StoreDep
from app.errors import BadRequestError
from app.routes.paging import link_next
from app.schemas import FeatureCollection, Ranking, Sheet
from app.store import places
from spatial.dictionary import data_dictionary

router = APIRouter(prefix="/cities/{city}/neighbourhoods", tags=["neighbourhoods"])

Sort = Literal[
    "gap_index",
    "must_missing",
    "persons",
    "households",
    "year_built",
    "name",
    "area_m2",
    "priority",
]


@dataclass(frozen=True, slots=True)
class Ordering:
    """By which number, and which way."""

    sort: str
    descending: bool


def ordering(sort: Sort = "gap_index", order: Literal["asc", "desc"] | None = None) -> Ordering:
    """Read the order; without one the neediest, largest or oldest come first."""
    usual = "asc" if sort in {"name", "year_built"} else "desc"
    return Ordering(sort, (order or usual) == "desc")


@router.get("")
def rank_neighbourhoods(
    city: str,
    store: StoreDep,
    request: Request,
    response: Response,
    ordered: Annotated[Ordering, Depends(ordering)],
    limit: Annotated[int, Query(ge=1, le=2_000)] = 100,
    cursor: str | None = None,
    eligibility: Annotated[
        str | None, Query(description="one or several of eligible,conditional,excluded,unknown")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=100, description="part of the name, or an id")
    ] = None,
) -> Ranking:
    """Rank the neighbourhoods; places without the number come last."""
    items, total, following = places.rank_places(
        store.engine,
        city,
        sort=ordered.sort,
        descending=ordered.descending,
        limit=limit,
        cursor=cursor,
        eligibility=_allowed_eligibility(eligibility),
        q=q,
    )
    response.headers.update(link_next(request, following))
    return Ranking.model_validate({"items": items, "total": total})


# Ids of OpenStreetMap hold a slash (way/123) and are taken whole: the longer addresses come first.
@router.get("/{neighbourhood:path}/life-circles", response_model=FeatureCollection)
def read_life_circles(city: str, neighbourhood: str, store: StoreDep) -> Response:
    """Give the life circles as GeoJSON, the largest first."""
    answer = places.read_circles(store.engine, city, neighbourhood)
    return JSONResponse(answer, media_type="application/geo+json")


@router.get("/{neighbourhood:path}/facilities", response_model=FeatureCollection)
def read_reached_facilities(city: str, neighbourhood: str, store: StoreDep) -> Response:
    """Give the facilities that are reached on foot as GeoJSON, the nearest first."""
    answer = places.read_reached(store.engine, city, neighbourhood)
    return JSONResponse(answer, media_type="application/geo+json")


@router.get("/{neighbourhood:path}")
def read_neighbourhood(city: str, neighbourhood: str, store: StoreDep) -> Sheet:
    """Tell everything about one neighbourhood."""
    return Sheet.model_validate(places.read_place(store.engine, city, neighbourhood))


def _allowed_eligibility(value: str | None) -> list[str] | None:
    if not value:
        return None
    known = data_dictionary().results["neighbourhoods"].columns["eligibility"].values
    wanted = [part.strip() for part in value.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in known]
    if unknown:
        raise BadRequestError(
            f"`eligibility` knows {', '.join(known)}, not {', '.join(unknown)}.",
            f"`eligibility` 可取 {'、'.join(known)},没有 {'、'.join(unknown)}。",
        )
    return wanted
