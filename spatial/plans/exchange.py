"""Plans as files: CSV, GeoPackage, Shapefile, GeoJSON, and back with a report of what fits."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from spatial.errors import InputError
from spatial.plans.gestures import units_in
from spatial.plans.ground import Ground
from spatial.plans.model import Draft
from spatial.plans.outlines import district_polygons, unit_layer

__all__ = ["FORMATS", "SHAPEFILE_NAMES", "ImportReport", "PlanFile", "read_plan", "write_plan"]

FORMATS: Final = ("csv", "gpkg", "shp", "geojson")
SHAPEFILE_NAMES: Final = {
    "id": "id",
    "name": "name",
    "district": "district",
    "district_name": "dist_name",
    "households": "households",
    "persons": "persons",
    "area_m2": "area_m2",
    "locked": "locked",
    "members": "members",
    "diameter_m": "diameter_m",
    "compactness": "compactnes",
    "gaps_persons": "gaps_pers",
    "gaps_closed_persons": "closed_per",
    "colour": "colour",
}
"""Column names of a shapefile, which takes ten characters."""
UNIT_COLUMNS: Final = (
    *("id", "unit", "unit_id", "neighbourhood_id", "neighbourhood", "xqbm"),
    *("小区编码", "小区编号", "小区"),
)
DISTRICT_COLUMNS: Final = (
    *(
        "district",
        "district_id",
        "pqbm",
        "片区",
        "片区编号",
        "片区编码",
        "更新片区",
        "plan_district",
    ),
)
NAME_COLUMNS: Final = ("district_name", "dist_name", "pqmc", "片区名称")
TOO_LONG: Final = 64
MOST_SHOWN: Final = 100
MOST_UNPACKED_BYTES: Final = 512 << 20
"""A zip that unpacks to more is no plan."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What of a file fits the plan's units.

    Parameters
    ----------
    rows : int
        Rows of the file.
    matched : int
        Units whose district is known from it.
    unknown, doubled, missing : tuple of str
        Ids that the plan does not have; that stand in several rows with different districts (they
        are left out); units that the file does not name (they stay as they are).
    """

    rows: int
    matched: int
    unknown: tuple[str, ...]
    doubled: tuple[str, ...]
    missing: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return plain JSON values: counts, and the first hundred of each."""
        return {
            "rows": self.rows,
            "matched": self.matched,
            **{
                name: list(getattr(self, name)[:MOST_SHOWN])
                for name in ("unknown", "doubled", "missing")
            },
            **{
                f"{name}_count": len(getattr(self, name))
                for name in ("unknown", "doubled", "missing")
            },
        }


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as a file tells it."""

    assignment: Mapping[str, str | None]
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of districts, where the file gives them."""


