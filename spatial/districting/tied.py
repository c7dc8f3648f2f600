"""Neighbourhoods that the planner ties together, and rules that cannot all be kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.districting.measures import Links, Pairs
from spatial.districting.rules import AMOUNTS, DistrictRules
from spatial.errors import IndexMismatchError, InfeasibleError

__all__ = ["Ties", "forbidden_pairs", "require_keepable", "ties_of"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Atoms of the search: neighbourhoods alone, or several that must stay together."""

    atom: Ints  # (n,) atom of each neighbourhood, numbered by its smallest row
    lock: list[int]  # (atoms,) number of the locked district; -1 = none
    labels: tuple[str, ...]  # locked district ids, by number
    alone: npt.NDArray[np.bool_]  # (n,) locked to stand alone


def ties_of(rules: DistrictRules, known: pd.Index, ids: pd.Index) -> Ties:
    """Tie together what ``locks`` and ``must_join`` hold together.

    Parameters
    ----------
    rules : DistrictRules
    known : Index
        All neighbourhoods.
    ids : Index, shape (n,)
        Those that may join, sorted.

    Raises
    ------
    IndexMismatchError
        If a rule names a neighbourhood that does not exist.
    InfeasibleError
        If a rule ties one that may not join, or the ties contradict one another.
    """
    locked = {key: label for key, label in rules.locks.items() if label is not None}
    named = {
        "locks": sorted(rules.locks),
        "must_join": sorted({key for group in rules.must_join for key in group}),
        "must_not_join": sorted({key for pair in rules.must_not_join for key in pair}),
    }
    for rule, keys in named.items():
        strange = [key for key in keys if key not in known]
        if strange:
            raise IndexMismatchError(
                f"Rule {rule} names {', '.join(strange[:5])}: no such neighbourhood.",
                zh=f"规则 {rule} 提到 {'、'.join(strange[:5])}:没有这样的小区。",
            )
    for rule, keys in (("locks", sorted(locked)), ("must_join", named["must_join"])):
        barred = [key for key in keys if key not in ids]
        if barred:
            raise InfeasibleError(
                f"Rule {rule} asks for {', '.join(barred[:5])} to be in a district, but "
                "eligibility does not let them join. Take them out of the rule, or "
                "review their eligibility.",
                zh=(
                    f"规则 {rule} 要求 {'、'.join(barred[:5])} 进入片区,但其改造资格不允许。请"
                    "从规则中去掉,或复核其资格。"
                ),
            )
    labels = tuple(sorted(set(locked.values())))
    groups = [[key for key in sorted(locked) if locked[key] == label] for label in labels]
    groups += [sorted(set(group)) for group in rules.must_join]
    first = [ids.get_loc(group[0]) for group in groups for _ in group[1:]]
    other = [ids.get_loc(key) for group in groups for key in group[1:]]
    graph = coo_array((np.ones(len(first)), (first, other)), shape=(len(ids), len(ids)))
    _, part = connected_components(graph, directed=False)
    atom = pd.factorize(part)[0].astype(np.int64)
    alone = np.array([key in rules.locks and rules.locks[key] is None for key in ids], dtype=bool)
    lock = [-1] * (int(atom.max()) + 1 if len(ids) else 0)
    for number, label in enumerate(labels):
        here = int(atom[ids.get_loc(groups[number][0])])
        if lock[here] >= 0:
            raise InfeasibleError(
                f"Rule must_join ties the locked districts {labels[lock[here]]} and {label} "
                "together. Unlock one of them, or drop the must_join group.",
                zh=(
                    f"规则 must_join 把锁定的片区 {labels[lock[here]]} 与 {label} 绑在一起。请"
                    "解锁其中一个,或去掉该 must_join 组。"
                ),
            )
        lock[here] = number
    _require_agreeing(rules, ids, atom, alone, lock, labels)
    return Ties(atom=atom, lock=lock, labels=labels, alone=alone)


def _require_agreeing(
    rules: DistrictRules,
    ids: pd.Index,
    atom: Ints,
    alone: npt.NDArray[np.bool_],
    lock: list[int],
    labels: tuple[str, ...],
) -> None:
    size = np.bincount(atom, minlength=len(lock))
    held = np.flatnonzero(alone & (size[atom] > 1))
    if len(held):
        raise InfeasibleError(
            f"Rule locks keeps {ids[held[0]]} alone, but must_join ties it to others. Drop one.",
            zh=(
                f"规则 locks 使 {ids[held[0]]} 单独,而 must_join 把它与其他小区绑定。请去"
                "掉其中一条。"
            ),
        )
    for a, b in rules.must_not_join:
        if a in ids and b in ids and atom[ids.get_loc(a)] == atom[ids.get_loc(b)]:
            raise InfeasibleError(
                f"Rule must_not_join keeps {a} and {b} apart, but must_join or locks tie them "
                "together. Drop one of the rules.",
                zh=(
                    f"规则 must_not_join 使 {a} 与 {b} 分开,但 must_join 或 locks 把它们绑定。"
                    "请去掉其中一条。"
                ),
            )
    for label in sorted(rules.closed):
        number = labels.index(label)
        inside = np.flatnonzero(atom == lock.index(number))
        added = [str(ids[row]) for row in inside if rules.locks.get(str(ids[row])) != label]
        if added:
            raise InfeasibleError(
                f"District {label} is closed, but must_join brings {', '.join(added[:5])} into it. "
                "Open the district or drop the group.",
                zh=(
                    f"片区 {label} 已关闭,但 must_join 把 {'、'.join(added[:5])} 带入。请开放"
                    "该片区,或去掉该组。"
                ),
            )


