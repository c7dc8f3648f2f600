"""Labels mended after a facility opens or closes are those of a search begun anew."""

import numpy as np
import pandas as pd
import pytest
from small_networks import on_edges, random_network

from spatial.reach.arcs import limit_key, place_points, points_by_edge
from spatial.reach.live_network import LiveArcs, LivePoints, packed_arcs, seeds_at
from spatial.reach.repair import Changed, mend, roll_back
from spatial.reach.search_kinds import Search, search_by_kind

FACILITIES = 9
NONE = np.empty(0, dtype=np.int64)


def live(network, points):
    """Arcs and facilities as the repair takes them."""
    arcs = LiveArcs(
        *packed_arcs(network),
        *(network.edge_from, network.edge_to, network.edge_length_mm, network.edge_time_ms),
        False,
    )
    placed, on = place_points(network, points), points_by_edge(points.edge, network.edge_count)
    ends = [{network.edge_from[e], network.edge_to[e]} if e >= 0 else set() for e in points.edge]
    near = [[f for f in range(len(points)) if n in ends[f]] for n in range(network.node_count)]
    near_start = np.cumsum([0, *map(len, near)]).astype(np.int32)
    flat = np.array([f for rows in near for f in rows], dtype=np.int32)
    meets = np.diff(near_start) > 0
    return arcs, LivePoints(*placed, on.start, on.order, near_start, flat, meets, NONE)


def searched(network, points, alive, cutoff):
    frame = pd.DataFrame({"facility_id": points.ids[alive], "kind": "clinic"})
    search = Search.of(network, points, frame, cutoff=cutoff, by="distance")
    key, owner = search_by_kind(search, None)
    return key[:, 0].copy(), owner[:, 0].copy(), search.rank


@pytest.mark.parametrize("seed", range(120))
def test_labels_mended_are_those_of_a_new_search_and_roll_back_to_what_they_were(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, **({} if seed % 3 else {"nodes": 60, "edges": 110}))
    points = on_edges(network, rng, FACILITIES, "f")
    arcs, facilities = live(network, points)
    cutoff = float(rng.choice([0.004, 0.03, 5.0]))
    alive = rng.random(FACILITIES) < 0.6
    alive[:2] = True, False
    key, owner, rank = searched(network, points, alive, cutoff)
    before = key.copy(), owner.copy()
    opens = rng.choice(np.flatnonzero(~alive), 1).astype(np.int64)
    closes = rng.choice(np.flatnonzero(alive)[1:], int(alive[2:].any())).astype(np.int64)
    before_points = facilities.edge, facilities.offset_mm, facilities.entry_key
    lost = Changed(*seeds_at(arcs, *before_points, closes), NONE, NONE, NONE)
    gained = Changed(*seeds_at(arcs, *before_points, opens), NONE, NONE, NONE)
    alive[opens], alive[closes] = True, False
    everyone = np.arange(FACILITIES, dtype=np.int32)
    asked = everyone, np.zeros(FACILITIES, dtype=np.int64), np.empty(FACILITIES, dtype=np.int64)
    labels = key[np.newaxis], owner[np.newaxis]
    only = np.zeros(1, dtype=np.int64)
    start, *log, place_start, place, home_start, home = mend(
        *(*arcs, *facilities, *lost, *gained, np.zeros(len(closes), dtype=np.int64), closes),
        *(*labels, rank.astype(float), alive[np.newaxis], only, limit_key(cutoff), NONE),
        *(*facilities, everyone, *(array.copy() for array in asked[1:])),
        *(*facilities, *asked, 1),
    )
    touched = set(np.flatnonzero((key != before[0]) | (owner != before[1])).tolist())
    assert touched <= set(log[0].tolist())
    beside = {
        f
        for f in range(FACILITIES)
        if facilities.edge[f] >= 0
        and touched
        & {int(network.edge_from[facilities.edge[f]]), int(network.edge_to[facilities.edge[f]])}
    }
    assert beside <= set(place.tolist())
    assert place.tolist() == home.tolist()
    assert len(set(place.tolist())) == len(place) == place_start[1] == home_start[1]
    expected = searched(network, points, alive, cutoff)
    assert key.tolist() == expected[0].tolist()
    assert owner.tolist() == expected[1].tolist()
    roll_back(*labels, only, start, *log)
    assert key.tolist() == before[0].tolist()
    assert owner.tolist() == before[1].tolist()
