"""What is answered about stock: everything of one asset, what could go there, where it could go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from app.errors import NotFoundError
from app.plain import plain, records
from app.stock.writing import distances_to, inside_of, near_of, standards_of
from app.store import stock, stock_near
from app.store.rows import Record, Version, rows
from spatial.dictionary import data_dictionary
from spatial.funding import option_costs
from spatial.standards import FacilityKind, Profile
from spatial.stock import asset_warnings, complexes, documents_needed, why_not

__all__ = ["asset_record", "detail_record", "kinds_record", "sites_record"]

MOST_SITES: Final = 200
"""Assets looked at for one gap; the nearest ones."""
GAP_COLUMNS: Final = [
    *("kind", "neighbourhood_id", "name", "persons", "distance_m", "limit_m", "basis"),
]
COST_COLUMNS: Final = ["cost_yuan", "yearly_yuan", "mode", "confidence"]
COUNT: Final = """
SELECT count(*) AS n FROM linli.stock_revision WHERE city_id = :city AND asset_id = :id
"""
STATUS: Final = """
SELECT g.status, g.limit_m, ST_Y(ST_Centroid(n.geom)) AS latitude
FROM linli.result_neighbourhoods AS n
LEFT JOIN linli.result_gaps AS g ON g.version = n.version AND g.neighbourhood_id = n.id
    AND g.kind = :kind
WHERE n.version = :version AND n.id = :id
ORDER BY g.status = 'missing' DESC NULLS LAST, g.limit_m DESC NULLS LAST LIMIT 1
"""


def asset_record(connection: Connection, version: Version, stock_id: str) -> Record:
    """Return one asset as the list shows it, with its place and what the register says."""
    asset = stock.read_asset(connection, version, stock_id)
    shape = stock.shapes_of(connection, version, [stock_id])[stock_id]
    found = stock.input_facts(connection, version, stock_id)
    return {**asset, "geometry": shape, "facts": None if found is None else found[0]}


def detail_record(connection: Connection, version: Version, stock_id: str) -> Record:
    """Return everything about one asset: documents, warnings, gaps it could close, its log."""
    asset = asset_record(connection, version, stock_id)
    facts = asset["facts"] or {}
    frame = stock_frame([asset])
    count = rows(connection, COUNT, city=version.city_id, id=stock_id)[0]["n"]
    fits = stock.read_fits(connection, version, asset)
    return {
        **asset,
        "photos": (facts.get("photos") or "").split(),
        "links": (facts.get("links") or "").split(),
        "documents": records(documents_needed(frame), with_index=False),
        "warnings": records(asset_warnings(frame), with_index=False),
        "complexes": _complexes(connection, version, asset, frame, fits),
        "fits": fits,
        "measured": _measured(asset),
        "history_count": count,
        "data_version": version.data_version,
    }


def kinds_record(connection: Connection, version: Version, stock_id: str) -> Record:
    """Tell what could go on an asset: every kind, with a reason for each no, best first."""
    asset = stock.read_asset(connection, version, stock_id)
    shapes = stock.shapes_of(connection, version, [stock_id])
    frame = stock_frame([asset])
    profile, near = near_of(connection, version, shapes)
    kinds = list(profile.catalogue.kinds.values())
    told = why_not(frame, kinds, rules=profile.rooms["fits"], near=near)
    gaps = stock_near.gaps_of(connection, version)
    widest_m = gaps["limit_m"].max()
    reach = distances_to(
        connection,
        version,
        shapes,
        inside_of(frame),
        profile,
        widest_m=0.0 if pd.isna(widest_m) else float(widest_m),
    )
    here = _in_reach(gaps, reach)
    costs = _costs(told[told["fits"]], frame, profile)
    reasons = _by(told.drop(columns="stock_id"), "kind")
    near_by = _by(here[GAP_COLUMNS], "kind")
    cost_of = {row.pop("id"): row for row in records(costs[COST_COLUMNS])}
    items = [
        _kind_answer(kind, reasons[kind.id], near_by.get(kind.id, []), cost_of.get(kind.id, {}))
        for kind in kinds
    ]
    items.sort(key=_best_first)
    said = ("pathway", "permitted_zh", "permitted_en", "consent_zh", "consent_en", "to_find_out")
    return {"stock_id": stock_id, **{name: asset[name] for name in said}, "items": items}


def sites_record(
    connection: Connection, version: Version, kind_id: str, neighbourhood: str | None
) -> Record:
    """Tell where a kind could go: for one neighbourhood, or for all that lack it.

    Raises
    ------
    NotFoundError
        If there is no such kind or neighbourhood.
    """
    profile = _profile(connection, version)
    if kind_id not in profile.catalogue.kinds:
        raise NotFoundError(
            f"There is no kind of facility `{kind_id}`; "
            f"/api/v1/cities/{version.city_id}/catalogue lists them.",
            f"没有设施类别 `{kind_id}`;类别见 /api/v1/cities/{version.city_id}/catalogue。",
        )
    kind = profile.catalogue.kinds[kind_id]
    limit_m, status = profile.catalogue.limit_m(kind.layer, kind_id), None
    if neighbourhood is None:
        ids = stock.assets_holding(connection, version, kind_id, limit=MOST_SITES)
    else:
        found = rows(connection, STATUS, version=version.key, kind=kind_id, id=neighbourhood)
        if not found:
            raise NotFoundError(
                f"There is no neighbourhood `{neighbourhood}`.", f"没有小区 `{neighbourhood}`。"
            )
        status, limit_m = found[0]["status"], found[0]["limit_m"] or limit_m
        around = stock.assets_around(
            connection,
            version,
            neighbourhood,
            latitude=found[0]["latitude"],
            widest_m=limit_m,
            limit=MOST_SITES,
        )
        ids = list(around)
    assets = stock.list_stock(connection, version, filters={"ids": ids}, limit=len(ids) or 1)
    items = _sites(connection, version, assets, kind, profile, neighbourhood, limit_m)
    answer = {"kind": kind_id, "neighbourhood_id": neighbourhood, "limit_m": limit_m}
    return {**answer, "status": status, "items": items}


def stock_frame(assets: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return assets as ``results.stock`` without geometry."""
    spec = data_dictionary().results["stock"]
    index = pd.Index([asset["id"] for asset in assets], dtype="str", name="id")
    return pd.DataFrame(
        {
            name: pd.Series([asset[name] for asset in assets], index=index, dtype=column.dtype)
            for name, column in spec.columns.items()
        },
        index=index,
    )


