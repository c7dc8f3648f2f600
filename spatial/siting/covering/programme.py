"""What is left of a covering model, as an integer programme for HiGHS, from sparse arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.highs_run import run_highs

__all__ = ["Outcome", "Rows", "solve_whole"]

Floats = npt.NDArray[np.float64]
TIGHT: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a programme: ``lower <= matrix @ x <= upper``, the matrix by rows."""

    start: npt.NDArray[Any]
    index: npt.NDArray[Any]
    value: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What HiGHS found: columns (None: nothing), the lower bound, and whether it ran to the end."""

    column: Floats | None
    bound: float
    ended: bool


def solve_whole(
    cost: Floats,
    rows: Rows,
    watch: Watch,
    *,
    whole: int,
    start: Floats | None = None,
    seconds: float | None = None,
) -> Outcome:
    """Make ``cost @ x`` as small as can be, x between 0 and 1.

    Parameters
    ----------
    cost : array, shape (columns,)
    rows : Rows
    watch : Watch
        Ends the run.
    whole : int
        The first columns, which are whole; the others may be shares.
    start : array, shape (columns,), optional
        An answer to begin with.
    seconds : float, optional
        End earlier than the watch does.

    Returns
    -------
    Outcome
        Without a feasible answer the bound is inf where that was shown.
    """
    if not len(cost):  # nothing is left to decide; HiGHS gives no bound then
        kept = bool(((rows.lower <= 0) & (rows.upper >= 0)).all())
        return Outcome(cost, 0.0, ended=True) if kept else Outcome(None, np.inf, ended=True)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(rows.lower)
    lp.col_cost_ = cost
    lp.col_lower_, lp.col_upper_ = np.zeros(len(cost)), np.ones(len(cost))
    lp.row_lower_, lp.row_upper_ = rows.lower, rows.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = rows.start.astype(np.int32)
    lp.a_matrix_.index_ = rows.index.astype(np.int32)
    lp.a_matrix_.value_ = rows.value
    kinds = [highspy.HighsVarType.kInteger] * whole
    lp.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (len(cost) - whole)
    options = {
        "mip_rel_gap": 0.0,
        "mip_abs_gap": TIGHT,
        # Much was settled beforehand; beginning anew was measured to double the time.
        "mip_allow_restart": False,
    }
    limit_s = np.inf if seconds is None else seconds
    given = None if start is None else start.tolist()
    solver = run_highs(lp, watch, options, start=given, limit_s=limit_s)
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Outcome(None, np.inf, ended=True)
    column = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        column = np.array(solver.getSolution().col_value)
    bound = float(info.mip_dual_bound)
    ended = status == highspy.HighsModelStatus.kOptimal
    return Outcome(column, bound if np.isfinite(bound) else -np.inf, ended=ended)
