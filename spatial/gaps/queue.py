"""The queue of the missing: which facility first, in each neighbourhood, district and the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
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
LAYERS: Final = ("block", "c5", "c10", "c15")
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

Floats = npt.NDArray[np.float64]


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

    Where an area has votes, a kind that could not be voted for counts with the mean vote share of
    the others: it neither gains nor loses. Where it has none, the votes count for nothing.
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
    values = table[list(columns)].rename(columns=columns).astype("float64")
    table["known_weight_share"] = weighted_mean(values, weights)[1]
    usual = values["votes"].groupby([table["level"], table["area"]]).transform("mean")
    table["score"] = weighted_mean(values.assign(votes=values["votes"].fillna(usual)), weights)[0]
    table["layers"] = _layers(table["layer_bit"])
    return conform(_ranked(table), data_dictionary().results["queue"], name="queue")


def _missing_rows(gaps: pd.DataFrame, rules: ParameterSet, asked: Demand) -> pd.DataFrame:
    """Rows of what is missing, and of what is asked for while nobody can tell."""
    missing = (gaps["status"] == "missing").to_numpy(dtype=bool)
    open_rows = (gaps["status"] == "unknown").to_numpy(dtype=bool, copy=True)
    if len(asked.asked) and open_rows.any():
        votes = asked.of(gaps["neighbourhood_id"][open_rows], gaps["kind"][open_rows])["votes"]
        open_rows[open_rows] = (votes > 0).to_numpy(dtype=bool)
    else:
        open_rows[:] = False
    rows = gaps.loc[missing | open_rows, list(COLUMNS)].reset_index(drop=True)
    text = ["neighbourhood_id", "kind", "layer", "need", "status"]
    rows[text] = rows[text].astype("object")
    rows["excess"] = excess_share(
        rows["nearest_m"], rows["limit_m"], searched_m=float(rules["search_m"])
    )
    value = {
        "must": 1.0,
        "should": rules["queue_need_should"],
        "listed": rules["queue_need_listed"],
    }
    rows["part_need"] = rows["need"].map(value).astype("float64")
    rows["order"] = pd.Index(NEED_ORDER).get_indexer(rows["need"])
    rows["missing"] = (rows["status"] == "missing").to_numpy(dtype=bool)
    rows["layer_bit"] = 1 << pd.Index(LAYERS).get_indexer(rows["layer"])
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
    """Join the layers at which a neighbourhood lacks one kind; the strictest stands for all."""
    rows = rows.assign(limit=rows["limit_m"].astype("float64"))
    rows = rows.sort_values(
        ["neighbourhood_id", "kind", "missing", "order", "limit"],
        ascending=[True, True, False, True, True],
        kind="stable",
    )
    starts = _starts(rows, ["neighbourhood_id", "kind"])
    first = rows.iloc[starts].reset_index(drop=True)
    if len(rows):
        first["layer_bit"] = np.bitwise_or.reduceat(rows["layer_bit"].to_numpy(), starts)
        first["excess"] = np.fmax.reduceat(rows["excess"].to_numpy(), starts)
        first["share"] = np.fmax.reduceat(rows["share"].to_numpy(), starts)
    return first


def _starts(rows: pd.DataFrame, keys: list[str]) -> npt.NDArray[np.int64]:
    """Positions at which a new group begins in rows that are sorted by its keys."""
    return np.flatnonzero(~rows.duplicated(keys).to_numpy())


def _of_neighbourhoods(single: pd.DataFrame) -> pd.DataFrame:
    without = single["missing"]
    return pd.DataFrame(
        {
            "area": single["neighbourhood_id"],
            "level": "neighbourhood",
            "kind": single["kind"],
            "layer_bit": single["layer_bit"],
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
    missing = rows["missing"].to_numpy(dtype=bool)
    without = (rows["persons"] * rows["share"]).where(missing)
    heard = without.where(rows["vote_share"].notna())
    rows = rows.assign(
        without=without,
        far=without * rows["excess"],
        heard=heard,
        asking=heard * rows["vote_share"],
    )
    rows = rows.sort_values(
        ["area", "kind", "missing", "order"], ascending=[True, True, False, True], kind="stable"
    )
    starts = _starts(rows, ["area", "kind"])
    leading = rows.iloc[starts].reset_index(drop=True)
    sums = {name: _sum(rows[name], starts) for name in ("without", "far", "heard", "asking")}
    whole = persons.groupby(area_of.reindex(persons.index)).sum(min_count=1)
    living = whole.reindex(leading["area"]).to_numpy(dtype=float)
    bits = rows["layer_bit"].to_numpy()
    table = pd.DataFrame(
        {
            "area": leading["area"],
            "kind": leading["kind"],
            "level": level,
            "layer_bit": np.bitwise_or.reduceat(bits, starts) if len(rows) else bits,
            "need": leading["need"],
            "status": leading["status"],
            "neighbourhoods_without": _sum(rows["missing"], starts).astype("int64"),
            "persons": living,
            "persons_without": sums["without"],
            "votes": _sum(rows["votes"], starts),
            "vote_share": _ratio(sums["asking"], sums["heard"]),
            "part_people": _ratio(sums["without"], living),
            "part_distance": _ratio(sums["far"], sums["without"]),
            "part_need": leading["part_need"],
        }
    )
    return table.assign(part_votes=table["vote_share"])


def _sum(values: pd.Series, starts: npt.NDArray[np.int64]) -> Floats:
    """Sum of what is known in each group; NaN where nothing is."""
    numbers = values.to_numpy(dtype=float)
    if not len(numbers):
        return numbers
    total = np.add.reduceat(np.nan_to_num(numbers), starts)
    known = np.add.reduceat((~np.isnan(numbers)).astype(np.int64), starts)
    return np.where(known > 0, total, np.nan)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _layers(bits: pd.Series) -> pd.Series:
    """Names of the layers whose bits are set, the smallest first."""
    names = [
        ",".join(layer for i, layer in enumerate(LAYERS) if mask >> i & 1)
        for mask in range(1 << len(LAYERS))
    ]
    return pd.Series(np.array(names, dtype=object)[bits.to_numpy(dtype=int)], index=bits.index)


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
