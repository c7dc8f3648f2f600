"""The set partition as an integer programme, solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from spatial.districting.enumerate import Pool

__all__ = ["Answer", "solve_cover"]

Floats = npt.NDArray[np.float64]
PRESOLVES: Final = ("choose", "off")
"""HiGHS 1.15 met errors in presolve on small set partitions: then once more without."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the integer programme said."""

    chosen: npt.NDArray[np.int64]  # numbers of the pool; empty where it found no plan
    bound: float  # no plan of these districts is cheaper
    whole: bool  # it ran to the end: chosen is best, or there is no plan below the cutoff


def _model(pool: Pool, atoms: int) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    count = len(pool)
    lp.num_col_, lp.num_row_ = count, atoms
    lp.col_cost_ = pool.score
    lp.col_lower_ = np.zeros(count)
    lp.col_upper_ = np.ones(count)
    lp.row_lower_ = np.ones(atoms)
    lp.row_upper_ = np.ones(atoms)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = pool.start.astype(np.int32)
    lp.a_matrix_.index_ = pool.members.astype(np.int32)
    lp.a_matrix_.value_ = np.ones(len(pool.members))
    lp.integrality_ = [highspy.HighsVarType.kInteger] * count
    return lp


def _ask_for_number(
    lp: highspy.HighsLp, pool: Pool, counted: npt.NDArray[np.bool_], count: int
) -> None:
    """Add a row: so many of the counted districts."""
    row = lp.num_row_
    where = pool.start[1:][counted]
    lp.num_row_ = row + 1
    lp.row_lower_ = np.append(np.ones(row), float(count))
    lp.row_upper_ = np.append(np.ones(row), float(count))
    lp.a_matrix_.index_ = np.insert(pool.members.astype(np.int32), where, row)
    lp.a_matrix_.start_ = (pool.start + np.append(0, np.cumsum(counted))).astype(np.int32)
    lp.a_matrix_.value_ = np.ones(len(pool.members) + int(counted.sum()))


def _run(lp: highspy.HighsLp, options: dict[str, Any], start: Any = None) -> highspy.Highs:
    for presolve in PRESOLVES:
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)  # noqa: FBT003 - its own signature
        solver.setOptionValue("threads", 1)
        for name, value in {**options, "presolve": presolve}.items():
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        if start is not None:
            solver.setSolution(start)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kSolveError:
            break
    return solver


def solve_cover(
    pool: Pool,
    atoms: int,
    *,
    cutoff: float,
    start: npt.NDArray[np.int64],
    max_nodes: int,
    time_limit_s: float | None,
    number: tuple[npt.NDArray[np.bool_], int] | None = None,
) -> Answer:
    """Cheapest disjoint districts that cover all atoms, below a cutoff.

    Parameters
    ----------
    pool : Pool
        Members are 0 … atoms - 1.
    atoms : int
    cutoff : float
        Dearer plans are not wanted.
    start : array of int
        A plan to begin with, as numbers of the pool; may be empty.
    max_nodes : int
    time_limit_s : float or None
    number : tuple of (which count, how many), optional
        Exactly so many of these districts are to be chosen.
    """
    options = {
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-9,
        "mip_max_nodes": max_nodes,
    }
    if time_limit_s is not None:
        options["time_limit"] = max(0.01, time_limit_s)
    given = None
    if len(start):
        given = highspy.HighsSolution()
        value = np.zeros(len(pool))
        value[start] = 1.0
        given.col_value = value.tolist()
    model = _model(pool, atoms)
    if number is not None:
        _ask_for_number(model, pool, *number)
    solver = _run(model, options, given)
    status, info = solver.getModelStatus(), solver.getInfo()
    ended = status in (
        highspy.HighsModelStatus.kOptimal,
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kObjectiveBound,
    )
    chosen = np.zeros(0, dtype=np.int64)
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        chosen = np.flatnonzero(np.array(solver.getSolution().col_value) > 0.5)
    bound = float(info.mip_dual_bound)
    if status == highspy.HighsModelStatus.kInfeasible:
        bound = cutoff
    return Answer(chosen, min(bound, cutoff) if np.isfinite(bound) else -np.inf, ended)
