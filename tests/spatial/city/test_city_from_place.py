"""A city from the online service equals the city from a file of the same map."""

import pandas as pd
import pytest
import shapely
from overpass_world import BOX, WORLD, osm_xml, served

from spatial.city import City, city_from_place, read_city
from spatial.errors import InputError


@pytest.fixture
def online(monkeypatch):
    import osmnx

    with served(WORLD) as url:
        monkeypatch.setattr(osmnx.settings, "overpass_url", url)
        monkeypatch.setattr(osmnx.settings, "nominatim_url", f"{url}/")
        monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
        yield url


@pytest.fixture
def from_file(tmp_path):
    path = tmp_path / "world.osm"
    path.write_text(osm_xml(WORLD), encoding="utf-8")
    return read_city([path])


@pytest.mark.parametrize("place", ["小世界", BOX, (116.3305, 39.9905, 150.0)])
def test_the_online_city_equals_the_city_of_the_file(online, from_file, place):
    assert online
    city = City.from_place(place)
    assert city.crs == from_file.crs
    for name, expected in from_file.layers.items():
        found = city.layer(name)
        assert sorted(found.index) == sorted(expected.index), name
        found = found.loc[expected.index]
        pd.testing.assert_frame_equal(
            pd.DataFrame(found.drop(columns="geometry")),
            pd.DataFrame(expected.drop(columns="geometry")),
        )
        assert shapely.equals(
            shapely.set_precision(found.geometry.array, 1e-3),
            shapely.set_precision(expected.geometry.array, 1e-3),
        ).all(), name
    read = {part.layer: part.read for part in city.report.layers}
    assert read == {part.layer: part.read for part in from_file.report.layers}


def test_the_small_world_means_what_it_should(from_file):
    assert from_file.layer("gates").access.to_dict() == {"node/12": "public"}
    assert from_file.layer("barriers").kind.to_dict() == {"way/20": "wall", "way/27": "fence"}
    assert from_file.layer("streets")["area"].to_dict()["way/25"]
    assert from_file.layer("streets")["area"].to_dict()["relation/31"]
    assert not from_file.layer("streets")["area"].to_dict()["way/26"]
    assert from_file.layer("water").layer["way/28"] == -1
    assert from_file.layer("buildings").index.tolist() == ["relation/30"]


def test_the_working_folder_stays_clean_and_the_settings_as_they_were(
    online, tmp_path, monkeypatch
):
    import osmnx

    assert online
    monkeypatch.chdir(tmp_path)
    before = osmnx.settings.use_cache
    city_from_place(BOX)
    assert osmnx.settings.use_cache == before
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_nobody_knows_is_refused_with_advice(online):
    assert online
    with pytest.raises(InputError, match=r"knows nothing at 'Nirgendwo'.*box"):
        city_from_place("Nirgendwo")


def test_a_service_that_does_not_answer_is_said(monkeypatch):
    import osmnx

    monkeypatch.setattr(osmnx.settings, "overpass_url", "http://127.0.0.1:9")
    monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
    with pytest.raises(InputError, match=r"does not answer.*read the file"):
        city_from_place(BOX)
