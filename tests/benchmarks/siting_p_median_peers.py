"""Peers of the p-median, run in their own interpreter: ``script inputs.npz outputs.npz``.

Inputs: ``method`` (spopt or highspy), ``cost`` (n, m), ``weight`` (n,), ``p``, ``limit_s`` (CPU).
Outputs: ``value``, ``build_cpu_s``. What the solver itself says of its status decides: a run that
was cut off fails, whatever status a wrapper gives it.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time

import numpy as np


def main() -> None:
    given = dict(np.load(sys.argv[1]))
    limit_s = int(given["limit_s"])
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
    method = str(given["method"])
    run = {"spopt": by_spopt, "highspy": by_highspy}[method]
    for package in ("highspy", *(("pulp", "spopt.locate") if method == "spopt" else ())):
        importlib.import_module(package)  # which is nobody's work to measure
    start, wall = time.process_time(), time.perf_counter()
    value, built = run(given["cost"], given["weight"], int(given["p"]))
    cpu_s, wall_s = time.process_time() - start, time.perf_counter() - wall
    np.savez(sys.argv[2], value=value, build_cpu_s=built - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n" + json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "peak_mib": peak}))


def by_spopt(cost: np.ndarray, weight: np.ndarray, p: int) -> tuple[int, float]:
    """Solve with spopt's PMedian and HiGHS through PuLP, gap 0."""
    import pulp
    from spopt.locate import PMedian

    model = PMedian.from_cost_matrix(cost, weight, p_facilities=p)
    built = time.process_time()
    solved = model.solve(pulp.HiGHS(msg=False, gapRel=0, threads=1))
    if solved.problem.sol_status != pulp.LpSolutionOptimal:
        raise SystemExit(f"cut off: {pulp.LpSolution[solved.problem.sol_status]}")
    return round(solved.problem.objective.value()), built


def by_highspy(cost: np.ndarray, weight: np.ndarray, p: int) -> tuple[int, float]:
    """Solve the model of ReVelle and Swain, laid out with arrays, by HiGHS, gap 0."""
    import highspy

    n, m = cost.shape
    lp = highspy.HighsLp()
    # Columns: x of every pair by row, then y. Rows: each demand once; x ≤ y; the sum of y.
    lp.num_col_, lp.num_row_ = n * m + m, n + n * m + 1
    lp.col_cost_ = np.concatenate([(weight[:, None] * cost).ravel().astype(float), np.zeros(m)])
    lp.col_lower_, lp.col_upper_ = np.zeros(n * m + m), np.ones(n * m + m)
    lp.row_lower_ = np.concatenate([np.ones(n), np.full(n * m, -highspy.kHighsInf), [p]])
    lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(n * m), [p]])
    pair = np.arange(n * m)
    x_rows = np.column_stack([pair // m, n + pair])
    y_rows = np.column_stack([n + pair.reshape(n, m).T, np.full((m, 1), n + n * m)])
    y_values = np.concatenate([np.full((m, n), -1.0), np.ones((m, 1))], axis=1)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([2 * pair, 2 * n * m + (n + 1) * np.arange(m + 1)]).astype(
        np.int32
    )
    lp.a_matrix_.index_ = np.concatenate([x_rows.ravel(), y_rows.ravel()]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([np.ones(2 * n * m), y_values.ravel()])
    lp.integrality_ = [highspy.HighsVarType.kContinuous] * (n * m) + [
        highspy.HighsVarType.kInteger
    ] * m
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(lp)
    built = time.process_time()
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SystemExit(f"cut off: {solver.getModelStatus()}")
    return round(solver.getInfo().objective_function_value), built


if __name__ == "__main__":
    main()
