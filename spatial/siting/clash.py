"""Which rules of a siting cannot all hold: a smallest set, in words, and what to relax.

Rules that a planner can relax are tested together with what always binds (floors, capacities,
reach, the years in which an option can be had). From a set that clashes, QuickXplain divides and
tests until every rule left is needed for the clash (Junker 2004, AAAI-04, 167-172; it asks fewer
questions than the deletion filter of Chinneck & Dravnieks 1991, and ends with the same kind of
set): relaxing any one of them ends this clash. Further clashes, of other rules, follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from spatial.errors import InfeasibleError
from spatial.siting.answer import Effort, Watch
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules, SitingWeights
from spatial.siting.solver.core import compile_problem
from spatial.siting.solver.highs import run_programme
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.programme import lay_out

__all__ = ["Clash", "Names", "Rule", "rules_in", "why_infeasible"]

Names = Mapping[str, tuple[str, str]]
"""What an id (of an asset, option, kind, demand row, district) is called: Chinese, English."""

MOST: Final = 5
"""Clashes that are told at most."""
NOTHING: Final = SitingWeights(people=0.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that a planner can relax; `key` as ``must:a7``, ``spacing:park``, ``budget``."""

    key: str
    ids: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules that cannot all hold; without any one of them the others can.

    Parameters
    ----------
    rules : tuple of Rule
    zh, en : str
        The clash in words, with the reason where one rule alone cannot hold.
    """

    rules: tuple[Rule, ...]
    zh: str
    en: str

    @property
    def relax(self) -> tuple[str, ...]:
        """Keys of the rules, any of which may be relaxed."""
        return tuple(rule.key for rule in self.rules)


def rules_in(problem: SitingProblem, *, names: Names | None = None) -> tuple[Rule, ...]:
    """Return every hard rule that could be relaxed, in words; those to be kept last come last."""
    called = _Called(names or {})
    rules = problem.rules
    return (
        *_of_service(problem, called),
        *_of_options(rules, called),
        *_of_places(rules, called),
    )


@dataclass(frozen=True, slots=True)
class _Called:
    """Names of ids; an id without a name is its own."""

    names: Names

    def zh(self, one: str) -> str:
        return self.names.get(one, (one, one))[0]

    def en(self, one: str) -> str:
        return self.names.get(one, (one, one))[1]


def _of_service(problem: SitingProblem, called: _Called) -> Iterator[Rule]:
    for kind, share in problem.rules.least_share.items():
        zh = f"{called.zh(kind)} 至少服务 {share:.0%} 的人"
        yield Rule(f"share:{kind}", (), zh, f"serve at least {share:.0%} of {called.en(kind)}")
    for row in problem.rules.must_serve:
        persons = f"{problem.demand.loc[row, 'persons']:,.0f}"
        zh = f"必须全部服务 {called.zh(row)}({persons} 人)"
        yield Rule(f"serve:{row}", (row,), zh, f"serve all {persons} persons of {called.en(row)}")


def _of_options(rules: SitingRules, called: _Called) -> Iterator[Rule]:
    for at, limit in enumerate(rules.limits):
        kind, district = limit.kind, limit.district
        where = "" if district is None else f"片区 {called.zh(district)} "
        inside = "" if district is None else f" in {called.en(district)}"
        if limit.at_least:
            zh = f"{where}至少 {limit.at_least} 处 {called.zh(kind)}"
            en = f"at least {limit.at_least} {called.en(kind)}{inside}"
            yield Rule(f"at_least:{at}", (), zh, en)
        if limit.at_most is not None:
            zh = f"{where}至多 {limit.at_most} 处 {called.zh(kind)}"
            en = f"at most {limit.at_most} {called.en(kind)}{inside}"
            yield Rule(f"at_most:{at}", (), zh, en)
    for one in rules.must:
        zh, en = f"必须选用 {called.zh(one)}", f"{called.en(one)} must be chosen"
        yield Rule(f"must:{one}", (one,), zh, en)
    for one in rules.must_not:
        zh, en = f"不得选用 {called.zh(one)}", f"{called.en(one)} must not be chosen"
        yield Rule(f"must_not:{one}", (one,), zh, en)


def _of_places(rules: SitingRules, called: _Called) -> Iterator[Rule]:
    for one, other in rules.incompatible:
        zh = f"{called.zh(one)} 与 {called.zh(other)} 不同处一址"
        en = f"{called.en(one)} and {called.en(other)} share no asset"
        yield Rule(f"incompatible:{one}:{other}", (), zh, en)
    for kind, spacing_m in rules.spacing_m.items():
        zh = f"{called.zh(kind)} 间距不小于 {spacing_m:g} m"
        en = f"{called.en(kind)} sites at least {spacing_m:g} m apart"
        yield Rule(f"spacing:{kind}", (), zh, en)
    if np.isfinite(rules.budget_yuan).any():
        yield Rule("budget", (), *_money(rules.budget_yuan))


def _money(budget_yuan: Sequence[float]) -> tuple[str, str]:
    """Say the money of each year."""
    zh = [f"{one / 1e4:,.10g}" if np.isfinite(one) else "不限" for one in budget_yuan]
    en = [f"{one / 1e4:,.10g}" if np.isfinite(one) else "no limit" for one in budget_yuan]
    return f"各年预算 {', '.join(zh)} 万元", f"budgets of {', '.join(en)} × 10,000 yuan"


def why_infeasible(
    problem: SitingProblem, *, effort: Effort | None = None, names: Names | None = None
) -> tuple[Clash, ...]:
    """Return smallest sets of rules that cannot all hold; none where a plan exists.

    Parameters
    ----------
    problem : SitingProblem
    effort : Effort, optional
        By default half a minute for all questions together.
    names : mapping of id to (Chinese, English), optional
        What assets, options, kinds, demand rows and districts are called in the words.

    Returns
    -------
    tuple of Clash
        Each of other rules than those before it; at most five.

    Raises
    ------
    InfeasibleError
        If time ended before the first clash was found.
    """
    watch = Watch(effort or Effort(seconds=30.0))
    rules = rules_in(problem, names=names)

    def clash(some: Sequence[Rule]) -> bool:
        watch.tell("siting_clash", 0.0)
        return not _possible(problem, some, watch)

    found: list[Clash] = []
    while len(found) < MOST and clash(rules):
        smallest = _smallest([], list(rules), clash, known=False)
        found.append(_clash(problem, smallest))
        gone = {rule.key for rule in smallest}
        rules = tuple(rule for rule in rules if rule.key not in gone)
        if not smallest:
            break
    return tuple(found)


def _smallest(
    base: list[Rule], rest: list[Rule], clash: Callable[[Sequence[Rule]], bool], *, known: bool
) -> list[Rule]:
    """Return rules of `rest`, all needed, that clash together with `base` (QuickXplain)."""
    if known and clash(base):
        return []
    if len(rest) <= 1:
        return rest
    first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    later = _smallest([*base, *first], second, clash, known=bool(first))
    sooner = _smallest([*base, *later], first, clash, known=bool(later))
    return sooner + later


def _possible(problem: SitingProblem, some: Sequence[Rule], watch: Watch) -> bool:
    """Tell whether some of the rules can hold together; only what they ask about is laid out."""
    rules = _only({rule.key for rule in some}, problem.rules)
    demand = problem.demand
    asked = demand.index.isin(list(rules.must_serve)) | demand["kind"].isin(list(rules.least_share))
    persons = demand["persons"].where(asked, 0.0)
    part = replace(problem, rules=rules, demand=demand.assign(persons=persons))
    programme = lay_out(compile_problem(part))
    found = run_programme(programme, Aim(NOTHING), watch, gap_share=0.0)
    if found.column is None and not found.infeasible:
        raise InfeasibleError(
            "Time ended before it was clear which rules clash. Give more seconds.",
            zh="时间用完,尚未找出冲突的规则。请延长时间。",
        )
    return found.column is not None


def _only(keys: set[str], rules: SitingRules) -> SitingRules:
    """Return the rules of these keys alone."""
    limits = []
    for at, limit in enumerate(rules.limits):
        least = limit.at_least if f"at_least:{at}" in keys else 0
        most = limit.at_most if f"at_most:{at}" in keys else None
        limits.append(replace(limit, at_least=least, at_most=most))
    return replace(
        rules,
        budget_yuan=rules.budget_yuan if "budget" in keys else (np.inf,) * rules.years,
        must=tuple(one for one in rules.must if f"must:{one}" in keys),
        must_not=tuple(one for one in rules.must_not if f"must_not:{one}" in keys),
        spacing_m={k: m for k, m in rules.spacing_m.items() if f"spacing:{k}" in keys},
        limits=tuple(limits),
        incompatible=tuple(
            pair for pair in rules.incompatible if f"incompatible:{pair[0]}:{pair[1]}" in keys
        ),
        must_serve=tuple(row for row in rules.must_serve if f"serve:{row}" in keys),
        least_share={k: s for k, s in rules.least_share.items() if f"share:{k}" in keys},
        order=(),
        weights=SitingWeights(),
    )


def _clash(problem: SitingProblem, rules: Sequence[Rule]) -> Clash:
    if len(rules) == 1:
        zh, en = _alone(problem, rules[0])
        return Clash(
            tuple(rules),
            f"“{rules[0].zh}”无论放宽什么都做不到:{zh}。",
            f"“{rules[0].en}” cannot hold whatever else is relaxed: {en}.",
        )
    return Clash(
        tuple(rules),
        f"这些规则不能同时满足:{';'.join(rule.zh for rule in rules)}。放宽其中任何一条即可。",
        f"These cannot all hold: {'; '.join(rule.en for rule in rules)}. Relax any one of them.",
    )


def _alone(problem: SitingProblem, rule: Rule) -> tuple[str, str]:
    """Say why one rule alone cannot hold."""
    if rule.key.startswith("serve:"):
        row = int(problem.demand.index.get_loc(rule.ids[0]))
        owners = np.repeat(np.arange(len(problem.options)), np.diff(problem.start))
        reaching = np.unique(owners[problem.row == row])
        if not len(reaching):
            return "没有任何选项到得了", "no option reaches it"
        room = problem.options["capacity_persons"].to_numpy(float)[reaching].sum()
        return (
            f"到得了的 {len(reaching)} 个选项在规划年限内容量不足(合计至多 {room:,.0f} 人)",
            f"the {len(reaching)} options that reach it hold too few within the years planned "
            f"(at most {room:,.0f} persons in all)",
        )
    if rule.key.startswith("must:"):
        one = rule.ids[0]
        options = problem.options
        mine = options[(options["asset"] == one) | (options.index == one)]
        if mine.empty:
            why = _impossible(problem.impossible, one)
            return f"没有可选的设施{why[0]}", f"it has no option{why[1]}"
        year = int(np.ceil(mine["earliest_year"].min())) + 1
        return (
            f"最早第 {year} 年才能取得,规划只有 {problem.rules.years} 年",
            f"it can be had in year {year} at the earliest, {problem.rules.years} are planned",
        )
    if rule.key.startswith("share:"):
        return "到得了的选项和容量不够", "the options in reach, and their capacity, are too few"
    return "可用的选项不够", "too few options can be chosen together"


def _impossible(impossible: pd.DataFrame, asset: str) -> tuple[str, str]:
    mine = impossible[impossible["asset"] == asset]
    if mine.empty or not {"zh", "en"} <= set(mine.columns):
        return "", ""
    return f"({mine['zh'].iloc[0]})", f" ({mine['en'].iloc[0]})"
