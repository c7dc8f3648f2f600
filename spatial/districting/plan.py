"""Propose renewal districts: neighbourhoods merged within hard limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_index
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.measures import (
    Links,
    Pairs,
    amounts_of,
    links_of,
    pairs_within,
    standardised,
)
from spatial.districting.rules import AMOUNTS, DistrictRules
from spatial.districting.search import Block, Problem, Search
from spatial.districting.singles import single_reasons
from spatial.districting.tied import Ties, forbidden_pairs, require_keepable, ties_of
from spatial.progress import Progress, silent

__all__ = ["Plan", "propose_districts"]

ROUNDS_PER_ATOM = 3
"""Places taken apart and put together again, per neighbourhood that may join …"""
MAX_ROUNDS = 6000
"""… but no more than this, so that a megacity stays within seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which neighbourhood belongs to which district; districts are never drawn."""

    assignment: pd.Series
    """District id of each neighbourhood, NA where it stands alone."""
    single_reason: pd.Series
    """Why it stands alone; NA where it does not."""
    objective: float
    """J of the plan, see :mod:`spatial.districting.search`; lower is better."""
    parameters: Mapping[str, Any]
    """The rules and the seed that made it."""
    report: Mapping[str, Any]
    """What happened: objective before and after, links cut, unknown sizes, flags."""


def propose_districts(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    needs: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Plan:
    """Merge adjacent neighbourhoods that share needs and lie near one another.

    Every hard rule is kept by every step; see :mod:`spatial.districting.search` for the method
    and the objective, and :class:`DistrictRules` for the rules.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods, n of them
        ``frame`` with households, persons, area_m2, subdistrict and the parcel.
    adjacency : DataFrame
        ``a, b, barrier, walk_m`` of results.adjacency.
    needs : DataFrame, shape (n, k)
        What is missing, as numbers, on the neighbourhoods' index. Each column is standardised;
        an unknown value neither attracts nor repels.
    eligible : Series of bool, shape (n,)
        May join a district; NA means no.
    rules : DistrictRules
    seed : int
        Order of visits in the search; the same seed gives the same plan, whatever the order of
        the rows.
    progress : Progress

    Returns
    -------
    Plan
        Every neighbourhood with a district, or with the reason why it stands alone. Ids are
        ``D001`` … in the order of each district's smallest neighbourhood id; locked districts
        keep theirs.

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
    progress("districts", 0.0)
    may_join = eligible.fillna(value=False).to_numpy(dtype=bool)
    ids = pd.Index(sorted(frame.index[may_join].astype(str)))
    some = frame.loc[ids]
    ties = ties_of(rules, frame.index, ids)
    amounts, unknown = amounts_of(some)
    # of an amount that is known of nobody, no limit can be kept or missed: it is reported instead
    blind = [amount for amount, count in unknown.items() if count == len(ids)]
    idle = sorted(f"{which}_{amount}" for amount in blind for which in rules.acting(amount))
    rules = rules.without_limits(blind)
    links = links_of(adjacency, ids, _offices(some), rules)
    xy_m = shapely.get_coordinates(shapely.centroid(some.geometry.to_numpy()))
    pairs = pairs_within(xy_m, links, rules)
    require_keepable(ties, ids, amounts, links, pairs, rules)
    z = standardised(needs.loc[ids])
    problem = _problem(ties, ids, z, amounts, _offices(some), links, pairs, rules)
    search = Search(problem)
    constant = rules.weights.needs * float(np.nansum(z**2)) / max(z.shape[1], 1)
    before = search.objective + constant
    found = _solve(search, seed, progress)
    labels = _labels(found, ties)
    kept = [label is not None for label in labels]
    reasons = single_reasons(problem, ties, search, alone_for=rules.locks, ids=ids)
    assignment = pd.Series(pd.NA, index=frame.index, dtype="string", name="district_id")
    reason = pd.Series("not_eligible", index=frame.index, dtype="string", name="single_reason")
    below: list[str] = []
    for block, label, keep in zip(found, labels, kept, strict=True):
        members = ids[_rows(ties, block)]
        short = bool((block.amounts < problem.minimum * (1 - 1e-12)).any())
        if not keep:
            reason[members] = reasons[block.atoms[0]]
        elif short and not rules.keep_below_minimum and block.lock < 0:
            reason[members] = "below_minimum"
        else:
            assignment[members] = label
            reason[members] = pd.NA
            below += [str(label)] if short else []
    progress("districts", 1.0)
    over = (amounts > problem.maximum * (1 + 1e-12)).any(axis=1)
    return Plan(
        assignment=assignment,
        single_reason=reason,
        objective=search.objective + constant,
        parameters={"seed": seed, "rules": rules},
        report={
            "objective_alone": before,
            "objective_agglomerated": search.marks["agglomerated"] + constant,
            "objective_improved": search.marks["improved"] + constant,
            "objective": search.objective + constant,
            "districts": int(assignment.nunique()),
            "singles": {str(k): int(v) for k, v in reason.value_counts().sort_index().items()},
            "steps": dict(search.steps),
            "links": len(links.first),
            "links_cut": links.cut,
            "unknown_sizes": unknown,
            "limits_not_applied": idle,
            "below_minimum": sorted(below),
            "above_maximum_alone": ids[over].tolist(),
        },
    )


