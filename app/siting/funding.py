"""The funding check of a siting plan: its sites as cost lines and income, told as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from app.plain import Record, plain, records
from app.siting.asked import LoanAsked
from app.siting.grounds import SitingGround
from spatial.funding import (
    Loan,
    Means,
    cash_flow,
    check_funding,
    funding_sources,
    integrated_plan,
    option_income,
)
from spatial.funding.sources import source_caps
from spatial.siting.plan import SitingPlan

__all__ = ["funding_record", "require_funding", "site_income", "site_lines"]

MODES: Final = {
    "self_balance": ("项目自平衡", "self-balance"),
    "ppp": ("PPP(可行性缺口补助)", "PPP with viability gap subsidy"),
    "public": ("以财政投入为主", "mainly public money"),
}


def funding_record(plan: SitingPlan, ground: SitingGround, asked: Mapping[str, Any]) -> Record:
    """Check who can pay for a plan's sites, and whether they balance.

    Parameters
    ----------
    plan : SitingPlan
        Its budget, where it has a limit, is the county's money unless `asked` says otherwise.
    ground : SitingGround
    asked : mapping
        As `app.siting.asked.FundingAsked`.
    """
    level = asked.get("level") or "district"
    lines = site_lines(plan, asked.get("admin_district"))
    income = site_income(plan, ground)
    given = dict(asked.get("available_yuan") or {})
    budget = float(sum(plan.problem.rules.budget_yuan))
    if "county" not in given and np.isfinite(budget):
        given["county"] = budget
    means = Means(given, land_income_yuan=asked.get("land_income_yuan"))
    loan = _loan(asked.get("loan"), ground)
    check = check_funding(lines, income, ground.profile, level=level, means=means, loan=loan)
    form = integrated_plan(_known(plan, ground, income, level) | _operation(check.balance, level))
    parameters = ground.profile.rooms["funding"]
    invested = np.bincount(plan.chosen["year"], weights=plan.chosen["cost_yuan"], minlength=1)
    flow = cash_flow(invested.tolist(), income, parameters, loan=loan)
    balance = check.balance.assign(
        mode_zh=[MODES[mode][0] for mode in check.balance["mode"]],
        mode_en=[MODES[mode][1] for mode in check.balance["mode"]],
    )
    return {
        "level": level,
        "cost_yuan": check.cost_yuan,
        "gap_yuan": check.gap_yuan,
        "lines": records(check.lines.rename_axis("line").reset_index(), with_index=False),
        "payers": records(check.payers, with_index=False),
        "sources": records(check.sources.reset_index(), with_index=False),
        "unpaid": records(check.unpaid, with_index=False),
        "matching": records(check.matching, with_index=False),
        "balance": records(balance, with_index=False),
        "cash_flow": records(flow.frame.reset_index(), with_index=False),
        "npv_yuan": flow.npv_yuan,
        "payback_year": flow.payback_year,
        "findings": [plain(one) for one in check.findings.to_dict("records")],
        "form": records(form.reset_index(), with_index=False),
    }


def require_funding(ground: SitingGround, asked: Mapping[str, Any]) -> None:
    """Refuse money of unknown sources and impossible loans before anything is solved.

    Raises
    ------
    InputError
        What is wrong, and what there is.
    """
    means = Means(dict(asked.get("available_yuan") or {}), asked.get("land_income_yuan"))
    source_caps(funding_sources(ground.profile), means, ground.profile)
    _loan(asked.get("loan"), ground)


def site_lines(plan: SitingPlan, admin_district: str | None) -> pd.DataFrame:
    """Return the sites of a plan as cost lines, by option id."""
    chosen = plan.chosen
    at = plan.problem.assets.reindex(chosen["asset"])
    return pd.DataFrame(
        {
            "item": "facility",
            "kind": chosen["kind"].to_numpy(),
            "cost_yuan": chosen["cost_yuan"].to_numpy(dtype=float),
            "year": chosen["year"].to_numpy(dtype=int) + 1,
            "neighbourhood_id": at["neighbourhood_id"].to_numpy(),
            "district_id": at["district"].to_numpy(),
            "admin_district": admin_district,
        },
        index=chosen.index.astype("str"),
    )


def site_income(plan: SitingPlan, ground: SitingGround) -> pd.DataFrame:
    """Return what the sites earn and cost to run, from the year after they are built."""
    chosen = plan.chosen
    at = plan.problem.assets.reindex(chosen["asset"])
    sizes = chosen[["kind", "asset_type", "built_m2", "ground_m2"]]
    sizes = sizes.rename(columns={"built_m2": "floor_m2", "ground_m2": "land_m2"})
    earned = option_income(sizes, ground.profile)
    return pd.DataFrame(
        {
            "item": earned["item"].to_numpy(),
            "yearly_yuan": earned["yearly_yuan"].fillna(0.0).to_numpy(dtype=float),
            "running_yuan": chosen["yearly_yuan"].to_numpy(dtype=float),
            "start_year": chosen["year"].to_numpy(dtype=int) + 1,
            "neighbourhood_id": at["neighbourhood_id"].to_numpy(),
            "district_id": at["district"].to_numpy(),
        },
        index=chosen.index.astype("str"),
    )


def _loan(asked: Mapping[str, Any] | None, ground: SitingGround) -> Loan | None:
    if not asked:
        return None
    wished = LoanAsked.model_validate(dict(asked)).model_dump()
    if wished["rate_share"] is None:
        wished["rate_share"] = float(ground.profile.rooms["funding"]["loan_rate_share"])
    return Loan(**wished)


def _known(
    plan: SitingPlan, ground: SitingGround, income: pd.DataFrame, level: str
) -> dict[str, tuple[str, str]]:
    """Return the parts of the integrated plan that follow from the sites."""
    chosen, kinds = plan.chosen, ground.profile.catalogue.kinds
    if not len(chosen):
        return {}
    counts = chosen["kind"].value_counts()
    areas = chosen.groupby("kind")["size_m2"].sum()
    use = [(kinds[kind], int(count), float(areas[kind])) for kind, count in counts.items()]
    assets = plan.problem.assets.reindex(chosen["asset"].unique())
    path = assets["pathway"].astype("string").fillna("?").value_counts()
    paths = ", ".join(f"{name} × {count}" for name, count in path.items())
    earned = income.groupby("item")["yearly_yuan"].sum()
    earns = float(earned.sum()) / 1e4
    levels = {
        "neighbourhood": ("小区单独申报", "each neighbourhood alone"),
        "community": ("社区联合申报", "together by community"),
        "district": ("片区联合申报", "together by district"),
        "city": ("城区联合申报", "together in the city"),
    }
    rooms = chosen["asset_type"].eq("building").to_numpy(dtype=bool)
    by_rooms = float(income["yearly_yuan"][rooms].sum())
    vacant = (
        f"启用闲置房屋 {int(rooms.sum())} 处,满额年收入约 {by_rooms / 1e4:,.1f} 万元(估算)",
        f"{int(rooms.sum())} idle rooms in use, about {by_rooms:,.0f} yuan in a full year "
        "(estimate)",
    )
    return {
        **({"vacant": vacant} if rooms.any() else {}),
        "merging": levels[level],
        "stock": (
            f"使用存量资源 {len(assets)} 处;利用路径:{paths}",
            f"{len(assets)} assets in use; pathways: {paths}",
        ),
        "use": (
            "、".join(f"{kind.zh} {count} 处 {m2:,.0f} m²" for kind, count, m2 in use),
            "; ".join(f"{kind.en}: {count}, {m2:,.0f} m²" for kind, count, m2 in use),
        ),
        "income": (
            f"满额年收入约 {earns:,.1f} 万元(估算)",
            f"about {earns * 1e4:,.0f} yuan in a full year (estimate)",
        ),
    }


def _operation(balance: pd.DataFrame, level: str) -> dict[str, tuple[str, str]]:
    """Return the mode that follows from the balance at a level, if there is anything to balance."""
    mine = balance[balance["level"] == level]
    if not len(mine):
        return {}
    counts = mine["mode"].value_counts()
    return {
        "operation": (
            "、".join(f"{MODES[mode][0]} {count} 个" for mode, count in counts.items()),
            "; ".join(f"{MODES[mode][1]}: {count}" for mode, count in counts.items()),
        )
    }
