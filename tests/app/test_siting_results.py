"""What a siting job makes of unusual wishes; no database is needed."""

import base64
import re
from dataclasses import replace

import openpyxl
import pytest
from siting_town import siting_ground

from app.errors import BadRequestError, SitingInfeasibleError
from app.siting.asked import ways_of
from app.siting.files import _write_sheets
from app.siting.funding import funding_record
from app.siting.grounds import Grounds
from app.siting.job import siting_result
from app.siting.names import names_of
from app.siting.problem import asked_problem
from app.siting.records import plan_record
from app.siting.schemas import SitingAnswer
from app.siting.warm import edit_name, read_edit, read_money
from app.store.copy import plain_record
from spatial.errors import CancelledError, InputError
from spatial.progress import silent
from spatial.siting.solve import solve_siting

GROUND = siting_ground()


def result(**wish):
    request = {"pareto": 0, **wish}
    found = plain_record(siting_result(GROUND, request, silent))
    facts = {"data_version": "v1", "job": "j", "current": True, "stock_edits": 0}
    SitingAnswer.model_validate({**found, **facts, "request": request})
    return found


def test_no_money_builds_nothing_and_costs_nothing():
    found = result(budget_yuan=0, pareto=3)
    assert found["plan"]["chosen"] == []
    assert (found["plan"]["cost_yuan"], found["funding"]["gap_yuan"]) == (0, 0)
    assert found["plan"]["status"] == "proven_optimal"


def test_a_kind_that_nobody_lacks_has_an_empty_plan():
    found = result(kinds=["kindergarten"], budget_yuan=1e6)
    assert found["plan"]["demand_persons"] == 0
    assert found["plan"]["unserved"] == []


def test_without_a_budget_nothing_is_known_of_the_county():
    found = result()
    county = next(one for one in found["funding"]["sources"] if one["source"] == "county")
    assert county["used_yuan"] == 0
    assert not county["known"]
    assert found["funding"]["gap_yuan"] > 0


def test_an_order_of_parts_takes_people_first():
    first = result(budget_yuan=1e6, rules={"order": ["people", "money"]})
    summed = result(budget_yuan=1e6)
    assert first["plan"]["persons"] >= summed["plan"]["persons"] - 1e-6


def test_each_year_keeps_to_its_money():
    plan = result(budget_yuan=[3e5, 0, 4e5])["plan"]
    assert [one["year"] for one in plan["money"]] == [0, 1, 2]
    assert plan["money"][0]["spent_yuan"] <= 3e5
    assert all(one["left_yuan"] >= -1e-6 for one in plan["money"])


def test_a_loan_is_held_to_the_limits_of_the_subsidy():
    loan = {"amount_yuan": 5e5, "subsidy_share": 0.03, "subsidy_years": 7}
    money = result(budget_yuan=1e6, funding={"level": "city", "loan": loan})["funding"]
    told = [one for one in money["findings"] if one["rule"] == "J10"]
    assert {one["level"] for one in told} == {"limit"}
    assert sum(row["subsidy_yuan"] > 0 for row in money["cash_flow"]) == 5


def test_rules_that_cannot_hold_are_named():
    park = GROUND.profile.catalogue.kinds["park"]
    with pytest.raises(SitingInfeasibleError, match=f"at least 3 {park.en}") as told:
        result(budget_yuan=1e6, rules={"limits": [{"kind": "park", "at_least": 3}]})
    assert f"至少 3 处 {park.zh}" in told.value.message_zh


def test_assets_and_gaps_that_clash_are_named_not_numbered():
    rules = {"must": ["a1"], "must_serve": ["n0-1:park"]}
    with pytest.raises(SitingInfeasibleError) as told:
        result(budget_yuan=0.0, rules=rules)
    named = GROUND.places.loc["n0-1", "name"]
    assert "必须选用 “资源1”" in told.value.message_zh
    assert f"{named}的" in told.value.message_zh
    assert "“资源1” must be chosen" in str(told.value)
    assert not {"a1", "n0-1"} & set(re.findall(r"[\w-]+", told.value.message_zh))


def test_an_asset_without_a_name_is_told_by_what_it_is_and_where():
    bare = GROUND.problem.assets.assign(name=None, source="leftover", asset_type="land")
    named = names_of(GROUND, replace(GROUND.problem, assets=bare))
    near = GROUND.places.loc[bare.loc["a1", "neighbourhood_id"], "name"]
    assert named["a1"] == (f"“{near}”的线索用地(a1)", f"candidate land in “{near}” (a1)")


def test_a_neighbourhood_and_kind_name_all_rows_of_demand_that_must_be_served():
    rows = [row for row in GROUND.problem.demand.index if row.startswith("n1-2:park")]
    rules = asked_problem(GROUND, {"rules": {"must_serve": ["n1-2:park"]}}).rules
    assert list(rules.must_serve) == rows
    assert rows
    with pytest.raises(BadRequestError) as told:
        asked_problem(
            GROUND, {"kinds": ["park"], "rules": {"must_serve": ["n1-2:elderly_daycare"]}}
        )
    assert GROUND.places.loc["n1-2", "name"] in told.value.message_zh


