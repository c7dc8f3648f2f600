r"""What makes a good plan, part by part, and which rules a plan breaks.

Every district *d*, a neighbourhood that stands alone included, adds

.. math::
    w_n \frac1K \sum_{i \in d} |z_i - \bar z_d|^2
    + w_m \frac{1}{|d|} \sum_{i<j \in d} (m_{ij} / R)^2
    - w_g \frac{G_d}{1000}
    + w_c \left(\frac{2 \pi I_d}{A_d^2} - 1\right)
    + w_b \left(\frac{s_d}{\bar s} - 1\right)^2
    + w_d
    + w_s \sum_a \max(0, 1 - s_{da} / \min_a)

*z*: standardised needs, *K* of them, unknown ones left out; *m*: metres on foot between two
members, *R* the distance limit; *G*: person-gaps that pooling closes; *I*: moment of inertia of
the land, *A* its area (a disc gives 0); *s*: the balanced amount, its bar the middle of its limits;
a price for each district, and a price for falling short of a minimum. The plan's value is the sum
over its districts, and lower is better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting import score_kernels as kernels
from spatial.districting.problem import ROUNDING, WEIGHTS, Problem
from spatial.errors import IndexMismatchError

__all__ = [
    "PARTS",
    "Part",
    "broken_rules",
    "district_parts",
    "district_score",
    "districts_of",
    "plan_parts",
    "plan_score",
]

Ints = npt.NDArray[np.int64]
NAMED: Final = 6
"""Neighbourhoods named in a message; of more, it says how many."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the objective."""

    key: str
    unit: str
    zh: str
    en: str


PARTS: Final = (
    Part("needs", "variance", "需求相似", "likeness of needs"),
    Part("nearness", "share²", "步行相近", "nearness on foot"),
    Part("sharing", "person-gaps", "共享收益", "gaps closed by sharing"),
    Part("compactness", "share", "紧凑", "compactness"),
    Part("balance", "share²", "均衡", "balance"),
    Part("district", "districts", "片区数", "number of districts"),
    Part("shortfall", "share", "不足下限", "shortfall against the minimum"),
)


def districts_of(label: npt.NDArray[Any]) -> list[Ints]:
    """Members of every district, each sorted, in the order of the smallest; -1 stands alone.

    Examples
    --------
    >>> [d.tolist() for d in districts_of(np.array([4, -1, 4, -1]))]
    [[0, 2], [1], [3]]
    """
    label = np.asarray(label, dtype=np.int64)
    top = int(label.max(initial=-1)) + 1
    own = np.where(label < 0, top + np.arange(len(label)), label)
    code = pd.factorize(own)[0]
    order = np.argsort(code, kind="stable")
    return np.split(order, np.cumsum(np.bincount(code))[:-1]) if len(label) else []


def district_score(problem: Problem, members: npt.NDArray[Any]) -> float:
    """Weighted score of the district with these atoms, from scratch; lower is better.

    Examples
    --------
    >>> two = Problem.from_arrays(np.array([[0, 1]]), np.array([[0.0], [2.0]]))
    >>> district_score(two, np.array([0, 1]))  # 1 for the district, 1² + 1² around the mean
    3.0
    """
    rows = np.sort(np.asarray(members, dtype=np.int64))
    return float(kernels.members_score(problem.flat, rows))


