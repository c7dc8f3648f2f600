"""Stock on a hand-made estate that one can check by eye, and on real cities."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from spatial.city.model import City
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.errors import InputError
from spatial.network import Obstacles, attach_points, build_network
from spatial.standards import read_parameters, read_profile
from spatial.stock import find_stock, stock_fits
from spatial.stock.evidence import osm_stock, registered_stock
from spatial.stock.fits import floor_range, holdable_kinds
from spatial.stock.leftover import leftover_land, leftover_pool, occupied

CRS = 4547
PROFILE = read_profile("national")
STOCK = PROFILE.rooms["stock"]


def layer(shapes, **columns):
    ids = columns.pop("ids", [f"x{i}" for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, index=ids, geometry=list(shapes), crs=CRS)


def city_of(**layers):
    return City.from_layers("small", layers, crs=CRS)


def places_of(parcels, cells, derived="given"):
    ids = pd.Index([f"n{i}" for i in range(len(parcels))], name="id")
    frame = gpd.GeoDataFrame(
        {"area_m2": 1.0, "derived": derived}, index=ids, geometry=list(parcels), crs=CRS
    )
    gates = gpd.GeoDataFrame(
        {
            "neighbourhood_id": ids.to_numpy(),
            "access": pd.array(["public"] * len(ids), dtype="string"),
            "source": "mapped",
        },
        index=[f"g{i}" for i in range(len(parcels))],
        geometry=[Point(p.centroid.x, p.bounds[1]) for p in parcels],
        crs=CRS,
    )
    tiles = gpd.GeoDataFrame({"area_m2": 1.0}, index=ids, geometry=list(cells), crs=CRS)
    return Neighbourhoods(frame, tiles, gates, pd.Series(dtype="string"))


def estate():
    """A parcel of 100 × 100 m in a cell of 120 × 100 m; one slab of housing, one street below."""
    places = places_of([box(0, 0, 100, 100)], [box(0, 0, 120, 100)])
    city = city_of(
        buildings=layer([box(0, 40, 100, 60)], use=["residential"]),
        streets=layer([LineString([(-50, -10), (900, -10)])], highway=["residential"]),
    )
    return city, places


def test_an_overlay_that_fails_is_tried_again_row_by_row_and_then_on_a_fine_grid(monkeypatch):
    from spatial.stock import leftover

    plots = np.array([shapely.box(0, 0, 20, 10), shapely.box(30, 0, 50, 10)], dtype=object)
    expected = leftover.opened(plots, 4.0)
    sound = shapely.intersection

    def failing(first, second, **choices):
        if isinstance(first, np.ndarray) or ("grid_size" not in choices and second is plots[1]):
            raise shapely.errors.GEOSException("unable to determine overlay result")
        return sound(first, second, **choices)

    monkeypatch.setattr(leftover.shapely, "intersection", failing)
    pieces, owner = leftover.opened(plots, 4.0)
    assert owner.tolist() == expected[1].tolist() == [0, 1]
    assert shapely.area(pieces) == pytest.approx(shapely.area(expected[0]), abs=1e-3)


def test_the_estate_leaves_two_yards_and_a_strip_beside_the_wall():
    city, places = estate()
    found = leftover_land(city, places, STOCK).frame
    # each yard is 100 m wide and 40 - 6 m deep; the strip of 20 m keeps 6 m from the slab's end
    assert found["inside_red_line"].tolist() == [True, True, False]
    assert found["land_m2"].iloc[:2].tolist() == pytest.approx([3400, 3400 - 0], rel=0.03)
    assert found["inscribed_m"].iloc[:2].tolist() == pytest.approx([34, 34], rel=0.05)
    assert found["land_m2"].iloc[2] == pytest.approx(2000, rel=0.12)
    assert found["ownership"].tolist() == ["owners_common", "owners_common", "unknown"]
    assert found.index.tolist() == ["left:n0:1", "left:n0:2", "left:n0:3"]
    assert "m²" in found["evidence"].iloc[0]


@pytest.mark.parametrize("derived", ["delineated", "buffered"])
def test_a_derived_outline_is_no_red_line(derived):
    city, given = estate()
    places = places_of([box(0, 0, 100, 100)], [box(0, 0, 120, 100)], derived=derived)
    found = leftover_land(city, places, STOCK).frame
    assert found.geometry.tolist() == leftover_land(city, given, STOCK).frame.geometry.tolist()
    assert set(found["ownership"]) == {"unknown"}
    assert found["inside_red_line"].isna().all()
    yard = layer([box(10, 70, 30, 90)], kind=["idle_land"], ownership=["state"], ids=["a1"])
    told = yard.assign(inside_red_line=True).rename(index={"a1": "a2"})
    assets = gpd.GeoDataFrame(
        pd.concat(
            [yard, told.translate(40, 0).to_frame("geometry").join(told.drop(columns="geometry"))]
        ),
        crs=CRS,
    )
    stock, _ = found_on_the_estate(places=places, stock_assets=assets)
    assert stock["inside_red_line"].isna().tolist() == [True, False] + [True] * (len(stock) - 2)
    assert set(stock["to_find_out"].dropna()) >= {"ownership"}


def test_a_cell_without_mapped_buildings_is_not_called_leftover():
    _, places = estate()
    left = leftover_land(city_of(), places, STOCK)
    assert left.frame.empty
    assert left.notes[0].key == "leftover_no_buildings"


def test_a_building_known_as_a_point_hides_its_footprint_so_nothing_there_is_called_leftover():
    _, places = estate()
    middles = places.frame.geometry.representative_point()
    buildings = layer(list(middles), ids=[f"b{i}" for i in range(len(middles))])
    assert leftover_land(city_of(buildings=buildings), places, STOCK).frame.empty


def test_large_pieces_are_counted_as_unmapped_land():
    places = places_of([box(0, 0, 400, 400)], [box(0, 0, 400, 400)])
    city = city_of(buildings=layer([box(0, 0, 10, 10)]))
    left = leftover_land(city, places, STOCK)
    assert left.frame.empty
    assert [note.key for note in left.notes] == ["leftover_too_large"]


@st.composite
def estates(draw):
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    low = rng.uniform(0, 280, (draw(st.integers(1, 25)), 2))
    size = rng.uniform(4, 60, low.shape)
    houses = [box(x, y, x + w, y + h) for (x, y), (w, h) in zip(low, size, strict=True)]
    roads = [LineString(rng.uniform(0, 300, (3, 2))) for _ in range(draw(st.integers(0, 3)))]
    parcels = [box(5, 5, 140, 290), box(160, 20, 280, 250)]
    cells = [box(0, 0, 150, 300), box(150, 0, 300, 300)]
    layers = {"buildings": layer(houses), "water": layer([box(120, 100, 170, 140)])}
    if roads:
        layers["streets"] = layer(roads, highway=["service"] * len(roads))
    return city_of(**layers), places_of(parcels, cells)


@settings(deadline=None, max_examples=25)
@given(estates())
def test_leftover_land_is_free_wide_enough_and_in_its_own_cell(world):
    city, places = world
    found = leftover_land(city, places, STOCK).frame
    blocked = shapely.union_all(occupied(city, STOCK))
    shapes = found.geometry.to_numpy()
    assert (shapely.area(shapely.intersection(shapes, blocked)) < 1e-3).all()
    assert (found["land_m2"] >= STOCK["min_area_m2"]).all()
    assert (found["inscribed_m"] >= STOCK["min_circle_m"]).all()
    for key, shape, inside in zip(
        found["neighbourhood_id"], shapes, found["inside_red_line"], strict=True
    ):
        home = places.frame.geometry[key] if inside else places.cells.geometry[key]
        assert shape.difference(home.buffer(1e-6)).area < 1e-6
        if not inside:
            assert shape.intersection(places.frame.geometry[key]).area < 1e-3
    overlap = shapely.area(shapely.union_all(shapes))
    assert overlap == pytest.approx(shapely.area(shapes).sum(), abs=0.05 * max(len(shapes), 1))


@settings(deadline=None, max_examples=10)
@given(estates(), st.integers(0, 9))
def test_one_more_building_never_adds_leftover_land(world, seed):
    city, places = world
    low = np.random.default_rng(seed).uniform(0, 280, 2)
    more = pd.concat(
        [city.layer("buildings"), layer([box(*low, *(low + 20))], ids=["new"])], ignore_index=False
    )
    before = leftover_land(city, places, STOCK).frame
    after = leftover_land(city.with_layers(buildings=more), places, STOCK).frame
    gained = shapely.difference(
        shapely.union_all(after.geometry.to_numpy()), shapely.union_all(before.geometry.to_numpy())
    )
    # a piece that was too large to list may be cut to size: that is the one way to gain
    if (leftover_land(city, places, STOCK).notes) == ():
        assert gained.area < 1.0


def test_registered_assets_keep_what_the_register_says():
    assets = layer(
        [Point(10, 10), box(0, 0, 20, 10), box(0, 0, 30, 10)],
        kind=["bicycle_shed", "idle_land", "gatehouse"],
        asset_type=["building", None, "building"],
        ownership=["owners_common", "state", "unknown"],
        floor_m2=[80.0, None, None],
    )
    found = registered_stock(city_of(stock_assets=assets))
    assert found["floor_m2"].tolist() == [80.0, pd.NA, 300.0]
    assert found["land_m2"].tolist() == [pd.NA, 200.0, pd.NA]
    assert found["asset_type"].tolist() == ["building", "land", "building"]
    assert found["evidence"].tolist() == ["登记资源", "登记资源", "登记资源;建筑面积按占地一层计"]


def test_tags_and_land_use_codes_speak_for_stock():
    city = city_of(
        buildings=layer(
            [box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 42, 2), box(50, 0, 60, 10)],
            use=["residential", "commercial", "residential", "residential"],
            lifecycle=["vacant", "disused", "vacant", "in_use"],
            floors=[3.0, None, None, 2.0],
        ),
        land_use=layer(
            [box(0, 100, 50, 150), box(60, 100, 90, 150), box(100, 100, 150, 150)],
            use=["brownfield", "other", "other"],
            code=[None, "2301", "2301"],
            scheme=["osm", "guide2023", "osm"],
        ),
    )
    found = osm_stock(city, STOCK)
    assert found["kind"].to_dict() == {
        "osm:buildings:x0": "vacant_house",
        "osm:buildings:x1": "idle_commercial",
        "osm:land_use:x0": "land_awaiting_renewal",
        "osm:land_use:x1": "vacant_land",
    }
    assert found["floor_m2"].tolist() == [300.0, 100.0, pd.NA, pd.NA]
    assert found["land_m2"].tolist() == [pd.NA, pd.NA, 2500.0, 1500.0]


def found_on_the_estate(places=None, **more):
    city, surveyed = estate()
    places = surveyed if places is None else places
    city = city.with_layers(**more)
    walking = PROFILE.rooms["walking"]
    network = build_network(city, walking, gates=places.gates)
    obstacles = Obstacles.from_city(city, places.gates, walking)
    stock = find_stock(city, places, PROFILE, obstacles, network)
    gates = attach_points(network, places.gates.geometry, obstacles, max_entry_m=200)
    return stock, (places, gates, network, obstacles)


def test_one_place_is_listed_once_and_the_register_goes_first():
    yard = box(0, 0, 100, 34)
    town = [box(0, 40, 100, 60), box(140, 0, 160, 100)]  # the strip beside the wall is within it
    stock, _ = found_on_the_estate(
        buildings=layer(town, use=["residential"] * 2),
        stock_assets=layer([yard], kind=["idle_land"], ownership=["state"], ids=["a1"]),
        land_use=layer([box(0, 0, 90, 34)], use=["vacant"]),
        constraints=layer([box(50, -5, 60, 5)], kind=["heritage_building"]),
    )
    assert stock["source"].tolist() == ["registered", "leftover", "leftover"]
    assert shapely.area(shapely.intersection(stock.geometry.to_numpy()[1:], yard)).sum() < 1e-6
    first = stock.loc["a1"]
    assert (first["pathway"], first["new_owner"], first["neighbourhood_id"]) == ("F27", "F32", "n0")
    assert first["constraints"] == "heritage_building"
    assert first["inscribed_m"] == pytest.approx(34, rel=0.05)
    assert 0 < first["access_m"] < 60
    assert stock["pathway"].tolist()[1:] == ["F26", pd.NA]
    assert stock["to_find_out"].tolist() == [pd.NA, pd.NA, "ownership"]


def test_an_id_of_linlis_own_is_refused():
    with pytest.raises(InputError, match="left:n0:1"):
        found_on_the_estate(stock_assets=layer([Point(500, 500)], kind=["roof"], ids=["left:n0:1"]))


def gap(kind, status="missing", limit_m=300.0, place="n0"):
    return {"neighbourhood_id": place, "kind": kind, "status": status, "limit_m": limit_m}


def test_an_asset_fits_where_it_is_large_enough_and_near_enough():
    near, far = Point(300, -14), Point(420, -14)
    stock, ways = found_on_the_estate(
        stock_assets=layer(
            [near, near, near, far],
            kind=["idle_commercial"] * 4,
            asset_type=["building"] * 4,
            floor_m2=[400.0, 100.0, None, 400.0],
            floor_level=[1, 1, 1, 1],
            ids=["big", "small", "unknown", "far"],
        )
    )
    gaps = pd.DataFrame([gap("elderly_daycare"), gap("community_health_station", status="present")])
    fits = stock_fits(stock, *ways, gaps, PROFILE)
    assert fits["stock_id"].tolist() == ["big"]
    fit = fits.iloc[0]
    # gate (50, 0) → street 10 m; 250 m along it; 4 m to the shop
    assert fit["distance_m"] == pytest.approx(10 + 250 + 4, abs=0.5)
    assert (fit["size_m2"], fit["needed_m2"], fit["size_basis"]) == (400, 350, "floor")


def test_land_of_ones_own_is_at_hand_and_a_kind_without_limit_stays_at_home():
    stock, ways = found_on_the_estate()
    gaps = pd.DataFrame(
        [gap("outdoor_fitness"), gap("children_elderly_ground", limit_m=None)]
    ).astype({"limit_m": "Float64"})
    fits = stock_fits(stock, *ways, gaps, PROFILE)
    at_home = fits[fits["kind"] == "children_elderly_ground"]
    assert at_home["stock_id"].tolist() == ["left:n0:1", "left:n0:2"]
    assert (at_home["distance_m"] == 0).all()
    assert set(fits.loc[fits["kind"] == "outdoor_fitness", "stock_id"]) == set(stock.index)


def test_the_list_is_bounded_to_the_nearest():
    spots = [Point(100 + 10 * i, -14) for i in range(12)]
    stock, ways = found_on_the_estate(
        stock_assets=layer(
            spots,
            kind=["idle_commercial"] * 12,
            asset_type=["building"] * 12,
            floor_m2=[400.0] * 12,
            ids=[f"s{i:02d}" for i in range(12)],
        )
    )
    fits = stock_fits(stock, *ways, pd.DataFrame([gap("elderly_daycare")]), PROFILE)
    assert fits["stock_id"].tolist() == [f"s{i:02d}" for i in range(STOCK["max_fits_per_gap"])]


def test_floor_and_entrance_decide_where_they_are_known():
    kinds = PROFILE.catalogue.kinds
    daycare = kinds["elderly_daycare"]
    assert floor_range(daycare) == (1, 3)
    stock = pd.DataFrame(
        {
            "asset_type": ["building"] * 5,
            "kind": ["idle_commercial"] * 5,
            "floor_m2": [400.0] * 5,
            "land_m2": [None] * 5,
            "floor_level": pd.array([1, -1, 4, None, 2], dtype="Int64"),
            "own_entrance": pd.array([True, True, True, None, False], dtype="boolean"),
        },
        index=list("abcde"),
    )
    assert holdable_kinds(stock, [daycare])["stock_id"].tolist() == ["a", "d"]


def test_nothing_missing_means_nothing_to_fit():
    stock, ways = found_on_the_estate()
    fits = stock_fits(stock, *ways, pd.DataFrame([gap("outdoor_fitness", "present")]), PROFILE)
    assert fits.empty


def test_the_room_of_stock_is_complete():
    assert read_parameters("stock")["min_circle_m"] >= read_parameters("stock")["min_width_m"]


@pytest.mark.real
def test_leftover_land_of_wudaokou_lies_off_its_buildings_and_streets(shared_data):
    from spatial.city import read_city
    from spatial.city.neighbourhoods import prepare_neighbourhoods

    city = read_city([shared_data / "wudaokou" / "wudaokou.osm"])
    places = prepare_neighbourhoods(city, PROFILE.rooms["neighbourhoods"])
    found = leftover_land(city, places, STOCK).frame
    measured = leftover_pool(city, places, STOCK).frame
    assert len(measured) > 20
    assert set(found.index) < set(measured.index)
    wide = found["circle_m"] >= STOCK["wide_enough_m"]
    assert (wide | (found["elongation"] <= STOCK["max_elongation"])).all()  # not between slabs
    shapes = shapely.union_all(measured.geometry.to_numpy())
    houses = shapely.union_all(city.layer("buildings").geometry.to_numpy())
    assert shapes.distance(houses) >= 0.95 * STOCK["building_clearance_m"]
    assert not shapes.intersects(shapely.union_all(city.layer("barriers").geometry.to_numpy()))
