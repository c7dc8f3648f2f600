"""One connected part of the city: its legal districts, and its best plan at a price a district."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.districting.effort import Effort
from spatial.districting.enumerate import Pool, enumerate_districts
from spatial.districting.modes import Mode, MostDistricts
from spatial.districting.partition import partition_with_number, solve_partition
from spatial.districting.problem import ROUNDING, Problem
from spatial.districting.score_kernels import members_score

__all__ = ["Part", "Solved", "part_of", "solve_part", "solve_part_number"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
WINDOW_CAP: Final = 60_000
"""Legal districts of one window; a window with more is made smaller."""
WINDOW_ATOMS: Final = (16, 24, 32)
SMALLEST_WINDOW: Final = 8
MOST_LISTED: Final = 64
"""Members of the largest districts that are listed where not all can be."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One component of the links."""

    atoms: Ints
    pool: Pool  # complete, or of small districts only
    counted: Bools  # by district of the pool: it counts as one
    short: Bools  # by district: a tied group below a hard minimum, which somebody could join


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A plan of one part."""

    districts: tuple[Ints, ...]
    value: float  # without the price
    bound: float  # of value + price · count; -inf where nothing is known
    count: int  # districts that count
    short: int = 0  # groups that must stay together and are below a hard minimum

    def priced(self, price: float) -> float:
        """Value with a price for every district that counts."""
        return self.value + price * self.count

    def better_than(self, other: Solved, price: float, *, tolerance: float = 0.0) -> bool:
        """Whether it keeps a hard minimum more often, or as often and is cheaper."""
        if self.short != other.short:
            return self.short < other.short
        return self.priced(price) < other.priced(price) - tolerance


def part_of(problem: Problem, atoms: Ints, mode: Mode, *, cap: int) -> Part:
    """Return a part with all its legal districts; with small ones only where they are too many."""
    pool = enumerate_districts(problem, atoms, cap=cap)
    if not pool.complete:
        pool = _small_ones(problem, atoms, cap=cap)
    return _counting(problem, atoms, pool, mode)


def _small_ones(problem: Problem, atoms: Ints, *, cap: int) -> Pool:
    """List districts of as many members as the cap allows; every atom alone in any case."""
    few = enumerate_districts(_up_to(problem, 1), atoms, cap=max(cap, len(atoms)))
    for members in range(2, MOST_LISTED + 1):
        found = enumerate_districts(_up_to(problem, members), atoms, cap=cap)
        if not found.complete:
            break
        few = found
    return Pool(few.members, few.start, few.score, complete=False)


def _up_to(problem: Problem, members: int) -> Problem:
    """Return the same problem with districts of few atoms."""
    limit = problem.flat.maximum.copy()
    column = problem.amounts.index("members")
    limit[column] = min(limit[column], members * (1 + ROUNDING))
    return replace(problem, flat=problem.flat._replace(maximum=limit))


def _counting(problem: Problem, atoms: Ints, pool: Pool, mode: Mode) -> Part:
    first = pool.start[:-1]
    size = np.add.reduceat(problem.size[pool.members], first)
    if not isinstance(mode, MostDistricts):
        lock = np.maximum.reduceat(problem.flat.lock[pool.members], first)
        return Part(atoms, pool, (size > 1) | (lock >= 0), _short(problem, pool))
    amount = np.add.reduceat(problem.amount(mode.amount)[pool.members], first)
    enough = amount >= mode.at_least * (1 - ROUNDING)
    keep = np.flatnonzero(enough | (np.diff(pool.start) == 1))
    some = pool.take(keep)
    kept = Pool(some.members, some.start, some.score, complete=pool.complete)
    return Part(atoms, kept, enough[keep], _short(problem, kept))


def _short(problem: Problem, pool: Pool) -> Bools:
    """Tell of each district whether it is a tied group below a hard minimum that need not be alone.

    Such a group cannot be taken apart and stands alone where nobody can join it; where somebody
    can, the minimum is a rule like any other.
    """
    alone = np.diff(pool.start) == 1
    joined = np.bincount(pool.members[np.repeat(~alone, np.diff(pool.start))], minlength=1)
    may = np.zeros(problem.atoms, dtype=bool)
    may[: len(joined)] = joined > 0
    found: Bools = alone & (may & _short_atoms(problem))[pool.members[pool.start[:-1]]]
    return found


def _short_atoms(problem: Problem) -> Bools:
    flat = problem.flat
    if not flat.hard_minimum:
        return np.zeros(problem.atoms, dtype=bool)
    first = 2 * flat.needs
    own = flat.sums[:, first : first + len(flat.minimum)]
    below: Bools = (own < flat.minimum * (1 - ROUNDING)).any(axis=1) & (problem.size > 1)
    return below


def _short_in(problem: Problem, districts: tuple[Ints, ...]) -> int:
    tied = _short_atoms(problem)
    return sum(bool(tied[district[0]]) for district in districts if len(district) == 1)


def _priced(part: Part, price: float) -> tuple[Pool, Floats]:
    """Return the pool at a price, and what of it is for rules: dearer than all else together."""
    pool = part.pool
    fine = np.zeros(len(pool))
    if part.short.any():
        least = 1.0 + np.abs(pool.score).max() + abs(price)
        fine[part.short] = 2.0 * len(part.atoms) * least
    return Pool(
        pool.members, pool.start, pool.score + price * part.counted + fine, pool.complete
    ), fine


def solve_part(
    problem: Problem,
    part: Part,
    price: float,
    mode: Mode,
    *,
    start: tuple[Ints, ...] | None = None,
    effort: Effort,
    seed: int,
) -> Solved:
    """Return the best plan of a part when every district that counts costs `price` more.

    Parameters
    ----------
    problem : Problem
    part : Part
    price : float
    mode : Mode
        Which districts count.
    start : tuple of arrays of atoms, optional
        A legal plan of the part to begin with.
    effort : Effort
    seed : int
    """
    pool, atoms = part.pool, part.atoms
    priced, fine = _priced(part, price)
    links = (problem.flat.start, problem.flat.neighbour)
    incumbent = None if start is None else _numbers(pool, start)
    proof = solve_partition(priced, atoms, links, incumbent=incumbent, effort=effort, seed=seed)
    districts = tuple(np.sort(pool.district(int(j))).astype(np.int64) for j in proof.chosen)
    value = float(pool.score[proof.chosen].sum())
    count = int(part.counted[proof.chosen].sum())
    short = _short_in(problem, districts)
    if pool.complete:
        bound = min(proof.bound, proof.value) - float(fine[proof.chosen].sum())
        return Solved(districts, value, bound, count, short)
    found = Solved(districts, value, -np.inf, count, short)
    if start is not None and incumbent is None:
        given = _solved(problem, start, mode)
        found = given if given.better_than(found, price) else found
    return _by_windows(problem, part, found, price, mode, effort=effort, seed=seed)


def solve_part_number(
    part: Part, price: float, count: int, *, effort: Effort | None = None
) -> Solved | None:
    """Return the best plan of a part with exactly so many districts; None where none was found.

    Parameters
    ----------
    part : Part
    price : float
        At which the number nearly comes out by itself: districts that are dear at this price
        are looked at last.
    count : int
    effort : Effort, optional
        Its seconds of HiGHS end the search; the plan is then the best that was met.
    """
    pool = part.pool
    priced, _ = _priced(part, price)
    found = partition_with_number(priced, part.atoms, part.counted, count, effort=effort)
    if found is None:
        return None
    districts = tuple(np.sort(pool.district(int(j))).astype(np.int64) for j in found)
    return Solved(districts, float(pool.score[found].sum()), -np.inf, count)


def _numbers(pool: Pool, districts: tuple[Ints, ...]) -> Ints | None:
    """Numbers of some districts in a pool; None where one is not in it."""
    wanted = {tuple(district.tolist()): None for district in districts}
    sizes = np.diff(pool.start)
    smallest = np.array([district[0] for district in districts])
    likely = np.isin(pool.members[pool.start[:-1]], smallest)
    likely &= np.isin(sizes, [len(district) for district in districts])
    found: dict[tuple[int, ...], int] = {}
    for j in np.flatnonzero(likely):
        key = tuple(np.sort(pool.district(int(j))).tolist())
        if key in wanted:
            found[key] = int(j)
    if len(found) < len(wanted):
        return None
    return np.array([found[key] for key in wanted], dtype=np.int64)


def _solved(problem: Problem, districts: tuple[Ints, ...], mode: Mode) -> Solved:
    value = sum(float(members_score(problem.flat, district)) for district in districts)
    count = 0
    for district in districts:
        if isinstance(mode, MostDistricts):
            total = problem.amount(mode.amount)[district].sum()
            count += bool(total >= mode.at_least * (1 - ROUNDING))
        else:
            locked = (problem.flat.lock[district] >= 0).any()
            count += bool(problem.size[district].sum() > 1 or locked)
    return Solved(districts, value, -np.inf, count, _short_in(problem, districts))


def _by_windows(
    problem: Problem,
    part: Part,
    found: Solved,
    price: float,
    mode: Mode,
    *,
    effort: Effort,
    seed: int,
) -> Solved:
    """Improve a plan window by window, each with all its own legal districts."""
    rng = np.random.default_rng(seed)
    plan = {int(district[0]): district for district in found.districts}
    owner = np.full(problem.atoms, -1, dtype=np.int64)
    for key, district in plan.items():
        owner[district] = key
    for wanted in WINDOW_ATOMS:
        for atom in rng.permutation(part.atoms)[: max(1, 2 * len(part.atoms) // wanted)]:
            keys = _window(problem, plan, owner, int(atom), wanted)
            better = _better(problem, [plan[key] for key in keys], price, mode, effort)
            if better is None:
                continue
            for key in keys:
                del plan[key]
            for district in better:
                plan[int(district[0])] = district
                owner[district] = district[0]
    return _solved(problem, tuple(plan[key] for key in sorted(plan)), mode)


def _window(
    problem: Problem, plan: dict[int, Ints], owner: Ints, atom: int, wanted: int
) -> list[int]:
    """Districts around an atom, nearest first, until they have so many atoms."""
    flat = problem.flat
    keys, size = [int(owner[atom])], len(plan[int(owner[atom])])
    for key in keys:
        for member in plan[key]:
            for other in flat.neighbour[flat.start[member] : flat.start[member + 1]]:
                near = int(owner[other])
                if near not in keys and size + len(plan[near]) <= max(wanted, SMALLEST_WINDOW):
                    keys.append(near)
                    size += len(plan[near])
    return keys


def _better(
    problem: Problem, districts: list[Ints], price: float, mode: Mode, effort: Effort
) -> tuple[Ints, ...] | None:
    """Return a better plan of the same atoms, or None."""
    atoms = np.sort(np.concatenate(districts))
    pool = enumerate_districts(problem, atoms, cap=WINDOW_CAP)
    if not pool.complete:
        return None
    part = _counting(problem, atoms, pool, mode)
    now = _solved(problem, tuple(districts), mode)
    then = solve_part(problem, part, price, mode, start=tuple(districts), effort=effort, seed=0)
    tolerance = 1e-9 * max(1.0, abs(now.priced(price)))
    return then.districts if then.better_than(now, price, tolerance=tolerance) else None
