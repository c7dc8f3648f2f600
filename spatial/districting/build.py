"""The districting problem of a city's neighbourhoods."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_index
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.assemble import Limits, Units, assemble
from spatial.districting.measures import amounts_of, links_of, pairs_within, standardised
from spatial.districting.pooling import Pooling
from spatial.districting.problem import Problem
from spatial.districting.rules import AMOUNTS, DistrictRules
from spatial.districting.tied import forbidden_pairs, require_keepable, ties_of

__all__ = ["idle_limits", "inertia_m4", "make_problem"]

Floats = npt.NDArray[np.float64]


def make_problem(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    needs: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
    *,
    sharing: Pooling | None = None,
) -> Problem:
    """Return the districting problem of a city.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods, n of them
        ``frame`` with households, persons, area_m2, subdistrict and the parcel; its cells are
        the land whose compactness counts.
    adjacency : DataFrame
        ``a, b, barrier, walk_m`` of results.adjacency.
    needs : DataFrame, shape (n, K)
        What is missing, as numbers, on the neighbourhoods' index. Each column is standardised;
        an unknown value neither attracts nor repels.
    eligible : Series of bool, shape (n,)
        May join a district; NA means no.
    rules : DistrictRules
    sharing : Pooling, optional
        Rows are those of ``neighbourhoods.frame``; see :mod:`spatial.districting.sharing`.

    Raises
    ------
    IndexMismatchError
        If the tables or the rules speak of other neighbourhoods.
    InfeasibleError
        If rules contradict one another; the message names them and the neighbourhoods.
    """
    frame = neighbourhoods.frame
    require_metric_crs(frame, name="neighbourhoods")
    require_columns(adjacency, ["a", "b", "barrier", "walk_m"], name="adjacency")
    require_same_index(frame, needs, names=("neighbourhoods", "needs"))
    require_same_index(frame, eligible, names=("neighbourhoods", "eligible"))
    ids = pd.Index(
        sorted(frame.index[eligible.fillna(value=False).to_numpy(dtype=bool)].astype(str))
    )
    some = frame.loc[ids]
    ties = ties_of(rules, frame.index, ids)
    amounts, unknown = amounts_of(some)
    # of an amount that is known of nobody, no limit can be kept or missed: it is reported instead
    rules = rules.without_limits([key for key, count in unknown.items() if count == len(ids)])
    office = pd.factorize(some["subdistrict"], sort=True)[0].astype(np.int64)
    links = links_of(adjacency, ids, office, rules)
    xy_m = shapely.get_coordinates(shapely.centroid(some.geometry.to_numpy()))
    pairs = pairs_within(xy_m, links, rules)
    require_keepable(ties, ids, amounts, office, links, pairs, rules)
    cells = neighbourhoods.cells.geometry.reindex(ids).to_numpy()
    straight_m = np.hypot(*(xy_m[links.first] - xy_m[links.second]).T)
    z = standardised(needs.loc[ids])
    apart = sorted(forbidden_pairs(rules, ids))
    units = Units(
        ids=ids,
        values=z,
        first=links.first,
        second=links.second,
        link_m=np.where(np.isnan(links.walk_m), straight_m * rules.detour_factor, links.walk_m),
        amounts={name: amounts[:, i] for i, name in enumerate(AMOUNTS)},
        xy_m=xy_m,
        area_m2=np.nan_to_num(shapely.area(cells)),
        inertia_m4=inertia_m4(cells),
        office=office if rules.same_subdistrict else np.full(len(ids), -1),
        atom=ties.atom,
        lock=np.array(ties.lock, dtype=np.int64),
        labels=ties.labels,
        closed=np.array([label in rules.closed for label in ties.labels], dtype=bool),
        alone=ties.alone,
        pairs=(pairs.first, pairs.second, pairs.walk_m),
        apart=np.array(apart, dtype=np.int64).reshape(-1, 2),
        pooling=None if sharing is None else _of_rows(sharing, frame.index.get_indexer(ids)),
        needs=_varying(needs.loc[ids], z),
        cut=links.cut,
    )
    limits = Limits(
        maximum=rules.maximum,
        minimum=rules.minimum,
        hard_minimum=not rules.keep_below_minimum,
        max_distance_m=rules.max_distance_m,
        balance_of=rules.balance_of,
    )
    return assemble(units, limits, rules.weights)


def idle_limits(
    neighbourhoods: Neighbourhoods, problem: Problem, rules: DistrictRules
) -> list[str]:
    """Limits that cannot act because nobody's size is known, e.g. ``max_households``."""
    unknown = amounts_of(neighbourhoods.frame.loc[problem.ids])[1]
    blind = [amount for amount, count in unknown.items() if count == len(problem.ids)]
    return sorted(f"{which}_{amount}" for amount in blind for which in rules.acting(amount))


def inertia_m4(areas: npt.NDArray) -> Floats:
    """Moment of inertia of polygons around their own middles: ∫ (x² + y²) dA, in m⁴.

    Missing geometry gives 0. Summed over the triangles that each edge makes with a point near
    the polygon, holes counting against it.

    Examples
    --------
    >>> float(inertia_m4(np.array([shapely.box(7, 8, 9, 10)]))[0])  # a⁴ / 6 for a square
    2.66666666666666...
    """
    found = np.zeros(len(areas))
    rings, polygon = shapely.get_rings(_polygons(areas)[0], return_index=True)
    owner = _polygons(areas)[1][polygon]
    anchor = shapely.get_coordinates(shapely.centroid(areas[~shapely.is_missing(areas)]))
    middle = np.zeros((len(areas), 2))
    middle[~shapely.is_missing(areas)] = anchor
    # exterior rings may run either way: orient holes against the shell
    hole = np.ones(len(rings), dtype=bool)
    hole[np.flatnonzero(np.diff(polygon, prepend=-1))] = False
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy = xy - middle[owner[ring]]
    inside = ring[1:] == ring[:-1]
    p, q, ring = xy[:-1][inside], xy[1:][inside], ring[:-1][inside]
    cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
    moment = cross * (p * p + p * q + q * q).sum(axis=1) / 12.0
    signed = np.bincount(ring, weights=moment, minlength=len(rings))
    np.add.at(found, owner, np.where(hole, -1.0, 1.0) * np.abs(signed))
    return found


def _polygons(areas: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray[np.int64]]:
    present = np.flatnonzero(~shapely.is_missing(areas))
    parts, place = shapely.get_parts(areas[present], return_index=True)
    return parts, present[place]


def _varying(needs: pd.DataFrame, z: Floats) -> tuple[str, ...]:
    names = [name for name in needs.columns if standardised(needs[[name]]).shape[1]]
    assert len(names) == z.shape[1]
    return tuple(map(str, names))


def _of_rows(sharing: Pooling, rows: npt.NDArray[np.int64]) -> Pooling:
    """Return the pooling among some rows, numbered anew."""
    place = np.full(len(sharing.persons), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    kept = (place[sharing.row] >= 0) & (place[sharing.other] >= 0)
    return Pooling(
        kinds=sharing.kinds,
        row=place[sharing.row[kept]],
        other=place[sharing.other[kept]],
        bits=sharing.bits[kept],
        persons=sharing.persons[rows],
    )
