"""Openings that pay: the k gates, walls or missing links that help residents most."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import InputError
from spatial.progress import Progress, silent
from spatial.scenarios.candidates import opening_candidates
from spatial.scenarios.changes import BuildLink, Change, OpenGate, OpenWall, changes_to_json
from spatial.scenarios.figures import walk_s
from spatial.scenarios.tally import MISSING

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
    "dead end": "接通断头路",
    "near parts": "连接邻近的步行路网",
}
WHY_EN: Final = {
    "closed gate": "Open the closed gate",
    "shared fence": "Open the fence between neighbourhoods",
    "outline": "Open the neighbourhood's wall",
    "wall": "Open the wall",
    "dead end": "Join the dead end",
    "near parts": "Join near parts of the network",
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
    bound: float
    """No choice of candidates saves more than this."""
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
    best single one where `complete`; and no choice saves more than `bound`: what is saved if
    everybody walks as the crow flies (`air_bound`), or if less the gain of opening all candidates
    at once, where there are at most `max_runs` (walks never become longer in metres by an opening).
    The sum of the k largest single bounds is none: see the two openings in a row.

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

    def bound(self) -> float:
        """Return what no choice saves more than; see `best_openings`."""
        if not self.usable:
            return 0.0
        by_air = air_bound(self.base, self.objective)
        if len(self.usable) > self.max_runs:
            return by_air
        possible = [row for row in self.usable if self.gain([row]) is not None]
        at_once = self.gain(possible) if possible else 0.0
        return by_air if at_once is None else min(at_once, by_air)

    def _told(self, row: pd.Series, why: dict[str, str], comma: str) -> str:
        """Say what is opened, and whose it is by name; by id where there is none."""
        ids = [id_ for id_ in row["neighbourhoods"].split(",") if id_]
        names = self.base.frame("neighbourhoods")["name"].reindex(ids)
        called = [id_ if pd.isna(name) else str(name) for id_, name in names.items()]
        metres = f" {row['geometry'].length:.0f} m" if row["op"] == "build_link" else ""
        return f"{why[row['why']]}{metres}{f' ({comma.join(called)})' if called else ''}"

    def openings(self, chosen: list[int]) -> Openings:
        frame = self.candidates.iloc[chosen].drop(columns=["bound_s", "bound_persons"])
        totals = [self.gain(chosen[: count + 1]) or 0.0 for count in range(len(chosen))]
        gains = np.diff([0.0, *totals])
        changes: list[Any] = [changes_to_json([self.change[row]], self.base.crs) for row in chosen]
        frame = frame.assign(
            gain=gains,
            total=totals,
            changes=pd.Series(changes, index=frame.index, dtype=object),
            zh=[self._told(row, WHY_ZH, "、") for _, row in frame.iterrows()],
            en=[self._told(row, WHY_EN, ", ") for _, row in frame.iterrows()],
        )
        return Openings(
            frame=frame,
            objective=self.objective,
            total=totals[-1] if totals else 0.0,
            bound=self.bound(),
            runs=self.runs,
            complete=self.complete,
        )


def air_bound(base: ScenarioBase, objective: Objective) -> float:
    """Return what is saved if everybody walks to the nearest entrance as the crow flies.

    Notes
    -----
    Every walk begins at a gate, or at an opening at most ``parcel_touch_m`` off the outline of the
    neighbourhood, and ends at an entrance; openings and links move neither gates nor entrances. So
    no walk is ever shorter than a_ik, the distance by air from the gates, or from the outline less
    that much, to the nearest entrance of the kind. Summed over residents and must-have kinds:
    w_i (t_ik - a_ik / v) in seconds at the level speed v, and w_i where the kind is missing and
    a_ik is within its limit. This holds for any number of openings, whatever they do together.
    """
    checks, take = base.checks, base.arrays.__getitem__
    persons = np.nan_to_num(take("persons"))
    musts = np.flatnonzero(checks.must)
    kinds = np.unique(checks.kind[musts])
    air_m = {int(kind): _air_m(base, int(kind)) for kind in kinds}
    if objective == "person_seconds":
        saved = 0.0
        for kind in kinds:
            walk = walk_s(take("near_key")[kind], base.cap_s)
            least = np.minimum(air_m[int(kind)] / base.facts.speed_m_per_s, base.cap_s)
            saved += float((persons * np.maximum(walk - least, 0.0)).sum())
        return saved
    near = [
        (take("status")[check] == MISSING)
        & (air_m[int(checks.kind[check])] <= checks.limit_m[check])
        for check in musts
    ]
    return float(sum((persons * lacking).sum() for lacking in near))


def _air_m(base: ScenarioBase, kind: int) -> npt.NDArray[np.float64]:
    """Distance by air from each neighbourhood to the nearest entrance of a kind."""
    touch_m = float(base.profile.rooms["scenarios"]["parcel_touch_m"])
    rows = np.flatnonzero(base.live.alive[kind, : base.live.counts["facility"]])
    outlines = base.frame("neighbourhoods").geometry.to_numpy()
    far = np.full(len(outlines), np.inf)
    if not len(rows):
        return far
    tree = shapely.STRtree(base.frame("entrances").geometry.to_numpy()[rows])
    at, metres = tree.query_nearest(outlines, return_distance=True, all_matches=False)
    far[at[0]] = np.maximum(metres - touch_m, 0.0)
    gates = shapely.points(base.gate_xy())
    at, metres = tree.query_nearest(gates, return_distance=True, all_matches=False)
    place = base.arrays["gate_group"][at[0]]
    np.minimum.at(far, place[place >= 0], metres[place >= 0])
    return far


def _change(row: pd.Series) -> OpenGate | OpenWall | BuildLink:
    if row["op"] == "build_link":
        return BuildLink(row["geometry"])
    kind = OpenGate if row["op"] == "open_gate" else OpenWall
    return kind(float(row["geometry"].x), float(row["geometry"].y))
