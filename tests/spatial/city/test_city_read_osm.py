"""Reading OpenStreetMap files: a small hand-made one, the real ones, and osmnx as the oracle."""

import pytest
import shapely

from spatial.city import read_city
from spatial.errors import InputError

SMALL = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6" generator="test">
  <node id="1" version="1" lat="39.9900" lon="116.3300"/>
  <node id="2" version="1" lat="39.9900" lon="116.3310"/>
  <node id="3" version="1" lat="39.9910" lon="116.3310"/>
  <node id="4" version="1" lat="39.9910" lon="116.3300"/>
  <node id="5" version="1" lat="39.9903" lon="116.3303"/>
  <node id="6" version="1" lat="39.9903" lon="116.3307"/>
  <node id="7" version="1" lat="39.9907" lon="116.3305"/>
  <node id="8" version="1" lat="39.9900" lon="116.3305">
    <tag k="barrier" v="gate"/><tag k="access" v="private"/>
  </node>
  <node id="9" version="1" lat="39.9905" lon="116.3305"><tag k="amenity" v="kindergarten"/></node>
  <way id="10" version="1">
    <nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
    <tag k="landuse" v="residential"/><tag k="name" v="西院"/><tag k="barrier" v="wall"/>
  </way>
  <way id="11" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="5"/></way>
  <way id="12" version="1"><nd ref="4"/><nd ref="3"/><tag k="highway" v="footway"/></way>
  <way id="13" version="1"><nd ref="1"/><nd ref="999"/><tag k="highway" v="path"/></way>
  <way id="14" version="1">
    <nd ref="1"/><nd ref="2"/><nd ref="999"/><nd ref="3"/><nd ref="4"/>
    <tag k="highway" v="service"/>
  </way>
  <way id="15" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="building" v="yes"/></way>
  <relation id="20" version="1">
    <member type="way" ref="10" role="outer"/><member type="way" ref="11" role="inner"/>
    <tag k="type" v="multipolygon"/><tag k="building" v="apartments"/>
    <tag k="building:levels" v="6"/>
  </relation>
  <relation id="21" version="1">
    <member type="way" ref="888" role="outer"/>
    <tag k="type" v="boundary"/><tag k="boundary" v="administrative"/><tag k="name" v="海淀区"/>
  </relation>
</osm>
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("osm") / "small.osm"
    path.write_text(SMALL, encoding="utf-8")
    return read_city([path])


def report(city, layer):
    return next(part for part in city.report.layers if part.layer == layer)


def test_one_way_may_be_wall_neighbourhood_and_land_use(small):
    for layer in ("barriers", "neighbourhoods", "land_use"):
        assert "way/10" in small.layer(layer).index
    assert small.layer("neighbourhoods").name["way/10"] == "西院"
    assert small.layer("barriers").geom_type["way/10"] == "LineString"


def test_a_multipolygon_keeps_its_hole(small):
    building = small.layer("buildings").loc["relation/20"]
    assert shapely.get_num_interior_rings(shapely.get_parts(building.geometry)[0]) == 1
    assert building.floors == 6
    assert building.use == "residential"


def test_a_gate_and_a_facility_stand_where_their_nodes_are(small):
    assert small.layer("gates").access["node/8"] == "residents"
    lonlat = small.layer("facilities").to_crs(4326).geometry["node/9"]
    assert (lonlat.x, lonlat.y) == pytest.approx((116.3305, 39.9905), abs=1e-7)


def test_a_way_cut_by_the_edge_of_the_extract_keeps_what_is_known(small):
    streets = report(small, "streets")
    assert (streets.read, streets.loaded) == (3, 2)
    assert [(r.row, r.why) for r in streets.refusals] == [("way/13", "missing_nodes")]
    assert [(r.row, r.what) for r in streets.repairs] == [("way/14", "missing_nodes")]
    assert len(shapely.get_parts(small.layer("streets").geometry["way/14"])) == 2


def test_what_cannot_become_an_area_is_refused_by_name(small):
    assert [(r.row, r.why) for r in report(small, "buildings").refusals] == [
        ("way/15", "not_closed")
    ]
    assert [(r.row, r.why) for r in report(small, "admin_areas").refusals] == [
        ("relation/21", "area_not_built")
    ]


def test_an_area_that_comes_before_its_relation_is_not_refused():
    from spatial.city.read_osm import OsmCollector

    tags = {"type": "multipolygon", "building": "yes"}
    collector = OsmCollector()
    collector.add_area("relation/1", tags, shapely.to_wkb(shapely.box(0, 0, 1, 1)), from_way=False)
    collector.await_area("relation/1", tags, from_way=False)
    collector.await_area("relation/2", tags, from_way=False)
    (layer,) = collector.layers("test")
    assert layer.frame.index.tolist() == ["relation/1"]
    assert [refusal.row for refusal in layer.refusals] == ["relation/2"]


