"""What could be done: idle land and buildings, what neighbours could share, districts."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from spatial.analysis.model import Walk
from spatial.analysis.run import Run
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.city.report import Note
from spatial.districting import DistrictRules, Plan, Pooling, propose_districts
from spatial.districting.adjacency import adjacency
from spatial.districting.sharing import sharing
from spatial.joins import shared_needs
from spatial.standards import ParameterSet
from spatial.stock import city_uses, find_stock, nearby_uses, stock_fits

__all__ = ["adjacent", "districts", "shared", "stock_of"]


def adjacent(run: Run, places: Neighbourhoods, walk: Walk) -> gpd.GeoDataFrame:
    """Find who lies beside whom, and what lies between."""
    return adjacency(
        places,
        run.city,
        walk.network,
        walk.gates,
        run.profile.rooms["adjacency"],
        progress=run.within,
    )


def stock_of(
    run: Run, places: Neighbourhoods, walk: Walk, gaps: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Find idle land and buildings, and what each could hold."""
    stock = find_stock(
        run.city, places, run.profile, walk.obstacles, walk.network, progress=run.within
    )
    run.notes += stock.attrs["notes"]
    fits = stock_fits(
        stock,
        places,
        walk.gates,
        walk.network,
        walk.obstacles,
        gaps,
        run.profile,
        near=_near_uses(run, stock),
    )
    return stock, fits


def _near_uses(run: Run, stock: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure what lies near each asset that some kinds keep away from."""
    rules = run.profile.rooms["fits"]
    return nearby_uses(stock, city_uses(run.city, run.profile.catalogue, rules), rules)


def shared(
    run: Run,
    places: Neighbourhoods,
    pairs: gpd.GeoDataFrame,
    gaps: pd.DataFrame,
    stock: gpd.GeoDataFrame,
    fits: pd.DataFrame,
) -> Pooling:
    """Find what neighbours could share if they were one district."""
    parameters = run.profile.rooms["districts"]
    return sharing(
        places,
        gaps,
        pairs,
        detour_factor=parameters["detour_factor"],
        cut_barriers=tuple(parameters["cut_barriers"]),
        stock=stock,
        stock_fits=fits,
    )


def districts(
    run: Run,
    places: Neighbourhoods,
    pairs: gpd.GeoDataFrame,
    gaps: pd.DataFrame,
    overall: pd.Series,
    pooling: Pooling,
) -> Plan:
    """Propose districts by the rules of the profile."""
    parameters = run.profile.rooms["districts"]
    admitted = ["eligible", "conditional"]
    admitted += ["unknown"] if parameters["unknown_may_join"] else []
    plan = propose_districts(
        places,
        pairs,
        shared_needs(places, gaps),
        overall.isin(admitted),
        DistrictRules.from_parameters(parameters),
        sharing=pooling,
        seed=run.parameters.seed,
        progress=run.within,
    )
    run.notes += _idle_limits(plan, parameters)
    return plan


def _idle_limits(plan: Plan, parameters: ParameterSet) -> list[Note]:
    """Say which limits on districts could not act, because nobody knows the sizes."""
    idle = plan.report["limits_not_applied"]
    if not idle:
        return []
    known = parameters.parameters
    zh = "、".join(known[key].zh for key in idle)
    en = ", ".join(known[key].en for key in idle)
    return [
        Note(
            "limits_not_applied",
            f"小区的户数、人口或用地资料缺失,以下片区规模限制未起作用:{zh}。",
            "The sizes of the neighbourhoods are not known, so these limits on districts "
            f"had no effect: {en}. Give households or residents of the neighbourhoods.",
            "warning",
        )
    ]
