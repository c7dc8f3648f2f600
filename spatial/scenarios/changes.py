"""What may change in a scenario: facilities, gates, walls, links, people; and the same as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyproj
import shapely

from spatial.errors import InputError

__all__ = [
    "AddFacility",
    "BuildLink",
    "Change",
    "ChangePopulation",
    "CloseFacility",
    "CloseGate",
    "CutLink",
    "OpenGate",
    "OpenWall",
    "ResizeFacility",
    "changes_from_json",
    "changes_to_json",
]


@dataclass(frozen=True, slots=True)
class AddFacility:
    """A new facility at a place of the city's metric zone."""

    id: str
    kind: str
    x_m: float
    y_m: float
    capacity: float | None = None
    floor_m2: float | None = None


@dataclass(frozen=True, slots=True)
class CloseFacility:
    """A facility, of the city or added before, that closes."""

    id: str


@dataclass(frozen=True, slots=True)
class ResizeFacility:
    """A facility that gets other places or another floor area; what is None stays."""

    id: str
    capacity: float | None = None
    floor_m2: float | None = None


@dataclass(frozen=True, slots=True)
class OpenGate:
    """The closed gate nearest to a place is opened for walkers."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class CloseGate:
    """A gate of a neighbourhood is closed."""

    id: str


@dataclass(frozen=True, slots=True)
class OpenWall:
    """A new opening in the wall nearest to a place."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class BuildLink:
    """A new path; it joins every street that it meets at ground level."""

    line: shapely.LineString


