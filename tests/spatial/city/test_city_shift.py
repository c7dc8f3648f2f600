"""Suspecting undeclared GCJ-02 and BD-09 by the distance to the streets, on real places."""

import geopandas as gpd
import pytest
import shapely

from spatial.city import read_city
from spatial.city.crs import from_wgs84
from spatial.city.shift import suspect_shift

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def wudaokou(shared_data):
    return read_city([shared_data / "wudaokou"])


def shifted(frame, shift):
    def move(xy):
        import numpy as np

        return np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], shift))

    degrees = frame.geometry.to_crs(4326)
    moved = gpd.GeoSeries(shapely.transform(degrees.to_numpy(), move), index=frame.index, crs=4326)
    return gpd.GeoDataFrame(geometry=moved.to_crs(frame.crs))


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
@pytest.mark.parametrize("layer", ["facilities", "buildings"])
def test_shifted_places_are_suspected_and_true_ones_are_not(wudaokou, layer, shift):
    places, streets = wudaokou.layer(layer), wudaokou.layer("streets")
    assert suspect_shift(places, streets, layer=layer) is None
    note = suspect_shift(shifted(places, shift), streets, layer=layer)
    assert note is not None
    assert note.key == f"{shift}_suspected"
    assert note.level == "warning"
    assert f"shifted={shift}" in note.text_en


def test_places_outside_china_and_small_samples_are_not_judged(shared_data, wudaokou):
    helsinki = read_city([shared_data / "helsinki"])
    assert suspect_shift(helsinki.layer("facilities"), helsinki.layer("streets")) is None
    few = shifted(wudaokou.layer("facilities").iloc[:10], "gcj02")
    assert suspect_shift(few, wudaokou.layer("streets")) is None
