"""All kinds at once give bit for bit what one search after the other gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import network_of, on_edges, random_network

from spatial.reach import NodeLabels, nearest_by_node, nearest_facilities, nearest_table
from spatial.reach.kernels import FAR
from spatial.reach.lane_network import lane_network
from spatial.reach.lanes import packing_for
from spatial.reach.search_kinds import Search, search_all, search_by_kind

MANY = settings(max_examples=300, deadline=None, derandomize=True)


def draw(seed, *, kinds=5, facilities=12, origins=10, **size):
    rng = np.random.default_rng(seed)
    network = random_network(rng, **size)
    points = on_edges(network, rng, facilities, "f")
    count = rng.integers(1, 4, kinds)
    rows = np.concatenate([rng.choice(facilities, size, replace=False) for size in count])
    names = np.repeat([f"k{number:02d}" for number in range(kinds)], count)
    frame = pd.DataFrame({"facility_id": points.ids[rows], "kind": names})
    return network, points, frame, on_edges(network, rng, origins, "o")


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@MANY
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["distance", "time"]),
    st.sampled_from([0.0, 0.01, 0.3, 2.0, 1000.0]),
    st.sampled_from([1, 5, 9, 33, 70]),
)
def test_lanes_answer_as_one_search_after_the_other(seed, by, cutoff, kinds):
    network, points, frame, origins = draw(seed, kinds=kinds)
    search = Search.of(network, points, frame, cutoff=cutoff, by=by)
    assert same(search_all(search, None), search_by_kind(search, None))
    assert same(search_all(search, origins), search_by_kind(search, origins))


@MANY
@given(st.integers(0, 2**32 - 1), st.sampled_from(["distance", "time"]))
def test_ways_out_of_one_place_are_one_origin_whose_best_way_counts(seed, by):
    network, points, frame, origins = draw(seed)
    doubled = replace(origins, ids=pd.Index(np.repeat([f"o{n}" for n in range(5)], 2)))
    search = Search.of(network, points, frame, cutoff=5.0, by=by)
    assert same(search_all(search, doubled), search_by_kind(search, doubled))
    each = search_by_kind(search, origins)[0]
    assert np.array_equal(search_all(search, doubled)[0], np.minimum(each[::2], each[1::2]))


def test_nodes_answer_as_points_that_stand_on_them():
    network, points, frame, _ = draw(11, nodes=30, edges=50)
    at_tail = on_edges(network, np.random.default_rng(1), network.edge_count, "e")
    at_tail = replace(
        at_tail,
        edge=np.arange(network.edge_count, dtype=np.int32),
        offset_mm=np.zeros(network.edge_count, dtype=np.int32),
        entry_mm=np.zeros(network.edge_count, dtype=np.int32),
    )
    labels = nearest_by_node(network, points, frame, cutoff_m=1.0)
    table = nearest_table(network, at_tail, points, frame, cutoff_m=1.0)
    assert isinstance(labels, NodeLabels)
    assert labels.kinds == table.kinds
    two_way = (network.edge_time_ms >= 0).all(axis=1)
    assert two_way.sum() > 20
    tails = network.edge_from[two_way]
    assert same(
        (labels.key[tails], labels.facility[tails]), (table.key[two_way], table.facility[two_way])
    )
    assert 0 < (labels.facility >= 0).mean() < 1
    assert np.array_equal(labels.facility >= 0, labels.key < FAR)


def test_the_long_frame_holds_what_the_wide_table_holds():
    network, points, frame, origins = draw(5, nodes=12, edges=20)
    table = nearest_table(network, origins, points, frame, cutoff_m=2.0)
    long = nearest_facilities(network, origins, points, frame, cutoff_m=2.0)
    origin, kind = np.nonzero(np.isfinite(table.distance_m))
    assert 0 < len(origin) < table.distance_m.size
    assert table.origin_ids[origin].tolist() == long["origin_id"].tolist()
    assert [table.kinds[number] for number in kind] == long["kind"].tolist()
    assert np.array_equal(table.distance_m[origin, kind], long["distance_m"].to_numpy())
    assert np.array_equal(table.time_s[origin, kind], long["time_s"].to_numpy())


def test_a_wait_longer_than_a_label_can_hold_is_still_answered():
    network, points, frame, origins = draw(3, nodes=12, edges=20)
    times = network.edge_time_ms.copy()
    waits = np.flatnonzero(times[:, 0] >= 0)[:3]
    times[waits, 0] = 2**31 - 1  # 25 days on a few millimetres
    arc_time = network.arc_time_ms.copy()
    along = network.edge_from[network.arc_edge] == np.repeat(
        np.arange(network.node_count), np.diff(network.arc_start)
    )
    slow = along & np.isin(network.arc_edge, waits)
    arc_time[slow] = 2**31 - 1
    slow_network = replace(network, edge_time_ms=times, arc_time_ms=arc_time)
    for cutoff in (0.05, 1_000.0, 1_000_000.0):
        search = Search.of(slow_network, points, frame, cutoff=cutoff, by="distance")
        assert same(search_all(search, None), search_by_kind(search, None))
        assert same(search_all(search, origins), search_by_kind(search, origins))


def test_a_wait_on_a_short_arc_that_fits_a_label_does_not_send_the_search_another_way(monkeypatch):
    network, points, frame, origins = draw(3, nodes=12, edges=20)
    times = np.where(network.edge_time_ms >= 0, network.edge_time_ms + 9_000, -1).astype(np.int32)
    waiting = replace(network, edge_time_ms=times, arc_time_ms=network.arc_time_ms + 9_000)
    search = Search.of(waiting, points, frame, cutoff=1_000_000.0, by="distance")
    expected = [search_by_kind(search, None), search_by_kind(search, origins)]
    monkeypatch.setattr("spatial.reach.search_kinds.search_by_kind", None)
    assert same(search_all(search, None), expected[0])
    assert same(search_all(search, origins), expected[1])


def test_a_label_gives_each_part_the_bits_it_needs():
    packing = packing_for(1_080_000, 500)
    assert (packing.rank_bits, packing.other_bits) == (9, 32)
    assert packing.beyond == 1_080_001 << 41
    assert packing_for(2**40, 2**22) is None
    assert packing_for(0, 1).rank_bits == 1


def test_without_kinds_or_nodes_there_are_no_answers():
    network, points, frame, origins = draw(2)
    empty = frame.iloc[:0]
    assert nearest_by_node(network, points, empty, cutoff_m=5.0).key.shape == (
        network.node_count,
        0,
    )
    assert nearest_facilities(network, origins, points, empty, cutoff_m=5.0).empty


def test_what_one_facility_tells_a_long_chain_of_simple_nodes_finds_room():
    count = 600
    nodes = np.arange(count)
    network = network_of(count, nodes[:-1], nodes[1:], np.ones(count - 1), np.ones((count - 1, 2)))
    points = on_edges(network, np.random.default_rng(1), 1, "f")
    points = replace(points, edge=np.zeros(1, dtype=np.int32))
    frame = pd.DataFrame({"facility_id": points.ids, "kind": "clinic"})
    search = Search.of(network, points, frame, cutoff=1000.0, by="distance")
    assert len(lane_network(network).simple_head) == count
    key, facility = search_all(search, None)
    assert same((key, facility), search_by_kind(search, None))
    assert (facility == 0).all()


def test_answers_of_eight_kinds_or_more_begin_where_lines_of_memory_do():
    network, points, frame, origins = draw(6, kinds=11)
    search = Search.of(network, points, frame, cutoff=5.0, by="distance")
    for key, facility in (search_all(search, None), search_all(search, origins)):
        assert key.shape[1] == facility.shape[1] == 11
        assert key.ctypes.data % 64 == facility.ctypes.data % 64 == 0
        assert key.strides[0] == 16 * 8


def test_progress_is_told_per_block_of_kinds():
    network, points, frame, _ = draw(2, kinds=40)
    told = []
    nearest_by_node(
        network, points, frame, cutoff_m=5.0, progress=lambda *tick: told.append(tick[1])
    )
    assert told == [0.0, 0.8, 1.0]  # 32 of 40 kinds, then all


def test_a_negative_limit_is_refused():
    network, points, frame, _ = draw(2)
    with pytest.raises(ValueError, match="0 or more"):
        nearest_by_node(network, points, frame, cutoff_m=-1.0)
