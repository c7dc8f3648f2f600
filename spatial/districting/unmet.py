"""Minima that no district can reach, as clashes: with which rules, and what would be reachable.

What a district could hold at most is bounded from above: the units linked with one of its members,
within the distance limit of it, filled up to the other maxima as a fractional knapsack (Dantzig
1957, Operations Research 5, 266-277). A minimum above the bound is out of reach for certain; one
below it need not be within reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.clash import Clash, Rule, cut_rule, limit_rule
from spatial.districting.measures import amounts_of, links_of
from spatial.districting.modes import Mode, MostDistricts
from spatial.districting.rules import AMOUNTS, DistrictRules

__all__ = ["unmet_minima"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CHUNK_ROWS: Final = 512
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A minimum that districts must reach."""

    key: str
    amount: str
    least: float


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Those that may join, as arrays."""

    ids: pd.Index
    amounts: Floats
    office: Ints
    xy_m: Floats
    adjacency: pd.DataFrame

    def most(self, amount: str, rules: DistrictRules, *, enough: float = np.inf) -> float:
        """Upper bound of an amount of any district; ends early once it is `enough`."""
        if not len(self.ids):
            return 0.0
        links = links_of(self.adjacency, self.ids, self.office, rules)
        count = len(self.ids)
        graph = coo_array((np.ones(len(links.first)), (links.first, links.second)), (count, count))
        part = connected_components(graph, directed=False)[1]
        value = self.amounts[:, AMOUNTS.index(amount)]
        caps = [(self.amounts[:, AMOUNTS.index(key)], rules.maximum[key]) for key in rules.maximum]
        tree = shapely.STRtree(shapely.points(self.xy_m))
        best = 0.0
        for begin in range(0, count, CHUNK_ROWS):
            some = np.arange(begin, min(begin + CHUNK_ROWS, count))
            ball = shapely.points(self.xy_m[some])
            at, other = tree.query(ball, predicate="dwithin", distance=rules.max_distance_m)
            same = part[some[at]] == part[other]
            at, other = at[same], other[same]
            bound = np.bincount(at, weights=value[other], minlength=len(some))
            for size, cap in caps:
                bound = np.minimum(bound, _filled(at, value[other], size[other], cap, len(some)))
            best = max(best, float(bound.max()))
            if best >= enough:
                break
        return best


def unmet_minima(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
    mode: Mode | None = None,
) -> tuple[Clash, ...]:
    """Return a clash for every hard minimum that no district whatever can reach.

    A minimum is hard where ``rules.keep_below_minimum`` is off, and in the mode
    :class:`~spatial.districting.modes.MostDistricts` (rule ``at_least``).

    Parameters
    ----------
    neighbourhoods, adjacency, eligible, rules
        As for :func:`~spatial.districting.plan.propose_districts`.
    mode : Mode, optional

    Returns
    -------
    tuple of Clash
        Each names the minimum and the limits that stand against it; without any one of them the
        minimum would not be out of reach by this bound. The words say how much is reachable.
    """
    frame = neighbourhoods.frame
    ids = pd.Index(
        sorted(frame.index[eligible.fillna(value=False).to_numpy(dtype=bool)].astype(str))
    )
    some = frame.loc[ids]
    amounts, unknown = amounts_of(some)
    rules = rules.without_limits([key for key, count in unknown.items() if count == len(ids)])
    places = _Places(
        ids=ids,
        amounts=amounts,
        office=pd.factorize(some["subdistrict"], sort=True)[0].astype(np.int64),
        xy_m=shapely.get_coordinates(shapely.centroid(some.geometry.to_numpy())),
        adjacency=adjacency,
    )
    blind = {key for key, count in unknown.items() if count == len(ids)}
    found = (_unmet(places, rules, one) for one in _wanted(rules, mode) if one.amount not in blind)
    return tuple(clash for clash in found if clash is not None)


def _wanted(rules: DistrictRules, mode: Mode | None) -> list[_Wanted]:
    wanted = []
    if isinstance(mode, MostDistricts) and mode.amount in AMOUNTS:
        wanted.append(_Wanted("at_least", mode.amount, float(mode.at_least)))
    if not rules.keep_below_minimum:
        wanted += [_Wanted(f"min_{key}", key, least) for key, least in rules.minimum.items()]
    return wanted


def _unmet(places: _Places, rules: DistrictRules, wanted: _Wanted) -> Clash | None:
    """Return the clash of one minimum; None where the bound does not forbid it."""
    least = wanted.least * (1 - ROUNDING)
    reachable = places.most(wanted.amount, rules, enough=least)
    if reachable >= least:
        return None
    core = [limit_rule("min", wanted.amount, wanted.least, key=wanted.key)]
    fewer = rules
    for rule, without in _relaxable(rules):
        trial = without(fewer)
        if places.most(wanted.amount, trial, enough=least) < least:
            fewer = trial
        else:
            core.append(rule)
    zh = ";".join(rule.zh for rule in core)
    en = "; ".join(rule.en for rule in core)
    told = f"{reachable:,.0f}"
    return Clash(
        rules=tuple(core),
        neighbourhoods=(),
        relax=tuple(rule.key for rule in core),
        zh=f"下列规则不能同时成立:{zh}。任何片区最多可达 {told}。请降低下限或放宽其中一条。",
        en=f"These rules cannot all hold: {en}. No district can have more than {told}. "
        "Lower the minimum, or relax one of the others.",
    )


def _relaxable(
    rules: DistrictRules,
) -> list[tuple[Rule, Callable[[DistrictRules], DistrictRules]]]:
    """Limits that keep districts small, each with the rules without it."""
    found: list[tuple[Rule, Callable[[DistrictRules], DistrictRules]]] = []
    for key, limit in rules.maximum.items():
        found.append((limit_rule("max", key, limit), partial(_unlimited, key)))
    far = f"{rules.max_distance_m:g} m"
    words = Rule("max_distance_m", (), f"成员间距不超过 {far}", f"members at most {far} apart")
    found.append((words, partial(_with, max_distance_m=1e9)))
    if rules.same_subdistrict:
        en = "a district stays in one street office"
        words = Rule("same_subdistrict", (), "片区不跨街道", en)
        found.append((words, partial(_with, same_subdistrict=False)))
    found += [(cut_rule(kind), partial(_uncut, kind)) for kind in rules.cut_barriers]
    if rules.max_link_walk_m is not None:
        far = f"{rules.max_link_walk_m:g} m"
        words = Rule("max_link_walk_m", (), f"相邻步行不超过 {far}", f"links at most {far} on foot")
        found.append((words, partial(_with, max_link_walk_m=None)))
    return found


def _with(rules: DistrictRules, **changes: Any) -> DistrictRules:
    return replace(rules, **changes)


def _unlimited(key: str, rules: DistrictRules) -> DistrictRules:
    return replace(rules, maximum={k: v for k, v in rules.maximum.items() if k != key})


def _uncut(kind: str, rules: DistrictRules) -> DistrictRules:
    return replace(rules, cut_barriers=tuple(k for k in rules.cut_barriers if k != kind))


def _filled(at: Ints, value: Floats, size: Floats, cap: float, count: int) -> Floats:
    """Most value within `cap` of size, of the items of each group: fractional knapsacks."""
    free = size <= 0
    gain = np.bincount(at[free], weights=value[free], minlength=count)
    at, value, size = at[~free], value[~free], size[~free]
    order = np.lexsort((-value / size, at))
    at, value, size = at[order], value[order], size[order]
    total = np.cumsum(size)
    start = np.searchsorted(at, np.arange(count))
    before = total - size - np.r_[0.0, total][start][at]
    share = np.clip((cap - before) / size, 0.0, 1.0)
    filled = np.bincount(at, weights=value * share, minlength=count)
    return (gain + filled).astype(np.float64)
