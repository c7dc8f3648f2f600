"""Registered stock of every ownership class, and areas under protection or plan."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.ground import Ground
from data.demo.people import Homes

__all__ = ["make_constraints", "make_stock_assets"]

Objects = npt.NDArray[np.object_]

LAND_KINDS: Final = (
    "vacant_land",
    "idle_land",
    "waste_land",
    "freed_land",
    "temporary_building",
    "cleared_storage",
    "land_awaiting_renewal",
)
LAND_OWNERS: Final = (
    ("state", "区城市建设投资中心", "allocated"),
    ("state", "区土地储备中心", "unknown"),
    ("soe_allocated", "市纺织控股公司", "allocated"),
    ("soe_granted", "市城建集团", "granted"),
    ("collective", "村股份经济合作社", "unknown"),
    ("private_company", "恒泰置业有限公司", "granted"),
    ("unknown", None, "unknown"),
)
ROOM_OWNERS: Final = (
    ("institution", "区机关事务中心", "allocated"),
    ("institution", "区教育局", "allocated"),
    ("soe_allocated", "市粮食集团", "allocated"),
    ("soe_granted", "市商业控股公司", "granted"),
    ("private_company", "和顺商贸有限公司", "granted"),
    ("individual", "个人业主", "granted"),
)


def make_stock_assets(
    ground: Ground, homes: Homes, rng: np.random.Generator, *, crs: str
) -> gpd.GeoDataFrame:
    """Register sheds, gatehouses' neighbours, basements, idle rooms, factories and bare land."""
    parts = [
        _sheds(homes, rng),
        _rooms_of_owners(homes, rng),
        _rooms_in_town(ground, homes, rng),
        _idle_buildings(ground, homes, rng),
        _bare_land(ground, homes, rng),
        _public_green(ground),
    ]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    width = max(4, len(str(len(frame))))
    frame.index = pd.Index([f"ZC{i + 1:0{width}d}" for i in range(len(frame))], name="id")
    area = shapely.area(frame["geometry"].to_numpy()).round(1)
    land = (frame["asset_type"] == "land").to_numpy()
    frame["land_m2"] = np.where(land & (area > 0), area, np.nan)
    frame.loc[rng.random(len(frame)) < 0.1, "floor_m2"] = np.nan
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)


