"""Openings that pay: the k gates or walls whose opening helps residents most."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.errors import InputError
from spatial.progress import Progress, silent
from spatial.scenarios.candidates import opening_candidates
from spatial.scenarios.changes import Change, OpenGate, OpenWall, changes_to_json

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["Objective", "Openings", "best_openings"]

Objective = Literal["person_seconds", "persons_covered"]
FIGURE: Final = {"person_seconds": "walk_person_s", "persons_covered": "person_gaps"}
BOUND: Final = {"person_seconds": "bound_s", "persons_covered": "bound_persons"}
WHY_ZH: Final = {
    "closed gate": "打开关闭的门",
    "shared fence": "打通小区之间的围墙",
    "outline": "小区围墙新开口",
    "wall": "打通围墙",
}
WHY_EN: Final = {
    "closed gate": "Open the closed gate",
    "shared fence": "Open the fence between neighbourhoods",
    "outline": "Open the neighbourhood's wall",
    "wall": "Open the wall",
}


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """Chosen openings, in the order in which they were chosen."""

    frame: gpd.GeoDataFrame
    """``op, why, neighbourhoods, gain`` (what it adds to those before it), ``total``, ``changes``
    (JSON), ``zh, en``; indexed by the candidate."""
    objective: Objective
    total: float
    """What all of them save together, by running them together."""
    bound: float | None
    """No choice of k candidates saves more than this; None where it was not computed."""
    runs: int
    """Scenarios that were run."""
    complete: bool
    """Whether every candidate that was not run was excluded by its bound in the first round."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """All openings as one scenario."""
        return tuple(_change(row) for _, row in self.frame.iterrows())


def best_openings(
    base: ScenarioBase,
    k: int,
    *,
    objective: Objective = "person_seconds",
    candidates: gpd.GeoDataFrame | None = None,
    max_runs: int = 400,
    exact: bool = False,
    progress: Progress = silent,
) -> Openings:
    """Choose the openings that help most.

    Parameters
    ----------
    base : ScenarioBase
    k : int
        How many; fewer are chosen where no other helps.
    objective : {"person_seconds", "persons_covered"}
        Seconds that all residents together walk less to the nearest facility of every must-have
        kind; or residents × must-have kinds newly within their limits.
    candidates : GeoDataFrame, optional
        Of `opening_candidates`; by default those of the whole city.
    max_runs : int
        Scenarios to run at most; those of the largest bounds are run.
    exact : bool
        Try every choice of up to k candidates in place of the greedy search.
    progress : Progress

    Returns
    -------
    Openings

    Raises
    ------
    InputError
        If `k` is below 1, or `exact` would need more than `max_runs` scenarios.

    Notes
    -----
    Lazy greedy [1]_: a candidate is run only while its bound, or what it gained before, is the
    largest. The gains are exact, but the objective is not submodular: two openings in a row may
    open a way that neither opens alone, and a facility that becomes nearest by metres may be
    farther in seconds. So 1 - 1/e does not hold in general. What holds: the first choice is the
    best single one where `complete`; and no choice saves more than `bound`, the gain of opening
    all candidates at once (walks never become longer in metres by an opening), computed where there
    are few enough of them.

    References
    ----------
    .. [1] M. Minoux (1978), Optimization Techniques, LNCIS 7, 234-243.
    """
    if k < 1:
        raise InputError(
            f"`k` is {k!r}; ask for 1 opening or more.", zh=f"k 为 {k!r};请至少选择 1 处开口。"
        )
    if objective not in FIGURE:
        raise InputError(
            f"`objective` is {objective!r}; use {' or '.join(FIGURE)}.",
            zh=f"目标为 {objective!r};可用 {'、'.join(FIGURE)}。",
        )
    progress("openings", 0.0)
    found = opening_candidates(base) if candidates is None else candidates
    search = _Search(base, found, objective, max_runs=max_runs, progress=progress)
    chosen = search.enumerate(k) if exact else search.greedy(k)
    progress("openings", 1.0)
    return search.openings(chosen)


class _Search:
    """Runs scenarios and remembers what they gained."""

    def __init__(
        self,
        base: ScenarioBase,
        candidates: gpd.GeoDataFrame,
        objective: Objective,
        *,
        max_runs: int,
        progress: Progress,
    ) -> None:
        self.base, self.candidates, self.objective = base, candidates, objective
        self.max_runs, self.progress = max_runs, progress
        self.runs = 0
        self.complete = True
        self.usable = list(range(len(candidates)))
        self.change = [_change(row) for _, row in candidates.iterrows()]

    def gain(self, rows: Sequence[int]) -> float | None:
        """Return what some openings save together; None where one cannot be made."""
        self.runs += 1
        self.progress("openings", min(self.runs / self.max_runs, 0.99))
        try:
            result = self.base.run([self.change[row] for row in rows])
        except InputError:
            return None
        figure = result.figures[FIGURE[self.objective]]
        return float(figure["before"] - figure["after"])

    def greedy(self, k: int) -> list[int]:
        bound = self.candidates[BOUND[self.objective]].to_numpy(dtype=float)
        heap = [(-float(bound[row]), row, -1) for row in self.usable if bound[row] > 0]
        heapq.heapify(heap)
        chosen: list[int] = []
        total = 0.0
        while heap and len(chosen) < k:
            at_most, row, round_ = heapq.heappop(heap)
            if round_ == len(chosen):
                chosen.append(row)
                total -= at_most
                continue
            if self.runs >= self.max_runs * (len(chosen) + 1) / k:
                self.complete = self.complete and bool(chosen)
                heap = [entry for entry in heap if entry[2] >= 0]
                heapq.heapify(heap)
                if round_ < 0:
                    continue
            gained = self.gain([*chosen, row])
            if gained is not None and gained - total > 0:
                heapq.heappush(heap, (-(gained - total), row, len(chosen)))
        return chosen

    def enumerate(self, k: int) -> list[int]:
        count = sum(comb(len(self.usable), size) for size in range(1, k + 1))
        if count > self.max_runs:
            raise InputError(
                f"Trying every choice of {k} of {len(self.usable)} candidates takes {count} "
                f"scenarios, more than max_runs = {self.max_runs}. Use fewer candidates.",
                zh=f"穷举 {len(self.usable)} 处候选需要 {count} 个方案,超过 {self.max_runs};"
                "请减少候选。",
            )
        sets = [rows for size in range(1, k + 1) for rows in combinations(self.usable, size)]
        gains = [(self.gain(rows) or 0.0, rows) for rows in sets]
        best, rows = max(gains, key=lambda pair: (pair[0], -len(pair[1])), default=(0.0, ()))
        return list(rows) if best > 0 else []

    def bound(self) -> float | None:
        """Return the gain of all openings at once, where they are few enough to be run."""
        if len(self.usable) > self.max_runs or not self.usable:
            return None if self.usable else 0.0
        possible = [row for row in self.usable if self.gain([row]) is not None]
        return self.gain(possible) if possible else 0.0

    def openings(self, chosen: list[int]) -> Openings:
        frame = self.candidates.iloc[chosen].drop(columns=["bound_s", "bound_persons"])
        totals = [self.gain(chosen[: count + 1]) or 0.0 for count in range(len(chosen))]
        gains = np.diff([0.0, *totals])
        changes: list[Any] = [changes_to_json([self.change[row]], self.base.crs) for row in chosen]
        frame = frame.assign(
            gain=gains,
            total=totals,
            changes=pd.Series(changes, index=frame.index, dtype=object),
            zh=[_told(row, WHY_ZH, "、") for _, row in frame.iterrows()],
            en=[_told(row, WHY_EN, ", ") for _, row in frame.iterrows()],
        )
        return Openings(
            frame=frame,
            objective=self.objective,
            total=totals[-1] if totals else 0.0,
            bound=self.bound(),
            runs=self.runs,
            complete=self.complete,
        )


def _change(row: pd.Series) -> OpenGate | OpenWall:
    kind = OpenGate if row["op"] == "open_gate" else OpenWall
    return kind(float(row["geometry"].x), float(row["geometry"].y))


def _told(row: pd.Series, why: dict[str, str], comma: str) -> str:
    where = row["neighbourhoods"].replace(",", comma)
    return f"{why[row['why']]}{f' ({where})' if where else ''}"
