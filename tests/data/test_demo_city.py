"""Laws of the demo city: what must hold for every size and seed."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.demo import make_demo_city, make_demo_city_with_truth
from spatial.dictionary import data_dictionary
from spatial.network.build import build_network
from spatial.standards import read_profile
from spatial.standards.parameters import read_parameters


@pytest.fixture(scope="module", params=[(60, 2026), (140, 7)], ids=["small", "other seed"])
def made(request):
    neighbourhoods, seed = request.param
    return make_demo_city_with_truth(neighbourhoods=neighbourhoods, seed=seed)


@pytest.fixture(scope="module")
def city(made):
    return made[0]


@pytest.fixture(scope="module")
def truth(made):
    return made[1]


def test_the_same_size_and_seed_give_the_same_city():
    one, two = (make_demo_city(neighbourhoods=40, seed=5) for _ in range(2))
    for name, frame in one.layers.items():
        pd.testing.assert_frame_equal(
            pd.DataFrame(frame.drop(columns="geometry")),
            pd.DataFrame(two.layers[name].drop(columns="geometry")),
        )
        assert (frame.geometry.to_wkb() == two.layers[name].geometry.to_wkb()).all()
    for name, raster in one.rasters.items():
        np.testing.assert_array_equal(raster.values, two.rasters[name].values)


def test_another_seed_gives_another_city():
    one = make_demo_city(neighbourhoods=40, seed=5).layer("streets")
    two = make_demo_city(neighbourhoods=40, seed=6).layer("streets")
    assert len(one) != len(two) or (one.geometry.to_wkb() != two.geometry.to_wkb()).any()


def test_too_small_a_city_is_refused_with_the_smallest_size():
    with pytest.raises(ValueError, match="at least 20"):
        make_demo_city(neighbourhoods=3)


def test_it_has_exactly_as_many_neighbourhoods_as_asked_for(city, truth):
    assert len(city.layer("neighbourhoods")) in (60, 140)
    assert len(truth["neighbourhoods"]) == len(city.layer("neighbourhoods"))


def test_every_input_layer_but_population_points_is_filled(city):
    empty = [name for name, frame in city.layers.items() if frame.empty]
    # the population is a raster, and nobody has rejected a candidate yet
    assert sorted(empty) == ["population", "stock_rejected"]
    assert set(city.rasters) == {
        "elevation",
        "population",
        "greenness_2016",
        "greenness_2025",
        "land_cover_2025",
        "night_light_2025",
    }


def test_old_neighbourhoods_were_asked_what_they_want_and_most_know_their_old_and_young(city):
    votes, places = city.table("demand_votes"), city.layer("neighbourhoods")
    assert 0.1 < votes["neighbourhood_id"].nunique() / len(places) < 0.7
    assert set(votes["neighbourhood_id"]) <= set(places.index)
    assert set(votes["kind"]) <= set(read_profile("national").catalogue.kinds)
    known = votes["households_asked"].notna()
    assert (votes["votes"] <= votes["households_asked"])[known].all()
    ages = places["elderly_persons"] + places["children_persons"]
    assert (ages < 0.7 * places["persons"])[ages.notna()].all()
    assert ages.notna().equals(places["persons"].notna())


def test_parcels_do_not_overlap(city):
    assert _overlap_m2(city.layer("neighbourhoods").geometry) < 0.01
    assert _overlap_m2(city.layer("land_use").geometry) < 0.01


def test_buildings_lie_inside_one_parcel_and_do_not_overlap(city):
    buildings = city.layer("buildings").geometry
    assert _overlap_m2(buildings) < 0.01
    parcels = shapely.STRtree(city.layer("land_use").geometry.to_numpy())
    inside, _ = parcels.query(buildings.to_numpy(), predicate="within")
    np.testing.assert_array_equal(np.unique(inside), np.arange(len(buildings)))


def test_every_neighbourhood_has_a_home(city):
    homes = city.layer("buildings")
    homes = homes[homes["use"] == "residential"]
    estates = city.layer("neighbourhoods")
    held, _ = homes.sindex.query(estates.geometry, predicate="contains")
    assert len(np.unique(held)) == len(estates)


def test_streets_keep_clear_of_buildings(city):
    buildings = city.layer("buildings").geometry.to_numpy()
    streets = city.layer("streets").geometry.to_numpy()
    walls = shapely.buffer(buildings, -0.05)
    street, building = shapely.STRtree(walls).query(streets, predicate="intersects")
    inside = shapely.length(shapely.intersection(streets[street], walls[building]))
    assert inside.sum() < 0.002 * shapely.length(streets).sum()


def test_gates_lie_on_the_edge_of_their_neighbourhood_and_on_its_wall(city):
    gates = city.layer("gates").dropna(subset="neighbourhood_id")
    estates = city.layer("neighbourhoods")
    edge = estates.geometry[gates["neighbourhood_id"]].boundary
    assert gates.geometry.distance(edge, align=False).max() < 0.05
    # Where the neighbourhood is walled at all, the gate is a gate in that wall.
    walls = city.layer("barriers").geometry
    parcel, wall = shapely.STRtree(walls.to_numpy()).query(
        estates.boundary.to_numpy(), predicate="covered_by"
    )
    wall_of = pd.Series(walls.to_numpy()[wall], index=estates.index[parcel])
    walled = gates[gates["neighbourhood_id"].isin(wall_of.index)]
    own = gpd.GeoSeries(wall_of.loc[walled["neighbourhood_id"]].to_numpy(), crs=city.crs)
    assert len(walled) > 0.7 * len(gates)
    assert walled.geometry.reset_index(drop=True).distance(own).max() < 0.5


def test_every_neighbourhood_has_one_to_four_gates_and_its_main_gate_is_open(city):
    gates = city.layer("gates").dropna(subset="neighbourhood_id")
    per = gates.groupby("neighbourhood_id").size()
    assert set(per.index) == set(city.layer("neighbourhoods").index)
    assert per.between(1, 4).all()
    still_open = gates[gates["access"] != "closed"].groupby("neighbourhood_id").size()
    assert set(still_open.index) == set(per.index)
    assert {"public", "residents", "closed"} <= set(gates["access"])


def test_streets_cross_water_on_bridges_only_and_rails_never_on_the_level(city):
    streets = city.layer("streets")
    ground = streets[streets["structure"] == "ground"].geometry.to_numpy()
    water = shapely.buffer(city.layer("water").geometry.to_numpy(), -0.05)
    assert not shapely.intersects(shapely.union_all(ground), shapely.union_all(water))
    rails = city.layer("railways").geometry.to_numpy()
    assert not shapely.STRtree(ground).query(rails, predicate="crosses").size
    assert {"bridge", "tunnel"} <= set(streets["structure"])


def test_every_gate_leads_into_one_connected_network(city):
    network = build_network(city, read_parameters("walking"))
    lengths = np.bincount(network.node_component)
    assert lengths[0] > 0.99 * lengths.sum()
    nodes = shapely.STRtree(shapely.points(network.node_xy_m[network.node_component == 0]))
    gates = city.layer("gates").geometry.to_numpy()
    found, distance_m = nodes.query_nearest(gates, all_matches=False, return_distance=True)
    assert len(found[0]) == len(gates)
    assert (distance_m < 0.5).mean() > 0.97


def test_population_cells_sum_to_the_residents(city, truth):
    persons = truth["neighbourhoods"]["persons"]
    assert city.rasters["population"].values.sum() == persons.sum()
    assert truth["buildings"]["persons"].sum() == persons.sum()
    told = city.layer("neighbourhoods")["persons"].dropna()
    pd.testing.assert_series_equal(
        told.astype(float), persons.loc[told.index].astype(float), check_names=False
    )


def test_what_a_register_would_not_know_is_missing_but_true_somewhere(city, truth):
    estates = city.layer("neighbourhoods")
    shares = estates[["year_built", "households", "persons"]].isna().mean()
    assert shares.between(0.005, 0.3).all()
    assert truth["neighbourhoods"].notna().all().all()


def test_the_hill_rises_where_its_park_is_and_the_rest_is_flat(city):
    raster = city.rasters["elevation"]
    a, _, c, _, e, f = raster.transform
    row, column = np.unravel_index(raster.values.argmax(), raster.values.shape)
    summit = shapely.Point(c + (column + 0.5) * a, f + (row + 0.5) * e)
    assert np.median(raster.values) < 15 < raster.values.max()
    stairs = city.layer("streets").query("steps")
    assert stairs.distance(summit).min() < 40
    parks = city.layer("land_use").query("use == 'park'")
    assert parks.distance(summit).min() == 0


def test_facilities_are_of_known_kinds_and_stand_in_the_city(city):
    from spatial.standards import read_profile

    facilities = city.layer("facilities")
    kinds = set(facilities["kind"].str.split(",").explode())
    assert kinds <= set(read_profile("national").catalogue.kinds)
    west, south, east, north = shapely.total_bounds(city.layer("admin_areas").geometry.to_numpy())
    assert shapely.within(
        facilities.geometry.to_numpy(), shapely.box(west, south, east, north)
    ).all()


def test_every_ownership_class_and_most_kinds_of_stock_occur(city):
    stock = city.layer("stock_assets")
    columns = data_dictionary().inputs["stock_assets"].columns
    assert len(set(columns["ownership"].values) - set(stock["ownership"])) <= 2
    assert len(set(columns["kind"].values) - set(stock["kind"])) <= 6
    missing = set(columns["asset_type"].values) - set(stock["asset_type"])
    assert not missing


def test_leftover_plots_are_free_of_buildings_and_inside_their_neighbourhood(city, truth):
    plots = truth["leftover"]
    buildings = city.layer("buildings")
    assert len(plots)
    assert not buildings.sindex.query(plots.geometry, predicate="intersects").size
    own = city.layer("neighbourhoods").geometry[plots["neighbourhood_id"]]
    assert own.contains(plots.set_axis(own.index).geometry).all()


def test_communities_fill_street_offices_and_their_codes_say_so(city):
    areas = city.layer("admin_areas")
    offices = areas[areas["level"] == "subdistrict"]
    communities = areas[areas["level"] == "community"]
    assert areas["code"].str.fullmatch(r"\d{12}").all()
    assert set(communities["code"].str[:9]) == set(offices["code"].str[:9])
    whole = communities.dissolve(communities["code"].str[:9]).area
    by_code = offices.set_axis(offices["code"].str[:9]).area
    pd.testing.assert_series_equal(whole, by_code, check_names=False, rtol=1e-6)


def _overlap_m2(shapes):
    geometry = shapes.to_numpy()
    first, second = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    pair = first < second
    return shapely.area(shapely.intersection(geometry[first[pair]], geometry[second[pair]])).sum()


def test_as_many_buildings_as_asked_for_come_of_dividing_blocks_and_none_overlap():
    plain = make_demo_city(neighbourhoods=60, seed=5)
    dense = make_demo_city(neighbourhoods=60, buildings=1_800, seed=5)
    count = len(dense.layer("buildings"))
    assert abs(count / 1_800 - 1) < 0.1
    assert count > 2 * len(plain.layer("buildings"))
    boxes = dense.layer("buildings").geometry.to_numpy()
    first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    assert (first == second).all()
    parcels = dense.layer("neighbourhoods").geometry
    homes = dense.layer("buildings").dropna(subset="neighbourhood_id")
    assert shapely.covers(parcels[homes["neighbourhood_id"]].to_numpy(), homes.geometry).all()
    assert set(dense.layer("neighbourhoods").index) == set(plain.layer("neighbourhoods").index)
