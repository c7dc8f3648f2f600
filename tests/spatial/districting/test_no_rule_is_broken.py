"""Random towns, rules, plans and edits against a plain-Python oracle; the command runs 10,000."""

import numpy as np
import pandas as pd
import pytest

from spatial.districting import touch
from spatial.districting.build import make_problem
from spatial.districting.clash import clashes
from spatial.districting.modes import MostDistricts
from spatial.districting.parts import part_of
from spatial.districting.plan_search import search_plan
from spatial.districting.problem import Problem
from spatial.districting.propose import propose
from spatial.districting.rules import DistrictRules, Weights
from spatial.districting.score import broken_rules
from spatial.errors import InfeasibleError
from tests.benchmarks.districts_oracle import Oracle
from tests.benchmarks.districts_random import Town
from tests.benchmarks.districts_rules import Tally, run_case


@pytest.mark.parametrize("first", range(0, 250, 50))
def test_no_plan_and_no_edit_breaks_a_hard_rule_and_no_refusal_is_without_reason(first):
    tally = Tally()
    for seed in range(first, first + 50):
        run_case(seed, tally)
    assert tally.faults == []
    assert tally.done["plans"] > 10
    assert tally.done["edits of the state"] > 100
    assert tally.done["edits drawn"] > 100
    assert tally.done["edits refused"] > 10


def row_town(**facts):
    """Four blocks of 100 m in a row, linked in a chain."""
    ids = ("a", "b", "c", "d")
    corners = {
        key: ((x, 0.0), (x + 100.0, 0.0), (x + 100.0, 100.0), (x, 100.0))
        for key, x in zip(ids, (0.0, 100.0, 200.0, 300.0), strict=True)
    }
    plain = {
        "households": dict.fromkeys(ids, 100.0),
        "persons": dict.fromkeys(ids, 250.0),
        "area_m2": dict.fromkeys(ids, 10_000.0),
        "office": dict.fromkeys(ids, "甲"),
        "eligible": dict.fromkeys(ids, True),
        "links": (("a", "b", "none", 90.0), ("c", "b", "none", None), ("c", "d", "river", 90.0)),
    }
    return Town(ids=ids, corners=corners, **plain | facts)


class Rules:
    """Every rule off; a test turns some on."""

    distance_basis, max_distance_m, detour_factor, max_link_walk_m = "straight", 1e9, 1.5, None
    same_subdistrict, keep_below_minimum, cut_barriers = False, False, ("river",)
    maximum: dict = {}  # noqa: RUF012 - read only
    minimum: dict = {}  # noqa: RUF012
    locks: dict = {}  # noqa: RUF012
    closed, must_join, must_not_join = frozenset(), (), ()

    def __init__(self, **some):
        vars(self).update(some)


@pytest.mark.parametrize(
    ("some", "plan", "broken"),
    [
        ({}, "xx..", []),
        ({}, "x.x.", ["contiguity"]),
        ({}, "..xx", ["contiguity"]),
        ({"cut_barriers": ()}, "..xx", []),
        ({"max_link_walk_m": 80.0}, "xx..", ["contiguity"]),
        ({"maximum": {"households": 199.0}}, "xx..", ["max_households"]),
        ({"minimum": {"members": 3.0}}, "xx..", ["min_members"]),
        ({"minimum": {"members": 3.0}, "keep_below_minimum": True}, "xx..", []),
        ({"max_distance_m": 150.0}, "xxx.", ["max_distance_m"]),
        ({"max_distance_m": 230.0, "distance_basis": "walking"}, "xxx.", ["max_distance_m"]),
        ({"max_distance_m": 245.0, "distance_basis": "walking"}, "xxx.", []),
        ({"must_not_join": (("c", "a"),)}, "xxx.", ["must_not_join"]),
        ({"must_join": (("a", "c"),)}, "xx..", ["must_join"]),
        ({"locks": {"a": "y"}}, "xx..", ["locks"]),
        ({"locks": {"c": None}}, "xxx.", ["locks"]),
        ({"locks": {"a": "x"}, "closed": frozenset("x")}, "xx..", ["closed"]),
        ({}, "x...", ["one_is_no_district"]),
    ],
)
def test_the_oracle_knows_every_rule(some, plan, broken):
    town = row_town()
    labels = {key: None if at == "." else at for key, at in zip(town.ids, plan, strict=True)}
    assert [one.rule for one in Oracle(town, Rules(**some)).broken(labels)] == broken


