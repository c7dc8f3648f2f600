"""Why a neighbourhood is where it is: what it shares there, and what moving it would cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting.problem import Problem
from spatial.districting.proposal import labels_of
from spatial.districting.score import PARTS, broken_rules, district_parts
from spatial.districting.score_kernels import share2_between
from spatial.errors import IndexMismatchError

__all__ = ["WhyHere", "why_here"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class WhyHere:
    """Answer of :func:`why_here`.

    Parameters
    ----------
    shared : DataFrame
        Indexed by fellow member; a column for each need: the squared difference in standard
        deviations (0 = alike, missing = unknown), ``unlike`` their mean, ``distance_m``.
    moves : DataFrame
        Indexed by district id, and ``alone``: ``cost``, how much worse the plan would be
        (negative: better), the same for each part, ``legal`` and, where not, ``zh`` and ``en``.
        Cheapest legal one first.
    """

    shared: pd.DataFrame
    moves: pd.DataFrame


def why_here(problem: Problem, assignment: pd.Series, neighbourhood: str) -> WhyHere:
    """Return what a neighbourhood shares with its district, and what moving it would cost.

    Parameters
    ----------
    problem : Problem
    assignment : Series
        District id by neighbourhood, NA alone.
    neighbourhood : str
        One that takes part. What is tied to it moves with it.

    Raises
    ------
    IndexMismatchError
        If it takes no part in districts.
    """
    if neighbourhood not in problem.ids:
        raise IndexMismatchError(
            f"{neighbourhood} takes no part in districts: it is unknown or not eligible.",
            zh=f"{neighbourhood} 不参与片区划分:未知或不符合改造资格。",
        )
    label = labels_of(problem, assignment)
    atom = int(problem.atom[problem.ids.get_loc(neighbourhood)])
    home = np.flatnonzero((label == label[atom]) if label[atom] >= 0 else [])
    home = home if len(home) else np.array([atom])
    return WhyHere(
        shared=_shared(problem, home[home != atom], atom),
        moves=_moves(problem, assignment, label, home, atom),
    )


def _middle_need(problem: Problem, atom: int) -> npt.NDArray[np.float64]:
    needs = problem.flat.needs
    known, total = problem.flat.sums[atom, :needs], problem.flat.sums[atom, needs : 2 * needs]
    return np.divide(total, known, out=np.full(needs, np.nan), where=known > 0)


def _shared(problem: Problem, others: Ints, atom: int) -> pd.DataFrame:
    own = _middle_need(problem, atom)
    rows: dict[str, dict[str, Any]] = {}
    for other in others:
        unlike = (own - _middle_need(problem, int(other))) ** 2
        known = unlike[np.isfinite(unlike)]
        share2 = np.nan if problem.flat.unlimited else share2_between(problem.flat, atom, other)
        pairs = problem.size[atom] * problem.size[other]
        far_m = problem.limit_m * np.sqrt(share2 / pairs) if share2 >= 0 else np.nan
        for name in problem.ids[problem.atom == other]:
            rows[str(name)] = {
                **dict(zip(problem.needs, unlike, strict=True)),
                "unlike": float(known.mean()) if len(known) else np.nan,
                "distance_m": far_m,
            }
    columns = [*problem.needs, "unlike", "distance_m"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("neighbourhood").sort_values("unlike", kind="stable")


def _moves(
    problem: Problem, assignment: pd.Series, label: Ints, home: Ints, atom: int
) -> pd.DataFrame:
    flat = problem.flat
    near = flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
    rest = home[home != atom]
    targets: dict[str, Ints] = {}
    for other in near:
        name = assignment.get(problem.ids[np.flatnonzero(problem.atom == other)[0]])
        if label[other] < 0:
            targets[str(problem.ids[np.flatnonzero(problem.atom == other)[0]])] = np.array([other])
        elif label[other] != label[atom]:
            targets[str(name)] = np.flatnonzero(label == label[other])
    if len(rest):
        targets["alone"] = np.zeros(0, dtype=np.int64)
    factor = flat.weights * np.array([-1.0 if part.key == "sharing" else 1.0 for part in PARTS])
    now = district_parts(problem, home) * factor
    leaving = district_parts(problem, rest) * factor if len(rest) else 0.0
    rows = {}
    for name, members in targets.items():
        joined = np.sort(np.append(members, atom))
        change = district_parts(problem, joined) * factor + leaving - now
        if len(members):
            change = change - district_parts(problem, members) * factor
        after = np.full(problem.atoms, -1)
        after[joined] = 0
        after[rest] = 1
        broken = broken_rules(problem, after)
        rows[name] = {
            "cost": float(change.sum()),
            **dict(zip([part.key for part in PARTS], change, strict=True)),
            "legal": broken.empty,
            "zh": "" if broken.empty else " ".join(broken["zh"]),
            "en": "" if broken.empty else " ".join(broken["en"]),
        }
    columns = ["cost", *[part.key for part in PARTS], "legal", "zh", "en"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("district")
    return table.sort_values(["legal", "cost"], ascending=[False, True], kind="stable")
