"""Entries of the register that may be the same thing: by place, by name, by both."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.stock.register.names import is_generic, likeness, name_form

__all__ = ["register_duplicates"]

COLUMNS: Final = ("one", "other", "why", "distance_m", "overlap_share", "likeness", "zh", "en")


def register_duplicates(
    assets: gpd.GeoDataFrame, *, rules: ParameterSet | None = None
) -> pd.DataFrame:
    """List pairs of entries that may be the same thing; nothing is dropped.

    Parameters
    ----------
    assets : GeoDataFrame
        ``name`` and, where known, ``floor_level``; in metres.
    rules : ParameterSet, optional
        Room ``register``; default the national one.

    Returns
    -------
    DataFrame
        One row per pair, ``one`` before ``other`` in the order of `assets`; ``why``: ``place``
        (points near each other, or outlines that overlap), ``name`` (like names not far from each
        other), ``both``; ``distance_m`` (between outlines), ``overlap_share`` (of the smaller
        outline), ``likeness`` (0–1); ``zh, en``. ``both`` first, then by likeness and distance.

    Notes
    -----
    Two entries of one place on different known floors are two rooms of one house, not a pair by
    place. A name that says only the kind of thing (自行车棚) is no name.

    Examples
    --------
    >>> sheds = gpd.GeoDataFrame(
    ...     {"name": ["幸福里三号楼车棚", "幸福里3栋车棚", "平安里车棚"]}, index=["a", "b", "c"],
    ...     geometry=gpd.points_from_xy([0, 9, 80], [0, 0, 0]), crs=4547,
    ... )
    >>> register_duplicates(sheds)[["one", "other", "why"]].values.tolist()
    [['a', 'b', 'both']]
    """
    require_metric_crs(assets, name="assets")
    require_columns(assets, ["name"], name="assets")
    chosen = rules or read_parameters("register")
    shapes = assets.geometry.to_numpy()
    widest_m = max(chosen["duplicate_name_m"], chosen["duplicate_point_m"])
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=widest_m)
    one, other = one[one < other], other[one < other]
    distance_m = shapely.distance(shapes[one], shapes[other])
    overlap = _overlap_share(shapes[one], shapes[other])
    level = assets.get("floor_level", pd.Series(pd.NA, assets.index)).astype("Float64")
    floor = level.to_numpy(dtype=float, na_value=np.nan)
    apart = np.abs(floor[one] - floor[other]) > 0  # NaN: not known, so not apart
    flat = np.isnan(overlap)
    by_place = np.where(
        flat,
        distance_m <= chosen["duplicate_point_m"],
        np.nan_to_num(overlap) >= chosen["duplicate_overlap_share"],
    )
    by_place = by_place.astype(bool) & ~apart
    like = _likeness(assets["name"], one, other)
    by_name = (like >= chosen["duplicate_likeness"]) & (distance_m <= chosen["duplicate_name_m"])
    keep = by_place | by_name
    why = np.where(by_place & by_name, "both", np.where(by_place, "place", "name"))[keep]
    table = pd.DataFrame(
        {
            "one": assets.index.astype("str").to_numpy(dtype=object)[one[keep]],
            "other": assets.index.astype("str").to_numpy(dtype=object)[other[keep]],
            "why": why,
            "distance_m": distance_m[keep],
            "overlap_share": overlap[keep],
            "likeness": like[keep],
        }
    )
    rank = table["why"].map({"both": 0, "place": 1, "name": 2})
    table = table.assign(rank=rank).sort_values(
        ["rank", "likeness", "distance_m", "one", "other"],
        ascending=[True, False, True, True, True],
    )
    return _said(table.drop(columns="rank").reset_index(drop=True))


def _overlap_share(
    one: npt.NDArray[np.object_], other: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Part of the smaller outline that both share; NaN where one has no area.

    A point inside an outline is told by its distance, which is 0.
    """
    smaller_m2 = np.minimum(shapely.area(one), shapely.area(other))
    both = smaller_m2 > 0
    share = np.full(len(one), np.nan)
    if both.any():
        shared = shapely.area(shapely.intersection(one[both], other[both]))
        share[both] = shared / smaller_m2[both]
    return share


def _likeness(
    names: pd.Series, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    forms = ["" if pd.isna(name) else name_form(str(name)) for name in names]
    named = ["" if is_generic(form) else form for form in forms]
    return np.array(
        [likeness(named[a], named[b]) for a, b in zip(one, other, strict=True)], dtype=float
    )


def _said(table: pd.DataFrame) -> pd.DataFrame:
    words = {
        "both": ("位置和名称都相同", "same place and like names"),
        "place": ("位置相同", "same place"),
        "name": ("名称相近", "like names"),
    }
    zh, en = [], []
    for row in table.itertuples(index=False):
        said_zh, said_en = words[row.why]
        zh.append(f"{said_zh}(相距 {row.distance_m:.0f} m,名称相似度 {row.likeness:.2f}):请核对")
        en.append(
            f"{said_en} ({row.distance_m:.0f} m apart, likeness {row.likeness:.2f}): look at both"
        )
    text = dict.fromkeys(("one", "other", "why", "zh", "en"), "string")
    numbers = dict.fromkeys(("distance_m", "overlap_share", "likeness"), "float64")
    return table.assign(zh=zh, en=en)[list(COLUMNS)].astype({**text, **numbers})
