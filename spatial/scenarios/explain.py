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
from spatial.scenarios.candidates import opening_candidates
from spatial.scenarios.changes import AddFacility, BuildLink, Change, OpenGate, OpenWall
from spatial.units import MM_PER_M

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["Fix", "GapExplanation", "explain_gap"]

Longs = npt.NDArray[np.int64]
MM_MASK: Final = 32
TRIED: Final = 12
"""Openings and links of each sort that are tried, the most promising first."""
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
        kind into a stock asset; the best of each sort by what it does when it is run. Those that
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
    if "access" not in base.table_names:
        return None
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
    ways = [path_between(base.network, gates, row, entrance, 0) for row in range(len(rows))]
    lines = [way for way in ways if way is not None]
    return min(lines, key=shapely.length, default=None)


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


class _Tried:
    """Runs fixes and keeps the best of each sort."""

    def __init__(self, base: ScenarioBase, place: int, row: pd.Series) -> None:
        self.base, self.place, self.row = base, place, row
        self.kind, self.layer = str(row["kind"]), str(row["layer"])
        self.check = next(
            check
            for check in base.checks.of_kind(base.kind_row[self.kind])
            if base.checks.layer[check] == self.layer
        )

    def best(self) -> tuple[Fix, ...]:
        """Return the best fix of each sort that helps, those that close the gap first."""
        sorts = (self._openings(), self._links(), self._assets())
        best = []
        for fixes in sorts:
            found = [fix for fix in fixes if fix is not None and (fix.closes or fix.gain > 0)]
            if found:
                best.append(min(found, key=_order))
        return tuple(sorted(best, key=_order)[:SHOWN])

    def _openings(self) -> Iterator[Fix | None]:
        parcel = self.base.frame("neighbourhoods").geometry.iloc[self.place]
        near = opening_candidates(self.base, around=parcel)
        for _, one in near.head(TRIED).iterrows():
            x_m, y_m = float(one.geometry.x), float(one.geometry.y)
            if one["op"] == "open_gate":
                yield self._run((OpenGate(x_m, y_m),), "打开关闭的门", "Open the closed gate")
            else:
                yield self._run((OpenWall(x_m, y_m),), "在围墙上开口", "Open the wall")

    def _links(self) -> Iterator[Fix | None]:
        """Straight links from the gates to the facilities that are nearest by air."""
        base = self.base
        rows, _ = base.live.gates_of(np.array([self.place]))
        starts = base.gate_xy()[rows]
        kind = base.kind_row[self.kind]
        count = base.live.counts["facility"]
        entrances = np.flatnonzero(base.live.alive[kind, :count])
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
            yield self._run(
                (BuildLink(line),), f"新建 {metres} 米步行连接", f"Build a link of {metres} m"
            )

    def _assets(self) -> Iterator[Fix | None]:
        fits = self.base.frame("stock_fits")
        id_ = self.base.frame("neighbourhoods").index[self.place]
        here = (fits["neighbourhood_id"] == id_) & (fits["kind"] == self.kind)
        rows = fits[here.to_numpy(dtype=bool, na_value=False)].sort_values("distance_m")
        stock = self.base.frame("stock")
        for asset in rows["stock_id"].head(SHOWN):
            point = stock.geometry[asset].representative_point()
            name = stock.loc[asset, "name"]
            called = asset if pd.isna(name) else name
            change = AddFacility(f"stock-{asset}", self.kind, float(point.x), float(point.y))
            kind = self.base.profile.catalogue.kinds[self.kind]
            yield self._run(
                (change,),
                f"将存量资源“{called}”用作{kind.zh}",
                f"Use {called} as {kind.en.lower()}",
            )

    def _run(self, changes: tuple[Change, ...], zh: str, en: str) -> Fix | None:
        try:
            result = self.base.run(changes)
        except InputError:
            return None
        kind = self.base.kind_row[self.kind]
        key = int(result.near(kind)[0][self.place])
        far_m = self.base.facts.search_m
        before = int(self.base.arrays["near_key"][kind, self.place])
        new_m = (key >> MM_MASK) / MM_PER_M if key < FAR else None
        old_m = (before >> MM_MASK) / MM_PER_M if before < FAR else far_m
        closes = bool(result.status(self.check)[self.place] == 0)
        figure = result.figures["person_gaps"]
        told_zh = f",步行 {new_m:.0f} 米" if new_m is not None else ""
        told_en = f": a walk of {new_m:.0f} m" if new_m is not None else ""
        return Fix(
            changes=changes,
            gain=old_m - (far_m if new_m is None else new_m),
            closes=closes,
            nearest_m=new_m,
            persons=float(figure["before"] - figure["after"]),
            zh=zh + told_zh,
            en=en + told_en,
        )


def _order(fix: Fix) -> tuple[bool, float]:
    return not fix.closes, -fix.gain


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
