"""Neighbourhoods and buildings with their facts, complete and as the register would know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.fabric import BUILDING_USE, Fabric
from data.demo.ground import Ground
from data.demo.names import neighbourhood_names
from data.demo.rows import Rows

__all__ = ["Homes", "make_homes"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DWELLING_M2: Final = {
    "estate_1975": 50.0,
    "estate_1985": 57.0,
    "estate_1995": 72.0,
    "estate_2005": 98.0,
    "estate_2015": 112.0,
    "villa": 230.0,
    "single": 66.0,
}
"""Gross floor area behind one household, by style."""


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """Frames of neighbourhoods and buildings, and the truth that they hide in part."""

    neighbourhoods: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    spare: gpd.GeoDataFrame  # slots in the rows that stayed empty: use leftover, shed, garden
    estate: Ints  # (n,) parcel of each neighbourhood
    built: npt.NDArray[np.bool_]  # which slots of the rows carry a building
    building_parcel: Ints  # (b,)
    true_households: Ints  # (n,)
    true_persons: Ints  # (n,)
    building_persons: Ints  # (b,) sums to the true persons


def make_homes(ground: Ground, fabric: Fabric, rows: Rows, rng: np.random.Generator) -> Homes:
    """Give the buildings floors, ages and households, and sum them up by neighbourhood."""
    estate = np.flatnonzero(ground.kind == "estate")
    width = max(4, len(str(len(estate))))
    ids = np.array([f"XQ{i + 1:0{width}d}" for i in range(len(estate))], dtype=object)
    number = np.full(len(ground.kind), -1)
    number[estate] = np.arange(len(estate))
    role = _roles(ground, fabric, rows, number, rng)
    built = role == "built"
    parcel, boxes = rows.parcel[built], rows.boxes[built]
    buildings = _buildings(ground, fabric, parcel, boxes, rng)
    home = buildings["use"].to_numpy() == "residential"
    member = number[parcel]
    households = np.where(home, buildings["households"].to_numpy(), 0).astype(np.int64)
    size = np.clip(rng.normal(2.5, 0.28, len(estate)), 1.7, 3.4)
    persons = rng.poisson(households * size[np.maximum(member, 0)]).astype(np.int64)
    buildings["neighbourhood_id"] = pd.array(
        [
            ids[m] if m >= 0 and known else pd.NA
            for m, known in zip(member, rng.random(len(member)) < 0.85, strict=True)
        ],
        dtype="string",
    )
    inside = member >= 0
    true_households = np.bincount(member[inside], households[inside], len(estate)).astype(np.int64)
    true_persons = np.bincount(member[inside], persons[inside], len(estate)).astype(np.int64)
    frame = _register(ground, fabric, estate, ids, rng)
    frame["building_count"] = np.bincount(member[home], minlength=len(estate))
    frame["floor_area_m2"] = np.bincount(
        member[home], buildings["floor_area_m2"].to_numpy(dtype=float)[home], len(estate)
    ).round()
    grade_d = (buildings["safety_grade"] == "D").fillna(value=False).to_numpy(dtype=bool) & inside
    frame["danger_buildings"] = np.bincount(member[grade_d], minlength=len(estate))
    frame["households"] = _hide(true_households, 0.08, rng, "Int64")
    frame["persons"] = _hide(true_persons, 0.15, rng, "Float64")
    elderly = np.clip(
        0.13 + 0.004 * (2020 - fabric.year[estate]) + rng.normal(0, 0.03, len(estate)), 0.05, 0.4
    )
    frame["elderly_persons"] = (frame["persons"] * elderly).round()
    buildings.loc[rng.random(len(buildings)) < 0.25, "households"] = pd.NA
    young = np.clip(0.21 - 0.35 * elderly + rng.normal(0, 0.02, len(estate)), 0.03, 0.3)
    frame["children_persons"] = (frame["persons"] * young).round()
    spare = gpd.GeoDataFrame(
        {"use": role[~built], "parcel": rows.parcel[~built]},
        geometry=rows.boxes[~built],
    )
    return Homes(
        frame, buildings, spare, estate, built, parcel, true_households, true_persons, persons
    )


def _roles(
    ground: Ground, fabric: Fabric, rows: Rows, number: Ints, rng: np.random.Generator
) -> Objects:
    """Leave a few slots of the rows free: leftover land, sheds, gardens."""
    role = np.full(len(rows.boxes), "built", dtype=object)
    count = np.bincount(rows.parcel, minlength=len(ground.kind))
    roomy = (number[rows.parcel] >= 0) & (count[rows.parcel] >= 5)
    draw = rng.random(len(role))
    old = fabric.year[rows.parcel] < 2000
    role[roomy & old & (draw < 0.035)] = "leftover"
    role[roomy & old & (draw >= 0.035) & (draw < 0.06)] = "shed"
    role[roomy & (draw >= 0.06) & (draw < np.where(old, 0.085, 0.11))] = "garden"
    # No neighbourhood loses more than every third building.
    gone = np.bincount(rows.parcel[role != "built"], minlength=len(count))
    role[(gone * 3 > count)[rows.parcel]] = "built"
    return role


def _buildings(
    ground: Ground, fabric: Fabric, parcel: Ints, boxes: Objects, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    n = len(boxes)
    kind, style = ground.kind[parcel], fabric.style_name[parcel]
    home = kind == "estate"
    use = np.array([BUILDING_USE.get(k, "unknown") for k in kind], dtype=object)
    use[home] = "residential"
    base = rng.integers(fabric.floors_low, fabric.floors_high + 1)[parcel]
    floors = np.clip(base + rng.integers(-1, 2, n), fabric.floors_low[parcel], None)
    floor_area = (shapely.area(boxes) * floors).round(1)
    dwelling = np.array([DWELLING_M2.get(name, np.inf) for name in style])
    households = np.where(home, np.maximum(1, np.round(floor_area / dwelling)), 0).astype(int)
    year = fabric.year[parcel] + rng.integers(0, 3, n)
    age = 2026 - year
    share_d = np.where(age > 40, 0.012, 0.0)
    share_c = np.where(age > 35, 0.10, np.where(age > 25, 0.03, 0.0))
    draw = rng.random(n)
    grade = np.select(
        [draw < share_d, draw < share_d + share_c, draw < share_d + share_c + 0.012 * age],
        ["D", "C", "B"],
        "A",
    ).astype(object)
    unknown_grade = rng.random(n) < 0.35
    life = np.full(n, "in_use", dtype=object)
    factory = kind == "old_factory"
    life[factory] = rng.choice(["disused", "abandoned"], int(factory.sum()), p=[0.6, 0.4])
    life[kind == "construction_stopped"] = "construction_stopped"
    quiet = np.isin(kind, ["workshop", "commercial", "office", "government"])
    life[quiet & (rng.random(n) < 0.05)] = "disused"
    life[home & (age > 35) & (rng.random(n) < 0.008)] = "vacant"
    frame = gpd.GeoDataFrame(
        {
            "use": use,
            "floors": floors.astype(float),
            "height_m": (floors * np.where(home, 2.9, 3.8) + 0.6).round(1),
            "year_built": pd.array(year, dtype="Int64"),
            "households": pd.array(households, dtype="Int64"),
            "floor_area_m2": floor_area,
            "safety_grade": pd.array(
                [pd.NA if u else g for g, u in zip(grade, unknown_grade, strict=True)],
                dtype="string",
            ),
            "lift": floors >= 8,
            "lifecycle": life,
            "residential_evidence": pd.array(["tag" if h else pd.NA for h in home], dtype="string"),
        },
        geometry=boxes,
        index=pd.Index([f"b{i:07d}" for i in range(n)], name="id"),
    )
    frame.loc[~home, "households"] = pd.NA
    frame.loc[rng.random(n) < 0.3, "year_built"] = pd.NA
    frame.loc[rng.random(n) < 0.05, "floors"] = np.nan
    return frame


def _register(
    ground: Ground, fabric: Fabric, estate: Ints, ids: Objects, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Facts that a register knows of each neighbourhood, with the usual holes."""
    n = len(estate)
    year = fabric.year[estate]
    style = fabric.style_name[estate]
    old = year < 2001
    tenure = np.where(
        year < 1995,
        rng.choice(
            ["reform_housing", "public_rental", "enterprise", "mixed", "military"],
            n,
            p=[0.5, 0.1, 0.24, 0.13, 0.03],
        ),
        np.where(
            year < 2004,
            rng.choice(
                ["commercial", "reform_housing", "resettlement", "mixed"],
                n,
                p=[0.45, 0.3, 0.15, 0.1],
            ),
            rng.choice(["commercial", "resettlement", "social"], n, p=[0.82, 0.12, 0.06]),
        ),
    )
    mode = np.where(
        old,
        rng.choice(
            ["社区代管", "单位自管", "物业企业", "居民自治", "无物业"],
            n,
            p=[0.34, 0.16, 0.24, 0.08, 0.18],
        ),
        rng.choice(["物业企业", "社区代管"], n, p=[0.93, 0.07]),
    )
    renewed = old & (rng.random(n) < 0.11)
    subsidy = rng.choice(["外墙节能改造", "供水管网", "雨污分流,道路修缮", "加装电梯"], n)
    will = np.clip(rng.beta(7, 2.2, n), 0.15, 0.99).round(2)
    lost = rng.random(n) < np.where(year < 1990, 0.6, np.where(old, 0.3, 0.03))
    poor = rng.random(n) < np.where(year < 1990, 0.55, np.where(old, 0.3, 0.04))
    planned = rng.random(n)
    text = [
        {"villa": "villa", "single": "single_building"}.get(name, "neighbourhood") for name in style
    ]
    frame = gpd.GeoDataFrame(
        {
            "name": neighbourhood_names(year.tolist(), rng),
            "kind": text,
            "year_built": _hide(year, 0.06, rng, "Int64"),
            "tenure": _hide(tenure, 0.07, rng, "string"),
            "land_ownership": _hide(
                np.where(rng.random(n) < 0.06, "collective", "state"), 0.05, rng, "string"
            ),
            "past_renewal_year": pd.array(
                np.where(renewed, rng.integers(2012, 2024, n), 0), dtype="Int64"
            ),
            "past_central_subsidy": pd.array(
                np.where(renewed & (rng.random(n) < 0.6), subsidy, ""), dtype="string"
            ),
            "past_shantytown_renewal": _hide(rng.random(n) < 0.015, 0.05, rng, "boolean"),
            "expropriation_year": pd.array(
                np.where(old & (planned < 0.02), rng.integers(2027, 2035, n), 0), dtype="Int64"
            ),
            "rebuild_planned": _hide(
                old & (planned > 0.02) & (planned < 0.035), 0.05, rng, "boolean"
            ),
            "resident_will_share": _hide(will, 0.45, rng, "Float64"),
            "property_mode": _hide(mode, 0.05, rng, "string"),
            "upkeep_lost": _hide(lost, 0.2, rng, "boolean"),
            "utilities_incomplete": _hide(poor, 0.2, rng, "boolean"),
            "derived": "given",
        },
        geometry=ground.parcels[estate],
        index=pd.Index(ids, name="id"),
    )
    for column in ("past_renewal_year", "expropriation_year"):
        frame[column] = frame[column].mask(frame[column] == 0)
    frame["past_central_subsidy"] = frame["past_central_subsidy"].mask(
        frame["past_central_subsidy"] == ""
    )
    return frame


def _hide(
    values: npt.NDArray, share: float, rng: np.random.Generator, dtype: str
) -> pd.api.extensions.ExtensionArray:
    """Make a share of the values missing, as registers do."""
    series = pd.Series(values).astype(dtype)
    return series.mask(rng.random(len(series)) < share).array
