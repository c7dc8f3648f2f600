"""Two plans, or two revisions of one, beside each other."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine

from app.errors import BadRequestError
from app.plain import plain
from app.plans.drafts import Drafts
from app.plans.planning import district_records, reading
from app.store.plans import count_loose, find_plan, unrolled
from app.store.rows import Record
from spatial.plans import Draft, broken_rules, district_figures, fragments
from spatial.plans.rearrange import matched_districts

__all__ = ["compare_plans", "whole_figures"]

AT: Final = "@"


def compare_plans(engine: Engine, drafts: Drafts, city_id: str, a: str, b: str) -> Record:
    """Compare two plans; ``plan@seq`` means one of its revisions.

    Between revisions of one plan a district is what has its id. Between plans, districts of b are
    those of a with which they share most households: a neighbourhood differs where it lies in
    another district in that sense.
    """
    with reading(engine) as connection:
        one, two = (_draft(connection, drafts, city_id, which) for which in (a, b))
    in_a, in_b = one.assignment(), two.assignment()
    common = [unit for unit in in_a if unit in in_b]
    rows = np.array([one.ground.row_of[unit] for unit in common], dtype=np.int64)
    target = np.array([in_b[unit] for unit in common], dtype=object)
    if a.partition(AT)[0] == b.partition(AT)[0]:
        same = {key: key for key in two.districts}
    else:
        same = matched_districts(one, rows, target, whole=True)
    units = [
        {"id": unit, "a": in_a.get(unit), "b": in_b.get(unit)}
        for unit in dict.fromkeys([*in_a, *in_b])
        if unit not in in_a
        or unit not in in_b
        or in_a[unit] != (None if in_b[unit] is None else same.get(str(in_b[unit])))
    ]
    left, right = whole_figures(one), whole_figures(two)
    return {
        "a": a,
        "b": b,
        "units": units,
        "figures": {name: {"a": left[name], "b": right[name]} for name in left},
        "districts": {"a": district_records(one), "b": district_records(two)},
        "matched": same,
    }


def whole_figures(draft: Draft) -> Record:
    """Return figures of a whole plan."""
    figures: pd.DataFrame = district_figures(draft)
    figures = figures[figures["members"] > 0]
    alive = draft.ground.alive
    free = (
        alive & draft.ground.admitted & np.array([one is None for one in draft.label], dtype=bool)
    )
    households = figures["households"]
    told = {
        "districts": len(figures),
        **count_loose(draft),
        "households": float(households.sum()) if households.notna().any() else None,
        "households_unassigned": float(np.nansum(draft.ground.households[free])),
        "households_least": households.min(),
        "households_most": households.max(),
        "persons": float(figures["persons"].sum()) if figures["persons"].notna().any() else None,
        "gaps_persons": float(figures["gaps_persons"].sum()),
        "gaps_closed_persons": float(figures["gaps_closed_persons"].sum()),
        "compactness_mean": figures["compactness"].mean(),
        "diameter_m_most": figures["diameter_m"].max(),
        "fragments": len(fragments(draft)),
        "rules_broken": len(broken_rules(draft)),
    }
    return {name: plain(value) for name, value in told.items()}


def _draft(connection: Connection, drafts: Drafts, city_id: str, which: str) -> Draft:
    plan_id, _, seq = which.partition(AT)
    if seq and not seq.isdigit():
        raise BadRequestError(
            f"`{which}` names no plan; write `plan` or `plan@revision`.",
            f"`{which}` 不是方案;应写作 `方案` 或 `方案@修订号`。",
        )
    plan = find_plan(connection, city_id, plan_id)
    draft = drafts.at_head(connection, plan)
    if not seq or int(seq) == plan.head:
        return draft
    return unrolled(connection, plan, draft, int(seq))
