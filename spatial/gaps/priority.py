"""Which neighbourhood first: an index of visible parts, and how far its order can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.gaps.demand import Demand, no_demand
from spatial.gaps.parts import excess_share, weighted_mean, weights_of
from spatial.gaps.shortfall import gap_scores
from spatial.standards import ParameterSet

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = [
    "PRIORITY_PARTS",
    "RankStability",
    "priority_frame",
    "priority_parts",
    "priority_table",
    "rank_stability",
]

PRIORITY_PARTS: Final = (
    "gaps",
    "distance",
    "area",
    "people",
    "elderly",
    "age",
    "safety",
    "votes",
)
DRAWS_AT_ONCE: Final = 64

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RankStability:
    """What becomes of a ranking when its weights are changed at random.

    Attributes
    ----------
    ranks : DataFrame, shape (n,)
        ``rank_low, rank_high``: best and worst rank of each row over all draws, 1 = first.
    kendall_tau : float
        Mean of Kendall's τ-b between the ranking and the drawn ones; 1 = nothing changes.
    top_kept_share : float
        Mean share of the first tenth (at least one) that stays in the first tenth.
    draws : int
    """

    ranks: pd.DataFrame
    kendall_tau: float
    top_kept_share: float
    draws: int


def priority_parts(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    rules: ParameterSet,
    *,
    year: int,
    demand: Demand | None = None,
) -> pd.DataFrame:
    """Compute the parts of the priority index, each 0-1, NaN where the data cannot tell.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.
    neighbourhoods : Neighbourhoods
        ``persons, elderly_persons, year_built, danger_buildings, building_count,
        joined_buildings`` of its frame, n rows.
    rules : ParameterSet
        Of the room ``gaps``: the values at which a part is full, ``priority_full_…``.
    year : int
        For the age.
    demand : Demand, optional
        Votes of residents.

    Returns
    -------
    DataFrame of float, shape (n, 8)
        ``gaps``: must-have kinds missing / checked. ``distance``: how far beyond the limit the
        missing ones are, the mean of (d - limit) / (searched - limit). ``area``: missing share of
        the area that the standard asks for, the mean over its rules. ``people``: residents / full.
        ``elderly``: share of 60 and over / full. ``age``: years since completion / full.
        ``safety``: share of dangerous buildings / full. ``votes``: share of the residents' votes
        that are for missing kinds. All cut off at 1.

    Notes
    -----
    Every part is measured against a fixed value, not against the other neighbourhoods: what
    happens in one leaves the index of the others as it was.
    """
    frame = neighbourhoods.frame
    ids = pd.Index(frame.index.astype("str"), name="id")
    facts = frame.set_axis(ids, axis=0)
    scores = gap_scores(gaps).reindex(ids)
    owner = gaps["neighbourhood_id"].astype("str")
    missing = (gaps["status"] == "missing").to_numpy(dtype=bool)
    must_missing = missing & (gaps["need"] == "must").to_numpy(dtype=bool)
    excess = excess_share(gaps["nearest_m"], gaps["limit_m"], searched_m=float(rules["search_m"]))
    far = pd.Series(excess[must_missing]).groupby(owner.to_numpy()[must_missing]).mean()
    distance = far.reindex(ids).where(scores["must_missing"].fillna(0) > 0, 0.0)
    required = _numbers(gaps["required_m2"])
    short = _numbers(gaps["short_m2"]) / required.where(required > 0)
    persons = _numbers(facts["persons"])
    elderly = _numbers(facts["elderly_persons"]) / persons.where(persons > 0)
    counted = _numbers(facts["building_count"]).fillna(_numbers(facts["joined_buildings"]))
    danger = _numbers(facts["danger_buildings"]) / counted.where(counted > 0)
    parts = {
        "gaps": _numbers(scores["gap_index"]),
        "distance": distance.where(scores["must_checked"].fillna(0) > 0),
        "area": short.groupby(owner).mean().reindex(ids),
        "people": persons / rules["priority_full_persons"],
        "elderly": elderly / rules["priority_full_elderly_share"],
        "age": (year - _numbers(facts["year_built"])) / rules["priority_full_age_years"],
        "safety": danger / rules["priority_full_danger_share"],
        "votes": _votes(gaps, demand or no_demand(), ids, missing),
    }
    table = pd.DataFrame({name: parts[name].astype("float64") for name in PRIORITY_PARTS})
    return table.set_axis(ids, axis=0).clip(lower=0.0, upper=1.0)


def priority_frame(
    parts: pd.DataFrame, rules: ParameterSet, *, seed: int = 0
) -> tuple[pd.DataFrame, RankStability]:
    """Index, rank and the range of the rank of every neighbourhood.

    Parameters
    ----------
    parts : DataFrame
        `priority_parts`.
    rules : ParameterSet
        Of the room ``gaps``: ``priority_weight_…``, ``priority_known_min_share``, and for the
        range ``priority_weight_change_share`` and ``priority_draws``.
    seed : int
        Of the changed weights.

    Returns
    -------
    DataFrame
        ``results.priority``: ``priority`` (0-1), ``rank`` (1 = first; equal ones share the better
        rank), ``rank_low, rank_high``, ``part_…``, ``known_weight_share``. The index is missing
        where less than the smallest share of its weights is known.
    RankStability
        Of the whole ranking.
    """
    index, known = _index(parts, rules)
    stability = rank_stability(parts[index.notna()], **_changing(rules), seed=seed)
    return _table(parts, index, known, stability.ranks), stability


def priority_table(parts: pd.DataFrame, rules: ParameterSet, *, seed: int = 0) -> pd.DataFrame:
    """Make the table of `priority_frame` alone, without judging the whole ranking."""
    index, known = _index(parts, rules)
    own, drawn = _drawn_ranks(parts[index.notna()], **_changing(rules), seed=seed)
    return _table(parts, index, known, _ranges(parts.index[index.notna()], own, drawn))


def _index(parts: pd.DataFrame, rules: ParameterSet) -> tuple[pd.Series, pd.Series]:
    """Priority index, missing where too little is known, and the share of weights that is known."""
    index, known = weighted_mean(parts, weights_of(rules, "priority", PRIORITY_PARTS))
    return index.where(known >= rules["priority_known_min_share"]), known


def _changing(rules: ParameterSet) -> dict[str, Any]:
    """Weights, and how they are changed at random."""
    return {
        "weights": weights_of(rules, "priority", PRIORITY_PARTS),
        "change_share": rules["priority_weight_change_share"],
        "draws": rules["priority_draws"],
    }


def _table(
    parts: pd.DataFrame, index: pd.Series, known: pd.Series, ranks: pd.DataFrame
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "priority": index,
            "rank": index.rank(ascending=False, method="min").astype("Int64"),
            "known_weight_share": known,
            **{f"part_{name}": parts[name] for name in PRIORITY_PARTS},
        }
    ).join(ranks)
    return conform(table, data_dictionary().results["priority"], name="priority")


def rank_stability(
    parts: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    change_share: float,
    draws: int,
    seed: int = 0,
) -> RankStability:
    """Rank again and again with changed weights, and say how far the ranking holds.

    Parameters
    ----------
    parts : DataFrame of float, shape (n, p)
        Each 0-1; NaN where unknown.
    weights : mapping of column to weight
    change_share : float
        Every weight is drawn evenly between (1 - x) and (1 + x) times itself; 0 ≤ x ≤ 1.
    draws : int
        How often, 1 or more.
    seed : int

    Returns
    -------
    RankStability

    Raises
    ------
    InputError
        If `change_share` or `draws` is out of range.

    Notes
    -----
    The uncertainty analysis of composite indicators [1]_, for weights alone. τ-b is [2]_.

    References
    ----------
    .. [1] M. Saisana, A. Saltelli, S. Tarantola (2005), J. R. Statist. Soc. A 168, 307-323.
    .. [2] M. G. Kendall (1945), Biometrika 33, 239-251.

    Examples
    --------
    >>> parts = pd.DataFrame({"a": [1.0, 0.5, 0.0], "b": [1.0, 0.5, 0.4]})
    >>> held = rank_stability(parts, {"a": 0.6, "b": 0.4}, change_share=0.3, draws=50)
    >>> held.kendall_tau, held.ranks["rank_high"].tolist()
    (1.0, [1, 2, 3])
    """
    own, drawn = _drawn_ranks(parts, weights, change_share=change_share, draws=draws, seed=seed)
    tenth = max(1, round(len(parts) / 10))
    first = own <= tenth
    tau, kept = [], []
    for ranks in drawn:
        if len(np.unique(own)) > 1:
            tau += [_tau(own, column) for column in ranks.T]
        if len(parts):
            kept += ((ranks <= tenth) & first[:, None]).sum(axis=0).tolist()
    return RankStability(
        _ranges(parts.index, own, drawn),
        float(np.mean(tau)) if tau else float("nan"),
        float(np.mean(kept)) / int(first.sum()) if kept else float("nan"),
        int(draws),
    )


def _drawn_ranks(
    parts: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    change_share: float,
    draws: int,
    seed: int,
) -> tuple[Ranks, list[Ranks]]:
    """Rank of every row (n,), and by drawn weights, some draws at a time (n, d)."""
    if not 0 <= change_share <= 1:
        raise InputError(
            f"`change_share` is {change_share!r}; give a share from 0 to 1.",
            zh=f"`change_share` 为 {change_share!r};应在 0 与 1 之间。",
        )
    if not draws >= 1:
        raise InputError(
            f"`draws` is {draws!r}; draw at least once.", zh=f"`draws` 为 {draws!r};至少抽取一次。"
        )
    values = parts[list(weights)].to_numpy(dtype=float)
    base = np.array(list(weights.values()), dtype=float)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    rng = np.random.default_rng(seed)
    drawn = base * rng.uniform(1 - change_share, 1 + change_share, size=(int(draws), len(base)))
    own = _ranks(_scores(filled, known, base[None]))[:, 0]
    return own, [
        _ranks(_scores(filled, known, drawn[start : start + DRAWS_AT_ONCE]))
        for start in range(0, len(drawn), DRAWS_AT_ONCE)
    ]


def _ranges(index: pd.Index, own: Ranks, drawn: list[Ranks]) -> pd.DataFrame:
    """Best and worst rank of each row over all draws."""
    low, high = own.copy(), own.copy()
    for ranks in drawn:
        low = np.minimum(low, ranks.min(axis=1, initial=len(own)))
        high = np.maximum(high, ranks.max(axis=1, initial=0))
    return pd.DataFrame({"rank_low": low, "rank_high": high}, index=index).astype("Int64")


def _scores(filled: Floats, known: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Index of every row (n,) for every draw (d,), shape (n, d)."""
    share = known.astype(float) @ weights.T
    total = filled @ weights.T
    return np.divide(total, share, out=np.zeros_like(total), where=share > 0).round(9)