@dataclass(frozen=True, slots=True)
class CutLink:
    """The street nearest to a place is cut there."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class ChangePopulation:
    """A neighbourhood has another number of residents."""

    id: str
    persons: float


Change = (
    AddFacility
    | CloseFacility
    | ResizeFacility
    | OpenGate
    | CloseGate
    | OpenWall
    | BuildLink
    | CutLink
    | ChangePopulation
)

OPS: Final[Mapping[str, type]] = {
    "add_facility": AddFacility,
    "close_facility": CloseFacility,
    "resize_facility": ResizeFacility,
    "open_gate": OpenGate,
    "close_gate": CloseGate,
    "open_wall": OpenWall,
    "build_link": BuildLink,
    "cut_link": CutLink,
    "change_population": ChangePopulation,
}
Reader = Callable[[Mapping[str, Any], str], Any]


def changes_from_json(items: Sequence[Mapping[str, Any]], crs: Any) -> tuple[Change, ...]:
    """Read changes from plain JSON values in longitude/latitude.

    Parameters
    ----------
    items : sequence of mappings
        Each with ``op`` and the keys of its change; places as ``lon``, ``lat``, a link as
        ``coordinates``.
    crs : CRS
        The city's metric zone.

    Raises
    ------
    InputError
        If a change cannot be understood; the message says which one, counting from 1.

    Examples
    --------
    >>> changes_from_json([{"op": "close_gate", "id": "g7"}], 4547)
    (CloseGate(id='g7'),)
    >>> changes_from_json([{"op": "close_gate"}], 4547)
    Traceback (most recent call last):
    ...
    spatial.errors.InputError: Change 1 (close_gate): `id` is missing. Give it as text.
    """
    zone = pyproj.CRS.from_user_input(crs)
    to_zone = pyproj.Transformer.from_crs(zone.geodetic_crs, zone, always_xy=True)
    return tuple(
        _change(item, f"Change {number}", f"第 {number} 项变更", to_zone)
        for number, item in enumerate(items, start=1)
    )


def changes_to_json(changes: Sequence[Change], crs: Any) -> list[dict[str, Any]]:
    """Write changes as plain JSON values in longitude/latitude (nine decimals: a tenth of a mm).

    Examples
    --------
    >>> changes_to_json([ChangePopulation("n1", 420.0)], 4547)
    [{'op': 'change_population', 'id': 'n1', 'persons': 420.0}]
    """
    zone = pyproj.CRS.from_user_input(crs)
    to_degrees = pyproj.Transformer.from_crs(zone, zone.geodetic_crs, always_xy=True)
    names = {kind: op for op, kind in OPS.items()}
    return [{"op": names[type(change)]} | _plain(change, to_degrees) for change in changes]


def _plain(change: Change, to_degrees: pyproj.Transformer) -> dict[str, Any]:
    if isinstance(change, BuildLink):
        x, y = shapely.get_coordinates(change.line).T
        lon, lat = to_degrees.transform(x, y)
        pairs = zip(lon.tolist(), lat.tolist(), strict=True)
        return {"coordinates": [[round(a, 9), round(b, 9)] for a, b in pairs]}
    values = {name: getattr(change, name) for name in change.__slots__}
    if "x_m" in values:
        lon, lat = to_degrees.transform(values.pop("x_m"), values.pop("y_m"))
        values |= {"lon": round(float(lon), 9), "lat": round(float(lat), 9)}
    return {name: value for name, value in values.items() if value is not None}


def _change(item: Any, where: str, where_zh: str, to_zone: pyproj.Transformer) -> Change:
    if not isinstance(item, Mapping):
        raise InputError(
            f'{where} is {item!r}; give an object such as {{"op": "close_gate", "id": "…"}}.',
            zh=f'{where_zh}不是对象;请写成 {{"op": "close_gate", "id": "…"}} 的形式。',
        )
    op = item.get("op")
    if not isinstance(op, str) or op not in OPS:
        raise InputError(
            f"{where}: `op` is {op!r}; use one of {', '.join(OPS)}.",
            zh=f"{where_zh}:`op` 为 {op!r};可用:{'、'.join(OPS)}。",
        )
    take = _Taker(item, f"{where} ({op})", f"{where_zh}({op})", to_zone)
    if op == "add_facility":
        x_m, y_m = take.place()
        change: Change = AddFacility(
            take.text("id"),
            take.text("kind"),
            x_m,
            y_m,
            take.size("capacity"),
            take.size("floor_m2"),
        )
    elif op == "resize_facility":
        change = ResizeFacility(take.text("id"), take.size("capacity"), take.size("floor_m2"))
        if change.capacity is None and change.floor_m2 is None:
            raise take.fault(
                "it changes nothing. Give `capacity` or `floor_m2`.",
                "没有改变任何数值;请给出 `capacity` 或 `floor_m2`。",
            )
    elif op == "change_population":
        persons = take.size("persons")
        if persons is None:
            raise take.fault(
                "`persons` is missing. Give a number of 0 or more.",
                "缺少 `persons`;请给出不小于 0 的数。",
            )
        change = ChangePopulation(take.text("id"), persons)
    elif op == "build_link":
        change = BuildLink(take.line())
    elif op in {"open_gate", "open_wall", "cut_link"}:
        change = OPS[op](*take.place())
    else:
        change = OPS[op](take.text("id"))
    take.all_taken()
    return change


class _Taker:
    """Takes values out of one item, each checked; knows how to complain."""

    def __init__(
        self, item: Mapping[str, Any], where: str, where_zh: str, to_zone: pyproj.Transformer
    ) -> None:
        self.item = item
        self.where = where
        self.where_zh = where_zh
        self.to_zone = to_zone
        self.known = {"op"}

    def fault(self, en: str, zh: str) -> InputError:
        return InputError(f"{self.where}: {en}", zh=f"{self.where_zh}:{zh}")

    def text(self, key: str) -> str:
        self.known.add(key)
        value = self.item.get(key)
        if not isinstance(value, str) or not value:
            said = "is missing" if value is None else f"is {value!r}"
            raise self.fault(f"`{key}` {said}. Give it as text.", f"`{key}` 缺失或不是文字。")
        return value

    def size(self, key: str) -> float | None:
        """Take a number of 0 or more; None where it is not given."""
        self.known.add(key)
        value = self.item.get(key)
        if value is None:
            return None
        if not _is_number(value) or value < 0:
            raise self.fault(
                f"`{key}` is {value!r}; give a number of 0 or more.",
                f"`{key}` 为 {value!r};请给出不小于 0 的数。",
            )
        return float(value)

    def place(self) -> tuple[float, float]:
        self.known |= {"lon", "lat"}
        return self._project([self.item.get("lon"), self.item.get("lat")])

    def line(self) -> shapely.LineString:
        self.known.add("coordinates")
        pairs = self.item.get("coordinates")
        if not isinstance(pairs, Sequence) or isinstance(pairs, str) or len(pairs) < 2:
            raise self.fault(
                "`coordinates` must list at least two places [lon, lat].",
                "`coordinates` 至少要有两个位置 [lon, lat]。",
            )
        line = shapely.LineString([self._project(pair) for pair in pairs])
        if not line.length > 0:
            raise self.fault(
                "the link has no length. Draw it between two places.",
                "连接线没有长度;请在两处之间绘制。",
            )
        return line

    def _project(self, pair: Any) -> tuple[float, float]:
        if not isinstance(pair, Sequence) or len(pair) != 2 or not all(map(_is_number, pair)):
            raise self.fault(
                f"{pair!r} is no place. Give longitude and latitude as numbers.",
                f"{pair!r} 不是位置;请给出经度和纬度。",
            )
        lon, lat = pair
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise self.fault(
                f"longitude {lon}, latitude {lat} lies outside the earth. "
                "Give degrees, longitude first.",
                f"经度 {lon}、纬度 {lat} 超出范围;请按度给出,经度在前。",
            )
        x_m, y_m = self.to_zone.transform(lon, lat)
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            raise self.fault(
                f"longitude {lon}, latitude {lat} cannot be brought into the city's zone.",
                f"经度 {lon}、纬度 {lat} 无法换算到城市坐标系。",
            )
        return float(x_m), float(y_m)

    def all_taken(self) -> None:
        strange = sorted(set(self.item) - self.known)
        if strange:
            raise self.fault(
                f"unknown key `{strange[0]}`; known are {', '.join(sorted(self.known))}.",
                f"未知的键 `{strange[0]}`;可用:{'、'.join(sorted(self.known))}。",
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
