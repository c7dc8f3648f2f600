r"""Districts by constrained agglomeration and local improvement.

The plan sought is a partition of the neighbourhoods into connected districts that break no hard
rule and make

.. math::

    J = \sum_d \Big[ w_n \frac{1}{K} \sum_k \sum_{i \in d} (z_{ik} - \bar z_{dk})^2
        + w_p \frac{1}{|d|} \sum_{i<j \in d} (m_{ij} / R)^2
        + w_c + w_s \sum_a \max(0, 1 - s_{da} / \min_a) \Big]

small: likeness of needs (*z*: standardised, *K* of them, unknown ones left out), nearness on foot
(*m*: walking metres, *R*: the distance limit; over squared straight distances this is the sum of
squares around the middle), a price per district, and a price for falling short of a minimum.

1. *Agglomeration*: everybody starts alone; of all legal merges of linked districts the one that
   lowers *J* most is made, until none lowers it: Ward's method with contiguity [1]_ [2]_ and
   limits.
2. *Local improvement*: a neighbourhood moves to the adjacent district (or out into one of its own)
   that lowers *J* most, where the district it leaves stays connected; two districts merge [3]_.
3. *Ruin and recreate*: one district and those around it are taken apart, put together again with
   shaken gains, and kept if *J* is lower [4]_. Seeded: the same seed gives the same plan.

References
----------
.. [1] J. H. Ward (1963), Journal of the American Statistical Association 58, 236-244.
.. [2] F. Murtagh (1985), The Computer Journal 28, 82-88 (contiguity-constrained clustering).
.. [3] S. Openshaw (1977), Transactions of the Institute of British Geographers 2, 459-472 (AZP).
.. [4] G. Schrimpf et al. (2000), Journal of Computational Physics 159, 139-171.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.districting.rules import Weights
from spatial.progress import Progress, silent

__all__ = ["Block", "Problem", "Search"]

Floats = npt.NDArray[np.float64]
GAIN: Final = 1e-9
"""A change must lower J by more than this; below it, rounding decides."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be partitioned; row ``g`` is atom ``g`` (one neighbourhood, or several tied)."""

    known: Floats  # (n, K) how many of its neighbourhoods have need k
    total: Floats  # (n, K) their sum of standardised needs
    amounts: Floats  # (n, A)
    size: npt.NDArray[np.int64]  # (n,) neighbourhoods
    inner: Floats  # (n,) squared shares of distance between its own neighbourhoods
    links: Sequence[Sequence[int]]  # neighbours of g, sorted
    near: Sequence[dict[int, float]]  # atoms that may share its district, and the squared share
    office: Sequence[int]  # street office; -1 = unknown
    lock: Sequence[int]  # number of its locked district; -1 = none
    closed: frozenset[int]  # locked districts that nobody may join
    maximum: Floats  # (A,) inf = none
    minimum: Floats  # (A,) 0 = none
    weights: Weights


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One district under way, with the sums that its cost is made of."""

    atoms: tuple[int, ...]
    known: Floats
    total: Floats
    amounts: Floats
    size: int
    spread: float
    office: int
    lock: int
    cost: float


class Search:
    """A legal plan that is made better step by step; every step keeps it legal."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._limits = problem.maximum * (1 + 1e-12)
        self._minima = np.flatnonzero(problem.minimum > 0)
        self._needs = max(problem.known.shape[1], 1)
        self.blocks: dict[int, Block] = {}
        self.block_of = list(range(len(problem.size)))
        self._next = len(problem.size)
        self.steps = {"merges": 0, "moves": 0, "recreated": 0}
        self.marks: dict[str, float] = {}
        for atom in range(len(problem.size)):
            self.blocks[atom] = self._single(atom)

    @property
    def objective(self) -> float:
        """J, up to the constant sum of squared needs."""
        return float(sum(self.blocks[key].cost for key in sorted(self.blocks)))

    def agglomerate(
        self,
        keys: Iterable[int] | None = None,
        *,
        shake: np.random.Generator | None = None,
        progress: Progress = silent,
    ) -> None:
        """Merge the best legal pair of linked districts until no merge lowers J.

        Parameters
        ----------
        keys : iterable of int, optional
            Only these districts take part; by default all.
        shake : Generator, optional
            Multiplies each gain by a number in 0.7–1.3, to come out elsewhere.
        progress : Progress
        """
        allowed = set(self.blocks if keys is None else keys)
        heap: list[tuple[float, int, int, int, int]] = []
        for key in sorted(allowed):
            self._offer(heap, key, allowed, shake, later_only=True)
        start = max(len(allowed), 1)
        while heap:
            _, _, _, a, b = heapq.heappop(heap)
            if a not in self.blocks or b not in self.blocks:
                continue
            merged = self.joined(self.blocks[a], self.blocks[b])
            assert merged is not None
            allowed -= {a, b}
            key = self._replace((a, b), (merged,))[0]
            allowed.add(key)
            self.steps["merges"] += 1
            if self.steps["merges"] % 200 == 0:
                progress("districts", 0.5 * (1 - len(allowed) / start))
            self._offer(heap, key, allowed, shake, later_only=False)

    def improve(self, atoms: Iterable[int], *, within: set[int] | None = None) -> None:
        """Move atoms, and merge districts, while that lowers J.

        Parameters
        ----------
        atoms : iterable of int
            Visited in this order, then again wherever something changed near by.
        within : set of int, optional
            Only these atoms may move or be joined.
        """
        queue = deque(atoms)
        waiting = set(queue)
        while queue:
            atom = queue.popleft()
            waiting.discard(atom)
            changed = self._best_step(atom, within)
            for touched in changed:
                if touched not in waiting and (within is None or touched in within):
                    waiting.add(touched)
                    queue.append(touched)

    def recreate(
        self, rounds: int, rng: np.random.Generator, *, progress: Progress = silent
    ) -> None:
        """Take places of the plan apart and put them together better, `rounds` times."""
        atoms = len(self.problem.size)
        for number in range(rounds if atoms else 0):
            if number % 50 == 0:
                progress("districts", 0.6 + 0.4 * number / rounds)
            key = self.block_of[int(rng.integers(atoms))]
            around = sorted(self._around(self.blocks[key]))
            if not around:
                continue
            chosen = rng.permutation(len(around))[: int(rng.integers(1, 5))]
            keys = [key, *sorted(around[i] for i in chosen)]
            self._recreate(keys, rng)

    # -- one step ----------------------------------------------------------------------------

    def _recreate(self, keys: list[int], rng: np.random.Generator) -> None:
        old = [self.blocks[key] for key in keys]
        atoms = sorted(atom for block in old for atom in block.atoms)
        before = sum(block.cost for block in old)
        singles = self._replace(keys, [self._single(atom) for atom in atoms])
        steps = dict(self.steps)
        self.agglomerate(singles, shake=rng)
        self.improve(atoms, within=set(atoms))
        now = sorted({self.block_of[atom] for atom in atoms})
        after = sum(self.blocks[key].cost for key in now)
        self.steps = steps
        if after < before - GAIN:
            self.steps["recreated"] += 1
        else:
            self._replace(now, old)

    def _best_step(self, atom: int, within: set[int] | None) -> set[int]:
        home = self.block_of[atom]
        block = self.blocks[home]
        lone = len(block.atoms) == 1
        rest = None if lone else self._without(block, atom)
        best: tuple[float, int, Block | None] = (-GAIN, -1, None)
        targets = {self.block_of[other] for other in self.problem.links[atom]} - {home}
        for key in sorted(targets, key=lambda k: self.blocks[k].atoms):
            target = self.blocks[key]
            if within is not None and target.atoms[0] not in within:
                continue
            if rest is not None:
                best = self._moved(atom, (block, rest), (key, target), best)
            joined = self.joined(block, target)
            if joined is not None:
                gain = joined.cost - block.cost - target.cost
                if gain < best[0]:
                    best = (gain, key, joined)
        if rest is not None:
            single = self._single(atom)
            if rest.cost + single.cost - block.cost < best[0]:
                return self._apply((home,), (rest, single), "moves")
        if best[2] is None:
            return set()
        grown = best[2]
        if len(grown.atoms) == len(block.atoms) + len(self.blocks[best[1]].atoms):
            return self._apply((home, best[1]), (grown,), "merges")
        assert rest is not None
        return self._apply((home, best[1]), (rest, grown), "moves")

    def _moved(
        self,
        atom: int,
        source: tuple[Block, Block],
        target: tuple[int, Block],
        best: tuple[float, int, Block | None],
    ) -> tuple[float, int, Block | None]:
        block, rest = source
        grown = self.joined(target[1], self._single(atom))
        if grown is None:
            return best
        gain = rest.cost + grown.cost - block.cost - target[1].cost
        return (gain, target[0], grown) if gain < best[0] else best

    def _apply(self, keys: tuple[int, ...], blocks: tuple[Block, ...], step: str) -> set[int]:
        self.steps[step] += 1
        self._replace(keys, blocks)
        inside = {atom for block in blocks for atom in block.atoms}
        return inside | {other for atom in inside for other in self.problem.links[atom]}

    def _offer(
        self,
        heap: list[tuple[float, int, int, int, int]],
        key: int,
        allowed: set[int],
        shake: np.random.Generator | None,
        *,
        later_only: bool,
    ) -> None:
        block = self.blocks[key]
        for other in sorted(self._around(block) & allowed):
            if later_only and other < key:
                continue
            target = self.blocks[other]
            merged = self.joined(block, target)
            if merged is None:
                continue
            gain = merged.cost - block.cost - target.cost
            if gain < -GAIN:
                if shake is not None:
                    gain *= float(shake.uniform(0.7, 1.3))
                low, high = sorted((block.atoms[0], target.atoms[0]))
                heapq.heappush(heap, (round(gain, 10), low, high, key, other))

    # -- districts ---------------------------------------------------------------------------

    def _single(self, atom: int) -> Block:
        p = self.problem
        return self._block(
            (atom,),
            (p.known[atom], p.total[atom], p.amounts[atom]),
            (int(p.size[atom]), float(p.inner[atom])),
            (p.office[atom], p.lock[atom]),
        )

    def _block(
        self,
        atoms: tuple[int, ...],
        sums: tuple[Floats, Floats, Floats],
        size_spread: tuple[int, float],
        office_lock: tuple[int, int],
    ) -> Block:
        known, total, amounts = sums
        size, spread = size_spread
        weights = self.problem.weights
        # sum of squares = constant - sum of total² / known: the constant is added at the end
        fit = float(np.dot(total, total / np.maximum(known, 1.0)))
        cost = weights.district - weights.needs * fit / self._needs
        cost += weights.nearness * spread / size
        for amount in self._minima:
            missing = 1.0 - float(amounts[amount]) / float(self.problem.minimum[amount])
            cost += weights.shortfall * max(0.0, missing)
        return Block(atoms, known, total, amounts, size, spread, *office_lock, cost)

    def joined(self, a: Block, b: Block) -> Block | None:
        """Return both as one district, or None where that breaks a rule."""
        closed = self.problem.closed
        if a.lock >= 0 or b.lock >= 0:
            if a.lock >= 0 and b.lock >= 0:
                return None
            if a.lock in closed or b.lock in closed:
                return None
        if a.office != b.office and a.office >= 0 and b.office >= 0:
            return None
        amounts = a.amounts + b.amounts
        if (amounts > self._limits).any():
            return None
        spread = a.spread + b.spread
        for atom in a.atoms:
            near = self.problem.near[atom]
            for other in b.atoms:
                share = near.get(other)
                if share is None:
                    return None
                spread += share
        return self._block(
            tuple(sorted(a.atoms + b.atoms)),
            (a.known + b.known, a.total + b.total, amounts),
            (a.size + b.size, spread),
            (max(a.office, b.office), max(a.lock, b.lock)),
        )

    def _without(self, block: Block, atom: int) -> Block | None:
        """Return the district without one atom, or None where it would fall apart."""
        rest = tuple(other for other in block.atoms if other != atom)
        if not self._connected(rest):
            return None
        p, rows = self.problem, list(rest)
        pairs = [p.near[a][b] for i, a in enumerate(rest) for b in rest[i + 1 :]]
        return self._block(
            rest,
            (p.known[rows].sum(axis=0), p.total[rows].sum(axis=0), p.amounts[rows].sum(axis=0)),
            (block.size - int(p.size[atom]), float(p.inner[rows].sum()) + sum(pairs)),
            (max(p.office[a] for a in rest), max(p.lock[a] for a in rest)),
        )

    def _connected(self, atoms: tuple[int, ...]) -> bool:
        inside = set(atoms)
        stack = [atoms[0]]
        inside.discard(atoms[0])
        while stack and inside:
            for other in self.problem.links[stack.pop()]:
                if other in inside:
                    inside.discard(other)
                    stack.append(other)
        return not inside

    def _around(self, block: Block) -> set[int]:
        links, of = self.problem.links, self.block_of
        keys = {of[other] for atom in block.atoms for other in links[atom]}
        return keys - {of[block.atoms[0]]}

    def _replace(self, keys: Iterable[int], blocks: Iterable[Block]) -> list[int]:
        for key in keys:
            del self.blocks[key]
        new = []
        for block in blocks:
            key = self._next
            self._next += 1
            self.blocks[key] = block
            new.append(key)
            for atom in block.atoms:
                self.block_of[atom] = key
        return new
