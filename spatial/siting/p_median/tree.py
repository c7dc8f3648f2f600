r"""Branch and bound for the p-median on the prices of :mod:`spatial.siting.p_median.dual`.

A node of the tree says of some sites that they are open or closed. An open one caps what its
demand costs, a closed one leaves the rows, so nodes become smaller quickly. Prices begin where the
parent ended. At the best prices of a node,

.. math:: L + \rho_j - \rho_{(p)} > U - 1 \Rightarrow y_j = 0, \qquad
          L - \rho_j + \rho_{(p+1)} > U - 1 \Rightarrow y_j = 1,

for a site *j* among those not chosen and chosen, :math:`\rho_{(k)}` being the k-th least of the
free sites: what the second best choice would earn. The node with the least bound is next.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from spatial.siting.p_median.dual import Aim, Pace, Rows, ascend
from spatial.siting.p_median.reduced import narrowed

__all__ = ["CLOSED", "FREE", "OPEN", "Look", "Node", "Tree", "settle"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
Bytes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Prices = npt.NDArray[np.float32]
FREE: Final = 0
OPEN: Final = 1
CLOSED: Final = -1
ANEW: Final = 0.25
"""Prices are moved again when at least this share of the free sites was settled."""
NODE_PACE: Final = Pace(steps=60, stride=0.5, patience=6)


@_jit
def settle(earned: Array, count: int, slack: float) -> Array:
    """Say of each free site whether it must be open (1) or closed (-1) in anything better.

    Parameters
    ----------
    earned : array of float, shape (f,)
        ρ of the free sites.
    count : int
        How many of them open; at least 1, fewer than there are.
    slack : float
        What a bound may rise by before it proves that nothing better is there.
    """
    order = np.argsort(earned, kind="mergesort")
    last_in, first_out = earned[order[count - 1]], earned[order[count]]
    state = np.zeros(len(earned), dtype=np.int8)
    for k in range(len(order)):
        j = order[k]
        if k < count and first_out - earned[j] > slack:
            state[j] = 1
        if k >= count and earned[j] - last_in > slack:
            state[j] = -1
    return state


class Node(NamedTuple):
    """A part of the answers; compared by bound, then by when it was made."""

    bound: float
    turn: int
    state: Bytes  # (k,) OPEN, CLOSED or FREE
    price: Prices  # (n,) shared by nodes of one parent


class Look(NamedTuple):
    """What a look at a node left."""

    state: Bytes
    bound: float
    price: Floats
    earned: Floats  # (k,) ρ; only those of free sites mean something
    share: Floats  # (k,) how often a free site was chosen by the last prices

    @property
    def free(self) -> npt.NDArray[np.int64]:
        """Sites not yet settled."""
        return np.flatnonzero(self.state == FREE)


@dataclass(slots=True)
class Tree:
    """What is left to look at."""

    rows: Rows
    sites: int
    count: int  # sites that open in all
    room: int  # bytes of prices that may be kept
    nodes: list[Node] = field(default_factory=list)
    seen: int = 0
    turn: itertools.count[int] = field(default_factory=itertools.count)
    spare: Prices | None = None
    """Prices of the first node, for those that come when there is no more room."""

    @property
    def bound(self) -> float:
        """The least bound of what is left; inf when nothing is."""
        return self.nodes[0].bound if self.nodes else np.inf

    def add(self, bound: float, states: list[Bytes], price: Floats) -> None:
        """Put nodes with one parent among those to look at."""
        kept = price.astype(np.float32)
        if self.spare is None:
            self.spare = kept
        elif len(self.nodes) * (kept.nbytes // 2 + self.sites) > self.room:
            kept = self.spare
        for state in states:
            heapq.heappush(self.nodes, Node(bound, next(self.turn), state, kept))

    def take(self) -> Node:
        """Take the node with the least bound."""
        self.seen += 1
        return heapq.heappop(self.nodes)

    def left(self, state: Bytes) -> int:
        """Sites still to open."""
        return self.count - int((state == OPEN).sum())

    def is_leaf(self, state: Bytes) -> bool:
        """Tell whether at most one site is still to open, or all that are free."""
        left = self.left(state)
        return left <= 1 or left >= int((state == FREE).sum())

    def look(self, node: Node, aim: Aim, pace: Pace = NODE_PACE) -> Look | None:
        """Raise the bound of a node and settle sites; None when nothing better is in it."""
        state, bound = node.state.copy(), node.bound
        price = node.price.astype(np.float64)
        earned, share = np.zeros(self.sites), np.zeros(self.sites)
        while not self.is_leaf(state):
            free = np.flatnonzero(state == FREE)
            number = np.full(self.sites, -1, dtype=np.int32)
            number[free] = np.arange(len(free), dtype=np.int32)
            left = self.left(state)
            core = narrowed(self.rows, state, number)
            found = ascend(core, len(free), left, price, aim, pace)
            bound, price = max(bound, found.bound), found.price
            if bound > aim.goal:
                return None
            settled = settle(found.earned, left, aim.goal - found.bound)
            earned[free], share[free], state[free] = found.earned, found.share, settled
            if (settled != 0).sum() < ANEW * len(free):
                break
        if not 0 <= self.left(state) <= int((state == FREE).sum()):
            return None
        return Look(state, bound, price, earned, share)
