"""Where the town ends, and what lies beyond it or along it is no leftover land."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from spatial.city.model import City, Raster
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.standards import read_profile
from spatial.stock.detect.detect import detect_stock, threshold_picture
from spatial.stock.detect.ground import grid_means
from spatial.stock.detect.pool import kept_rows
from spatial.stock.detect.town import away_m, built_up
from spatial.stock.leftover import occupied

CRS = 4547
PROFILE = read_profile("national")
STOCK = PROFILE.rooms["stock"]
ZONE = City.from_layers("x", {}, crs=CRS).crs


def layer(shapes, **columns):
    ids = columns.pop("ids", [f"x{i}" for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, index=ids, geometry=list(shapes), crs=CRS)


def places_of(parcels, cells):
    ids = pd.Index([f"n{i}" for i in range(len(parcels))], name="id")
    frame = gpd.GeoDataFrame({"derived": "given"}, index=ids, geometry=list(parcels), crs=CRS)
    tiles = gpd.GeoDataFrame({"area_m2": 1.0}, index=ids, geometry=list(cells), crs=CRS)
    gates = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=CRS))
    return Neighbourhoods(frame, tiles, gates, pd.Series(dtype="string"))


def slabs(west, east, *, top=240):
    """Rows of slabs 20 m deep, 20 m apart, from south to north."""
    return [box(west, y, east, y + 20) for y in range(10, top, 40)]


def edge_of_town(beyond=()):
    """An estate, the ring road east of it, a strip of 24 m beyond: the cell reaches over it all."""
    houses = slabs(0, 100)
    city = City.from_layers(
        "edge",
        {
            "buildings": layer(
                [*houses, *beyond], use=["residential"] * (len(houses) + len(beyond))
            ),
            "streets": layer([LineString([(120, -300), (120, 600)])], highway=["primary"]),
        },
        crs=CRS,
    )
    return city, places_of([box(-5, 0, 105, 250)], [box(-5, 0, 158, 250)])


def strips_beyond(detection):
    frame = detection.frame
    return frame[frame.geometry.centroid.x.to_numpy() > 134]


def test_a_strip_beyond_the_ring_road_where_the_town_ends_is_no_candidate():
    city, _ = edge_of_town()
    places = places_of([box(-5, 0, 105, 250)], [box(-5, 40, 158, 130)])
    found = detect_stock(city, places, PROFILE)
    assert strips_beyond(found).empty
    measured = found.pools["leftover"].frame
    strip = measured[measured.geometry.centroid.x.to_numpy() > 134]
    assert len(strip) == 1
    assert strip["outside_share"].iloc[0] > 0.9
    # nothing else speaks against it: it is wide, and no belt
    others = kept_rows(found.pools["leftover"], STOCK, instead={"max_outside_share": 1.0})
    assert others[measured.index.get_loc(strip.index[0])]
    # yards between the slabs are in the parcel and so in the town
    within = measured[measured.geometry.centroid.x.to_numpy() < 105]
    assert len(within) > 0
    assert (within["outside_share"] == 0).all()


def test_the_same_strip_is_a_candidate_where_the_town_goes_on_behind_it():
    city, places = edge_of_town(beyond=slabs(165, 220))
    shorter = places_of([box(-5, 0, 105, 250)], [box(-5, 40, 158, 130)])
    assert len(strips_beyond(detect_stock(city, shorter, PROFILE))) == 1
    assert len(strips_beyond(detect_stock(city, places, PROFILE))) == 0  # 10 times its width


def test_a_belt_along_a_road_is_no_candidate_however_wide():
    city, places = edge_of_town(beyond=slabs(165, 220))
    found = detect_stock(city, places, PROFILE)
    picture = threshold_picture(found, "max_elongation_wide", STOCK, limits=[8.0, 30.0])
    assert picture["kept"].diff().iloc[1] == 1
    looser = PROFILE.with_parameters("stock", {"max_elongation_wide": 30}, source="test")
    assert len(strips_beyond(detect_stock(city, places, looser))) == 1


def test_the_bank_of_a_river_is_kept_free():
    river = layer([box(0, 0, 20, 200)], kind=["river"])
    taken = occupied(City.from_layers("bank", {"water": river}, crs=CRS), STOCK)
    assert shapely.union_all(taken).bounds[2] == pytest.approx(20 + STOCK["water_clearance_m"])


def test_a_place_far_from_every_neighbourhood_is_left_out_and_counted():
    land = layer([box(300, 0, 340, 40), box(2000, 0, 2040, 40)], use=["vacant"] * 2)
    city, places = edge_of_town()
    found = detect_stock(city.with_layers(land_use=land), places, PROFILE)
    assert found.frame.index[found.frame["sign"] == "lifecycle"].tolist() == ["osm:land_use:x0"]
    note = next(note for note in found.notes if note.key == "stock_far_away")
    assert note.text_en.startswith("1 places")
    assert "1 处" in note.text_zh


def test_without_neighbourhoods_nothing_is_far():
    assert np.isnan(away_m(np.array([Point(0, 0)]), np.empty(0, dtype=object))).all()
    assert away_m(np.empty(0, dtype=object), np.array([Point(0, 0)])).shape == (0,)


def test_two_bare_cells_are_noise_and_three_are_a_patch():
    cover = np.full((30, 30), 50.0)
    cover[5, 13:15] = 60.0
    cover[20, 13:16] = 60.0
    grid = Raster(cover, (10.0, 0.0, -100.0, 0.0, -10.0, 300.0), ZONE, "code")
    city, places = edge_of_town()
    streets = city.layer("streets").iloc[:0]
    bare = City.from_layers(
        "bare", {"streets": streets}, crs=CRS, rasters={"land_cover_2025": grid}
    )
    found = detect_stock(bare, places, PROFILE)
    pool = found.pools["land_cover"]
    assert sorted(pool.frame["cells"]) == [2.0, 3.0]
    assert pool.frame["cells"][kept_rows(pool, STOCK)].tolist() == [3.0]


def test_a_city_without_buildings_and_parcels_has_no_town():
    empty = np.array([None, Point()], dtype=object)
    assert built_up(empty, ZONE, gap_m=200.0) is None


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999))
def test_the_town_holds_what_is_built_grows_with_the_gap_and_stays_in_its_hull(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 600, (8, 2))
    houses = shapely.box(*low.T, *(low + rng.uniform(15, 60, (8, 2))).T)
    small, large = (built_up(houses, ZONE, gap_m=gap) for gap in (60.0, 240.0))
    assert np.all(grid_means(houses[:1], large, ZONE) == 1.0)
    spots = rng.uniform(-200, 860, (60, 2))
    dots = shapely.box(*(spots - 2).T, *(spots + 2).T)
    near = np.nan_to_num(np.array([grid_means(dots[i : i + 1], small, ZONE)[0] for i in range(60)]))
    wide = np.nan_to_num(np.array([grid_means(dots[i : i + 1], large, ZONE)[0] for i in range(60)]))
    assert (near <= wide).all()
    hull = shapely.union_all(houses).convex_hull
    assert hull.buffer(25).intersects(shapely.points(spots[wide > 0])).all()