def test_a_file_that_is_no_osm_is_refused_with_its_name(tmp_path):
    path = tmp_path / "broken.osm"
    path.write_text("<osm><node", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.osm is no readable OSM file"):
        read_city([path])


def test_the_reading_tells_how_far_it_is_and_can_be_stopped(tmp_path):
    from spatial.errors import CancelledError

    path = tmp_path / "small.osm"
    path.write_text(SMALL, encoding="utf-8")
    told = []
    read_city([path], progress=lambda step, share: told.append((step, share)))
    assert {step for step, _ in told} == {"read"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)

    def stop(_step, _share):
        raise CancelledError("stopped by the user")

    with pytest.raises(CancelledError):
        read_city([path], progress=stop)


@pytest.fixture(scope="module")
def wudaokou(shared_data):
    return read_city([shared_data / "wudaokou" / "wudaokou.osm"])


@pytest.mark.real
def test_wudaokou_holds_what_its_readme_counts(wudaokou):
    assert len(wudaokou.layer("streets")) == 684
    assert len(wudaokou.layer("buildings")) == 521
    gates = wudaokou.layer("gates")
    assert (gates.kind == "bollard").sum() == 49
    assert (gates.kind == "gate").sum() == 25
    assert (wudaokou.layer("barriers").kind == "wall").sum() == 6
    names = {"新林院", "荷清苑教师住宅区", "西院", "西王庄小区", "清华大学西北小区", "华清嘉园小区"}
    assert set(wudaokou.layer("neighbourhoods").name) == names
    amenities = wudaokou.layer("facilities").tags.map(lambda tags: "amenity" in tags)
    assert amenities.sum() == 183


@pytest.mark.real
@pytest.mark.slow
def test_streets_and_footprints_are_those_that_osmnx_reads(wudaokou, shared_data):
    import osmnx

    path = shared_data / "wudaokou" / "wudaokou.osm"
    streets = osmnx.features_from_xml(path, tags={"highway": True})
    ours = set(wudaokou.layer("streets").index)
    theirs = {
        f"{kind}/{number}"
        for (kind, number), highway in streets.highway.items()
        if kind == "way" and highway not in ("rest_area", "services", "proposed", "construction")
    }
    assert ours == theirs

    footprints = osmnx.features_from_xml(path, tags={"building": True})
    footprints = footprints[footprints.building != "no"]
    footprints = footprints[footprints.geom_type.isin(["Polygon", "MultiPolygon"])]
    index = [f"{kind}/{number}" for kind, number in footprints.index]
    buildings = wudaokou.layer("buildings")
    assert set(buildings.index) == set(index)
    areas_m2 = footprints.set_axis(index).to_crs(wudaokou.crs).area[buildings.index]
    assert buildings.area.to_numpy() == pytest.approx(areas_m2.to_numpy(), rel=1e-6)


@pytest.mark.real
@pytest.mark.parametrize("place", ["helsinki", "monaco"])
def test_only_areas_of_which_something_is_missing_are_refused(place, shared_data):
    import osmium

    path = shared_data / place / f"{place}.osm.pbf"
    refused = {
        refusal.row
        for part in read_city([path]).report.layers
        for refusal in part.refusals
        if refusal.why == "area_not_built"
    }
    whole = set()
    for thing in osmium.FileProcessor(str(path)).with_locations():
        if thing.is_way() and all(node.location.valid() for node in thing.nodes):
            whole.add(f"way/{thing.id}")
        elif thing.is_relation() and all(
            f"way/{member.ref}" in whole for member in thing.members if member.type == "w"
        ):
            whole.add(f"relation/{thing.id}")
    assert refused
    assert not refused & whole


@pytest.mark.real
@pytest.mark.slow
def test_relations_of_monaco_are_those_that_osmnx_reads(shared_data, tmp_path):
    import osmium
    import osmnx

    source, copy = shared_data / "monaco" / "monaco.osm.pbf", tmp_path / "monaco.osm"
    with osmium.SimpleWriter(str(copy)) as writer:  # osmnx reads XML only
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    city = read_city([source])

    footprints = osmnx.features_from_xml(copy, tags={"building": True})
    footprints = footprints[footprints.geom_type.isin(["Polygon", "MultiPolygon"])]
    index = [f"{kind}/{number}" for kind, number in footprints.index]
    buildings = city.layer("buildings")
    assert set(buildings.index) == set(index)
    assert sum(name.startswith("relation/") for name in index) > 10
    areas_m2 = footprints.set_axis(index).to_crs(city.crs).area[buildings.index]
    assert buildings.area.to_numpy() == pytest.approx(areas_m2.to_numpy(), rel=1e-6)

    ways = osmnx.features_from_xml(copy, tags={"highway": True})
    ways = ways[~ways.highway.isin(["construction", "proposed"])]
    index = {f"{kind}/{number}" for kind, number in ways.index if kind != "node"}
    assert set(city.layer("streets").index) == index
