"""Who bears the gaps: inequality of the walk, and the elderly and children beyond the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.gaps.buildings import BuildingGaps

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["equity", "weighted_gini"]

WHOLE_CITY: Final = "city"
NAMES: Final = {
    "persons": ("人口", "persons"),
    "elderly": ("老年人口", "elderly_persons"),
    "children": ("儿童人口", "children_persons"),
}
GROUPS: Final = tuple(NAMES)
COLUMNS: Final = ("neighbourhood_id", "kind", "layer", "need", "status", "limit_m", "nearest_m")

Floats = npt.NDArray[np.float64]


def weighted_gini(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Gini coefficient of values that stand for different numbers of people.

    G = Σ_i Σ_j w_i w_j |x_i - x_j| / (2 W² μ)        W = Σ w, μ = Σ w x / W

    Parameters
    ----------
    values : array_like of float, shape (n,)
        0 or more, e.g. metres.
    weights : array_like of float, shape (n,)
        0 or more, e.g. persons.

    Returns
    -------
    float
        0 = the same for everybody, towards 1 = all of it on one; 0 where all values are 0, NaN
        where no weight is left.

    Raises
    ------
    InputError
        If a value or weight is negative or no number.

    Notes
    -----
    By one sort, with the people in order of their values [1]_, not by all pairs.

    References
    ----------
    .. [1] R. I. Lerman, S. Yitzhaki (1989), Journal of Econometrics 42, 43-47.

    Examples
    --------
    >>> round(weighted_gini([100.0, 300.0], [1.0, 1.0]), 12)
    0.25
    """
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if not ((x >= 0).all() and (w >= 0).all()):
        raise InputError(
            "`weighted_gini` takes values and weights of 0 or more; leave out what is unknown.",
            zh="`weighted_gini` 的数值与权重不得为负或缺失;未知的请先剔除。",
        )
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    x = np.ldexp(x, -np.frexp(x.max(initial=0.0))[1])  # by a power of two: exact, no underflow
    whole, burden = w.sum(), (w * x).sum()
    if whole == 0:
        return float("nan")
    if burden == 0:
        return 0.0
    before = np.cumsum(w) - w / 2  # people before the middle of each group
    return float(2 * (w * x * before).sum() / (whole * burden) - 1)


def equity(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    *,
    searched_m: float,
    buildings: BuildingGaps | None = None,
    homes: pd.DataFrame | None = None,
    districts: pd.Series | None = None,
) -> pd.DataFrame:
    """Say how unequal the walk is, and which share of the old and the young is beyond the limit.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.
    neighbourhoods : Neighbourhoods
        ``persons``, ``elderly_persons`` (60 and over), ``children_persons`` (0-14) of its frame.
    searched_m : float
        How far the nearest facility was searched; where none was found the walk counts as this
        long (at least it is), see ``not_found_share``.
    buildings : BuildingGaps, optional
        With `homes` (`residents_at_home`): residents are beyond the limit where their own building
        is. Without them all of a neighbourhood that lacks the kind are. Old and young live spread
        over the buildings of their neighbourhood like everybody.
    districts : Series, optional
        District id by neighbourhood id.

    Returns
    -------
    DataFrame
        ``results.equity``: one row for each area (``city`` and districts), kind and layer; and one
        of the whole set of must-have kinds (kind and layer missing), whose Gini and mean are of
        the number of missing kinds. ``…_beyond_share`` is missing where no neighbourhood of the
        area has the number; ``unknown_zh, unknown_en`` say what is missing.

    Notes
    -----
    Gini over residents by `weighted_gini`, of the walk from the gates. What lies inside the parcel
    is 0 m away. Neighbourhoods of unknown population, or where nobody can tell whether the kind
    exists, do not count; ``elderly_known_share`` is the share of residents in neighbourhoods whose
    number of elderly is known.
    """
    require_columns(gaps, COLUMNS, name="gaps")
    people = _people(neighbourhoods.frame)
    rows = gaps[list(COLUMNS)].reset_index(drop=True)
    text = ["neighbourhood_id", "kind", "layer"]
    rows[text] = rows[text].astype("str")
    rows["walk_m"] = _walked(gaps, searched_m)
    rows["beyond"] = _beyond(rows, buildings, homes)
    rows = rows.join(people, on="neighbourhood_id")
    areas = [pd.Series(WHOLE_CITY, index=people.index)]
    if districts is not None:
        areas.append(districts.set_axis(districts.index.astype("str")).dropna().astype("str"))
    parts = []
    for area_of in areas:
        placed = rows.assign(area=rows["neighbourhood_id"].map(area_of)).dropna(subset="area")
        parts += [_by_check(placed, searched_m), _altogether(placed)]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    label = table["kind"].fillna("all") + ":" + table["layer"].fillna("all")
    table.index = pd.Index(table["area"] + ":" + label, dtype="str")
    return conform(table, data_dictionary().results["equity"], name="equity")


