"""What planners start from, made of an analysis: the districting problem, and a first plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.analysis import Analysis
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.districting import DistrictRules, Pooling, Problem, make_problem
from spatial.districting.frame import colours
from spatial.districting.sharing import sharing
from spatial.errors import InputError
from spatial.joins import shared_needs
from spatial.plans import District, Draft, Ground, PlanRules, ground_of

__all__ = ["district_problem", "first_draft", "planning_ground"]

Bits = npt.NDArray[np.uint64]


def district_problem(analysis: Analysis, **planner: Any) -> Problem:
    """Return the districting problem that the analysis itself solved, or one with other rules.

    Parameters
    ----------
    analysis : Analysis
    **planner
        Fields of :class:`~spatial.districting.DistrictRules` that replace those of the profile,
        e.g. ``max_distance_m=600``, ``must_not_join=(("N1", "N2"),)``, ``weights=Weights(…)``.

    Raises
    ------
    InfeasibleError
        If rules contradict one another; the message names them and the neighbourhoods.
    InputError
        If the analysis was not made in this process.
    """
    parameters = analysis.profile.rooms["districts"]
    admitted = ["eligible", "conditional"]
    admitted += ["unknown"] if parameters["unknown_may_join"] else []
    places, tables = _places(analysis), analysis.tables
    return make_problem(
        places,
        tables["adjacency"],
        shared_needs(places, tables["gaps"]),
        tables["neighbourhoods"]["eligibility"].isin(admitted),
        DistrictRules.from_parameters(parameters, **planner),
        sharing=_pooling(analysis),
    )


def planning_ground(analysis: Analysis) -> Ground:
    """Return what plans of an analysed city are drawn on."""
    pooling, tables = _pooling(analysis), analysis.tables
    places = tables["neighbourhoods"]
    offers = np.zeros(len(places), dtype=np.uint64)
    np.bitwise_or.at(offers, pooling.other, pooling.bits)
    return ground_of(
        places,
        tables["cells"],
        tables["cell_edges"],
        tables["adjacency"],
        pooling,
        missing=_missing(tables["gaps"], places.index, pooling.kinds),
        offers=offers,
    )


def first_draft(analysis: Analysis, assignment: pd.Series | None = None) -> Draft:
    """Return a plan to work on: that of the analysis, or any other assignment.

    Parameters
    ----------
    analysis : Analysis
    assignment : Series, optional
        District id by neighbourhood, NA in none; e.g. ``Proposal.assignment``. Its districts are
        named by their ids.
    """
    tables, profile = analysis.tables, analysis.profile
    own = tables["neighbourhoods"]["district_id"]
    given = own if assignment is None else assignment.reindex(own.index)
    label = {str(unit): None if pd.isna(one) else str(one) for unit, one in given.items()}
    known = tables["districts"]
    keys = pd.Index(sorted({one for one in label.values() if one is not None}), dtype="str")
    if assignment is None:
        names, colour = known["name"].reindex(keys), known["colour"].reindex(keys)
    else:
        names, colour = pd.Series(keys, index=keys), colours(keys, _touching(tables, label, keys))
    districts = [District(key, str(names[key]), int(colour[key])) for key in keys]
    rules = PlanRules.from_parameters(profile.rooms["districts"])
    return Draft.of(planning_ground(analysis), label, districts, rules=rules)


def _touching(
    tables: Mapping[str, pd.DataFrame], label: Mapping[str, str | None], keys: pd.Index
) -> npt.NDArray[np.int64]:
    """Rows of districts whose cells share a boundary, shape (2, m)."""
    edges = tables["cell_edges"].dropna(subset="b")
    ends = [
        keys.get_indexer(pd.Index([label.get(str(unit)) for unit in edges[end]])) for end in "ab"
    ]
    pairs = np.sort(np.stack(ends), axis=0)
    return np.unique(pairs[:, (pairs[0] >= 0) & (pairs[0] < pairs[1])], axis=1)


def _pooling(analysis: Analysis) -> Pooling:
    parameters, tables = analysis.profile.rooms["districts"], analysis.tables
    return sharing(
        _places(analysis),
        tables["gaps"],
        tables["adjacency"],
        detour_factor=parameters["detour_factor"],
        cut_barriers=tuple(parameters["cut_barriers"]),
        stock=tables["stock"],
        stock_fits=tables["stock_fits"],
    )


def _places(analysis: Analysis) -> Neighbourhoods:
    if analysis.basis is None:
        raise InputError(
            "This analysis was read back from files or a database and holds no places to plan on. "
            "Analyse the city again with `analyse`.",
            zh="该分析是从文件或数据库读回的,不含可供规划的基础数据。请用 analyse 重新分析该城市。",
        )
    return analysis.basis.places


def _missing(gaps: pd.DataFrame, index: pd.Index, kinds: tuple[str, ...]) -> Bits:
    """Must-have kinds that each place misses, as bits of the pooled kinds, shape (n,)."""
    lacking = gaps[(gaps["need"] == "must") & (gaps["status"] == "missing")]
    name = lacking["kind"].astype("str") + ":" + lacking["layer"].astype("str")
    row = index.get_indexer(pd.Index(lacking["neighbourhood_id"].astype("str")))
    kind = pd.Index(kinds).get_indexer(pd.Index(name))
    some = (row >= 0) & (kind >= 0)
    bits = np.zeros(len(index), dtype=np.uint64)
    np.bitwise_or.at(bits, row[some], np.left_shift(np.uint64(1), kind[some].astype(np.uint64)))
    return bits
