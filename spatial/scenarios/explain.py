"""Why a neighbourhood lacks something, and the smallest changes that would help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import InputError
from spatial.network import Attachments
from spatial.reach import path_between
from spatial.reach.kernels import FAR
from spatial.reach.live_network import best_of_points
from spatial.scenarios.candidates import openings_for
from spatial.scenarios.changes import AddFacility, BuildLink, Change, OpenGate, OpenWall
from spatial.units import MM_PER_M

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["Fix", "GapExplanation", "explain_gap"]

Longs = npt.NDArray[np.int64]
MM_MASK: Final = 32
SHOWN: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """A small change that helps, with its effect found by running it."""

    changes: tuple[Change, ...]
    gain: float
    """Metres by which the walk of this neighbourhood becomes shorter."""
    closes: bool
    """Whether the kind is then present."""
    nearest_m: float | None
    """Walk after the change."""
    persons: float
    """Residents × must-have kinds newly within their limits, in the whole city."""
    zh: str
    en: str


@dataclass(frozen=True, slots=True, eq=False)
class GapExplanation:
    """One gap: what is nearest, how one walks there, what is missing, and what would help."""

    neighbourhood_id: str
    kind: str
    layer: str
    status: str
    facility: dict[str, Any] | None
    """``id, name, distance_m, time_s, limit_m`` of the nearest one; None if none was found."""
    path: shapely.LineString | None
    """The walk, in the city's zone."""
    missing_m: float | None
    """Metres beyond the limit."""
    missing_m2: float | None
    """Floor or land area short of what the standard asks for, where it asks for an area."""
    missing_capacity: float | None
    """Places short of what is asked for, where capacities are known."""
    fixes: tuple[Fix, ...]


def explain_gap(
    base: ScenarioBase, neighbourhood_id: str, kind: str, *, layer: str | None = None
) -> GapExplanation:
    """Explain one gap and find the smallest fixes.

    Parameters
    ----------
    base : ScenarioBase
    neighbourhood_id : str
    kind : str
        Id of the catalogue.
    layer : str, optional
        By default the smallest layer at which the kind is missing, else the smallest.

    Returns
    -------
    GapExplanation
        Its fixes, at most three, are of three sorts: open a gate or wall, build a link, put the
        kind into a stock asset; of each sort the one after which the walk is shortest. Those that
        close the gap come first, then those that shorten the walk most.

    Raises
    ------
    InputError
        If there is no such neighbourhood, or the kind is not checked there.
    """
    place, row = _gap_row(base, neighbourhood_id, kind, layer)
    tried = _Tried(base, place, row)
    kind_row = base.kind_row[kind]
    return GapExplanation(
        neighbourhood_id=neighbourhood_id,
        kind=kind,
        layer=str(row["layer"]),
        status=str(row["status"]),
        facility=_facility(base, row),
        path=_path(base, place, kind_row),
        missing_m=_number(row["missing_m"]),
        missing_m2=_number(row["short_m2"]),
        missing_capacity=_missing_capacity(base, place, kind),
        fixes=tried.best() if row["status"] != "present" else (),
    )


def _gap_row(
    base: ScenarioBase, neighbourhood_id: str, kind: str, layer: str | None
) -> tuple[int, pd.Series]:
    place = base.place_row(neighbourhood_id)
    if place is None:
        raise InputError(
            f"There is no neighbourhood {neighbourhood_id!r}. Use the id of a neighbourhood.",
            zh=f"没有小区 {neighbourhood_id!r};请使用小区编号。",
        )
    count = len(base.checks.kind)
    rows = base.frame("gaps").iloc[place * count : (place + 1) * count]
    rows = rows[(rows["kind"] == kind).to_numpy(dtype=bool)]
    if layer is not None:
        rows = rows[(rows["layer"] == layer).to_numpy(dtype=bool)]
    if rows.empty:
        at = f" at layer {layer!r}" if layer else ""
        raise InputError(
            f"The catalogue does not check {kind!r}{at}. Use a kind of `base.frame('gaps')`.",
            zh=f"目录在该层级不检查 {kind!r};请使用缺口表中的类别。",
        )
    missing = rows[(rows["status"] == "missing").to_numpy(dtype=bool)]
    return place, (missing if len(missing) else rows).iloc[0]


