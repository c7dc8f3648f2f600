"""A proposed plan, with what is known about better ones and what could not be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting.problem import ROUNDING, Problem
from spatial.districting.score import districts_of

__all__ = ["Plan", "Proposal", "Status", "district_ids", "labels_of", "reported", "single_reasons"]

Ints = npt.NDArray[np.int64]
Status = Literal["proven_optimal", "within_bound", "no_bound", "cancelled"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which neighbourhood belongs to which district; districts are never drawn."""

    assignment: pd.Series
    """District id of each neighbourhood, NA where it stands alone."""
    single_reason: pd.Series
    """Why it stands alone; NA where it does not."""
    objective: float
    """Value of the plan, see :mod:`spatial.districting.score`; lower is better."""
    parameters: Mapping[str, Any]
    """The rules and the seed that made it."""
    report: Mapping[str, Any]
    """What happened: value and bound, links cut, unknown sizes, flags."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A plan with its proof.

    Parameters
    ----------
    problem : Problem
    label : array of int, shape (atoms,)
        Atoms of one number share a district; -1 stands alone.
    assignment : Series
        District id of each neighbourhood of the problem, NA where it stands alone.
    parts : DataFrame
        :func:`~spatial.districting.score.plan_parts`.
    value, bound : float
        Of the plan; no legal plan of the family is below the bound. NaN where none is known.
    status : {"proven_optimal", "within_bound", "no_bound", "cancelled"}
        A time limit or a budget that ran out is never called optimal.
    family : mapping of language to str
        What the bound is about, in words.
    by_component : DataFrame
        ``component, atoms, status, value, bound``.
    reported : DataFrame
        ``kind, neighbourhoods, zh, en``: islands, neighbourhoods above a maximum, districts and
        components below a minimum.
    districts : int
        Districts of the plan.
    districts_bound : int or None
        With :class:`~spatial.districting.modes.MostDistricts`: no plan has more.
    seed : int
    """

    problem: Problem
    label: Ints
    assignment: pd.Series
    parts: pd.DataFrame
    value: float
    bound: float
    status: Status
    family: Mapping[str, str]
    by_component: pd.DataFrame
    reported: pd.DataFrame
    districts: int
    districts_bound: int | None
    seed: int

    @property
    def gap_share(self) -> float:
        """How far value and bound are apart, over the value; NaN without a bound."""
        if not np.isfinite(self.bound):
            return float("nan")
        return max(0.0, (self.value - self.bound) / max(abs(self.value), 1e-12))

    def to_plan(self) -> Plan:
        """Return the plan of the problem's neighbourhoods, with the reason of each single."""
        reason = pd.Series(pd.NA, index=self.problem.ids, dtype="string", name="single_reason")
        for atom, why in single_reasons(self.problem, self.label).items():
            reason[self.problem.ids[self.problem.atom == atom]] = why
        return Plan(
            assignment=self.assignment,
            single_reason=reason,
            objective=self.value,
            parameters={"seed": self.seed, "weights": self.problem.weights},
            report={
                "objective": self.value,
                "bound": self.bound,
                "status": self.status,
                "districts": self.districts,
                "links": len(self.problem.flat.neighbour) // 2,
                "links_cut": dict(self.problem.cut),
            },
        )


def labels_of(problem: Problem, assignment: pd.Series) -> Ints:
    """Return the label of each atom in a plan given by neighbourhood; -1 stands alone.

    An atom whose neighbourhoods are in several districts, or that is missing, stands alone.
    """
    given = assignment.reindex(problem.ids)
    code = np.where(given.isna(), -1, pd.factorize(given)[0]).astype(np.int64)
    low = np.full(problem.atoms, np.iinfo(np.int64).max)
    high = np.full(problem.atoms, -1)
    np.minimum.at(low, problem.atom, code)
    np.maximum.at(high, problem.atom, code)
    return np.where(low == high, high, -1)


def district_ids(problem: Problem, label: Ints, *, before: pd.Series | None = None) -> pd.Series:
    """Id of each neighbourhood's district: the locked one, one that it had before, or D001 ….

    Parameters
    ----------
    problem : Problem
    label : array of int, shape (atoms,)
    before : Series, optional
        An earlier plan: of its ids each goes to the district that keeps most of its members.

    Returns
    -------
    Series
        On the problem's neighbourhoods; NA for one that stands alone.
    """
    size = problem.size
    found = np.full(len(problem.ids), None, dtype=object)
    fresh: list[Ints] = []
    for members in districts_of(label):
        rows = np.flatnonzero(np.isin(problem.atom, members))
        lock = int(problem.flat.lock[members].max())
        if lock >= 0:
            found[rows] = problem.labels[lock]
        elif size[members].sum() > 1:
            fresh.append(rows)
    taken = set(problem.labels)
    fresh = [rows for rows in fresh if not _kept_id(problem, found, rows, before, taken)]
    width = max(3, len(str(len(fresh) + len(taken))))
    number = 0
    for rows in fresh:
        number += 1
        while f"D{number:0{width}d}" in taken:
            number += 1
        found[rows] = f"D{number:0{width}d}"
    return pd.Series(found, index=problem.ids, dtype="string", name="district_id")


