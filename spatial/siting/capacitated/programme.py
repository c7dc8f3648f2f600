"""The capacitated case as an integer programme, laid out from arrays and solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.capacitated.case import Case
from spatial.siting.highs_run import run_highs

__all__ = ["Solved", "solve_programme"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the programme said: an answer (or none), a bound, whether it ended."""

    sites: Longs | None
    amount: Floats  # (e,)
    value: float
    bound: float
    infeasible: bool
    ended: bool


def solve_programme(
    case: Case,
    watch: Watch,
    *,
    ways: tuple[Bools, Bools, Bools] | None = None,
    start: tuple[Longs, Floats] | None = None,
) -> Solved:
    """Solve the case, or what is left of it, to proof or until the time is over.

    Parameters
    ----------
    case : Case
    watch : Watch
    ways : (may_open, must_open, may_use), optional
        Only these sites and pairs are laid out.
    start : (sites, amount), optional
        An answer to begin with.

    Notes
    -----
    ::

        min Σ c_ij x_ij + Σ price_i u_i      Σ_j x_ij + u_i = 1      Σ_i q_i x_ij ≤ Q_j y_j
        x_ij ≤ y_j      Σ_j y_j = p      y binary, x binary (or 0 ≤ x ≤ 1 where divided), u ≥ 0
    """
    may_open, must_open, may_use = ways or (
        case.allowed,
        case.must,
        np.ones(len(case.site), dtype=bool),
    )
    sites, pairs = np.flatnonzero(may_open), np.flatnonzero(may_use)
    lp = _laid_out(case, sites, pairs, must_open)
    options: dict[str, Any] = {
        **_gaps(case, watch, start),
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
    }
    solver = run_highs(lp, watch, options, start=_columns(case, sites, pairs, start))
    status, info = solver.getModelStatus(), solver.getInfo()
    infeasible = status == highspy.HighsModelStatus.kInfeasible
    amount = np.zeros(len(case.site))
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Solved(None, amount, np.inf, _bound(info), infeasible, infeasible)
    column = np.array(solver.getSolution().col_value)
    share = np.clip(column[len(sites) : len(sites) + len(pairs)], 0.0, 1.0)
    share = np.where(share < 1e-7, 0.0, share) if case.divided else np.round(share)
    need = np.where(case.demand > 0, case.demand, 1.0)
    amount[pairs] = share * need[case.row[pairs]]
    ended = status == highspy.HighsModelStatus.kOptimal
    value = float(info.objective_function_value)
    opened = sites[column[: len(sites)] > 0.5]
    return Solved(opened, amount, value, _bound(info), infeasible, ended)


def _gaps(case: Case, watch: Watch, start: tuple[Longs, Floats] | None) -> dict[str, float]:
    """Say how near is near enough: whole totals differ by one, and a gap is of what is told."""
    least, share = 0.999 if case.whole else 1e-9, watch.effort.gap_share
    if not case.covering:
        return {"mip_rel_gap": share, "mip_abs_gap": least}
    covered = 0.0 if start is None else case.told(case.total(start[1]))
    return {"mip_rel_gap": 0.0, "mip_abs_gap": max(least, share * covered)}


def _bound(info: Any) -> float:
    bound = float(info.mip_dual_bound)
    return bound if np.isfinite(bound) else -np.inf


def _laid_out(case: Case, sites: Longs, pairs: Longs, must_open: Bools) -> highspy.HighsLp:
    """Columns: y by site, x by pair, u by row. Rows: served, capacity, open, number."""
    n, m, e = len(case.demand), len(sites), len(pairs)
    number = np.full(len(case.capacity), -1)
    number[sites] = np.arange(m)
    row, site = case.row[pairs], number[case.site[pairs]]
    finite = np.isfinite(case.price)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = m + e + n, n + m + e + 1
    lp.col_cost_ = np.concatenate([np.zeros(m), case.cost[pairs], np.where(finite, case.price, 0)])
    lp.col_lower_ = np.concatenate([must_open[sites].astype(float), np.zeros(e + n)])
    lp.col_upper_ = np.concatenate([np.ones(m + e), finite.astype(float)])
    unlimited = highspy.kHighsInf
    lp.row_lower_ = np.concatenate([np.ones(n), np.full(m + e, -unlimited), [float(case.p)]])
    lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(m + e), [float(case.p)]])
    columns = np.arange(m), m + np.arange(e), m + e + np.arange(n)
    links = n + m + np.arange(e)
    entries = [
        (row, columns[1], np.ones(e)),
        (np.arange(n), columns[2], np.ones(n)),
        (n + site, columns[1], case.demand[row]),
        (n + np.arange(m), columns[0], -case.capacity[sites]),
        (links, columns[1], np.ones(e)),
        (links, site, -np.ones(e)),
        (np.full(m, n + m + e), columns[0], np.ones(m)),
    ]
    where, column, value = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    kept = value != 0
    order = np.lexsort((where[kept], column[kept]))
    where, column, value = where[kept][order], column[kept][order], value[kept][order]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(column, np.arange(m + e + n + 1)).astype(np.int32)
    lp.a_matrix_.index_ = where.astype(np.int32)
    lp.a_matrix_.value_ = value.astype(np.float64)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * m + [part if case.divided else whole] * e + [part] * n
    return lp


def _columns(
    case: Case, sites: Longs, pairs: Longs, start: tuple[Longs, Floats] | None
) -> list[float] | None:
    """Return the columns of an answer to begin with."""
    if start is None:
        return None
    opened, amount = start
    need = np.where(case.demand > 0, case.demand, 1.0)
    share = amount / need[case.row]
    left = np.clip(1 - np.bincount(case.row, share, minlength=len(need)), 0.0, 1.0)
    return [
        *np.isin(sites, opened).astype(float).tolist(),
        *share[pairs].tolist(),
        *left.tolist(),
    ]
