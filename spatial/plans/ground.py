"""What a plan is drawn on: units with their sizes, needs, boundaries and links."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_index
from spatial.districting.measures import amounts_of
from spatial.districting.pooling import Pooling
from spatial.districting.rules import AMOUNTS
from spatial.errors import IndexMismatchError

__all__ = ["Around", "Ground", "Pairs", "ground_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Objects = npt.NDArray[np.object_]
UNKNOWN_OFFICE: Final = -1
ADMITTED: Final = ("eligible", "conditional", "unknown")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of units, each once: links (walks between them) or edges (shared boundaries)."""

    a: Ints
    b: Ints
    walk_m: Floats  # gate to gate, NaN = not known
    barrier: Objects  # text, "none" where nothing lies between
    shared_m: Floats  # of the cells' boundaries, 0 = none
    linked: npt.NDArray[np.bool_]  # adjacent; otherwise only the cells touch


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """Pairs seen from each unit: rows ``start[i] : start[i + 1]`` are those of unit i."""

    start: Ints
    other: Ints
    pair: Ints

    def of(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """Return (unit, other, pair) of all pairs of some units."""
        count = self.start[rows + 1] - self.start[rows]
        first = np.repeat(self.start[rows] - np.r_[0, np.cumsum(count)[:-1]], count)
        at = first + np.arange(int(count.sum()))
        return np.repeat(rows, count), self.other[at], self.pair[at]


@dataclass(frozen=True, eq=False)
class Ground:
    """Units of a plan; row ``i`` of every array is unit ``i``.

    A unit is a neighbourhood, or a piece of one that was split in this plan. A neighbourhood that
    was split rests (`alive` is False) until it is healed; its pieces stand behind the others.
    """

    ids: pd.Index
    name: Objects
    alive: npt.NDArray[np.bool_]
    parent: Ints  # row; -1 for neighbourhoods
    households: Floats  # NaN = not known
    persons: Floats
    area_m2: Floats  # of the parcel
    limited: Floats  # (n, 4): `AMOUNTS`, unknown ones estimated, for limits only
    cell_m2: Floats
    perimeter_m: Floats
    xy_m: Floats  # middle of the parcel
    office: Ints
    offices: tuple[str, ...]
    admitted: npt.NDArray[np.bool_]
    pairs: Pairs
    pooling: Pooling
    missing: Bits
    offers: Bits
    parcels: Objects
    cells: Objects
    crs: Any

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def around(self) -> Around:
        """Pairs seen from each unit."""
        count = len(self.pairs.a)
        unit = np.r_[self.pairs.a, self.pairs.b]
        order = np.argsort(unit, kind="stable")
        start = np.searchsorted(unit[order], np.arange(len(self) + 1))
        other = np.r_[self.pairs.b, self.pairs.a][order]
        pair = np.tile(np.arange(count), 2)[order]
        return Around(start.astype(np.int64), other, pair)

    @cached_property
    def pooled(self) -> Around:
        """Units that offer something, seen from each unit; ``pair`` is a row of `pooling`."""
        order = np.argsort(self.pooling.row, kind="stable")
        start = np.searchsorted(self.pooling.row[order], np.arange(len(self) + 1))
        return Around(start.astype(np.int64), self.pooling.other[order], order.astype(np.int64))

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Cells by place."""
        return shapely.STRtree(self.cells)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each id."""
        return {str(key): row for row, key in enumerate(self.ids)}


def ground_of(
    neighbourhoods: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    edges: pd.DataFrame,
    adjacency: pd.DataFrame,
    pooling: Pooling,
    *,
    missing: Bits,
    offers: Bits,
    admitted: tuple[str, ...] = ADMITTED,
) -> Ground:
    """Put together what plans of one city are drawn on.

    Parameters
    ----------
    neighbourhoods : GeoDataFrame, shape (n,)
        ``results.neighbourhoods``; geometry = parcel.
    cells, edges, adjacency
        ``results.cells``, ``results.cell_edges`` and ``results.adjacency``.
    pooling : Pooling
        Rows are those of `neighbourhoods`.
    missing, offers : array of uint64, shape (n,)
        Kinds of ``pooling.kinds`` that each neighbourhood misses, and has to share.
    admitted : tuple of str
        Values of ``eligibility`` that may join a district.

    Raises
    ------
    CRSError
        If the geometry is not in metres.
    IndexMismatchError
        If cells and neighbourhoods are not the same places.
    """
    require_metric_crs(neighbourhoods, name="neighbourhoods")
    require_columns(edges, ["a", "b", "length_m"], name="cell_edges")
    require_columns(adjacency, ["a", "b", "barrier", "walk_m"], name="adjacency")
    cells = cells.reindex(neighbourhoods.index)
    require_same_index(neighbourhoods, cells, names=("neighbourhoods", "cells"))
    ids = pd.Index(neighbourhoods.index.astype(str), dtype="str", name="id")
    office, offices = pd.factorize(neighbourhoods["subdistrict"], sort=True)
    may_join = neighbourhoods["eligibility"].isin(admitted).to_numpy(dtype=bool)
    parcels = neighbourhoods.geometry.to_numpy()
    shapes = cells.geometry.to_numpy()
    return Ground(
        ids=ids,
        name=neighbourhoods["name"]
        .astype(object)
        .where(neighbourhoods["name"].notna(), None)
        .to_numpy(dtype=object),
        alive=np.ones(len(ids), dtype=bool),
        parent=np.full(len(ids), -1, dtype=np.int64),
        households=_numbers(neighbourhoods["households"]),
        persons=_numbers(neighbourhoods["persons"]),
        area_m2=_numbers(neighbourhoods["area_m2"]),
        limited=_limited(neighbourhoods, may_join),
        cell_m2=shapely.area(shapes),
        perimeter_m=shapely.length(shapes),
        xy_m=shapely.get_coordinates(shapely.centroid(parcels)),
        office=office.astype(np.int64),
        offices=tuple(str(one) for one in offices),
        admitted=may_join,
        pairs=_pairs(ids, edges, adjacency),
        pooling=pooling,
        missing=missing,
        offers=offers,
        parcels=parcels,
        cells=shapes,
        crs=neighbourhoods.crs,
    )


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _limited(frame: gpd.GeoDataFrame, admitted: npt.NDArray[np.bool_]) -> Floats:
    """Sizes against limits as the search counts them: estimated from those that may join."""
    limited = np.ones((len(frame), len(AMOUNTS)))
    for rows in (admitted, ~admitted):
        if rows.any():
            limited[rows] = amounts_of(frame[rows])[0]
    return limited


def _pairs(ids: pd.Index, edges: pd.DataFrame, adjacency: pd.DataFrame) -> Pairs:
    """Links and shared boundaries in one table, each pair once."""
    inner = edges[edges["b"].notna()]
    touching = _rows(ids, inner).assign(shared_m=inner["length_m"].to_numpy(dtype=np.float64))
    linked = _rows(ids, adjacency).assign(
        walk_m=adjacency["walk_m"].to_numpy(dtype=np.float64, na_value=np.nan),
        barrier=adjacency["barrier"].fillna("none").to_numpy(dtype=object),
        linked=True,
    )
    linked = linked.drop_duplicates(["a", "b"])
    table = touching.merge(linked, on=["a", "b"], how="outer", sort=True)
    return Pairs(
        a=table["a"].to_numpy(dtype=np.int64),
        b=table["b"].to_numpy(dtype=np.int64),
        walk_m=table["walk_m"].to_numpy(dtype=np.float64),
        barrier=table["barrier"].fillna("none").to_numpy(dtype=object),
        shared_m=table["shared_m"].fillna(0.0).to_numpy(dtype=np.float64),
        linked=table["linked"].notna().to_numpy(dtype=bool),
    )


def _rows(ids: pd.Index, frame: pd.DataFrame) -> pd.DataFrame:
    a = ids.get_indexer(pd.Index(frame["a"].astype("str")))
    b = ids.get_indexer(pd.Index(frame["b"].astype("str")))
    if (a < 0).any() or (b < 0).any():
        strange = frame["a"].to_numpy()[a < 0].tolist() + frame["b"].to_numpy()[b < 0].tolist()
        raise IndexMismatchError(
            f"Boundaries or links name neighbourhoods that do not exist: {strange[:5]}. "
            "Analyse the city again.",
            zh=f"边界或邻接关系引用了不存在的小区:{strange[:5]}。请重新分析该城市。",
        )
    return pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b)})
