import numpy as np
import pytest
from shapely import MultiLineString, Point
from walking_worlds import line, reachable, world

from spatial.errors import StandardsError
from spatial.network import NO_PASSAGE, build_network
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")


def test_a_city_without_streets_has_an_empty_network():
    network = build_network(world(), WALKING)
    assert (network.node_count, network.edge_count) == (0, 0)
    assert network.report["components"] == 0


def test_edges_run_between_junctions_with_their_full_geometry():
    city = world(streets=[line((0, 0), (30, 40), (100, 40), (100, 0)), line((100, 40), (200, 40))])
    network = build_network(city, WALKING)
    assert sorted(network.edge_length_mm.tolist()) == [40_000, 100_000, 120_000]
    bent = network.edge_geometry[np.argmax(network.edge_length_mm)]
    assert len(bent.coords) == 3


def test_parallel_streets_and_loops_are_kept():
    city = world(
        streets=[
            line((0, 0), (100, 0)),
            line((0, 0), (50, 20), (100, 0)),
            line((100, 0), (120, 10), (120, -10), (100, 0)),
        ]
    )
    network = build_network(city, WALKING)
    assert network.edge_count == 3
    assert (network.edge_from == network.edge_to).sum() == 1


def test_a_bridge_does_not_meet_the_street_below_but_meets_its_ends():
    city = world(
        streets=(
            [
                line((0, 0), (40, 0)),
                line((40, 0), (60, 0)),
                line((50, -50), (50, 50)),
                line((60, 0), (90, 0)),
            ],
            {"layer": [0, 1, 0, 0], "structure": ["ground", "bridge", "ground", "ground"]},
        )
    )
    network = build_network(city, WALKING.with_values({"node_crossings": "always"}, source="test"))
    assert reachable(network, (0, 0), (90, 0))
    assert not reachable(network, (0, 0), (50, 50))
    assert network.edge_open.tolist().count(False) == 1


@pytest.mark.parametrize(("choice", "joined"), [("always", True), ("never", False), ("auto", True)])
def test_drawn_crossings_are_joined_only_where_the_data_has_no_junctions(choice, joined):
    city = world(
        streets=[line((0, 0), (100, 0)), line((50, -50), (50, 50)), line((80, 0), (80, 30))]
    )
    network = build_network(city, WALKING.with_values({"node_crossings": choice}, source="test"))
    assert reachable(network, (0, 0), (50, 50)) is np.bool_(joined)
    assert reachable(network, (0, 0), (80, 30)) is np.bool_(joined)


def test_a_wall_cuts_a_street_and_a_gate_opens_it():
    street = [line((0, 0), (100, 0))]
    wall = [line((50, -20), (50, 20))]
    cut = build_network(world(streets=street, barriers=wall), WALKING)
    assert not reachable(cut, (0, 0), (100, 0))
    assert cut.report["walls_cut_streets"] == 1
    assert sorted(cut.edge_length_mm.tolist()) == [50_000, 50_000]
    opened = build_network(world(streets=street, barriers=wall, gates=[Point(52, 0)]), WALKING)
    assert reachable(opened, (0, 0), (100, 0))
    assert opened.report["gates_opened_walls"] == 1


@pytest.mark.parametrize(
    ("kind", "access", "open_"),
    [
        ("gate", "closed", False),
        ("gate", "residents", True),
        ("gate", "unknown", True),
        ("bollard", "closed", True),
    ],
)
def test_only_a_closed_gate_blocks_and_a_bollard_never_does(kind, access, open_):
    city = world(
        streets=[line((0, 0), (40, 0), (100, 0))],
        gates=([Point(40, 0)], {"kind": [kind], "access": [access]}),
    )
    network = build_network(city, WALKING)
    assert reachable(network, (0, 0), (100, 0)) is np.bool_(open_)


def test_a_junction_on_a_wall_keeps_each_side_together():
    wall = [line((-100, 0), (100, 0))]
    streets = [
        line((-50, 50), (0, 0)),
        line((0, 0), (50, 50)),
        line((0, 0), (0, -50)),
    ]
    network = build_network(world(streets=streets, barriers=wall), WALKING)
    assert reachable(network, (-50, 50), (50, 50))
    assert not reachable(network, (-50, 50), (0, -50))


def test_a_wall_that_ends_at_a_street_or_only_touches_it_cuts_nothing():
    streets = [line((0, 0), (50, 0), (100, 0))]
    walls = [line((50, 0), (50, 20)), line((20, 20), (25, 0), (30, 20))]
    network = build_network(world(streets=streets, barriers=walls), WALKING)
    assert reachable(network, (0, 0), (100, 0))


def test_two_walls_that_meet_on_a_street_cut_it():
    streets = [line((0, 0), (50, 0), (100, 0))]
    walls = [line((50, 0), (50, 20)), line((50, -20), (50, 0))]
    network = build_network(world(streets=streets, barriers=walls), WALKING)
    assert not reachable(network, (0, 0), (100, 0))


def test_a_bridge_passes_over_a_wall_on_the_ground():
    city = world(
        streets=([line((0, 0), (100, 0))], {"layer": [1], "structure": ["bridge"]}),
        barriers=[line((50, -20), (50, 20))],
    )
    assert reachable(build_network(city, WALKING), (0, 0), (100, 0))


def test_a_gate_without_a_street_links_the_streets_on_both_sides():
    city = world(
        streets=[line((0, 10), (100, 10)), line((0, -10), (100, -10))],
        barriers=[line((-50, 0), (150, 0))],
        gates=[Point(30, 0)],
    )
    network = build_network(city, WALKING)
    assert network.report["gates_linked"] == 1
    assert reachable(network, (0, 10), (100, -10))
    links = network.edge_street == ""
    assert network.edge_length_mm[links].tolist() == [10_000, 10_000]


