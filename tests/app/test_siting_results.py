"""What a siting job makes of unusual wishes; no database is needed."""

import pytest
from siting_town import siting_ground

from app.errors import SitingInfeasibleError
from app.siting_grounds import Grounds
from app.siting_job import siting_result
from app.siting_schemas import SitingAnswer
from app.store.copy import plain_record
from spatial.errors import CancelledError, InputError
from spatial.progress import silent

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
    with pytest.raises(SitingInfeasibleError, match="at least 3 park"):
        result(budget_yuan=1e6, rules={"limits": [{"kind": "park", "at_least": 3}]})


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