def district_parts(problem: Problem, members: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Every part of one district, unweighted, in the order of `PARTS`."""
    rows = np.sort(np.asarray(members, dtype=np.int64))
    flat = problem.flat
    sums = flat.sums[rows].sum(axis=0)
    spread, gain = kernels.spread_of(flat, rows), kernels.closed_gaps(flat, rows)
    found: npt.NDArray[np.float64] = kernels.part_values(flat, sums, spread, gain)
    return found


def plan_score(problem: Problem, label: npt.NDArray[Any]) -> float:
    """Value of a plan: the sum of its districts' scores.

    Parameters
    ----------
    problem : Problem
    label : array of int, shape (atoms,)
        Atoms of one number share a district; -1 stands alone.
    """
    _require_label(problem, label)
    return float(sum(kernels.members_score(problem.flat, d) for d in districts_of(label)))


def plan_parts(problem: Problem, label: npt.NDArray[Any]) -> pd.DataFrame:
    """Return what the value of a plan is made of.

    Returns
    -------
    DataFrame
        Indexed by part; ``unit, weight, value, weighted``: the sum over the districts, and its
        share in the plan's value (sharing counts as gain and lowers it).
    """
    _require_label(problem, label)
    value = np.zeros(len(PARTS))
    for members in districts_of(label):
        value += district_parts(problem, members)
    factor = problem.flat.weights * np.array([-1.0 if p.key == "sharing" else 1.0 for p in PARTS])
    if problem.flat.needs:
        value[0] /= problem.flat.needs
        factor[0] *= problem.flat.needs
    return pd.DataFrame(
        {
            "unit": [part.unit for part in PARTS],
            "weight": [getattr(problem.weights, part) for part in WEIGHTS],
            "value": value,
            "weighted": factor * value,
        },
        index=pd.Index([part.key for part in PARTS], name="part"),
    )


def broken_rules(problem: Problem, label: npt.NDArray[Any]) -> pd.DataFrame:
    """Hard rules that a plan breaks; empty for a legal one.

    A neighbourhood above a maximum may stand alone, and one alone is never below a minimum.

    Parameters
    ----------
    problem : Problem
    label : array of int, shape (atoms,)

    Returns
    -------
    DataFrame
        ``rule, district`` (the number in `label`)``, neighbourhoods`` (their ids)``, zh, en``.
    """
    _require_label(problem, label)
    label = np.asarray(label, dtype=np.int64)
    rows = [
        (rule, int(label[members[0]]), problem.ids[np.isin(problem.atom, who)].tolist(), zh, en)
        for members in districts_of(label)
        if len(members) > 1
        for rule, who, zh, en in _broken(problem, members)
    ]
    return pd.DataFrame(rows, columns=["rule", "district", "neighbourhoods", "zh", "en"])


def _broken(problem: Problem, members: Ints) -> Iterator[tuple[str, Ints, str, str]]:
    flat = problem.flat
    inside = np.zeros(problem.atoms, dtype=np.bool_)
    stack = np.zeros(len(members), dtype=np.int64)
    if not kernels.connected(flat, members, inside, stack):
        yield "contiguity", members, "片区不连片。", "The district does not hang together."
    first = 2 * flat.needs
    for a, name in enumerate(problem.amounts):
        total = float(flat.sums[members, first + a].sum())
        if total > flat.maximum[a]:
            limit = flat.maximum[a] / (1 + ROUNDING)
            yield (
                f"max_{name}",
                members,
                f"合计 {total:g} {name},超过上限 {limit:g}。",
                f"{total:g} {name} are more than the maximum of {limit:g}.",
            )
        if flat.hard_minimum and total < flat.minimum[a] * (1 - ROUNDING):
            yield (
                f"min_{name}",
                members,
                f"合计 {total:g} {name},低于下限 {flat.minimum[a]:g}。",
                f"{total:g} {name} are less than the minimum of {flat.minimum[a]:g}.",
            )
    yield from _broken_pairs(problem, members)
    for atom in members:
        if problem.alone[atom]:
            yield "locks", np.array([atom]), "锁定为单独。", "It is locked to stand alone."
    locked = members[flat.lock[members] >= 0]
    if len(locked) and problem.closed[flat.lock[locked]].any():
        yield "closed", members, "片区已关闭,不再接纳。", "The district is closed to others."


def _broken_pairs(problem: Problem, members: Ints) -> Iterator[tuple[str, Ints, str, str]]:
    flat = problem.flat
    for i, a in enumerate(members):
        for b in members[i + 1 :]:
            pair = np.array([a, b])
            offices = flat.office[pair]
            if (flat.lock[pair] >= 0).all():
                yield "locks", pair, "属于两个锁定的片区。", "They are of two locked districts."
            elif b in flat.apart[flat.apart_start[a] : flat.apart_start[a + 1]]:
                yield "must_not_join", pair, "规定不得同片。", "They must not share a district."
            elif offices.min() >= 0 and offices[0] != offices[1]:
                yield (
                    "same_subdistrict",
                    pair,
                    "不在同一街道。",
                    "They lie in two street offices.",
                )
            elif not flat.unlimited and kernels.share2_between(flat, a, b) < 0:
                yield (
                    "max_distance_m",
                    pair,
                    f"间距超过 {problem.limit_m:g} 米。",
                    f"They are more than {problem.limit_m:g} m apart.",
                )


def _require_label(problem: Problem, label: npt.NDArray[Any]) -> None:
    if len(label) != problem.atoms:
        raise IndexMismatchError(
            f"`label` has {len(label)} entries; the problem has {problem.atoms} atoms.",
            zh=f"“label”有 {len(label)} 项;问题有 {problem.atoms} 个单元。",
        )