def _missing_capacity(base: ScenarioBase, place: int, kind: str) -> float | None:
    """Places short of the standard for the residents, where both are known."""
    table, frame = base.frame("access"), base.frame("neighbourhoods")
    rows = table[
        (table["neighbourhood_id"] == frame.index[place]).to_numpy(dtype=bool)
        & (table["kind"] == kind).to_numpy(dtype=bool)
        & (table["measure"] == "capacity").to_numpy(dtype=bool, na_value=False)
    ]
    if rows.empty:
        return None
    persons = _number(frame["persons"].iloc[place])
    asked = _number(rows["standard_per_1000_persons"].iloc[0])
    held = _number(rows["supply_per_1000_persons"].iloc[0])
    if persons is None or asked is None or held is None:
        return None
    return max(asked - held, 0.0) * persons / 1000.0


def _facility(base: ScenarioBase, row: pd.Series) -> dict[str, Any] | None:
    id_ = row["nearest_facility_id"]
    if pd.isna(id_):
        return None
    name = base.frame("facilities").loc[id_, "name"]
    return {
        "id": str(id_),
        "name": None if pd.isna(name) else str(name),
        "distance_m": _number(row["nearest_m"]),
        "time_s": _number(row["nearest_s"]),
        "limit_m": _number(row["limit_m"]),
    }


def _path(base: ScenarioBase, place: int, kind: int) -> shapely.LineString | None:
    """Draw the walk from the best gate to the nearest facility."""
    key, own = base.arrays["near_key"][kind, place], base.arrays["near_owner"][kind, place]
    if key >= FAR:
        return None
    rows, _ = base.live.gates_of(np.array([place]))
    live = base.live
    keys, _ = best_of_points(
        live.arcs,
        live.label[kind],
        live.owner[kind],
        live.rank,
        live.points["facility"],
        live.alive[kind],
        live.points["gate"],
        rows,
        live.limit,
    )
    rows = rows[keys >> MM_MASK == key >> MM_MASK]
    gates = attached(base, "gate", rows, base.frame("gates").index, base.gate_xy())
    entrances = base.frame("entrances")
    entrance = attached(
        base,
        "facility",
        np.array([own]),
        entrances.index,
        shapely.get_coordinates(entrances.geometry.to_numpy()[[own]]),
        given=True,
    )
    cutoff_m = (int(key) >> MM_MASK) / MM_PER_M
    for row in range(len(rows)):
        way = path_between(base.network, gates, row, entrance, 0, cutoff_m=cutoff_m)
        if way is not None:
            return way
    return None


