"""A siting plan on the map: catchments as GeoJSON, and the scenario of its facilities."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Engine

from app.errors import TooLargeError
from app.plain import Record, plain
from app.scenarios.schemas import MOST_CHANGES
from app.siting.records import served_neighbourhoods, to_degrees
from app.siting.warm import KeptSiting
from app.store.sitings import read_shapes
from spatial.analysis import Analysis
from spatial.scenarios import changes_to_json
from spatial.siting.plan import SitingPlan
from spatial.siting_from_analysis import scenario_of

__all__ = ["catchments", "scenario_changes"]


def catchments(
    engine: Engine, city_id: str, one: KeptSiting, plan: SitingPlan, *, asset: str | None
) -> Record:
    """Return who is served by which site, in longitude/latitude.

    Features of neighbourhoods carry ``role: served, site, asset, kind, neighbourhood_id, name,
    persons``, one for each pair; those of sites ``role: site, site, asset, kind, name, persons``.
    """
    chosen = plan.chosen if asset is None else plan.chosen[plan.chosen["asset"] == asset]
    served = served_neighbourhoods(plan)
    served = served[served["site"].isin(chosen.index)]
    places = [str(place) for place in served["neighbourhood_id"].unique()]
    assets = [str(name) for name in chosen["asset"].unique()]
    version = one.data_version
    parcels = read_shapes(engine, city_id, version, "neighbourhoods", places)
    stock = read_shapes(engine, city_id, version, "stock", assets)
    names = one.ground.places["name"]
    features = []
    for row in served.itertuples(index=False):
        place, option = str(row.neighbourhood_id), chosen.loc[row.site]
        facts = {
            "role": "served",
            "site": str(row.site),
            "asset": str(option["asset"]),
            "kind": str(option["kind"]),
            "neighbourhood_id": place,
            "name": plain(names.get(place)),
            "persons": float(row.persons),
        }
        features.append(_feature(f"{row.site}>{place}", parcels.get(place), facts))
    for site, option in chosen.iterrows():
        facts = {
            "role": "site",
            "site": str(site),
            "asset": str(option["asset"]),
            "kind": str(option["kind"]),
            "name": plain(plan.problem.assets["name"].get(option["asset"])),
            "persons": float(option["served_persons"]),
        }
        shape = stock.get(str(option["asset"])) or _point(one, plan, str(option["asset"]))
        features.append(_feature(str(site), shape, facts))
    return {"type": "FeatureCollection", "features": features}


def scenario_changes(
    one: KeptSiting, plan: SitingPlan, *, by_year: int | None = None
) -> list[Record]:
    """Return the changes of a scenario that puts a plan's facilities into the city.

    Raises
    ------
    TooLargeError
        If there are more than a scenario holds.
    """
    known = cast("Analysis", SimpleNamespace(profile=one.ground.profile))
    changes = scenario_of(plan, known, by_year=by_year)
    if len(changes) > MOST_CHANGES:
        raise TooLargeError(
            f"The plan has {len(changes)} sites, a scenario holds {MOST_CHANGES} changes. Adopt "
            "the first years alone (`by_year`), or site an area at a time.",
            f"该方案有 {len(changes)} 处,一个情景最多 {MOST_CHANGES} 项变更。请只采纳前几年"
            "(by_year),或分区域选址。",
        )
    return [dict(one_) for one_ in changes_to_json(changes, one.ground.crs)]


def _point(one: KeptSiting, plan: SitingPlan, asset: str) -> str:
    row = plan.problem.assets.loc[asset]
    lon, lat = to_degrees(one.ground.crs).transform(row["x_m"], row["y_m"])
    return json.dumps({"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]})


def _feature(key: str, shape: str | None, facts: dict[str, Any]) -> Record:
    return {
        "type": "Feature",
        "id": key,
        "geometry": None if shape is None else json.loads(shape),
        "properties": facts,
    }
