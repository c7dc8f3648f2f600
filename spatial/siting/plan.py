"""A siting plan: what is chosen, who is served, what it costs, and how sure it is the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.siting.answer import Status, gap_share
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import PARTS
from spatial.siting.solver.core import NEVER, Core, Worth

__all__ = ["SitingPlan", "plan_of"]

Longs = npt.NDArray[np.int64]
SURE_ZH = {
    Status.PROVEN_OPTIMAL: "已证明最优",
    Status.WITHIN_BOUND: "与最优相差不超过",
    Status.NO_BOUND: "没有界",
    Status.CANCELLED: "中途停止",
}


@dataclass(frozen=True, slots=True, eq=False)
class SitingPlan:
    """Answer to a siting problem.

    Parameters
    ----------
    problem : SitingProblem
    chosen : DataFrame
        By option id, in the order of years and gains: ``asset, kind, size, year`` (0: the first),
        ``cost_yuan, yearly_yuan, capacity_persons, served_persons`` (in the last year) and what
        else the options carry.
    served : DataFrame
        By demand row: ``place, kind, persons, served_persons`` (last year, by whomever),
        ``newly_persons`` (beyond what stands), ``year`` (first in which somebody is newly
        served; NA: none).
    service : DataFrame
        ``site`` (option or existing id), ``demand, persons``: who serves whom in the last year.
    money : DataFrame
        By year: ``budget_yuan, spent_yuan, running_yuan, left_yuan``.
    parts : DataFrame
        By part: ``zh, en, unit, weight, value, weighted`` and, in a lexicographic order,
        ``bound`` (how good the part could be at best, given those before it).
    value, bound : float
        Of the weighted sum, or of the first part of the order (``money``, ``running``,
        ``waiting``, ``risk`` count negatively); nothing is better than the bound.
    status : Status
    cpu_s : float
    notes : tuple of str
    """

    problem: SitingProblem
    chosen: pd.DataFrame
    served: pd.DataFrame
    service: pd.DataFrame
    money: pd.DataFrame
    parts: pd.DataFrame
    value: float
    bound: float
    status: Status
    cpu_s: float
    notes: tuple[str, ...] = ()

    @property
    def gap_share(self) -> float:
        """Distance from the value to its bound, as a share of the value; NaN without a bound."""
        return gap_share(self.value, self.bound)

    @property
    def years(self) -> Longs:
        """Year of each option of the problem, NEVER (-1) where not chosen."""
        years = np.full(len(self.problem.options), NEVER, dtype=np.int64)
        years[self.problem.options.index.get_indexer(self.chosen.index)] = self.chosen["year"]
        return years

    @property
    def newly_persons(self) -> float:
        """Persons newly served in the last year."""
        return float(self.served["newly_persons"].sum())

    def sure(self) -> tuple[str, str]:
        """Say in Chinese and English how sure it is that nothing is better."""
        zh, gap = SURE_ZH[self.status], self.gap_share
        if self.status == Status.PROVEN_OPTIMAL:
            return zh, "proven best"
        if np.isnan(gap):
            return zh, "no bound" if self.status == Status.NO_BOUND else "stopped, no bound"
        first = "stopped, within" if self.status == Status.CANCELLED else "within"
        return f"{zh} {gap:.3%}", f"{first} {gap:.3%} of the best possible"

    def __repr__(self) -> str:
        """Say what it does and how sure it is."""
        cost = float(self.chosen["cost_yuan"].sum())
        return (
            f"SitingPlan({len(self.chosen)} sites, {cost / 1e4:,.1f} 万元, "
            f"{self.newly_persons:,.0f} persons newly served, value {self.value:,.6g}, "
            f"{self.sure()[1]}, {self.cpu_s:.2f} s)"
        )

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return f"<p>{self!r}</p>" + str(self.chosen.head(20).to_html()) + str(self.parts.to_html())


def plan_of(
    core: Core,
    year: Longs,
    worth: Worth,
    *,
    bound: float,
    status: Status,
    cpu_s: float,
    best: dict[str, float] | None = None,
    notes: tuple[str, ...] = (),
) -> SitingPlan:
    """Lay a plan of a core's options out in frames."""
    problem = core.problem
    service, by_option = _service(core, year, worth)
    chosen = _chosen(core, year, by_option)
    parts = _parts(core, worth, best)
    if problem.rules.order:
        first = problem.rules.order[0]
        value = worth.parts[first] * (1.0 if first == "people" else -1.0)
    else:
        value = worth.value(problem.rules.weights)
    return SitingPlan(
        problem=problem,
        chosen=chosen,
        served=_served(core, worth),
        service=service,
        money=_money(core, year),
        parts=parts,
        value=value,
        bound=bound,
        status=status,
        cpu_s=cpu_s,
        notes=notes,
    )


