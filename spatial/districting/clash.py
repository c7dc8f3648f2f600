"""Which rules cannot all hold: the smallest set that clashes, in words, and what to relax.

Planner's rules are added to the always-binding ones (limits, contiguity) and tested together by
testing what they tie together. From a set that clashes, rules are dropped one by one as long as
the rest still clashes: what is left is a smallest set, of which every rule, relaxed, ends the
clash (deletion filter; Chinneck & Dravnieks 1991, ORSA Journal on Computing 3, 157-168).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.measures import amounts_of, links_of, pairs_within
from spatial.districting.rules import DistrictRules
from spatial.districting.tied import require_keepable, ties_of
from spatial.errors import InfeasibleError, SpatialError

__all__ = ["Clash", "Rule", "clashes", "cut_rule", "limit_rule", "rules_in"]

FARTHER: Final = 20.0
"""Times the distance limit that stands for none."""
AMOUNT_WORDS: Final = {
    "households": ("户数", "households"),
    "persons": ("人口", "persons"),
    "area_m2": ("用地(m²)", "m² of land"),
    "members": ("小区数", "neighbourhoods"),
}
BARRIER_WORDS: Final = {
    "river": ("河流", "river"),
    "railway": ("铁路", "railway"),
    "main_road": ("主干路", "main road"),
    "minor_road": ("支路", "minor road"),
    "wall": ("围墙", "wall"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One hard rule that a planner can relax."""

    key: str
    neighbourhoods: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules that cannot all hold; without any one of them the others can.

    Parameters
    ----------
    rules : tuple of Rule
    neighbourhoods : tuple of str
        Those that the rules name.
    relax : tuple of str
        Keys of the rules, any of which may be relaxed.
    zh, en : str
        The clash in words.
    """

    rules: tuple[Rule, ...]
    neighbourhoods: tuple[str, ...]
    relax: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Removable:
    """A rule, and the rules of a plan without it."""

    rule: Rule
    without: Callable[[DistrictRules], DistrictRules]


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """What is needed to tell whether rules can hold: only the named neighbourhoods matter."""

    known: pd.Index
    ids: pd.Index
    amounts: npt.NDArray[np.float64]
    office: npt.NDArray[np.int64]
    xy_m: npt.NDArray[np.float64]
    adjacency: pd.DataFrame

    @classmethod
    def of(
        cls,
        neighbourhoods: Neighbourhoods,
        adjacency: pd.DataFrame,
        eligible: pd.Series,
        rules: DistrictRules,
    ) -> _Test:
        frame = neighbourhoods.frame
        admitted = frame.index[eligible.fillna(value=False).to_numpy(dtype=bool)].astype(str)
        ids = pd.Index(sorted(admitted))
        some = frame.loc[ids]
        amounts = amounts_of(some)[0]
        office = pd.factorize(some["subdistrict"], sort=True)[0].astype(np.int64)
        if rules.distance_basis == "straight":  # on foot, the way leads through all others
            named = {*rules.locks, *(key for group in rules.must_join for key in group)}
            named |= {key for pair in rules.must_not_join for key in pair}
            kept = np.flatnonzero(ids.isin(list(named)))
            ids, amounts, office, some = ids[kept], amounts[kept], office[kept], some.iloc[kept]
        xy_m = shapely.get_coordinates(shapely.centroid(some.geometry.to_numpy()))
        return cls(frame.index, ids, amounts, office, xy_m, adjacency)

    def error(self, rules: DistrictRules) -> InfeasibleError | None:
        """Return what the rules fail on; None where they can all hold."""
        try:
            ties = ties_of(rules, self.known, self.ids)
            links = links_of(self.adjacency, self.ids, self.office, rules)
            pairs = pairs_within(self.xy_m, links, rules)
            require_keepable(ties, self.ids, self.amounts, self.office, links, pairs, rules)
        except InfeasibleError as found:
            return found
        return None


def limit_rule(which: str, amount: str, limit: float, *, key: str | None = None) -> Rule:
    """Return the rule of a maximum (``max``) or minimum (``min``) in words."""
    zh, en = AMOUNT_WORDS[amount]
    most = which == "max"
    return Rule(
        key or f"{which}_{amount}",
        (),
        f"{zh}{'上限' if most else '下限'} {limit:,.10g}",
        f"at {'most' if most else 'least'} {limit:,.10g} {en}",
    )


def cut_rule(kind: str) -> Rule:
    """Return the rule that no district crosses a kind of barrier, in words."""
    zh, en = BARRIER_WORDS.get(kind, (kind, kind))
    return Rule("cut_barriers", (), f"片区不跨{zh}", f"no district crosses a {en}")


def rules_in(rules: DistrictRules) -> tuple[Rule, ...]:
    """Return every hard rule that could be relaxed, in words."""
    return tuple(item.rule for item in _removable(rules))


def clashes(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
) -> tuple[Clash, ...]:
    """Return the smallest sets of rules that clash, one after another; empty where none do.

    Parameters
    ----------
    neighbourhoods, adjacency, eligible, rules
        As for :func:`~spatial.districting.plan.propose_districts`.

    Returns
    -------
    tuple of Clash
        Disjoint: the rules of one are taken out before the next is looked for.
    """
    test = _Test.of(neighbourhoods, adjacency, eligible, rules)
    infeasible = test.error
    found: list[Clash] = []
    error = infeasible(rules)
    while error is not None:
        core, left = _smallest(rules, infeasible)
        if not core:
            break
        found.append(_in_words(core, infeasible(left) or error))
        for item in core:
            rules = item.without(rules)
        error = infeasible(rules)
    return tuple(found)


def _smallest(
    rules: DistrictRules, infeasible: Callable[[DistrictRules], InfeasibleError | None]
) -> tuple[list[_Removable], DistrictRules]:
    core: list[_Removable] = []
    for item in _removable(rules):
        try:
            fewer = item.without(rules)
        except SpatialError:  # a district is closed whose lock went
            fewer = rules
        if fewer is not rules and infeasible(fewer) is not None:
            rules = fewer
        else:
            core.append(item)
    return core, rules


def _in_words(core: Sequence[_Removable], error: InfeasibleError) -> Clash:
    named = tuple(dict.fromkeys(name for item in core for name in item.rule.neighbourhoods))
    zh = ";".join(item.rule.zh for item in core)
    en = "; ".join(item.rule.en for item in core)
    return Clash(
        rules=tuple(item.rule for item in core),
        neighbourhoods=named,
        relax=tuple(item.rule.key for item in core),
        zh=f"下列规则不能同时成立:{zh}。放宽其中任意一条即可。({error.message_zh})",
        en=f"These rules cannot all hold: {en}. Relaxing any one of them is enough. ({error})",
    )


def _removable(rules: DistrictRules) -> list[_Removable]:
    return [*_ties(rules), *_limits(rules), *_cuts(rules)]


def _without(field: str, value: object, rules: DistrictRules) -> DistrictRules:
    """Return the rules without one entry of a field."""
    now = getattr(rules, field)
    if isinstance(now, tuple):
        left: object = tuple(other for other in now if other != value)
    elif isinstance(now, frozenset):
        left = now - {value}
    else:
        left = {key: found for key, found in now.items() if key != value}
    changes: dict[str, Any] = {field: left}
    return replace(rules, **changes)


def _unlocked(label: str, rules: DistrictRules) -> DistrictRules:
    kept = {key: value for key, value in rules.locks.items() if value != label}
    return replace(rules, locks=kept, closed=rules.closed - {label})


def _set(field: str, value: object, rules: DistrictRules) -> DistrictRules:
    changes: dict[str, Any] = {field: value}
    return replace(rules, **changes)


def _ties(rules: DistrictRules) -> Iterator[_Removable]:
    """Yield what a planner said about neighbourhoods: each group, pair and lock on its own."""
    for field, zh, en in (
        ("must_join", "须同片", "must join"),
        ("must_not_join", "不得同片", "must not join"),
    ):
        for names in getattr(rules, field):
            both = ", ".join(names)
            rule = Rule(field, tuple(names), f"{both} {zh}", f"{both} {en}")
            yield _Removable(rule, partial(_without, field, names))
    for label in sorted(rules.closed):
        rule = Rule("closed", (), f"片区 {label} 已关闭", f"district {label} is closed")
        yield _Removable(rule, partial(_without, "closed", label))
    for label in sorted({str(name) for name in rules.locks.values() if name is not None}):
        inside = tuple(sorted(key for key, name in rules.locks.items() if name == label))
        rule = Rule("locks", inside, f"片区 {label} 锁定", f"district {label} is locked")
        yield _Removable(rule, partial(_unlocked, label))
    for name in sorted(key for key, label in rules.locks.items() if label is None):
        rule = Rule("locks", (name,), f"{name} 锁定为单独", f"{name} is locked to stand alone")
        yield _Removable(rule, partial(_without, "locks", name))


def _limits(rules: DistrictRules) -> Iterator[_Removable]:
    for name, limit in rules.maximum.items():
        yield _Removable(limit_rule("max", name, limit), partial(_without, "maximum", name))
    far = f"{rules.max_distance_m:g} m"
    rule = Rule("max_distance_m", (), f"成员间距不超过 {far}", f"members at most {far} apart")
    yield _Removable(rule, partial(_set, "max_distance_m", FARTHER * rules.max_distance_m))


def _cuts(rules: DistrictRules) -> Iterator[_Removable]:
    if rules.same_subdistrict:
        en = "a district stays in one street office"
        rule = Rule("same_subdistrict", (), "片区不跨街道", en)
        yield _Removable(rule, partial(_set, "same_subdistrict", False))  # noqa: FBT003 - a value
    for kind in rules.cut_barriers:
        yield _Removable(cut_rule(kind), partial(_without, "cut_barriers", kind))
    if rules.max_link_walk_m is not None:
        far = f"{rules.max_link_walk_m:g} m"
        rule = Rule("max_link_walk_m", (), f"相邻步行不超过 {far}", f"links at most {far} on foot")
        yield _Removable(rule, partial(_set, "max_link_walk_m", None))
