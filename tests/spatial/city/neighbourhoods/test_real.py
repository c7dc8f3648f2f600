"""Cells, gates and outlines of real cities."""

import pytest
import shapely

from spatial.city.neighbourhoods import exclusive_parcels, prepare_neighbourhoods
from spatial.city.read import read_city
from spatial.standards.parameters import read_parameters

pytestmark = pytest.mark.real


def prepared(folder):
    result = prepare_neighbourhoods(read_city([folder]), read_parameters("neighbourhoods"))
    cells = result.cells.geometry.to_numpy()
    assert result.cells.index.equals(result.frame.index)
    assert shapely.coverage_is_valid(cells)
    assert shapely.is_valid(cells).all()
    assert not shapely.is_empty(cells).any()
    own = exclusive_parcels(result.frame.geometry.to_numpy())
    lost_m2 = shapely.area(shapely.difference(own, cells))
    assert (lost_m2 <= 0.01 * shapely.length(own)).all()
    return result


def test_wudaokou_keeps_its_six_named_areas_and_each_has_a_gate(shared_data):
    result = prepared(shared_data / "wudaokou" / "wudaokou.osm")
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


def test_western_hangzhou_with_its_overlaps_becomes_a_valid_coverage(shared_data):
    result = prepared(shared_data / "hangzhou-west")
    assert len(result.frame) == 1445
    assert len(result.gates) == 0
    assert "parcels_overlap" in [note.key for note in result.notes]


def test_points_of_wuhan_become_blocks_or_discs_and_are_marked(shared_data):
    result = prepared(shared_data / "wuhan")
    counts = result.frame["derived"].value_counts().to_dict()
    assert sum(counts.values()) == 776
    assert set(counts) == {"buffered", "delineated"}
    near = result.frame["gate_count"] > 0
    streets = shapely.STRtree(read_city([shared_data / "wuhan"]).layer("streets").geometry)
    far = streets.query_nearest(result.frame.geometry[~near].to_numpy(), return_distance=True)[1]
    assert (far > read_parameters("neighbourhoods")["gate_search_m"]).all()


@pytest.mark.slow
def test_blocks_of_singapore_each_stand_for_themselves(shared_data):
    result = prepared(shared_data / "singapore-hdb")
    buildings = read_city([shared_data / "singapore-hdb"]).layer("buildings")
    living = buildings[buildings["use"] == "residential"]
    assert len(result.frame) == len(living) == 10_311
    assert (result.frame["kind"] == "single_building").all()
    assert (result.frame["derived"] == "buffered").all()
    assert result.frame["households"].sum() == living["households"].sum()
