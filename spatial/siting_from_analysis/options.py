"""Options of a siting: which asset could hold which kind, how large, for how much, from when on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from spatial.analysis import Analysis
from spatial.funding.costs import option_costs
from spatial.siting_from_analysis.capacity import capacity_of
from spatial.standards import Catalogue, FacilityKind, Profile
from spatial.stock.documents import asset_warnings
from spatial.stock.find import stock_points
from spatial.stock.fits import holdable_kinds
from spatial.stock.nearby import city_uses, nearby_uses

__all__ = ["SIZES", "Options", "siteable_kinds", "siting_options"]

SIZES: Final = ("small", "standard", "large")
SIZED: Final = [
    *("asset", "kind", "size", "size_m2", "floor_m2", "land_m2"),
    *("capacity_persons", "capacity_source", "capacity_confidence"),
]
MONTHS_PER_YEAR: Final = 12
STOP: Final = "stop"
PROTECT: Final = "protect"
STOCK_COLUMNS: Final = (
    *("name", "source", "asset_type", "ownership", "pathway", "to_find_out"),
    *("consent_zh", "consent_en", "clause", "neighbourhood_id"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Assets and options of a siting, and what is not among them, with the reason."""

    assets: pd.DataFrame
    options: pd.DataFrame
    impossible: pd.DataFrame


def siteable_kinds(catalogue: Catalogue) -> list[FacilityKind]:
    """Kinds that may be placed on stock: those with a least size of a building or of land."""
    return [
        kind
        for kind in catalogue.kinds.values()
        if kind.stock_min_m2("floor") is not None or kind.stock_min_m2("land") is not None
    ]


def siting_options(
    analysis: Analysis, kinds: Sequence[FacilityKind], stock: pd.DataFrame, districts: pd.Series
) -> Options:
    """List what each asset could become.

    Parameters
    ----------
    analysis : Analysis
    kinds : sequence of FacilityKind
    stock : GeoDataFrame
        Rows of ``results.stock``.
    districts : Series
        District by neighbourhood id.

    Returns
    -------
    Options
        ``options`` by id (``asset/kind/size``), with the columns of `SitingProblem` and
        ``asset_type, mode, size_m2, confidence``, and what its price goes by: ``built_m2`` (floor)
        and ``ground_m2`` (land). Sizes: ``small`` the least that stock must have
        for the kind, ``standard`` the least of the standard, ``large`` its largest (where it names
        none, that of ``large_m2``); each where the asset is large enough and it is larger than the
        one before.

    Notes
    -----
    How many residents an option serves, by whose figure and how sure (``capacity_persons,
    capacity_source, capacity_confidence``): see :func:`capacity_of`. It grows and shrinks with the
    size.

    When: the months of the pathway, of what is protected there, and of building, in whole years.
    Risk: 1 - (1 - refusal by pathway) (1 - refusal by protection) × (how likely it is stock).

    Candidates of less than ``least_confidence_share`` are left out, with that as the reason: a
    plan rests on what somebody has checked, or what is more than a guess.
    """
    rules = analysis.profile.rooms["siting"]
    holds = _holds(analysis, kinds, stock)
    stopped = pd.concat([_stopped(stock, holds), _unsure(stock, holds, rules)], ignore_index=True)
    free = stock[~stock.index.isin(stopped["asset"])]
    held = holds[holds["stock_id"].isin(free.index)]
    sized = _sized(held, kinds, analysis.profile)
    places = sized.join(_places(free, rules), on="asset")
    costs = option_costs(
        places[["kind", "asset_type", "pathway", "floor_m2", "land_m2"]], analysis.profile
    )
    options = places.assign(
        cost_yuan=costs["cost_yuan"].astype("float64"),
        yearly_yuan=costs["yearly_yuan"].astype("float64"),
        mode=costs["mode"].astype("str"),
        confidence=costs["confidence"].astype("str"),
    )
    unpriced = options["cost_yuan"].isna() | options["yearly_yuan"].isna()
    without_price = options[unpriced].assign(
        reason="no_price", zh=costs["why_zh"][unpriced], en=costs["why_en"][unpriced]
    )
    columns = ["asset", "kind", "size", "reason", "zh", "en"]
    impossible = pd.concat([stopped[columns], without_price[columns]], ignore_index=True)
    assets = _assets(stock, districts, rules)
    # What an option takes of its asset is floor of a building and land of a plot: size_m2.
    options = options[~unpriced].rename(columns={"floor_m2": "built_m2", "land_m2": "ground_m2"})
    return Options(assets, options.assign(floor_m2=options["size_m2"]), impossible)


