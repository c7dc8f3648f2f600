"""Facilities that open, close and grow, and people who move: instant, and identical."""

import numpy as np
import pytest
from changed import assert_exact, demo

from spatial.errors import InputError
from spatial.scenarios import AddFacility, ChangePopulation, CloseFacility, ResizeFacility


def some_changes(base, rng, count):
    """Draw changes that can be made one after the other."""
    homes = base.frame("neighbourhoods").geometry.representative_point()
    open_, changes = list(base.frame("facilities").index), []
    for number in range(count):
        draw = rng.random()
        if draw < 0.4:
            at = homes.iloc[rng.integers(len(homes))]
            kind = str(rng.choice(base.facts.kinds))
            x_m, y_m = at.x + rng.uniform(-200, 200), at.y + rng.uniform(-200, 200)
            size = float(rng.integers(0, 2000)) if rng.random() < 0.5 else None
            changes.append(
                AddFacility(f"{'AZaz'[number % 4]}new{number}", kind, x_m, y_m, None, size)
            )
            open_.append(changes[-1].id)
        elif draw < 0.7:
            changes.append(CloseFacility(open_.pop(rng.integers(len(open_)))))
        elif draw < 0.85:
            changes.append(
                ResizeFacility(str(rng.choice(open_)), floor_m2=float(rng.integers(3000)))
            )
        else:
            who = str(rng.choice(homes.index))
            changes.append(ChangePopulation(who, float(rng.choice([0.0, 17.0, 900.0]))))
    return changes


def test_the_empty_scenario_equals_the_base_and_the_base_equals_its_analysis():
    analysis, base = demo()
    result, _ = assert_exact(base, analysis, [])
    for frame in (result.gaps, result.neighbourhoods, result.coverage, result.heatmap):
        assert frame.empty
    assert all(figure["before"] == figure["after"] for figure in result.figures.values())
    assert result.drawn.empty


@pytest.mark.parametrize("seed", range(8))
def test_a_random_sequence_equals_the_city_computed_again(seed):
    analysis, base = demo()
    changes = some_changes(base, np.random.default_rng(seed), 1 + seed)
    assert_exact(base, analysis, changes)


def test_life_circles_by_time_are_exact_too():
    analysis, base = demo(by="time")
    for seed in range(3):
        assert_exact(base, analysis, some_changes(base, np.random.default_rng(seed), 4))


@pytest.mark.parametrize("people_move_too", [False, True])
def test_a_kind_whose_last_facility_closes_is_shared_by_nobody(people_move_too):
    analysis, base = demo()
    kinds, access = base.frame("kinds"), base.frame("access")
    kinds = kinds[kinds["kind"].isin(access["kind"].unique())]
    few = kinds["kind"].value_counts().index[-1]
    changes = [CloseFacility(str(id_)) for id_ in kinds.loc[kinds["kind"] == few, "facility_id"]]
    if people_move_too:
        changes.append(ChangePopulation(str(base.frame("neighbourhoods").index[0]), 17.0))
    result, whole = assert_exact(base, analysis, changes)
    rows = result.access[result.access["kind"] == few]
    assert len(rows) == len(base.frame("neighbourhoods"))
    assert rows["status"].isna().all()
    assert few not in set(whole.access["kind"])


def test_a_run_never_alters_the_base():
    _, base = demo()
    before = {name: values.copy() for name, values in base.arrays.items()}
    for seed in range(20, 30):
        base.run(some_changes(base, np.random.default_rng(seed), 5))
    for name, values in before.items():
        np.testing.assert_array_equal(base.arrays[name], values, err_msg=name)


def test_closing_what_was_added_gives_the_base_back():
    _, base = demo()
    at = base.frame("neighbourhoods").geometry.iloc[0].representative_point()
    result = base.run([AddFacility("x", base.facts.kinds[0], at.x, at.y), CloseFacility("x")])
    assert result.gaps.empty
    assert result.drawn.empty


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (CloseFacility("nobody"), "there is no facility 'nobody'"),
        (AddFacility("a", "castle", 0.0, 0.0), "no kind 'castle'"),
        (ResizeFacility("nobody", capacity=3.0), "there is no facility"),
        (ChangePopulation("nobody", 3.0), "there is no neighbourhood"),
    ],
)
def test_a_change_that_cannot_be_made_is_named_by_its_position(change, said):
    _, base = demo()
    first = CloseFacility(str(base.frame("facilities").index[0]))
    with pytest.raises(InputError, match=said) as told:
        base.run([first, change])
    assert str(told.value).startswith("Change 2 (")
    assert told.value.message_zh.startswith("第 2 项变更")


def test_a_facility_without_a_street_counts_for_its_parcel_only_and_says_so():
    _, base = demo()
    west = base.frame("neighbourhoods").total_bounds[0]
    result = base.run([AddFacility("far", base.facts.kinds[0], west - 50_000.0, 0.0)])
    assert [note.key for note in result.notes] == ["facility_not_reached"]
    assert set(result.gaps["status"]) <= {"missing", "unknown", "present"}
    assert result.neighbourhoods.empty
