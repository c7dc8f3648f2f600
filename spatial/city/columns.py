"""Columns of a source to columns of the dictionary: names, values, dirty numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.city.area_codes import full_code, level_of_code
from spatial.city.osm_surfaces import BUILDING_USES, LAND_USES, WATERS
from spatial.city.recipe import FileRecipe, alias_tables
from spatial.city.report import Note
from spatial.city.shapefiles import FIELD_NAME_BYTES
from spatial.city.text_values import clean, is_blank, parse_boolean, parse_number, parse_year
from spatial.dictionary import ColumnSpec, LayerSpec, conform

__all__ = ["fill_columns", "rename_columns", "tag_of_class"]

OSM_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "land_use.use": LAND_USES,
    "water.kind": WATERS,
    "buildings.use": BUILDING_USES,
}
"""OSM class names, as common extracts carry them in a column."""
NOT_NEGATIVE: Final = ("persons", "households", "floors", "m2", "m", "share")
COUNTS: Final = ("capacity", "building_count", "danger_buildings")
"""Columns that count things of no unit; below 0 they are unreadable too."""
UNUSED_SHOWN: Final = 12
LEAST_CUT: Final = 3
NO: Final = ("f", "no", "0", "false", "n", "否")


def rename_columns(
    frame: gpd.GeoDataFrame, spec: LayerSpec, recipe: FileRecipe
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give columns the dictionary's names: by recipe, else by name, else by alias.

    Returns
    -------
    GeoDataFrame, list of str
        The frame with the dictionary's column names, and the columns that have no place there.
        For facilities these are kept in ``tags``, as given.
    """
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    by_name = {clean(column): column for column in reversed(table.columns)}
    chosen: dict[str, str] = {}
    for column in spec.columns.values():
        wanted = recipe.columns.get(column.name)
        names = (wanted,) if wanted is not None else (column.name, *column.aliases)
        sources = [by_name.get(clean(name)) for name in names]
        source = next((s for s in sources if s is not None and s not in chosen.values()), None)
        if source is not None:
            chosen[column.name] = source
    chosen |= _cut_names(spec, table.columns, chosen)
    unused = [c for c in table.columns if c not in chosen.values()]
    renamed = pd.DataFrame({name: table[source] for name, source in chosen.items()})
    renamed.index = table.index
    if "structure" in spec.columns and "structure" not in renamed:
        flags = [by_name.get(flag) for flag in ("tunnel", "bridge")]
        if any(flag is not None for flag in flags):
            renamed["structure"] = _structure(table, flags)
            unused = [c for c in unused if c not in flags]
    for name, constant in recipe.constants.items():
        renamed[name] = constant
    if "scheme" in spec.columns and "code" in chosen and "scheme" not in renamed:
        renamed["scheme"] = alias_tables()["land_use_schemes"].get(chosen["code"].upper())
    for name, values in recipe.values.items():
        if name in renamed:
            table_of = {clean(k): v for k, v in values.items()}
            renamed[name] = renamed[name].map(lambda v, t=table_of: t.get(clean(v), v))
    if "tags" in spec.columns and "tags" not in renamed and unused:
        renamed["tags"] = _as_tags(table[unused])
        unused = []
    geometry = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=frame.crs)
    return gpd.GeoDataFrame(renamed, geometry=geometry, crs=frame.crs), unused


def _cut_names(spec: LayerSpec, columns: pd.Index, chosen: Mapping[str, str]) -> dict[str, str]:
    """Match names that a shapefile cut after ten bytes, where only one column begins so."""
    found: dict[str, str] = {}
    for source in columns:
        name = clean(source)
        cut = name if len(name) >= LEAST_CUT else None
        if source in chosen.values() or cut is None or not _may_be_cut(cut):
            continue
        fitting = {
            column.name
            for column in spec.columns.values()
            if any(clean(alias).startswith(cut) for alias in (column.name, *column.aliases))
        } - set(chosen)
        if len(fitting) == 1:
            found[fitting.pop()] = source
    return found


