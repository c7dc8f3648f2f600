"""Vector tiles: whole, small, decodable by others, and never made twice."""

import gzip
import math
import time

import httpx
import numpy as np
import pyogrio
import pytest
import shapely
from grid_town import frame, grid_analysis, grid_city
from sqlalchemy import text

from app.main import create_app
from app.settings import Settings
from app.store import overview
from app.store.geometry import MERCATOR_RADIUS_M
from app.store.tile_layers import MAX_ZOOM, TILE_LAYERS
from app.store.tiles import read_tile

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def client(store, serving):
    store.save_analysis(grid_analysis())
    with (
        serving(create_app(Settings(database_url=store.url))) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def middle(client):
    west, south, east, north = client.get("/api/v1/cities/grid-town").json()["bounds"]
    return (west + east) / 2, (south + north) / 2


def _tile_of(place, z):
    lon, lat = place
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(x), int(y)


def _address(layer, z, x, y, version="v1"):
    return f"/api/v1/tiles/grid-town/{version}/{layer}/{z}/{x}/{y}.mvt"


def _decoded(tmp_path, content, layer):
    """Read a tile with GDAL, an implementation that is not ours."""
    path = tmp_path / "tile.mvt"
    path.write_bytes(content)
    return pyogrio.read_dataframe(path, layer=layer)


def _layers_in(tmp_path, content):
    path = tmp_path / "tile.mvt"
    path.write_bytes(content)
    return [name for name, _ in pyogrio.list_layers(path)]


def test_every_neighbourhood_is_in_the_tile_with_its_text_id_and_figures(client, middle, tmp_path):
    z = 13
    answer = client.get(_address("neighbourhoods", z, *_tile_of(middle, z)))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    places = _decoded(tmp_path, answer.content, "neighbourhoods").set_index("id")
    assert sorted(places.index) == sorted(f"n{c}-{r}" for c in range(3) for r in range(3))
    assert places.loc["n2-1", "name"] == "2-1小区"
    assert places.loc["n2-1", "district_id"] == "d1"
    assert places.loc["n2-1", "colour"] == 1
    assert places.loc["n1-0", "gap_index"] == pytest.approx(0.1)
    assert "households" not in places.columns


def test_labels_are_points_of_their_own_each_in_one_tile_only(client, middle, tmp_path):
    z = 15
    x, y = _tile_of(middle, z)
    names = []
    for column in (x - 1, x, x + 1):
        for row in (y - 1, y, y + 1):
            answer = client.get(_address("neighbourhoods", z, column, row))
            if answer.status_code == 204:
                continue
            if "neighbourhoods_labels" in _layers_in(tmp_path, answer.content):
                labels = _decoded(tmp_path, answer.content, "neighbourhoods_labels")
                assert set(labels.geometry.geom_type) == {"Point"}
                names += labels["name"].tolist()
    assert sorted(names) == sorted(f"{c}-{r}小区" for c in range(3) for r in range(3))


def test_facilities_that_are_areas_are_kept_as_areas_and_drawn_as_points(client, middle, tmp_path):
    z = 13
    kept = client.get("/api/v1/cities/grid-town/layers/facilities").json()["features"]
    assert {one["id"]: one["geometry"]["type"] for one in kept} == {"f1": "Point", "f2": "Polygon"}
    answer = client.get(_address("facilities", z, *_tile_of(middle, z)))
    drawn = _decoded(tmp_path, answer.content, "facilities")
    assert sorted(drawn["id"]) == ["f1", "f2"]
    assert set(drawn.geometry.geom_type) == {"Point"}


def test_every_drawn_layer_answers_at_every_zoom_of_its_own(client, middle, store):
    with store.engine.connect() as connection:
        key = connection.execute(text("SELECT current_version FROM linli.city")).scalar_one()
    for layer in TILE_LAYERS.values():
        for z in range(layer.min_zoom, MAX_ZOOM + 1):
            x, y = _tile_of(middle, z)
            assert isinstance(read_tile(store.engine, key, layer.name, z=z, x=x, y=y), bytes)
    for name in ("districts", "cells", "neighbourhoods", "heatmap", "facilities", "buildings"):
        assert client.get(_address(name, 14, *_tile_of(middle, 14))).status_code == 200, name


def test_a_tile_is_immutable_and_sent_once(client, middle):
    address = _address("cells", 14, *_tile_of(middle, 14))
    first = client.get(address)
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    other = client.get(address, headers={"If-None-Match": '"another"'})
    assert other.content == first.content
    elsewhere = client.get(_address("cells", 14, 0, 0))
    assert elsewhere.status_code == 204
    assert elsewhere.headers["etag"] != first.headers["etag"]


def test_a_tile_is_packed_for_those_who_can_unpack_it(client, middle):
    address = _address("neighbourhoods", 14, *_tile_of(middle, 14))
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("dragons/14/1/1", 404),
        ("gaps/14/1/1", 404),
        ("cells/2/1/1", 404),
        ("cells/17/1/1", 404),
        ("cells/5/32/1", 404),
        ("cells/5/1/32", 404),
        ("cells/5/-1/3", 400),
        ("cells/a/1/3", 400),
        ("cells/99999999999999999999/1/3", 400),
    ],
)
def test_a_tile_that_cannot_be_is_a_problem(client, path, status):
    answer = client.get(f"/api/v1/tiles/grid-town/v1/{path}.mvt")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_a_replaced_data_version_is_said_to_be_gone(client):
    problem = client.get(_address("cells", 14, 1, 1, version="v0"))
    assert problem.status_code == 404
    assert "v0" in problem.json()["detail"]


