"""Signs of stock on small worlds that one can check by eye, and what their thresholds do."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from data.demo import make_demo_city_with_truth
from spatial.city.model import City, Raster
from spatial.city.neighbourhoods import prepare_neighbourhoods
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.errors import InputError
from spatial.network import Obstacles, build_network
from spatial.standards import read_profile
from spatial.stock import find_stock
from spatial.stock.confidence import confidence_of, labels, truth_found
from spatial.stock.detect.detect import detect_stock, overlap_share, threshold_picture
from spatial.stock.detect.ground import elongation, frontage_m, grid_means, slope_grid
from spatial.stock.detect.pool import SIGNS, kept_rows
from spatial.stock.detect.sites import parking_lots, roofs, structures
from spatial.stock.detect.sky import bare_land, greened_land
from spatial.stock.detect.used import dark_buildings, traces_of_use, unused_buildings
from spatial.stock.leftover import occupied

CRS = 4547
PROFILE = read_profile("national")
STOCK = PROFILE.rooms["stock"]
ZONE = City.from_layers("x", {}, crs=CRS).crs


def layer(shapes, **columns):
    ids = columns.pop("ids", [f"x{i}" for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, index=ids, geometry=list(shapes), crs=CRS)


def city_of(rasters=None, **layers):
    return City.from_layers("small", layers, crs=CRS, rasters=rasters)


def grid(values, *, cell_m=10.0, west=0.0, north=200.0, unit="1"):
    return Raster(np.asarray(values, float), (cell_m, 0.0, west, 0.0, -cell_m, north), ZONE, unit)


def kept(pool):
    return pool.frame[kept_rows(pool, STOCK)]


# measures ------------------------------------------------------------------------------------


def test_only_the_side_along_a_street_is_a_front():
    plots = np.array([box(0, 0, 40, 20), box(0, 100, 40, 120)])
    street = (np.array([LineString([(-50, -6), (200, -6)])]), np.array([4.0]))
    assert frontage_m(plots, street, reach_m=3.0).tolist() == [40.0, 0.0]
    assert frontage_m(plots, street, reach_m=1.0).tolist() == [0.0, 0.0]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 9999))
def test_a_front_is_never_longer_than_the_outline_and_grows_with_the_reach(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 200, (6, 2))
    plots = shapely.box(*low.T, *(low + rng.uniform(5, 60, (6, 2))).T)
    ways = np.array([LineString(rng.uniform(0, 250, (3, 2))) for _ in range(4)])
    bands = (ways, rng.uniform(1, 8, 4))
    near, far = (frontage_m(plots, bands, reach_m=reach) for reach in (2.0, 9.0))
    assert (near <= far + 1e-9).all()
    assert (far <= shapely.length(plots) + 1e-6).all()


def test_a_slope_is_rise_over_run_and_unknown_beside_unknown_ground():
    east = np.tile(np.arange(6) * 10.0 * 0.2, (5, 1))
    slope = slope_grid(grid(east, unit="m"))
    assert slope.values == pytest.approx(0.2)
    degrees = Raster(east, (0.001, 0.0, 114.0, 0.0, -0.001, 60.0), PLATE, "m")
    # a degree of longitude at 60° is half as long as at the equator: about 55.8 m for 0.001°
    assert slope_grid(degrees).values == pytest.approx(2.0 / 55.8, rel=0.01)


PLATE = City.from_layers("x", {}, crs=CRS, geographic_crs=4326).geographic_crs


def test_means_are_of_the_cells_inside_and_a_small_shape_takes_the_cell_that_holds_it():
    values = np.arange(400.0).reshape(20, 20)
    shapes = np.array([box(0, 180, 20, 200), box(52, 142, 54, 144), box(900, 900, 950, 950)])
    means = grid_means(shapes, grid(values), ZONE)
    assert means[0] == np.mean([0, 1, 20, 21])
    assert means[1] == values[5, 5]
    assert np.isnan(means[2])


def test_a_strip_three_times_as_long_as_wide_has_elongation_three():
    assert elongation(np.array([1200.0, 5.0]), np.array([20.0, 0.0])).tolist()[0] == 3.0


# buildings -----------------------------------------------------------------------------------


def block_of_shops(**last):
    """Eleven shops in a row; ten have an address, the last is silent unless told otherwise."""
    shapes = [box(40 * i, 0, 40 * i + 20, 20) for i in range(11)]
    address = [f"{i} 号" for i in range(10)] + [last.get("address")]
    buildings = layer(shapes, use=["commercial"] * 11, floors=[2.0] * 11, address=address)
    return city_of(buildings=buildings, **{k: v for k, v in last.items() if k != "address"})


def test_a_silent_shop_among_shops_that_speak_is_a_candidate():
    found = kept(unused_buildings(traces_of_use(block_of_shops(), STOCK)))
    assert found.index.tolist() == ["found:unused_building:x10"]
    row = found.iloc[0]
    assert (row["kind"], row["floor_m2"], row["mapped_share"]) == ("idle_commercial", 800.0, 1.0)


@pytest.mark.parametrize(
    "trace",
    [
        {"address": "11 号"},
        {"facilities": layer([Point(405, 10)], name=["面馆"], tags=[{"amenity": "restaurant"}])},
        {"facilities": layer([box(380, -30, 480, 60)], tags=[{"amenity": "school"}])},
        {"gates": layer([Point(410, 0)], kind=["entrance"])},
        {"land_use": layer([box(380, -30, 480, 60)], use=["education"])},
    ],
    ids=["address", "somebody inside", "inside a school", "a mapped door", "school grounds"],
)
def test_any_trace_of_use_clears_it(trace):
    assert kept(unused_buildings(traces_of_use(block_of_shops(**trace), STOCK))).empty


def test_a_wing_of_a_block_in_use_is_in_use():
    shapes = [box(40 * i, 0, 40 * i + 20, 20) for i in range(10)] + [box(380, 0, 400, 20)]
    address = [f"{i} 号" for i in range(10)] + [None]
    city = city_of(buildings=layer(shapes, use=["commercial"] * 11, address=address))
    assert kept(unused_buildings(traces_of_use(city, STOCK))).empty


def test_a_facility_beside_it_does_not():
    beside = layer([box(400, 21, 480, 60)], tags=[{"amenity": "school"}])
    city = block_of_shops(facilities=beside)
    assert len(kept(unused_buildings(traces_of_use(city, STOCK)))) == 1


def test_where_hardly_anything_is_mapped_silence_says_nothing():
    shapes = [box(40 * i, 0, 40 * i + 20, 20) for i in range(11)]
    city = city_of(buildings=layer(shapes, use=["commercial"] * 11))
    pool = unused_buildings(traces_of_use(city, STOCK))
    assert len(pool.frame) == 11
    assert kept(pool).empty
    told = layer([Point(10, 10)], tags=[{"shop": "vacant"}])
    found = kept(unused_buildings(traces_of_use(city.with_layers(facilities=told), STOCK)))
    assert found.index.tolist() == ["found:unused_building:x0"]


def test_silence_says_less_the_fewer_neighbours_there_are_and_the_fewer_of_them_speak():
    def silent_share(speaking, silent):
        shapes = [box(30 * i, 0, 30 * i + 10, 20) for i in range(speaking + silent + 1)]
        address = [None] + ["1 号"] * speaking + [None] * silent
        city = city_of(buildings=layer(shapes, use=["commercial"] * len(shapes), address=address))
        return traces_of_use(city, STOCK).frame["silent_share"].iloc[0]

    assert silent_share(2, 0) == pytest.approx(1 / 4)
    assert silent_share(10, 0) == pytest.approx(1 / 12)
    assert silent_share(8, 2) == pytest.approx(3 / 12)
    assert silent_share(0, 0) == pytest.approx(1 / 2)
    frame = pd.DataFrame({"silent_share": [0.05, 0.25], "users_share": 0.5, "area_m2": 500.0})
    sure = confidence_of("unused_building", frame, PROFILE.rooms["stock_confidence"])
    assert sure[0] > sure[1]


def half_clean():
    """One thing in each layer, with whatever values a map gives."""
    return {
        "buildings": layer([box(0, 40, 100, 60), box(0, -90, 40, -60)], use=["residential"] * 2),
        "streets": layer([LineString([(-50, -10), (900, -10)])], highway=["residential"]),
        "water": layer([box(0, 150, 400, 170)], kind=["river"]),
        "railways": layer([LineString([(-50, 300), (900, 300)])], kind=["rail"]),
        "land_use": layer([box(0, -200, 80, -120)], use=["parking"]),
        "facilities": layer([Point(10, -70)], tags=[{"amenity": "parking"}], capacity=[40.0]),
        "barriers": layer([LineString([(0, 0), (100, 0)])], kind=["wall"]),
        "gates": layer([Point(50, 0)], kind=["gate"]),
        "structures": layer([box(10, 70, 20, 80)], kind=["illegal"], status=["found"]),
        "constraints": layer([box(0, -90, 50, -40)], kind=["heritage_building"]),
        "stock_assets": layer([Point(20, 50)], kind=["roof"], ids=["a1"]),
        "stock_rejected": layer([box(300, 300, 320, 320)], sign=["roof"], ids=["found:roof:x9"]),
    }


def one_estate():
    ids = pd.Index(["n0"])
    frame = layer([box(0, 0, 100, 100)], ids=ids, derived=["given"])
    gates = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=CRS))
    return Neighbourhoods(frame, frame, gates, pd.Series(dtype="string"))


@pytest.mark.parametrize("name", sorted(half_clean()))
def test_a_layer_without_rows_or_without_a_single_value_is_no_obstacle(name):
    layers, unknown = half_clean(), np.full((20, 20), np.nan)
    grids = {f"{kind}_2025": grid(unknown) for kind in ("night_light", "land_cover")}
    grids |= {f"greenness_{year}": grid(unknown) for year in (2016, 2025)}
    for frame in (layers[name].iloc[:0], layers[name][["geometry"]]):
        found = detect_stock(city_of(grids, **{**layers, name: frame}), one_estate(), PROFILE).frame
        assert found["confidence"].between(0, 1).all()
        assert found.index.is_unique
    none = Neighbourhoods(
        *(part.iloc[:0] for part in (one_estate().frame, one_estate().cells)),
        one_estate().gates,
        pd.Series(dtype="string"),
    )
    assert (detect_stock(city_of(**layers), none, PROFILE).frame["sign"] != "leftover").all()


def test_the_dark_one_of_large_shops_is_found_by_night_light():
    shapes = [box(60 * i, 100, 60 * i + 30, 130) for i in range(8)]
    light = np.full((20, 48), 10.0)
    light[:, 42:45] = 1.0  # around the last one
    city = city_of(
        {"night_light_2024": grid(light)}, buildings=layer(shapes, use=["commercial"] * 8)
    )
    found = kept(dark_buildings(city, traces_of_use(city, STOCK)))
    assert found.index.tolist() == ["found:night_light:x7"]
    assert found["light_ratio"].iloc[0] == pytest.approx(0.1)
    lit = city.with_layers(
        buildings=layer(shapes, use=["commercial"] * 8, name=[None] * 7 + ["百货"])
    )
    assert kept(dark_buildings(lit, traces_of_use(lit, STOCK))).empty


# land seen from above ------------------------------------------------------------------------


def seen_from_above(rasters, **layers):
    city = city_of(rasters, **layers)
    blocked = occupied(city, STOCK)
    return city, blocked, shapely.STRtree(blocked)


def test_land_that_turned_green_is_found_off_parks_and_whatever_the_season():
    before = np.full((20, 20), 0.15)
    after = np.full((20, 20), 0.25)  # all greener: another season
    after[2:6, 2:6] = 0.55  # 40 × 40 m run wild
    after[12:16, 2:6] = 0.55  # the same in a park
    city, blocked, tree = seen_from_above(
        {"greenness_2016": grid(before), "greenness_2025": grid(after)},
        land_use=layer([box(0, 30, 80, 90)], use=["park"]),
    )
    found = kept(greened_land(city, STOCK, blocked, tree))
    assert len(found) == 1
    assert found["area_m2"].iloc[0] == pytest.approx(1600, rel=0.05)
    assert found["rise"].iloc[0] == pytest.approx(0.30)
    assert found.index[0].startswith("found:greenness:")


def test_two_grids_that_do_not_match_are_compared_where_the_first_has_its_cells():
    after = np.full((40, 40), 0.15)
    after[4:12, 4:12] = 0.55
    city, blocked, tree = seen_from_above(
        {
            "greenness_2016": grid(np.full((20, 20), 0.15)),
            "greenness_2025": grid(after, cell_m=5.0),
        }
    )
    found = kept(greened_land(city, STOCK, blocked, tree))
    assert found["area_m2"].tolist() == pytest.approx([1600], rel=0.05)


def test_one_year_alone_shows_no_change():
    city, blocked, tree = seen_from_above({"greenness_2025": grid(np.full((20, 20), 0.5))})
    assert greened_land(city, STOCK, blocked, tree).frame.empty


def test_bare_ground_is_cut_around_buildings_and_fallen_built_share_counts_too():
    cover = np.full((20, 20), 50.0)
    cover[2:8, 2:8] = 60.0
    built = [np.full((20, 20), 0.7), np.full((20, 20), 0.7)]
    built[1][12:17, 12:17] = 0.1
    city, blocked, tree = seen_from_above(
        {
            "land_cover_2024": grid(cover),
            "built_2016": grid(built[0]),
            "built_2024": grid(built[1]),
        },
        buildings=layer([box(20, 120, 35, 180)], use=["industrial"]),
    )
    found = kept(bare_land(city, STOCK, blocked, tree)).sort_values("area_m2")
    # 60 × 60 m less the hall and 6 m around it: 39 m wide; and 50 × 50 m where it was taken down
    assert found["area_m2"].tolist() == pytest.approx([39 * 60, 2500], rel=0.05)


# structures, car parks, roofs ----------------------------------------------------------------


def test_a_permitted_structure_stays_and_a_cleared_one_leaves_freed_land():
    city = city_of(
        structures=layer(
            [box(0, 0, 8, 8), box(20, 0, 28, 8), box(40, 0, 48, 8), box(60, 0, 62, 2)],
            kind=["temporary", "illegal", "temporary", "illegal"],
            status=["permitted", "cleared", "found", "ordered"],
        )
    )
    found = kept(structures(city))
    assert found["kind"].to_dict() == {
        "found:structure:x1": "freed_land",
        "found:structure:x2": "temporary_building",
    }


def test_spaces_are_held_against_what_is_built_within_reach():
    lot = box(0, 0, 60, 50)  # 3,000 m²: 100 spaces
    shops = layer([box(0, 60, 50, 110)], use=["commercial"], floor_area_m2=[10_000.0])
    city = city_of(land_use=layer([lot], use=["parking"], name=["北停车场"]), buildings=shops)
    pool = parking_lots(city, STOCK)
    # 10,000 m² of shops want 120 spaces
    assert pool.frame["spaces_per_need"].tolist() == pytest.approx([100 / 120])
    assert kept(pool)["name"].tolist() == ["北停车场"]
    told = layer([Point(5, 5)], capacity=[12.0], tags=[{"amenity": "parking"}])
    assert kept(parking_lots(city.with_layers(facilities=told), STOCK)).empty
    under = layer([Point(5, 5)], tags=[{"amenity": "parking", "parking": "underground"}])
    assert parking_lots(city.with_layers(facilities=under), STOCK).frame.empty


def test_a_car_park_drawn_in_two_layers_is_one_and_one_of_a_school_is_none():
    lot = box(0, 0, 60, 50)
    shops = layer([box(0, 60, 50, 110)], use=["commercial"], floor_area_m2=[10_000.0])
    twice = layer([lot], tags=[{"amenity": "parking"}], ids=["f"])
    city = city_of(land_use=layer([lot], use=["parking"]), facilities=twice, buildings=shops)
    assert len(kept(parking_lots(city, STOCK))) == 1
    school = layer([lot, box(-9, -9, 99, 99)], use=["parking", "education"])
    assert kept(parking_lots(city.with_layers(land_use=school), STOCK)).empty


def test_a_large_roof_is_offered_with_its_use_but_not_that_of_a_church_or_a_station():
    halls = [box(100 * i, 0, 100 * i + 40, 30) for i in range(4)]
    city = city_of(
        buildings=layer(
            [*halls, box(500, 0, 520, 10)], use=["commercial"] * 5, floors=[3.0, 3, 3, 20, 1]
        ),
        facilities=layer([Point(110, 10)], tags=[{"amenity": "place_of_worship"}]),
        railways=layer([LineString([(220, -50), (220, 80)])], kind=["rail"]),
    )
    pool = roofs(city, STOCK)
    found = kept(pool)
    assert found.index.tolist() == ["found:roof:x0"]
    assert (found["use"].iloc[0], found["floor_level"].iloc[0]) == ("commercial", 4)
    assert pool.words(found)[0] == ["大屋面:用途 commercial,1200 m²,3 层"]


# together ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    city, truth = make_demo_city_with_truth(neighbourhoods=60, seed=77)
    places = prepare_neighbourhoods(city, PROFILE.rooms["neighbourhoods"])
    return city, truth["stock"], places, detect_stock(city, places, PROFILE)


def test_every_candidate_says_its_sign_words_figures_and_how_sure_it_is(demo):
    _, _, _, detection = demo
    frame = detection.frame
    assert len(set(frame["sign"])) >= 6
    assert set(frame["sign"]) <= set(SIGNS)
    assert frame["confidence"].between(STOCK["min_confidence"], 1).all()
    assert frame[["evidence", "evidence_en"]].notna().all().all()
    assert not frame["evidence"].str.contains("NA|nan").any()
    assert not frame["evidence_en"].str.contains("NA>|nan ").any()
    assert all(json.loads(text) for text in frame["measures"])
    assert frame.index.is_unique


def test_a_place_is_a_candidate_once_and_the_plainer_sign_leads(demo):
    frame = demo[3].frame
    frame = frame[(frame["sign"] != "roof").to_numpy(dtype=bool)]
    rank = frame["sign"].map({sign: i for i, sign in enumerate(SIGNS)}).to_numpy(dtype=int)
    for number in sorted(set(rank)):
        fainter = frame[rank > number].geometry.to_numpy()
        share = overlap_share(fainter, frame[rank == number].geometry.to_numpy())
        assert (share <= STOCK["overlap_share"] + 1e-9).all()
    assert frame["evidence"].str.contains(";另:").any()


def test_registered_assets_are_never_candidates(demo):
    city, _, places, _ = demo
    walking = PROFILE.rooms["walking"]
    network = build_network(city, walking, gates=places.gates)
    obstacles = Obstacles.from_city(city, places.gates, walking)
    stock = find_stock(city, places, PROFILE, obstacles, network)
    known = (stock["source"] == "registered").to_numpy(dtype=bool)
    assert stock["confidence"].isna().to_numpy().tolist() == known.tolist()
    assert stock["sign"].isna().to_numpy().tolist() == known.tolist()
    again = stock[~known & (stock["sign"] != "roof").to_numpy(dtype=bool, na_value=False)]
    share = overlap_share(again.geometry.to_numpy(), stock[known].geometry.to_numpy())
    assert (share <= STOCK["overlap_share"]).all()


def test_most_of_what_truly_lies_idle_in_the_demo_city_is_found(demo):
    _, truth, _, detection = demo
    found = truth_found(truth, detection.frame)
    real = truth[truth["real"]]
    recall = pd.Series(found).groupby(real["what"].to_numpy(dtype=object)).mean()
    assert recall["land"] > 0.5
    assert recall["building"] > 0.5
    sure = detection.frame["confidence"].to_numpy(dtype=float) > 0.6
    assert labels(detection.frame[sure], truth).mean() > 0.6


def test_a_threshold_keeps_less_the_stricter_it_is_and_never_more_than_there_is(demo):
    table = threshold_picture(demo[3], "min_circle_m", STOCK)
    assert set(table["sign"]) == {"leftover", "greenness", "land_cover"}
    for _, part in table.groupby("sign"):
        assert part["kept"].is_monotonic_decreasing
        assert part["kept_m2"].is_monotonic_decreasing
        assert len({*(part["kept"] + part["dropped"])}) == 1
        assert part["in_force"].sum() == 1
    with pytest.raises(InputError, match="min_circle_m"):
        threshold_picture(demo[3], "no_such_threshold", STOCK)


def test_a_threshold_that_is_moved_moves_what_is_found(demo):
    city, _, places, before = demo
    strict = PROFILE.with_parameters(
        "stock", {"min_circle_m": 20.0, "min_roof_m2": 2000.0}, source="test"
    )
    after = detect_stock(city, places, strict)
    for sign in ("leftover", "roof"):
        assert (after.frame["sign"] == sign).sum() < (before.frame["sign"] == sign).sum()
    picture = threshold_picture(before, "min_roof_m2", STOCK, limits=[2000.0])
    assert picture["kept"].tolist() == [
        int(kept_rows(after.pools["roof"], strict.rooms["stock"]).sum())
    ]


def test_a_threshold_can_be_looked_at(demo, tmp_path):
    from spatial.maps import threshold_figure

    picture = threshold_picture(demo[3], "min_circle_m", STOCK)
    figure = threshold_figure(picture, "余地内切圆直径 min_circle_m, m")
    assert [axes.get_title() for axes in figure.axes] == ["greenness", "land_cover", "leftover"]
    figure.savefig(tmp_path / "threshold.png", dpi=70)
    assert (tmp_path / "threshold.png").stat().st_size > 5000
