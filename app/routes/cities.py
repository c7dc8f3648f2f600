"""Cities: which there are, what is known of each, its layers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.deps import BasesDep, StoreDep
from app.routes.paging import link_next
from app.schemas import Catalogue, CityDetail, CityList, FeatureCollection, LayerList
from app.store import cities, features

router = APIRouter(prefix="/cities", tags=["cities"])


@router.get("")
def list_cities(store: StoreDep) -> CityList:
    """List all cities."""
    return CityList.model_validate({"items": cities.list_cities(store.engine)})


@router.get("/{city}")
def read_city(city: str, store: StoreDep, bases: BasesDep) -> CityDetail:
    """Tell everything about a city as a whole: figures, notes, parameters, import report."""
    record = cities.read_city_record(store.engine, city)
    bases.warm(city, record["data_version"])  # whoever looks at a city may soon ask what-if
    return CityDetail.model_validate(record)


@router.get("/{city}/catalogue")
def read_catalogue(city: str, store: StoreDep) -> Catalogue:
    """Tell against which facility catalogue the city was checked."""
    return Catalogue.model_validate(cities.read_catalogue(store.engine, city))


@router.get("/{city}/layers")
def list_layers(city: str, store: StoreDep) -> LayerList:
    """List the city's layers, with the addresses of their tiles."""
    return LayerList.model_validate({"items": cities.list_layers(store.engine, city)})


@router.get("/{city}/layers/{layer}", response_model=FeatureCollection)
def read_layer(
    city: str,
    layer: str,
    store: StoreDep,
    request: Request,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
    cursor: str | None = None,
) -> Response:
    """Give features of a layer as GeoJSON; the `Link` header leads to the next page."""
    page, following = features.read_features(
        store.engine,
        city,
        layer,
        bbox=features.parse_bbox(bbox),
        limit=limit,
        cursor=cursor,
    )
    return JSONResponse(
        page, headers=link_next(request, following), media_type="application/geo+json"
    )
