"""Demand of a siting: who lacks which kind, how many, how much each counts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.analysis import Analysis
from spatial.standards import Profile

__all__ = ["building_demand", "neighbourhood_demand"]

COLUMNS = (
    *("place", "neighbourhood_id", "kind", "layer", "need", "why", "limit_m"),
    *("persons", "weight", "district"),
)


def neighbourhood_demand(
    analysis: Analysis,
    kinds: Collection[str],
    districts: pd.Series,
    *,
    short: bool,
) -> pd.DataFrame:
    """List the gaps that a facility of some kinds could close, neighbourhood by neighbourhood.

    Parameters
    ----------
    analysis : Analysis
    kinds : collection of str
    districts : Series
        District by neighbourhood id; NA in none.
    short : bool
        Kinds that are within reach but too small for those who share them count too: for as many
        residents as the missing share of the area (``results.gaps``), or of the capacity
        (``results.access``) would serve.

    Returns
    -------
    DataFrame
        By row id (``neighbourhood:kind:layer``): ``place, neighbourhood_id, kind, layer, need,
        why`` (missing, area, capacity), ``limit_m, persons, weight, district``. Where the number
        of residents is not known, households times their usual size; where neither is, no row.
    """
    gaps = analysis.tables["gaps"]
    gaps = gaps[gaps["kind"].isin(list(kinds)).to_numpy(dtype=bool)]
    missing = (gaps["status"] == "missing").to_numpy(dtype=bool, na_value=False)
    rows = [gaps[missing].assign(why="missing", part=1.0)]
    if short:
        rows.append(_short_of_area(gaps[~missing]))
        rows.append(_short_of_capacity(gaps[~missing], analysis.tables["access"]))
    table = pd.concat([one for one in rows if len(one)] or rows[:1])
    names = table["neighbourhood_id"].astype("str")
    table.index = pd.Index(names + ":" + table["kind"] + ":" + table["layer"], dtype="str")
    table = table[~table.index.duplicated()]
    names = table["neighbourhood_id"].astype("str")
    persons = names.map(_residents(analysis)).to_numpy(dtype=float)
    found = pd.DataFrame(
        {
            "place": names,
            "neighbourhood_id": names,
            "kind": table["kind"].astype("str"),
            "layer": table["layer"].astype("str"),
            "need": table["need"].astype("str"),
            "why": table["why"].astype("str"),
            "limit_m": table["limit_m"].to_numpy(dtype=float, na_value=np.nan),
            "persons": persons * table["part"].to_numpy(dtype=float),
            "weight": _weights(table, analysis),
            "district": names.map(districts).astype(object),
        },
        index=table.index,
    )
    found["district"] = found["district"].where(found["district"].notna(), None)
    return found[found["persons"] > 0]


def building_demand(
    analysis: Analysis, rows: pd.DataFrame, kinds: Collection[str], districts: pd.Series
) -> pd.DataFrame:
    """Divide the rows of `neighbourhood_demand` among the buildings whose residents lack the kind.

    Parameters
    ----------
    analysis : Analysis
    rows : DataFrame
        Of `neighbourhood_demand`.
    kinds : collection of str
    districts : Series
        District by neighbourhood id; NA in none.

    Returns
    -------
    DataFrame
        The same columns, ``place`` being the building: what ``results.building_gaps`` says of each
        must-have kind, also where the neighbourhood as a whole has it. Other kinds, and what is
        short rather than missing, are divided by the residents of the buildings.
    """
    homes = analysis.tables["building_gaps"]
    homes = homes[(homes["persons"] > 0).to_numpy(dtype=bool, na_value=False)]
    told = _told(homes, analysis, kinds)
    must = (rows["need"] == "must") & (rows["why"] == "missing")
    spread = _spread(rows[~must], homes)
    both = pd.concat([told, spread], ignore_index=True)
    both["district"] = both["neighbourhood_id"].map(districts).astype(object)
    both["district"] = both["district"].where(both["district"].notna(), None)
    both.index = pd.Index(both["place"] + ":" + both["kind"] + ":" + both["layer"], dtype="str")
    return both.loc[~both.index.duplicated(), list(COLUMNS)]


def _told(homes: pd.DataFrame, analysis: Analysis, kinds: Collection[str]) -> pd.DataFrame:
    """List what ``results.building_gaps`` says that buildings lack, one row for each kind."""
    lacks = homes["missing_kinds"].astype("string").fillna("").str.split(",").explode()
    lacks = lacks[lacks.str.contains(":", regex=False).fillna(value=False).to_numpy(dtype=bool)]
    name = lacks.str.rsplit(":", n=1)
    found = pd.DataFrame(
        {
            "place": lacks.index.astype("str"),
            "neighbourhood_id": homes["neighbourhood_id"].reindex(lacks.index).astype("str"),
            "kind": name.str[0].astype("str"),
            "layer": name.str[1].astype("str"),
            "need": "must",
            "why": "missing",
            "persons": homes["persons"].reindex(lacks.index).to_numpy(dtype=float),
        }
    )
    found = found[found["kind"].isin(list(kinds)).to_numpy(dtype=bool)]
    limit = analysis.profile.catalogue.limit_m
    pairs = found[["layer", "kind"]].drop_duplicates()
    limits = {(a, b): limit(a, b) for a, b in pairs.itertuples(index=False)}
    keys = list(zip(found["layer"], found["kind"], strict=True))
    found["limit_m"] = np.array([limits[key] for key in keys], dtype=float)
    found["weight"] = _weights(found, analysis)
    return found


def _spread(rows: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    owner = homes["neighbourhood_id"].astype("str")
    people = homes["persons"].to_numpy(dtype=float)
    share = people / pd.Series(people, owner.index).groupby(owner).transform("sum").to_numpy()
    parts = pd.DataFrame(
        {"building": homes.index.astype("str"), "neighbourhood_id": owner.array, "share": share}
    )
    found = rows.merge(parts, on="neighbourhood_id")
    found["persons"] = found["persons"] * found["share"]
    return found.assign(place=found["building"])


def _short_of_area(gaps: pd.DataFrame) -> pd.DataFrame:
    """Rows whose kind is there, but too small: the missing share of the area asked for."""
    short = gaps["short_m2"].to_numpy(dtype=float, na_value=0.0)
    asked = gaps["required_m2"].to_numpy(dtype=float, na_value=0.0)
    some = (short > 0) & (asked > 0)
    part = np.minimum(short[some] / asked[some], 1.0)
    return gaps[some].assign(why="area", part=part)


def _short_of_capacity(gaps: pd.DataFrame, access: pd.DataFrame) -> pd.DataFrame:
    """Rows whose kind is there, but shared by more than the standard's share for each."""
    short = access[(access["status"] == "short").to_numpy(dtype=bool, na_value=False)]
    keys = ["neighbourhood_id", "kind", "layer"]
    ratio = short.set_index(keys)["access_ratio"].astype("Float64").astype("float64")
    asked = pd.MultiIndex.from_frame(gaps[keys].astype("str"))
    part = 1.0 - ratio.reindex(asked).to_numpy(dtype=float)
    some = part > 0
    return gaps[some].assign(why="capacity", part=part[some])


