"""Options that cannot be chosen together: too near each other, or kinds that share no asset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from spatial.siting.solver.core import Core

__all__ = ["conflict_cliques", "near_pairs"]

Longs = npt.NDArray[np.int64]


def near_pairs(xy_m: npt.NDArray[np.float64], spacing_m: float) -> Longs:
    """Pairs of places nearer than a spacing, shape (pairs, 2), each once.

    Examples
    --------
    >>> near_pairs(np.array([[0.0, 0.0], [60.0, 0.0], [160.0, 0.0]]), 100.0).tolist()
    [[0, 1]]
    """
    pairs = cKDTree(xy_m).query_pairs(spacing_m, output_type="ndarray").astype(np.int64)
    apart = np.hypot(*(xy_m[pairs[:, 0]] - xy_m[pairs[:, 1]]).T)
    pairs = pairs[apart < spacing_m]
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def conflict_cliques(core: Core) -> Iterator[tuple[str, Longs]]:
    """Yield the rule and options of which at most one is chosen; every conflict is in a clique.

    A pair that no clique holds yet is grown, greedily, to a largest set of places all near each
    other: fewer and stronger rows than pair by pair.
    """
    rules, assets = core.problem.rules, core.problem.assets
    for kind, spacing_m in sorted(rules.spacing_m.items()):
        mine = np.flatnonzero(core.kind == core.kinds.get_loc(kind))
        at = np.unique(core.asset[mine])
        if len(at) < 2 or spacing_m <= 0:
            continue
        xy_m = assets[["x_m", "y_m"]].to_numpy(float)[at]
        place = np.searchsorted(at, core.asset[mine])
        for clique in _cover(near_pairs(xy_m, spacing_m), len(at)):
            yield f"spacing:{kind}", mine[np.isin(place, clique)]
    for one, other in rules.incompatible:
        first, second = core.kinds.get_loc(one), core.kinds.get_loc(other)
        both = np.intersect1d(core.asset[core.kind == first], core.asset[core.kind == second])
        for asset in both:
            some = (core.asset == asset) & ((core.kind == first) | (core.kind == second))
            yield f"incompatible:{one}:{other}", np.flatnonzero(some)


def _cover(pairs: Longs, count: int) -> Iterator[Longs]:
    """Yield cliques that hold every pair at least once."""
    ones = np.ones(2 * len(pairs), dtype=bool)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    near = sparse.csr_array((ones, (both[:, 0], both[:, 1])), shape=(count, count))
    near.sort_indices()
    beside = [set(near.indices[near.indptr[i] : near.indptr[i + 1]].tolist()) for i in range(count)]
    open_pairs = {(int(a), int(b)) for a, b in pairs}
    for a, b in pairs.tolist():
        if (a, b) not in open_pairs:
            continue
        clique = [a, b]
        shared = beside[a] & beside[b]
        while shared:
            best = max(sorted(shared), key=lambda k: len(shared & beside[k]))
            clique.append(best)
            shared &= beside[best]
        members = sorted(clique)
        open_pairs.difference_update(
            (i, j) for at, i in enumerate(members) for j in members[at + 1 :]
        )
        yield np.array(members, dtype=np.int64)
