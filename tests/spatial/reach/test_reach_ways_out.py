"""An origin with several ways out walks the best of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import distances_mm, split_graph
from towns import town

from spatial.reach import nearest_facilities

KINDS = ("school", "shop")


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_the_nearest_of_an_origin_is_the_nearest_over_its_ways_out(seed):
    rng = np.random.default_rng(seed)
    _, network, _, origins, facilities = town(rng, int(rng.integers(2, 5)))
    kinds = pd.DataFrame(
        {"facility_id": facilities.ids, "kind": rng.choice(KINDS, len(facilities))}
    )
    place = np.sort(rng.integers(0, 5, len(origins)))
    origins = replace(origins, ids=pd.Index([f"house{n}" for n in place]))
    found = nearest_facilities(network, origins, facilities, kinds, cutoff_m=400)
    graph = split_graph(network, origins, facilities)
    expected = {}
    for row, who in enumerate(origins.ids):
        reached = distances_mm(graph, 0, row)
        for number, kind in enumerate(kinds["kind"]):
            mm = reached.get((1, number), np.inf)
            if mm <= 400_000 and origins.edge[row] >= 0:
                expected[who, kind] = min(expected.get((who, kind), np.inf), mm)
    got = {(o, k): round(d * 1000) for o, k, d in found[["origin_id", "kind", "distance_m"]].values}
    assert got == expected
    assert not found.duplicated(["origin_id", "kind"]).any()


def test_equal_ways_out_go_to_the_facility_of_smaller_id():
    _, network, _, origins, _ = town(np.random.default_rng(3), 3)
    row = int(np.flatnonzero(origins.edge >= 0)[0])
    twice = origins.take(np.array([row, row]))
    targets = replace(twice, ids=pd.Index(["b", "a"]))
    kinds = pd.DataFrame({"facility_id": ["b", "a"], "kind": "shop"})
    found = nearest_facilities(network, twice, targets, kinds, cutoff_m=100)
    assert found["facility_id"].tolist() == ["a"]