def test_a_gate_link_does_not_cross_water():
    city = world(
        streets=[line((0, 10), (100, 10)), line((0, -10), (100, -10))],
        barriers=[line((-50, 0), (150, 0))],
        water=([line((-50, 5), (150, 5))], {"kind": ["river"]}),
        gates=[Point(30, 0)],
    )
    assert build_network(city, WALKING).report["gates_linked"] == 0


def test_a_square_may_be_crossed_straight():
    ring = line((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    streets = [ring, line((-50, 0), (0, 0)), line((100, 100), (150, 100))]
    city = world(streets=(streets, {"area": [True, False, False]}))
    network = build_network(city, WALKING)
    assert network.report["square_links"] == 1
    assert 141_421 in network.edge_length_mm


def test_stairs_take_longer_and_a_wheelchair_cannot_use_them():
    streets = ([line((0, 0), (12, 0)), line((12, 0), (24, 0))], {"highway": ["footway", "steps"]})
    adult = build_network(world(streets=streets), WALKING)
    assert sorted(adult.edge_time_ms[:, 0].tolist()) == [10_000, 20_000]
    chair = build_network(world(streets=streets), WALKING, profile="wheelchair")
    assert chair.edge_length_mm.tolist() == [12_000]
    assert chair.report["streets_closed_profile"] == 1


def test_an_escalator_is_walked_one_way():
    city = world(streets=([line((0, 0), (12, 0))], {"oneway_foot": ["backward"]}))
    network = build_network(city, WALKING)
    assert (network.edge_time_ms[0] == NO_PASSAGE).tolist() == [True, False]
    assert network.arc_head.tolist() == [network.edge_from[0]]


def test_an_unknown_walker_is_refused_by_name():
    with pytest.raises(StandardsError, match="known are adult, elder, child, wheelchair"):
        build_network(world(), WALKING, profile="horse")


def test_the_network_does_not_depend_on_the_order_of_the_streets():
    lines = [line((0, 0), (100, 0)), line((100, 0), (100, 70)), line((0, 0), (0, 80), (100, 70))]
    first = build_network(world(streets=lines), WALKING)
    again = build_network(world(streets=lines[::-1]), WALKING)
    assert first.node_xy_m.tolist() == again.node_xy_m.tolist()
    assert sorted(first.edge_length_mm) == sorted(again.edge_length_mm)


def test_the_parts_of_a_multi_line_are_streets_of_one_id():
    city = world(streets=[MultiLineString([[(0, 0), (10, 0)], [(20, 0), (50, 0)]])])
    network = build_network(city, WALKING)
    assert network.edge_street.tolist() == ["streets0", "streets0"]
    assert network.report["components"] == 2


def test_a_wall_across_a_square_stops_the_straight_way():
    ring = line((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    streets = [ring, line((-50, 0), (0, 0)), line((100, 100), (150, 100))]
    city = world(
        streets=(streets, {"area": [True, False, False]}), barriers=[line((20, 80), (80, 20))]
    )
    network = build_network(city, WALKING)
    assert network.report["square_links"] == 0
    assert reachable(network, (-50, 0), (150, 100))


def test_streets_over_water_or_rails_without_a_bridge_are_kept_and_told():
    city = world(
        streets=[line((0, 0), (100, 0))],
        water=([line((30, -50), (30, 50))], {"kind": ["river"]}),
        railways=(
            [line((60, -50), (60, 50)), line((80, -50), (80, 50))],
            {"kind": ["rail", "tram"]},
        ),
    )
    network = build_network(city, WALKING)
    assert network.edge_length_mm.tolist() == [100_000]
    assert network.report["edges_over_water_without_bridge"] == 1
    assert network.report["edges_over_rails_without_bridge"] == 1


def test_the_straight_way_across_a_square_does_not_pass_its_hole():
    square = MultiLineString(
        [
            [(0, 0), (100, 0), (100, 100), (0, 100), (0, 90), (0, 0)],
            [(40, 40), (60, 40), (60, 60), (40, 60), (40, 40)],
        ]
    )
    streets = [
        square,
        line((-50, 0), (0, 0)),
        line((100, 100), (150, 100)),
        line((0, 90), (-50, 90)),
    ]
    city = world(streets=(streets, {"area": [True, False, False, False]}))
    network = build_network(city, WALKING)
    lengths = network.edge_length_mm.tolist()
    assert 141_421 not in lengths  # corner to corner, over the hole
    assert 100_499 in lengths  # from the western side to the north-eastern corner


def test_a_path_that_ends_at_a_gate_is_linked_to_the_street_outside():
    city = world(
        streets=[line((30, 40), (30, 0)), line((0, -10), (100, -10))],
        barriers=[line((-50, 0), (150, 0))],
        gates=[Point(30, 0)],
    )
    network = build_network(city, WALKING)
    assert network.report["gates_linked"] == 1
    assert reachable(network, (30, 40), (100, -10))
    assert int(network.edge_length_mm.sum()) <= 150_001


def test_a_closed_gate_keeps_all_streets_that_meet_at_it_apart():
    city = world(
        streets=[line((0, 0), (50, 0)), line((50, 0), (100, 0)), line((50, 0), (50, 50))],
        gates=([Point(50, 0)], {"access": ["closed"]}),
    )
    network = build_network(city, WALKING)
    assert network.report["components"] == 3
    assert network.report["gates_closed_streets"] == 1
