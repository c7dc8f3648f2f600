"""Plans put together from parts of others: a set partition over all regions that were seen.

Every search leaves regions behind that are better than those of the final plan in some places. Of
all regions seen, those are chosen that cover each unit once, are as many as asked for, and cost
least together:

    min Σ_c w_c y_c   with   Σ_{c ∋ i} y_c = 1 for each unit i,   Σ_c y_c = k,   y in {0, 1}.

Units that the same regions cover are one row. After the linear relaxation only those columns are
left whose reduced cost is below the gap to the best plan known: no better plan uses another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

__all__ = ["recombine"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Cost = Callable[[Ints, int], Floats]
"""Cost of every region 0 … regions − 1 of a plan: ``cost(label, regions)``."""
NODES: Final = 60
"""Branching stops here, the same on every machine; the best plan known by then is taken."""
ROUNDS: Final = 20_000
"""Simplex steps of the relaxation; beyond, the best plan seen stands."""


def recombine(plans: Sequence[Ints], cost: Cost, *, same_number: bool) -> Ints:
    """Put the best plan together from the regions of several.

    Parameters
    ----------
    plans : sequence of int arrays, shape (n,)
        Regions of each plan, 0 … k − 1.
    cost : callable
        Costs add up; a region costs the same in every plan.
    same_number : bool
        The answer has as many regions as the first plan; else as many as is best.

    Returns
    -------
    array of int, shape (n,)
        Never worse than the best of `plans`.
    """
    columns, costs, chosen = _columns(plans, cost)
    values = [float(costs[one].sum()) for one in chosen]
    best = int(np.argmin(values))
    if len(set(map(tuple, (sorted(one) for one in chosen)))) == 1:
        return plans[best]
    rows = _distinct_rows(columns)
    number = len(chosen[0]) if same_number else None
    answer = _partition(rows, costs, number, values[best])
    if answer is None:
        return plans[best]
    label = np.full(len(plans[0]), -1, np.int64)
    for region, column in enumerate(answer):
        label[columns.indices[columns.indptr[column] : columns.indptr[column + 1]]] = region
    return label


def _columns(plans: Sequence[Ints], cost: Cost) -> tuple[Any, Floats, list[Ints]]:
    """All different regions as columns, what they cost, and which ones each plan is made of."""
    units = len(plans[0])
    sign = np.random.default_rng(20260101).integers(0, 2**63, units, dtype=np.uint64)
    numbers: dict[int, int] = {}
    members: list[Ints] = []
    costs: list[float] = []
    chosen = []
    for label in plans:
        order = np.argsort(label, kind="stable")
        low = np.flatnonzero(np.diff(label[order], prepend=-1))
        key = np.add.reduceat(sign[order], low)
        now = cost(label, len(low))
        parts = np.split(order, low[1:])
        own = np.empty(len(low), np.int64)
        for region, name in enumerate(key.tolist()):
            if name not in numbers:
                numbers[name] = len(members)
                members.append(parts[region])
                costs.append(float(now[region]))
            own[region] = numbers[name]
        chosen.append(own)
    start = np.concatenate([[0], np.cumsum([len(part) for part in members])])
    ones = np.ones(start[-1])
    matrix = csc_array((ones, np.concatenate(members), start), shape=(units, len(members)))
    return matrix, np.asarray(costs), chosen


def _distinct_rows(columns: Any) -> Any:
    """Of units that the same columns cover, only the first."""
    sign = np.random.default_rng(20260102).integers(0, 2**53, columns.shape[1]).astype(np.int64)
    _, first = np.unique(columns.tocsr().astype(np.int64) @ sign, return_index=True)
    return columns.tocsr()[np.sort(first)].tocsc()


def _partition(rows: Any, costs: Floats, number: int | None, known: float) -> Ints | None:
    """Return the columns of the best partition found, or None where none is better than `known`."""
    solver = _solver(rows, costs, number)
    solver.setOptionValue("simplex_iteration_limit", ROUNDS)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    slack = known - solver.getInfo().objective_function_value
    if slack <= 1e-9 * max(abs(known), 1.0):
        return None
    reduced = np.asarray(solver.getSolution().col_dual)
    kept = np.flatnonzero(reduced <= slack * (1 + 1e-6))
    solver = _solver(rows[:, kept], costs[kept], number)
    solver.changeColsIntegrality(
        len(kept),
        np.arange(len(kept), dtype=np.int32),
        np.full(len(kept), highspy.HighsVarType.kInteger),
    )
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_max_nodes", NODES)
    solver.run()
    point = np.asarray(solver.getSolution().col_value)
    picked = kept[point > 0.5] if len(point) == len(kept) else kept[:0]
    covered = rows[:, picked].sum(axis=1)
    whole = len(picked) > 0 and (covered == 1).all() and number in (None, len(picked))
    return picked if whole and costs[picked].sum() < known else None


def _solver(rows: Any, costs: Floats, number: int | None) -> Any:
    """Return a linear model: every row covered once, `number` columns in all."""
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("threads", 1)
    units, columns = rows.shape
    matrix = rows.tocsc()
    start, index = matrix.indptr, matrix.indices
    if number is not None:
        own = np.insert(index, start[1:], units)
        start = start + np.arange(columns + 1)
        index, units = own, units + 1
    right = np.ones(units)
    if number is not None:
        right[-1] = number
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, units
    model.col_cost_ = costs
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.full(columns, highspy.kHighsInf)
    model.row_lower_ = model.row_upper_ = right
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = start.astype(np.int32)
    model.a_matrix_.index_ = index.astype(np.int32)
    model.a_matrix_.value_ = np.ones(len(index))
    solver.passModel(model)
    return solver