def _assets(stock: pd.DataFrame, districts: pd.Series, rules: Any) -> pd.DataFrame:
    points = shapely.get_coordinates(stock_points(stock).to_numpy())
    building = (stock["asset_type"] == "building").to_numpy(dtype=bool, na_value=False)
    floor = stock["floor_m2"].to_numpy(dtype=float, na_value=np.nan)
    land = stock["land_m2"].to_numpy(dtype=float, na_value=np.nan)
    district = stock["neighbourhood_id"].map(districts).astype(object)
    return pd.DataFrame(
        {
            "x_m": points[:, 0],
            "y_m": points[:, 1],
            "floor_m2": np.nan_to_num(np.where(building, floor, land)),
            "most_kinds": np.where(
                building, rules["most_kinds"]["building"], rules["most_kinds"]["land"]
            ),
            "district": district.where(district.notna(), None),
            **{name: stock[name] for name in STOCK_COLUMNS if name in stock.columns},
        },
        index=stock.index.astype("str"),
    )


def _holds(analysis: Analysis, kinds: Sequence[FacilityKind], stock: pd.DataFrame) -> pd.DataFrame:
    """Kinds that each asset can hold, by size, floor, site, slope and what lies near it."""
    rules = analysis.profile.rooms["fits"]
    uses = city_uses(analysis.city, analysis.profile.catalogue, rules)
    near = nearby_uses(stock, uses, rules) if len(stock) else None
    return holdable_kinds(stock, list(kinds), rules=rules, near=near)


def _sized(holds: pd.DataFrame, kinds: Sequence[FacilityKind], profile: Profile) -> pd.DataFrame:
    """Options by asset, kind and size: how many m² they take, how many residents they serve."""
    table = pd.concat(
        [_size_table(kind, profile) for kind in kinds] or [pd.DataFrame()], ignore_index=True
    )
    if not len(holds) or not len(table):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in SIZED})
    pairs = holds.merge(table, on=["kind", "size_basis"])
    pairs = pairs[pairs["least_m2"] <= pairs["size_m2"] + 1e-9]
    pairs = pairs.rename(columns={"stock_id": "asset"}).assign(size_m2=pairs["least_m2"])
    pairs = pairs.sort_values(["asset", "kind", "least_m2"], kind="stable")
    names = pairs["asset"] + "/" + pairs["kind"] + "/" + pairs["size"]
    return pairs[SIZED].set_axis(pd.Index(names, dtype="str"))


def _size_table(kind: FacilityKind, profile: Profile) -> pd.DataFrame:
    """Sizes of one kind on floor and on land, each larger than the one before."""
    rows = []
    for basis in ("floor", "land"):
        needed = kind.stock_min_m2(basis)
        if needed is None:
            continue
        standard = kind.number(f"{basis}_min_m2") or needed
        most = kind.number(f"{basis}_max_m2") or profile.rooms["siting"]["large_m2"].get(kind.id)
        given = (needed, standard, most or 0.0)
        largest = 0.0
        for size, least_m2 in zip(SIZES, given, strict=True):
            if least_m2 <= largest:
                continue
            largest = least_m2
            share = least_m2 / standard
            serves = capacity_of(kind, basis, least_m2, profile)
            rows.append(
                {
                    "kind": kind.id,
                    "size_basis": basis,
                    "size": "standard" if size == "small" and needed >= standard else size,
                    "least_m2": least_m2,
                    "floor_m2": least_m2 if basis == "floor" else _floor_on_land(kind, share),
                    "land_m2": least_m2 if basis == "land" else np.nan,
                    "capacity_persons": serves.persons,
                    "capacity_source": serves.source,
                    "capacity_confidence": serves.confidence,
                }
            )
    return pd.DataFrame(rows)


