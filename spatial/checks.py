"""Checks at the public door: what is wrong, what was given, what to do. Inner functions trust."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import pandas as pd

from spatial.errors import CRSError, IndexMismatchError, LayerError

__all__ = ["require_columns", "require_metric_crs", "require_same_crs", "require_same_index"]


def require_metric_crs(frame: gpd.GeoDataFrame | gpd.GeoSeries, *, name: str) -> None:
    """Raise :class:`CRSError` unless coordinates are metres.

    Examples
    --------
    >>> require_metric_crs(gpd.GeoSeries([], crs=4490), name="homes")
    Traceback (most recent call last):
    ...
    spatial.errors.CRSError: `homes` is in China Geodetic Coordinate System 2000, measured in \
degree, not metres. Project it first, e.g. `homes.to_crs(4547)`.
    """
    if frame.crs is None:
        raise CRSError(
            f"`{name}` has no CRS. Declare it: `{name}.set_crs(...)`.",
            zh=f"{name} 没有坐标系。请声明:{name}.set_crs(...)。",
        )
    unit = frame.crs.axis_info[0].unit_name
    if unit != "metre":
        raise CRSError(
            f"`{name}` is in {frame.crs.name}, measured in {unit}, not metres. "
            f"Project it first, e.g. `{name}.to_crs(4547)`.",
            zh=(
                f"{name} 的坐标系是 {frame.crs.name},单位为 {unit} 而不是米。请先投影,如 "
                f"{name}.to_crs(4547)。"
            ),
        )


def require_same_crs(
    first: gpd.GeoDataFrame | gpd.GeoSeries,
    second: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    names: tuple[str, str],
) -> None:
    """Raise :class:`CRSError` unless both are in one CRS."""
    if first.crs != second.crs:
        raise CRSError(
            f"`{names[0]}` is in {first.crs}, `{names[1]}` in {second.crs}. "
            "Bring both into the city's metric zone.",
            zh=(
                f"{names[0]} 的坐标系是 {first.crs},{names[1]} 的是 {second.crs}。请都转到"
                "城市的米制投影带。"
            ),
        )


def require_columns(frame: pd.DataFrame, columns: Iterable[str], *, name: str) -> None:
    """Raise :class:`LayerError` unless the frame has these columns."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise LayerError(
            f"`{name}` lacks the columns {', '.join(missing)}; it has "
            f"{', '.join(map(str, frame.columns))}. See data/dictionary.yaml.",
            zh=(
                f"{name} 缺少列 {'、'.join(missing)};它有 "
                f"{'、'.join(map(str, frame.columns))}。见 data/dictionary.yaml。"
            ),
        )


def require_same_index(
    first: pd.Series | pd.DataFrame, second: pd.Series | pd.DataFrame, *, names: tuple[str, str]
) -> None:
    """Raise :class:`IndexMismatchError` unless both speak of the same rows in the same order."""
    if not first.index.equals(second.index):
        only_first = first.index.difference(second.index)[:3].tolist()
        only_second = second.index.difference(first.index)[:3].tolist()
        raise IndexMismatchError(
            f"`{names[0]}` and `{names[1]}` are not on the same index; only in the first: "
            f"{only_first}, only in the second: {only_second}. Reindex one to the other.",
            zh=(
                f"{names[0]} 与 {names[1]} 的行不一致;只在前者中:{only_first};只在后者中:"
                f"{only_second}。请将一个按另一个重建索引。"
            ),
        )
