"""From an analysed city to the siting problem: who lacks what, who walks where, at what cost."""

import numpy as np
import pandas as pd
import pytest

from data.demo import make_demo_city
from spatial import AnalysisParameters, analyse, read_profile
from spatial.errors import InputError
from spatial.scenarios import ScenarioBase
from spatial.siting.answer import Effort
from spatial.siting.solve import solve_siting
from spatial.siting_from_analysis import (
    in_reach,
    scenario_of,
    served_places,
    siting_problem,
    siting_rules,
    siting_sites,
)

KINDS = ("elderly_daycare", "community_canteen", "park", "outdoor_fitness", "parcel_facility")


@pytest.fixture(scope="module")
def analysis():
    city = make_demo_city(neighbourhoods=24, seed=7)
    return analyse(city, read_profile("national"), parameters=AnalysisParameters(year=2026))


@pytest.fixture(scope="module")
def problem(analysis):
    return siting_problem(analysis, kinds=KINDS)


def test_every_missing_kind_of_every_neighbourhood_is_a_demand_row_with_its_residents(
    analysis, problem
):
    gaps = analysis.tables["gaps"]
    missing = gaps[(gaps["status"] == "missing") & gaps["kind"].isin(KINDS)]
    rows = problem.demand[problem.demand["why"] == "missing"]
    assert set(rows.index) == set(
        missing["neighbourhood_id"] + ":" + missing["kind"] + ":" + missing["layer"]
    )
    persons = analysis.tables["neighbourhoods"]["persons"].astype(float)
    np.testing.assert_allclose(rows["persons"], persons.loc[rows["place"]])


def test_what_is_short_of_area_counts_for_the_share_of_residents_left_without(analysis, problem):
    rows = problem.demand[problem.demand["why"] == "area"]
    gaps = analysis.tables["gaps"].set_index(["neighbourhood_id", "kind", "layer"])
    assert len(rows)
    for row in rows.itertuples():
        gap = gaps.loc[(row.place, row.kind, row.layer)]
        persons = float(analysis.tables["neighbourhoods"].loc[row.place, "persons"])
        assert row.persons == pytest.approx(persons * gap["short_m2"] / gap["required_m2"])


def test_an_option_fits_its_asset_and_costs_something(analysis, problem):
    stock, kinds = analysis.tables["stock"], analysis.profile.catalogue.kinds
    options = problem.options
    assert set(options["kind"]) <= set(KINDS)
    for row in options.itertuples():
        asset = stock.loc[row.asset]
        basis = "floor" if asset["asset_type"] == "building" else "land"
        assert kinds[row.kind].stock_min_m2(basis) <= row.size_m2 <= asset[f"{basis}_m2"]
        assert row.cost_yuan > 0
        assert row.capacity_persons > 0
        assert 0 <= row.consent_risk_share < 1


def test_a_larger_size_costs_more_and_serves_more(problem):
    by_asset = problem.options.sort_values("size_m2").groupby(["asset", "kind"])
    several = by_asset.filter(lambda group: len(group) > 1)
    assert len(several)
    for _, group in several.groupby(["asset", "kind"]):
        assert group["cost_yuan"].is_monotonic_increasing
        assert group["capacity_persons"].is_monotonic_increasing


def test_assets_that_must_be_settled_first_are_left_out_with_the_reason(analysis):
    problem = siting_problem(analysis)
    stopped = analysis.tables["stock"]["constraints"].str.contains(
        "expropriation|rebuild|shantytown_plan", na=False
    )
    stopped = set(analysis.tables["stock"].index[stopped.to_numpy(dtype=bool)])
    assert not stopped & set(problem.options["asset"])
    told = problem.impossible[problem.impossible["reason"] == "constraint"]
    assert set(told["asset"]) <= stopped
    assert told[["zh", "en"]].notna().all(axis=None)


def test_candidates_that_are_little_more_than_a_guess_are_left_out_until_they_are_checked(analysis):
    least = analysis.profile.rooms["siting"]["least_confidence_share"]
    stock = analysis.tables["stock"]
    unsure = set(stock.index[(stock["confidence"] < least).to_numpy(dtype=bool, na_value=False)])
    problem = siting_problem(analysis)
    told = problem.impossible[problem.impossible["reason"] == "unsure"]
    assert unsure
    assert not unsure & set(problem.options["asset"])
    assert set(told["asset"]) <= unsure
    one = told["asset"].iloc[0]
    checked = stock.assign(
        source=stock["source"].mask(stock.index == one, "registered"),
        confidence=stock["confidence"].mask(stock.index == one),
    )
    again = siting_problem(analysis, stock=checked)
    reasons = set(again.impossible.loc[again.impossible["asset"] == one, "reason"])
    assert "unsure" not in reasons
    assert one in set(again.options["asset"]) or reasons