def write_plan(draft: Draft, path: str | Path) -> Path:
    """Write a plan; the ending decides how.

    ``.csv``: one row a unit, UTF-8 with a mark that spreadsheets understand. ``.gpkg``: layers
    ``districts`` (polygons with figures) and ``units``. ``.shp``: units, and districts in a second
    file ``<name>_districts.shp``; texts in GBK with a ``.cpg`` that says so (in UTF-8 where GBK
    lacks a character), columns named by `SHAPEFILE_NAMES`. ``.geojson``: districts in
    longitude/latitude, each with the ids of its ``units``.

    Raises
    ------
    InputError
        If the ending is none of these.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind == "csv":
        table = pd.DataFrame(unit_layer(draft).drop(columns=["geometry", "locked", "area_m2"]))
        table.to_csv(path, encoding="utf-8-sig", index_label="id", lineterminator="\r\n")
    elif kind == "gpkg":
        path.unlink(missing_ok=True)
        districts = district_polygons(draft)
        _write(districts.drop(columns="units"), path, layer="districts", driver="GPKG")
        _write(unit_layer(draft), path, layer="units", driver="GPKG")
    elif kind == "shp":
        _write_shapefile(unit_layer(draft), path)
        districts = district_polygons(draft).drop(columns="units")
        _write_shapefile(districts, path.with_name(f"{path.stem}_districts.shp"))
    elif kind == "geojson":
        frame = district_polygons(draft)
        frame = frame.assign(units=[",".join(ids) for ids in frame["units"]])
        _write(frame.to_crs(frame.crs.geodetic_crs), path, driver="GeoJSON", RFC7946="NO")
    else:
        raise InputError(
            f"A plan cannot be written as `{path.name}`; use {', '.join(FORMATS)}.",
            zh=f"不能写成“{path.name}”;可用格式:{'、'.join(FORMATS)}。",
        )
    return path


def read_plan(path: str | Path, ground: Ground) -> tuple[PlanFile, ImportReport]:
    """Read a plan for the units of a ground.

    Rows name a unit and its district (see `UNIT_COLUMNS`, `DISTRICT_COLUMNS`; an empty district
    means unassigned); or they are polygons of districts, of which each takes the units that lie
    for the most part in it. A zipped shapefile is read too.

    Raises
    ------
    InputError
        If the file cannot be read, or has no such columns.
    """
    path = Path(path)
    table = _read_table(path)
    district = _column(table, DISTRICT_COLUMNS)
    unit = _column(table, UNIT_COLUMNS)
    if "units" in table.columns and district is None:  # our own districts
        table = _by_unit(table, unit or "id")
        unit, district = "unit", "district"
    elif unit is None or district is None:
        key = district or unit
        if key is None or not isinstance(table, gpd.GeoDataFrame):
            raise _no_columns(path, table, unit, district)
        table = _by_place(table, key, ground)
        unit, district = "unit", "district"
    return _matched(table, unit, district, ground)


def _matched(
    table: pd.DataFrame, unit: str, district: str, ground: Ground
) -> tuple[PlanFile, ImportReport]:
    ids = _texts(table[unit])
    labels = _texts(table[district])
    strange = sorted({one for one in labels if one is not None and len(one) > TOO_LONG})
    if strange:
        raise InputError(
            f"District ids have at most {TOO_LONG} characters; “{strange[0][:80]}…” has "
            f"{len(strange[0])}.",
            zh=f"片区编号最多 {TOO_LONG} 个字符;“{strange[0][:80]}…”有 {len(strange[0])} 个。",
        )
    wanted: dict[str, set[str | None]] = {}
    for key, label in zip(ids, labels, strict=True):
        if key is not None:
            wanted.setdefault(key, set()).add(label)
    alive = set(ground.ids[ground.alive].tolist())
    unknown = tuple(key for key in wanted if key not in alive)
    doubled = tuple(key for key, found in wanted.items() if len(found) > 1 and key in alive)
    assignment = {
        key: next(iter(found)) for key, found in wanted.items() if key in alive and len(found) == 1
    }
    missing = tuple(key for key in ground.ids[ground.alive].tolist() if key not in wanted)
    named = _column(table, NAME_COLUMNS)
    told = [] if named is None else zip(labels, _texts(table[named]), strict=True)
    names = {label: name[:200] for label, name in told if label is not None and name is not None}
    report = ImportReport(len(table), len(assignment), unknown, doubled, missing)
    return PlanFile(assignment, names), report


def _texts(column: pd.Series) -> list[str | None]:
    """Ids as they were meant: text; a number that a spreadsheet made of one loses its ``.0``."""
    found: list[str | None] = []
    for value in column.tolist():
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            found.append(None)
            continue
        whole = isinstance(value, float) and value.is_integer()
        text = (str(int(value)) if whole else str(value)).strip()
        found.append(text or None)
    return found


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    known = {str(column).strip().lower(): str(column) for column in table.columns}
    return next((known[name] for name in names if name in known), None)


def _by_unit(table: pd.DataFrame, key: str) -> pd.DataFrame:
    listed = table["units"].fillna("").astype(str).str.split(",")
    rows = pd.DataFrame({"district": table[key], "unit": listed})
    if "name" in table.columns:
        rows["district_name"] = table["name"]
    return rows.explode("unit", ignore_index=True)


def _by_place(table: gpd.GeoDataFrame, key: str, ground: Ground) -> pd.DataFrame:
    if table.crs is None:
        raise InputError(
            "The file does not say in which coordinate system its polygons are. Add the .prj file.",
            zh="文件没有说明坐标系,请补充 .prj 文件。",
        )
    shapes = table.to_crs(ground.crs)
    found = [
        {"unit": str(ground.ids[row]), "district": label}
        for label, shape in zip(shapes[key], shapes.geometry, strict=True)
        if shape is not None
        for row in units_in(ground, shape, rule="majority")
    ]
    return pd.DataFrame(found, columns=["unit", "district"])


def _read_table(path: Path) -> pd.DataFrame:
    kind = path.suffix.lower().removeprefix(".")
    try:
        if kind == "csv":
            return _read_csv(path)
        if kind == "zip":
            return _read_zip(path)
        if kind == "gpkg":
            layers = [str(name) for name, _ in pyogrio.list_layers(path)]
            layer = "units" if "units" in layers else layers[0]
            return gpd.read_file(path, layer=layer, fid_as_index=False)
        if kind in {"shp", "geojson", "json"}:
            return gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as fault:
        raise InputError(
            f"`{path.name}` cannot be read: {fault}", zh=f"“{path.name}”无法读取:{fault}"
        ) from fault
    raise InputError(
        f"A plan is read from {', '.join(FORMATS)} or a zipped shapefile, not `{path.name}`.",
        zh=f"方案可由 {'、'.join(FORMATS)} 或压缩的 shapefile 导入,不支持“{path.name}”。",
    )


def _read_csv(path: Path) -> pd.DataFrame:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise InputError(
            f"`{path.name}` is neither UTF-8 nor GBK text. Save it as “CSV UTF-8”.",
            zh=f"“{path.name}”既不是 UTF-8 也不是 GBK 文本。请另存为“CSV UTF-8”。",
        )
    first = text.partition("\n")[0]
    sep = max((",", ";", "\t"), key=first.count)
    try:
        return pd.read_csv(io.StringIO(text), sep=sep, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError(
            f"`{path.name}` is no table: {fault}", zh=f"“{path.name}”不是表格:{fault}"
        ) from fault


def _read_zip(path: Path) -> pd.DataFrame:
    try:
        with zipfile.ZipFile(path) as packed, tempfile.TemporaryDirectory() as folder:
            shapes = [name for name in packed.namelist() if name.lower().endswith(".shp")]
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_BYTES:
                raise InputError(
                    f"`{path.name}` unpacks to more than {MOST_UNPACKED_BYTES >> 20} MiB.",
                    zh=f"“{path.name}”解压后超过 {MOST_UNPACKED_BYTES >> 20} MiB。",
                )
            units = [name for name in shapes if not name.lower().endswith("_districts.shp")]
            if not shapes:
                raise InputError(
                    f"`{path.name}` holds no .shp file.", zh=f"“{path.name}”中没有 .shp 文件。"
                )
            chosen = (units or shapes)[0]
            stem = chosen[: -len(".shp")].lower()
            for name in packed.namelist():  # by name alone: a path inside may point elsewhere
                if name.lower().startswith(f"{stem}."):
                    Path(folder, f"plan{Path(name).suffix.lower()}").write_bytes(packed.read(name))
            return gpd.read_file(Path(folder, "plan.shp"))
    except zipfile.BadZipFile as fault:
        raise InputError(
            f"`{path.name}` is no zip file.", zh=f"“{path.name}”不是 zip 文件。"
        ) from fault


def _write(frame: gpd.GeoDataFrame, path: Path, **how: Any) -> None:
    plain = gpd.GeoDataFrame(frame.rename_axis("id").reset_index())
    plain = plain.astype(dict.fromkeys(_text_columns(plain), "string"))
    pyogrio.write_dataframe(plain, path, geometry_type="MultiPolygon", promote_to_multi=True, **how)


def _text_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of text, whatever pandas calls them; one without any value is text too."""
    plain = frame.drop(columns="geometry")
    return [
        str(name)
        for name in plain.columns
        if pd.api.types.is_string_dtype(plain[name]) or plain[name].dtype == object
    ]


def _write_shapefile(frame: gpd.GeoDataFrame, path: Path) -> None:
    named = frame.rename_axis("id").reset_index().rename(columns=SHAPEFILE_NAMES)
    texts = _text_columns(named)
    encoding = "GBK"
    try:
        for column in texts:
            "".join(str(value) for value in named[column].dropna()).encode("gbk")
    except UnicodeEncodeError:
        encoding = "UTF-8"
    plain = gpd.GeoDataFrame(named).astype(dict.fromkeys(texts, "string"))
    pyogrio.write_dataframe(plain, path, driver="ESRI Shapefile", encoding=encoding)


def _no_columns(
    path: Path, table: pd.DataFrame, unit: str | None, district: str | None
) -> InputError:
    lacking = UNIT_COLUMNS if unit is None else DISTRICT_COLUMNS
    del district
    there = ", ".join(str(column) for column in table.columns)
    return InputError(
        f"`{path.name}` has no column {' or '.join(lacking)}; it has {there}.",
        zh=f"“{path.name}”缺少列 {'、'.join(lacking)};现有列:{there}。",
    )
