"""The quick reader of ``.osm.pbf``: the same features, tags and places as the complete one."""

import numpy as np
import osmium
import pandas as pd
import pytest
from osmium.osm.mutable import Node, Way

from spatial.city import read_city, read_walking_city
from spatial.city.pbf import read_pbf
from spatial.errors import InputError
from spatial.network import build_network
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")
KEYS = ("highway", "barrier", "railway", "waterway", "natural", "landuse")
READ = ("area", "foot", "access", "layer", "name")
LAYERS = ("streets", "barriers", "gates", "railways", "water")


@pytest.fixture
def small(tmp_path):
    """A hand-made file: a bend, a square, a wall with a gate, a torn street, odd numbers."""
    path = tmp_path / "small.osm.pbf"
    places = {
        1: (114.30, 30.50), 2: (114.301, 30.5), 3: (114.301, 30.501), 4: (114.30, 30.501),
        2**33: (114.302, 30.502), 7: (-0.5, -0.25), 8: (114.303, 30.5),
    }  # fmt: skip
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in places.items():
            tags = {"barrier": "gate", "access": "private"} if number == 3 else {}
            writer.add_node(Node(id=number, location=place, tags=tags))
        street = {"highway": "footway", "name": "中山路", "layer": "1"}
        writer.add_way(Way(id=10, nodes=[1, 2, 3], tags=street))
        square = {"highway": "pedestrian", "area": "yes"}
        writer.add_way(Way(id=11, nodes=[1, 2, 3, 4, 1], tags=square))
        writer.add_way(Way(id=12, nodes=[3, 2**33], tags={"barrier": "wall"}))
        writer.add_way(Way(id=13, nodes=[1, 4, 99, 2, 8], tags={"highway": "path"}))
        writer.add_way(Way(id=14, nodes=[1, 2], tags={"building": "yes"}))
        writer.add_way(Way(id=15, nodes=[99, 98], tags={"highway": "path"}))
    return path


def test_ways_nodes_and_tags_are_those_of_the_file(small):
    lon_lat, ways, nodes = read_pbf(small, KEYS, READ)
    assert ways.id.tolist() == [10, 11, 12, 13, 15]
    street = {"highway": "footway", "layer": "1", "name": "中山路"}
    assert dict(ways.tags[ways.tags_of[0]]) == street
    assert np.allclose(lon_lat[ways.ref[:3]], [(114.30, 30.50), (114.301, 30.5), (114.301, 30.501)])
    assert np.diff(ways.start).tolist() == [3, 5, 2, 5, 2]
    assert (ways.ref < 0).sum() == 3
    assert nodes.id.tolist() == [3]
    assert dict(nodes.tags[nodes.tags_of[0]]) == {"barrier": "gate", "access": "private"}
    assert np.allclose(lon_lat[lon_lat[:, 0] < 0], [(-0.5, -0.25)])


def test_a_walking_city_holds_what_the_whole_city_holds(small):
    quick, whole = read_walking_city(small), read_city([small])
    for layer in LAYERS:
        ours, theirs = quick.layer(layer), whole.layer(layer)
        assert sorted(ours.index) == sorted(theirs.index), layer
        ours = ours.loc[theirs.index]
        for name in ours.columns.difference(["geometry", "name"]):
            pd.testing.assert_series_equal(ours[name], theirs[name])
        lengths = ours.length.to_numpy() - theirs.length.to_numpy()
        assert np.abs(lengths).max(initial=0) < 1e-5
    assert quick.layer("streets").loc["way/13"].geometry.geom_type == "MultiLineString"


@pytest.mark.parametrize("harm", ["empty", "text", "cut", "spoiled"])
def test_a_broken_file_is_named_with_the_reason(small, harm):
    data = small.read_bytes()
    small.write_bytes(
        {
            "empty": b"",
            "text": b"<osm version='0.6'></osm>",
            "cut": data[:-20],
            "spoiled": data[:-40] + bytes(40),
        }[harm]
    )
    with pytest.raises(InputError, match=r"small\.osm\.pbf"):
        read_walking_city(small)


def test_a_file_without_streets_is_refused(tmp_path):
    path = tmp_path / "houses.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        writer.add_node(Node(id=1, location=(114.3, 30.5)))
        writer.add_way(Way(id=2, nodes=[1, 1], tags={"building": "yes"}))
    with pytest.raises(InputError, match=r"houses\.osm\.pbf holds no street"):
        read_walking_city(path)


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["helsinki/helsinki.osm.pbf", "monaco/monaco.osm.pbf", "porto-alegre/poa_osm.pbf"]
)
def test_real_files_are_read_as_pyosmium_reads_them(shared_data, name):
    lon_lat, ways, _ = read_pbf(shared_data / name, KEYS, READ)
    file = osmium.FileProcessor(str(shared_data / name)).with_locations()
    wanted = (way for way in file if way.is_way() and any(key in way.tags for key in KEYS))
    row = 0
    for way in wanted:
        refs = ways.ref[ways.start[row] : ways.start[row + 1]]
        assert way.id == ways.id[row]
        tags = tuple((t.k, t.v) for t in way.tags if t.k in KEYS or t.k in READ)
        assert ways.tags[ways.tags_of[row]] == tags
        for node, ref in zip(way.nodes, refs, strict=True):
            assert node.location.valid() == (ref >= 0)
            if ref >= 0:
                assert lon_lat[ref] == pytest.approx((node.lon, node.lat), abs=1e-9)
        row += 1
    assert row == len(ways.id)


@pytest.mark.real
def test_the_network_of_a_real_file_differs_only_by_areas_that_are_relations(shared_data):
    path = shared_data / "monaco" / "monaco.osm.pbf"
    quick, whole = read_walking_city(path), read_city([path])
    streets = whole.layer("streets")
    ways = streets[streets.index.str.startswith("way/")]
    assert set(quick.layer("streets").index) == set(ways.index)
    areas = {name: quick.layer(name) for name in ("land_use", "neighbourhoods", "water")}
    ours = build_network(quick, WALKING)
    theirs = build_network(whole.with_layers(streets=ways, **areas), WALKING)
    assert abs(ours.edge_count - theirs.edge_count) <= 3
    assert ours.report["length_m"] == pytest.approx(theirs.report["length_m"], rel=1e-4)