def _floor_on_land(kind: FacilityKind, share: float) -> float:
    """Floor that is built where a kind gets a plot; NaN for open-air kinds."""
    least = kind.number("floor_min_m2")
    return np.nan if least is None else least * share


def _places(stock: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """Tell what holds for every option of an asset: pathway, first year, risk."""
    row = stock["pathway"].astype("string")
    protected = _level(stock, PROTECT)
    types = stock["asset_type"].astype("str")
    months = row.map(rules["months_to_obtain"]).astype("Float64")
    months = months.fillna(float(rules["months_to_obtain_unknown"])).to_numpy(dtype=float)
    build = rules["months_to_build"]  # what is neither building nor land yet takes the longer time
    months = months + types.map(build).fillna(max(build.values())).to_numpy(dtype=float)
    months = months + protected * float(rules["months_extra_protected"])
    refused = row.map(rules["consent_risk_share"]).astype("Float64")
    refused = refused.fillna(float(rules["consent_risk_unknown_share"])).to_numpy(dtype=float)
    held = (1 - refused) * (1 - protected * float(rules["consent_risk_protected_share"]))
    return pd.DataFrame(
        {
            "asset_type": types,
            "pathway": row,
            "earliest_year": (months // MONTHS_PER_YEAR).astype("int64"),
            "consent_risk_share": 1 - held * _sure_share(stock, rules).to_numpy(dtype=float),
        },
        index=stock.index.astype("str"),
    )


def _sure_share(stock: pd.DataFrame, rules: Any) -> pd.Series:
    """Tell how likely each asset is stock indeed; 1 where it is registered."""
    sure = stock["source"].astype("string").map(rules["candidate_true_share"]).astype("Float64")
    sure = sure.fillna(1.0)
    if "confidence" in stock.columns:
        sure = stock["confidence"].astype("Float64").fillna(sure)
    return sure


def _unsure(stock: pd.DataFrame, holds: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """List what candidates could hold that are too unsure to build a plan on."""
    least = float(rules["least_confidence_share"])
    sure = _sure_share(stock, rules)
    sure = sure[(sure < least).to_numpy(dtype=bool)]
    holds = holds[holds["stock_id"].isin(sure.index)].drop_duplicates(["stock_id", "kind"])
    share = holds["stock_id"].map(sure).astype("float64").map("{:.0%}".format)
    return pd.DataFrame(
        {
            "asset": holds["stock_id"].astype("str"),
            "kind": holds["kind"].astype("str"),
            "size": None,
            "reason": "unsure",
            "zh": "线索可信度 " + share + f",低于 {least:.0%}:请先核查,接受后即可参与选址",
            "en": "found with a confidence of "
            + share
            + f", below {least:.0%}: check it first; once accepted it can be chosen",
        }
    )


def _level(stock: pd.DataFrame, level: str) -> Any:
    warnings = asset_warnings(stock)
    named = warnings.loc[warnings["level"] == level, "stock_id"]
    return stock.index.isin(named).astype(float)


def _stopped(stock: pd.DataFrame, holds: pd.DataFrame) -> pd.DataFrame:
    """List what assets could hold on which something must be settled before anything is built."""
    warnings = asset_warnings(stock)
    found = warnings[(warnings["level"] == STOP).to_numpy(dtype=bool, na_value=False)]
    found = found.drop_duplicates("stock_id").set_index("stock_id")
    holds = holds[holds["stock_id"].isin(found.index)].drop_duplicates(["stock_id", "kind"])
    return pd.DataFrame(
        {
            "asset": holds["stock_id"].astype("str"),
            "kind": holds["kind"].astype("str"),
            "size": None,
            "reason": "constraint",
            "zh": holds["stock_id"].map(found["zh"]).astype("str"),
            "en": holds["stock_id"].map(found["en"]).astype("str"),
        }
    )
