"""Mapped gates that stand back from the boundary, on a street that crosses it."""

import shapely
from neighbourhood_worlds import layer, prepared, streets, world

PLACE = layer([shapely.box(0, 0, 100, 100)], ["west"], households=[10])


def gates_of(spot, *ways):
    gate = layer([shapely.Point(spot)], ["g"], kind=["gate"], name=["东门"])
    return prepared(world(neighbourhoods=PLACE, streets=streets(*ways), gates=gate)).gates


def test_a_gate_set_back_along_its_street_belongs_to_the_neighbourhood():
    for x in (86, 114):
        gates = gates_of((x, 50), [(40, 50), (200, 50)])
        assert gates["source"].tolist() == ["mapped"]
        assert gates["name"].tolist() == ["东门"]
        assert gates.geometry.iloc[0].x == x


def test_a_gate_farther_along_the_street_does_not():
    assert gates_of((125, 50), [(40, 50), (200, 50)])["source"].tolist() == ["crossing"]


def test_a_gate_near_by_on_a_street_that_passes_does_not():
    assert "mapped" not in gates_of((112, 50), [(112, -100), (112, 200)])["source"].tolist()


def test_the_way_is_measured_along_the_street_not_as_the_crow_flies():
    bent = [(40, 50), (104, 50), (104, 90), (114, 90), (114, 50), (114, -50)]
    assert gates_of((114, 50), bent)["source"].tolist() == ["crossing"]


def test_a_gate_on_one_boundary_is_not_also_that_of_the_neighbourhood_across_the_street():
    places = layer([shapely.box(0, 0, 100, 100), shapely.box(112, 0, 212, 100)], ["west", "east"])
    gate = layer([shapely.Point(100, 50)], ["g"], kind=["gate"])
    city = world(neighbourhoods=places, streets=streets([(40, 50), (160, 50)]), gates=gate)
    gates = prepared(city).gates.set_index("neighbourhood_id")["source"]
    assert gates.to_dict() == {"west": "mapped", "east": "crossing"}
