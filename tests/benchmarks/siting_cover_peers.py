"""spopt's covering models, run in its own interpreter: ``script inputs.npz outputs.npz``.

Inputs: ``model`` ("max" or "set"), ``start``, ``site``, ``sites`` (pairs within reach), ``weight``,
``p``, ``limit_s``. Outputs: ``chosen``, ``status``, ``build_s`` (CPU).
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

import numpy as np


def main() -> None:
    warnings.filterwarnings("ignore")
    import pulp
    from spopt.locate import LSCP, MCLP

    given = dict(np.load(sys.argv[1]))
    start, site, m = given["start"], given["site"], int(given["sites"])
    cost = np.full((len(start) - 1, m), 2.0)
    cost[np.repeat(np.arange(len(cost)), np.diff(start)), site] = 0.0
    solver = pulp.HiGHS(msg=False, timeLimit=float(given["limit_s"]), gapRel=0.0, threads=1)
    began, wall = time.process_time(), time.perf_counter()
    if str(given["model"]) == "max":
        model = MCLP.from_cost_matrix(cost, given["weight"], 1.0, int(given["p"]))
    else:
        model = LSCP.from_cost_matrix(cost, 1.0)
    build_s = time.process_time() - began
    model = model.solve(solver)
    cpu_s, wall_s = time.process_time() - began, time.perf_counter() - wall
    values = [variable.value() for variable in model.fac_vars]
    ended = pulp.LpStatus[model.problem.status], pulp.LpSolution[model.problem.sol_status]
    np.savez(
        sys.argv[2],
        chosen=np.array([value is not None and value > 0.5 for value in values]),
        status="{} ({})".format(*ended),
        build_s=build_s,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "peak_mib": peak}))


main()
