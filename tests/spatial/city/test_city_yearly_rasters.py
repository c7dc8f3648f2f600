"""Grids of one year each: told by name or recipe, and read only around the city."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import LineString

from spatial.city import read_city, write_city
from spatial.city.rasters import Around, read_raster
from spatial.errors import InputError

CRS = 4549
EAST, NORTH = 520_000.0, 3_350_000.0


def write_grid(path, values, *, cell_m=10.0, west=EAST - 10_000, north=NORTH + 10_000):
    rows, columns = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype=values.dtype,
        crs=f"EPSG:{CRS}", transform=rasterio.Affine(cell_m, 0, west, 0, -cell_m, north),
        tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(values, 1)


def write_streets(path):
    lines = [LineString([(EAST, NORTH), (EAST + 300, NORTH)])]
    gpd.GeoDataFrame({"highway": ["residential"]}, geometry=lines, crs=CRS).to_file(path)


def test_only_the_window_of_the_city_is_kept_of_a_grid_of_one_year(tmp_path):
    values = np.arange(4_000_000, dtype="float32").reshape(2000, 2000) / 4e6
    write_grid(tmp_path / "ndvi_2016.tif", values)
    around = Around((EAST, NORTH, EAST + 300, NORTH + 200), rasterio.crs.CRS.from_epsg(CRS))
    raster, notes = read_raster(tmp_path / "ndvi_2016.tif", "greenness_2016", around)
    rows, columns = raster.values.shape
    assert (rows, columns) == (420, 430)  # 2 km around
    assert notes == ()
    a, _, c, _, e, f = raster.transform
    row, column = round((NORTH - f) / e), round((EAST - c) / a)
    assert raster.values[row, column] == pytest.approx(values[1000, 1000])


def test_a_window_that_is_too_large_is_read_coarser_and_keeps_its_mean(tmp_path, monkeypatch):
    from spatial.city import rasters

    values = np.random.default_rng(3).random((600, 600)).astype("float32")
    write_grid(tmp_path / "x.tif", values, west=EAST, north=NORTH)
    monkeypatch.setattr(rasters, "WHOLE_CELLS", 90_000)
    around = Around((EAST, NORTH - 6000, EAST + 6000, NORTH), rasterio.crs.CRS.from_epsg(CRS))
    raster, notes = read_raster(tmp_path / "x.tif", "greenness_2016", around)
    assert raster.values.shape == (300, 300)
    assert raster.transform[0] == pytest.approx(20)
    assert raster.values.mean() == pytest.approx(values.mean(), abs=1e-3)
    assert [note.key for note in notes] == ["raster_coarser"]


def test_a_recipe_says_kind_year_path_and_scale_and_the_city_is_written_with_them(tmp_path):
    folder = tmp_path / "town"
    (folder / "sky").mkdir(parents=True)
    write_streets(folder / "streets.gpkg")
    write_grid(folder / "sky" / "a.tif", np.full((2000, 2000), 4000, dtype="int16"))
    write_grid(folder / "viirs_2023.tif", np.full((2000, 2000), 7, dtype="int16"))
    (folder / "linli.yaml").write_text(
        "rasters:\n  - {kind: greenness, year: 2016, path: sky/a.tif, scale: 0.0001}\n"
    )
    city = read_city([folder])
    assert sorted(city.rasters) == ["greenness_2016", "night_light_2023"]
    assert city.rasters["greenness_2016"].values.max() == pytest.approx(0.4)
    again = read_city([write_city(city, tmp_path / "out.gpkg")])
    assert sorted(again.rasters) == ["greenness_2016", "night_light_2023"]


@pytest.mark.parametrize(
    "entry",
    ["{kind: warmth, path: a.tif}", "{kind: greenness, year: old, path: a.tif}",
     "{kind: elevation, year: 2016, path: a.tif}", "{kind: greenness, year: 2016}",
     "{kind: greenness, year: 2016, path: missing.tif}"],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_names_its_place(tmp_path, entry):
    write_grid(tmp_path / "a.tif", np.zeros((4, 4), dtype="int16"))
    write_streets(tmp_path / "streets.gpkg")
    (tmp_path / "linli.yaml").write_text(f"rasters:\n  - {entry}\n")
    with pytest.raises(InputError, match=r"linli\.yaml, rasters\[1\]"):
        read_city([tmp_path])