def _kept_id(
    problem: Problem, found: Any, rows: Ints, before: pd.Series | None, taken: set[str]
) -> bool:
    """Give a district the id that more than half of its members, and of the id's, had before."""
    if before is None:
        return False
    had = before.reindex(problem.ids[rows]).dropna()
    if not len(had):
        return False
    counts = had.value_counts()
    name = str(counts.index[0])
    if name in taken or 2 * counts.iloc[0] <= (before == name).sum():
        return False
    taken.add(name)
    found[rows] = name
    return True


def single_reasons(problem: Problem, label: Ints) -> dict[int, str]:
    """Why each atom stands alone, in words of results.neighbourhoods.single_reason.

    ``locked``: the planner keeps it alone, or apart from every district around it;
    ``would_exceed_limit``: it is above a maximum itself, or every district near enough has no
    room for it; ``isolated``: no link to a neighbour that may join; ``too_far``: all linked
    districts reach beyond the distance limit; ``below_minimum``: it could join only in districts
    below a hard minimum; ``needs_differ``: it might join, but the plan is better without.
    """
    reasons = {}
    districts = districts_of(label)
    owner = np.empty(problem.atoms, dtype=np.int64)
    for number, members in enumerate(districts):
        owner[members] = number
    for members in districts:
        atom = int(members[0])
        if problem.size[members].sum() > 1 or problem.flat.lock[atom] >= 0:
            continue
        if problem.alone[atom]:
            reasons[atom] = "locked"
        elif problem.over[atom]:
            reasons[atom] = "would_exceed_limit"
        elif not problem.linked[atom]:
            reasons[atom] = "isolated"
        else:
            reasons[atom] = _against(problem, districts, owner, atom)
    return reasons


def _against(problem: Problem, districts: list[Ints], owner: Ints, atom: int) -> str:
    """Weigh what speaks against each district around; what nearly allowed it is the reason."""
    flat = problem.flat
    first, count = 2 * flat.needs, len(problem.amounts)
    around = flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
    near = set(flat.near[flat.near_start[atom] : flat.near_start[atom + 1]].tolist())
    apart = set(flat.apart[flat.apart_start[atom] : flat.apart_start[atom + 1]].tolist())
    found = set()
    for number in {int(owner[other]) for other in around}:
        members = districts[number]
        both = flat.sums[[atom, *members], first : first + count].sum(axis=0)
        if apart & set(members.tolist()):
            found.add("locked")
        elif not flat.unlimited and not set(members.tolist()) <= near:
            found.add("too_far")
        elif (both > flat.maximum).any():
            found.add("would_exceed_limit")
        elif flat.hard_minimum and (both < flat.minimum * (1 - ROUNDING)).any():
            found.add("below_minimum")
        else:
            return "needs_differ"
    for reason in ("below_minimum", "would_exceed_limit", "too_far"):
        if reason in found:
            return reason
    return "locked" if found else _cut_off(problem, atom)


def _cut_off(problem: Problem, atom: int) -> str:
    """Reason of an atom that had links, but none to anybody it may share a district with."""
    del atom
    return "locked" if np.isinf(problem.limit_m) else "too_far"


def reported(problem: Problem, label: Ints) -> pd.DataFrame:
    """Return what the planner should know: ``kind, neighbourhoods, zh, en``."""
    rows: list[tuple[str, list[str], str, str]] = []
    ids = problem.ids.to_numpy()
    flat = problem.flat
    alone = ~problem.linked
    if alone.any():
        who = ids[np.isin(problem.atom, np.flatnonzero(alone))].tolist()
        rows.append(("islands", who, "没有可并入的相邻小区。", "They have no neighbour to join."))
    if problem.over.any():
        who = ids[np.isin(problem.atom, np.flatnonzero(problem.over))].tolist()
        zh, en = "自身已超过上限,单独成片。", "Above a maximum by themselves, they stand alone."
        rows.append(("over_maximum", who, zh, en))
    first = 2 * flat.needs
    acting = np.flatnonzero(flat.minimum > 0)
    if len(acting):
        parts = int(problem.component.max(initial=-1)) + 1
        total = np.zeros((parts, len(acting)))
        np.add.at(total, problem.component, flat.sums[:, first + acting])
        for part in np.flatnonzero((total < flat.minimum[acting] * (1 - ROUNDING)).any(axis=1)):
            inside = np.flatnonzero(problem.component == part)
            if len(inside) > 1:
                who = ids[np.isin(problem.atom, inside)].tolist()
                zh = "该连片范围整体不足下限。"
                en = "All of this part of the city together is below a minimum."
                rows.append(("component_below_minimum", who, zh, en))
        for members in districts_of(label):
            if problem.size[members].sum() < 2 and flat.lock[members].max() < 0:
                continue
            short = flat.sums[members][:, first + acting].sum(axis=0) < flat.minimum[acting] * (
                1 - ROUNDING
            )
            if short.any():
                names = "、".join(problem.amounts[a] for a in acting[short])
                who = ids[np.isin(problem.atom, members)].tolist()
                zh, en = f"片区不足下限:{names}。", f"The district is below its minimum of {names}."
                rows.append(("below_minimum", who, zh, en))
    return pd.DataFrame(rows, columns=["kind", "neighbourhoods", "zh", "en"])
