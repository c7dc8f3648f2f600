"""Districts as a layer: outline, sizes, compactness, colour and name."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial.distance import pdist

from spatial.checks import require_columns, require_same_index
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.dictionary import conform, data_dictionary, empty_layer
from spatial.districting.plan import Plan

__all__ = ["colours", "compactness", "district_frame", "missing_by_district"]

COLOURS: Final = 6


def district_frame(
    plan: Plan,
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    gaps: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Districts of a plan as results.districts.

    Parameters
    ----------
    plan : Plan
    neighbourhoods : Neighbourhoods
        The ones it was made of.
    adjacency : DataFrame
        results.adjacency.
    gaps : DataFrame
        results.gaps, or a frame indexed by neighbourhood with ``must_missing``.

    Returns
    -------
    GeoDataFrame
        Indexed by district id. The outline is the union of the members' cells. Households and
        persons are sums of what is known, and missing where nothing is.

    Raises
    ------
    IndexMismatchError
        If the plan was made of other neighbourhoods.
    """
    frame = neighbourhoods.frame
    require_same_index(plan.assignment, frame, names=("plan.assignment", "neighbourhoods"))
    spec = data_dictionary().results["districts"]
    member = plan.assignment.dropna()
    labels = pd.Index(sorted(member.unique()), name="id")
    if not len(labels):
        return empty_layer(spec, frame.crs)
    facts = frame.loc[member.index].assign(district_id=member, must=_must_missing(gaps, frame))
    groups = facts.groupby("district_id", sort=True)
    outline = _outlines(neighbourhoods.cells, member, labels)
    table = pd.DataFrame(
        {
            "members": groups.size(),
            "households": groups["households"].sum(min_count=1),
            "persons": groups["persons"].sum(min_count=1),
            "area_m2": groups["area_m2"].sum(),
            "diameter_m": groups.geometry.apply(_diameter_m),
            "compactness": compactness(outline),
            "subdistrict": groups["subdistrict"].apply(_only),
            "must_missing": groups[["must", "persons"]].apply(_mean_over_residents),
            "walls_between": _walls_between(member, adjacency, labels),
            "colour": colours(labels, _touching(outline)),
            "below_minimum": _below_minimum(groups, plan),
        },
        index=labels,
    )
    table["name"] = _names(facts, table["subdistrict"])
    result: gpd.GeoDataFrame = conform(
        gpd.GeoDataFrame(table, geometry=outline, crs=frame.crs), spec, name="districts"
    )
    return result


def missing_by_district(plan: Plan, gaps: pd.DataFrame) -> pd.DataFrame:
    """Share of members that miss each kind, by district (rows) and ``kind`` (columns).

    Parameters
    ----------
    plan : Plan
    gaps : DataFrame
        results.gaps; a kind checked in several layers counts as missed where any is.

    Returns
    -------
    DataFrame
        0–1 over the members where it is known; ``NaN`` where it is known of none.
    """
    require_columns(gaps, ["neighbourhood_id", "kind", "status"], name="gaps")
    known = gaps[gaps["status"].isin(["present", "missing"])]
    missing = (known["status"] == "missing").astype(float)
    each = missing.groupby([known["neighbourhood_id"], known["kind"]]).max().unstack()  # noqa: PD010
    return each.groupby(plan.assignment.reindex(each.index)).mean()


def compactness(outline: gpd.GeoSeries) -> pd.Series:
    """Isoperimetric quotient 4πA/P², 1 for a circle.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=4547)
    >>> compactness(square).round(4).tolist()
    [0.7854]
    """
    length_m = outline.length.to_numpy()
    share = np.divide(
        4 * np.pi * outline.area.to_numpy(),
        length_m**2,
        out=np.full(len(outline), np.nan),
        where=length_m > 0,
    )
    return pd.Series(share, index=outline.index)