def test_rules_about_kinds_that_are_not_asked_for_are_kept_to_or_refused():
    wish = {
        "kinds": ["park"],
        "rules": {
            "limits": [{"kind": "community_canteen", "at_most": 1}],
            "spacing_m": {"community_canteen": 100, "park": 50},
            "incompatible": [["park", "community_canteen"]],
            "least_share": {"community_canteen": 0.5},
        },
    }
    rules = asked_problem(GROUND, wish).rules
    assert (rules.limits, rules.incompatible, rules.least_share) == ((), (), {})
    assert rules.spacing_m == {"park": 50}
    for limit in (
        {"kind": "community_canteen", "at_least": 1},
        {"kind": "park", "at_least": 2, "at_most": 1},
        {"kind": "park", "district": "moon"},
        {"kind": "castle"},
    ):
        with pytest.raises(BadRequestError, match="limits"):
            asked_problem(GROUND, {"kinds": ["park"], "rules": {"limits": [limit]}})


def test_a_year_without_a_limit_may_stand_beside_one_with():
    told = result(budget_yuan=[0.0, None])
    years = told["plan"]["money"]
    assert [one["budget_yuan"] for one in years] == [0.0, None]
    assert {site["year"] for site in told["plan"]["chosen"]} == {1}


def test_sharing_stands_neither_with_buildings_nor_with_the_districts_of_a_plan():
    for more in ({"demand": "buildings"}, {"area": {"plan": "p"}}):
        with pytest.raises(BadRequestError, match="sharing"):
            ways_of({"sharing": True, **more})


def test_money_of_an_unknown_source_is_refused_before_anything_is_solved():
    told = []
    with pytest.raises(InputError, match="source `moon`"):
        siting_result(
            GROUND,
            {"funding": {"available_yuan": {"moon": 1}}},
            lambda step, _share: told.append(step),
        )
    assert set(told) <= {"siting_build"}


def test_a_wish_to_stop_is_raised_once_the_solver_has_put_its_things_down():
    def stop(_step, share):
        if share > 0:
            raise CancelledError("stop", zh="停")

    with pytest.raises(CancelledError):
        siting_result(GROUND, {"budget_yuan": 1e6, "pareto": 3}, stop)


def test_a_ground_is_read_back_as_it_was_written(tmp_path):
    grounds = Grounds(tmp_path)
    assert not grounds.has("城", "v1")
    grounds.save("城", GROUND)
    read = Grounds(tmp_path).open("城", "v1")
    assert read.problem.options.index.equals(GROUND.problem.options.index)
    assert (read.problem.row == GROUND.problem.row).all()
    assert read.problem.persons == GROUND.problem.persons
    assert read.places["name"].tolist() == GROUND.places["name"].tolist()
    assert len(read.documents) == len(GROUND.documents)


def test_old_grounds_are_removed(tmp_path):
    grounds = Grounds(tmp_path, keep_versions=2)
    for version in ("v1", "v2", "v3"):
        grounds.save("c", siting_ground(data_version=version))
    assert [grounds.has("c", version) for version in ("v1", "v2", "v3")] == [False, True, True]


def test_grounds_of_one_version_for_each_kind_of_walking_stand_side_by_side(tmp_path):
    grounds = Grounds(tmp_path, keep_versions=1)
    for ways in ("neighbourhoods", "buildings", "sharing"):
        assert not grounds.has("c", "v1", ways)
        grounds.save("c", replace(siting_ground(data_version="v1"), ways=ways))
    assert {grounds.open("c", "v1", ways).ways for ways in ("buildings", "sharing")} == {
        "buildings",
        "sharing",
    }
    grounds.save("c", siting_ground(data_version="v2"))
    assert not any(grounds.has("c", "v1", ways) for ways in ("neighbourhoods", "buildings"))


def test_reasons_name_other_options_in_words_and_never_a_nothing():
    told = result(budget_yuan=1e6)
    rows = [site["why"] for site in told["plan"]["chosen"]] + told["rejected"]
    others = [row.get("by") or row.get("next_best") for row in rows]
    assert any(others)
    for row, other in zip(rows, others, strict=True):
        assert not re.search(r"\bnan\b", row["zh"] + row["en"])
        assert other is None or other not in row["zh"] + row["en"]


def test_names_of_edits_and_money_that_somebody_else_wrote_are_refused():
    strange = [
        *({"force": 5}, {"point": "x"}, {"point": -1}, {"budget_yuan": "much"}, {"years": 3}),
        *({"resize": ["a"]}, {"budget_yuan": [1e6, "NaN"]}),
    ]
    for asked in strange:
        with pytest.raises(BadRequestError):
            read_edit(edit_name(asked))
    for asked in ({"available_yuan": {"county": "x"}}, {"level": "moon"}, {"loan": 7}):
        with pytest.raises(BadRequestError):
            read_money(edit_name(asked))
    deep = base64.urlsafe_b64encode(b"[" * 14_000).decode()
    for name in ("", "!", "bm8", deep):
        with pytest.raises(BadRequestError):
            read_edit(name)


def test_a_name_that_looks_like_a_formula_is_a_text_in_the_sheets(tmp_path):
    problem = GROUND.problem
    names = problem.assets["name"].astype(object)
    ground = replace(
        GROUND, problem=replace(problem, assets=problem.assets.assign(name="=1+1\x07" + names))
    )
    asked = asked_problem(ground, {})
    plan = solve_siting(asked)
    path = tmp_path / "siting.xlsx"
    money = funding_record(plan, ground, {})
    _write_sheets(path, plan_record(plan, ground), money)
    sheet = openpyxl.load_workbook(path)["选址 sites"]
    column = [cell.value for cell in sheet[1]].index("名称 name")
    cells = [row[column] for row in sheet.iter_rows(min_row=2)]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.value.startswith("=1+1") for cell in cells)
