"""A made city of 10,000 neighbourhoods in 500 districts, as the API would tell it to the page."""

import json
import math
import random
from itertools import pairwise, product

COLUMNS = 100
ROWS = 100
DISTRICT = (5, 4)
STEP = 0.0009


def corners(lon, lat):
    """Corners of a crooked grid: neighbours share them, so the cells leave no gap."""
    roll = random.Random(4)
    return {
        (x, y): (
            round(lon + (x - COLUMNS / 2 + roll.uniform(-0.3, 0.3)) * STEP * 1.15, 7),
            round(lat + (y - ROWS / 2 + roll.uniform(-0.3, 0.3)) * STEP, 7),
        )
        for x, y in product(range(COLUMNS + 1), range(ROWS + 1))
    }


def ring(points, x, y):
    """Outline of one cell, each side bent twice, as real ones are."""
    around = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)]
    outline = []
    for one, other in pairwise(around):
        a, b = points[min(one, other)], points[max(one, other)]
        bends = [
            (round(a[0] + t * (b[0] - a[0]), 7), round(a[1] + t * (b[1] - a[1]) + 2e-5, 7))
            for t in (0.3, 0.7)
        ]
        outline += [points[one], *(bends if one < other else reversed(bends))]
    return [*outline, points[around[0]]]


def big_table(lon, lat, data_version="big"):
    """Answers by the end of their path: cells, atoms and one plan."""
    points = corners(lon, lat)
    roll = random.Random(7)
    ids = [f"N{y * COLUMNS + x}" for y, x in product(range(ROWS), range(COLUMNS))]
    features = [
        {
            "type": "Feature",
            "id": ids[y * COLUMNS + x],
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring(points, x, y)]},
        }
        for y, x in product(range(ROWS), range(COLUMNS))
    ]
    pairs = [
        (at, at + step)
        for at in range(COLUMNS * ROWS)
        for step in (1, COLUMNS)
        if at + step < COLUMNS * ROWS and (step == COLUMNS or (at + 1) % COLUMNS)
    ]
    metres = 111_000 * STEP
    units = {
        "id": ids,
        "lon": [f["geometry"]["coordinates"][0][0][0] for f in features],
        "lat": [f["geometry"]["coordinates"][0][0][1] for f in features],
        "x_m": [at % COLUMNS * metres for at in range(len(ids))],
        "y_m": [at // COLUMNS * metres for at in range(len(ids))],
        "households": [roll.randint(50, 900) for _ in ids],
        "persons": [roll.randint(150, 2500) for _ in ids],
        "area_m2": [roll.randint(4000, 30000) for _ in ids],
        "cell_m2": [metres**2] * len(ids),
        "perimeter_m": [4 * metres] * len(ids),
        "subdistrict": ["街道"] * len(ids),
        "missing": [[roll.getrandbits(32), roll.getrandbits(8)] for _ in ids],
        "eligible": [True] * len(ids),
    }
    both = [*pairs, *((b, a) for a, b in pairs)]
    atoms = {
        "data_version": data_version,
        "kinds": [f"kind{bit}" for bit in range(40)],
        "parts": [],
        "units": units,
        "links": {
            "a": [a for a, _ in pairs],
            "b": [b for _, b in pairs],
            "shared_m": [metres] * len(pairs),
            "walk_m": [metres] * len(pairs),
            "barrier": ["none"] * len(pairs),
            "linked": [True] * len(pairs),
        },
        "closes": {
            "u": [u for u, _ in both],
            "v": [v for _, v in both],
            "bits": [[roll.getrandbits(32) & roll.getrandbits(32), 3] for _ in both],
        },
    }
    across = math.ceil(COLUMNS / DISTRICT[0])
    district = [
        f"D{at // COLUMNS // DISTRICT[1] * across + at % COLUMNS // DISTRICT[0]}"
        for at in range(len(ids))
    ]
    figures = {"members": 20, "households": 0, "persons": 0, "area_m2": 0, "diameter_m": 0}
    rules = {"maximum": {"households": 12000}, "minimum": {}, "max_distance_m": 900}
    plan = {
        "id": "big",
        "name": "万个小区",
        "head": 1,
        "seq": 1,
        "status": "draft",
        "author": "王工",
        "data_version": data_version,
        "stale": False,
        "districts": [
            {"id": one, "name": f"片区{one[1:]}", "colour": 0, "locked": False, **figures}
            for one in dict.fromkeys(district)
        ],
        "assignment": dict(zip(ids, district, strict=True)),
        "locked_units": [],
        "units": [],
        "fragments": [],
        "broken": [],
        "unassigned": 0,
        "rules": rules | {"same_subdistrict": True, "cut_barriers": [], "refuse": []},
        "undo": None,
        "redo": None,
    }
    return {
        "/layers/cells": json.dumps({"type": "FeatureCollection", "features": features}),
        "/atoms": json.dumps(atoms),
        "/plans/big": json.dumps(plan),
        "/plans": json.dumps({"items": []}),
    }
