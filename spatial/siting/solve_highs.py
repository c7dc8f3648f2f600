"""A siting programme handed to HiGHS: to proof, or as far as time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.answer import Watch
from spatial.siting.solve_model import Programme

__all__ = ["Found", "run_programme"]

Floats = npt.NDArray[np.float64]
PRESOLVES: Final = ("choose", "off")
"""HiGHS 1.15 met errors in presolve on small programmes: then once more without."""
TIGHT: Final = 1e-9
"""How far from whole, or beyond a rule, an answer may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What HiGHS found: columns (None: nothing), the bound, and whether there is no answer."""

    column: Floats | None
    bound: float
    infeasible: bool


@dataclass(slots=True)
class _Calls:
    """Watches the clock from within HiGHS, and keeps what the caller's progress raised."""

    watch: Watch
    raised: BaseException | None = None

    def ask(self, event: Any) -> None:
        """Stop HiGHS when time is over or the caller wants it."""
        try:
            out = event.data_out
            gap = float(out.mip_gap)
            self.watch.tell("siting_proof", 1.0 - min(1.0, gap) if np.isfinite(gap) else 0.0)
            if self.watch.must_stop():
                event.data_in.user_interrupt = True
        except BaseException as error:  # noqa: BLE001 - raised again outside the solver
            self.raised = error
            event.data_in.user_interrupt = True


def run_programme(
    programme: Programme,
    objective: Floats,
    offset: float,
    watch: Watch,
    *,
    start: Floats | None = None,
    upper: Floats | None = None,
    rows: tuple[sparse.csr_array, Floats] | None = None,
) -> Found:
    """Make the objective as large as can be.

    Parameters
    ----------
    programme : Programme
    objective : array, shape (columns,)
    offset : float
        Added to the objective.
    watch : Watch
        Ends the run; its effort says how near to the bound is near enough.
    start : array, shape (columns,), optional
        An answer to begin with.
    upper : array, shape (columns,), optional
        Upper bounds in place of the programme's: columns that are known to be 0.
    rows : (matrix, lower), optional
        Further rows, at least so much.
    """
    matrix, lower, most = programme.matrix, programme.row_lower, programme.row_upper
    if rows is not None:
        matrix = sparse.csr_array(sparse.vstack([matrix, rows[0]]))
        lower = np.concatenate([lower, rows[1]])
        most = np.concatenate([most, np.full(len(rows[1]), np.inf)])
    if not len(objective):  # nothing to choose: HiGHS would call it empty
        wrong = bool((lower > 0).any() or (most < 0).any())
        return Found(None if wrong else objective, offset, infeasible=wrong)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(objective), matrix.shape[0]
    lp.col_cost_, lp.offset_ = -objective, -offset
    lp.col_lower_ = programme.lower
    lp.col_upper_ = programme.upper if upper is None else upper
    lp.row_lower_, lp.row_upper_ = lower, most
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    kinds = [highspy.HighsVarType.kInteger] * programme.binary
    lp.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (len(objective) - len(kinds))
    calls = _Calls(watch)
    solver = _run(lp, calls, start)
    if calls.raised is not None:
        raise calls.raised
    info, status = solver.getInfo(), solver.getModelStatus()
    column = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        column = np.array(solver.getSolution().col_value)
    bound = -float(info.mip_dual_bound)
    if status == highspy.HighsModelStatus.kOptimal and programme.binary == 0:
        bound = -float(info.objective_function_value)
    infeasible = status == highspy.HighsModelStatus.kInfeasible
    return Found(column, bound if np.isfinite(bound) else np.nan, infeasible)


def _run(lp: highspy.HighsLp, calls: _Calls, start: Floats | None) -> Any:
    for presolve in PRESOLVES:
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)  # noqa: FBT003 - its own signature
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", presolve)
        solver.setOptionValue("mip_rel_gap", calls.watch.effort.gap_share)
        solver.setOptionValue("mip_abs_gap", TIGHT)
        solver.setOptionValue("mip_feasibility_tolerance", TIGHT)
        solver.setOptionValue("random_seed", calls.watch.effort.seed)
        solver.setOptionValue("time_limit", max(0.05, calls.watch.left_s))
        solver.passModel(lp)
        solver.cbMipInterrupt.subscribe(calls.ask)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = start.tolist()
            solver.setSolution(given)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kSolveError:
            break
    return solver
