"""The queue of the missing: which facility first, in each neighbourhood, district and the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.gaps.buildings import BuildingGaps
from spatial.gaps.demand import Demand, no_demand
from spatial.gaps.parts import excess_share, weighted_mean, weights_of
from spatial.standards import ParameterSet

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["QUEUE_PARTS", "queue_of_missing"]

QUEUE_PARTS: Final = ("people", "distance", "need", "votes")
NEED_ORDER: Final = ("must", "should", "listed")
WHOLE_CITY: Final = "city"
COLUMNS: Final = (
    "neighbourhood_id",
    "kind",
    "layer",
    "need",
    "status",
    "limit_m",
    "nearest_m",
)


def queue_of_missing(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    rules: ParameterSet,
    *,
    demand: Demand | None = None,
    buildings: BuildingGaps | None = None,
    homes: pd.DataFrame | None = None,
    districts: pd.Series | None = None,
) -> pd.DataFrame:
    """Put what is missing in order, in each neighbourhood, each district and the whole city.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.
    neighbourhoods : Neighbourhoods
        ``persons`` of its frame.
    rules : ParameterSet
        Of the room ``gaps``: weights ``queue_weight_…``, values of needs, ``search_m``.
    demand : Demand, optional
        Votes of residents. A neighbourhood that was not asked is neutral: the votes do not count
        in its score, and ``vote_share`` is missing.
    buildings : BuildingGaps, optional
        With `homes` (`residents_at_home`): whose own building lacks the kind. Without them
        everybody in a neighbourhood that lacks it does.
    districts : Series, optional
        District id by neighbourhood id.

    Returns
    -------
    DataFrame
        ``results.queue``, by area and rank: one row for each area and kind. What is missing comes
        with its rank; what residents ask for while the data cannot tell whether it is there
        (status ``unknown``) follows without one.

    Notes
    -----
    Score = weighted mean of the known parts, each 0-1::

        part_people    residents without it / residents of the area
        part_distance  (d - limit) / (searched - limit), 1 where none was found; for several
                       neighbourhoods the mean over their residents without it
        part_need      1 for must, the parameters' values for should and listed
        part_votes     share of the households asked that want it; for several neighbourhoods the
                       mean over the residents (of those asked) without it

    A kind missing at several layers stands once: with its strictest need and farthest walk. Equal
    scores go by need, residents without it, then kind. Neighbourhoods of unknown population count
    in ``neighbourhoods_without`` only.
    """
    require_columns(gaps, COLUMNS, name="gaps")
    weights = weights_of(rules, "queue", QUEUE_PARTS)
    asked = no_demand() if demand is None else demand
    persons = neighbourhoods.frame["persons"].astype("Float64").astype("float64")
    persons = persons.set_axis(persons.index.astype("str"))
    rows = _missing_rows(gaps, rules, asked)
    rows["persons"] = rows["neighbourhood_id"].map(persons).astype("float64")
    rows["share"] = _share_without(rows, buildings, homes)
    single = _by_kind(rows)
    single[["votes", "vote_share"]] = asked.of(single["neighbourhood_id"], single["kind"])
    parts = [_of_neighbourhoods(single)]
    areas = {WHOLE_CITY: pd.Series(WHOLE_CITY, index=persons.index)}
    if districts is not None:
        areas["district"] = districts.set_axis(districts.index.astype("str"))
    for level, area_of in areas.items():
        parts.append(_of_areas(single, area_of, persons, level))
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    columns = {f"part_{part}": part for part in QUEUE_PARTS}
    score, known = weighted_mean(table[list(columns)].rename(columns=columns), weights)
    table["score"], table["known_weight_share"] = score, known
    return conform(_ranked(table), data_dictionary().results["queue"], name="queue")


def _missing_rows(gaps: pd.DataFrame, rules: ParameterSet, asked: Demand) -> pd.DataFrame:
    """Rows of what is missing, and of what is asked for while nobody can tell."""
    rows = gaps[list(COLUMNS)].reset_index(drop=True)
    text = ["neighbourhood_id", "kind", "layer", "need", "status"]
    rows[text] = rows[text].astype("str")
    wanted = asked.of(rows["neighbourhood_id"], rows["kind"])["votes"] > 0
    rows = rows[(rows["status"] == "missing") | ((rows["status"] == "unknown") & wanted)].copy()
    rows["excess"] = excess_share(
        rows["nearest_m"], rows["limit_m"], searched_m=float(rules["search_m"])
    )
    value = {
        "must": 1.0,
        "should": rules["queue_need_should"],
        "listed": rules["queue_need_listed"],
    }
    rows["part_need"] = rows["need"].map(value).astype("float64")
    return rows


def _share_without(
    rows: pd.DataFrame, buildings: BuildingGaps | None, homes: pd.DataFrame | None
) -> pd.Series:
    """Share of a neighbourhood's residents whose own building lacks what the row is about."""
    whole = pd.Series(1.0, index=rows.index).where(rows["status"] == "missing")
    if buildings is None or homes is None:
        return whole
    share = buildings.share_without(homes["share"])
    place = share.index.get_indexer(rows["neighbourhood_id"])
    check = pd.MultiIndex.from_frame(buildings.checks[["kind", "layer"]].astype("str"))
    column = check.get_indexer(pd.MultiIndex.from_frame(rows[["kind", "layer"]]))
    values = share.to_numpy(dtype=float)
    found = np.full(len(rows), np.nan)
    both = (place >= 0) & (column >= 0)
    found[both] = values[place[both], column[both]]
    return pd.Series(found, index=rows.index).where(whole.notna()).fillna(whole)


