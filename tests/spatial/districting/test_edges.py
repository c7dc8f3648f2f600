"""Boundaries between cells: each once, complete, and enough to outline any district."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.districting.edges import cell_edges
from spatial.errors import CRSError


def coverage(side, drop=()):
    boxes = {f"n{c}-{r}": shapely.box(c, r, c + 1, r + 1) for c in range(side) for r in range(side)}
    # every other box is noded in the middle of its right side, and so is its neighbour
    kept = {key: shape for key, shape in boxes.items() if key not in drop}
    return gpd.GeoDataFrame(index=list(kept), geometry=list(kept.values()), crs=4547)


def random_cells(seed, n=40):
    rng = np.random.default_rng(seed)
    points = shapely.MultiPoint(rng.uniform(0, 1000, (n, 2)))
    parts = shapely.get_parts(
        shapely.voronoi_polygons(points, extend_to=shapely.box(0, 0, 1e3, 1e3))
    )
    clipped = shapely.set_precision(shapely.intersection(parts, shapely.box(0, 0, 1e3, 1e3)), 0)
    return gpd.GeoDataFrame(
        index=[f"x{i}" for i in range(len(clipped))], geometry=clipped, crs=4547
    )


def test_two_boxes_share_one_side_and_have_a_rim_each():
    edges = cell_edges(coverage(2))
    assert list(edges.index) == [
        *("n0-0|", "n0-0|n0-1", "n0-0|n1-0", "n0-1|", "n0-1|n1-1"),
        *("n1-0|", "n1-0|n1-1", "n1-1|"),
    ]
    assert edges["length_m"].tolist() == [2, 1, 1, 2, 1, 2, 1, 2]
    assert edges["b"].isna().sum() == 4


def test_a_hole_in_the_coverage_is_rim_of_those_around_it():
    edges = cell_edges(coverage(3, drop=["n1-1"]))
    assert edges.loc["n1-0|", "length_m"] == 2  # outside, and to the hole
    assert edges.loc["n1-0|"].geometry.geom_type == "MultiLineString"


def test_a_cell_inside_another_shares_its_whole_boundary():
    outer = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    cells = gpd.GeoDataFrame(index=["a", "b"], geometry=[outer, shapely.box(3, 3, 6, 6)], crs=4547)
    edges = cell_edges(cells)
    assert edges["length_m"].to_dict() == {"a|": 36.0, "a|b": 12.0}


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_boundaries_of_a_cell_sum_up_to_its_perimeter(seed):
    cells = random_cells(seed)
    edges = cell_edges(cells)
    length = (
        edges.groupby("a")["length_m"]
        .sum()
        .add(edges.dropna(subset="b").groupby("b")["length_m"].sum(), fill_value=0)
    )
    np.testing.assert_allclose(length.loc[cells.index].to_numpy(), cells.length.to_numpy())


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_boundaries_between_different_districts_are_the_outlines_of_the_dissolved(seed, k):
    cells = random_cells(seed)
    district = np.random.default_rng(seed).integers(0, k, len(cells))
    of = dict(zip(cells.index, district, strict=True))
    edges = cell_edges(cells)
    differs = [of[a] != of.get(b) for a, b in zip(edges["a"], edges["b"].fillna(""), strict=True)]
    dissolved = cells.geometry.groupby(district).apply(
        lambda s: shapely.coverage_union_all(s.array)
    )
    drawn = shapely.union_all(edges.geometry[differs].to_numpy())
    outline = shapely.union_all(shapely.boundary(dissolved.to_numpy()))
    assert shapely.length(drawn) == pytest.approx(shapely.length(outline))
    assert shapely.hausdorff_distance(drawn, outline) < 1e-6


def test_no_cells_have_no_boundaries_and_degrees_are_refused():
    none = gpd.GeoDataFrame({"area_m2": []}, geometry=[], crs=4547)
    assert len(cell_edges(none)) == 0
    with pytest.raises(CRSError):
        cell_edges(coverage(2).set_crs(4326, allow_override=True))
