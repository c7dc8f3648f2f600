"""What is left of a covering model, as an integer programme for HiGHS, from sparse arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch

__all__ = ["Outcome", "Rows", "solve_whole"]

Floats = npt.NDArray[np.float64]
PRESOLVES: Final = ("choose", "off")
"""HiGHS 1.15 met errors in presolve on small programmes: then once more without."""
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
    limit_s = watch.left_s if seconds is None else min(watch.left_s, seconds)
    solver = _run(lp, watch, max(0.01, limit_s), start)
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Outcome(None, np.inf, ended=True)
    column = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        column = np.array(solver.getSolution().col_value)
    bound = float(info.mip_dual_bound)
    ended = status == highspy.HighsModelStatus.kOptimal
    return Outcome(column, bound if np.isfinite(bound) else -np.inf, ended=ended)


def _run(lp: highspy.HighsLp, watch: Watch, limit_s: float, start: Floats | None) -> Any:
    raised: list[BaseException] = []

    def ask(event: Any) -> None:
        try:
            if watch.must_stop():
                event.data_in.user_interrupt = True
        except BaseException as error:  # noqa: BLE001 - raised again outside the solver
            raised.append(error)
            event.data_in.user_interrupt = True

    for presolve in PRESOLVES:
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)  # noqa: FBT003 - its own signature
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", presolve)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", TIGHT)
        # Much was settled beforehand; beginning anew was measured to double the time.
        solver.setOptionValue("mip_allow_restart", False)  # noqa: FBT003 - its own signature
        solver.setOptionValue("random_seed", watch.effort.solver_seed)
        solver.setOptionValue("time_limit", limit_s)
        solver.passModel(lp)
        solver.cbMipInterrupt.subscribe(ask)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = start.tolist()
            solver.setSolution(given)
        solver.run()
        if raised:
            raise raised[0]
        if solver.getModelStatus() != highspy.HighsModelStatus.kSolveError:
            break
    return solver