def test_the_oracle_knows_offices_and_who_may_not_join():
    office = {"a": "甲", "b": None, "c": "乙", "d": "乙"}
    town = row_town(office=office, eligible={"a": True, "b": True, "c": True, "d": False})
    rules = Rules(same_subdistrict=True, cut_barriers=())
    found = Oracle(town, rules).broken({"a": "x", "b": "x", "c": "x", "d": None})
    assert [one.rule for one in found] == ["same_subdistrict"]
    found = Oracle(town, rules).broken({"a": None, "b": None, "c": "x", "d": "x"})
    assert [one.rule for one in found] == ["excluded", "contiguity"]


def grid(side, **limits):
    place = np.arange(side * side).reshape(side, side)
    across = np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.column_stack([place[:-1].ravel(), place[1:].ravel()])
    values = np.random.default_rng(1).normal(size=(side * side, 2))
    return Problem.from_arrays(np.vstack([across, down]), values, **limits)


def test_a_start_with_districts_too_small_for_most_districts_is_taken_apart():
    problem = grid(4, maximum={"members": 5.0})
    start = np.repeat(np.arange(8), 2)
    label = search_plan(problem, MostDistricts("members", 4.0), start=start, moves=0)
    assert set(np.bincount(label[label >= 0]).tolist()) <= {4, 5}


def test_a_part_with_more_districts_than_the_cap_still_lists_every_atom_alone():
    part = part_of(grid(3), np.arange(9), MostDistricts("members", 1.0), cap=2)
    assert not part.pool.complete
    assert len(part.pool) == 9


def test_a_drag_that_parts_its_old_district_has_that_done_anew_too(monkeypatch):
    monkeypatch.setattr(touch, "WHOLE_ATOMS", 0)
    monkeypatch.setattr(touch, "WINDOWS", (0,))  # as where wide windows have too many districts
    problem = grid(13, maximum={"members": 9.0})
    plan = pd.Series(pd.NA, index=problem.ids, dtype="string")
    plan.iloc[:9] = "D1"
    moved = plan.copy()
    moved.iloc[4] = pd.NA
    found = touch.improve_touched(problem, moved, [4], locked=[4])
    assert found.scope == "window"
    label = pd.factorize(found.assignment)[0]
    assert broken_rules(problem, label).empty


def test_tied_across_an_unknown_office_into_another_is_refused_with_the_rule():
    town = row_town(office={"a": "甲", "b": None, "c": "乙", "d": "乙"})
    places, adjacency, eligible = town.frames()
    needs = pd.DataFrame({"a": 0.0}, index=places.frame.index)
    rules = DistrictRules(
        max_distance_m=900, same_subdistrict=True, must_join=(("a", "b"), ("b", "c"))
    )
    assert Oracle(town, rules).clash() == "same_subdistrict"
    with pytest.raises(InfeasibleError, match=r"a and c together.*two street offices"):
        make_problem(places, adjacency, needs, eligible, rules)
    (clash,) = clashes(places, adjacency, eligible, rules)
    assert "same_subdistrict" in clash.relax


@pytest.mark.parametrize(("least", "members"), [(300.0, "abc"), (250.0, "abc"), (500.0, "ab")])
def test_a_locked_district_below_a_hard_minimum_takes_who_can_join_it(least, members):
    town = row_town()
    places, adjacency, eligible = town.frames()
    needs = pd.DataFrame({"a": [0.0, 0.0, 9.0, 9.0]}, index=places.frame.index)
    rules = DistrictRules(
        max_distance_m=900,
        cut_barriers=("river",),
        minimum={"households": least},
        keep_below_minimum=False,
        locks={"a": "北", "b": "北"},
        weights=Weights(shortfall=0.0),  # only the rule speaks for it
    )
    problem = make_problem(places, adjacency, needs, eligible, rules)
    found = propose(problem)
    assert "".join(found.assignment.dropna().index) == members
    assert found.status == "proven_optimal"
    assert found.bound <= found.value + 1e-9
    short = found.reported[found.reported["kind"] == "below_minimum"]
    assert short["neighbourhoods"].tolist() == ([["a", "b"]] if members == "ab" else [])