def _solve(search: Search, seed: int, progress: Progress) -> list[Block]:
    rng = np.random.default_rng(seed)
    atoms = len(search.problem.size)
    search.agglomerate(progress=progress)
    search.marks["agglomerated"] = search.objective
    search.improve(rng.permutation(atoms).tolist())
    search.marks["improved"] = search.objective
    progress("districts", 0.6)
    search.recreate(min(int(atoms * ROUNDS_PER_ATOM), MAX_ROUNDS), rng, progress=progress)
    search.improve(rng.permutation(atoms).tolist())
    return sorted(search.blocks.values(), key=lambda block: block.atoms)


def _offices(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    return pd.factorize(frame["subdistrict"], sort=True)[0].astype(np.int64)


def _rows(ties: Ties, block: Block) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.isin(ties.atom, block.atoms))


def _labels(blocks: list[Block], ties: Ties) -> list[str | None]:
    """District ids: the locked one, else D001 … ; None for a neighbourhood alone.

    Blocks come in the order of their smallest neighbourhood id.
    """
    taken = set(ties.labels)
    new = sum(1 for block in blocks if block.size > 1 and block.lock < 0)
    width = max(3, len(str(new + len(taken))))
    labels: list[str | None] = []
    number = 0
    for block in blocks:
        if block.lock >= 0:
            labels.append(ties.labels[block.lock])
        elif block.size == 1:
            labels.append(None)
        else:
            number += 1
            while f"D{number:0{width}d}" in taken:
                number += 1
            labels.append(f"D{number:0{width}d}")
    return labels


def _problem(
    ties: Ties,
    ids: pd.Index,
    z: npt.NDArray[np.float64],
    amounts: npt.NDArray[np.float64],
    office: npt.NDArray[np.int64],
    links: Links,
    pairs: Pairs,
    rules: DistrictRules,
) -> Problem:
    atoms, atom = len(ties.lock), ties.atom
    size = np.bincount(atom, minlength=atoms)
    known, total = np.zeros((atoms, z.shape[1])), np.zeros((atoms, z.shape[1]))
    np.add.at(known, atom, np.isfinite(z).astype(np.float64))
    np.add.at(total, atom, np.nan_to_num(z, nan=0.0))
    summed = np.zeros((atoms, len(AMOUNTS)))
    np.add.at(summed, atom, amounts)
    offices = np.full(atoms, -1)
    np.maximum.at(offices, atom, office if rules.same_subdistrict else -1)
    near, inner = _near(ties, pairs, forbidden_pairs(rules, ids), size, rules.max_distance_m)
    linked: list[set[int]] = [set() for _ in range(atoms)]
    free = ~ties.alone[links.first] & ~ties.alone[links.second]
    ends = zip(atom[links.first[free]].tolist(), atom[links.second[free]].tolist(), strict=True)
    for a, b in ends:
        if a != b:
            linked[a].add(b)
            linked[b].add(a)
    return Problem(
        known=known,
        total=total,
        amounts=summed,
        size=size,
        inner=inner,
        links=[sorted(found) for found in linked],
        near=near,
        office=offices.tolist(),
        lock=ties.lock,
        closed=frozenset(ties.labels.index(label) for label in rules.closed),
        maximum=np.array([rules.maximum.get(amount, np.inf) for amount in AMOUNTS]),
        minimum=np.array([rules.minimum.get(amount, 0.0) for amount in AMOUNTS]),
        weights=rules.weights,
    )


def _near(
    ties: Ties,
    pairs: Pairs,
    forbidden: set[tuple[int, int]],
    size: npt.NDArray[np.int64],
    limit_m: float,
) -> tuple[list[dict[int, float]], npt.NDArray[np.float64]]:
    """Atoms that may share a district: all their neighbourhoods lie near one another."""
    share = (pairs.walk_m / limit_m) ** 2
    table = pd.DataFrame({"first": pairs.first, "second": pairs.second, "share": share})
    if forbidden:
        apart = pd.MultiIndex.from_tuples(sorted(forbidden))
        both = pd.MultiIndex.from_arrays([table["first"], table["second"]])
        table = table[~both.isin(apart)]
    one = ties.atom[table["first"].to_numpy()]
    two = ties.atom[table["second"].to_numpy()]
    table = table.assign(low=np.minimum(one, two), high=np.maximum(one, two))
    sums = table.groupby(["low", "high"], sort=True)["share"].agg(["size", "sum"]).reset_index()
    low, high = sums["low"].to_numpy(), sums["high"].to_numpy()
    same = low == high
    inner = np.zeros(len(size))
    inner[low[same]] = sums["sum"].to_numpy()[same]
    whole = ~same & (sums["size"].to_numpy() == size[low] * size[high])
    near: list[dict[int, float]] = [{} for _ in range(len(size))]
    found = zip(low[whole].tolist(), high[whole].tolist(), sums["sum"][whole].tolist(), strict=True)
    for a, b, value in found:
        near[a][b] = value
        near[b][a] = value
    return near, inner
