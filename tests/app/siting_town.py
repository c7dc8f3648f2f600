"""A siting ground of the grid town, small enough to check by eye: no analysis is needed."""

import numpy as np
import pandas as pd
from grid_town import SOUTH_M, WEST_M, grid_analysis

from app.siting.grounds import SitingGround
from spatial.siting.problem import SitingProblem
from spatial.standards import read_profile
from spatial.stock.documents import asset_warnings, documents_needed

SIDE = 4
KINDS = {"elderly_daycare": 350.0, "community_canteen": 100.0, "park": 400.0}
SIZES = {"small": 0.5, "standard": 1.0}


def siting_ground(data_version="v1", profile="ningbo"):
    """Sixteen neighbourhoods that lack three kinds; six assets, each reaching a two-block walk."""
    analysis = grid_analysis(side=SIDE, data_version=data_version)
    places = analysis.tables["neighbourhoods"]
    at = {name: (place.x, place.y) for name, place in places.centroid.items()}
    assets = _assets(places)
    options = _options(assets)
    demand = _demand(places)
    start, row = [0], []
    for option in options.itertuples():
        x, y = assets.loc[option.asset, ["x_m", "y_m"]]
        for number, need in enumerate(demand.itertuples()):
            east, north = at[need.place]
            if need.kind == option.kind and abs(east - x) + abs(north - y) <= 160:
                row.append(number)
        start.append(len(row))
    problem = SitingProblem.from_frames(
        assets, options, demand, (np.array(start), np.array(row, dtype=int))
    )
    stock = assets.assign(constraints=["ancient_tree", *[pd.NA] * (len(assets) - 1)])
    return SitingGround(
        data_version=data_version,
        profile=read_profile(profile),
        crs=places.crs.to_wkt(),
        problem=problem,
        places=pd.DataFrame(places[["name", "district_id"]]),
        documents=documents_needed(stock),
        warnings=asset_warnings(stock),
    )


def _assets(places):
    """`a1` is an asset of the grid town's stock, the others are known to the siting alone."""
    corners = [(0, 1), (1, 2), (3, 3), (2, 0), (3, 1), (0, 3)]
    kinds = ["building", "building", "land", "building", "land", "building"]
    paths = ["F21", "F22", "F26", "F28", "F27", pd.NA]
    homes = [f"n{column}-{row}" for column, row in corners]
    return pd.DataFrame(
        {
            "x_m": [WEST_M + 100.0 * column + 50 for column, _ in corners],
            "y_m": [SOUTH_M + 100.0 * row + 50 for _, row in corners],
            "floor_m2": [600.0, 500.0, 900.0, 450.0, 500.0, 800.0],
            "most_kinds": [2, 2, 1, 2, 1, 2],
            "name": [f"资源{number}" for number in range(1, 7)],
            "source": "registered",
            "asset_type": kinds,
            "ownership": "state",
            "pathway": pd.array(paths, dtype="string"),
            "to_find_out": pd.array([pd.NA] * 5 + ["ownership"], dtype="string"),
            "consent_zh": "租赁合同",
            "consent_en": "lease contract",
            "clause": "S0 五",
            "neighbourhood_id": homes,
            "district": [str(places.loc[home, "district_id"]) for home in homes],
        },
        index=[f"a{number}" for number in range(1, 7)],
    )


def _options(assets):
    rows = {}
    for asset, facts in assets.iterrows():
        for kind, area_m2 in KINDS.items():
            if (kind == "park") != (facts["asset_type"] == "land"):
                continue
            for size, share in SIZES.items():
                used = area_m2 * share
                land = facts["asset_type"] == "land"
                rows[f"{asset}/{kind}/{size}"] = {
                    "asset": asset,
                    "kind": kind,
                    "size": size,
                    "size_m2": used,
                    "floor_m2": used,
                    "built_m2": np.nan if land else used,
                    "ground_m2": used if land else np.nan,
                    "asset_type": facts["asset_type"],
                    "pathway": facts["pathway"],
                    "mode": "new_build" if land else "lease",
                    "cost_yuan": 2_000.0 * used,
                    "yearly_yuan": 100.0 * used,
                    "capacity_persons": 600.0 * share,
                    "capacity_source": "GB 50180-2018",
                    "capacity_confidence": "med",
                    "earliest_year": 0 if asset != "a2" else 1,
                    "consent_risk_share": 0.1,
                    "confidence": "product",
                }
    return pd.DataFrame.from_dict(rows, orient="index")


def _demand(places):
    rows = {}
    for number, (place, facts) in enumerate(places.iterrows()):
        for kind in KINDS:
            rows[f"{place}:{kind}:c5"] = {
                "place": place,
                "neighbourhood_id": place,
                "kind": kind,
                "layer": "c5",
                "need": "must",
                "why": "missing",
                "limit_m": 300.0,
                "persons": 100.0 + number,
                "weight": 1.0,
                "district": str(facts["district_id"]),
            }
    return pd.DataFrame.from_dict(rows, orient="index")
