"""Cells, gates and outlines of real cities, each read and prepared once."""

from functools import cache

import pytest
import shapely

from spatial.city.neighbourhoods import exclusive_parcels, prepare_neighbourhoods
from spatial.city.read import read_city
from spatial.network import Obstacles, build_network
from spatial.standards.parameters import read_parameters

pytestmark = pytest.mark.real
PARAMETERS = read_parameters("neighbourhoods")


@pytest.fixture(scope="module")
def prepared(shared_data):
    @cache
    def once(folder):
        city = read_city([shared_data / folder])
        return city, prepare_neighbourhoods(city, PARAMETERS)

    return once


@pytest.mark.parametrize(
    "folder",
    ["wudaokou/wudaokou.osm", "monaco/monaco.osm.pbf", "hangzhou-west", "wuhan", "porto-alegre"],
)
def test_cells_are_a_valid_coverage_that_holds_every_parcel(prepared, folder):
    _, result = prepared(folder)
    cells = result.cells.geometry.to_numpy()
    assert result.cells.index.equals(result.frame.index)
    assert shapely.coverage_is_valid(cells)
    assert shapely.is_valid(cells).all()
    assert not shapely.is_empty(cells).any()
    own = exclusive_parcels(result.frame.geometry.to_numpy())
    lost_m2 = shapely.area(shapely.difference(own, cells))
    assert (lost_m2 <= 0.01 * shapely.length(own)).all()


def test_wudaokou_keeps_its_six_named_areas_and_each_has_a_gate(prepared):
    _, result = prepared("wudaokou/wudaokou.osm")
    assert set(result.frame["name"]) == {
        "新林院",
        "荷清苑教师住宅区",
        "西院",
        "西王庄小区",
        "清华大学西北小区",
        "华清嘉园小区",
    }
    assert (result.frame["gate_count"] >= 1).all()
    assert (result.frame["persons_source"] == "buildings").all()


def test_the_mapped_gates_of_wudaokou_are_of_the_campuses_and_open_their_walls(prepared):
    city, result = prepared("wudaokou/wudaokou.osm")
    gates = city.layer("gates")
    gates = gates[~gates["kind"].isin(["bollard"])]
    edges = shapely.boundary(result.frame.geometry.to_numpy())
    away_m = shapely.STRtree(edges).query_nearest(
        gates.geometry.to_numpy(), all_matches=False, return_distance=True
    )[1]
    # No tolerance that can be defended makes one of them a gate of a neighbourhood.
    assert away_m.min() > 60 > PARAMETERS["gate_along_m"]
    assert "mapped" not in set(result.gates["source"])
    walking = read_parameters("walking")
    obstacles = Obstacles.from_city(city, result.gates, walking)
    solid = Obstacles.from_city(city.with_layers(gates=gates.iloc[:0]), result.gates, walking)
    opened_m = solid.lines.length.sum() - obstacles.lines.length.sum()
    assert opened_m > 0
    south = gates[gates["name"] == "南门"].geometry.iloc[0]
    assert city.layer("barriers").distance(south).min() < 0.1
    assert obstacles.lines.distance(south).min() > 0.1
    with_gates = build_network(city, walking, gates=result.gates)
    assert len(with_gates.edge_from) > 0


def test_western_hangzhou_with_its_overlaps_keeps_every_neighbourhood(prepared):
    _, result = prepared("hangzhou-west")
    assert len(result.frame) == 1445
    assert len(result.gates) == 0
    assert "parcels_overlap" in [note.key for note in result.notes]


def test_points_of_wuhan_become_blocks_or_discs_and_are_marked(prepared):
    city, result = prepared("wuhan")
    counts = result.frame["derived"].value_counts().to_dict()
    assert sum(counts.values()) == 776
    assert set(counts) == {"buffered", "delineated"}
    near = result.frame["gate_count"] > 0
    streets = shapely.STRtree(city.layer("streets").geometry)
    far = streets.query_nearest(result.frame.geometry[~near].to_numpy(), return_distance=True)[1]
    assert (far > PARAMETERS["gate_search_m"]).all()


def test_street_blocks_of_porto_alegre_have_the_size_of_a_neighbourhood(prepared):
    city, result = prepared("porto-alegre")
    frame = result.frame
    assert 500 <= len(frame) <= 1000
    assert (frame["derived"] == "delineated").all()
    assert 3e4 <= frame["area_m2"].median() <= 16e4
    assert 500 <= frame["persons"].median() <= 3000
    streets = city.layer("streets")
    main = streets[streets["highway"].isin(PARAMETERS["main_classes"])]
    main = main[main["structure"] != "tunnel"].geometry.to_numpy()
    place = shapely.STRtree(main).query(frame.geometry.to_numpy(), predicate="crosses")[0]
    # Only dead ends of main roads reach into a block: they enclose nothing.
    assert len(set(place.tolist())) <= 0.05 * len(frame)
    whole = float(city.layer("population")["persons"].sum())
    said = [note for note in result.notes if note.key == "residents_elsewhere"]
    elsewhere = int(said[0].text_en.split(" live ")[0].split()[-1])
    assert frame["persons"].sum() + elsewhere == pytest.approx(whole, abs=1)
    assert elsewhere < 0.002 * whole


def test_the_nameless_residential_land_of_all_monaco_is_divided_and_named_land_is_not(prepared):
    _, result = prepared("monaco/monaco.osm.pbf")
    frame = result.frame
    assert "way/1034851198" not in frame.index
    assert (frame["derived"] == "delineated").sum() >= 10
    assert "One Monte-Carlo" in set(frame.loc[frame["derived"] == "given", "name"])


@pytest.mark.slow
def test_blocks_of_singapore_each_stand_for_themselves(prepared):
    city, result = prepared("singapore-hdb")
    buildings = city.layer("buildings")
    living = buildings[buildings["use"] == "residential"]
    assert len(result.frame) == len(living) == 10_311
    assert (result.frame["kind"] == "single_building").all()
    assert (result.frame["derived"] == "buffered").all()
    assert result.frame["households"].sum() == living["households"].sum()
    assert shapely.coverage_is_valid(result.cells.geometry.to_numpy())
