"""What OpenStreetMap tags become: one object, its layers and columns."""

import pytest

from spatial.city.osm_tags import RULES, layers_of
from spatial.dictionary import data_dictionary


def columns(tags, shape, layer):
    return dict(layers_of(tags, shape))[layer]


@pytest.mark.parametrize(
    ("tags", "shape", "layers"),
    [
        ({"highway": "footway"}, "line", {"streets"}),
        ({"highway": "proposed"}, "line", set()),
        ({"highway": "pedestrian", "area": "yes"}, "area", {"streets"}),
        ({"highway": "pedestrian", "area": "yes"}, "line", set()),
        ({"highway": "residential", "junction": "roundabout"}, "area", set()),
        ({"highway": "bus_stop"}, "point", {"facilities"}),
        ({"barrier": "wall"}, "line", {"barriers"}),
        ({"barrier": "kerb"}, "line", set()),
        ({"barrier": "fence", "amenity": "school"}, "area", {"barriers", "facilities", "land_use"}),
        ({"barrier": "lift_gate"}, "point", {"gates"}),
        ({"entrance": "main"}, "point", {"gates"}),
        ({"landuse": "residential", "name": "西院"}, "area", {"neighbourhoods", "land_use"}),
        ({"building": "apartments"}, "area", {"buildings"}),
        ({"building": "no"}, "area", set()),
        ({"building": "school", "amenity": "school"}, "area", {"buildings", "facilities"}),
        ({"natural": "water", "water": "river"}, "area", {"water"}),
        ({"waterway": "stream"}, "line", {"water"}),
        ({"railway": "subway", "tunnel": "yes"}, "line", {"railways"}),
        ({"railway": "abandoned"}, "line", set()),
        ({"boundary": "administrative", "admin_level": "8"}, "area", {"admin_areas"}),
        ({"natural": "tree", "heritage": "2"}, "point", {"constraints"}),
        ({"natural": "tree"}, "point", set()),
        ({"building": "yes", "heritage": "1"}, "area", {"buildings", "constraints"}),
        ({"landuse": "brownfield"}, "area", {"land_use"}),
        ({}, "area", set()),
    ],
)
def test_tags_lead_to_layers(tags, shape, layers):
    assert {layer for layer, _ in layers_of(tags, shape)} == layers


def test_every_rule_fills_only_columns_and_values_of_the_dictionary():
    samples = {
        "streets": ({"highway": "steps", "bridge": "yes", "width": "2 m"}, "line"),
        "barriers": ({"barrier": "chain"}, "line"),
        "gates": ({"barrier": "full-height_turnstile", "access": "private"}, "point"),
        "neighbourhoods": ({"landuse": "residential", "start_date": "1984"}, "area"),
        "buildings": ({"building": "house", "building:levels": "6", "height": "18.5"}, "area"),
        "facilities": ({"amenity": "clinic", "capacity": "30", "access": "yes"}, "point"),
        "admin_areas": ({"boundary": "administrative", "admin_level": "6"}, "area"),
        "constraints": ({"historic": "temple"}, "point"),
        "land_use": ({"leisure": "park"}, "area"),
        "water": ({"waterway": "drain", "tunnel": "culvert"}, "line"),
        "railways": ({"railway": "funicular", "bridge": "viaduct"}, "line"),
    }
    assert set(samples) == set(RULES)
    for layer, (tags, shape) in samples.items():
        spec = data_dictionary().inputs[layer]
        for name, value in columns(tags, shape, layer).items():
            assert name in spec.columns, f"{layer}.{name}"
            allowed = spec.columns[name].values
            assert not allowed or value is None or value in allowed, f"{layer}.{name}={value}"


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({"barrier": "gate"}, "unknown"),
        ({"barrier": "gate", "access": "private"}, "residents"),
        ({"barrier": "gate", "access": "no"}, "closed"),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, "public"),
        ({"barrier": "gate", "foot": "private", "access": "yes"}, "residents"),
        ({"barrier": "gate", "locked": "yes"}, "closed"),
        ({"barrier": "bollard"}, "public"),
        ({"entrance": "emergency"}, "closed"),
    ],
)
def test_who_may_pass_a_gate_follows_its_tags(tags, access):
    assert columns(tags, "point", "gates")["access"] == access


@pytest.mark.parametrize(
    ("tags", "structure", "layer"),
    [
        ({}, "ground", 0),
        ({"bridge": "yes"}, "bridge", 1),
        ({"bridge": "yes", "layer": "2"}, "bridge", 2),
        ({"bridge": "no"}, "ground", 0),
        ({"tunnel": "yes"}, "tunnel", -1),
        ({"tunnel": "building_passage"}, "building_passage", 0),
        ({"covered": "arcade"}, "covered", 0),
        ({"layer": "unclear"}, "ground", 0),
    ],
)
def test_a_street_says_how_it_crosses_others(tags, structure, layer):
    found = columns({"highway": "footway", **tags}, "line", "streets")
    assert (found["structure"], found["layer"]) == (structure, layer)


def test_an_escalator_moves_one_way_and_a_oneway_road_does_not_bind_feet():
    moving = columns({"highway": "steps", "conveying": "backward"}, "line", "streets")
    road = columns({"highway": "residential", "oneway": "yes"}, "line", "streets")
    walk = columns({"highway": "footway", "oneway:foot": "yes"}, "line", "streets")
    assert moving["oneway_foot"] == "backward"
    assert road["oneway_foot"] == "both"
    assert walk["oneway_foot"] == "forward"


@pytest.mark.parametrize(
    ("tags", "use", "lifecycle"),
    [
        ({"building": "apartments"}, "residential", "in_use"),
        ({"building": "yes", "building:use": "residential"}, "residential", "in_use"),
        ({"building": "yes", "amenity": "school"}, "education", "in_use"),
        ({"building": "yes", "shop": "supermarket"}, "commercial", "in_use"),
        ({"building": "yes"}, "unknown", "in_use"),
        ({"building": "construction"}, "construction", "construction"),
        ({"disused:building": "industrial"}, "industrial", "disused"),
        ({"building": "warehouse", "abandoned": "yes"}, "industrial", "abandoned"),
        ({"building": "ruins"}, "other", "abandoned"),
    ],
)
def test_a_buildings_use_and_life_cycle_follow_its_tags(tags, use, lifecycle):
    found = columns(tags, "area", "buildings")
    assert (found["use"], found["lifecycle"]) == (use, lifecycle)
    assert (found["residential_evidence"] is not None) == (use == "residential")


def test_unreadable_numbers_of_a_building_stay_missing():
    tags = {"building": "yes", "building:levels": "5-6", "height": "60 ft", "start_date": "C19"}
    found = columns(tags, "area", "buildings")
    assert (found["floors"], found["height_m"], found["year_built"]) == (None, None, None)


def test_a_facility_keeps_all_its_tags_as_given():
    tags = {"amenity": "kindergarten", "name": "幼儿园", "operator": "街道"}
    found = columns(tags, "point", "facilities")
    assert found["tags"] == tags
    assert found["tags"] is not tags


def test_no_rule_answers_without_one_of_its_keys():
    from itertools import product

    from spatial.city.osm_tags import RULE_KEYS

    values = ("yes", "wall", "residential", "water", "school", "administrative", "rail", "river")
    keys = sorted({key for keys in RULE_KEYS.values() for key in keys} | {"name", "foot", "bridge"})
    for layer, rule in RULES.items():
        others = [key for key in keys if key not in RULE_KEYS[layer]]
        for value, shape in product(values, ("point", "line", "area")):
            assert rule(dict.fromkeys(others, value), shape) is None, (layer, value, shape)