def colours(labels: pd.Index, touching: npt.NDArray[np.int64]) -> pd.Series:
    """Map colours 0–5 so that neighbours differ, shape (d,).

    Districts with the fewest neighbours left are put aside first and coloured last: a planar map
    always has one with at most five, so six colours suffice (Kempe 1879 [1]_). Where outlines in
    several pieces make the map not planar, the colour least used around is repeated.

    Parameters
    ----------
    labels : Index
    touching : array of int, shape (2, m)
        Rows of neighbours.

    References
    ----------
    .. [1] D. W. Matula, L. L. Beck (1983), Journal of the ACM 30, 417-427 (smallest last).
    """
    around: list[set[int]] = [set() for _ in labels]
    for a, b in touching.T.tolist():
        if a != b:
            around[a].add(b)
            around[b].add(a)
    left = set(range(len(labels)))
    degree = [len(found) for found in around]
    order = []
    while left:
        row = min(left, key=lambda r: (degree[r], r))
        left.discard(row)
        order.append(row)
        for other in around[row] & left:
            degree[other] -= 1
    colour = np.full(len(labels), -1)
    used = np.zeros(COLOURS, dtype=np.int64)
    for row in reversed(order):
        near = np.bincount([colour[o] for o in around[row] if colour[o] >= 0], minlength=COLOURS)
        # fewest equal neighbours first (none, in a planar map), then the least used: an even map
        best = min(range(COLOURS), key=lambda c: (near[c], used[c], c))
        colour[row] = best
        used[best] += 1
    return pd.Series(colour, index=labels, dtype="Int64")


def _outlines(cells: gpd.GeoDataFrame, member: pd.Series, labels: pd.Index) -> gpd.GeoSeries:
    geometry = cells.geometry.loc[member.index].to_numpy()
    code = labels.get_indexer(pd.Index(member.astype("str")))
    order = np.argsort(code, kind="stable")
    start = np.searchsorted(code[order], np.arange(len(labels) + 1))
    outline = [
        shapely.coverage_union_all(geometry[order[low:high]]) for low, high in pairwise(start)
    ]
    return gpd.GeoSeries(outline, index=labels, crs=cells.crs)


def _touching(outline: gpd.GeoSeries) -> npt.NDArray[np.int64]:
    shapes = outline.to_numpy()
    found = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return np.asarray(found[:, found[0] < found[1]], dtype=np.int64)


def _diameter_m(parcels: gpd.GeoSeries) -> float:
    xy_m = shapely.get_coordinates(shapely.centroid(parcels.to_numpy()))
    return float(pdist(xy_m).max()) if len(xy_m) > 1 else 0.0


def _only(values: pd.Series) -> object:
    """Return the street office of most members; the first by name where several are equal."""
    found = values.dropna().mode()
    return found.iloc[0] if len(found) else pd.NA


def _mean_over_residents(rows: pd.DataFrame) -> float:
    """Mean over residents; over members where residents are not known of all."""
    known = rows[rows["must"].notna()]
    if not len(known):
        return float("nan")
    must = known["must"].to_numpy(dtype=float)
    persons = known["persons"].to_numpy(dtype=float, na_value=np.nan)
    if np.isfinite(persons).all() and persons.sum() > 0:
        return float(np.average(must, weights=persons))
    return float(must.mean())


def _must_missing(gaps: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    if "must_missing" in gaps.columns:
        return gaps["must_missing"].reindex(frame.index).astype("Float64")
    require_columns(gaps, ["neighbourhood_id", "need", "status"], name="gaps")
    must = gaps[(gaps["need"] == "must") & gaps["status"].isin(["present", "missing"])]
    missing = (must["status"] == "missing").groupby(must["neighbourhood_id"]).sum()
    return missing.reindex(frame.index).astype("Float64")


def _walls_between(member: pd.Series, adjacency: pd.DataFrame, labels: pd.Index) -> pd.Series:
    a = adjacency["a"].map(member)
    inside = (a == adjacency["b"].map(member)).fillna(value=False).to_numpy(dtype=bool)
    inside &= (adjacency["barrier"] == "wall").fillna(value=False).to_numpy(dtype=bool)
    return a[inside].value_counts().reindex(labels, fill_value=0)


def _below_minimum(groups: pd.api.typing.DataFrameGroupBy, plan: Plan) -> pd.Series:
    flagged = set(plan.report["below_minimum"])
    return pd.Series({label: label in flagged for label in groups.groups}, dtype="boolean")


def _names(facts: pd.DataFrame, subdistrict: pd.Series) -> pd.Series:
    """Name a district after its largest named member; several of one name get numbers."""
    size = facts["persons"].fillna(facts["area_m2"].rank(pct=True)).astype(float)
    order = facts.assign(size=size).sort_values("size", ascending=False, kind="stable")
    named = order[order["name"].notna() & (order["name"].str.len() > 0)]
    base = named.groupby("district_id", sort=True)["name"].first().reindex(subdistrict.index)
    base = base.fillna(subdistrict).astype("string")
    name = (base + "片区").fillna(pd.Series(subdistrict.index, subdistrict.index) + "片区")
    number = name.groupby(name).cumcount() + 1
    repeated = name.duplicated(keep=False)
    return name.where(~repeated, name + number.astype("string"))
