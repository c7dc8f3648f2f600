"""From an analysis to the drawing table: the same problem, the same plan, the same sums."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.demo import make_demo_city
from spatial import AnalysisParameters, analyse, read_profile
from spatial.districting.propose import propose
from spatial.errors import InputError
from spatial.from_analysis import district_problem, first_draft, planning_ground
from spatial.plans import Assign, apply, broken_rules, district_figures


@pytest.fixture(scope="module")
def analysis():
    city = make_demo_city(neighbourhoods=24, seed=7)
    return analyse(city, read_profile("national"), parameters=AnalysisParameters(year=2026))


def test_the_problem_is_the_one_that_the_analysis_solved(analysis):
    proposal = propose(district_problem(analysis), seed=analysis.parameters.seed)
    places = analysis.tables["neighbourhoods"]
    pd.testing.assert_series_equal(
        proposal.assignment.reindex(places.index).fillna("").astype("object"),
        places["district_id"].fillna("").astype("object"),
        check_names=False,
    )


def test_rules_of_the_planner_replace_those_of_the_profile(analysis):
    small = propose(district_problem(analysis, maximum={"members": 2}))
    assert small.assignment.value_counts().max() == 2


def test_the_first_plan_has_the_districts_of_the_analysis_with_their_sums(analysis):
    draft, districts = first_draft(analysis), analysis.tables["districts"]
    figures = district_figures(draft)
    assert figures.index.tolist() == districts.index.tolist()
    for column in ("members", "households", "persons", "area_m2", "diameter_m"):
        np.testing.assert_allclose(
            figures[column].astype(float), districts[column].astype(float), rtol=1e-9
        )
    assert [draft.districts[key].name for key in figures.index] == districts["name"].tolist()


def test_no_district_of_the_analysis_breaks_a_rule_that_refuses_edits(analysis):
    broken = broken_rules(first_draft(analysis))
    assert {one.rule for one in broken} <= {"min_households"}


def test_gaps_closed_by_sharing_are_gaps_that_there_are(analysis):
    ground = planning_ground(analysis)
    rows, bits = ground.pooling.row, ground.pooling.bits
    assert len(rows) > 0
    assert not (bits & ~ground.missing[rows]).any()


def test_a_plan_can_be_worked_on_without_any_database(analysis):
    draft = first_draft(analysis)
    unit = next(key for key, one in draft.assignment().items() if one is not None)
    after = apply(draft, Assign((unit,), None)).draft
    assert after.assignment()[unit] is None
    assert draft.assignment()[unit] is not None


def test_an_analysis_without_its_places_is_told_so(analysis):
    with pytest.raises(InputError, match="Analyse the city again"):
        district_problem(replace(analysis, basis=None))


def test_districts_of_another_assignment_touch_none_of_their_colour(analysis):
    places = analysis.tables["neighbourhoods"]
    each = pd.Series([f"E{row:02d}" for row in range(len(places))], index=places.index)
    draft = first_draft(analysis, each)
    edges = analysis.tables["cell_edges"].dropna(subset="b")
    colour = {key: draft.districts[one].colour for key, one in draft.assignment().items()}
    assert len(edges) > 10
    assert all(colour[a] != colour[b] for a, b in zip(edges["a"], edges["b"], strict=True))