def _people(frame: pd.DataFrame) -> pd.DataFrame:
    """Residents, elderly and children of each neighbourhood; old and young at most everybody."""
    columns = {"persons": "persons", "elderly": "elderly_persons", "children": "children_persons"}
    people = pd.DataFrame(
        {
            name: frame[column].astype("Float64").astype("float64")
            for name, column in columns.items()
        }
    )
    return people.set_axis(people.index.astype("str"), axis=0)


def _walked(gaps: pd.DataFrame, searched_m: float) -> pd.Series:
    """Metres to the nearest: 0 inside the parcel, the whole search where none was found."""
    walk = gaps["nearest_m"].astype("Float64").astype("float64").reset_index(drop=True)
    told = (gaps["status"] != "unknown").to_numpy(dtype=bool)
    if "basis" in gaps.columns:
        inside = (gaps["basis"] == "inside").fillna(value=False).to_numpy(dtype=bool)
        walk = walk.where(~inside, 0.0)
    return walk.fillna(searched_m).where(told)


def _beyond(
    rows: pd.DataFrame, buildings: BuildingGaps | None, homes: pd.DataFrame | None
) -> npt.NDArray[np.float64]:
    """Share of each neighbourhood's residents without what the row is about; NaN if unknown."""
    status = rows["status"].to_numpy(dtype=object)
    beyond = np.select([status == "missing", status == "present"], [1.0, 0.0], np.nan)
    if buildings is None or homes is None:
        return beyond
    share = buildings.share_without(homes["share"])
    place = share.index.get_indexer(rows["neighbourhood_id"])
    check = pd.MultiIndex.from_frame(buildings.checks[["kind", "layer"]].astype("str"))
    column = check.get_indexer(pd.MultiIndex.from_frame(rows[["kind", "layer"]]))
    own = np.full(len(rows), np.nan)
    both = (place >= 0) & (column >= 0)
    own[both] = share.to_numpy(dtype=float)[place[both], column[both]]
    return np.where(np.isnan(own), beyond, own)


