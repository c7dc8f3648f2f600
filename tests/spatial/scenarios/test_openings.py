"""Openings that pay, and gaps explained: every gain is what a run gives."""

import numpy as np
import pytest
import shapely
from changed import assert_exact, demo

from spatial.errors import InputError
from spatial.scenarios import best_openings, changes_from_json, explain_gap, opening_candidates
from spatial.scenarios.openings import BOUND, FIGURE, _change, air_bound

OBJECTIVES = ("person_seconds", "persons_covered")


def gained(base, changes, objective):
    figure = base.run(changes).figures[FIGURE[objective]]
    return figure["before"] - figure["after"]


def test_no_candidate_gains_more_than_its_bound():
    _, base = demo()
    candidates = opening_candidates(base)
    rng = np.random.default_rng(0)
    ran = 0
    for row in rng.choice(len(candidates), size=40, replace=False):
        one = candidates.iloc[row]
        try:
            base.run([_change(one)])
        except InputError:
            continue
        ran += 1
        for objective in OBJECTIVES:
            assert gained(base, [_change(one)], objective) <= one[BOUND[objective]] + 1e-6
    assert ran > 25


def test_missing_links_are_candidates_that_join_the_network_and_gain_what_they_may():
    _, base = demo()
    candidates = opening_candidates(base)
    links = candidates[candidates["op"] == "build_link"]
    assert set(links["why"]) <= {"dead end", "near parts"}
    assert (links.length <= base.profile.rooms["scenarios"]["missing_link_m"]).all()
    walls = shapely.linestrings(base.arrays["obstacle_xy_m"])
    assert not shapely.STRtree(walls).query(links.geometry, predicate="crosses").size
    rows = links.iloc[:: max(len(links) // 12, 1)]
    assert len(rows)
    for _, one in rows.iterrows():
        for objective in OBJECTIVES:
            assert gained(base, [_change(one)], objective) <= one[BOUND[objective]] + 1e-6


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_choice_saves_more_than_everybody_walking_as_the_crow_flies(objective):
    _, base = demo()
    candidates = opening_candidates(base)
    many = best_openings(base, 2, objective=objective, candidates=candidates, max_runs=30)
    assert len(candidates) > 30
    assert many.bound == air_bound(base, objective)
    few = candidates.head(7)
    exact = best_openings(base, 7, objective=objective, candidates=few, exact=True)
    assert 0 < exact.total <= exact.bound <= air_bound(base, objective)


def test_an_opening_is_told_by_the_name_of_its_neighbourhood():
    _, base = demo()
    candidates = opening_candidates(base)
    whose = candidates[(candidates["op"] == "open_wall") & (candidates["neighbourhoods"] != "")]
    found = best_openings(base, 1, candidates=whose.head(5))
    names = base.frame("neighbourhoods")["name"]
    for ids, zh in zip(found.frame["neighbourhoods"], found.frame["zh"], strict=True):
        assert all(names[id_] in zh and id_ not in zh for id_ in ids.split(","))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_first_choice_is_the_best_single_opening(objective):
    _, base = demo()
    candidates = opening_candidates(base).iloc[::9]
    found = best_openings(base, 1, objective=objective, candidates=candidates)
    assert found.complete
    best = best_openings(base, 1, objective=objective, candidates=candidates, exact=True)
    assert found.total == best.total > 0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_greedy_is_no_better_than_trying_every_choice_and_none_beats_the_bound(objective):
    _, base = demo()
    candidates = opening_candidates(base).head(10)
    greedy = best_openings(base, 2, objective=objective, candidates=candidates)
    exact = best_openings(base, 2, objective=objective, candidates=candidates, exact=True)
    assert 0 < greedy.total <= exact.total <= exact.bound
    assert greedy.total >= 0.5 * exact.total


def test_the_gains_shown_are_those_of_running_them_and_add_up():
    analysis, base = demo()
    found = best_openings(base, 3, candidates=opening_candidates(base).head(40), max_runs=60)
    assert len(found.frame) == 3
    assert found.frame["gain"].sum() == pytest.approx(found.total)
    assert gained(base, found.changes, found.objective) == found.total
    assert (found.frame["gain"] > 0).all()
    read = [changes_from_json(items, base.crs)[0] for items in found.frame["changes"]]
    assert gained(base, read, found.objective) == pytest.approx(found.total, rel=1e-6)
    assert found.frame["zh"].str.len().gt(3).all()
    assert_exact(base, analysis, found.changes)


def test_what_cannot_be_asked_is_said():
    _, base = demo()
    with pytest.raises(InputError, match="1 opening or more"):
        best_openings(base, 0)
    with pytest.raises(InputError, match="use person_seconds or"):
        best_openings(base, 1, objective="beauty")
    with pytest.raises(InputError, match="more than max_runs"):
        best_openings(base, 4, exact=True)


def missing_rows(base, count):
    gaps = base.frame("gaps")
    missing = gaps[(gaps["status"] == "missing") & gaps["nearest_m"].notna()]
    return missing.iloc[:: max(len(missing) // count, 1)]


def test_an_explained_gap_shows_the_walk_to_the_nearest_facility():
    _, base = demo()
    for row in missing_rows(base, 4).itertuples():
        told = explain_gap(base, row.neighbourhood_id, row.kind, layer=row.layer)
        assert told.facility["id"] == row.nearest_facility_id
        assert told.missing_m == row.nearest_m - row.limit_m
        assert told.path.length == pytest.approx(row.nearest_m, abs=0.5)


def test_each_fix_does_what_it_says_when_it_is_run():
    _, base = demo()
    seen = set()
    for row in missing_rows(base, 4).itertuples():
        told = explain_gap(base, row.neighbourhood_id, row.kind, layer=row.layer)
        assert len(told.fixes) <= 3
        for fix in told.fixes:
            seen.add(type(fix.changes[0]).__name__)
            result = base.run(fix.changes)
            now = result.gaps.loc[row.Index]
            assert now["nearest_m"] == fix.nearest_m
            assert (now["status"] == "present") == fix.closes
            assert row.nearest_m - fix.nearest_m == pytest.approx(fix.gain)
    assert {"AddFacility", "OpenWall"} <= seen


def test_what_is_present_needs_no_fix_and_unknown_names_are_said():
    _, base = demo()
    gaps = base.frame("gaps")
    row = gaps[gaps["status"] == "present"].iloc[0]
    told = explain_gap(base, row["neighbourhood_id"], row["kind"], layer=row["layer"])
    assert told.fixes == ()
    with pytest.raises(InputError, match="no neighbourhood 'nobody'"):
        explain_gap(base, "nobody", row["kind"])
    with pytest.raises(InputError, match="does not check 'castle'"):
        explain_gap(base, row["neighbourhood_id"], "castle")
