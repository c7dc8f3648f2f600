"""A ground on squared paper: blocks of 100 m, neighbours linked, an easy place to draw plans."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.districting.edges import cell_edges
from spatial.districting.pooling import Pooling
from spatial.plans import District, Draft, PlanRules, ground_of

BLOCK_M = 100.0
NO_RULES = PlanRules()


def unit(column, row):
    return f"n{column}-{row}"


def squared_ground(columns=6, rows=4, *, offers=None, missing=None, **facts):
    """`missing` and `offers`: unit → bits; every unit reaches the offers of its neighbours."""
    places = [(c, r) for c in range(columns) for r in range(rows)]
    ids = [unit(c, r) for c, r in places]
    boxes = [
        shapely.box(c * BLOCK_M, r * BLOCK_M, (c + 1) * BLOCK_M, (r + 1) * BLOCK_M)
        for c, r in places
    ]
    table = pd.DataFrame(
        {
            "name": [f"{c}-{r}小区" for c, r in places],
            "households": 100.0,
            "persons": 300.0,
            "area_m2": 8_100.0,
            "subdistrict": "甲街道",
            "eligibility": "eligible",
        },
        index=ids,
    ).assign(**facts)
    parcels = [box.buffer(-5, join_style="mitre") for box in boxes]
    frame = gpd.GeoDataFrame(table, geometry=parcels, crs=4547)
    cells = gpd.GeoDataFrame(index=ids, geometry=boxes, crs=4547)
    edges = cell_edges(cells)
    inner = edges.dropna(subset="b")
    adjacency = inner[["a", "b"]].assign(barrier="none", walk_m=120.0)
    row_of = {key: row for row, key in enumerate(ids)}
    missing_bits = np.array([(missing or {}).get(key, 0) for key in ids], dtype=np.uint64)
    offer_bits = np.array([(offers or {}).get(key, 0) for key in ids], dtype=np.uint64)
    one = np.array([row_of[a] for a in inner["a"]], dtype=np.int64)
    two = np.array([row_of[b] for b in inner["b"]], dtype=np.int64)
    row, other = np.r_[one, two], np.r_[two, one]
    bits = missing_bits[row] & offer_bits[other]
    has = bits > 0
    pooling = Pooling(
        ("library", "clinic"), row[has], other[has], bits[has], table["persons"].to_numpy()
    )
    return ground_of(
        frame, cells, edges, adjacency, pooling, missing=missing_bits, offers=offer_bits
    )


def striped(ground=None, *, rules=NO_RULES, width=2, **more):
    """Vertical stripes: D1 the first `width` columns, D2 the next …"""
    ground = squared_ground(**more) if ground is None else ground
    of = {key: f"D{int(key[1:].split('-')[0]) // width + 1}" for key in ground.ids}
    districts = [District(key, f"片区{key[1:]}", 0) for key in sorted(set(of.values()))]
    return Draft.of(ground, of, districts, rules=rules)