def _residents(analysis: Analysis) -> pd.Series:
    places = analysis.tables["neighbourhoods"]
    each = float(analysis.profile.rooms["neighbourhoods"]["persons_per_household"])
    persons = places["persons"].astype("Float64").astype("float64")
    households = places["households"].astype("Float64").astype("float64")
    return persons.fillna(households * each).fillna(0.0)


def _weights(table: pd.DataFrame, analysis: Analysis) -> npt.NDArray[np.float64]:
    """Weigh a person of each row: how strictly the kind is asked for, how many voted for it."""
    need = table["need"].map(_need_weights(analysis.profile)).to_numpy(dtype=float)
    queue = analysis.tables["queue"]
    voted = queue[(queue["level"] == "neighbourhood").to_numpy(dtype=bool, na_value=False)]
    voted = voted[voted["vote_share"].notna()]
    share = voted.set_index([voted["area"].astype("str"), voted["kind"].astype("str")])
    asked = pd.MultiIndex.from_arrays(
        [table["neighbourhood_id"].astype("str"), table["kind"].astype("str")]
    )
    votes = share["vote_share"].astype("Float64").astype("float64")
    votes = votes[~votes.index.duplicated()].reindex(asked).fillna(0.0).to_numpy(dtype=float)
    weight = float(analysis.profile.rooms["siting"]["weight_votes"])
    return np.asarray(need * (1.0 + weight * votes))


def _need_weights(profile: Profile) -> dict[str, float]:
    rules = profile.rooms["gaps"]
    return {
        "must": 1.0,
        "should": float(rules["queue_need_should"]),
        "listed": float(rules["queue_need_listed"]),
    }
