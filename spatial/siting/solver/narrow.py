"""A problem with some of its options only: smaller, and its groups of demand rows larger."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spatial.siting.solver.core import Core, group_rows

__all__ = ["Narrow", "narrow"]

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Narrow:
    """The smaller core, the options kept, and its group of each of the larger core's groups."""

    core: Core
    kept: Longs
    into: Longs  # (groups of the larger,) -1: no kept option reaches it


def narrow(core: Core, kept: Longs) -> Narrow:
    """Keep some options (row numbers of the core, ascending)."""
    sites_kept = np.unique(core.site[kept])
    number = np.full(len(core.start) - 1, -1, dtype=np.int64)
    number[sites_kept] = np.arange(len(sites_kept))
    old = len(core.old_capacity)
    number[core.sites :] = len(sites_kept) + np.arange(old)
    owner = number[np.repeat(np.arange(len(number)), np.diff(core.start))]
    inside = owner >= 0
    owner, group = owner[inside], core.group[inside].astype(np.int64)
    supplies = len(sites_kept) + old
    tight = np.ones(supplies, dtype=bool)
    tight[: len(sites_kept)] = ~core.unlimited[sites_kept]
    into, first = group_rows(
        owner, group, len(core.persons), supplies, tight, core.weight, core.wanted
    )
    member = np.flatnonzero(into >= 0)
    persons = np.bincount(into[member], core.persons[member], minlength=len(first)).astype(float)
    mass = (core.persons * core.weight)[member]
    weight = np.bincount(into[member], mass, minlength=len(first)) / persons
    is_first = np.zeros(len(core.persons), dtype=bool)
    is_first[first] = True
    keep = is_first[group]
    owner, group = owner[keep], into[group[keep]]
    order = np.lexsort((group, owner))
    of_row = np.full(len(core.group_of), -1, dtype=np.int64)
    rows = np.flatnonzero(core.group_of >= 0)
    of_row[rows] = into[core.group_of[rows]]
    small = replace(
        core,
        option=core.option[kept],
        site=number[core.site[kept]],
        asset=core.asset[kept],
        kind=core.kind[kept],
        cost_yuan=core.cost_yuan[kept],
        yearly_yuan=core.yearly_yuan[kept],
        floor_m2=core.floor_m2[kept],
        risk=core.risk[kept],
        earliest=core.earliest[kept],
        capacity=core.capacity[kept],
        forced=core.forced[kept],
        sites=len(sites_kept),
        start=np.searchsorted(owner[order], np.arange(supplies + 1)).astype(np.int64),
        group=group[order].astype(np.int32),
        persons=persons,
        weight=weight,
        group_kind=core.group_kind[first],
        wanted=core.wanted[first],
        group_of=of_row,
        baseline=np.bincount(into[member], core.baseline[member], minlength=len(first)).astype(
            float
        ),
    )
    return Narrow(small, kept, into)
