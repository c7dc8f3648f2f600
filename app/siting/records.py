"""A siting plan as plain values: proof, money, sites with consents, who is left out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyproj

from app.plain import Record, plain, records
from app.siting.grounds import SitingGround
from spatial.siting.plan import SitingPlan

__all__ = ["plan_record", "served_neighbourhoods", "summary_record", "to_degrees"]

MOST_UNSERVED: Final = 500
ASSET_FACTS: Final = (
    *("name", "source", "ownership", "pathway", "consent_zh", "consent_en", "clause"),
    *("to_find_out", "neighbourhood_id"),
)


def plan_record(
    plan: SitingPlan, ground: SitingGround, *, why: Mapping[str, Record] | None = None
) -> Record:
    """Return a plan as the API tells it.

    Parameters
    ----------
    plan : SitingPlan
    ground : SitingGround
    why : mapping of option id to record, optional
        Explanations of chosen options.
    """
    sure_zh, sure_en = plan.sure()
    left, total = _unserved(plan, ground)
    return {
        "value": plain(plan.value),
        "bound": plain(plan.bound),
        "gap_share": plain(plan.gap_share),
        "status": str(plan.status),
        "sure_zh": sure_zh,
        "sure_en": sure_en,
        "persons": plan.newly_persons,
        "demand_persons": plan.problem.persons,
        "cost_yuan": float(plan.chosen["cost_yuan"].sum()),
        "yearly_yuan": float(plan.chosen["yearly_yuan"].sum()),
        "money": records(plan.money.reset_index(), with_index=False),
        "parts": records(
            plan.parts.reset_index()[["part", "zh", "en", "unit", "weight", "value", "weighted"]],
            with_index=False,
        ),
        "chosen": _chosen(plan, ground, why or {}),
        "unserved": left,
        "unserved_total": total,
        "in_reach": _in_reach(plan),
        "notes": list(plan.notes),
    }


def summary_record(plan: SitingPlan) -> Record:
    """Return what the list of runs tells of a plan."""
    return {
        "sites": len(plan.chosen),
        "cost_yuan": float(plan.chosen["cost_yuan"].sum()),
        "persons": plan.newly_persons,
        "status": str(plan.status),
        "gap_share": plain(plan.gap_share),
    }


def _chosen(plan: SitingPlan, ground: SitingGround, why: Mapping[str, Record]) -> list[Record]:
    assets = plan.problem.assets
    serves = _serves(plan, ground)
    papers = dict(list(ground.documents.groupby("stock_id")))
    warned = dict(list(ground.warnings.groupby("stock_id")))
    degrees = to_degrees(ground.crs)
    kinds = ground.profile.catalogue.kinds
    told = []
    for option, row in zip(plan.chosen.index, plan.chosen.to_dict("records"), strict=True):
        asset = assets.loc[row["asset"]]
        lon, lat = degrees.transform(asset["x_m"], asset["y_m"])
        facts = {name: plain(asset.get(name)) for name in ASSET_FACTS}
        documents = papers.get(row["asset"])
        warnings = warned.get(row["asset"])
        told.append(
            {
                "option": str(option),
                "asset": str(row["asset"]),
                **facts,
                "district_id": plain(asset["district"]),
                "kind": row["kind"],
                "kind_zh": kinds[row["kind"]].zh,
                "kind_en": kinds[row["kind"]].en,
                "size": row["size"],
                "size_m2": plain(row.get("size_m2")),
                "year": int(row["year"]),
                "mode": plain(row.get("mode")),
                "cost_yuan": float(row["cost_yuan"]),
                "yearly_yuan": float(row["yearly_yuan"]),
                "capacity_persons": plain(row["capacity_persons"]),
                "capacity_source": plain(row.get("capacity_source")),
                "capacity_confidence": plain(row.get("capacity_confidence")),
                "persons": float(row["served_persons"]),
                "consent_risk_share": float(row["consent_risk_share"]),
                "lon": round(float(lon), 7),
                "lat": round(float(lat), 7),
                "documents": [] if documents is None else records(documents, with_index=False),
                "warnings": [] if warnings is None else records(warnings, with_index=False),
                "serves": serves.get(option, []),
                "why": why.get(str(option)),
            }
        )
    return told


def served_neighbourhoods(plan: SitingPlan) -> pd.DataFrame:
    """Return ``site, neighbourhood_id, persons``: most persons first within each site."""
    place = plan.problem.demand["neighbourhood_id"]
    frame = plan.service.assign(neighbourhood_id=plan.service["demand"].map(place))
    sums = frame.groupby(["site", "neighbourhood_id"], as_index=False)["persons"].sum()
    return sums.sort_values(["site", "persons"], ascending=[True, False], kind="stable")


def _serves(plan: SitingPlan, ground: SitingGround) -> dict[str, list[Record]]:
    names = ground.places["name"]
    told: dict[str, list[Record]] = {}
    for row in served_neighbourhoods(plan).itertuples(index=False):
        place = str(row.neighbourhood_id)
        record = {
            "id": place,
            "name": plain(names.get(place)),
            "persons": float(row.persons),
        }
        told.setdefault(str(row.site), []).append(record)
    return told


def _unserved(plan: SitingPlan, ground: SitingGround) -> tuple[list[Record], int]:
    """Return demand rows that are left, the most persons first, and how many there are."""
    served, demand = plan.served, plan.problem.demand
    left = (served["persons"] - served["served_persons"]).to_numpy(dtype=float)
    rows = np.flatnonzero(left > 0.5)
    order = rows[np.argsort(-left[rows], kind="stable")][:MOST_UNSERVED]
    reach = np.bincount(plan.problem.row, minlength=len(demand))
    names = ground.places["name"]
    told = [
        {
            "demand": str(demand.index[row]),
            "place": str(demand["neighbourhood_id"].iloc[row]),
            "name": plain(names.get(demand["neighbourhood_id"].iloc[row])),
            "kind": str(demand["kind"].iloc[row]),
            "layer": plain(demand["layer"].iloc[row]),
            "persons": float(demand["persons"].iloc[row]),
            "unserved_persons": float(left[row]),
            "options_in_reach": int(reach[row]),
        }
        for row in order
    ]
    return told, len(rows)


def _in_reach(plan: SitingPlan) -> list[Record]:
    from spatial.siting_from_analysis import in_reach  # noqa: PLC0415  (loads the engine)

    return records(in_reach(plan).reset_index(), with_index=False)


@lru_cache(maxsize=16)
def to_degrees(crs: str) -> Any:
    """Return what turns metres of a zone (WKT) into longitude and latitude."""
    zone = pyproj.CRS.from_wkt(crs)
    return pyproj.Transformer.from_crs(zone, zone.geodetic_crs, always_xy=True)
