"""Writing a city and reading the same one back."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import LineString, Point, box

from spatial.city import City, Raster, read_city, write_city
from spatial.city.crs import zone_crs
from spatial.city.precision import on_grid
from spatial.errors import InputError
from spatial.fingerprint import fingerprint
from spatial.standards import read_profile


@pytest.fixture
def city():
    zone = zone_crs(40)
    streets = gpd.GeoDataFrame(
        {"highway": ["footway", "steps"], "steps": [None, True], "layer": [0, -1]},
        geometry=[LineString([(500000, 3300000), (500100, 3300000)]), shapely.from_wkt(
            "MULTILINESTRING ((500000 3300050, 500050 3300050), (500060 3300050, 500090 3300050))"
        )],
        index=["way/1", "way/2"],
        crs=zone,
    )  # fmt: skip
    homes = gpd.GeoDataFrame(
        {"name": ["西院", None], "households": [300, None], "resident_will_share": [0.85, None]},
        geometry=[box(500000, 3300000, 500080, 3300060), Point(500200, 3300200)],
        index=["007", "b"],
        crs=zone,
    )
    places = gpd.GeoDataFrame(
        {"tags": [{"amenity": "clinic", "名": "甲"}, None], "name": ["甲", None]},
        geometry=[Point(500010, 3300010), Point(500020, 3300020)],
        index=["node/1", "node/2"],
        crs=zone,
    )
    grid = np.array([[1.5, np.nan, 3.0], [4.0, 5.0, 6.25]])
    raster = Raster(grid, (10.0, 0.0, 500000.0, 0.0, -10.0, 3300100.0), zone, "m")
    layers = {"streets": streets, "neighbourhoods": homes, "facilities": places}
    return City.from_layers("鄞州", layers, crs=zone, rasters={"elevation": raster})


def assert_same(ours, theirs):
    assert theirs.name == ours.name
    assert theirs.crs == ours.crs
    assert theirs.geographic_crs == ours.geographic_crs
    for name, expected in ours.layers.items():
        found = theirs.layer(name)
        pd.testing.assert_frame_equal(
            pd.DataFrame(found.drop(columns="geometry")),
            pd.DataFrame(expected.drop(columns="geometry")),
        )
        near = shapely.equals_exact(found.geometry.array, expected.geometry.array, 1e-6)
        assert near.all(), name
    assert set(theirs.rasters) == set(ours.rasters)
    for name, expected in ours.rasters.items():
        found = theirs.rasters[name]
        np.testing.assert_array_equal(found.values, expected.values)
        assert found.transform == pytest.approx(expected.transform)
        assert found.unit == expected.unit
        assert found.crs.equals(expected.crs, ignore_axis_order=True)


def test_a_city_comes_back_the_same(city, tmp_path):
    path = write_city(city, tmp_path / "鄞州.gpkg")
    back = read_city([path])
    assert_same(city, back)
    assert all(not (part.repairs or part.refusals) for part in back.report.layers)


def test_the_file_is_in_longitude_and_latitude_with_ids_and_json_as_text(city, tmp_path):
    path = write_city(city, tmp_path / "a.gpkg")
    frame = gpd.read_file(path, layer="facilities")
    assert frame.crs.to_epsg() == 4490
    assert frame.geometry[0].x == pytest.approx(120, abs=0.01)
    assert frame.id.tolist() == ["node/1", "node/2"]
    assert '"名": "甲"' in frame.tags[0]
    assert "gates" not in [name for name, _ in pyogrio.list_layers(path)]


def test_writing_twice_replaces_and_leaves_nothing_else_behind(city, tmp_path):
    write_city(city, tmp_path / "a.gpkg")
    write_city(city.with_layers(facilities=city.layer("facilities").iloc[:1]), tmp_path / "a.gpkg")
    assert len(read_city([tmp_path / "a.gpkg"]).layer("facilities")) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gpkg", "a_elevation.tif"]


def test_a_write_that_fails_leaves_the_old_file_alone(city, tmp_path, monkeypatch):
    path = write_city(city, tmp_path / "a.gpkg")
    before = path.read_bytes()

    def fail(*_args, **_options):
        raise OSError("disk full")

    monkeypatch.setattr("spatial.city.write.write_raster", fail)
    with pytest.raises(OSError, match="disk full"):
        write_city(city, path)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gpkg", "a_elevation.tif"]


def test_a_grid_that_went_missing_is_said(city, tmp_path):
    path = write_city(city, tmp_path / "a.gpkg")
    (tmp_path / "a_elevation.tif").unlink()
    back = read_city([path])
    assert back.rasters == {}
    assert [n.text_en for n in back.report.notes if "a_elevation.tif" in n.text_en]


@pytest.mark.parametrize("name", ["a.shp", "no_such_folder/a.gpkg"])
def test_a_path_that_cannot_be_written_is_refused(city, tmp_path, name):
    with pytest.raises(InputError, match=r"GeoPackage|does not exist"):
        write_city(city, tmp_path / name)


def test_a_raster_is_recognised_by_name_or_told(tmp_path, city):
    from spatial.city.rasters import write_raster

    grid = city.rasters["elevation"]
    spoiled = Raster(np.array([[-32768.0, 2.0], [3.0, np.inf]]), grid.transform, grid.crs, "m")
    write_raster(spoiled, tmp_path / "dem_10m.tif")
    write_raster(grid, tmp_path / "grid.tif")
    gpkg = write_city(city, tmp_path / "a.gpkg")
    found = read_city([gpkg, tmp_path / "dem_10m.tif"])
    np.testing.assert_array_equal(found.rasters["elevation"].values, [[np.nan, 2], [3, np.nan]])
    assert "impossible_cells" in [note.key for note in found.report.warnings]
    with pytest.raises(InputError, match="elevation or population"):
        read_city([gpkg, tmp_path / "grid.tif"])
    assert "raster_elsewhere" not in [note.key for note in found.report.warnings]
    told = read_city([gpkg, f"population={tmp_path / 'grid.tif'}"])
    assert told.rasters["population"].unit == "persons"


def test_of_a_huge_grid_only_what_lies_around_the_city_is_read(tmp_path, city, monkeypatch):
    from spatial.city.rasters import write_raster

    rows, columns = np.indices((500, 600))
    grid = city.rasters["elevation"]
    huge = Raster(rows * 1000.0 / 500 + columns, (100, 0, 470000, 0, -100, 3330000), grid.crs, "m")
    write_raster(huge, tmp_path / "dem.tif")
    gpkg = write_city(city, tmp_path / "a.gpkg")
    whole = read_city([gpkg, tmp_path / "dem.tif"]).rasters["elevation"]
    assert whole.values.shape == (500, 600)
    monkeypatch.setattr("spatial.city.rasters.WHOLE_CELLS", 1000)
    part = read_city([gpkg, tmp_path / "dem.tif"]).rasters["elevation"]
    assert part.values.size < 3000
    a, _, west, _, e, north = part.transform
    column, row = round((west - 470000) / a), round((north - 3330000) / e)
    height, width = part.values.shape
    expected = huge.values[row : row + height, column : column + width]
    np.testing.assert_array_equal(part.values, expected)
    assert west <= 500000 - 1900
    assert west + width * a >= 500200 + 1900


def test_a_grid_of_another_place_is_said(tmp_path, city):
    from dataclasses import replace

    grid = city.rasters["elevation"]
    moved = replace(grid, transform=(10.0, 0.0, 600000.0, 0.0, -10.0, 3300100.0))
    elsewhere = replace(city, rasters={"elevation": moved})
    found = read_city([write_city(elsewhere, tmp_path / "a.gpkg")])
    assert "raster_elsewhere" in [note.key for note in found.report.warnings]


@pytest.mark.real
@pytest.mark.parametrize("folder", ["wudaokou", "porto-alegre"])
def test_a_real_city_comes_back_the_same(folder, shared_data, tmp_path):
    ours = read_city([shared_data / folder])
    back = read_city([write_city(ours, tmp_path / f"{folder}.gpkg")])
    assert_same(ours, back)
    choices = (read_profile("national"), {"year": 2026}, "0.1.0")
    assert fingerprint(back, *choices) == fingerprint(ours, *choices)


def test_coordinates_of_a_read_city_stand_on_the_micrometre(city, tmp_path):
    back = read_city([write_city(city, tmp_path / "a.gpkg")])
    for frame in back.layers.values():
        xy_m = shapely.get_coordinates(frame.geometry.array)
        np.testing.assert_array_equal(xy_m, np.round(xy_m, 6))


def test_rounding_folds_no_valid_shape_over():
    sliver = shapely.Polygon([(0, 0), (1, 0), (1, 1e-7), (0.5, 2e-7), (0, 1e-7)])
    frame = gpd.GeoDataFrame(geometry=[sliver, box(0, 0, 1, 1 + 4e-7)], crs=4547)
    rounded = on_grid(frame)
    assert rounded.geometry.is_valid.all()
    assert rounded.geometry.iloc[0].equals_exact(sliver, 0)
    assert rounded.geometry.iloc[1].bounds == (0, 0, 1, 1)