def _by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Join the layers at which a neighbourhood lacks one kind."""
    order = rows["need"].map({need: i for i, need in enumerate(NEED_ORDER)})
    rows = rows.assign(order=order, missing=rows["status"] == "missing")
    rows = rows.sort_values(
        ["neighbourhood_id", "kind", "missing", "order", "limit_m"],
        ascending=[True, True, False, True, True],
        kind="stable",
    )
    grouped = rows.groupby(["neighbourhood_id", "kind"], sort=False)
    first = grouped.first()
    first["layers"] = grouped["layer"].agg(",".join)
    first["excess"] = grouped["excess"].max()
    first["share"] = grouped["share"].max()
    return first.reset_index()


def _of_neighbourhoods(single: pd.DataFrame) -> pd.DataFrame:
    without = single["status"] == "missing"
    return pd.DataFrame(
        {
            "area": single["neighbourhood_id"],
            "level": "neighbourhood",
            "kind": single["kind"],
            "layers": single["layers"],
            "need": single["need"],
            "status": single["status"],
            "neighbourhoods_without": without.astype("int64"),
            "persons": single["persons"],
            "persons_without": single["persons"] * single["share"],
            "limit_m": single["limit_m"],
            "nearest_m": single["nearest_m"],
            "votes": single["votes"],
            "vote_share": single["vote_share"],
            "part_people": single["share"],
            "part_distance": single["excess"].where(without),
            "part_need": single["part_need"],
            "part_votes": single["vote_share"],
        }
    )


def _of_areas(
    single: pd.DataFrame, area_of: pd.Series, persons: pd.Series, level: str
) -> pd.DataFrame:
    """Pool the neighbourhoods of each area, by the residents who go without."""
    area_of = area_of.dropna().astype("str")
    rows = single.assign(area=single["neighbourhood_id"].map(area_of)).dropna(subset="area")
    missing = (rows["status"] == "missing").to_numpy(dtype=bool)
    without = (rows["persons"] * rows["share"]).where(missing)
    heard = without.where(rows["vote_share"].notna())
    order = rows["need"].map({need: i for i, need in enumerate(NEED_ORDER)})
    rows = rows.assign(
        without=without,
        far=without * rows["excess"],
        heard=heard,
        asking=heard * rows["vote_share"],
        missing=missing.astype("int64"),
        order=order,
    )
    grouped = rows.groupby(["area", "kind"], sort=True)
    sums = grouped[["without", "far", "heard", "asking", "votes"]].sum(min_count=1)
    leading = rows.sort_values(["area", "kind", "missing", "order"], ascending=[1, 1, 0, 1])
    leading = leading.groupby(["area", "kind"], sort=True)[["need", "part_need", "status"]].first()
    whole = persons.groupby(area_of.reindex(persons.index)).sum(min_count=1)
    living = whole.reindex(sums.index.get_level_values("area")).set_axis(sums.index)
    table = pd.DataFrame(
        {
            "level": level,
            "layers": grouped["layers"].agg(_joined_layers),
            "need": leading["need"],
            "status": leading["status"],
            "neighbourhoods_without": grouped["missing"].sum(),
            "persons": living.astype("float64"),
            "persons_without": sums["without"],
            "votes": sums["votes"],
            "vote_share": sums["asking"] / sums["heard"].where(sums["heard"] > 0),
            "part_people": sums["without"] / living.where(living > 0),
            "part_distance": sums["far"] / sums["without"].where(sums["without"] > 0),
            "part_need": leading["part_need"],
        }
    )
    return table.assign(part_votes=table["vote_share"]).reset_index()


def _joined_layers(layers: pd.Series) -> str:
    """Every layer once, the smallest first."""
    named = {layer for text in layers for layer in text.split(",")}
    return ",".join(sorted(named, key=lambda layer: (layer != "block", len(layer), layer)))


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    order = table["need"].map({need: i for i, need in enumerate(NEED_ORDER)})
    level = table["level"].map({"city": 0, "district": 1, "neighbourhood": 2})
    told = table["status"] == "missing"
    keyed = table.assign(order=order, level_order=level, untold=~told)
    keyed = keyed.sort_values(
        ["level_order", "area", "untold", "score", "order", "persons_without", "kind"],
        ascending=[True, True, True, False, True, False, True],
        kind="stable",
    )
    rank = keyed.groupby(["level_order", "area"], sort=False).cumcount() + 1
    keyed["rank"] = rank.astype("Int64").where(~keyed["untold"])
    keyed.index = pd.Index(keyed["level"] + ":" + keyed["area"] + ":" + keyed["kind"], dtype="str")
    return keyed