def _chosen(core: Core, year: Longs, served: Any) -> pd.DataFrame:
    some = np.flatnonzero(year != NEVER)
    frame = core.problem.options.iloc[core.option[some]].copy()
    frame.insert(3 if "size" in frame.columns[:3] else 0, "year", year[some])
    frame["served_persons"] = served[core.site[some]]
    front = ["asset", "kind", "size", "year", "cost_yuan", "yearly_yuan", "capacity_persons"]
    front.append("served_persons")
    frame = frame[front + [name for name in frame.columns if name not in front]]
    order = np.lexsort((np.arange(len(frame)), -frame["served_persons"], frame["year"]))
    return frame.iloc[order]


def _service(core: Core, year: Longs, worth: Worth) -> tuple[pd.DataFrame, Any]:
    """Who serves which demand row in the last year; and persons by site."""
    problem = core.problem
    owner = np.repeat(np.arange(len(core.start) - 1), np.diff(core.start))
    flow = worth.flow[-1]
    by_site = np.bincount(owner, flow, minlength=len(core.start) - 1)
    names = np.empty(len(core.start) - 1, dtype=object)
    some = np.flatnonzero(year != NEVER)
    names[core.site[some]] = problem.options.index.to_numpy(dtype=object)[core.option[some]]
    old = np.isfinite(problem.existing["capacity_persons"].to_numpy(float))
    names[core.sites :] = problem.existing.index.to_numpy(dtype=object)[old]
    rows = np.flatnonzero(core.group_of >= 0)
    order = rows[np.argsort(core.group_of[rows], kind="stable")]
    first = np.searchsorted(core.group_of[order], np.arange(len(core.persons) + 1))
    used = np.flatnonzero(flow > 1e-9 * core.persons[core.group])
    count = np.diff(first)[core.group[used]]
    pair = np.repeat(used, count)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    row = order[first[core.group[pair]] + step]
    share = flow[pair] / core.persons[core.group[pair]]
    persons = problem.demand["persons"].to_numpy(float)
    return pd.DataFrame(
        {
            "site": names[owner[pair]],
            "demand": problem.demand.index.to_numpy()[row],
            "persons": persons[row] * share,
        }
    ), by_site


def _served(core: Core, worth: Worth) -> pd.DataFrame:
    demand = core.problem.demand
    persons = demand["persons"].to_numpy(float)
    inside = np.flatnonzero(core.group_of >= 0)
    at = core.group_of[inside]
    served, newly = np.where(core.free_old, persons, 0.0), np.zeros(len(demand))
    share = worth.served / core.persons
    before = core.baseline / core.persons
    served[inside] = persons[inside] * share[-1, at]
    newly[inside] = persons[inside] * np.maximum(share[-1, at] - before[at], 0.0)
    first = np.full(len(core.persons), NEVER, dtype=np.int64)
    for t in reversed(range(core.years)):
        first[share[t] > before + 1e-9] = t
    year = pd.array([pd.NA] * len(demand), dtype="Int64")
    found = inside[first[at] != NEVER]
    year[found] = first[core.group_of[found]]
    frame = demand[["place", "kind", "persons"]].copy()
    return frame.assign(served_persons=served, newly_persons=newly, year=year)


def _money(core: Core, year: Longs) -> pd.DataFrame:
    rules = core.problem.rules
    spent, running, left = [], [], []
    carried = 0.0
    for t, budget in enumerate(rules.budget_yuan):
        now = float(core.cost_yuan[year == t].sum())
        runs = float(core.yearly_yuan[(year != NEVER) & (year <= t)].sum())
        carried = (carried if rules.carry_over else 0.0) + budget - now
        carried -= runs if rules.yearly_in_budget else 0.0
        spent.append(now)
        running.append(runs)
        left.append(carried)
    return pd.DataFrame(
        {
            "budget_yuan": rules.budget_yuan,
            "spent_yuan": spent,
            "running_yuan": running,
            "left_yuan": left,
        },
        index=pd.RangeIndex(rules.years, name="year"),
    )


def _parts(core: Core, worth: Worth, best: dict[str, float] | None) -> pd.DataFrame:
    rules = core.problem.rules
    lines = []
    for part in PARTS:
        value = worth.parts[part.key]
        weight = rules.weights.of(part.key) * (1.0 if part.gain else -1.0)
        lines.append((part.key, part.zh, part.en, part.unit, weight, value, weight * value))
    columns = ["part", "zh", "en", "unit", "weight", "value", "weighted"]
    frame = pd.DataFrame(lines, columns=columns).set_index("part")
    if best is not None:
        frame["bound"] = pd.Series(best, dtype=float).reindex(frame.index)
    return frame
