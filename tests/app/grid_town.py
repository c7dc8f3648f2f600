"""A town on squared paper, small enough to check by eye, with every table filled."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City, Raster
from spatial.city.report import ImportReport, LayerReport, Note, Refusal, Repair
from spatial.dictionary import conform, data_dictionary
from spatial.districting.edges import cell_edges
from spatial.standards import read_profile

ZONE = 4547
WEST_M, SOUTH_M = 500_000.0, 3_400_000.0
BLOCK_M, STREET_M = 100.0, 20.0
NOTE = Note("demo", "示例", "an example")


@dataclass(frozen=True)
class Choices:
    year: int = 2026
    seed: int = 0


@dataclass(frozen=True, eq=False)
class GridAnalysis:
    """The fields of `spatial.analysis.Analysis` that the store reads."""

    city: City
    tables: dict[str, Any]
    data_version: str
    profile: Any
    network: Any = None
    parameters: Choices = field(default_factory=Choices)
    summary: dict[str, Any] = field(default_factory=lambda: {"neighbourhoods": {"count": 1}})
    notes: tuple[Note, ...] = (NOTE,)
    engine_version: str = "0.1.0"


def frame(records, shapes):
    table = pd.DataFrame(records).set_index("id")
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs=ZONE)


def corner(column, row):
    return WEST_M + column * BLOCK_M, SOUTH_M + row * BLOCK_M


def parcel(column, row):
    x, y = corner(column, row)
    half = STREET_M / 2
    return shapely.box(x + half, y + half, x + BLOCK_M - half, y + BLOCK_M - half)


def cell(column, row):
    x, y = corner(column, row)
    return shapely.box(x, y, x + BLOCK_M, y + BLOCK_M)


def grid_city(side=3, name="Grid town"):
    places = [(c, r) for r in range(side) for c in range(side)]
    end = side * BLOCK_M
    streets = [
        (f"s{i}{way}", "primary" if i == 0 else "residential", line)
        for i in range(side + 1)
        for way, line in (
            ("h", [(WEST_M, SOUTH_M + i * BLOCK_M), (WEST_M + end, SOUTH_M + i * BLOCK_M)]),
            ("v", [(WEST_M + i * BLOCK_M, SOUTH_M), (WEST_M + i * BLOCK_M, SOUTH_M + end)]),
        )
    ]
    layers = {
        "streets": frame(
            [{"id": i, "highway": h, "name": f"{i}路"} for i, h, _ in streets],
            [shapely.LineString(line) for *_, line in streets],
        ),
        "buildings": frame(
            [
                {"id": f"b{c}-{r}", "use": "residential", "floors": 6.0, "year_built": pd.NA}
                for c, r in places
            ],
            [parcel(c, r).centroid.buffer(12, quad_segs=2) for c, r in places],
        ),
        "facilities": frame(
            [
                {"id": "f1", "name": "菜市场", "kind": "wet_market", "tags": {"shop": "yes"}},
                {"id": "f2", "name": "Kindergarten", "kind": "kindergarten", "tags": None},
            ],
            [parcel(0, 0).centroid, parcel(side - 1, side - 1)],
        ),
        "neighbourhoods": frame(
            [
                {
                    "id": f"n{c}-{r}",
                    "name": f"{c}-{r}小区",
                    "year_built": 1980 + c,
                    "persons": 100.0,
                }
                for c, r in places
            ],
            [parcel(c, r) for c, r in places],
        ),
        "stock_assets": frame(
            [{"id": "a1", "name": "老车棚", "kind": "bicycle_shed"}], [parcel(0, 1).centroid]
        ),
    }
    report = ImportReport(
        (
            LayerReport(
                "streets",
                "grid.gpkg",
                read=len(streets) + 1,
                loaded=len(streets),
                repairs=(Repair("3", "closed_ring", 1.0, 2.0),),
                refusals=(Refusal("7", "empty_geometry", "row 7"),),
                notes=(NOTE,),
            ),
        ),
        (NOTE,),
    )
    height = Raster(
        np.array([[1.5, np.nan], [3.0, 4.0]]),
        (30.0, 0.0, WEST_M, 0.0, -30.0, SOUTH_M),
        gpd.GeoSeries([], crs=ZONE).crs,
        "m",
    )
    return City.from_layers(
        name,
        {k: v.assign() for k, v in layers.items()},
        crs=ZONE,
        rasters={"elevation": height},
        report=report,
        tables={
            "demand_votes": pd.DataFrame(
                {"neighbourhood_id": ["n0-0"], "kind": ["library"], "votes": [12.0]}, index=["1"]
            )
        },
    )


def weighed(ids, places):
    """Tables that follow from the gaps: every neighbourhood misses a library."""
    index = pd.Index([f"b{c}-{r}" for c, r in places])
    homes = frame(
        [{"id": i, "must_missing": 2, "must_checked": 3} for i in index],
        [parcel(c, r).centroid for c, r in places],
    )
    areas = pd.DataFrame(
        [{"neighbourhood_id": i, "rule": "green_c5", "per": "person"} for i in ids],
        index=[f"{i}:green_c5" for i in ids],
    )
    queue = pd.DataFrame(
        [
            {"level": level, "area": area, "rank": 1, "kind": "library", "status": "missing"}
            for level, area in [("city", "city"), *(("neighbourhood", i) for i in ids)]
        ]
    )
    queue.index = queue["level"] + ":" + queue["area"] + ":library"
    priority = pd.DataFrame({"priority": 0.5, "rank": 1, "part_gaps": 0.5}, index=list(ids))
    equity = pd.DataFrame(
        [{"area": "city", "kind": "library", "layer": "c5", "gini": 0.25}],
        index=["city:library:c5"],
    )
    return {
        "building_gaps": homes,
        "areas": areas,
        "queue": queue,
        "priority": priority,
        "equity": equity,
    }


def grid_analysis(side=3, data_version="v1", profile="national", city=None, name="Grid town"):
    city = city or grid_city(side, name)
    places = [(c, r) for r in range(side) for c in range(side)]
    ids = [f"n{c}-{r}" for c, r in places]
    given = city.layer("neighbourhoods")
    count = np.arange(len(ids))
    tables = {
        "neighbourhoods": given.assign(
            area_m2=given.area,
            persons_source="given",
            eligibility="eligible",
            must_missing=count % 3,
            must_checked=10,
            gap_index=(count % 3) / 10.0,
            district_id=[f"d{c // 2}" for c, _ in places],
            gate_count=1,
        ),
        "cells": frame(
            [{"id": i, "area_m2": BLOCK_M**2} for i in ids], [cell(c, r) for c, r in places]
        ),
        "cell_edges": cell_edges(frame([{"id": i} for i in ids], [cell(c, r) for c, r in places])),
        "neighbourhood_gates": frame(
            [
                {
                    "id": f"g{i}",
                    "neighbourhood_id": i,
                    "source": "mapped",
                    "access": "public",
                    "entry_m": 10.0,
                }
                for i in ids
            ],
            [shapely.Point(corner(c, r)[0] + BLOCK_M / 2, corner(c, r)[1] + 10) for c, r in places],
        ),
        "adjacency": frame(
            [
                {
                    "id": f"{a}|{b}",
                    "a": a,
                    "b": b,
                    "shared_m": 100.0,
                    "gap_m": 20.0,
                    "barrier": "none",
                    "walk_m": 120.0,
                    "walk_s": 90.0,
                }
                for a, b in pairwise(ids)
            ],
            [
                shapely.LineString([cell(*p).centroid, cell(*q).centroid])
                for p, q in pairwise(places)
            ],
        ),
        "eligibility": pd.DataFrame(
            {
                "neighbourhood_id": ids,
                "rule": "A01",
                "finding": "met",
                "clause": "国办发〔2020〕23号",
            },
            index=[f"{i}:A01" for i in ids],
        ),
        "life_circles": frame(
            [
                {
                    "id": f"{i}:{layer}",
                    "neighbourhood_id": i,
                    "layer": layer,
                    "limit_m": m,
                    "reached_m": 2 * m,
                    "area_m2": 3.0 * m * m,
                    "facilities": 1,
                    "persons": pd.NA,
                }
                for i in ids
                for layer, m in (("c5", 300.0), ("c10", 500.0))
            ],
            [cell(*p).centroid.buffer(m) for p in places for m in (300.0, 500.0)],
        ),
        "reached_facilities": pd.DataFrame(
            {
                "neighbourhood_id": ids,
                "facility_id": "f1",
                "kind": "wet_market",
                "layer": "c5",
                "distance_m": 120.0,
                "time_s": 90.0,
            },
            index=[f"{i}:f1" for i in ids],
        ),
        "gaps": pd.DataFrame(
            [
                {
                    "id": f"{i}:{kind}",
                    "neighbourhood_id": i,
                    "kind": kind,
                    "layer": "c5",
                    "need": "must",
                    "status": status,
                    "limit_m": 300.0,
                    "nearest_facility_id": nearest,
                    "nearest_m": metres,
                }
                for i in ids
                for kind, status, nearest, metres in (
                    ("wet_market", "present", "f1", 120.0),
                    ("kindergarten", "missing", "f2", 480.0),
                    ("library", "missing", pd.NA, pd.NA),
                )
            ]
        ).set_index("id"),
        "coverage": pd.DataFrame(
            [
                {
                    "id": f"{area}:wet_market",
                    "area": area,
                    "kind": "wet_market",
                    "layer": "c5",
                    "neighbourhoods": 9,
                    "neighbourhoods_covered": 4,
                    "persons": 900.0,
                    "persons_covered": 400.0,
                }
                for area in ("city", "d0", "d1")
            ]
        ).set_index("id"),
        "heatmap": frame(
            [
                {
                    "id": f"h{i}",
                    "persons": 100.0,
                    "missing_mean": 1.0,
                    "person_gaps": 100.0,
                    "worst_kind": "library",
                }
                for i in ids
            ],
            [cell(*p) for p in places],
        ),
        "districts": frame(
            [
                {
                    "id": f"d{k}",
                    "name": f"片区{k}",
                    "members": 2,
                    "households": 10,
                    "persons": 200.0,
                    "area_m2": 1.0,
                    "colour": k,
                    "must_missing": 1.0,
                    "below_minimum": False,
                }
                for k in range((side + 1) // 2)
            ],
            [
                shapely.unary_union([cell(c, r) for c, r in places if c // 2 == k])
                for k in range((side + 1) // 2)
            ],
        ),
        "stock": frame(
            [
                {
                    "id": "a1",
                    "name": "老车棚",
                    "source": "registered",
                    "kind": "bicycle_shed",
                    "asset_type": "building",
                    "neighbourhood_id": "n0-1",
                    "pathway": "F21",
                    "floor_m2": 120.0,
                },
                {
                    "id": "left1",
                    "name": pd.NA,
                    "source": "leftover",
                    "kind": "corner_land",
                    "asset_type": "land",
                    "neighbourhood_id": "n0-0",
                    "land_m2": 400.0,
                    "sign": "leftover",
                    "confidence": 0.6,
                    "ownership": "unknown",
                    "measures": '{"inscribed_m": 20.0}',
                    "to_find_out": "ownership",
                },
            ],
            [parcel(0, 1).centroid, parcel(0, 0).centroid.buffer(10)],
        ),
        "stock_fits": pd.DataFrame(
            {
                "stock_id": ["a1"],
                "kind": ["library"],
                "neighbourhood_id": ["n0-1"],
                "distance_m": [50.0],
                "limit_m": [300.0],
                "size_m2": [120.0],
                "needed_m2": [100.0],
                "size_basis": ["floor"],
            },
            index=["a1:library:n0-1"],
        ),
    }
    tables["access"] = pd.DataFrame(
        {
            "neighbourhood_id": ids,
            "kind": "kindergarten",
            "layer": "c5",
            "measure": "capacity",
            "demand_basis": "children",
            "facilities": 1,
            "supply_per_1000_persons": 18.0,
            "standard_per_1000_persons": 36.0,
            "access_ratio": 0.5,
            "status": "short",
        },
        index=[f"{i}:kindergarten" for i in ids],
    )
    results = data_dictionary().results
    tables |= weighed(ids, places)
    checked = {key: conform(tables[key], spec, name=key) for key, spec in results.items()}
    return GridAnalysis(city, checked, data_version, read_profile(profile))