def forbidden_pairs(rules: DistrictRules, ids: pd.Index) -> set[tuple[int, int]]:
    """Pairs of rows, smaller first, that ``must_not_join`` keeps apart."""
    pairs = set()
    for a, b in rules.must_not_join:
        if a in ids and b in ids:
            low, high = sorted((int(ids.get_loc(a)), int(ids.get_loc(b))))
            pairs.add((low, high))
    return pairs


def require_keepable(
    ties: Ties,
    ids: pd.Index,
    amounts: npt.NDArray[np.float64],
    office: Ints,
    links: Links,
    pairs: Pairs,
    rules: DistrictRules,
) -> None:
    """Raise :class:`InfeasibleError` where tied neighbourhoods cannot be one legal district."""
    size = np.bincount(ties.atom, minlength=len(ties.lock))
    near = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    for number in np.flatnonzero(size > 1):
        rows = np.flatnonzero(ties.atom == number)
        names = ", ".join(ids[rows][:6]) + (" …" if len(rows) > 6 else "")
        for amount, limit in rules.maximum.items():
            total = float(amounts[rows, AMOUNTS.index(amount)].sum())
            if total > limit * (1 + 1e-12):
                raise InfeasibleError(
                    f"Rules must_join/locks tie {names} together: {total:g} {amount}, more than "
                    f"max_{amount} = {limit:g}. Raise the limit or untie some.",
                    zh=(
                        f"规则 must_join/locks 绑定了 {names}:合计 {total:g} {amount},超过 max_"
                        f"{amount} = {limit:g}。请提高上限,或解除部分绑定。"
                    ),
                )
        known = rows[office[rows] >= 0]
        other = known[office[known] != office[known[:1]].max(initial=-1)]
        if rules.same_subdistrict and len(other):  # neighbours of an unknown office lie between
            raise InfeasibleError(
                f"Rules must_join/locks tie {ids[known[0]]} and {ids[other[0]]} together, which "
                "lie in two street offices (same_subdistrict). Untie them, or relax that rule.",
                zh=(
                    f"规则 must_join/locks 绑定了 {ids[known[0]]} 与 {ids[other[0]]},二者分属两个"
                    "街道(same_subdistrict)。请解除绑定,或放宽该规则。"
                ),
            )
        for i, a in enumerate(rows.tolist()):
            for b in rows[i + 1 :].tolist():
                if (a, b) not in near:
                    raise InfeasibleError(
                        f"Rules must_join/locks tie {ids[a]} and {ids[b]} together, which are "
                        f"farther apart than max_distance_m = {rules.max_distance_m:g} "
                        f"({rules.distance_basis}). Raise the limit or untie them.",
                        zh=(
                            f"规则 must_join/locks 绑定了 {ids[a]} 与 {ids[b]},其间距超过 "
                            f"max_distance_m = {rules.max_distance_m:g}({rules.distance_basis})。"
                            "请提高上限,或解除绑定。"
                        ),
                    )
        inside = np.isin(links.first, rows) & np.isin(links.second, rows)
        place = np.searchsorted(rows, [links.first[inside], links.second[inside]])
        graph = coo_array((np.ones(place.shape[1]), tuple(place)), shape=(len(rows), len(rows)))
        pieces, piece = connected_components(graph, directed=False)
        if pieces > 1:
            cut_off = ", ".join(ids[rows[piece == piece[-1]]][:6])
            raise InfeasibleError(
                f"Rules must_join/locks tie {names} together, but {cut_off} is not linked to the "
                "rest (contiguity, cut_barriers, same_subdistrict, max_link_walk_m). Add the "
                "neighbourhoods between, or relax the cut.",
                zh=(
                    f"规则 must_join/locks 绑定了 {names},但 {cut_off} 与其余不相连(连续性、"
                    "cut_barriers、same_subdistrict、max_link_walk_m)。请加入其间的小区,或放"
                    "宽切断条件。"
                ),
            )
