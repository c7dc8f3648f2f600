"""From an analysed city to the siting problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.analysis import Analysis, Basis
from spatial.errors import InputError
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules, SitingWeights
from spatial.siting_from_analysis.demand import building_demand, neighbourhood_demand
from spatial.siting_from_analysis.options import siteable_kinds, siting_options
from spatial.siting_from_analysis.ways import reach_of_options, shared_ways, ways_to_assets
from spatial.standards import FacilityKind, ParameterSet, Profile

__all__ = ["Demand", "siting_problem", "siting_rules"]

Demand = Literal["neighbourhoods", "buildings"]


def siting_problem(
    analysis: Analysis,
    *,
    kinds: Sequence[str] | None = None,
    rules: SitingRules | None = None,
    districts: pd.Series | None = None,
    area: Collection[str] | None = None,
    stock: gpd.GeoDataFrame | None = None,
    demand: Demand = "neighbourhoods",
    sharing: bool = False,
) -> SitingProblem:
    """Return the siting problem of an analysed city: its gaps, its stock, who walks where.

    Parameters
    ----------
    analysis : Analysis
    kinds : sequence of str, optional
        Kinds to place; default all that stock may hold and somebody lacks.
    rules : SitingRules, optional
        Default: `siting_rules` of the profile (room ``siting``).
    districts : Series, optional
        District id by neighbourhood id, e.g. of a planner's plan; default those of the analysis.
    area : collection of str, optional
        Only the gaps of these districts and neighbourhoods. Assets outside may serve them.
    stock : GeoDataFrame, optional
        Assets to choose from, with the columns of ``results.stock``; default all of the analysis.
    demand : {"neighbourhoods", "buildings"}
        Who must walk: the neighbourhood from its best gate, as ``results.gaps`` counts it and
        scenarios answer; or every building by its own way.
    sharing : bool
        Members of a district may reach an asset through one another, walls between them open.
        For neighbourhoods only.

    Returns
    -------
    SitingProblem
        Demand rows also carry ``neighbourhood_id, layer, need, why, limit_m``; options
        ``asset_type, pathway, mode, size_m2, confidence``; assets ``name, source, pathway,
        consent_zh, consent_en, …``.

    Raises
    ------
    InputError
        If a kind or an area is unknown, or the analysis was not made in this process.

    Notes
    -----
    A row of demand is a gap of `facility_gaps`; an option reaches it if the way from the best gate
    to the asset is within the row's limit, or the asset lies in the neighbourhood's own parcel: the
    test by which a facility put there closes the gap in the analysis. Kinds that are there but too
    small (parameter ``siting.short_gaps_count``) count with the share of residents for whom
    nothing is left.
    """
    basis = _basis(analysis)
    parameters = analysis.profile.rooms["siting"]
    wanted = _kinds(analysis.profile, kinds)
    group = _districts(analysis) if districts is None else districts
    rows = neighbourhood_demand(
        analysis,
        [kind.id for kind in wanted],
        group,
        short=bool(parameters["short_gaps_count"]),
    )
    if demand == "buildings":
        if sharing:
            raise InputError(
                "`sharing` joins neighbourhoods; with `demand='buildings'` every building walks "
                "on its own. Leave one of the two out.",
                zh="共享(sharing)以小区为单位;demand='buildings' 时各栋楼自行步行。请只选其一。",
            )
        rows = building_demand(analysis, rows, [kind.id for kind in wanted], group)
    if area is not None:
        rows = _within(rows, area, analysis, group)
    found = siting_options(
        analysis, wanted, analysis.tables["stock"] if stock is None else stock, group
    )
    options = found.options[found.options["kind"].isin(rows["kind"].unique())]
    used = _stock_of(analysis, stock, options)
    cutoff_m = float(np.nanmax(rows["limit_m"].to_numpy(), initial=0.0))
    ways = ways_to_assets(
        analysis, basis, used, cutoff_m=cutoff_m, from_buildings=demand == "buildings"
    )
    if sharing:
        ways = shared_ways(analysis, basis, ways, group, cutoff_m=cutoff_m)
    return SitingProblem.from_frames(
        found.assets,
        options,
        rows,
        reach_of_options(options, rows, ways),
        rules=siting_rules(analysis.profile, options) if rules is None else rules,
        impossible=found.impossible,
    )


def siting_rules(
    profile: Profile, options: pd.DataFrame | None = None, **planner: Any
) -> SitingRules:
    """Return the rules and weights of a profile's room ``siting``.

    Parameters
    ----------
    profile : Profile
    options : DataFrame, optional
        Leave out what concerns kinds that none of these options is of.
    **planner
        Fields of `SitingRules` that replace those of the profile, as ``budget_yuan=(3e6, 3e6)``.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> siting_rules(read_profile("national"), budget_yuan=(2e6, 1e6)).years
    2
    """
    room = profile.rooms["siting"]
    known = None if options is None else set(options["kind"])
    pairs = [tuple(pair) for pair in room["incompatible_kinds"]]
    rules = SitingRules(
        budget_yuan=_budget(room),
        spacing_m={
            kind: float(metres)
            for kind, metres in room["spacing_m"].items()
            if known is None or kind in known
        },
        incompatible=tuple(
            (one, other) for one, other in pairs if known is None or {one, other} <= known
        ),
        weights=SitingWeights(
            money_per_yuan=float(room["weight_money_per_yuan"]),
            running_per_yuan=float(room["weight_running_per_yuan"]),
            waiting_per_person_year=float(room["weight_waiting_per_person_year"]),
            risk=float(room["weight_risk"]),
        ),
    )
    return replace(rules, **planner)


def _budget(room: ParameterSet) -> tuple[float, ...]:
    given = room["budget_yuan"]
    if given is None:
        return (float("inf"),)
    amounts = given if isinstance(given, list) else [given]
    return tuple(float(amount) for amount in amounts)


def _basis(analysis: Analysis) -> Basis:
    if analysis.basis is None:
        raise InputError(
            "This analysis was read back from files or a database and holds no network to walk "
            "on. Analyse the city again with `analyse`.",
            zh="该分析是从文件或数据库读回的,没有步行网络。请用 analyse 重新分析该城市。",
        )
    return analysis.basis


def _districts(analysis: Analysis) -> pd.Series:
    return analysis.tables["neighbourhoods"]["district_id"]


def _kinds(profile: Profile, names: Sequence[str] | None) -> list[FacilityKind]:
    able = {kind.id: kind for kind in siteable_kinds(profile.catalogue)}
    if names is None:
        return list(able.values())
    unknown = [name for name in names if name not in able]
    if unknown:
        listed = ", ".join(able)
        raise InputError(
            f"`kinds`: {', '.join(unknown)} cannot be placed on stock: the catalogue has no such "
            f"kind, or gives it no least size (stock_floor_min_m2, stock_land_min_m2). "
            f"Use some of {listed}.",
            zh=(
                f"kinds:{'、'.join(unknown)} 不能设于存量资源:目录中没有该类别,或没有最小规模"
                f"(stock_floor_min_m2、stock_land_min_m2)。可用:{listed}。"
            ),
        )
    return [able[name] for name in dict.fromkeys(names)]


def _within(
    rows: pd.DataFrame, area: Collection[str], analysis: Analysis, districts: pd.Series
) -> pd.DataFrame:
    places = analysis.tables["neighbourhoods"].index
    known = {*places.astype("str"), *districts.dropna().astype("str")}
    unknown = [one for one in area if one not in known]
    if unknown:
        raise InputError(
            f"`area`: {', '.join(unknown)} is neither a district nor a neighbourhood of this city.",
            zh=f"area:{'、'.join(unknown)} 既不是本市的片区,也不是小区。",
        )
    chosen = list(area)
    held = rows["neighbourhood_id"].isin(chosen) | rows["district"].isin(chosen)
    return rows[held.to_numpy(dtype=bool)]


def _stock_of(
    analysis: Analysis, stock: gpd.GeoDataFrame | None, options: pd.DataFrame
) -> gpd.GeoDataFrame:
    every = analysis.tables["stock"] if stock is None else stock
    return every[every.index.isin(options["asset"].unique())]
