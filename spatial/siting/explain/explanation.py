"""Why a siting plan is as it is: what each chosen site does, why each other one is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import CancelledError, InfeasibleError
from spatial.progress import Progress, silent
from spatial.siting.answer import Cancel, Effort, Watch
from spatial.siting.explain.bounded import still_near
from spatial.siting.explain.rejected import Tell, rejected_frame
from spatial.siting.explain.state import State, state_of
from spatial.siting.plan import SitingPlan
from spatial.siting.rules import PARTS, SitingRules
from spatial.siting.solve import solve_ready
from spatial.siting.solver.core import NEVER, Worth, compile_problem
from spatial.siting.solver.proof import make_ready
from spatial.siting.together import solve_chains

__all__ = ["SitingExplanation", "explain_siting"]

Longs = npt.NDArray[np.int64]
TRIED: Final = 12
"""Next best options that are tried out exactly for each chosen one; the most promising."""
MONEY: Final = (0.8, 0.9, 1.1, 1.25)
WEIGHT: Final = (0.5, 2.0)
NEAR: Final = 1e-3
"""A choice is shown to go only where something better than this share of the value takes over."""


@dataclass(frozen=True, slots=True, eq=False)
class SitingExplanation:
    """Why these, and why not those.

    Parameters
    ----------
    chosen : DataFrame
        By option id: ``asset, kind, year, served_persons`` (by it, in the last year),
        ``lost_people`` (weighted persons not served without it, after everybody is served anew as
        well as can be), ``lost_value`` (of the aim), ``next_best`` (the option in whose place the
        plan loses least), ``next_loss`` (what it loses then), ``zh, en``.
    rejected : DataFrame
        By option id (and, of what was never an option, by asset, kind and size): ``asset, kind,
        size, reason, by`` (what stands against it), ``gain_people`` (weighted persons that it
        would add to the plan), ``gain_per_10k_yuan, zh, en``. Reasons: ``must_not, late,
        no_demand, dominated, asset_taken, spacing, incompatible, at_most, over_budget, no_gain,
        not_worth, open_question`` and those of ``problem.impossible``.
    sensitivity : DataFrame
        One line for each re-solve: ``change, factor, value, people, money_yuan, kept, gone, new,
        status``; a choice is shown to stay at the points tried, and nowhere else.
    """

    chosen: pd.DataFrame
    rejected: pd.DataFrame
    sensitivity: pd.DataFrame

    def __repr__(self) -> str:
        """Say how much there is."""
        reasons = self.rejected["reason"].value_counts()
        most = ", ".join(f"{many} {reason}" for reason, many in reasons.head(4).items())
        return f"SitingExplanation({len(self.chosen)} chosen; rejected: {most})"


def explain_siting(
    plan: SitingPlan,
    *,
    sensitivity: bool = True,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> SitingExplanation:
    """Explain a plan.

    Parameters
    ----------
    plan : SitingPlan
    sensitivity : bool
        Solve again with 0.8, 0.9, 1.1 and 1.25 times the money, and with each weight halved and
        doubled, on all cores: within 0.1 % of the best, beginning with the plan, so that what
        goes makes way for something that is better by more than that or was found on the way.
    effort : Effort, optional
        For all these re-solves together, by default half a minute.
    progress : callable, optional
        Told after every few options and with every step of a re-solve; it may raise to stop.
    cancel : callable, optional
        Asked as often.

    Returns
    -------
    SitingExplanation

    Raises
    ------
    CancelledError
        If `cancel` says so: half an explanation would mislead.
    """
    tell = _teller(progress, cancel)
    tell(0.0)
    ready = make_ready(compile_problem(plan.problem))
    state = state_of(ready, plan)
    chosen = _chosen(state, plan, lambda share: tell(0.3 * share))
    rejected = rejected_frame(state, plan, lambda share: tell(0.3 + 0.1 * share))
    effort = effort or Effort(seconds=30.0)
    watch = Watch(replace(effort, gap_share=max(effort.gap_share, NEAR)))
    lines = _sensitivity(plan, watch, tell) if sensitivity else []
    columns = ["change", "factor", "value", "people", "money_yuan", "kept", "gone", "new", "status"]
    frame = pd.DataFrame(lines, columns=columns)
    if sensitivity:
        chosen["stays_share"] = _stays(chosen.index, frame)
    tell(1.0)
    return SitingExplanation(chosen, rejected, frame)


def _teller(progress: Progress, cancel: Cancel | None) -> Tell:
    """Return what tells the share that is done, and stops when the caller wants it."""

    def tell(share: float) -> None:
        progress("siting_explain", share)
        if cancel is not None and cancel():
            raise CancelledError("The explanation was stopped.", zh="方案说明已停止。")

    return tell


def _chosen(state: State, plan: SitingPlan, tell: Tell) -> pd.DataFrame:
    core = state.ready.core
    names = plan.problem.options.index
    lines: list[dict[str, Any]] = []
    held = np.flatnonzero(state.year != NEVER)
    for at, o in enumerate(held):
        tell(at / len(held))
        without = state.year.copy()
        without[o] = NEVER
        worth = state.worth_with(without)
        lost = state.worth.parts["people"] - worth.parts["people"]
        loss = state.aim(state.worth) - state.aim(worth)
        other, next_loss = _next_best(state, int(o), without, worth)
        lines.append(
            {
                "option": names[core.option[o]],
                "lost_people": lost,
                "lost_value": loss,
                "next_best": None if other is None else names[core.option[other]],
                "next_loss": next_loss,
            }
        )
    columns = ["option", "lost_people", "lost_value", "next_best", "next_loss"]
    found = pd.DataFrame(lines, columns=columns).set_index("option").reindex(plan.chosen.index)
    frame = plan.chosen[["asset", "kind", "year", "served_persons"]].join(found)
    frame["zh"] = [_zh(row) for _, row in frame.iterrows()]
    frame["en"] = [_en(row) for _, row in frame.iterrows()]
    return frame


def _zh(row: pd.Series) -> str:
    text = f"第 {row['year'] + 1} 年启用,服务 {row['served_persons']:,.0f} 人;"
    text += f"没有它,少服务 {row['lost_people']:,.0f} 人(加权,其余设施重新分担后)。"
    if pd.isna(row["next_best"]):
        return text + "没有可以替换它的选项。"
    return text + f"次优是 {row['next_best']},总目标减少 {row['next_loss']:,.4g}。"


def _en(row: pd.Series) -> str:
    text = f"Opens in year {row['year'] + 1} and serves {row['served_persons']:,.0f}; without it "
    text += f"{row['lost_people']:,.0f} weighted persons fewer are served, the others doing what "
    if pd.isna(row["next_best"]):
        return text + "they can. No option can take its place."
    return text + f"they can. Next best: {row['next_best']}, at a loss of {row['next_loss']:,.4g}."


def _next_best(state: State, o: int, without: Longs, worth: Worth) -> tuple[int | None, float]:
    """Return the option that replaces another at the least loss, and the loss."""
    core = state.ready.core
    apart = replace(state, year=without, worth=worth)
    gains = apart.gains()
    gains[(state.year != NEVER) | (core.site == core.site[o]) & (np.arange(len(gains)) == o)] = -1.0
    ground = apart.ground()
    best, least = None, np.inf
    tried = 0
    for other in np.argsort(-gains, kind="stable"):
        if gains[other] < 0 or tried >= TRIED:
            break
        year = ground.year_for(int(other))
        if year == NEVER:
            continue
        tried += 1
        swapped = without.copy()
        swapped[other] = year
        loss = state.aim(state.worth) - state.aim(state.worth_with(swapped))
        if loss < least:
            best, least = int(other), loss
    return best, least if best is not None else np.nan


def _sensitivity(plan: SitingPlan, watch: Watch, tell: Tell) -> list[tuple[Any, ...]]:
    """Solve again under each change, on all cores; what a change cannot touch is not solved."""
    changes = list(_changes(plan.problem.rules))
    near = plan.gap_share <= watch.effort.gap_share
    same = {at for at, change in enumerate(changes) if near and _stays_best(plan, *change)}
    asked = [at for at in range(len(changes)) if at not in same]
    chains = [[partial(_solved, plan, changes[at])] for at in asked]
    found = solve_chains(chains, watch, lambda share: tell(0.4 + 0.6 * share)) if asked else []
    others: dict[int, SitingPlan | None] = dict.fromkeys(same, plan)
    others |= {at: one[0] for at, one in zip(asked, found, strict=True)}
    return [_compared(plan, *changes[at][:2], others[at]) for at in range(len(changes))]


def _solved(
    plan: SitingPlan, change: tuple[str, float, SitingRules], watch: Watch, _before: Any
) -> SitingPlan | None:
    """Solve under other rules, from the plan; None if nothing keeps them."""
    name, _, rules = change
    ready = make_ready(compile_problem(plan.problem.with_rules(rules)))
    if name != "budget" and (same := still_near(ready, plan, watch)) is not None:
        return same
    try:
        return solve_ready(ready, watch, plan)
    except InfeasibleError:
        return None


def _stays_best(plan: SitingPlan, name: str, factor: float, rules: SitingRules) -> bool:
    """Tell whether a change leaves a plan as near to its bound as it is, without solving.

    A cost that weighs more is no loss for a plan that has none of it, and only takes from all
    others. Within one year nobody waits. Less money that is still enough for the plan can only
    rule out others.
    """
    if name == "waiting" and rules.years == 1:
        return True
    if name != "budget":
        return factor > 1 and float(plan.parts.loc[name, "value"]) == 0.0
    if factor > 1 or rules.order:
        return False
    left = pd.Series(rules.budget_yuan) - plan.money["spent_yuan"].reset_index(drop=True)
    if rules.yearly_in_budget:
        left -= plan.money["running_yuan"].reset_index(drop=True)
    return bool(((left.cumsum() if rules.carry_over else left) >= 0).all())


def _compared(
    plan: SitingPlan, name: str, factor: float, other: SitingPlan | None
) -> tuple[Any, ...]:
    """Return a line of the frame: what a re-solve keeps of the plan."""
    if other is None:
        return name, factor, np.nan, np.nan, np.nan, 0, len(plan.chosen), (), "infeasible"
    stays = plan.chosen.index.intersection(other.chosen.index)
    return (
        name,
        factor,
        other.value,
        other.parts.loc["people", "value"],
        other.parts.loc["money", "value"],
        len(stays),
        tuple(plan.chosen.index.difference(stays)),
        tuple(other.chosen.index.difference(stays)),
        str(other.status),
    )


def _changes(rules: SitingRules) -> Iterator[tuple[str, float, SitingRules]]:
    if np.isfinite(rules.budget_yuan).any():
        for factor in MONEY:
            money = tuple(budget * factor for budget in rules.budget_yuan)
            yield "budget", factor, replace(rules, budget_yuan=money)
    if rules.order:
        return
    names = {
        "money": "money_per_yuan",
        "running": "running_per_yuan",
        "waiting": "waiting_per_person_year",
        "risk": "risk",
    }
    for part in PARTS:
        weight = rules.weights.of(part.key)
        for factor in WEIGHT if part.key in names and weight > 0 else ():
            weights = replace(rules.weights, **{names[part.key]: weight * factor})
            late = weights.waiting_per_person_year * (rules.years - 1) > weights.people
            if not late:
                yield part.key, factor, replace(rules, weights=weights)


def _stays(chosen: pd.Index, frame: pd.DataFrame) -> list[float]:
    """Return for each choice the share of the re-solves in which it stays."""
    done = frame[frame["status"] != "infeasible"]
    if done.empty:
        return [np.nan] * len(chosen)
    return [1.0 - sum(one in gone for gone in done["gone"]) / len(done) for one in chosen]
