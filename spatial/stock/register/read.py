"""Take a register from a file: every row ends added, changed, unchanged or refused, with words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.stock.register.duplicates import register_duplicates
from spatial.stock.register.names import name_form
from spatial.stock.register.sheets import RawRegister, read_sheet
from spatial.stock.register.values import KEPT_BY_SERVICE, read_value, says_nothing

__all__ = ["RegisterImport", "read_register"]

LAYER: Final = "stock_assets"
RESERVED: Final = ("osm:", "left:", "found:", "reg:")
"""Ids that begin so are made by Linli."""
MOST_ROWS: Final = 20_000
SAME_PLACE_M: Final = 0.05
"""Outlines that differ by less are the same: files keep seven decimals of a degree."""
ISSUES: Final = ("row", "id", "column", "value", "zh", "en")
ROWS: Final = ("row", "id", "state", "columns")
STATES: Final = ("added", "changed", "unchanged", "refused")


@dataclass(frozen=True, slots=True, eq=False)
class RegisterImport:
    """What a file says of the register."""

    frame: gpd.GeoDataFrame
    """inputs.stock_assets of the rows that are added or changed, in the city's zone: the whole
    entry, what the file does not say taken from the register."""
    rows: pd.DataFrame
    """``row`` (in the file, counted as a spreadsheet does), ``id``, ``state`` (added, changed,
    unchanged, refused), ``columns`` (what changed); one for each row of the file."""
    issues: pd.DataFrame
    """``row, id, column, value, zh, en``: why rows are refused, and what to do."""
    duplicates: pd.DataFrame
    """Pairs with at least one row of the file, see `register_duplicates`."""
    unused: tuple[str, ...]
    """Columns of the file that the register does not have."""

    def count(self, state: str) -> int:
        """Return how many rows ended so."""
        return int((self.rows["state"] == state).sum())


def read_register(
    path: Path,
    city: City,
    *,
    rules: ParameterSet | None = None,
    bounds_m: Sequence[float] | None = None,
) -> RegisterImport:
    """Read a register and set it beside the one that the city has.

    Parameters
    ----------
    path : Path
        The template filled in (``.xlsx``, ``.csv``), or a GeoPackage, GeoJSON or Shapefile.
    city : City
        Zone, and the register so far: its layer ``stock_assets``.
    rules : ParameterSet, optional
        Room ``register``; default the national one.
    bounds_m : sequence of 4 float, optional
        Of the city, in its zone; default those of its layers.

    Returns
    -------
    RegisterImport

    Raises
    ------
    InputError
        If the file cannot be opened, has no sheet with coordinates, or too many rows.
    CRSError
        If its coordinates do not say what they are.

    Notes
    -----
    A row is the entry of its id; without an id it gets one made from its name, kind and place, so
    that the same file read twice adds nothing. An empty cell leaves what the register says. A row
    with a value that cannot be read is refused as a whole: half an entry is a wrong one. Entries
    that the file does not name stay.
    """
    chosen = rules or read_parameters("register")
    raw = read_sheet(path, city.crs)
    if len(raw.table) > MOST_ROWS:
        raise InputError(
            f"{path.name} has {len(raw.table)} rows; at most {MOST_ROWS} are taken at once. Divide "
            "it.",
            zh=f"{path.name} 有 {len(raw.table)} 行;台账至多 {MOST_ROWS} 行,请拆分。",
        )
    there = city.layer(LAYER)
    reading = _Reading(raw, there)
    reading.refuse_far(bounds_m or city.bounds_m, chosen["farthest_m"])
    reading.read_cells()
    reading.name_rows()
    return reading.result(chosen)


class _Reading:
    """One file on its way; rows are refused one check after the other."""

    def __init__(self, raw: RawRegister, there: gpd.GeoDataFrame) -> None:
        self.raw = raw
        self.there = there
        self.issues: list[dict[str, Any]] = []
        self.values: dict[str, dict[str, Any]] = {}
        self.alive = dict.fromkeys(raw.table.index, True)
        for row, column, value, zh, en in raw.refusals:
            self.refuse(row, column, value, zh, en)

    def refuse(self, row: str, column: str, value: str, zh: str, en: str) -> None:
        self.alive[row] = False
        given = self.raw.ids.get(row)
        values = (row, given, column, value[:200], zh, en)
        self.issues.append(dict(zip(ISSUES, values, strict=True)))

    def rows(self) -> list[str]:
        return [row for row, alive in self.alive.items() if alive]

    def refuse_far(self, bounds_m: Sequence[float], farthest_m: float) -> None:
        west, south, east, north = bounds_m
        if not np.isfinite([west, south, east, north]).all():
            return
        near = shapely.box(west, south, east, north).buffer(farthest_m)
        for row in self.rows():
            shape = self.raw.geometry[row]
            if not near.intersects(shape):
                x, y = shape.centroid.x, shape.centroid.y
                self.refuse(
                    row,
                    "geometry",
                    f"({x:.0f}, {y:.0f})",
                    f"位置距城市超过 {farthest_m / 1000:.0f} km;请核对坐标和坐标系",
                    f"lies more than {farthest_m / 1000:.0f} km from the city; check the "
                    "coordinates and their CRS",
                )

    def read_cells(self) -> None:
        columns = data_dictionary().inputs[LAYER].columns
        cells = self.raw.table.to_dict("index")
        for row in self.rows():
            record = {}
            for name in self.raw.table.columns:
                if name in KEPT_BY_SERVICE:
                    continue
                given = cells[row][name]
                value, issue = read_value(columns[name], given)
                if issue is not None:
                    self.refuse(row, name, issue.value, issue.zh, issue.en)
                elif not says_nothing(columns[name], given):
                    record[name] = value
            self.values[row] = record

    def name_rows(self) -> None:
        seen: dict[str, str] = {}
        for row in self.rows():
            given = self.raw.ids.get(row)
            key = given if given is not None else self._made_id(row)
            if given is not None and key.startswith(RESERVED) and key not in self.there.index:
                self.refuse(
                    row,
                    "id",
                    key,
                    f"以 {'、'.join(RESERVED)} 开头的编号由系统使用;请换一个",
                    f"ids that begin with {', '.join(RESERVED)} are Linli's; give another one",
                )
            elif len(key) > 200:
                self.refuse(row, "id", key, "编号过长", "the id is too long")
            elif key in seen:
                self.refuse(
                    row,
                    "id",
                    key,
                    f"与第 {seen[key]} 行是同一条;请删去一行,或给不同的编号",
                    f"is the same entry as row {seen[key]}; drop one, or give them ids of their "
                    "own",
                )
            else:
                seen[key] = row
        self.row_of = seen

    def _made_id(self, row: str) -> str:
        """Make an id from name, kind and place to the metre: the same entry, the same id."""
        values = self.values[row]
        middle = self.raw.geometry[row].centroid
        said = [name_form(values.get("name") or ""), values.get("kind") or ""]
        said += [f"{middle.x:.0f}", f"{middle.y:.0f}", str(values.get("floor_level", ""))]
        return "made-" + hashlib.sha256("|".join(said).encode()).hexdigest()[:12]

    def result(self, rules: ParameterSet) -> RegisterImport:
        spec = data_dictionary().inputs[LAYER]
        alive = {key: row for key, row in self.row_of.items() if self.alive[row]}
        records, shapes, states = [], [], {}
        for key, row in alive.items():
            old = self.there.loc[key] if key in self.there.index else None
            entry, changed = _merged(
                old, self.values[row], self.raw.geometry[row], list(spec.columns)
            )
            shapes.append(entry.pop("geometry"))
            records.append(entry)
            state = "added" if old is None else ("changed" if changed else "unchanged")
            states[row] = (key, state, ", ".join(changed) if old is not None else "")
        frame = gpd.GeoDataFrame(
            pd.DataFrame(records, columns=list(spec.columns), index=list(alive), dtype=object),
            geometry=gpd.GeoSeries(shapes, index=list(alive), crs=self.there.crs),
            crs=self.there.crs,
        )
        frame = conform(frame, spec, name=self.raw.source)
        rows = [
            (row, *(states.get(row) or (self.raw.ids.get(row), "refused", "")))
            for row in self.alive
        ]
        table = pd.DataFrame(rows, columns=list(ROWS)).astype("string")
        new = [key for key, state, _ in states.values() if state in ("added", "changed")]
        return RegisterImport(
            frame=frame.loc[new],
            rows=table,
            issues=pd.DataFrame(self.issues, columns=list(ISSUES)).astype("string"),
            duplicates=_pairs_of(frame, self.there, new, rules),
            unused=self.raw.unused,
        )


def _merged(
    old: Any, values: dict[str, Any], shape: Any, columns: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the whole entry, and the columns in which it differs from the one so far."""
    if old is None:
        return {**{name: values.get(name) for name in columns}, "geometry": shape}, []
    before = {name: None if pd.isna(old[name]) else old[name] for name in columns}
    changed = [name for name, value in values.items() if value != before[name]]
    if not _same_place(old.geometry, shape):
        changed.append("geometry")
    else:
        shape = old.geometry
    return {**before, **values, "geometry": shape}, changed


def _same_place(one: Any, other: Any) -> bool:
    if one.geom_type != other.geom_type:
        return False
    return bool(shapely.hausdorff_distance(one, other) <= SAME_PLACE_M)


def _pairs_of(
    frame: gpd.GeoDataFrame, there: gpd.GeoDataFrame, new: Iterable[str], rules: ParameterSet
) -> pd.DataFrame:
    rest = there[~there.index.isin(frame.index)]
    both = [part[["name", "floor_level", "geometry"]] for part in (rest, frame) if len(part)]
    every = pd.concat(both) if both else rest[["name", "floor_level", "geometry"]]
    pairs = register_duplicates(gpd.GeoDataFrame(every, crs=there.crs), rules=rules)
    named = set(new)
    mine = pairs["one"].isin(named) | pairs["other"].isin(named)
    return pairs[mine.to_numpy(dtype=bool)].reset_index(drop=True)