def attached(
    base: ScenarioBase,
    name: str,
    rows: Longs,
    ids: pd.Index,
    xy_m: npt.NDArray[np.float64],
    *,
    given: bool = False,
) -> Attachments:
    """Return some attached points of the base; `xy_m` is of all points, or of these (`given`)."""
    take = base.arrays.__getitem__
    return Attachments(
        ids=ids[rows],
        edge=take(f"{name}_edge")[rows],
        offset_mm=take(f"{name}_offset_mm")[rows],
        entry_mm=(take(f"{name}_entry_key")[rows] >> MM_MASK).astype(np.int32),
        xy_m=xy_m if given else xy_m[rows],
        why_not=np.full(len(rows), "", dtype=object),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Idea:
    """A change that may help, and how far one walks after it at the least."""

    change: Change
    least_m: float
    zh: str
    en: str


class _Tried:
    """Tries fixes and keeps the best of each sort."""

    def __init__(self, base: ScenarioBase, place: int, row: pd.Series) -> None:
        self.base, self.place, self.row = base, place, row
        self.kind, self.layer = str(row["kind"]), str(row["layer"])
        self.kind_row = base.kind_row[self.kind]
        self.check = next(
            check
            for check in base.checks.of_kind(self.kind_row)
            if base.checks.layer[check] == self.layer
        )

    def best(self) -> tuple[Fix, ...]:
        """Return the best fix of each sort that helps, those that close the gap first."""
        fixes = [
            self._best_of(ideas) for ideas in (self._openings(), self._links(), self._assets())
        ]
        helping = [fix for fix in fixes if fix is not None and (fix.closes or fix.gain > 0)]
        return tuple(sorted(helping, key=_order)[:SHOWN])

    def _best_of(self, ideas: Iterator[_Idea]) -> Fix | None:
        """Try ideas, the smallest possible walk first, until none left can be shorter.

        Each is tried by mending the labels of the one kind alone; the best one is then run. Where
        other kinds may stand in for the kind, a longer walk can close the gap, so all are run.
        """
        if any(of == self.check for of, *_ in self.base.checks.stand_ins):
            fixes = [fix for idea in ideas if (fix := self._run(idea)) is not None]
            return min(fixes, key=_order, default=None)
        best: tuple[int, _Idea] | None = None
        for idea in ideas:
            if best is not None and idea.least_m * MM_PER_M >= best[0] >> MM_MASK:
                break
            try:
                key = self.base.nearest_after((idea.change,), self.kind_row, self.place)
            except InputError:
                continue
            if best is None or key < best[0]:
                best = key, idea
        return None if best is None else self._run(best[1])

    def _openings(self) -> Iterator[_Idea]:
        near = openings_for(self.base, self.place, self.kind_row)
        for op, point, least_m in zip(near["op"], near.geometry, near["least_m"], strict=True):
            x_m, y_m = float(point.x), float(point.y)
            if op == "open_gate":
                yield _Idea(OpenGate(x_m, y_m), least_m, "打开关闭的门", "Open the closed gate")
            else:
                yield _Idea(OpenWall(x_m, y_m), least_m, "在围墙上开口", "Open the wall")

    def _links(self) -> Iterator[_Idea]:
        """Straight links from the gates to the facilities that are nearest by air."""
        base = self.base
        rows, _ = base.live.gates_of(np.array([self.place]))
        starts = base.gate_xy()[rows]
        count = base.live.counts["facility"]
        entrances = np.flatnonzero(base.live.alive[self.kind_row, :count])
        if not len(starts) or not len(entrances):
            return
        points = base.frame("entrances").geometry.to_numpy()[entrances]
        goals = shapely.get_coordinates(points)
        apart = np.hypot(*(starts[:, None] - goals[None]).transpose(2, 0, 1))
        nearest = np.argsort(apart, axis=None, kind="stable")[:SHOWN]
        for gate, goal in zip(*np.unravel_index(nearest, apart.shape), strict=True):
            if not 0 < apart[gate, goal] <= float(self.row["limit_m"]):
                continue
            line = shapely.LineString([starts[gate], goals[goal]])
            metres = round(line.length)
            zh, en = f"新建 {metres} 米步行连接", f"Build a link of {metres} m"
            yield _Idea(BuildLink(line), 0.0, zh, en)

    def _assets(self) -> Iterator[_Idea]:
        fits = self.base.frame("stock_fits")
        id_ = self.base.frame("neighbourhoods").index[self.place]
        here = (fits["neighbourhood_id"] == id_) & (fits["kind"] == self.kind)
        rows = fits[here.to_numpy(dtype=bool, na_value=False)].sort_values("distance_m")
        stock = self.base.frame("stock")
        kind = self.base.profile.catalogue.kinds[self.kind]
        for asset in rows["stock_id"].head(SHOWN):
            point = stock.geometry[asset].representative_point()
            name = stock.loc[asset, "name"]
            called = asset if pd.isna(name) else name
            change = AddFacility(f"stock-{asset}", self.kind, float(point.x), float(point.y))
            zh = f"将存量资源“{called}”用作{kind.zh}"
            yield _Idea(change, 0.0, zh, f"Use {called} as {kind.en.lower()}")

    def _run(self, idea: _Idea) -> Fix | None:
        try:
            result = self.base.run((idea.change,))
        except InputError:
            return None
        key = int(result.near(self.kind_row)[0][self.place])
        far_m = self.base.facts.search_m
        before = int(self.base.arrays["near_key"][self.kind_row, self.place])
        new_m = (key >> MM_MASK) / MM_PER_M if key < FAR else None
        old_m = (before >> MM_MASK) / MM_PER_M if before < FAR else far_m
        figure = result.figures["person_gaps"]
        told_zh = f",步行 {new_m:.0f} 米" if new_m is not None else ""
        told_en = f": a walk of {new_m:.0f} m" if new_m is not None else ""
        return Fix(
            changes=(idea.change,),
            gain=old_m - (far_m if new_m is None else new_m),
            closes=bool(result.status(self.check)[self.place] == 0),
            nearest_m=new_m,
            persons=float(figure["before"] - figure["after"]),
            zh=idea.zh + told_zh,
            en=idea.en + told_en,
        )


def _order(fix: Fix) -> tuple[bool, float]:
    return not fix.closes, -fix.gain


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