class _Groups:
    """Sums over groups of rows; row i of the answers is group i, in order of first appearance."""

    def __init__(self, keys: pd.DataFrame) -> None:
        self.code = keys.groupby(list(keys), sort=False).ngroup().to_numpy()
        self.keys = keys.drop_duplicates().reset_index(drop=True)

    def sum(self, values: npt.ArrayLike) -> Floats:
        """Sum of what is known in each group."""
        known = np.nan_to_num(np.asarray(values, dtype=float), nan=0.0)
        return np.asarray(np.bincount(self.code, known, len(self.keys)), dtype=float)

    def any(self, holds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether it holds for any row of each group."""
        return self.sum(np.asarray(holds, dtype=float)) > 0

    def gini(self, values: pd.Series, weights: pd.Series) -> Floats:
        """`weighted_gini` of each group, over the rows with value and weight."""
        x, w = values.to_numpy(dtype=float), weights.to_numpy(dtype=float)
        told = ~np.isnan(x) & (w > 0)
        code, x, w = self.code[told], x[told], w[told]
        order = np.lexsort((x, code))
        code, x, w = code[order], x[order], w[order]
        count = len(self.keys)
        whole: Floats = np.bincount(code, w, count).astype(float)
        burden: Floats = np.bincount(code, w * x, count).astype(float)
        passed = np.concatenate([[0.0], np.cumsum(whole)[:-1]])  # people of the groups before
        before = np.cumsum(w) - w / 2 - passed[code]
        twice: Floats = 2.0 * np.bincount(code, w * x * before, count).astype(float)
        unequal = _ratio(twice, whole * burden) - 1
        return np.where((whole > 0) & (burden == 0), 0.0, unequal)


def _by_check(rows: pd.DataFrame, searched_m: float) -> pd.DataFrame:
    groups = _Groups(rows[["area", "kind", "layer"]])
    walk, persons = rows["walk_m"], rows["persons"]
    told = persons.where(walk.notna())
    known = rows["beyond"].notna()
    limits = rows.groupby(["area", "kind", "layer"], sort=False)["limit_m"].first()
    table = groups.keys.assign(
        limit_m=limits.to_numpy(dtype=float),
        gini=groups.gini(walk, persons),
        mean_walk_m=_ratio(groups.sum(walk * told), groups.sum(told)),
        not_found_share=_ratio(groups.sum(told.where(walk >= searched_m)), groups.sum(told)),
    )
    for name in GROUPS:
        heads = rows[name].where(known)
        without = groups.sum(rows["beyond"] * heads)
        counted = groups.any(heads.notna())
        table[f"{name}_beyond"] = np.where(counted, without, np.nan)
        table[f"{name}_beyond_share"] = _ratio(without, groups.sum(heads))
    return _with_known(table, groups, rows.where(known))


def _altogether(rows: pd.DataFrame) -> pd.DataFrame:
    """All must-have kinds together: inequality of how many are missing."""
    must = rows[(rows["need"] == "must").to_numpy(dtype=bool) & rows["beyond"].notna()]
    by_place = must.groupby(["area", "neighbourhood_id"], sort=False)
    places = by_place[list(GROUPS)].first().assign(missing=by_place["beyond"].sum())
    places = places.reset_index()
    groups = _Groups(places[["area"]])
    table = groups.keys.assign(
        kind=pd.Series(pd.NA, groups.keys.index, dtype="string"),
        layer=pd.Series(pd.NA, groups.keys.index, dtype="string"),
        gini=groups.gini(places["missing"], places["persons"]),
    )
    for name in GROUPS:
        heads = places[name]
        table[f"{name}_mean_missing"] = _ratio(
            groups.sum(places["missing"] * heads), groups.sum(heads)
        )
    return _with_known(table, groups, places)


def _with_known(table: pd.DataFrame, groups: _Groups, rows: pd.DataFrame) -> pd.DataFrame:
    """Add how many people stand behind the shares, and what to ask for where nobody does."""
    persons = rows["persons"]
    table["persons"] = np.where(groups.any(persons.notna()), groups.sum(persons), np.nan)
    zh, en = np.full(len(table), "", dtype=object), np.full(len(table), "", dtype=object)
    for name, (name_zh, name_en) in NAMES.items():
        known = rows[name].notna()
        table[f"{name}_known_share"] = _ratio(groups.sum(persons.where(known)), groups.sum(persons))
        lacking = ~groups.any(known)
        zh += np.where(lacking, "、" + name_zh, "").astype(object)
        en += np.where(lacking, ", " + name_en, "").astype(object)
    nobody = ~groups.any(rows["neighbourhood_id"].notna())
    zh[nobody], en[nobody] = "、该类设施是否存在", ", whether there is any of the kind"
    table["unknown_zh"] = [f"缺{text[1:]}" if text else None for text in zh]
    table["unknown_en"] = [text[2:] if text else None for text in en]
    return table.drop(columns="persons_known_share")


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
