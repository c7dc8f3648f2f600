"""Who pays what: sources to cost lines, never above a cap, in the order of the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from spatial.errors import InfeasibleError
from spatial.funding.fens import whole_fens
from spatial.funding.matching import MatchingRule
from spatial.funding.sources import Source
from spatial.standards.parameters import ParameterSet

__all__ = ["Allocation", "Limit", "allocate", "limits_of"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

WORTH: Final = {"basic": 16.0, "improve": 4.0, "upgrade": 1.0}
"""Order of the categories: no planning number, see the notes of `allocate`."""


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """One thing that payments may not exceed: Σ coefficient · payment ≤ bound."""

    rule: str
    zh: str
    en: str
    clause: str
    variables: Rows
    coefficients: Floats
    bound_yuan: float


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Payments by source and line, and which limits they meet."""

    payments: pd.DataFrame
    """``source, line, yuan``: only what is paid, in the order of the sources."""
    unpaid: pd.Series
    """Yuan by line that no source pays."""
    limits: pd.DataFrame
    """``rule, zh, en, clause, bound_yuan, used_yuan``: how far each limit is used."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Variables: which source may pay which line."""

    source: Rows
    line: Rows

    @classmethod
    def of(cls, sources: Sequence[Source], lines: pd.DataFrame) -> Pairs:
        """Pair every source with the lines it may pay for."""
        each = [one.may_pay(lines) for one in sources]
        allowed = np.array(each, dtype=bool).reshape(len(sources), len(lines))
        source, line = np.nonzero(allowed)
        return cls(source.astype(np.int64), line.astype(np.int64))

    def __len__(self) -> int:
        return len(self.source)


def allocate(sources: Sequence[Source], lines: pd.DataFrame, limits: Sequence[Limit]) -> Allocation:
    """Pay as much as the limits allow: basic first, then improvement, then upgrade.

    Parameters
    ----------
    sources : sequence of Source
        In the order in which they are drawn.
    lines : DataFrame
        Of `funding_lines`.
    limits : sequence of Limit
        Of `limits_of`.

    Returns
    -------
    Allocation
        Σ payments + Σ unpaid = Σ cost, to the fen.

    Notes
    -----
    A linear program::

        x[s, l] ≥ 0          what source s pays of line l, where it may
        Σ_s x[s, l] ≤ cost[l]
        Σ coefficient · x ≤ bound          for every limit
        max Σ (worth[category of l] − rank(s) / 1000) · x[s, l]

    One yuan moved from an improvement to a basic line draws at most ``1 / (1 − share)`` yuan of a
    matching grant after it; the worths 16, 4, 1 lie further apart than that, and all ranks along
    a chain of moves weigh less than one yuan paid, so the order of the categories comes first and
    that of the sources last. Payments are then whole fen (`whole_fens`).

    A grant that matches other money (`MatchingRule`) makes this a program rather than a filling
    up in order: what the city adds depends on what the others pay.
    """
    pairs = Pairs.of(sources, lines)
    cost = lines["cost_yuan"].to_numpy(dtype=float)
    paid = _solve(pairs, sources, lines, limits) if len(pairs) else np.empty(0)
    keep = np.flatnonzero(paid > 0)
    payments = pd.DataFrame(
        {
            "source": pd.array([sources[row].id for row in pairs.source[keep]], dtype="string"),
            "line": pd.array(lines.index[pairs.line[keep]], dtype="string"),
            "yuan": paid[keep],
        }
    )
    total = (
        np.bincount(pairs.line, weights=paid, minlength=len(lines)) if len(pairs) else 0.0 * cost
    )
    unpaid = pd.Series(np.round(np.maximum(cost - total, 0.0), 2), lines.index, name="unpaid_yuan")
    used = [float(limit.coefficients @ paid[limit.variables]) for limit in limits]
    told = pd.DataFrame(
        {
            "rule": [limit.rule for limit in limits],
            "zh": [limit.zh for limit in limits],
            "en": [limit.en for limit in limits],
            "clause": [limit.clause for limit in limits],
            "bound_yuan": np.array([limit.bound_yuan for limit in limits], dtype=float),
            "used_yuan": np.array(used, dtype=float),
        }
    )
    return Allocation(payments, unpaid, told)


