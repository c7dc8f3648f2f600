"""After a planner's edit: make the best of what was touched, at once, and keep what was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting.effort import Effort
from spatial.districting.enumerate import Pool, enumerate_districts
from spatial.districting.partition import solve_partition
from spatial.districting.problem import Problem
from spatial.districting.proposal import labels_of
from spatial.districting.score import broken_rules, districts_of
from spatial.districting.score_kernels import legal, members_score
from spatial.districting.starts import pieces
from spatial.errors import IndexMismatchError, InfeasibleError

__all__ = ["Touched", "improve_touched"]

Ints = npt.NDArray[np.int64]
WHOLE_ATOMS: Final = 40
"""A part of at most so many atoms is done anew as a whole, a larger one in a window."""
WINDOWS: Final = (30, 22, 16, 10, 0)
"""Atoms of the window; a smaller one where the districts are too many to list at once."""
CAP: Final = 30_000
AT_ONCE: Final = Effort(branches=15_000, programme_atoms=0)
"""A planner waits: where this is not enough for a proof, value and bound stand apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """What changed around an edit.

    Parameters
    ----------
    assignment : Series
        The whole plan: district id by neighbourhood, NA alone.
    changed : DataFrame
        Neighbourhoods whose district is another one now: ``before, after``.
    before, value, bound : float
        Of the districts that were done anew: before, now, and the lower bound.
    status : {"proven_optimal", "within_bound"}
    scope : {"part", "window"}
        Whether the proof is about the whole connected part or about a window around the edit.
    neighbourhoods : Index
        Those that were looked at.
    """

    assignment: pd.Series
    changed: pd.DataFrame
    before: float
    value: float
    bound: float
    status: Literal["proven_optimal", "within_bound"]
    scope: Literal["part", "window"]
    neighbourhoods: pd.Index


def improve_touched(
    problem: Problem,
    assignment: pd.Series,
    touched: Collection[str],
    *,
    locked: Collection[str] = (),
) -> Touched:
    """Return the best plan around an edit; everything farther away stays.

    Parameters
    ----------
    problem : Problem
    assignment : Series
        The plan after the edit: district id by neighbourhood, NA alone.
    touched : collection of str
        Neighbourhoods that the planner moved.
    locked : collection of str
        What was meant to stay: of these, neighbourhoods of one district end in one district, and
        those of different districts apart. Usually the moved ones and a neighbour on each side.

    Returns
    -------
    Touched

    Raises
    ------
    IndexMismatchError
        If a neighbourhood does not take part in this problem.
    InfeasibleError
        If what is locked together breaks a hard rule; it names the rule.
    """
    rows = _rows(problem, touched, "touched")
    held = _rows(problem, locked, "locked")
    label = labels_of(problem, assignment)
    districts = districts_of(label)
    owner = np.empty(problem.atoms, dtype=np.int64)
    for number, members in enumerate(districts):
        owner[members] = number
    for chosen in _scopes(problem, districts, owner, rows):
        atoms = np.sort(np.concatenate([districts[number] for number in chosen]))
        pool = enumerate_districts(problem, atoms, cap=CAP)
        if pool.complete:
            break
    if not pool.complete:
        pool = _listed(problem, [districts[number] for number in chosen])
    kept, penalty = _keeping(pool, label, held, len(atoms))
    links = (problem.flat.start, problem.flat.neighbour)
    found = solve_partition(kept, atoms, links, effort=AT_ONCE)
    if found.value > penalty and not found.proven:  # whether there is any plan is to be known
        found = solve_partition(kept, atoms, links)
    if found.value > penalty:
        raise _clash(problem, label, held)
    old = float(sum(members_score(problem.flat, districts[number]) for number in chosen))
    parts = problem.component[atoms]
    whole = len(atoms) == int(np.isin(problem.component, np.unique(parts)).sum())
    new = [np.sort(kept.district(int(j))).astype(np.int64) for j in found.chosen]
    after = _named(problem, assignment, new)
    had = assignment.reindex(problem.ids)
    other = (had.fillna("") != after.reindex(problem.ids).fillna("")).to_numpy(dtype=bool)
    return Touched(
        assignment=after,
        changed=pd.DataFrame({"before": had[other], "after": after.reindex(problem.ids)[other]}),
        before=old,
        value=found.value,
        bound=found.bound,
        status="proven_optimal" if found.proven and pool.complete else "within_bound",
        scope="part" if whole else "window",
        neighbourhoods=problem.ids[np.isin(problem.atom, atoms)],
    )


