"""Reading some layers only gives exactly what those layers hold when all are read."""

import geopandas.testing
import pytest

from spatial.city import read_city
from spatial.city.osm_tags import keys_of, layers_of
from spatial.network import WALKING_LAYERS, build_network
from spatial.standards.parameters import read_parameters


@pytest.mark.real
@pytest.mark.parametrize("name", ["wudaokou/wudaokou.osm", "helsinki/helsinki.osm.pbf"])
def test_walking_layers_alone_give_the_same_layers_and_the_same_network(shared_data, name):
    some = read_city([shared_data / name], layers=WALKING_LAYERS)
    whole = read_city([shared_data / name])
    assert {report.layer for report in some.report.layers} <= set(WALKING_LAYERS)
    assert len(some.layer("buildings")) == 0 < len(whole.layer("buildings"))
    moved = whole.crs != some.crs
    assert not moved
    for layer in WALKING_LAYERS:
        geopandas.testing.assert_geodataframe_equal(some.layer(layer), whole.layer(layer))
    walking = read_parameters("walking")
    assert build_network(some, walking).content_hash == build_network(whole, walking).content_hash


def test_a_layer_of_another_file_is_left_out_too(tmp_path):
    table = tmp_path / "facilities.csv"
    table.write_text("id,kind,lon,lat\na,kindergarten,114.3,30.5\n")
    shops = tmp_path / "stock.csv"
    shops.write_text("id,kind,lon,lat\nb,warehouse,114.3,30.5\n")
    sources = [f"facilities={table}", f"stock_assets={shops}"]
    assert len(read_city(sources).layer("stock_assets")) == 1
    some = read_city(sources, layers=["facilities"])
    assert len(some.layer("facilities")) == 1
    assert len(some.layer("stock_assets")) == 0


def test_an_object_of_two_layers_counts_for_those_asked_for():
    tags = {"leisure": "park", "barrier": "fence"}
    assert [layer for layer, _ in layers_of(tags, "area", only=["barriers"])] == ["barriers"]
    assert "leisure" not in keys_of(["barriers"])