def limits_of(
    sources: Sequence[Source],
    lines: pd.DataFrame,
    caps: pd.DataFrame,
    rules: Sequence[MatchingRule],
    carried_yuan: Mapping[tuple[str, ...], float],
    parameters: ParameterSet,
) -> list[Limit]:
    """Return everything that payments may not exceed.

    Parameters
    ----------
    sources, lines
    caps : DataFrame
        Of `source_caps`.
    rules : sequence of MatchingRule
    carried_yuan : mapping of line ids to float
        What the income of these lines together can carry: the cap of sources whose amount is
        ``income``.
    parameters : ParameterSet
        Room ``funding``: ``government_share``, ``resident_share_of_item``,
        ``resident_share_of_others``, ``utility_share_of_line_moves``.
    """
    pairs = Pairs.of(sources, lines)
    found = [*_caps(pairs, sources, caps), *_matching(pairs, sources, lines, rules)]
    found += _carried(pairs, sources, lines, carried_yuan)
    found += _government(pairs, sources, lines, parameters)
    return found + _shared_by_item(pairs, sources, lines, parameters)


def _caps(pairs: Pairs, sources: Sequence[Source], caps: pd.DataFrame) -> list[Limit]:
    found = []
    for row, one in enumerate(sources):
        variables = np.flatnonzero(pairs.source == row)
        if one.amount == "given" and len(variables):
            bound = float(caps.loc[one.id, "cap_yuan"])
            found.append(_limit(f"source:{one.id}", (one.zh, one.en, one.clause), variables, bound))
    return found


def _matching(
    pairs: Pairs, sources: Sequence[Source], lines: pd.DataFrame, rules: Sequence[MatchingRule]
) -> list[Limit]:
    """Keep grant − share · Σ government ≤ 0 by year in the base, and a grant outside it 0."""
    government = np.array([one.group == "government" for one in sources])[pairs.source]
    year = lines["year"].to_numpy(dtype=np.int64)
    found = []
    for row, one in enumerate(sources):
        if one.amount != "match":
            continue
        mine = pairs.source == row
        reached = np.zeros(len(pairs), dtype=bool)
        for rule in (rule for rule in rules if rule.source == one.id):
            base = rule.in_base(lines)
            reached |= base[pairs.line]
            for when in np.unique(year[base]):
                inside = base[pairs.line] & (year[pairs.line] == when)
                variables = np.flatnonzero(inside & (government | mine))
                weight = np.where(government[variables], -rule.share, 0.0) + mine[variables]
                names = (rule.zh, rule.en, rule.clause)
                found.append(Limit(rule.id, *names, variables, weight, 0.0))
        outside = np.flatnonzero(mine & ~reached)
        if len(outside):
            found.append(_limit(f"source:{one.id}", (one.zh, one.en, one.clause), outside, 0.0))
    return found


def _carried(
    pairs: Pairs,
    sources: Sequence[Source],
    lines: pd.DataFrame,
    carried_yuan: Mapping[tuple[str, ...], float],
) -> list[Limit]:
    market = np.array([one.amount == "income" for one in sources], dtype=bool)[pairs.source]
    clause = next((one.clause for one in sources if one.amount == "income"), "")
    found, reached = [], np.zeros(len(pairs), dtype=bool)
    for members, bound in carried_yuan.items():
        rows = lines.index.get_indexer(list(members))
        inside = market & np.isin(pairs.line, rows)
        reached |= inside
        if inside.any():
            told = ("经营收入可承担的投入", "what the income can carry", clause)
            found.append(_limit("K01", told, np.flatnonzero(inside), max(bound, 0.0)))
    outside = np.flatnonzero(market & ~reached)
    if len(outside):
        told = ("没有经营收入", "no income", clause)
        found.append(_limit("K01", told, outside, 0.0))
    return found


