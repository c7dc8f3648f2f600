"""Figures of gaps that carry weight: what first, where first, for whom, how much per head."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps import RankStability
from spatial.standards import Profile

__all__ = ["weighed_figures"]

SHOWN: Final = 5
DECIMALS: Final = 4

Floats = npt.NDArray[np.float64]


def weighed_figures(
    tables: Mapping[str, pd.DataFrame], profile: Profile, stability: RankStability
) -> dict[str, Any]:
    """Return queue, priority, equity and areas of the whole city, as plain values.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        ``results``: ``queue, priority, equity, areas, neighbourhoods``.
    profile : Profile
        For the names of kinds.
    stability : RankStability
        Of the ranking by priority.
    """
    rules = profile.rooms["gaps"]
    return {
        "queue": _queue(tables["queue"], profile),
        "priority": {
            "first": _first(tables["neighbourhoods"], tables["priority"]),
            "unranked": int(tables["priority"]["priority"].isna().sum()),
            "weight_change_share": rules["priority_weight_change_share"],
            "kendall_tau": _number(stability.kendall_tau),
            "top_kept_share": _number(stability.top_kept_share),
        },
        "equity": _equity(tables["equity"], profile),
        "areas": _areas(tables["areas"], tables["neighbourhoods"], profile),
    }


def _queue(queue: pd.DataFrame, profile: Profile) -> list[dict[str, Any]]:
    city = queue[(queue["level"] == "city") & queue["rank"].notna()].sort_values("rank")
    return [
        {
            "rank": int(row.rank),
            "kind": row.kind,
            "zh": profile.catalogue.kinds[row.kind].zh,
            "en": profile.catalogue.kinds[row.kind].en,
            "layers": row.layers,
            "need": row.need,
            "score": _number(row.score),
            "persons_without": _whole(row.persons_without),
            "neighbourhoods_without": int(row.neighbourhoods_without),
            "vote_share": _number(row.vote_share),
        }
        for row in city.head(SHOWN).itertuples()
    ]


def _first(places: pd.DataFrame, priority: pd.DataFrame) -> list[dict[str, Any]]:
    leading = priority.dropna(subset="rank").sort_values("rank", kind="stable").head(SHOWN)
    names = places["name"].reindex(leading.index)
    return [
        {
            "id": str(id_),
            "name": None if pd.isna(name) else str(name),
            "priority": _number(row.priority),
            "rank": int(row.rank),
            "rank_low": int(row.rank_low),
            "rank_high": int(row.rank_high),
        }
        for (id_, name), row in zip(names.items(), leading.itertuples(), strict=True)
    ]


def _equity(equity: pd.DataFrame, profile: Profile) -> dict[str, Any]:
    city = equity[equity["area"] == "city"]
    whole = city[city["kind"].isna()]
    figures: dict[str, Any] = {"gini_missing": None, "mean_missing": {}, "unknown": {}}
    for row in whole.itertuples():
        figures["gini_missing"] = _number(row.gini)
        figures["mean_missing"] = {
            group: _number(getattr(row, f"{group}_mean_missing"))
            for group in ("persons", "elderly", "children")
        }
        figures["unknown"] = {
            language: None if pd.isna(text) else text
            for language, text in (("zh", row.unknown_zh), ("en", row.unknown_en))
        }
    kinds = profile.catalogue.kinds
    checks = zip(city["kind"], city["layer"], strict=True)
    must = np.array(
        [pd.notna(kind) and kinds[kind].needs.get(layer) == "must" for kind, layer in checks],
        dtype=bool,
    )
    for group in ("elderly", "children"):
        column = f"{group}_beyond"
        worst = city[must & (city[column] > 0).fillna(value=False)]
        worst = worst.sort_values([column, "kind", "layer"], ascending=[False, True, True])
        figures[f"{group}_beyond"] = [
            {
                "kind": row.kind,
                "zh": profile.catalogue.kinds[row.kind].zh,
                "en": profile.catalogue.kinds[row.kind].en,
                "layer": row.layer,
                "persons": _whole(getattr(row, column)),
                "share": _number(getattr(row, f"{column}_share")),
            }
            for row in worst.head(SHOWN).itertuples()
        ]
    return figures


def _areas(areas: pd.DataFrame, places: pd.DataFrame, profile: Profile) -> list[dict[str, Any]]:
    """Share that half of all residents (or households) do not exceed, and how many fall short."""
    figures = []
    for rule in profile.catalogue.area_rules.values():
        rows = areas[areas["rule"] == rule.id]
        column, unit = ("households", 100.0) if rule.per == "household" else ("persons", 1.0)
        heads = places[column].astype("Float64").astype("float64")
        heads = heads.reindex(rows["neighbourhood_id"]).to_numpy() / unit
        supplied = rows["supplied_m2"].to_numpy(dtype=float, na_value=math.nan)
        known = (supplied >= 0) & (heads > 0)
        figures.append(
            {
                "rule": rule.id,
                "zh": rule.zh,
                "en": rule.en,
                "per": rule.per,
                "standard_m2": _number(rows["standard_m2"].max()) if len(rows) else None,
                "supplied_median_m2": _number(
                    _median(supplied[known] / heads[known], heads[known])
                ),
                "neighbourhoods_short": int((rows["short_m2"] > 0).fillna(value=False).sum()),
                "neighbourhoods_known": int(known.sum()),
            }
        )
    return figures


def _median(share: Floats, heads: Floats) -> float | None:
    """Median over heads, not over neighbourhoods: one large park beside a few homes is no mean."""
    if not len(share):
        return None
    order = np.argsort(share, kind="stable")
    reached = np.cumsum(heads[order])
    return float(share[order][np.searchsorted(reached, reached[-1] / 2)])


def _number(value: Any) -> float | None:
    """Return a plain number for JSON; None where it is not known."""
    return None if pd.isna(value) else round(float(value), DECIMALS)


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else round(float(value))
