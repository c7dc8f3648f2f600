"""Does a plan keep the rules? Read off its tables alone, apart from what made it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem

__all__ = ["broken_rules"]

FEN = 0.01
SLACK = 1e-6


def broken_rules(problem: SitingProblem, plan: SitingPlan) -> pd.DataFrame:
    """Return the rules that a plan breaks; none for every plan that the solver gives.

    Parameters
    ----------
    problem : SitingProblem
    plan : SitingPlan
        Judged by its tables ``chosen`` and ``service``.

    Returns
    -------
    DataFrame
        ``rule, where, has, allowed``; amounts in yuan, persons, m², metres or numbers.
    """
    lines = [
        *_money(problem, plan),
        *_assets(problem, plan),
        *_named(problem, plan),
        *_apart(problem, plan),
        *_service(problem, plan),
        *_wanted(problem, plan),
    ]
    return pd.DataFrame(lines, columns=["rule", "where", "has", "allowed"])


Line = tuple[str, str, float, float]


def _money(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    rules, chosen = problem.rules, plan.chosen
    options = problem.options.loc[chosen.index]
    there = 0.0
    for t, budget in enumerate(rules.budget_yuan):
        there = (there if rules.carry_over else 0.0) + budget
        spent = float(options.loc[chosen["year"] == t, "cost_yuan"].sum())
        if rules.yearly_in_budget:
            spent += float(options.loc[chosen["year"] <= t, "yearly_yuan"].sum())
        if spent > there + FEN + 1e-12 * abs(there):
            yield "budget", f"year {t}", spent, there
        there -= spent
    early = chosen["year"] < options["earliest_year"]
    for one in chosen.index[early]:
        yield "earliest_year", one, chosen.loc[one, "year"], options.loc[one, "earliest_year"]


def _assets(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    options = problem.options.loc[plan.chosen.index]
    for asset, mine in options.groupby("asset", sort=True):
        at = problem.assets.loc[asset]
        if len(mine) > at["most_kinds"]:
            yield "most_kinds", str(asset), len(mine), at["most_kinds"]
        if mine["kind"].duplicated().any():
            yield "one_size", str(asset), int(mine["kind"].value_counts().max()), 1
        if mine["floor_m2"].sum() > at["floor_m2"] * (1 + SLACK):
            yield "floor", str(asset), float(mine["floor_m2"].sum()), at["floor_m2"]
        for one, other in problem.rules.incompatible:
            both = (mine["kind"] == one).sum(), (mine["kind"] == other).sum()
            if all(both) and (one != other or both[0] > 1):
                yield f"incompatible:{one}:{other}", str(asset), 2, 1


def _named(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    rules = problem.rules
    options = problem.options.loc[plan.chosen.index]
    names = {*options.index, *options["asset"]}
    for one in rules.must:
        if one not in names:
            yield f"must:{one}", one, 0, 1
    for one in rules.must_not:
        if one in names:
            yield f"must_not:{one}", one, 1, 0
    district = options["asset"].map(problem.assets["district"])
    for at, limit in enumerate(rules.limits):
        mine = options["kind"] == limit.kind
        if limit.district is not None:
            mine &= district == limit.district
        if mine.sum() < limit.at_least:
            yield f"at_least:{at}", limit.kind, int(mine.sum()), limit.at_least
        if limit.at_most is not None and mine.sum() > limit.at_most:
            yield f"at_most:{at}", limit.kind, int(mine.sum()), limit.at_most


def _apart(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    options = problem.options.loc[plan.chosen.index]
    for kind, spacing_m in problem.rules.spacing_m.items():
        mine = options.loc[options["kind"] == kind, "asset"]
        xy_m = problem.assets.loc[mine, ["x_m", "y_m"]].to_numpy(float)
        apart_m = pdist(xy_m).min() if len(xy_m) > 1 else np.inf
        if apart_m < spacing_m * (1 - 1e-12):
            yield f"spacing:{kind}", kind, float(apart_m), spacing_m


def _service(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    service = plan.service
    room = pd.concat(
        [problem.options["capacity_persons"], problem.existing["capacity_persons"]]
    ).astype(float)
    for site, persons in service.groupby("site")["persons"].sum().items():
        allowed = room[site] if site in plan.chosen.index or site in problem.existing.index else 0
        if persons > allowed * (1 + SLACK) + SLACK:
            yield "capacity", str(site), float(persons), float(allowed)
    served = service.groupby("demand")["persons"].sum()
    persons = problem.demand["persons"].reindex(served.index).astype(float)
    for row in served.index[served > persons * (1 + SLACK) + SLACK]:
        yield "served_twice", str(row), float(served[row]), float(persons[row])
    reached = {
        (owner, row)
        for ids, start, rows in (
            (problem.options.index, problem.start, problem.row),
            (problem.existing.index, problem.existing_start, problem.existing_row),
        )
        for owner in set(service["site"]) & set(ids)
        for row in problem.demand.index[
            rows[start[ids.get_loc(owner)] : start[ids.get_loc(owner) + 1]]
        ]
    }
    for site, row in zip(service["site"], service["demand"], strict=True):
        if (site, row) not in reached:
            yield "reach", f"{site} → {row}", 1, 0


def _wanted(problem: SitingProblem, plan: SitingPlan) -> Iterator[Line]:
    persons = problem.demand["persons"].astype(float)
    free = np.isinf(problem.existing["capacity_persons"].to_numpy(float))
    owner = np.repeat(np.arange(len(free)), np.diff(problem.existing_start))
    served = plan.service.groupby("demand")["persons"].sum().reindex(persons.index).fillna(0.0)
    anyway = problem.demand.index[np.unique(problem.existing_row[free[owner]])]
    served[anyway] = persons[anyway]
    for row in problem.rules.must_serve:
        if served[row] < persons[row] * (1 - SLACK):
            yield f"serve:{row}", row, float(served[row]), float(persons[row])
    for kind, share in problem.rules.least_share.items():
        mine = problem.demand["kind"] == kind
        total = float(persons[mine].sum())
        has = float(served[mine].sum()) / total if total > 0 else 1.0
        if has < share - SLACK:
            yield f"share:{kind}", kind, has, share
