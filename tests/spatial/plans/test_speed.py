"""An edit costs what it changes, however large the city and however many the districts."""

import time

import numpy as np
import pytest
from squares import squared_ground

from spatial.plans import Assign, District, Draft, PlanRules, apply, district_figures

MOST_MS = 100.0


@pytest.fixture(scope="module")
def large():
    return squared_ground(100, 100)


def plan_of(ground, across, down):
    of = {
        key: f"D{int(c) * across // 100:02d}{int(r) * down // 100:02d}"
        for key in ground.ids
        for c, r in [key[1:].split("-")]
    }
    rules = PlanRules(maximum={"members": 9_000}, max_distance_m=20_000, same_subdistrict=True)
    return Draft.of(
        ground, of, [District(key, key) for key in sorted(set(of.values()))], rules=rules
    )


@pytest.mark.parametrize(("across", "down"), [(25, 20), (5, 1)])
def test_an_edit_of_ten_thousand_neighbourhoods_takes_a_fraction_of_a_frame(large, across, down):
    draft = plan_of(large, across, down)
    assert len(draft.districts) == across * down
    width = 100 // across
    spent_ms = []
    for row in range(12):
        begun = time.process_time()
        done = apply(draft, Assign((f"n{width}-{row}", f"n{width}-{row + 1}"), "D0000"))
        district_figures(done.draft, done.touched)
        spent_ms.append((time.process_time() - begun) * 1000)
        draft = done.draft
    assert np.median(spent_ms) < MOST_MS