def _profile(connection: Connection, version: Version) -> Profile:

    return standards_of(stock_near.profile_of(connection, version))


def _complexes(
    connection: Connection,
    version: Version,
    asset: Record,
    frame: pd.DataFrame,
    fits: list[Record],
) -> list[Record]:
    """Return what a building could hold together, worth the persons whose gaps it would close."""
    if asset["asset_type"] != "building":
        return []
    profile, near = near_of(connection, version, {asset["id"]: asset["geometry"]})
    places = sorted({one["neighbourhood_id"] for one in fits})
    gaps = stock_near.gaps_of(connection, version, places=places)
    closed = {(one["neighbourhood_id"], one["kind"]) for one in fits}
    keys = zip(gaps["neighbourhood_id"], gaps["kind"], strict=True)
    served = gaps[np.array([key in closed for key in keys], dtype=bool)]
    worth = served.groupby("kind")["persons"].sum()
    kinds = list(profile.catalogue.kinds.values())
    # where nobody lacks anything, every function counts the same
    value = {**dict.fromkeys(profile.catalogue.kinds, 0.0), **worth} if len(worth) else None
    found = complexes(frame, kinds, rules=profile.rooms["fits"], near=near, worth=value)
    told = records(found.drop(columns="stock_id"), with_index=False)
    return [
        {
            **one,
            "kinds": one["kinds"].split(", "),
            "floor_m2": one["used_m2"] + one["shared_m2"],
        }
        for one in told
    ]


