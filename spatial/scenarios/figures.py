"""Sums over the city, before and after; each is the same sum over the same rows in one order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spatial.reach.kernels import FAR
from spatial.scenarios.tally import MISSING
from spatial.units import MS_PER_S

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.measure import Delta

__all__ = ["figures_of", "walk_s"]

Floats = npt.NDArray[np.float64]


def walk_s(key: npt.NDArray[np.int64], cap_s: float) -> Floats:
    """Seconds of the walk to the nearest facility; `cap_s` where none was found, or farther."""
    seconds = (key & 0xFFFFFFFF) / MS_PER_S
    return np.where(key < FAR, np.minimum(seconds, cap_s), cap_s)


def figures_of(base: ScenarioBase, delta: Delta) -> dict[str, Mapping[str, float]]:
    """Count persons, needs and person-seconds before and after.

    Returns
    -------
    dict
        ``must_missing_total``: must-have kinds missing, summed over neighbourhoods;
        ``persons_beyond_limit``: residents who miss at least one; ``person_gaps``: residents ×
        must-have kinds missing; ``walk_person_s``: seconds of all residents to the nearest facility
        of every must-have kind, a kind not found within the search counting as its farthest walk;
        ``persons_beyond_limit:<kind>:<layer>``: residents who miss it, for kinds that changed.
    """
    before = base.base_figures()
    after = sums(base, delta)
    return {
        name: {"before": before[name], "after": after.get(name, before[name])}
        for name in before
        if ":" not in name or after.get(name, before[name]) != before[name]
    }


def sums(base: ScenarioBase, delta: Delta) -> dict[str, float]:
    """Sum what the changed city is like (an empty delta: the base)."""
    checks, take = base.checks, base.arrays.__getitem__
    persons = np.nan_to_num(take("persons") if delta.persons is None else delta.persons)
    known = base.known_sums if delta.persons is None else None
    beyond = np.zeros(len(checks.kind))
    missing = np.zeros(len(checks.kind), dtype=np.int64)
    any_missing = np.zeros(len(persons), dtype=bool)
    for check in range(len(checks.kind)):
        new = delta.status.get(check)
        status = take("status")[check] if new is None else new[0]
        lacking = status == MISSING
        if checks.must[check]:
            any_missing |= lacking
        if known is not None and new is None:
            beyond[check], missing[check] = known[0][check], known[1][check]
        else:
            beyond[check] = persons[lacking].sum()
            missing[check] = lacking.sum()
    musts = sorted({int(checks.kind[check]) for check in np.flatnonzero(checks.must)})
    walked = np.zeros(len(musts))
    for row, kind in enumerate(musts):
        if known is not None and kind not in delta.near:
            walked[row] = known[2][row]
            continue
        key = take("near_key")[kind]
        if kind in delta.near:
            key = key.copy()
            key[delta.near[kind][0]] = delta.near[kind][1]
        walked[row] = (persons * walk_s(key, base.cap_s)).sum()
    names = [f"{kind}:{layer}" for kind, layer in zip(checks.kind_id, checks.layer, strict=True)]
    return {
        "must_missing_total": float(missing[checks.must].sum()),
        "persons_beyond_limit": float(persons[any_missing].sum()),
        "person_gaps": float(beyond[checks.must].sum()),
        "walk_person_s": float(walked.sum()),
        **{
            f"persons_beyond_limit:{name}": float(value)
            for name, value in zip(names, beyond, strict=True)
        },
    }