def _rows(problem: Problem, names: Collection[str], what: str) -> Ints:
    found = problem.ids.get_indexer(pd.Index(list(names)))
    if len(found) and found.min() < 0:
        strange = [name for name, row in zip(names, found, strict=True) if row < 0]
        raise IndexMismatchError(
            f"`{what}` names {', '.join(map(str, strange[:5]))}, which take no part in districts.",
            zh=f"“{what}”中的 {'、'.join(map(str, strange[:5]))} 不参与片区划分。",
        )
    return np.unique(problem.atom[found])


def _scopes(
    problem: Problem, districts: list[Ints], owner: Ints, rows: Ints
) -> Iterator[list[int]]:
    """Districts to be done anew: the whole part where it is small, then ever smaller windows."""
    before: list[int] = []
    parts = np.flatnonzero(np.isin(problem.component, problem.component[rows]))
    if len(parts) <= WHOLE_ATOMS:
        before = np.unique(owner[np.concatenate([parts, rows])]).tolist()
        yield before
    for wanted in WINDOWS:
        chosen = sorted(_around(problem, districts, owner, rows, wanted))
        if chosen != before:
            yield chosen
        before = chosen


def _around(
    problem: Problem, districts: list[Ints], owner: Ints, rows: Ints, wanted: int
) -> list[int]:
    """Districts of the touched atoms, and those around while there is room."""
    flat = problem.flat
    chosen = np.unique(owner[rows]).tolist()
    chosen += _broken_around(problem, districts, owner, rows, chosen)
    size = sum(len(districts[number]) for number in chosen)
    for number in chosen:
        for member in districts[number]:
            for other in flat.neighbour[flat.start[member] : flat.start[member + 1]]:
                near = int(owner[other])
                if near not in chosen and size + len(districts[near]) <= wanted:
                    chosen.append(near)
                    size += len(districts[near])
    return chosen


def _broken_around(
    problem: Problem, districts: list[Ints], owner: Ints, rows: Ints, chosen: list[int]
) -> list[int]:
    """Districts next to the touched atoms that are not legal now: an edit may part its donor."""
    flat = problem.flat
    inside = np.zeros(problem.atoms, dtype=np.bool_)
    around = [flat.neighbour[flat.start[row] : flat.start[row + 1]] for row in rows]
    near = np.unique(owner[np.concatenate(around)]) if around else rows[:0]
    return [
        number
        for number in np.setdiff1d(near, chosen).tolist()
        if not legal(flat, districts[number], inside, np.zeros_like(districts[number]))
    ]


def _listed(problem: Problem, districts: list[Ints]) -> Pool:
    """Return the legal pieces of the districts as they are, and every atom alone."""
    found = [np.array([atom]) for district in districts for atom in district]
    for district in districts:
        for piece in pieces(problem, district):
            label = np.full(problem.atoms, -1)
            label[piece] = 0
            if len(piece) > 1 and broken_rules(problem, label).empty:
                found.append(piece)
    score = np.array([members_score(problem.flat, district) for district in found])
    start = np.concatenate([[0], np.cumsum([len(district) for district in found])])
    return Pool(np.concatenate(found).astype(np.int32), start.astype(np.int64), score, True)  # noqa: FBT003


