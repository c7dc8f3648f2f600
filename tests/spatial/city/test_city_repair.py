"""Broken rows: each is mended or refused under its own name, and the counts add up."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import (
    GeometryCollection,
    LinearRing,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from spatial.city.raw import RawLayer
from spatial.city.read import assemble_city
from spatial.city.repair import repair_layer
from spatial.dictionary import data_dictionary

ZONE = 4547
BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def line(points):
    with np.errstate(invalid="ignore"):  # making a line of NaN warns; files hold such lines
        return LineString(points)


def repaired(layer, shapes, *, ids=None, crs=ZONE, **columns):
    index = [str(i) for i in (ids or range(1, len(shapes) + 1))]
    frame = gpd.GeoDataFrame(
        columns, geometry=gpd.GeoSeries(shapes, index=index, crs=crs), index=index
    )
    raw = RawLayer(layer=layer, source="test", frame=frame)
    done = repair_layer(raw, data_dictionary().inputs[layer], frame.crs)
    assert len(frame) == len(done.frame) + len(done.refusals) + done.merged
    assert shapely.is_valid(done.frame.geometry.to_numpy()).all()
    return done


@pytest.mark.parametrize(
    ("layer", "shape", "why"),
    [
        ("streets", None, "empty_geometry"),
        ("streets", LineString(), "empty_geometry"),
        ("streets", line([(0, 0), (np.nan, 5)]), "not_finite"),
        ("gates", Point(np.inf, 5), "not_finite"),
        ("gates", Point(0, 0), "zero_coordinates"),
        ("streets", LineString([(3, 3), (3, 3)]), "zero_length"),
        ("streets", Point(3, 3), "wrong_geometry"),
        ("land_use", Point(3, 3), "wrong_geometry"),
        ("land_use", LineString([(0, 0), (5, 5)]), "wrong_geometry"),
        ("land_use", Polygon([(0, 0), (5, 5), (9, 9)]), "zero_area"),
        ("buildings", Polygon([(0, 0), (5, 5), (9, 9)]), "zero_area"),
        ("land_use", GeometryCollection([Point(1, 1)]), "wrong_geometry"),
    ],
)
def test_a_hopeless_row_is_refused_by_name(layer, shape, why):
    good = {"streets": LineString([(1, 1), (9, 9)]), "gates": Point(4, 4)}.get(
        layer, box(1, 1, 9, 9)
    )
    done = repaired(layer, [good, shape, good])
    assert [(refusal.row, refusal.why) for refusal in done.refusals] == [("2", why)]
    assert done.refusals[0].detail
    assert done.frame.index.tolist() == ["1", "3"]
    assert done.repairs == ()


@pytest.mark.parametrize(
    ("layer", "shape", "what", "kind", "size"),
    [
        ("land_use", LinearRing([(0, 0), (4, 0), (4, 4), (0, 4)]), "closed_ring", "Polygon", 16),
        ("land_use", LineString(box(0, 0, 3, 3).exterior), "closed_ring", "Polygon", 9),
        ("barriers", box(0, 0, 5, 5), "outline_taken", "LineString", 20),
        ("gates", box(0, 0, 5, 5), "point_inside_taken", "Point", 0),
        ("gates", MultiPoint([(1, 1), (3, 3)]), "multipoint_centre", "Point", 0),
        (
            "land_use",
            GeometryCollection([box(0, 0, 2, 2), LineString([(2, 2), (9, 9)])]),
            "mixed_geometry_parts",
            "Polygon",
            4,
        ),
        (
            "streets",
            GeometryCollection([Point(1, 1), LineString([(0, 0), (0, 7)])]),
            "mixed_geometry_parts",
            "MultiLineString",
            7,
        ),
        ("land_use", BOWTIE, "invalid_polygon", "MultiPolygon", 50),
    ],
)
def test_a_row_that_can_be_mended_is_and_says_how(layer, shape, what, kind, size):
    done = repaired(layer, [shape])
    assert [(repair.row, repair.what) for repair in done.repairs] == [("1", what)]
    found = done.frame.geometry.iloc[0]
    assert found.geom_type == kind
    measure = found.area if "Polygon" in kind else found.length
    assert measure == pytest.approx(size)


def test_a_mended_polygon_tells_its_area_before_and_after():
    spike = Polygon([(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)])
    done = repaired("land_use", [spike])
    (repair,) = done.repairs
    assert repair.area_before_m2 == pytest.approx(100)
    assert repair.area_after_m2 == pytest.approx(100)
    assert done.frame.geometry.iloc[0].geom_type == "Polygon"


def test_heights_are_dropped_and_multi_part_lines_stay_in_parts():
    lines = [
        LineString([(0, 0, 5), (3, 4, 9)]),
        MultiLineString([[(0, 0), (1, 0)], [(5, 0), (6, 0)]]),
    ]
    done = repaired("streets", lines)
    assert not shapely.has_z(done.frame.geometry.to_numpy()).any()
    assert done.frame.geom_type.tolist() == ["LineString", "MultiLineString"]
    assert done.repairs == ()


def test_repeated_ids_are_refused_unless_the_rows_are_the_same():
    shapes = [box(0, 0, 1, 1), box(0, 0, 1, 1), box(5, 5, 6, 6)]
    done = repaired("land_use", shapes, ids=["a", "a", "a"], name=["x", "x", "y"])
    assert done.merged == 1
    assert [(refusal.row, refusal.why) for refusal in done.refusals] == [("a", "duplicate_id")]
    assert done.frame.index.tolist() == ["a"]


def test_an_area_facility_keeps_its_outline_and_gets_its_land_area():
    horseshoe = box(0, 0, 9, 9).difference(box(3, 0, 6, 8))
    done = repaired("facilities", [horseshoe], tags=[{"leisure": "park"}])
    row = done.frame.iloc[0]
    assert row.geometry.equals(horseshoe)
    assert row.land_m2 == pytest.approx(horseshoe.area, abs=0.1)


def test_a_facility_drawn_as_a_line_stands_in_its_middle():
    done = repaired("facilities", [LineString([(0, 0), (4, 0)])], tags=[{"amenity": "taxi"}])
    assert done.frame.geometry.iloc[0].equals(Point(2, 0))


def test_a_footprint_whose_tags_are_text_gets_no_land_area_either():
    tags = ['{"amenity": "clinic", "building": "yes"}']
    done = repaired("facilities", [box(0, 0, 9, 9)], tags=tags)
    assert "land_m2" not in done.frame or done.frame.land_m2.isna().all()


def test_a_building_facility_gets_no_land_area_from_its_footprint():
    done = repaired(
        "facilities", [box(0, 0, 9, 9)], tags=[{"amenity": "clinic", "building": "yes"}]
    )
    assert done.frame.land_m2.isna().all()


def test_a_place_far_outside_is_named():
    near = [Point(114.3, 30.6), Point(114.31, 30.61), Point(114.32, 30.6), Point(104.0, 30.6)]
    frame = gpd.GeoDataFrame(geometry=near, index=["1", "2", "3", "4"], crs=4326)
    city = assemble_city("test", [RawLayer("facilities", "test", frame)])
    notes = [note for note in city.report.warnings if note.key == "far_from_city"]
    assert len(notes) == 1
    assert "e.g. 4" in notes[0].text_en


coordinate = st.one_of(st.floats(-50, 50), st.just(float("nan")), st.just(float("inf")))
any_shape = st.one_of(
    st.none(),
    st.builds(Point, coordinate, coordinate),
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5).map(line),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=7).map(Polygon),
    st.lists(st.integers(0, 8), min_size=2, max_size=4).map(
        lambda xs: MultiPolygon([box(x, 0, x + 2, 3) for x in xs])
    ),
)


@given(
    st.sampled_from(["streets", "gates", "land_use", "buildings", "facilities", "neighbourhoods"]),
    st.lists(any_shape, min_size=1, max_size=6),
)
def test_whatever_comes_in_the_counts_add_up_and_the_rest_is_usable(layer, shapes):
    done = repaired(layer, shapes)
    spec = data_dictionary().inputs[layer]
    assert set(done.frame.geom_type) <= spec.geometry_types
    assert np.isfinite(done.frame.total_bounds).all() or done.frame.empty