def test_at_low_zoom_buildings_and_facilities_are_counted_and_none_is_lost(
    client, middle, tmp_path
):
    z = 12
    tile = client.get(_address("buildings", z, *_tile_of(middle, z)))
    blocks = _decoded(tmp_path, tile.content, "buildings")
    assert blocks["buildings"].sum() == 9
    assert blocks["overview"].all()
    tile = client.get(_address("facilities", z, *_tile_of(middle, z)))
    assert _decoded(tmp_path, tile.content, "facilities")["facilities"].sum() == 2


def test_small_areas_are_still_drawn_when_the_whole_town_is_a_dot(client, middle, tmp_path):
    z = 7
    tile = client.get(_address("neighbourhoods", z, *_tile_of(middle, z)))
    assert len(_decoded(tmp_path, tile.content, "neighbourhoods")) == 9


def test_the_overview_of_many_neighbourhoods_keeps_area_and_people():
    analysis = grid_analysis(side=10)
    places, cells = analysis.tables["neighbourhoods"], analysis.tables["cells"]
    areas = overview.areas_of_like_need(places, cells)
    assert len(areas) == places["gap_index"].map(lambda share: int(share * 5)).nunique()
    assert areas.area.sum() == pytest.approx(cells.area.sum())
    assert areas["persons"].sum() == places["persons"].sum()
    mean = np.average(areas["gap_index"], weights=areas["persons"])
    assert mean == pytest.approx(places["gap_index"].mean())


def test_the_coarse_heatmap_keeps_people_and_gaps_exactly():
    heatmap = grid_analysis(side=10).tables["heatmap"]
    coarse = overview.coarser_heatmap(heatmap, factor=4)
    assert len(coarse) < len(heatmap)
    assert coarse["persons"].sum() == heatmap["persons"].sum()
    assert coarse["person_gaps"].sum() == heatmap["person_gaps"].sum()


def test_the_overview_of_streets_keeps_the_main_ones_whole():
    streets = grid_city(side=4).layer("streets")
    drawn = overview.main_streets(streets, ("primary",), level=12)
    main = streets[streets["highway"] == "primary"]
    assert drawn.length.sum() == pytest.approx(main.length.sum())


def test_a_coastline_of_a_million_vertices_does_not_stall_the_tiles(store):
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 4_000 + 40 * np.sin(5_000 * angle)
    ring = np.column_stack([500_000 + radius * np.cos(angle), 3_400_000 + radius * np.sin(angle)])
    sea = shapely.Polygon(ring)
    city = grid_city(name="Coast")
    city = city.with_layers(water=frame([{"id": "sea", "kind": "sea"}], [sea]))
    store.save_analysis(grid_analysis(city=city, data_version="coast", name="Coast"))
    with store.engine.connect() as connection:
        key, lon, lat = connection.execute(
            text(
                "SELECT version, ST_X(p), ST_Y(p) FROM linli.input_water, "
                "LATERAL (SELECT ST_PointN(ST_ExteriorRing(geom), 1) AS p) AS q WHERE id = 'sea'"
            )
        ).one()
    for z in (8, 11, 13, 16):
        x, y = _tile_of((lon, lat), z)
        before = time.monotonic()
        tile = read_tile(store.engine, key, "water", z=z, x=x, y=y)
        assert time.monotonic() - before < 1.0
        assert 0 < len(tile) < 500_000


def test_the_tile_shows_a_place_where_its_longitude_and_latitude_say(client, middle, tmp_path):
    z = 16
    x, y = _tile_of(middle, z)
    tile = client.get(_address("cells", z, x, y))
    cells = _decoded(tmp_path, tile.content, "cells").set_index("id")
    given = client.get("/api/v1/cities/grid-town/layers/cells").json()["features"]
    ring = next(one for one in given if one["id"] == "n1-1")["geometry"]["coordinates"][0]
    side_m = 2 * math.pi * MERCATOR_RADIUS_M / 2**z
    checked = 0
    for lon, lat in ring:
        column = (lon + 180) / 360 * 2**z - x
        row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z - y
        if 0 <= column <= 1 and 0 <= row <= 1:
            # GDAL reads a lone tile in units of its grid, the y axis pointing up
            point = shapely.Point(column * 4096, (1 - row) * 4096)
            assert cells.geometry["n1-1"].exterior.distance(point) * side_m / 4096 < 0.5
            checked += 1
    assert checked >= 3
