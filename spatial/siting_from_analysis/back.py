"""From a plan of sites back to the city: the list of sites, who is served, the scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.analysis import Analysis
from spatial.scenarios.changes import AddFacility, Change
from spatial.stock.documents import asset_warnings, documents_needed

if TYPE_CHECKING:
    from spatial.siting.plan import SitingPlan
    from spatial.standards import Profile

__all__ = ["in_reach", "scenario_of", "served_places", "siting_sites"]

PERSONS_PER_STANDARD = 1000.0
STOCK_COLUMNS = (
    *("name", "source", "asset_type", "ownership", "owner", "pathway", "to_find_out"),
    *("permitted_zh", "permitted_en", "consent_zh", "consent_en", "clause"),
    *("neighbourhood_id", "new_owner_zh", "new_owner_en"),
)


def scenario_of(
    plan: SitingPlan, analysis: Analysis, *, by_year: int | None = None
) -> tuple[Change, ...]:
    """Return the changes that put a plan's facilities into the city.

    Parameters
    ----------
    plan : SitingPlan
    analysis : Analysis
    by_year : int, optional
        Only what is open by this year of the plan, 0 = the first. Default: all of it.

    Returns
    -------
    tuple of AddFacility
        At the places from which the plan measured the walks; ids are ``site:asset:kind``. The
        floor area is that of the option. Places (seats, beds) are given for kinds for which the
        profile has a number per 1,000 residents (``access.capacity_per_1000_persons``).

    Notes
    -----
    The scenario counts everybody who walks to a facility within the limit; the plan only those
    for whom it has room (`in_reach` shows both). The scenario also counts what may stand in for a
    kind (two shops for a supermarket), of which the plan knows nothing. Where the plan was made
    with `sharing`, walls between members of a district must be opened first.
    """
    chosen = plan.chosen
    if by_year is not None:
        chosen = chosen[chosen["year"] <= by_year]
    at = plan.problem.assets[["x_m", "y_m"]].reindex(chosen["asset"])
    building = chosen["asset_type"].eq("building").to_numpy(dtype=bool)
    size = chosen["size_m2"].to_numpy(dtype=float)
    places = _places(chosen, analysis.profile)
    return tuple(
        AddFacility(
            f"site:{asset}:{kind}".replace("#", "-"),
            str(kind),
            float(x),
            float(y),
            capacity=None if np.isnan(seats) else float(seats),
            floor_m2=float(area) if indoors else None,
        )
        for asset, kind, x, y, seats, area, indoors in zip(
            chosen["asset"], chosen["kind"], at["x_m"], at["y_m"], places, size, building,
            strict=True,
        )
    )  # fmt: skip


def siting_sites(analysis: Analysis, plan: SitingPlan) -> gpd.GeoDataFrame:
    """List the sites of a plan: what, where, when, for how much, with whose consent.

    Parameters
    ----------
    analysis : Analysis
    plan : SitingPlan

    Returns
    -------
    GeoDataFrame
        By option id, in the order of the plan: ``asset, name, kind, kind_zh, kind_en, size,
        size_m2, year, mode, cost_yuan, yearly_yuan, capacity_persons, served_persons,
        consent_risk_share``; of the asset ``source, ownership, owner, pathway, permitted_…,
        consent_…, clause, to_find_out``; ``documents_zh, documents_en`` (what the pathway takes,
        in order), ``warnings_zh, warnings_en`` (constraints); ``serves_zh``: the neighbourhoods it
        serves, most persons first. Geometry: the asset.
    """
    chosen, stock = plan.chosen, analysis.tables["stock"]
    rows = stock.reindex(chosen["asset"])
    kinds = analysis.profile.catalogue.kinds
    used = stock[stock.index.isin(chosen["asset"])]
    built = set(chosen.loc[chosen["mode"] == "new_build", "asset"])
    texts = _papers(documents_needed(_with_facts(used, analysis)), built).join(
        _joined(asset_warnings(used), "warnings"), how="outer"
    )
    front = ["asset", "kind", "size", "size_m2", "year", "mode", "cost_yuan", "yearly_yuan"]
    front += ["capacity_persons", "served_persons", "consent_risk_share"]
    frame = chosen[front].copy()
    frame.insert(1, "name", rows["name"].fillna(chosen["asset"].set_axis(rows.index)).to_numpy())
    frame.insert(3, "kind_zh", [kinds[kind].zh for kind in chosen["kind"]])
    frame.insert(4, "kind_en", [kinds[kind].en for kind in chosen["kind"]])
    for column in STOCK_COLUMNS[1:]:
        if column in rows.columns:
            frame[column] = rows[column].to_numpy()
    names = ["documents_zh", "documents_en", "warnings_zh", "warnings_en"]
    frame[names] = texts.reindex(index=chosen["asset"], columns=names).to_numpy()
    frame["serves_zh"] = _serves(analysis, plan).reindex(frame.index).to_numpy()
    return gpd.GeoDataFrame(frame, geometry=rows.geometry.to_numpy(), crs=stock.crs)


def served_places(analysis: Analysis, plan: SitingPlan) -> gpd.GeoDataFrame:
    """List who is served by which site: the plan's catchments.

    Parameters
    ----------
    analysis : Analysis
    plan : SitingPlan

    Returns
    -------
    GeoDataFrame
        ``site`` (option id), ``asset, kind, place, neighbourhood_id, layer, persons``; geometry:
        the parcel of the neighbourhood, or the point of the building.
    """
    demand = plan.problem.demand
    served = plan.service.merge(
        demand[["place", "neighbourhood_id", "kind", "layer"]], left_on="demand", right_index=True
    )
    served.insert(1, "asset", served["site"].map(plan.problem.options["asset"]))
    homes, parcels = analysis.tables["building_gaps"], analysis.tables["neighbourhoods"]
    at = pd.concat([parcels.geometry, homes.geometry])
    at = at[~at.index.duplicated()]
    return gpd.GeoDataFrame(
        served.drop(columns="demand"),
        geometry=at.reindex(served["place"]).to_numpy(),
        crs=parcels.crs,
    )


def in_reach(plan: SitingPlan) -> pd.DataFrame:
    """Compare who walks to a new facility within the limit with whom it has room for.

    Returns
    -------
    DataFrame
        By ``kind, layer``: ``persons`` who lack it, ``persons_in_reach`` of a chosen option (what
        a scenario counts as closed), ``persons_newly_served`` by the plan, within capacities.
    """
    problem = plan.problem
    chosen = problem.options.index.isin(plan.chosen.index)
    pair = np.repeat(chosen, np.diff(problem.start))
    reached = np.zeros(len(problem.demand), dtype=bool)
    reached[problem.row[pair]] = True
    missing = problem.demand["why"].eq("missing").to_numpy(dtype=bool)
    persons = problem.demand["persons"].to_numpy(dtype=float)
    newly = plan.served["newly_persons"].reindex(problem.demand.index).to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "kind": problem.demand["kind"],
            "layer": problem.demand["layer"],
            "persons": persons,
            "persons_in_reach": persons * reached,
            "persons_newly_served": newly,
        }
    )[missing]
    return table.groupby(["kind", "layer"]).sum()


def _places(chosen: pd.DataFrame, profile: Profile) -> np.ndarray:
    """Seats or beds of each option, NaN where the profile has no number per 1,000 residents."""
    each = chosen["kind"].map(profile.rooms["access"]["capacity_per_1000_persons"])
    persons = chosen["capacity_persons"].to_numpy(dtype=float)
    seats = each.astype("float64").to_numpy() * persons / PERSONS_PER_STANDARD
    return np.where(np.isfinite(seats), np.floor(seats), np.nan)


def _with_facts(used: gpd.GeoDataFrame, analysis: Analysis) -> pd.DataFrame:
    """Stock with what the register says of owners; finds have no register row."""
    register = analysis.city.layer("stock_assets")
    frame = pd.DataFrame(used.drop(columns="geometry"))
    for column in ("acquisition", "core_function"):
        if column not in frame.columns and column in register.columns:
            frame[column] = register[column].reindex(frame.index)
    return frame


def _papers(documents: pd.DataFrame, built: set[str]) -> pd.DataFrame:
    """Documents of each asset in one line, those of which any one suffices joined by "or".

    Without those that only private capital needs; those of new buildings where one is built.
    """
    new = (documents["stage"] == "new_building") & ~documents["stock_id"].isin(built)
    kept = documents[(documents["stage"] != "private") & ~new].copy()
    alone = kept["order"].astype("str")
    kept["choice"] = kept["choice"].astype("string").fillna(alone)
    grouped = kept.groupby(["stock_id", "choice"], sort=False, as_index=False)
    either = grouped.agg({"zh": "或".join, "en": " or ".join})
    return _joined(either, "documents")


def _joined(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Texts of each asset in one line, in both languages."""
    lines = table.groupby("stock_id", sort=False)
    return pd.DataFrame(
        {
            f"{name}_zh": lines["zh"].agg("\uff1b".join),
            f"{name}_en": lines["en"].agg("; ".join),
        }
    )


def _serves(analysis: Analysis, plan: SitingPlan) -> pd.Series:
    demand = plan.problem.demand["neighbourhood_id"]
    who = plan.service.assign(place=plan.service["demand"].map(demand))
    sums = who.groupby(["site", "place"], as_index=False)["persons"].sum()
    sums = sums.sort_values(["site", "persons"], ascending=[True, False], kind="stable")
    names = analysis.tables["neighbourhoods"]["name"].astype("string")
    called = sums["place"].map(names).fillna(sums["place"])
    sums["text"] = called + " " + sums["persons"].round().astype("int64").astype("str")
    return sums.groupby("site", sort=False)["text"].agg("、".join)