def _sheds(homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Turn empty slots in the rows into bicycle sheds, smaller than the slot."""
    slot = homes.spare[homes.spare["use"] == "shed"]
    sheds = shapely.buffer(slot.geometry.to_numpy(), -2.6, join_style="mitre")
    sheds = sheds[~shapely.is_empty(sheds)]
    n = len(sheds)
    return pd.DataFrame(
        {
            "name": [f"自行车棚{i + 1}号" for i in range(n)],
            "asset_type": "building",
            "kind": "bicycle_shed",
            "ownership": "owners_common",
            "owner": "全体业主",
            "acquisition": "unknown",
            "core_function": False,
            "current_use": rng.choice(["闲置", "堆放杂物", "停放自行车"], n),
            "floor_m2": shapely.area(sheds).round(1),
            "floor_level": 1,
            "own_entrance": True,
            "inside_red_line": True,
            "state": rng.choice(["idle", "underused", "in_use"], n, p=[0.4, 0.45, 0.15]),
            "geometry": sheds,
        }
    )


def _rooms_of_owners(homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Basements, property rooms, ground-floor shops, vacant flats, roofs: parts of buildings."""
    buildings = homes.buildings
    home = np.flatnonzero((buildings["use"] == "residential").to_numpy())
    count = max(9, round(len(home) * 0.035))
    picked = np.sort(rng.choice(home, min(count, len(home)), replace=False))
    kinds = np.array(
        [
            "basement",
            "property_room",
            "ground_floor_shop",
            "vacant_house",
            "roof",
            "vacated_space",
            "idle_public_housing",
            "gatehouse",
        ],
        dtype=object,
    )
    kind = kinds[np.arange(len(picked)) % len(kinds)]
    n = len(picked)
    foot = shapely.area(buildings.geometry.to_numpy()[picked])
    share = {
        "basement": 0.9,
        "property_room": 0.15,
        "ground_floor_shop": 0.35,
        "vacant_house": 0.12,
        "roof": 0.8,
        "vacated_space": 0.5,
        "idle_public_housing": 0.7,
        "gatehouse": 0.03,
    }
    owner = {
        "basement": ("owners_common", "全体业主"),
        "property_room": ("owners_common", "全体业主"),
        "gatehouse": ("owners_common", "全体业主"),
        "vacated_space": ("owners_common", "全体业主"),
        "roof": ("owners_common", "全体业主"),
        "vacant_house": ("individual", "个人业主"),
        "idle_public_housing": ("state", "区房产管理中心"),
    }
    shop = [ROOM_OWNERS[i] for i in rng.integers(3, 6, n)]
    rooms = [owner.get(k, shop[i][:2]) for i, k in enumerate(kind)]
    points = shapely.point_on_surface(buildings.geometry.to_numpy()[picked])
    level = {"basement": -1, "vacant_house": 3, "roof": 7}
    zh = {
        "basement": "普通地下室",
        "property_room": "物业用房",
        "ground_floor_shop": "底商",
        "vacant_house": "空置住房",
        "roof": "屋面",
        "vacated_space": "腾退用房",
        "idle_public_housing": "闲置公房",
        "gatehouse": "门卫室",
    }
    return pd.DataFrame(
        {
            "name": [f"{zh[k]}{i + 1}" for i, k in enumerate(kind)],
            "asset_type": "building",
            "kind": kind,
            "ownership": [r[0] for r in rooms],
            "owner": [r[1] for r in rooms],
            "acquisition": ["granted" if r[0] == "soe_granted" else "unknown" for r in rooms],
            "core_function": False,
            "current_use": "闲置",
            "floor_m2": (foot * np.array([share[k] for k in kind])).round(1),
            "floor_level": [level.get(k, 1) for k in kind],
            "own_entrance": rng.random(n) < 0.6,
            "inside_red_line": True,
            "state": rng.choice(["idle", "underused", "unknown"], n, p=[0.6, 0.3, 0.1]),
            "geometry": points,
        }
    )


def _in_turn(
    owners: tuple[tuple[str, str | None, str], ...], n: int
) -> list[tuple[str, str | None, str]]:
    """Deal out owners so that every class occurs even in a small city."""
    return [owners[i % len(owners)] for i in range(n)]


def _rooms_in_town(ground: Ground, homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Idle floors of offices, shops and public buildings outside the neighbourhoods."""
    kind = ground.kind[homes.building_parcel]
    trade = ["commercial", "office", "government", "mall"]
    town = np.flatnonzero(
        np.isin(kind, trade) & (homes.buildings["lifecycle"] == "in_use").to_numpy()
    )
    n = min(len(town), max(8, round(0.12 * len(homes.estate))))
    picked = np.sort(rng.choice(town, n, replace=False))
    kinds = ("vacated_space", "idle_commercial", "ground_floor_shop", "idle_state_structure")
    owners = _in_turn(ROOM_OWNERS, n)
    core = rng.random(n)
    foot = shapely.area(homes.buildings.geometry.to_numpy()[picked])
    return pd.DataFrame(
        {
            "name": [f"闲置用房{i + 1}" for i in range(n)],
            "asset_type": "building",
            "kind": [kinds[i % len(kinds)] for i in range(n)],
            "ownership": [o[0] for o in owners],
            "owner": [o[1] for o in owners],
            "acquisition": [o[2] for o in owners],
            "core_function": pd.array(
                [pd.NA if c < 0.2 else bool(c > 0.88) for c in core], dtype="boolean"
            ),
            "current_use": rng.choice(["闲置", "部分使用", "仓储"], n),
            "floor_m2": (foot * rng.uniform(0.3, 1.0, n)).round(1),
            "floor_level": rng.choice([1, 1, 2, 3], n),
            "own_entrance": rng.random(n) < 0.7,
            "inside_red_line": False,
            "state": rng.choice(["idle", "underused", "unknown"], n, p=[0.6, 0.3, 0.1]),
            "geometry": shapely.point_on_surface(homes.buildings.geometry.to_numpy()[picked]),
        }
    )


def _idle_buildings(ground: Ground, homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Old factory halls, disused shops and offices, each by its own footprint."""
    buildings, kind = homes.buildings, ground.kind[homes.building_parcel]
    idle = (buildings["lifecycle"] != "in_use").to_numpy() & np.isin(
        kind, ["old_factory", "workshop", "commercial", "office", "government"]
    )
    picked = np.flatnonzero(idle)
    n = len(picked)
    owners = _in_turn(ROOM_OWNERS, n)
    factory = kind[picked] == "old_factory"
    owners = [ROOM_OWNERS[2] if f else o for f, o in zip(factory, owners, strict=True)]
    trade = np.isin(kind[picked], ["commercial"])
    frame = buildings.iloc[picked]
    return pd.DataFrame(
        {
            "name": [f"{'旧厂房' if f else '闲置楼'}{i + 1}" for i, f in enumerate(factory)],
            "asset_type": "building",
            "kind": np.where(trade, "idle_commercial", "idle_state_structure"),
            "ownership": [o[0] for o in owners],
            "owner": [o[1] for o in owners],
            "acquisition": [o[2] for o in owners],
            "core_function": pd.array(
                [
                    pd.NA if u else c
                    for u, c in zip(rng.random(n) < 0.2, rng.random(n) < 0.15, strict=True)
                ],
                dtype="boolean",
            ),
            "current_use": "闲置",
            "floor_m2": frame["floor_area_m2"].to_numpy(dtype=float),
            "floor_level": 1,
            "own_entrance": True,
            "inside_red_line": False,
            "state": "idle",
            "geometry": frame.geometry.to_numpy(),
        }
    )


def _bare_land(ground: Ground, homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Vacant parcels, stopped building sites, and corners of parcels."""
    whole = ground.parcels[np.isin(ground.kind, ["vacant", "construction_stopped"])]
    corners = _corners(ground, homes, max(12, round(0.08 * len(homes.estate)), len(whole)))
    geometry = np.concatenate([whole, corners])
    n = len(geometry)
    corner = np.arange(n) >= len(whole)
    small = ("corner_land", "small_piece", *LAND_KINDS)
    kind = np.array([LAND_KINDS[i % len(LAND_KINDS)] for i in range(n)], dtype=object)
    kind[corner] = [small[i % len(small)] for i in range(int(corner.sum()))]
    owners = _in_turn(LAND_OWNERS, n)
    return pd.DataFrame(
        {
            "name": [f"{'边角地' if c else '闲置地块'}{i + 1}" for i, c in enumerate(corner)],
            "asset_type": "land",
            "kind": kind,
            "ownership": [o[0] for o in owners],
            "owner": [o[1] for o in owners],
            "acquisition": [o[2] for o in owners],
            "core_function": False,
            "current_use": rng.choice(["闲置", "临时停车", "堆场", "荒地"], n),
            "floor_m2": np.nan,
            "inside_red_line": False,
            "state": rng.choice(["idle", "underused"], n, p=[0.75, 0.25]),
            "geometry": geometry,
        }
    )


def _corners(ground: Ground, homes: Homes, count: int) -> Objects:
    """Corners of parcels that no building uses."""
    used = np.isin(ground.kind, ["commercial", "office", "workshop", "government", "estate"])
    parcels = ground.parcels[used]
    at = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(parcels), 0))
    boxes = shapely.box(at[:, 0] - 15, at[:, 1] - 15, at[:, 0] + 15, at[:, 1] + 15)
    pieces = shapely.intersection(parcels, boxes)
    walls = shapely.STRtree(homes.buildings.geometry.to_numpy())
    piece, _ = walls.query(pieces, predicate="dwithin", distance=2.0)
    free = np.ones(len(pieces), dtype=bool)
    free[piece] = False
    free &= (shapely.area(pieces) > 60) & (shapely.get_type_id(pieces) == 3)
    found = np.asarray(pieces[free], dtype=object)
    return found[:: max(1, len(found) // count)][:count]


def _public_green(ground: Ground) -> pd.DataFrame:
    parcels = ground.parcels[ground.kind == "pocket_park"][::5]
    return pd.DataFrame(
        {
            "name": [f"公共绿地{i + 1}" for i in range(len(parcels))],
            "asset_type": "land",
            "kind": "public_green",
            "ownership": "state",
            "owner": "区园林绿化中心",
            "acquisition": "allocated",
            "core_function": True,
            "current_use": "绿地",
            "floor_m2": np.nan,
            "inside_red_line": False,
            "state": "in_use",
            "geometry": parcels,
        }
    )


def make_constraints(
    ground: Ground, homes: Homes, rng: np.random.Generator, *, crs: str
) -> gpd.GeoDataFrame:
    """Heritage, expropriation, rebuild, shanty-town and collective-land areas."""
    estates = homes.neighbourhoods
    order = np.argsort(-ground.oldness[homes.estate], kind="stable")
    shapes = estates.geometry.to_numpy()
    rows: list[tuple[str, str, int | None, object]] = []
    quarter = max(3, len(order) // 40)
    near = order[:quarter]
    joined = shapely.union_all(shapely.buffer(shapes[near], 14.0)).buffer(-12.0)
    for k, part in enumerate(shapely.get_parts(joined)):
        rows.append(("heritage_quarter", f"老城历史文化街区{k + 1}", None, part))
    old = homes.buildings["year_built"].lt(1980).fillna(value=False).to_numpy(dtype=bool)
    for k, box in enumerate(
        homes.buildings.geometry.to_numpy()[old][:: max(1, int(old.sum()) // 12)]
    ):
        rows.append(("heritage_building", f"历史建筑{k + 1}", None, box))
    trees = rng.choice(len(shapes), max(4, len(shapes) // 20), replace=False)
    for k, row in enumerate(np.sort(trees)):
        rows.append(("ancient_tree", f"古树{k + 1}号", None, _inner_corner(shapes[row])))
    planned = estates["expropriation_year"].notna().to_numpy()
    for row in np.flatnonzero(planned):
        year = int(estates["expropriation_year"].iloc[row])
        rows.append(("expropriation", f"征收计划{year}-{row}", year, shapes[row].buffer(4.0)))
    rebuild = estates["rebuild_planned"].fillna(value=False).to_numpy(dtype=bool)
    rows += [
        ("rebuild", f"拆除新建{row}", 2028, shapes[row].buffer(2.0))
        for row in np.flatnonzero(rebuild)
    ]
    done = estates["past_shantytown_renewal"].fillna(value=False).to_numpy(dtype=bool)
    rows += [
        ("shantytown_done", f"已实施棚改{row}", 2015, shapes[row].buffer(1.0))
        for row in np.flatnonzero(done)
    ]
    aged = np.flatnonzero((estates["year_built"] < 1986).fillna(value=False).to_numpy(dtype=bool))
    some = aged[:: max(1, len(aged) // max(2, len(shapes) // 60))]
    rows += [("shantytown_plan", f"棚改计划{row}", 2027, shapes[row].buffer(3.0)) for row in some]
    collective = (
        (estates["land_ownership"] == "collective").fillna(value=False).to_numpy(dtype=bool)
    )
    rows += [
        ("collective_land", f"集体土地{row}", None, shapes[row].buffer(6.0))
        for row in np.flatnonzero(collective)
    ]
    return gpd.GeoDataFrame(
        {
            "kind": [row[0] for row in rows],
            "name": [row[1] for row in rows],
            "year": pd.array([row[2] for row in rows], dtype="Int64"),
        },
        geometry=[row[3] for row in rows],
        crs=crs,
        index=pd.Index([f"C{i + 1:04d}" for i in range(len(rows))], name="id"),
    )


def _inner_corner(parcel: shapely.Polygon) -> shapely.Point:
    """Find a place four metres inside the first corner of a parcel."""
    inner = parcel.buffer(-4.0, join_style="mitre")
    return shapely.get_point(shapely.get_exterior_ring(shapely.get_geometry(inner, 0)), 0)
