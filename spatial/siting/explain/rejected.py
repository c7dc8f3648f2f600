"""Why each option that was not chosen was not, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.siting.explain.state import State
from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem
from spatial.siting.solver.core import NEVER

__all__ = ["Tell", "rejected_frame"]

Floats = npt.NDArray[np.float64]
EXACT_UP_TO = 20_000_000
"""Pairs, times options and years, up to which every gain is found by serving everybody anew."""
EVERY: Final = 20
"""Options between two tellings of progress."""
Words = tuple[str, str]
Tell = Callable[[float], None]
COLUMNS = ["asset", "kind", "size", "reason", "by", "gain_people", "gain_per_10k_yuan", "zh", "en"]


def rejected_frame(state: State, plan: SitingPlan, tell: Tell) -> pd.DataFrame:
    """Return a line for every option not chosen, and for all that was never one.

    `tell` is told the share that is done, and may raise to stop.
    """
    problem, core = plan.problem, state.ready.core
    options = problem.options
    names = options.index
    lines: dict[Any, dict[str, Any]] = {}
    for row, (reason, by) in core.left_out.items():
        other = names[by] if by >= 0 else None
        lines[names[row]] = _line(reason, other, np.nan, np.nan, _left_out(problem, row, by))
    tell(0.1)
    gains = _gains(state, lambda share: tell(0.1 + 0.4 * share))
    rate = gains / np.maximum(core.cost_yuan, 1.0) * 1e4
    last = _last_chosen(state, lambda share: tell(0.5 + 0.1 * share))
    against = _Against(state)
    others = np.flatnonzero(state.year == NEVER)
    for at, o in enumerate(others):
        if at % EVERY == 0:
            tell(0.6 + 0.4 * at / len(others))
        reason, by, words = against.of(int(o), gains[o], rate[o], last)
        lines[names[core.option[o]]] = _line(reason, by, gains[o], rate[o], words)
    known = [name for name in names if name in lines]
    found = pd.DataFrame([lines[name] for name in known], index=pd.Index(known, name=names.name))
    frame = options.loc[known, ["asset", "kind", "size"]].join(found) if known else found
    never = problem.impossible.reindex(columns=["asset", "kind", "size", "reason", "zh", "en"])
    never = never.astype(object).set_index(
        pd.Index(
            [":".join(map(str, row)) for row in never[["asset", "kind", "size"]].to_numpy()],
            dtype=object,
        )
    )
    frames = [part for part in (frame, never) if len(part)]
    return pd.concat(frames).reindex(columns=COLUMNS) if frames else pd.DataFrame(columns=COLUMNS)


def _gains(state: State, tell: Tell) -> Floats:
    """Weighted persons that each option would add to the plan.

    Exactly, everybody served anew, where the problem is small; else those of its reach who are
    left without, as they stand.
    """
    core = state.ready.core
    gains = state.gains()
    if len(core.group) * len(core.option) * core.years > EXACT_UP_TO:
        return gains
    some = np.flatnonzero((state.year == NEVER) & (core.earliest < core.years))
    for at, o in enumerate(some):
        if at % EVERY == 0:
            tell(at / len(some))
        added = state.year.copy()
        added[core.site == core.site[o]] = NEVER
        added[o] = core.earliest[o]
        gains[o] = state.worth_with(added).parts["people"] - state.worth.parts["people"]
    return np.maximum(gains, 0.0)


def _line(
    reason: str, by: str | None, gain: float, rate: float, words: tuple[str, str]
) -> dict[str, Any]:
    return {
        "reason": reason,
        "by": by,
        "gain_people": gain,
        "gain_per_10k_yuan": rate,
        "zh": words[0],
        "en": words[1],
    }


def _left_out(problem: SitingProblem, row: int, by: int) -> tuple[str, str]:
    """Say why an option was left out before anything was compared."""
    option = problem.options.iloc[row]
    if by >= 0:
        other = problem.options.iloc[by]
        return (
            f"同一处的 {problem.options.index[by]} 样样不差:{other['cost_yuan'] / 1e4:,.1f} 万元,"
            f"它要 {option['cost_yuan'] / 1e4:,.1f} 万元",
            f"{problem.options.index[by]} on the same site is as good in everything, for "
            f"{other['cost_yuan']:,.0f} yuan instead of {option['cost_yuan']:,.0f}",
        )
    name = problem.options.index[row]
    if name in problem.rules.must_not or option["asset"] in problem.rules.must_not:
        return "规则不准选用", "the rules forbid it"
    if option["earliest_year"] >= problem.rules.years:
        year = int(np.ceil(option["earliest_year"])) + 1
        return (
            f"第 {year} 年才能取得,规划只有 {problem.rules.years} 年",
            f"it can be had in year {year}, {problem.rules.years} are planned",
        )
    return "够得着的地方没有人缺这类设施", "nobody in its reach lacks this kind"


def _last_chosen(state: State, tell: Tell) -> float:
    """Weighted persons for 10,000 yuan of the chosen option that brings fewest for its money."""
    core = state.ready.core
    rates = []
    some = np.flatnonzero((state.year != NEVER) & (core.cost_yuan > 0))
    for at, o in enumerate(some):
        if at % EVERY == 0:
            tell(at / len(some))
        without = state.year.copy()
        without[o] = NEVER
        lost = state.worth.parts["people"] - state.worth_with(without).parts["people"]
        rates.append(lost / core.cost_yuan[o] * 1e4)
    return float(min(rates, default=np.nan))


class _Against:
    """What the rules hold against adding an option to the plan."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.ground = state.ground()
        self.room = self.ground.room
        self.chosen = state.year != NEVER
        self.by_row = state.ready.structure.matrix

    def of(self, o: int, gain: float, rate: float, last: float) -> tuple[str, Any, Words]:
        """Return the reason, what stands against it, and both languages."""
        if gain <= 1e-9:
            return "no_gain", None, ("够得着的人都已有服务", "all in its reach are served already")
        year = self.ground.year_for(o)
        if year == NEVER:
            return self._rule(o, gain, rate, last)
        more = self._more(o, gain, year)
        if more <= 1e-9:
            return (
                "not_worth",
                None,
                (
                    f"多服务 {gain:,.0f} 人(加权),但按权重,投入、运营、等待和风险更多({more:,.4g})",
                    f"it would serve {gain:,.0f} more (weighted), but costs and risk weigh "
                    f"more ({more:,.4g})",
                ),
            )
        return (
            "open_question",
            None,
            (
                f"加上它还能多 {more:,.4g}:方案尚未证明最优",
                f"adding it would bring {more:,.4g}: the plan is not proven best",
            ),
        )

    def _more(self, o: int, gain: float, year: int) -> float:
        """Return what adding an option would do to the aim; exactly where it might be a gain."""
        core, weights = self.state.ready.core, self.state.weights
        costs = weights.money_per_yuan * core.cost_yuan[o] + weights.risk * core.risk[o]
        costs += weights.running_per_yuan * core.yearly_yuan[o] * (core.years - year)
        if weights.people * gain <= costs:
            return float(weights.people * gain - costs)
        added = self.state.year.copy()
        added[o] = year
        return self.state.aim(self.state.worth_with(added)) - self.state.aim(self.state.worth)

    def _rule(self, o: int, gain: float, rate: float, last: float) -> tuple[str, Any, Words]:
        """Name the first rule without room: nearness before money."""
        core, structure = self.state.ready.core, self.state.ready.structure
        columns = self.ground.columns
        column = (core.years - 1) * len(core.option) + o
        span = slice(columns.indptr[column], columns.indptr[column + 1])
        rows, needs = columns.indices[span], columns.data[span]
        full = rows[needs > self.room[rows] + 1e-9]
        keys = {str(structure.rule[row]).split(":")[0]: int(row) for row in full[::-1]}
        words = f"能多服务 {gain:,.0f} 人(加权)", f"it would serve {gain:,.0f} more (weighted)"
        for key in ("", "spacing", "incompatible", "at_most"):
            if key in keys:
                by = self._holder(keys[key])
                zh, en = {
                    "": (f"资源已用于 {by}", f"the asset is taken by {by}"),
                    "spacing": (f"离 {by} 太近", f"too near to {by}"),
                    "incompatible": (f"不能与 {by} 同处一址", f"cannot be beside {by}"),
                    "at_most": ("这类设施已到上限", "as many of the kind as are allowed"),
                }[key]
                reason = key or "asset_taken"
                return reason, by, (f"{words[0]},但{zh}", f"{words[1]}, but {en}")
        if "budget" in keys or not keys:
            left = float(self.room[structure.rule == "budget"].min(initial=np.inf)) * 1e4
            return (
                "over_budget",
                None,
                (
                    f"{words[0]},每万元 {rate:,.1f} 人;方案中最不划算的一处每万元 {last:,.1f} 人。"
                    f"需要 {core.cost_yuan[o] / 1e4:,.1f} 万元,只剩 {left / 1e4:,.1f} 万元",
                    f"{words[1]}, {rate:,.1f} for 10,000 yuan; the least rewarding site chosen "
                    f"brings {last:,.1f}. It needs {core.cost_yuan[o]:,.0f} yuan, "
                    f"{left:,.0f} are left",
                ),
            )
        return "rule", None, (f"{words[0]},但规则不容", f"{words[1]}, but a rule stands against it")

    def _holder(self, row: int) -> Any:
        """Return a chosen option that uses up a rule."""
        core = self.state.ready.core
        span = slice(self.by_row.indptr[row], self.by_row.indptr[row + 1])
        inside = self.by_row.indices[span] % len(core.option)
        held = inside[self.chosen[inside]]
        return core.problem.options.index[core.option[held[0]]] if len(held) else None
