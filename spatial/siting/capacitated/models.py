"""Capacitated p-median and maximal covering: sites hold only so much; a proof, or the gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent
from spatial.siting.answer import Answer, Cancel, Effort, Watch
from spatial.siting.capacitated.bound import climb, near_enough, no_better_than, open_ways
from spatial.siting.capacitated.case import ROUNDING, Case, case_of
from spatial.siting.capacitated.programme import Solved, solve_programme
from spatial.siting.capacitated.search import Found, Judge, improve_sites
from spatial.siting.capacitated.short import left_out, require_enough
from spatial.siting.given_sites import per_row, site_mask
from spatial.siting.p_median import p_median
from spatial.siting.pairs import Pairs

__all__ = ["CapacitatedAnswer", "capacitated_max_cover", "capacitated_p_median"]

Floats = npt.NDArray[np.float64]
START_SHARE: Final = 0.1
START_GAP: Final = 0.02
"""Time and gap at which the sites without capacities are good enough to begin with."""
BYTES_PER_PAIR: Final = 400
"""What a pair costs in the programme, with what HiGHS keeps beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class CapacitatedAnswer(Answer):
    """An answer with who is served where, and how full each site is.

    `assigned` names the site that serves the largest part of a row.
    """

    service: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``demand, site, amount, share``: share of the row; one line for each pair that is used."""
    load: Floats = field(default_factory=lambda: np.zeros(0))
    """(m,) what each site serves, never more than its capacity."""


def capacitated_p_median(  # noqa: PLR0913 - as the other models, and capacities
    cost: npt.ArrayLike | Pairs,
    demand: npt.ArrayLike,
    capacity: npt.ArrayLike,
    p: int,
    *,
    weight: npt.ArrayLike | None = None,
    divided: bool = False,
    must: Sequence[int] = (),
    must_not: Sequence[int] = (),
    start: Sequence[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> CapacitatedAnswer:
    """Open p sites and give all demand to them within their capacities at the least total cost.

    ::

        min Σ_ij w_i c_ij x_ij     Σ_j x_ij = 1     Σ_i q_i x_ij ≤ Q_j y_j     Σ_j y_j = p
        y_j in {0, 1};  x_ij in {0, 1}, or 0 ≤ x_ij ≤ y_j where service may be divided

    Parameters
    ----------
    cost : array, shape (n, m), or Pairs
        c: of the way from demand row i to site j, at least 0. NaN, inf and missing pairs are not
        allowed.
    demand : array, shape (n,)
        q: persons, at least 0.
    capacity : array, shape (m,)
        Q: persons that a site serves.
    p : int
        Sites to open, those of `must` included.
    weight : array, shape (n,), optional
        w: what the cost of a row counts; default its demand (person-metres).
    divided : bool
        Rows may be divided among sites. Otherwise each goes to one site as a whole.
    must, must_not : sequences of int
        Sites that are open, and that stay closed.
    start : sequence of int, optional
        p sites to begin with.
    effort : Effort, optional
        By default a minute, to proof.
    progress, cancel : optional
        Told and asked now and then; cancelled, the best answer so far is returned.

    Returns
    -------
    CapacitatedAnswer
        Proven where value and bound meet: whole data (demand and capacities too, where divided)
        give a whole bound.

    Raises
    ------
    InputError
        If an amount or a row number cannot be used.
    InfeasibleError
        If not all demand can be served: it names the rows, and the sites that are too small.

    Notes
    -----
    A Lagrangian bound with a knapsack for every site [1]_, sets of sites from it, improved by
    swaps; reduced costs close sites and pairs for good; what is left goes to HiGHS.

    References
    ----------
    .. [1] L. A. N. Lorena, E. L. F. Senne (2004), Computers & Operations Research 31, 863-876.

    Examples
    --------
    Three places on a line; a site holds two of them, so that the middle cannot serve all:

    >>> answer = capacitated_p_median(
    ...     [[0, 1, 2], [1, 0, 1], [2, 1, 0]], [1, 1, 1], [2, 2, 2], p=2)
    >>> answer.value, answer.status.value, sorted(answer.load.tolist())
    (1.0, 'proven_optimal', [0.0, 1.0, 2.0])
    """
    watch = Watch(effort or Effort(), progress, cancel)
    pairs = cost if isinstance(cost, Pairs) else Pairs.from_matrix(cost)
    amounts = per_row(demand, len(pairs), name="demand")
    weights = amounts if weight is None else per_row(weight, len(pairs), name="weight")
    case = case_of(
        pairs,
        _spread(weights, pairs) * pairs.cost,
        np.full(len(pairs), np.inf),
        amounts,
        capacity,
        p,
        must=must,
        must_not=must_not,
        divided=divided,
    )
    require_enough(case, float(case.capacity[case.allowed].max(initial=0.0)))
    found, bound = _solve(case, watch, start)
    return _answer(case, found, found.value, min(bound, found.value), watch)


def capacitated_max_cover(  # noqa: PLR0913 - as the other models, and capacities
    pairs: Pairs,
    demand: npt.ArrayLike,
    capacity: npt.ArrayLike,
    p: int,
    *,
    weight: npt.ArrayLike | None = None,
    divided: bool = True,
    must: Sequence[int] = (),
    must_not: Sequence[int] = (),
    start: Sequence[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> CapacitatedAnswer:
    """Open p sites so that as much demand as can be is in reach of one, and has room there.

    ::

        max Σ_ij w_i x_ij     Σ_j x_ij ≤ 1     Σ_i q_i x_ij ≤ Q_j y_j     Σ_j y_j = p
        y_j in {0, 1};  0 ≤ x_ij ≤ y_j, or x_ij in {0, 1} where service is not divided

    over the pairs in reach [1]_.

    Parameters
    ----------
    pairs : Pairs
        Who reaches which site; costs do not count.
    demand, capacity : arrays, shape (n,) and (m,)
        q and Q, in persons.
    p : int
    weight : array, shape (n,), optional
        w: what serving the whole row counts; default its demand.
    divided : bool
        Part of a row may be served, and rows divided among sites. Otherwise as a whole or not.
    must, must_not, start, effort, progress, cancel
        As in `capacitated_p_median`.

    Returns
    -------
    CapacitatedAnswer
        ``assigned`` is -1 for rows of which nothing is served.

    References
    ----------
    .. [1] J. R. Current, J. E. Storbeck (1988), Environment and Planning B 15, 153-163.

    Examples
    --------
    >>> near = Pairs.from_matrix([[1, np.nan], [1, 1], [np.nan, 1]])
    >>> answer = capacitated_max_cover(near, [50, 40, 30], [60, 60], p=1)
    >>> answer.value, answer.sites.tolist(), answer.load.tolist()
    (60.0, [0], [60.0, 0.0])
    """
    watch = Watch(effort or Effort(), progress, cancel)
    amounts = per_row(demand, len(pairs), name="demand")
    weights = amounts if weight is None else per_row(weight, len(pairs), name="weight")
    case = case_of(
        pairs,
        np.zeros(len(pairs.site)),
        weights,
        amounts,
        capacity,
        p,
        must=must,
        must_not=must_not,
        divided=divided,
    )
    case = replace(case, most=float(weights.sum()))
    found, bound = _solve(case, watch, start)
    return _answer(case, found, case.told(found.value), case.told(min(bound, found.value)), watch)


def _spread(values: Floats, pairs: Pairs) -> Floats:
    return np.repeat(values, pairs.counts)


def _solve(case: Case, watch: Watch, start: Sequence[int] | None) -> tuple[Found, float]:
    """Return the best answer and a bound that nothing undercuts."""
    judge = Judge(case)
    begin = _without_capacities(case, watch) if start is None else _given(case, start)
    judge.ask(_start_sites(case, begin))
    dual = climb(case, judge, watch)
    bound = no_better_than(case, dual.bound)
    allowed = np.flatnonzero(case.allowed)
    order = allowed[np.argsort(dual.value[allowed], kind="stable")]
    if judge.best is not None and not near_enough(case, judge.best.value, bound, watch):
        improve_sites(judge, order, watch)
    if judge.best is not None and (
        near_enough(case, judge.best.value, bound, watch) or watch.must_stop()
    ):
        return judge.best, bound
    ways, above = None, np.inf
    if judge.best is not None:
        # Only what is better by one counts where totals are whole.
        above = judge.best.value - 1 + 1e-3 if case.whole else judge.best.value
        ways = open_ways(case, dual, above)
    size = len(case.site) if ways is None else int(ways[2].sum())
    if judge.best is not None and size * BYTES_PER_PAIR > watch.effort.memory_mib * 2**20:
        return judge.best, bound
    best = None if judge.best is None else (judge.best.sites, judge.best.amount)
    solved = solve_programme(case, watch, ways=ways, start=best)
    if solved.sites is not None:
        # Divided service is divided anew: the programme keeps capacities but for its tolerance.
        sites = _filled(case, solved.sites)
        if case.divided:
            judge.ask(sites)
        else:
            judge.take(sites, solved.amount)
    if judge.best is None:
        raise left_out(case, _unserved(case, watch), shown=solved.infeasible)
    reached = judge.best.value if _is_best(case, judge.best, solved, watch) else solved.bound
    limit = judge.best.value if ways is None else no_better_than(case, above)
    return judge.best, max(bound, min(no_better_than(case, reached), limit))


def _is_best(case: Case, best: Found, solved: Solved, watch: Watch) -> bool:
    """Tell whether the programme showed that nothing better is among what it was given.

    One that ended at a gap that was asked for, or with an answer that does not hold when added
    up anew, has its own bound and shows no more than that.
    """
    if solved.infeasible:
        return True
    same = 0.5 if case.whole else ROUNDING * abs(solved.value)
    return solved.ended and watch.effort.gap_share == 0 and best.value <= solved.value + same


def _given(case: Case, start: Sequence[int]) -> Sequence[int]:
    """Return the sites to begin with, checked, in the order in which they were given."""
    site_mask(start, len(case.capacity), name="start")
    return list(start)


def _without_capacities(case: Case, watch: Watch) -> Sequence[int]:
    """Sites that would be good if they held everybody; none where costs say nothing."""
    reached = np.diff(case.start) > 0
    if not case.cost.any() or not reached.all():
        return ()
    pairs = Pairs(case.start, case.site.astype(np.int32), case.cost, len(case.capacity))
    effort = replace(
        watch.effort, seconds=max(0.05, START_SHARE * watch.left_s), gap_share=START_GAP
    )
    try:
        found = p_median(
            pairs,
            np.ones(len(pairs)),
            case.p,
            must=np.flatnonzero(case.must).tolist(),
            must_not=np.flatnonzero(~case.allowed).tolist(),
            effort=effort,
            cancel=watch.cancel,
        )
    except InfeasibleError:
        return ()
    return found.sites.tolist()


def _start_sites(case: Case, start: Sequence[int]) -> npt.NDArray[np.int64]:
    """Make p allowed sites of what was given: the forced ones, then these, then the largest."""
    rank = np.argsort(-case.capacity, kind="stable")
    wanted = [*np.flatnonzero(case.must).tolist(), *start, *rank[case.allowed[rank]].tolist()]
    known = [site for site in dict.fromkeys(wanted) if 0 <= site < len(case.capacity)]
    usable = [site for site in known if case.allowed[site]]
    return np.asarray(usable[: case.p], dtype=np.int64)


def _filled(case: Case, sites: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return _start_sites(case, sites.tolist())


def _unserved(case: Case, watch: Watch) -> npt.NDArray[np.int64]:
    """Rows that the best p sites leave out, when not all can be served."""
    price = case.demand * 1.0
    easier = replace(
        case, cost=np.zeros(len(case.cost)), price=price, whole=bool((price % 1 == 0).all())
    )
    judge = Judge(easier)
    spent = Watch(replace(watch.effort, seconds=max(1.0, watch.left_s)), cancel=watch.cancel)
    climb(easier, judge, spent)
    solved = solve_programme(easier, spent)
    amount = solved.amount if solved.sites is not None else np.zeros(len(case.site))
    served = np.bincount(case.row, amount, minlength=len(case.demand))
    return np.flatnonzero(served < case.demand - 1e-6)


def _answer(
    case: Case, found: Found, value: float, bound: float, watch: Watch
) -> CapacitatedAnswer:
    used = np.flatnonzero(found.amount > 0)
    need = np.where(case.demand > 0, case.demand, 1.0)
    share = found.amount[used] / need[case.row[used]]
    amount = share * case.demand[case.row[used]]
    assigned = np.full(len(case.demand), -1, dtype=np.int64)
    order = np.argsort(share, kind="stable")
    assigned[case.row[used[order]]] = case.site[used[order]]
    if abs(value - bound) <= 1e-9 * max(1.0, abs(value)):
        bound = value
    return CapacitatedAnswer(
        sites=found.sites,
        assigned=assigned,
        value=value,
        bound=bound,
        status=watch.status_of(value, bound),
        cpu_s=watch.cpu_s,
        service=pd.DataFrame(
            {
                "demand": case.row[used],
                "site": case.site[used],
                "amount": amount,
                "share": share,
            }
        ),
        load=np.bincount(case.site[used], amount, len(case.capacity)).astype(np.float64),
    )