def _keeping(pool: Pool, label: Ints, held: Ints, atoms: int) -> tuple[Pool, float]:
    """Leave out districts that part what is locked together, or join what is locked apart.

    Every atom alone stays as a last resort, at a price above all plans of so many atoms.
    """
    size = np.diff(pool.start)
    penalty = 1.0 + float(np.abs(pool.score / size).max(initial=0.0)) * 2 * atoms
    if not len(held):
        return pool, np.inf
    group = np.full(len(label), -1, dtype=np.int64)
    group[held] = np.where(label[held] >= 0, label[held], label.max(initial=0) + 1 + held)
    whole = np.bincount(group[held])
    mine = group[pool.members]
    first = pool.start[:-1]
    most = np.maximum.reduceat(mine, first)
    least = np.minimum.reduceat(np.where(mine < 0, np.iinfo(np.int64).max, mine), first)
    held_in = np.add.reduceat((mine >= 0).astype(np.int64), first)
    fits = (most < 0) | ((most == least) & (held_in == whole[np.maximum(most, 0)]))
    keep = np.flatnonzero(fits | (size == 1))
    some = pool.take(keep)
    score = some.score + np.where(fits[keep], 0.0, penalty)
    return Pool(some.members, some.start, score, pool.complete), penalty / 2


def _clash(problem: Problem, label: Ints, held: Ints) -> InfeasibleError:
    rules = broken_rules(problem, label)
    near = rules[rules["district"].isin(label[held])]
    if near.empty:
        return InfeasibleError(
            "What is locked cannot be kept with all rules. Unlock some of it, or relax a rule.",
            zh="锁定的内容无法与全部规则同时成立。请解除部分锁定,或放宽某条规则。",
        )
    row = near.iloc[0]
    names = ", ".join(map(str, row["neighbourhoods"][:6]))
    return InfeasibleError(
        f"What is locked breaks {row['rule']}: {row['en']} ({names}) Undo the edit, unlock some of "
        "it, or relax the rule.",
        zh=f"锁定的内容违反 {row['rule']}:{row['zh']}({names})请撤销、解除部分锁定,或放宽规则。",
    )


def _named(problem: Problem, assignment: pd.Series, districts: list[Ints]) -> pd.Series:
    """Return the whole plan; a district keeps the id that most of its members had."""
    had = assignment.reindex(problem.ids).astype("string").to_numpy(dtype=object, na_value=None)
    mine = _neighbourhoods(problem, districts)
    inside = np.zeros(len(had), dtype=bool)
    inside[np.concatenate(mine)] = True
    after = assignment.astype("string")
    taken = set(after[~after.index.isin(problem.ids[inside])].dropna().unique())
    taken |= set(map(str, problem.labels))  # the ids of locked districts are theirs alone
    known = taken | {name for name in had[inside] if name is not None}
    fresh = (name for number in count(1) if (name := f"D{number:03d}") not in known)
    new = np.full(len(had), None, dtype=object)
    for members, rows in sorted(zip(districts, mine, strict=True), key=lambda pair: -len(pair[1])):
        lock = int(problem.flat.lock[members].max())
        if len(rows) < 2 and lock < 0:
            continue
        names = Counter(name for name in had[rows] if name is not None and name not in taken)
        if lock >= 0:
            name = str(problem.labels[lock])
        elif names:
            name = min(names, key=lambda had_by: (-names[had_by], had_by))
        else:
            name = next(fresh)
        taken.add(name)
        new[rows] = name
    after[problem.ids[inside]] = pd.array(new[inside], dtype="string")
    after.name = "district_id"
    return after


def _neighbourhoods(problem: Problem, districts: list[Ints]) -> list[Ints]:
    """Rows of the neighbourhoods of each district."""
    number = np.full(problem.atoms, -1, dtype=np.int64)
    for order, members in enumerate(districts):
        number[members] = order
    whose = number[problem.atom]
    rows = np.flatnonzero(whose >= 0)
    rows = rows[np.argsort(whose[rows], kind="stable")]
    sizes = np.bincount(whose[rows], minlength=len(districts))
    return np.split(rows, np.cumsum(sizes)[:-1])
