r"""The p-median: open *p* sites so that everybody together walks least.

.. math::

   \min \sum_i w_i \sum_j c_{ij} x_{ij} \quad \text{with} \quad \sum_j x_{ij} = 1, \quad
   x_{ij} \le y_j, \quad \sum_j y_j = p, \quad x, y \in \{0, 1\}.

Solved by swaps of sites (:mod:`spatial.siting.p_median.swap`), a bound by prices
(:mod:`spatial.siting.p_median.dual`), which settles most sites, and branch and bound on the rest
(:mod:`spatial.siting.p_median.tree`); see ``docs/methods/p-median.md``. Nothing larger than the
pairs themselves is laid out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent
from spatial.siting.answer import Answer, Cancel, Effort, Watch
from spatial.siting.given_sites import number_of_sites, per_row, site_mask, site_masks
from spatial.siting.p_median.dual import Rows
from spatial.siting.p_median.reduced import Median, reduced_median, require_enough
from spatial.siting.p_median.run import Found, solve_median
from spatial.siting.pairs import Pairs, named
from spatial.siting.signatures import nearest_open

__all__ = ["p_median"]

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
TOLERANCE: Final = "Costs or weights are not whole numbers: proven to 1e-9 of the value."


def p_median(
    cost: npt.ArrayLike | Pairs,
    weight: npt.ArrayLike | None,
    p: int,
    *,
    must: Iterable[int] = (),
    must_not: Iterable[int] = (),
    start: Iterable[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> Answer:
    """Open `p` sites so that the weighted cost of serving all demand is least.

    Parameters
    ----------
    cost : array, shape (n, m), or Pairs
        From each demand row to each site, 0 or more. A pair that is missing (NaN, inf, or not in
        the pairs) is not allowed.
    weight : array, shape (n,), or None
        Of each demand row (persons), 0 or more; None: 1 each. A row of weight 0 asks for nothing:
        it is served if a site is in reach.
    p : int
        Sites that open, those that must included.
    must, must_not : iterable of int
        Sites that open and that do not.
    start : iterable of int, optional
        Sites to begin with, for instance those of an earlier answer. Filled up or cut to `p`.
    effort : Effort, optional
        When to stop. By default 60 seconds, a proof wanted.
    progress, cancel
        Told how far it is; asked whether to stop.

    Returns
    -------
    Answer
        Minimises; `value` in units of weight times cost. Whole costs and weights give a whole
        value and a whole bound, and the proof is exact; other numbers are proven to 1e-9 of the
        value.

    Raises
    ------
    InputError
        If costs, weights or site rows cannot be used.
    InfeasibleError
        If `p` sites cannot open, if a demand row has no site in reach (rows are named), or if no
        `p` sites serve all rows.

    Examples
    --------
    >>> walk_m = [[0, 400, 900], [400, 0, 500], [900, 500, 0]]
    >>> answer = p_median(walk_m, [10, 20, 30], 1)
    >>> answer.sites.tolist(), answer.value, str(answer.status)
    ([1], 19000, 'proven_optimal')
    >>> p_median(walk_m, [10, 20, 30], 2, must=[0]).assigned.tolist()
    [0, 0, 2]
    """
    watch = Watch(effort or Effort(), progress, cancel)
    pairs = cost if isinstance(cost, Pairs) else Pairs.from_matrix(cost)
    weights = per_row(np.ones(len(pairs)) if weight is None else weight, len(pairs), name="weight")
    opened, closed = site_masks(pairs.site_count, must, must_not)
    p = number_of_sites(p)
    require_enough(p, opened, closed)
    begin = None if start is None else site_mask(start, pairs.site_count, name="start")
    (pairs if not closed.any() else pairs.of_sites(~closed)).require_all_in_reach(weights > 0)
    median, free = reduced_median(pairs, weights, p, opened=opened, closed=closed)
    first = None if begin is None else _filled(begin[free], median.count)
    first = _serving(median, watch, first, np.flatnonzero(weights > 0))
    found = solve_median(median, watch, start=first)
    is_open = opened.copy()
    is_open[free[found.is_open]] = True
    return _answer(pairs, is_open, median, found, watch)


def _filled(begin: Mask, count: int) -> Mask:
    """Open so many of the sites: those given first, then others in order."""
    chosen = np.zeros(len(begin), dtype=bool)
    chosen[np.argsort(~begin, kind="stable")[:count]] = True
    return chosen


def _serving(median: Median, watch: Watch, start: Mask | None, row: Longs) -> Mask | None:
    """Find sites that serve every row, where that is in question; an error if there are none."""
    rows = median.rows
    alone = rows.weight * rows.cap > median.worst
    if not alone.any():
        return start
    cap = alone.astype(np.float64)
    none = np.zeros(len(rows.site), dtype=np.int32)
    asked = replace(
        median, rows=Rows(rows.start, rows.site, none, np.ones(len(cap)), cap), price_cap=cap,
        whole=True, grain=2.0**-20, worst=np.inf,
    )  # fmt: skip
    found = solve_median(asked, watch, start=start)
    if found.value == 0:
        return found.is_open
    unserved = row[_unserved(asked, found)]
    if found.bound > 0:
        said = f"No {median.count} sites serve all rows: at best {len(unserved)} stay without one"
        said_zh = f"再设 {median.count} 处也无法服务所有需求行:至少 {len(unserved)} 行没有"
    else:
        said = (
            f"{median.count} sites that serve all rows were not found in the time given, nor was "
            f"it shown that there are none: {len(unserved)} rows stayed without one"
        )
        said_zh = (
            f"给定时间内未找到能服务所有需求行的 {median.count} 处(也未证明没有):"
            f"尚有 {len(unserved)} 行没有"
        )
    raise InfeasibleError(
        f"{said}, such as rows {named(unserved)}. Raise `p` or the cutoff, or allow more sites.",
        zh=f"{said_zh},如第 {named(unserved)} 行。请增大 p、放宽范围或增加选址点。",
    )


def _unserved(asked: Median, found: Found) -> Longs:
    """Rows that no open site serves."""
    rows = asked.rows
    row = np.repeat(np.arange(len(rows.cap)), np.diff(rows.start))
    served = np.zeros(len(rows.cap), dtype=bool)
    served[row[found.is_open[rows.site]]] = True
    return np.flatnonzero(~served & (rows.cap > 0))


def _answer(pairs: Pairs, is_open: Mask, median: Median, found: Found, watch: Watch) -> Answer:
    value, bound = found.value, max(found.bound, 0.0)
    if median.whole:
        value, bound = int(value), int(bound)
    return Answer(
        sites=np.flatnonzero(is_open),
        assigned=nearest_open(pairs.start, pairs.site, is_open),
        value=value,
        bound=bound,
        status=watch.status_of(value, bound),
        cpu_s=watch.cpu_s,
        notes=() if median.whole else (TOLERANCE,),
    )
