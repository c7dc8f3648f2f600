"""A siting programme handed to HiGHS: to proof, or as far as time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.answer import Watch
from spatial.siting.highs_run import run_highs
from spatial.siting.rules import SitingWeights
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.programme import Programme

__all__ = ["Found", "Relaxed", "relax_programme", "run_model", "run_programme"]

Floats = npt.NDArray[np.float64]
TIGHT: Final = 1e-9
"""How far from whole, or beyond a rule, an answer may be."""
SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What HiGHS found: columns (None: nothing), the bound, and whether there is no answer."""

    column: Floats | None
    bound: float
    infeasible: bool


def run_programme(
    programme: Programme,
    aim: Aim,
    watch: Watch,
    *,
    gap_share: float,
    start: Floats | None = None,
) -> Found:
    """Make the aim as large as can be.

    Parameters
    ----------
    programme : Programme
    aim : Aim
    watch : Watch
        Ends the run.
    gap_share : float
        Near enough to the bound.
    start : array, shape (columns,), optional
        An answer to begin with.
    """
    lp = _model(programme, aim)
    if not lp.num_col_:  # nothing to choose: HiGHS would call it empty
        return _nothing(lp)
    return run_model(lp, programme.binary, watch, gap_share=gap_share, start=start)


def run_model(
    lp: highspy.HighsLp,
    binary: int,
    watch: Watch,
    *,
    gap_share: float,
    start: Floats | None = None,
) -> Found:
    """Solve a model for HiGHS whose first columns are whole; `bound` is of what is made large."""
    kinds = [highspy.HighsVarType.kInteger] * binary
    lp.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (lp.num_col_ - binary)
    options = {
        "mip_rel_gap": float(gap_share),
        "mip_abs_gap": TIGHT,
        "mip_feasibility_tolerance": TIGHT,
    }
    solver = run_highs(lp, watch, options, start=None if start is None else start.tolist())
    info, status = solver.getInfo(), solver.getModelStatus()
    column = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        column = np.array(solver.getSolution().col_value)
    bound = -float(info.mip_dual_bound)
    if status == highspy.HighsModelStatus.kOptimal and binary == 0:
        bound = -float(info.objective_function_value)
    infeasible = status == highspy.HighsModelStatus.kInfeasible
    return Found(column, bound if np.isfinite(bound) else np.nan, infeasible)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """The linear relaxation: its value, columns, and the price of each row (≥ 0 from above)."""

    value: float
    column: Floats
    price: Floats


def relax_programme(
    programme: Programme,
    aim: Aim,
    watch: Watch,
    *,
    ceiling: tuple[SitingWeights, float] | None = None,
) -> Relaxed | None:
    """Solve the linear relaxation; None if it has no answer, or was not solved in time.

    With a `ceiling` no plan is worth more than so much by those other weights, which is known.
    """
    lp = _model(programme, aim)
    if ceiling is not None:
        _add_ceiling(lp, programme, *ceiling)
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - its own signature
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("time_limit", max(0.05, watch.left_s))
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = solver.getSolution()
    value = -float(solver.getInfo().objective_function_value)
    return Relaxed(value, np.array(found.col_value), -np.array(found.row_dual))


def _add_ceiling(
    lp: highspy.HighsLp, programme: Programme, weights: SitingWeights, most: float
) -> None:
    """Add the row that no plan is worth more by other weights."""
    core = programme.core
    adds = programme.objective(weights)
    size = max(1.0, float(np.abs(adds).max(initial=0.0)))
    most += weights.people * float(core.baseline @ core.weight) + SLACK * max(1.0, abs(most))
    some = np.flatnonzero(adds)
    lp.num_row_ += 1
    lp.row_lower_ = [*lp.row_lower_, -np.inf]
    lp.row_upper_ = [*lp.row_upper_, most / size]
    matrix = lp.a_matrix_
    matrix.start_ = [*matrix.start_, len(matrix.index_) + len(some)]
    matrix.index_ = np.concatenate([matrix.index_, some]).astype(np.int32)
    matrix.value_ = np.concatenate([matrix.value_, adds[some] / size])


def _nothing(lp: highspy.HighsLp) -> Found:
    """Answer where there is nothing to choose."""
    lower, most = np.array(lp.row_lower_), np.array(lp.row_upper_)
    if bool((lower > 0).any() or (most < 0).any()):
        return Found(None, np.nan, infeasible=True)
    return Found(np.zeros(0), -lp.offset_, infeasible=False)


def _model(programme: Programme, aim: Aim) -> highspy.HighsLp:
    """Return the programme for HiGHS, which makes things small."""
    matrix, lower, most = programme.matrix, programme.row_lower, programme.row_upper
    if aim.least:
        more, level, _ = aim.rows(programme)
        matrix = sparse.csr_array(sparse.vstack([matrix, sparse.csr_array(more)]))
        lower = np.concatenate([lower, level])
        most = np.concatenate([most, np.full(len(level), np.inf)])
    core = programme.core
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.upper), matrix.shape[0]
    lp.col_cost_ = -programme.objective(aim.weights)
    lp.offset_ = aim.weights.people * float(core.baseline @ core.weight)
    lp.col_lower_, lp.col_upper_ = programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = lower, most
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    return lp