def test_only_gaps_of_the_area_are_demand(analysis):
    place = analysis.tables["neighbourhoods"].index[0]
    problem = siting_problem(analysis, area=[place])
    assert set(problem.demand["neighbourhood_id"]) == {place}


def test_sharing_widens_reach_and_takes_none_away(analysis, problem):
    shared = siting_problem(analysis, kinds=KINDS, sharing=True)

    def pairs(one):
        owner = np.repeat(np.arange(len(one.options)), np.diff(one.start))
        return set(zip(one.options.index[owner], one.demand.index[one.row], strict=True))

    assert pairs(problem) < pairs(shared)
    districts = analysis.tables["neighbourhoods"]["district_id"]
    gained = pairs(shared) - pairs(problem)
    assert all(pd.notna(districts[row.split(":")[0]]) for _, row in gained)


def test_buildings_add_up_to_the_residents_who_lack_the_kind(analysis):
    problem = siting_problem(analysis, kinds=["park"], demand="buildings")
    told = analysis.tables["building_gaps"]
    lacking = told["missing_kinds"].str.split(",").explode() == "park:c5"
    lacking = lacking.groupby(level=0).any()
    rows = problem.demand[problem.demand["why"] == "missing"]
    expected = told["persons"].astype(float)[lacking.to_numpy(dtype=bool)].sum()
    assert rows["persons"].sum() == pytest.approx(expected)


def test_a_kind_that_stock_cannot_hold_is_refused_by_name(analysis):
    with pytest.raises(InputError, match="metro_station cannot be placed"):
        siting_problem(analysis, kinds=["metro_station"])


def test_an_area_that_does_not_exist_is_refused_by_name(analysis):
    with pytest.raises(InputError, match="Atlantis"):
        siting_problem(analysis, area=["Atlantis"])


def test_buildings_walk_on_their_own_and_do_not_share(analysis):
    with pytest.raises(InputError, match="sharing"):
        siting_problem(analysis, demand="buildings", sharing=True)


def test_rules_of_the_planner_replace_those_of_the_profile():
    rules = siting_rules(read_profile("national"), budget_yuan=(1e6, 2e6))
    assert rules.budget_yuan == (1e6, 2e6)
    assert rules.spacing_m["public_toilet"] > 0


@pytest.fixture(scope="module")
def plan(problem):
    return solve_siting(problem.with_rules(budget_yuan=(3e6, 3e6)), effort=Effort(seconds=20))


def test_a_plan_and_its_scenario_close_the_same_gaps(analysis, plan):
    figures = ScenarioBase.from_analysis(analysis).run(scenario_of(plan, analysis)).figures
    told = in_reach(plan)
    assert (told["persons_in_reach"] > 0).any()
    for (kind, layer), row in told.iterrows():
        change = figures.get(f"persons_beyond_limit:{kind}:{layer}", {"before": 0.0, "after": 0.0})
        assert change["before"] - change["after"] == pytest.approx(row["persons_in_reach"])


def test_a_plan_serves_no_more_than_walk_there(plan):
    told = in_reach(plan)
    assert (told["persons_newly_served"] <= told["persons_in_reach"] + 1e-6).all()
    assert (told["persons_in_reach"] <= told["persons"] + 1e-6).all()


def test_a_scenario_by_year_holds_what_is_open_by_then(analysis, plan):
    first = scenario_of(plan, analysis, by_year=0)
    assert len(first) == (plan.chosen["year"] == 0).sum()
    assert set(first) <= set(scenario_of(plan, analysis))


def test_every_site_is_listed_with_its_consent_and_its_documents(analysis, plan):
    sites = siting_sites(analysis, plan)
    assert sites.index.tolist() == plan.chosen.index.tolist()
    assert sites.crs == analysis.tables["stock"].crs
    known = sites["pathway"].notna().to_numpy(dtype=bool)
    assert known.any()
    assert sites.loc[known, ["consent_zh", "documents_zh", "documents_en"]].notna().all(axis=None)
    assert sites["kind_zh"].notna().all()


def test_who_is_served_adds_up_to_the_sites(analysis, plan):
    served = served_places(analysis, plan)
    sums = served.groupby("site")["persons"].sum()
    np.testing.assert_allclose(
        sums.reindex(plan.chosen.index).fillna(0.0), plan.chosen["served_persons"], atol=1e-6
    )
    assert served.geometry.notna().all()
