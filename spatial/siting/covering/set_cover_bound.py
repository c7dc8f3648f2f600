r"""How few sites, or how little money, no cover can go below.

Every row *i*, to be covered :math:`t_i` times, gets a price :math:`u_i \ge 0`; a site's reduced
cost is its cost less the prices of the rows it covers. Whatever the prices, no cover is cheaper
than

.. math:: L(u) = \sum_i t_i u_i + \sum_j \min\Big(0, c_j - \sum_{i \in j} u_i\Big),

and one that uses a site of reduced cost :math:`r > 0` (or goes without one of :math:`r < 0`)
costs at least :math:`L + |r|`: sites for which that is too much are settled for good [1]_. The
prices follow a subgradient [2]_; at the end they are rounded to whole numbers of a small unit, and
the sums are taken in whole numbers, so the bound is exact where costs are whole.

References
----------
.. [1] A. Caprara, M. Fischetti, P. Toth (1999), Operations Research 47, 730-743.
.. [2] M. Held, P. Wolfe, H. P. Crowder (1974), Mathematical Programming 6, 62-88.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["UNIT", "bound_of_prices", "first_prices", "raise_cover_prices"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
UNIT = 1 << 20
"""Parts of one that prices are whole numbers of."""


@_jit
def first_prices(arrays: Array, cost: Array) -> Array:
    """Prices that no site objects to: the least cost per row of the sites of each row."""
    start, site, begin, _ = arrays
    price = np.zeros(len(start) - 1)
    for i in range(len(price)):
        least = np.inf
        for e in range(start[i], start[i + 1]):
            j = site[e]
            least = min(least, cost[j] / (begin[j + 1] - begin[j]))
        price[i] = least if np.isfinite(least) else 0.0
    return price


@_jit
def bound_of_prices(arrays: Array, need: Array, cost: Array, price: Array) -> tuple[Any, Array]:
    """Bound and reduced costs; in whole numbers where all arrays hold such."""
    _, _, begin, row = arrays
    bound = price[0] * 0
    for i in range(len(need)):
        bound += price[i] * need[i]
    reduced = cost.copy()
    for j in range(len(cost)):
        for e in range(begin[j], begin[j + 1]):
            reduced[j] -= price[row[e]]
        if reduced[j] < 0:
            bound += reduced[j]
    return bound, reduced


@_jit
def raise_cover_prices(
    arrays: Array, need: Array, cost: Array, price: Array, target: float, rounds: int
) -> tuple[Array, float]:
    """Raise the bound by moving the prices; stops where it stays.

    The step is Polyak's towards a target, shortened whenever the bound stays for three rounds; each
    direction keeps nine tenths of the last one (Camerini, Fratta, Maffioli 1975).
    """
    start, site, _, _ = arrays
    best, best_bound = price.copy(), -np.inf
    way = np.zeros(len(price))
    factor, stays = 2.0, 0
    for _ in range(rounds):
        bound, reduced = bound_of_prices(arrays, need, cost, price)
        if best_bound == -np.inf or bound > best_bound + 1e-6 * abs(best_bound):
            best_bound = bound
            best[:] = price
            stays = 0
        else:
            stays += 1
            if stays == 3:
                factor *= 0.95
                stays = 0
        square = 0.0
        for i in range(len(price)):
            slack = float(need[i])
            for e in range(start[i], start[i + 1]):
                if reduced[site[e]] < 0:
                    slack -= 1.0
            if slack < 0 and price[i] <= 0:
                slack = 0.0
            way[i] = slack + 0.9 * way[i]
            square += way[i] * way[i]
        if square <= 1e-9 or bound >= target:
            break
        step = factor * (target - bound) / square
        for i in range(len(price)):
            price[i] = max(0.0, price[i] + step * way[i])
    return best, best_bound