def _structure(table: pd.DataFrame, flags: Sequence[str | None]) -> pd.Series:
    """Read the flags `tunnel` and `bridge` (T and F, or tags) of street extracts."""
    structure = pd.Series("ground", index=table.index, dtype=object)
    for flag, kind in zip(flags, ("tunnel", "bridge"), strict=True):
        if flag is not None:
            structure[[not is_blank(v) and clean(v) not in NO for v in table[flag]]] = kind
    return structure


def _may_be_cut(name: str) -> bool:
    return len(name.encode("gb18030")) == FIELD_NAME_BYTES or (
        FIELD_NAME_BYTES - 1 <= len(name.encode("utf-8")) <= FIELD_NAME_BYTES
    )


def _as_tags(table: pd.DataFrame) -> pd.Series:
    rows = [
        {str(k): _text(v) for k, v in zip(table.columns, row, strict=True) if not is_blank(v)}
        for row in table.itertuples(index=False, name=None)
    ]
    for tags in rows:
        if "fclass" in tags:
            tags.update(tag_of_class(tags["fclass"]))
    return pd.Series(rows, index=table.index, dtype=object)


def fill_columns(
    frame: gpd.GeoDataFrame, spec: LayerSpec, *, source: str
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read every value as the dictionary wants it; what cannot be read is missing, and counted.

    Parameters
    ----------
    frame : GeoDataFrame, shape (n,)
        With the dictionary's column names, values as the source holds them.
    spec : LayerSpec
        The layer.
    source : str
        What to call the source in notes.

    Returns
    -------
    GeoDataFrame, tuple of Note
        With exactly the dictionary's columns; one warning per column with unreadable values.
    """
    table: dict[str, pd.Series] = {}
    notes: list[Note] = []
    for column in spec.columns.values():
        if column.name not in frame.columns:
            if column.type == "json":
                table[column.name] = pd.Series([None] * len(frame), index=frame.index, dtype=object)
            continue
        values, note = _read_column(frame[column.name], column, f"{spec.name}.{column.name}")
        table[column.name] = values
        if note is not None:
            rows, example, row = note
            notes.append(_unreadable(column, rows, example, row, source))
    if "highway" in table and "steps" in spec.columns:
        table["steps"] = _stairs(table, frame.index)
    if spec.name == "admin_areas" and "code" in table:
        table |= _coded_areas(table, frame.index)
    if "code" in table and "scheme" in table:
        table["use"] = _use_from_code(table, frame.index)
    filled = gpd.GeoDataFrame(
        pd.DataFrame(table, index=frame.index), geometry=frame.geometry, crs=frame.crs
    )
    return conform(filled, spec, name=f"{source}: {spec.name}"), tuple(notes)


def tag_of_class(name: str) -> dict[str, str]:
    """Return the OSM tag from which a class name of a common extract was made.

    Examples
    --------
    >>> tag_of_class("kindergarten"), tag_of_class("supermarket"), tag_of_class("toilet")
    ({'amenity': 'kindergarten'}, {'shop': 'supermarket'}, {'amenity': 'toilets'})
    """
    classes = alias_tables()["osm_classes"]
    keys = [key for key, names in classes.items() if key != "rename" and name in names]
    return {keys[0] if keys else "amenity": classes["rename"].get(name, name)}


def _read_column(
    given: pd.Series, column: ColumnSpec, key: str
) -> tuple[pd.Series, tuple[int, Any, Any] | None]:
    if column.type == "json":
        return pd.Series([_parse_json(v) for v in given], index=given.index, dtype=object), None
    reader = _reader(column, key)
    codes, distinct = pd.factorize(given.to_numpy(dtype=object))  # each value is read once
    blank = [is_blank(value) for value in distinct]
    parsed = np.array(
        [None if empty else reader(v) for v, empty in zip(distinct, blank, strict=True)] + [None],
        dtype=object,
    )
    unread = [v is None and not empty for v, empty in zip(parsed[:-1], blank, strict=True)]
    lost = np.array([*unread, False], dtype=bool)[codes]  # code -1, a missing value, is the last
    typed = pd.Series(parsed[codes], index=given.index, dtype=object).astype(column.dtype)
    if not lost.any():
        return typed, None
    place = int(np.flatnonzero(lost)[0])
    return typed, (int(lost.sum()), given.iloc[place], given.index[place])


def _reader(column: ColumnSpec, key: str) -> Callable[[Any], Any]:
    if column.type == "boolean":
        return parse_boolean
    if column.type in ("integer", "number"):
        return lambda value: _number(value, column)
    if not column.values:
        return _text
    words = {clean(v): v for v in column.values}
    words = {**OSM_WORDS.get(key, {}), **_aliases(key), **words}
    return lambda value: words.get(clean(_text(value)))


def _aliases(key: str) -> dict[str, str]:
    return {clean(k): v for k, v in alias_tables()["columns"].get(key, {}).items()}


def _text(value: Any) -> str:
    """Return the text of a cell; a code that became 3302.0 on the way is 3302 again."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _number(value: Any, column: ColumnSpec) -> float | int | None:
    number = parse_year(value) if column.unit == "year" else parse_number(value, column.unit)
    counted = column.unit in NOT_NEGATIVE or column.name in COUNTS
    if number is None or (counted and number < 0):
        return None
    if column.type == "integer":
        return int(number) if float(number).is_integer() else None
    return number


def _parse_json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return {"value": value}
    return value if isinstance(value, dict | list) else None


def _stairs(table: Mapping[str, pd.Series], index: pd.Index) -> pd.Series:
    """Mark the class `steps` as stairs where the source does not say so in a column of its own."""
    given = table.get("steps", pd.Series(pd.NA, index=index, dtype="boolean"))
    by_class = pd.Series(pd.NA, index=index, dtype="boolean")
    by_class[(table["highway"] == "steps").fillna(value=False).to_numpy(dtype=bool)] = True
    return given.fillna(by_class)


def _coded_areas(table: Mapping[str, pd.Series], index: pd.Index) -> dict[str, pd.Series]:
    """Write codes with twelve digits, and take the level from them where it is not given."""
    codes = [None if pd.isna(code) else str(code) for code in table["code"]]
    full = [None if code is None else full_code(code) or code for code in codes]
    by_code = [None if code is None else level_of_code(code) for code in codes]
    level = table.get("level", pd.Series(pd.NA, index=index, dtype="string"))
    return {
        "code": pd.Series(full, index=index, dtype="string"),
        "level": level.replace("unknown", pd.NA).fillna(
            pd.Series(by_code, index=index, dtype="string")
        ),
    }


def _use_from_code(table: Mapping[str, pd.Series], index: pd.Index) -> pd.Series:
    """Fill the use from the class code, where it is not given in words."""
    use = table.get("use", pd.Series(pd.NA, index=index, dtype="string"))
    codes = alias_tables()["land_use_codes"]
    found = [
        _by_beginning(codes.get(scheme, {}), code) if pd.notna(scheme) and pd.notna(code) else None
        for scheme, code in zip(table["scheme"], table["code"], strict=True)
    ]
    return use.fillna(pd.Series(found, index=index, dtype="string"))


def _by_beginning(table: Mapping[str, str], code: str) -> str | None:
    fitting = [beginning for beginning in table if code.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else None


def _unreadable(column: ColumnSpec, rows: int, example: Any, row: Any, source: str) -> Note:
    allowed = f" ({', '.join(column.values)})" if column.values else ""
    return Note(
        "unreadable_values",
        f"{source}:{column.zh}({column.name})有 {rows} 行无法识别,按缺失处理,"
        f"例如第 {row} 行 {example!r}。",
        f"{source}: {rows} values of `{column.name}` could not be read{allowed} and count as "
        f"missing, e.g. row {row}: {example!r}.",
        "warning",
    )
