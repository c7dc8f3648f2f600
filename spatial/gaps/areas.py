"""Area per person and per 100 households, against what the standard asks of an old area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.standards import Profile

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["area_shares"]

HOUSEHOLDS_COUNTED: Final = 100.0
COLUMNS: Final = ("neighbourhood_id", "kind", "layer", "status", "required_m2", "supplied_m2")


def area_shares(
    gaps: pd.DataFrame, neighbourhoods: Neighbourhoods, profile: Profile
) -> pd.DataFrame:
    """Say what area each neighbourhood has and should have, per person and per 100 households.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps`` with ``required_m2, supplied_m2, short_m2``.
    neighbourhoods : Neighbourhoods
        ``persons, households`` of its frame.
    profile : Profile
        Its catalogue's area rules; whether the values for old areas hold
        (``gaps.old_area_relaxations``).

    Returns
    -------
    DataFrame
        ``results.areas``: one row for each neighbourhood and area rule. ``old_factor`` is what the
        value for old areas is of the full one (0.7 for green, GB 50180-2018 4.0.5);
        ``standard_m2`` the value used, per person or per 100 households as `per` says. What is
        supplied is given per head of both. Where a number is missing, ``unknown_zh, unknown_en``
        say what would be needed.

    Notes
    -----
    supplied = `shared_supply`: every facility's area is shared among those who reach it, so the
    areas of all neighbourhoods sum to what stands there.
    """
    require_columns(gaps, (*COLUMNS, "short_m2"), name="gaps")
    old = bool(profile.rooms["gaps"]["old_area_relaxations"])
    ids = neighbourhoods.frame.index.astype("str")
    heads = {
        column: neighbourhoods.frame[column].astype("Float64").astype("float64").set_axis(ids)
        for column in ("persons", "households")
    }
    parts = []
    for rule in profile.catalogue.area_rules.values():
        here = (gaps["kind"] == rule.kind) & (gaps["layer"] == rule.layer)
        rows = gaps.loc[here, [*COLUMNS, "short_m2"]].reset_index(drop=True)
        by_household = rule.per == "household"
        place = rows["neighbourhood_id"].astype("str")
        persons = place.map(heads["persons"]).astype("float64")
        hundreds = place.map(heads["households"]).astype("float64") / HOUSEHOLDS_COUNTED
        supplied = rows["supplied_m2"].astype("Float64").astype("float64")
        value = rule.old_m2 if old else rule.new_m2
        zh, en = _unknown(rows, hundreds if by_household else persons, by_household=by_household)
        parts.append(
            rows.assign(
                rule=rule.id,
                area=rule.area,
                per=rule.per,
                standard_m2=value * (HOUSEHOLDS_COUNTED if by_household else 1.0),
                old_factor=rule.old_m2 / rule.new_m2 if old and rule.new_m2 else 1.0,
                supplied_m2_per_person=supplied / persons.where(persons > 0),
                supplied_m2_per_100_households=supplied / hundreds.where(hundreds > 0),
                unknown_zh=zh,
                unknown_en=en,
                source=profile.catalogue.sources.get(rule.source, rule.source),
                confidence=rule.confidence,
            )
        )
    spec = data_dictionary().results["areas"]
    if not parts:
        return conform(pd.DataFrame(index=pd.Index([], dtype="str")), spec, name="areas")
    table = pd.concat(parts, ignore_index=True)
    table.index = pd.Index(table["neighbourhood_id"] + ":" + table["rule"], dtype="str")
    return conform(table, spec, name="areas")


def _unknown(
    rows: pd.DataFrame, heads: pd.Series, *, by_household: bool
) -> tuple[pd.Series, pd.Series]:
    """Say what is missing for the comparison; None where nothing is."""
    nobody = heads.isna().to_numpy(dtype=bool)
    untold = (rows["status"] == "unknown").to_numpy(dtype=bool)
    unmeasured = rows["supplied_m2"].isna().to_numpy(dtype=bool)
    who = ("户数", "households") if by_household else ("人口", "residents")
    cases = (  # the first that holds comes last
        (unmeasured, "可达设施中有面积不明的", "a facility within reach has no known area"),
        (untold, "资料不足以判断该类设施有无", "the data cannot tell whether the kind is there"),
        (nobody, f"缺{who[0]}", f"{who[1]} unknown"),
    )
    zh, en = (pd.Series(None, index=rows.index, dtype="object") for _ in range(2))
    for holds, text_zh, text_en in cases:
        zh[holds], en[holds] = text_zh, text_en
    return zh, en