def _in_reach(gaps: pd.DataFrame, reach: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps that lie within their limit of an asset, the nearest first."""
    every = reach.merge(gaps, on="neighbourhood_id")
    inside = (every["basis"] == "inside").to_numpy(dtype=bool)
    near = (every["distance_m"] <= every["limit_m"]).to_numpy(dtype=bool)
    return every[inside | near].sort_values(["distance_m", "neighbourhood_id"])


def _best_first(one: Record) -> tuple[bool, float, bool]:
    return not one["fits"], -(one["persons"] or 0.0), one["reason"] == "not_on_stock"


def _by(frame: pd.DataFrame, column: str) -> dict[str, list[Record]]:
    """Return the rows of a frame by what stands in a column, which is left out of them."""
    found: dict[str, list[Record]] = {}
    for row in records(frame, with_index=False):
        found.setdefault(row.pop(column), []).append(row)
    return found


def _kind_answer(
    kind: FacilityKind, told: list[Record], gaps: list[Record], cost: Mapping[str, Any]
) -> Record:
    first = told[0]
    fits = first["fits"]
    known = [gap["persons"] for gap in gaps if gap["persons"] is not None]
    return {
        "kind": kind.id,
        "kind_zh": kind.zh,
        "kind_en": kind.en,
        **first,
        "reasons": [] if fits else [{k: v for k, v in one.items() if k != "fits"} for one in told],
        "gaps": gaps if fits else [],
        "persons": sum(known) if fits and known else None,
        **_cost_record(cost),
    }


def _cost_record(cost: Mapping[str, Any]) -> Record:
    return {
        "cost_yuan": cost.get("cost_yuan"),
        "yearly_yuan": cost.get("yearly_yuan"),
        "cost_mode": cost.get("mode"),
        "cost_confidence": cost.get("confidence"),
    }


def _costs(yes: pd.DataFrame, stock_: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Cost of the least size of each kind on the one asset, by kind."""
    asset = stock_.iloc[0]
    options = _options(yes, asset["asset_type"], asset["pathway"]).set_index(
        yes["kind"].astype(object).to_numpy()
    )
    return option_costs(options, profile)


def _options(yes: pd.DataFrame, types: Any, pathways: Any) -> pd.DataFrame:
    least_m2 = yes["needs"].astype("float64").to_numpy()
    options = pd.DataFrame(
        {
            "kind": yes["kind"].astype("str").to_numpy(),
            "asset_type": pd.Series(types, index=range(len(yes)), dtype="string"),
            "pathway": pd.Series(pathways, index=range(len(yes)), dtype="string"),
        }
    )
    building = (options["asset_type"] == "building").to_numpy(dtype=bool)
    return options.assign(
        floor_m2=pd.Series(least_m2).where(building), land_m2=pd.Series(least_m2).where(~building)
    )


def _sites(
    connection: Connection,
    version: Version,
    assets: list[Record],
    kind: FacilityKind,
    profile: Profile,
    neighbourhood: str | None,
    limit_m: float,
) -> list[Record]:
    if not assets:
        return []
    frame = stock_frame(assets)
    shapes = stock.shapes_of(connection, version, list(frame.index))
    _, near = near_of(connection, version, shapes)
    told = why_not(frame, [kind], rules=profile.rooms["fits"], near=near)
    told = told.drop_duplicates("stock_id").set_index("stock_id")
    gaps = stock_near.gaps_of(connection, version, kind=kind.id)
    reach = distances_to(
        connection, version, shapes, inside_of(frame), profile, widest_m=float(limit_m)
    )
    here = _in_reach(gaps, reach)
    served = here.groupby("stock_id").agg(
        neighbourhoods=("neighbourhood_id", "count"), persons=("persons", "sum")
    )
    own = reach[reach["neighbourhood_id"] == (neighbourhood or "")].set_index("stock_id")
    yes = told[told["fits"]]
    by_id = frame.loc[yes.index]
    options = _options(yes, by_id["asset_type"].tolist(), by_id["pathway"].tolist())
    costs = option_costs(options.set_index(yes.index.astype(object)), profile)
    items = []
    for asset in assets:
        key = asset["id"]
        if neighbourhood is not None and key not in own.index:
            continue  # beyond the limit once the detour is counted
        items.append(_site(asset, told.loc[key], own, served, costs))
    items.sort(key=lambda one: (not one["fits"], -(one["persons"] or 0.0), one["distance_m"] or 0))
    return items


def _site(
    asset: Record, told: pd.Series, own: pd.DataFrame, served: pd.DataFrame, costs: pd.DataFrame
) -> Record:
    key = asset["id"]
    row = own.loc[key] if key in own.index else None
    fits = bool(told["fits"])
    helped = served.loc[key] if fits and key in served.index else None
    cost = costs.loc[key] if key in costs.index else None
    same = ("name", "source", "asset_type", "confidence", "pathway", "to_find_out")
    return plain(
        {
            "stock_id": key,
            **{name: asset[name] for name in (*same, "consent_zh", "consent_en", "lon", "lat")},
            "asset_kind": asset["kind"],
            "fits": fits,
            **{name: told[name] for name in ("reason", "zh", "en")},
            "distance_m": None if row is None else float(row["distance_m"]),
            "basis": None if row is None else str(row["basis"]),
            "neighbourhoods": 0 if helped is None else int(helped["neighbourhoods"]),
            "persons": None if helped is None else float(helped["persons"]),
            "cost_yuan": None if cost is None else cost["cost_yuan"],
            "yearly_yuan": None if cost is None else cost["yearly_yuan"],
        }
    )


def _measured(asset: Mapping[str, Any]) -> Record | None:
    """Return the figures behind a candidate's evidence."""
    text = asset.get("measures")
    return None if text is None else json.loads(text)