def _government(
    pairs: Pairs, sources: Sequence[Source], lines: pd.DataFrame, parameters: ParameterSet
) -> list[Limit]:
    shares = parameters["government_share"]
    clause = parameters.parameters["government_share"].source
    counted = np.array([one.group == "government" and not one.outside_share for one in sources])
    found = []
    for line, (category, cost) in enumerate(
        zip(lines["category"], lines["cost_yuan"], strict=True)
    ):
        share = float(shares[category])
        variables = np.flatnonzero(counted[pairs.source] & (pairs.line == line))
        if share < 1 and len(variables):
            told = (f"政府出资比例上限 {share:.0%}", f"government pays at most {share:.0%}", clause)
            found.append(_limit("J01", told, variables, share * float(cost)))
    return found


def _shared_by_item(
    pairs: Pairs, sources: Sequence[Source], lines: pd.DataFrame, parameters: ParameterSet
) -> list[Limit]:
    """Limit residents by the county's standard (J12), companies by its share of moves (J15)."""
    residents = np.array([one.group == "residents" for one in sources])[pairs.source]
    utilities = np.array([one.group == "utilities" for one in sources])[pairs.source]
    standards, others = parameters["resident_share_of_item"], parameters["resident_share_of_others"]
    moves = parameters["utility_share_of_line_moves"]
    found = []
    for line, (item, cost) in enumerate(zip(lines["item"], lines["cost_yuan"], strict=True)):
        for rule, group, share, zh, en in (
            ("J12", residents, standards.get(item, others), "居民出资标准", "residents' standard"),
            ("J15", utilities, moves if item == "line_moves" else 1.0, "管线分担", "line moves"),
        ):
            variables = np.flatnonzero(group & (pairs.line == line))
            if len(variables) and (share is None or share < 1):
                told = (f"{zh}未定", f"{en}: not set") if share is None else (zh, en)
                bound = float(share or 0.0) * float(cost)
                found.append(_limit(rule, (*told, rule), variables, bound))
    return found


def _limit(rule: str, told: tuple[str, str, str], variables: Rows, bound_yuan: float) -> Limit:
    return Limit(rule, *told, variables, np.ones(len(variables)), bound_yuan)


def _solve(
    pairs: Pairs, sources: Sequence[Source], lines: pd.DataFrame, limits: Sequence[Limit]
) -> Floats:
    count, cost = len(pairs), lines["cost_yuan"].to_numpy(dtype=float)
    rank = np.array([one.rank for one in sources], dtype=float)[pairs.source]
    worth = lines["category"].map(WORTH).to_numpy(dtype=float)[pairs.line]
    row = [pairs.line, *(np.full(len(one.variables), i) for i, one in enumerate(limits, len(cost)))]
    column = [np.arange(count), *(one.variables for one in limits)]
    weight = [np.ones(count), *(one.coefficients for one in limits)]
    bounds = np.concatenate([cost, np.array([one.bound_yuan for one in limits], dtype=float)])
    matrix = sparse.csr_array(
        (np.concatenate(weight), (np.concatenate(row), np.concatenate(column))),
        shape=(len(bounds), count),
    )
    scale = max(float(cost.max(initial=0.0)), 1.0)
    answer = linprog(
        rank / (1000.0 * rank.max()) - worth, A_ub=matrix, b_ub=bounds / scale, method="highs-ds"
    )
    if answer.status != 0:  # paying nothing is always allowed: only a broken profile leads here
        raise InfeasibleError(
            f"No payments fit the limits of the profile: {answer.message}",
            zh=f"没有符合政策档各项上限的出资方案:{answer.message}",
        )
    matched = np.array([one.amount == "match" for one in sources])[pairs.source]
    order = np.lexsort((pairs.line, rank, matched)).astype(np.int64)
    by_column = sparse.csc_array(matrix)
    cuts = by_column.indptr[1:-1]
    rooms = np.split(by_column.indices.astype(np.int64), cuts)
    return whole_fens(answer.x * scale, rooms, np.split(by_column.data, cuts), bounds, order)
