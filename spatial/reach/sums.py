"""Sums of weights within a walk: persons, seats, places around every node or origin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import IndexMismatchError, LayerError, StandardsError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By
from spatial.reach.decays import Decay, decay_table, within
from spatial.reach.laid import Clusters, LaidPoints, lay_points, streets_of
from spatial.reach.streets import Streets
from spatial.reach.sum_kernels import Weights, sum_clusters
from spatial.reach.vectors import UNREACHED
from spatial.units import MM_PER_M

__all__ = ["weighted_sums"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]


def weighted_sums(
    network: WalkNetwork | Streets,
    origins: Attachments | LaidPoints | None,
    points: Attachments | LaidPoints,
    weights: pd.DataFrame,
    *,
    cutoff_m: float,
    decays: Mapping[str, Decay] | None = None,
    by: By = "distance",
) -> pd.DataFrame:
    """Sum weights of points over what is reached on foot, for every origin or node.

    ``S_o = Σ_p w_p · f(d_op)`` over all points p with ``d_op`` within the cutoff.

    Parameters
    ----------
    network : WalkNetwork or Streets
        `lay_streets(network)` saves laying it out again for each call, as `lay_points` does for
        origins and points.
    origins : Attachments or LaidPoints, shape (o,), or None
        None: every node of the network. Rows with one id that stand together are ways out of
        one place; its best way to each point counts.
    points : Attachments or LaidPoints
        Where the weights are; rows with one id that stand together are ways into one place.
    weights : DataFrame, shape (p, columns)
        Numbers, indexed by the ids of `points`; a missing weight makes nothing 0: fill or drop
        it first.
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    decays : Mapping of str to Decay, optional
        One or several decays, computed in the same pass. Default: all or nothing.
    by : {"distance", "time"}
        What the walk minimises and the decays are of.

    Returns
    -------
    DataFrame, shape (o, columns) or (o, decays × columns)
        Indexed by origin id (or node number); columns as in `weights`, or pairs
        ``(decay, column)`` when `decays` are given. Missing where an origin is not attached.

    Raises
    ------
    LayerError
        If a weight is missing or not a number.
    IndexMismatchError
        If `weights` and `points` do not speak of the same points.

    Notes
    -----
    Walks count from the true place on the edge, on both ends, as everywhere. Distances are exact
    (whole millimetres). Each product is rounded to a grid of 2⁻⁵¹ of the column's total, on
    which sums are exact: the result depends on no order, and whole-number weights within a limit
    sum exactly. Clusters of 32 neighbouring origins share one search (see
    ``docs/methods/sums.md``).

    Examples
    --------
    >>> from spatial.reach import weighted_sums, within          # doctest: +SKIP
    >>> weighted_sums(network, None, homes, persons, cutoff_m=1000)  # doctest: +SKIP
    """
    streets = streets_of(network, points, by=by)
    limit = whole_limit(cutoff_m)
    made = lay_points(streets, origins).starts
    laid = lay_points(streets, points)
    places, of_place = laid.ends
    packed = pack_weights(weights, laid.ids, of_place, decays)
    columns = weights.columns
    out = np.zeros((len(made.order), len(packed.plain) * len(columns)))
    if len(made.cluster) > 1:
        sum_clusters(
            streets.forward, streets.backward, streets.chains, streets.edge_arcs, made.sources,
            made.cluster, places, packed, limit, out,
        )  # fmt: skip
    return _frame(out, made, columns, decays)


def whole_limit(cutoff: float) -> int:
    """Metres or seconds as thousandths, as far as costs of 30 bits go."""
    if not cutoff >= 0:
        raise StandardsError(
            f"A limit must be 0 or more, not {cutoff!r}.",
            zh=f"限值须不小于 0,不能是 {cutoff!r}。",
        )
    if cutoff * MM_PER_M >= UNREACHED:
        raise StandardsError(
            f"A limit of {cutoff:g} is too far: searches go to {UNREACHED // MM_PER_M:,} m or s.",
            zh=f"限值 {cutoff:g} 过大:搜索上限为 {UNREACHED // MM_PER_M:,} 米或秒。",
        )
    return round(cutoff * MM_PER_M)


def pack_weights(
    weights: pd.DataFrame, ids: pd.Index, of_place: Longs, decays: Mapping[str, Decay] | None
) -> Weights:
    """Bring weights into the order of the places (row `of_place` of the points) on their grids."""
    if weights.index.equals(ids):
        rows = of_place
    elif weights.index.is_unique:
        rows = weights.index.get_indexer(ids[of_place])
    else:
        rows = np.array([-1])
    if (rows < 0).any():
        raise IndexMismatchError(
            f"`weights` has {len(weights)} rows that do not speak of the attached points. "
            "Give one row for each point, indexed by its id.",
            zh=f"`weights` 的 {len(weights)} 行与已接入路网的点不对应。每个点给一行,以编号为索引。",
        )
    value = np.empty(weights.shape)
    for number, name in enumerate(weights.columns):
        column = pd.to_numeric(weights[name], errors="coerce")
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(numbers).all():
            worst = weights.index[~np.isfinite(numbers)][0]
            raise LayerError(
                f"`weights` column {name!r} has no number for {worst!r}. Fill it or leave the "
                "point out: unknown is not 0.",
                zh=f"`weights` 的列 {name!r} 在 {worst!r} 处没有数值。请补全或去掉该点。",
            )
        value[:, number] = numbers
    total = np.abs(value).sum(axis=0)
    step = np.exp2(np.ceil(np.log2(np.where(total > 0, total, 1.0))) - 51)
    every = list((decays or {"": within(UNREACHED / MM_PER_M)}).values())
    plain = [
        round(decay.limits[0] * MM_PER_M) if decay.weights == (1.0,) else -1 for decay in every
    ]
    return Weights(
        value=np.ascontiguousarray((np.rint(value / step) * step)[rows]),
        rounder=1.5 * 2.0**52 * step,
        decays=decay_table(every),
        plain=np.array(plain, dtype=np.int64),
    )


def _frame(
    out: Floats, made: Clusters, columns: pd.Index, decays: Mapping[str, Decay] | None
) -> pd.DataFrame:
    values = np.full((len(made.index), out.shape[1]), np.nan)
    values[made.order] = out
    names = columns if decays is None else pd.MultiIndex.from_product([list(decays), columns])
    return pd.DataFrame(values, index=made.index, columns=names)
