"""What a siting problem is checked for, once, at its door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import InputError
from spatial.siting.rules import PARTS, SitingRules

if TYPE_CHECKING:
    from spatial.siting.problem import SitingProblem

__all__ = ["require_problem", "require_unique"]


def require_problem(problem: SitingProblem, *, rules_only: bool = False) -> None:
    """Raise :class:`InputError` for the first thing that is wrong with a problem."""
    if not rules_only:
        _require_tables(problem)
        _require_reach(problem)
    _require_rules(problem.rules)
    _require_named(problem)


def require_unique(**frames: pd.DataFrame) -> None:
    """Raise :class:`InputError` where an id is there twice."""
    for name, frame in frames.items():
        if not frame.index.is_unique:
            twice = frame.index[frame.index.duplicated()][0]
            _fail(f"`{name}`: the id {twice!r} is there twice.", f"{name}:编号 {twice!r} 重复。")


def _require_tables(problem: SitingProblem) -> None:
    wanted = (
        ("assets", problem.assets, ()),
        ("options", problem.options, ("asset", "kind", "cost_yuan")),
        ("demand", problem.demand, ("kind", "persons")),
        ("existing", problem.existing, ("kind", "capacity_persons")),
        ("impossible", problem.impossible, ("asset", "kind", "reason")),
    )
    for name, frame, columns in wanted:
        require_columns(frame, columns, name=name)
    both = problem.assets.index.intersection(problem.options.index)
    if len(both):
        _fail(
            f"{both[0]!r} is the id of an asset and of an option; rules could not tell them apart.",
            f"{both[0]!r} 既是资源编号又是选项编号,规则无法区分。",
        )
    unknown = ~problem.options["asset"].isin(problem.assets.index)
    if unknown.any():
        row = problem.options.index[unknown][0]
        asset = problem.options.loc[row, "asset"]
        _fail(
            f"`options`, row {row!r}: the asset {asset!r} is not in `assets`.",
            f"options 的 {row!r}:资源 {asset!r} 不在 assets 中。",
        )
    for name, column, finite in (
        ("options", "cost_yuan", True),
        ("options", "yearly_yuan", True),
        ("options", "floor_m2", True),
        ("options", "earliest_year", True),
        ("options", "consent_risk_share", True),
        ("options", "capacity_persons", False),
        ("existing", "capacity_persons", False),
        ("demand", "persons", True),
        ("demand", "weight", True),
        ("assets", "floor_m2", False),
        ("assets", "most_kinds", True),
    ):
        _require_amount(getattr(problem, name)[column], f"{name}.{column}", finite=finite)
    floor = problem.assets["floor_m2"].astype(float)
    has = floor.reindex(problem.options["asset"]).to_numpy()
    small = np.flatnonzero(problem.options["floor_m2"].to_numpy(float) > has * (1 + 1e-9))
    if len(small):
        row = problem.options.index[small[0]]
        _fail(
            f"`options`, row {row!r} needs {problem.options.loc[row, 'floor_m2']:,.10g} m², its "
            f"asset has {has[small[0]]:,.10g}. Leave it out (say why in `impossible`).",
            f"options 的 {row!r} 需要 {problem.options.loc[row, 'floor_m2']:,.10g} m²,资源只有 "
            f"{has[small[0]]:,.10g}。请移出选项(原因写入 impossible)。",
        )


def _require_amount(column: pd.Series, name: str, *, finite: bool) -> None:
    value = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.isnan(value) | (value < 0) | (np.isinf(value) & finite)
    if bad.any():
        row = column.index[bad][0]
        most = "a finite number" if finite else "a number"
        _fail(
            f"`{name}`, row {row!r} is {column.loc[row]!r}: it must be {most} of at least 0.",
            f"{name} 的 {row!r} 为 {column.loc[row]!r}:须为不小于 0 的数。",
        )


def _require_reach(problem: SitingProblem) -> None:
    kinds = problem.demand["kind"].to_numpy(dtype=object)
    names = pd.Index(pd.unique(np.append(kinds, np.array([None], dtype=object))))
    codes = names.get_indexer(pd.Index(kinds, dtype=object))
    for name, owners, start, row in (
        ("reach", problem.options, problem.start, problem.row),
        ("existing_reach", problem.existing, problem.existing_start, problem.existing_row),
    ):
        kind = owners["kind"].to_numpy(dtype=object)
        code = names.get_indexer(pd.Index(kind, dtype=object))
        other = np.flatnonzero(np.repeat(code, np.diff(start)) != codes[row])
        if len(other):
            pair = int(other[0])
            at = int(np.searchsorted(start, pair, side="right")) - 1
            owner, mine = owners.index[at], kind[at]
            reached = problem.demand.index[row[pair]]
            _fail(
                f"`{name}`: {owner!r} is {mine}, but reaches the demand row {reached!r} of "
                f"{kinds[row[pair]]}.",
                f"{name}:{owner!r} 的类别是 {mine},却到达 {kinds[row[pair]]} 的"
                f"需求行 {reached!r}。",
            )


def _require_rules(rules: SitingRules) -> None:
    if not rules.budget_yuan or any(not money >= 0 for money in rules.budget_yuan):
        _fail(
            f"`budget_yuan` is {rules.budget_yuan}: give each year's money, at least 0.",
            f"budget_yuan 为 {rules.budget_yuan}:请给出每年的预算(不小于 0)。",
        )
    known = [part.key for part in PARTS]
    for part in rules.order:
        if part not in known:
            _fail(
                f"`order` names {part!r}; known are {', '.join(known)}.",
                f"order 中的 {part!r} 无效;可用 {'、'.join(known)}。",
            )
    if "waiting" in rules.order and "people" not in rules.order[: rules.order.index("waiting")]:
        _fail(
            "`order`: `waiting` can only come after `people`; else serving nobody waits least.",
            "order:waiting 只能排在 people 之后,否则谁都不服务等待最少。",
        )
    _require_amounts_of_rules(rules)
    weights = rules.weights
    for part in known:
        if not 0 <= weights.of(part) < np.inf:
            _fail(
                f"The weight of {part} is {weights.of(part)}: it must be at least 0.",
                f"{part} 的权重为 {weights.of(part)}:须不小于 0。",
            )
    if weights.waiting_per_person_year * (rules.years - 1) > weights.people and not rules.order:
        most = weights.people / (rules.years - 1)
        _fail(
            f"Waiting weighs {weights.waiting_per_person_year:g} a year: after "
            f"{rules.years - 1} years nobody would be worth serving. Use at most {most:g}.",
            f"等待权重每年 {weights.waiting_per_person_year:g}:{rules.years - 1} 年后再服务反而"
            f"减分。最多取 {most:g}。",
        )


def _require_amounts_of_rules(rules: SitingRules) -> None:
    for kind, share in rules.least_share.items():
        if not 0 <= share <= 1:
            _fail(
                f"`least_share` of {kind} is {share}: it must lie between 0 and 1.",
                f"{kind} 的最低服务比例(least_share)为 {share}:须在 0 与 1 之间。",
            )
    for kind, apart_m in rules.spacing_m.items():
        if not 0 <= apart_m < np.inf:
            _fail(
                f"`spacing_m` of {kind} is {apart_m}: give metres, at least 0.",
                f"{kind} 的间距(spacing_m)为 {apart_m}:须为不小于 0 的米数。",
            )
    for limit in rules.limits:
        if limit.at_least < 0 or (limit.at_most is not None and limit.at_most < 0):
            _fail(
                f"`limits` of {limit.kind}: {limit.at_least} and {limit.at_most} sites cannot be "
                "counted; give 0 or more.",
                f"{limit.kind} 的数量限制(limits)为 {limit.at_least}、{limit.at_most}:须不小于 0。",
            )


def _require_named(problem: SitingProblem) -> None:
    rules = problem.rules
    kinds = {*problem.options["kind"], *problem.demand["kind"], *problem.impossible["kind"]}
    sites = problem.assets.index.append(problem.options.index)
    _require_known("must", rules.must, sites)
    _require_known("must_not", rules.must_not, sites)
    _require_known("must_serve", rules.must_serve, problem.demand.index)
    _require_known("spacing_m", rules.spacing_m, kinds)
    _require_known("least_share", rules.least_share, kinds)
    _require_known("limits", [limit.kind for limit in rules.limits], kinds)
    _require_known("incompatible", [kind for pair in rules.incompatible for kind in pair], kinds)
    for kind in rules.spacing_m:
        of_kind = problem.options.loc[problem.options["kind"] == kind, "asset"]
        place = problem.assets.loc[of_kind.unique(), ["x_m", "y_m"]].astype(float)
        unknown = place.isna().any(axis=1)
        if unknown.any():
            _fail(
                f"Spacing of {kind}: the asset {place.index[unknown][0]!r} has no x_m, y_m.",
                f"{kind} 的间距:资源 {place.index[unknown][0]!r} 没有坐标 x_m、y_m。",
            )


def _require_known(name: str, ids: Iterable[str], known: pd.Index | set[str]) -> None:
    for one in ids:
        if one not in known:
            _fail(
                f"`{name}` names {one!r}, which the problem does not have.",
                f"{name} 中的 {one!r} 不在问题中。",
            )


def _fail(en: str, zh: str) -> None:
    raise InputError(en, zh=zh)
