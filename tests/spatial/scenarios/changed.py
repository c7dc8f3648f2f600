"""A small city with a base for scenarios, and what it means for a scenario to be exact."""

from functools import lru_cache

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

from data.demo.city import make_demo_city
from spatial.analysis import AnalysisParameters, analyse
from spatial.scenarios import ScenarioBase, whole_city
from spatial.standards import read_profile

SCORES = ["must_missing", "must_checked", "gap_index"]


@lru_cache(maxsize=2)
def demo(neighbourhoods=20, by="distance"):
    city = make_demo_city(neighbourhoods=neighbourhoods, seed=5)
    parameters = AnalysisParameters(year=2026, circles_by=by)
    analysis = analyse(city, read_profile("national"), parameters=parameters)
    return analysis, ScenarioBase.from_analysis(analysis)


def patched(before, changed):
    """Put changed rows over the rows of the base."""
    after = before.copy()
    for name in after.columns.intersection(changed.columns):
        after.loc[changed.index, name] = changed[name]
    return after


def replaced(before, changed):
    """Put whole rows in the place of those of the base, new ones last."""
    order = before.index.append(changed.index.difference(before.index))
    kept = before.drop(index=before.index.intersection(changed.index))
    return pd.concat([kept, changed]).reindex(order)


def assert_exact(base, analysis, changes, result=None):
    """A run must equal the changed city computed from nothing, to the last digit."""
    result = base.run(changes) if result is None else result
    whole = whole_city(base, analysis, changes)
    assert_frame_equal(patched(base.frame("gaps"), result.gaps), whole.gaps, check_exact=True)
    for id_ in base.frame("neighbourhoods").index[::7]:
        one = result.gaps[result.gaps["neighbourhood_id"] == id_]
        assert_frame_equal(result.gaps_of(id_), one, check_exact=True)
    scores = patched(base.frame("scores"), result.neighbourhoods)[SCORES]
    assert_frame_equal(scores, whole.scores[SCORES], check_exact=True, check_names=False)
    covered = base.frame("coverage")
    covered = patched(covered[covered["area"] == "city"], result.coverage)
    assert_frame_equal(covered, whole.coverage, check_exact=True)
    heat = base.frame("heatmap").drop(columns="geometry")
    heat = heat.reindex(heat.index.append(result.heatmap.index.difference(heat.index)))
    heat = patched(heat, result.heatmap)
    told = whole.heatmap.drop(columns="geometry")
    assert set(heat.index[heat["persons"] > 0]) == set(told.index)
    assert_frame_equal(heat.reindex(told.index), told, check_exact=True)
    access = replaced(base.frame("access"), result.access)
    told = access["status"].notna()
    assert set(access.index[told]) == set(whole.access.index)
    assert_frame_equal(access.reindex(whole.access.index), whole.access, check_exact=True)
    ranked = patched(base.frame("priority"), result.priority)
    assert_frame_equal(ranked, whole.priority, check_exact=True)
    assert_figures(base, result, whole)
    return result, whole


def assert_figures(base, result, whole):
    """Figures are those of the tables of the changed city."""
    must = whole.gaps[whole.gaps["need"] == "must"]
    missing = must[must["status"] == "missing"]
    persons = result.frame["persons"].astype("Float64").fillna(0.0).astype(float)
    who = missing["neighbourhood_id"].map(persons).astype(float)
    figures = {name: figure["after"] for name, figure in result.figures.items()}
    assert figures["must_missing_total"] == len(missing)
    assert np.isclose(figures["person_gaps"], who.sum(), rtol=1e-12)
    assert np.isclose(
        figures["persons_beyond_limit"], persons[missing["neighbourhood_id"].unique()].sum()
    )
    for name, value in figures.items():
        if ":" in name:
            _, kind, layer = name.split(":")
            rows = whole.gaps[(whole.gaps["kind"] == kind) & (whole.gaps["layer"] == layer)]
            rows = rows[rows["status"] == "missing"]
            assert np.isclose(
                value, rows["neighbourhood_id"].map(persons).astype(float).sum(), rtol=1e-12
            )
    musts = sorted(set(must["kind"]))
    near = whole.nearest.pivot_table(index="origin_id", columns="kind", values="time_s")
    table = near.reindex(index=persons.index, columns=musts)
    walk = table.fillna(base.cap_s).clip(upper=base.cap_s).mul(persons, axis=0).to_numpy().sum()
    assert np.isclose(figures["walk_person_s"], walk, rtol=1e-9)