def _ranks(scores: Floats) -> npt.NDArray[np.int64]:
    """Rank 1 = highest; equal ones share the better rank."""
    return stats.rankdata(-scores, method="min", axis=0).astype(np.int64)


def _tau(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> float:
    if (second == second[0]).all():
        return 0.0  # everything equal: the order is lost
    if len(first) == 2:  # a pair agrees or not; scipy divides by n − 2
        return 1.0 if (first == second).all() else -1.0
    return float(stats.kendalltau(first, second, method="asymptotic").statistic)


def _votes(
    gaps: pd.DataFrame, demand: Demand, ids: pd.Index, missing: npt.NDArray[np.bool_]
) -> pd.Series:
    """Share of each neighbourhood's votes that are for kinds that it lacks."""
    rows = gaps.loc[missing, ["neighbourhood_id", "kind"]].astype("str").drop_duplicates()
    lacked = demand.votes.merge(rows, on=["neighbourhood_id", "kind"])
    cast = demand.votes.groupby("neighbourhood_id")["votes"].sum()
    wanted = lacked.groupby("neighbourhood_id")["votes"].sum().reindex(cast.index).fillna(0.0)
    return (wanted / cast.where(cast > 0)).reindex(ids)


def _numbers(values: pd.Series) -> pd.Series:
    return values.astype("Float64").astype("float64")
