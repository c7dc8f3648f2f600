"""Facilities: on their own parcels, along the streets, inside neighbourhoods; with real gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.admin import AdminAreas
from data.demo.estates import Estates
from data.demo.ground import Ground
from data.demo.names import area_names
from data.demo.streets import Ways

__all__ = ["FRONTS", "INSIDE", "ON_PARCELS", "make_facilities"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mix:
    """How many of a kind there are, how big, and how they are named."""

    kind: str
    per_100: float  # per 100 neighbourhoods
    tail: str  # of the name
    floor_m2: tuple[float, float] | None = None
    land_m2: tuple[float, float] | None = None
    capacity: tuple[int, int] | None = None
    missing_share: float = 0.2  # of the city that has none
    public: bool = False  # named after its community, one per community at most


ON_PARCELS: Final = {  # use of the parcel → kinds, name, capacity
    "middle_school": ("middle_school", "中学", (900, 1800)),
    "primary_school": ("primary_school", "小学", (700, 1600)),
    "kindergarten": ("kindergarten", "幼儿园", (180, 420)),
    "food_market": ("food_market", "菜市场", None),
    "pocket_park": ("park", "口袋公园", None),
    "park": ("park", "公园", None),
    "hill": ("park", "山公园", None),
    "parking": ("public_parking", "公共停车场", (40, 260)),
    "hospital": ("community_health_centre,clinic_outpatient", "医院", (80, 600)),
    "mall": ("shopping_mall", "商业广场", None),
    "sports": ("sports_hall,large_sports_ground", "体育中心", None),
    "nursing": ("nursing_home", "养老院", (80, 320)),
}

FRONTS: Final = (
    Mix("community_health_centre", 1.4, "社区卫生服务中心", (1500, 3200), public=True),
    Mix("clinic_outpatient", 5, "门诊部", (120, 600)),
    Mix("nursing_care_home", 0.8, "老年养护院", (2500, 7000), None, (60, 200), public=True),
    Mix("culture_centre", 1.4, "文化活动中心", (2200, 6000), public=True),
    Mix("street_service_centre", 1.1, "便民服务中心", (700, 1600), public=True),
    Mix("subdistrict_office", 1.1, "街道办事处", (1000, 2600), public=True),
    Mix("judicial_office", 1.1, "司法所", (80, 260), public=True),
    Mix("police_station", 2.0, "派出所", (900, 1800), public=True),
    Mix("post_office", 3.5, "邮政支局", (120, 500)),
    Mix("sports_gym", 8, "健身房", (300, 1800)),
    Mix("food_market", 5, "生鲜超市", (300, 1200), missing_share=0.3),
    Mix("bank", 13, "银行网点", (150, 600), missing_share=0.1),
    Mix("telecom_shop", 7, "营业厅", (60, 220)),
    Mix("eating", 110, "餐馆", (40, 420), missing_share=0.04),
    Mix("community_service_station", 11.5, "社区综合服务站", (260, 1100), public=True),
    Mix("community_canteen", 7, "社区食堂", (120, 420), None, (40, 140), 0.35, public=True),
    Mix("culture_station", 9, "文化活动站", (150, 900), missing_share=0.3, public=True),
    Mix("kindergarten", 8, "幼儿园", (1500, 3600), (2200, 5600), (120, 300), 0.3),
    Mix("childcare", 8, "托育园", (160, 700), None, (20, 90), 0.35),
    Mix(
        "elderly_daycare", 8.5, "老年人日间照料中心", (180, 750), None, (15, 60), 0.32, public=True
    ),
    Mix(
        "community_health_station",
        10,
        "社区卫生服务站",
        (100, 320),
        missing_share=0.25,
        public=True,
    ),
    Mix("community_commerce", 55, "便民商店", (25, 160), missing_share=0.05),
    Mix("supermarket", 15, "超市", (300, 2600), missing_share=0.15),
    Mix("pharmacy", 26, "药店", (60, 240), missing_share=0.08),
    Mix("housekeeping", 9, "家政服务部", (20, 90)),
    Mix("recycling_point", 16, "再生资源回收点", (12, 40), (8, 40), missing_share=0.25),
    Mix("waste_station", 11, "垃圾收集站", (60, 140), (110, 220), missing_share=0.15),
    Mix("public_toilet", 22, "公共厕所", (30, 80), (60, 120), missing_share=0.15),
    Mix("bus_stop", 46, "公交站", missing_share=0.05),
    Mix("metro_station", 2.2, "地铁站", missing_share=0.35),
    Mix("convenience_store", 70, "便利店", (40, 120), missing_share=0.05),
    Mix("parcel_facility", 40, "快递驿站", (15, 80), missing_share=0.06),
    Mix("ev_charging", 12, "充电站", None, None, (4, 30)),
    Mix("small_sports_ground", 7, "篮球场", None, (500, 1400), missing_share=0.35),
    Mix("outdoor_fitness", 17, "健身广场", None, (120, 760), missing_share=0.3),
    Mix("medium_sports_ground", 2, "运动场", None, (1300, 2500), missing_share=0.4),
)

INSIDE: Final = (
    Mix("property_room", 62, "物业服务用房", (40, 260)),
    Mix("outdoor_equipment", 48, "健身器械", None, (40, 160)),
    Mix("children_elderly_ground", 36, "儿童老人活动场地", None, (120, 460)),
    Mix("parcel_facility", 62, "智能快件箱", (4, 20)),
    Mix("waste_point", 130, "垃圾投放点", (5, 16)),
    Mix("bike_parking", 58, "非机动车棚", None, (40, 200), (30, 160)),
    Mix("ebike_charging", 52, "电动自行车充电点", None, None, (10, 60)),
    Mix("resident_parking", 66, "居民停车场", None, None, (20, 400)),
    Mix("emergency_shelter", 3, "应急避难点", None, (400, 2400)),
)


def make_facilities(
    ground: Ground,
    ways: Ways,
    estates: Estates,
    admin: AdminAreas,
    rng: np.random.Generator,
    *,
    crs: str,
) -> gpd.GeoDataFrame:
    """Place all facilities; every kind leaves some parts of the city without."""
    parts = [_on_parcels(ground, rng)]
    count = int((ground.kind == "estate").sum())
    xy, parcel, weight = _street_fronts(ground, ways, rng)
    parts += [_drawn(mix, count, xy, parcel, weight, ground, admin, rng) for mix in FRONTS]
    xy, parcel = _courts(ground, estates, rng)
    even = np.ones(len(xy))
    parts += [_drawn(mix, count, xy, parcel, even, ground, admin, rng) for mix in INSIDE]
    frame = pd.concat(parts, ignore_index=True)
    width = max(5, len(str(len(frame))))
    frame.index = pd.Index([f"F{i + 1:0{width}d}" for i in range(len(frame))], name="id")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)


def _on_parcels(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    chosen = np.flatnonzero(np.isin(ground.kind, list(ON_PARCELS)))
    area = shapely.area(ground.parcels[chosen])
    kinds, tails, seats = zip(*(ON_PARCELS[k] for k in ground.kind[chosen]), strict=True)
    stems = [name.removesuffix("社区") for name in area_names(len(chosen), "社区", rng)]
    low = np.array([s[0] if s else 0 for s in seats])
    high = np.array([s[1] + 1 if s else 1 for s in seats])
    capacity = rng.integers(low, high).astype(float)
    built = ~np.isin(ground.kind[chosen], ["park", "pocket_park", "hill", "parking"])
    return pd.DataFrame(
        {
            "name": [stem + tail for stem, tail in zip(stems, tails, strict=True)],
            "kind": list(kinds),
            "floor_m2": _maybe(np.where(built, area * 0.55, np.nan).round(), 0.25, rng),
            "land_m2": _maybe(area.round(), 0.2, rng),
            "capacity": _maybe(np.where(capacity > 0, capacity, np.nan), 0.25, rng),
            "access": "public",
            "geometry": ground.parcels[chosen],
        }
    )


def _street_fronts(
    ground: Ground, ways: Ways, rng: np.random.Generator
) -> tuple[Floats, Ints, Floats]:
    """Places on the pavement in front of walls and houses, and how busy each is."""
    lined = np.flatnonzero(np.isin(ground.kind, ["estate", "commercial", "office", "government"]))
    rings = shapely.get_exterior_ring(shapely.buffer(ground.parcels[lined], 1.3, quad_segs=2))
    count = np.maximum(4, (shapely.length(rings) / 11.0).astype(int))
    owner = np.repeat(np.arange(len(rings)), count)
    k = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    share = (k + rng.uniform(0.2, 0.8, len(k))) / count[owner]
    points = shapely.line_interpolate_point(rings[owner], share, normalized=True)
    busy = {"primary": 1.0, "secondary": 2.2, "tertiary": 3.0, "residential": 2.2, "service": 0.9}
    rows = np.flatnonzero((ways.structure == "ground") & np.isin(ways.highway, list(busy)))
    which, found = shapely.STRtree(ways.lines[rows]).query_nearest(
        points, max_distance=26.0, all_matches=False
    )
    street = rows[found]
    liveliness = rng.lognormal(0.0, 1.1, len(ways.lines))
    weight = np.array([busy[h] for h in ways.highway[street]]) * liveliness[street]
    weight *= 0.4 + ground.oldness[lined[owner[which]]]
    return shapely.get_coordinates(points[which]), lined[owner[which]], weight


def _courts(ground: Ground, estates: Estates, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Places beside the lanes inside neighbourhoods."""
    lanes = np.flatnonzero(
        estates.lane
        & (ground.kind[estates.path_parcel] == "estate")
        & (shapely.length(estates.paths) > 12)
    )
    lanes = np.repeat(lanes, 3)
    share = rng.uniform(0.08, 0.92, len(lanes))
    points = shapely.line_interpolate_point(estates.paths[lanes], share, normalized=True)
    ends = shapely.get_coordinates(estates.paths[lanes]).reshape(-1, 2, 2)
    d = np.diff(ends, axis=1)[:, 0]
    d /= np.hypot(d[:, 0], d[:, 1])[:, None]
    side = rng.choice([-1.0, 1.0], len(lanes))
    xy = (
        shapely.get_coordinates(points)
        + np.column_stack([-d[:, 1], d[:, 0]]) * (2.4 * side)[:, None]
    )
    inside = shapely.contains_xy(ground.parcels[estates.path_parcel[lanes]], xy[:, 0], xy[:, 1])
    return xy[inside], estates.path_parcel[lanes[inside]]


def _drawn(
    mix: Mix,
    neighbourhoods: int,
    xy: Floats,
    parcel: Ints,
    weight: Floats,
    ground: Ground,
    admin: AdminAreas,
    rng: np.random.Generator,
) -> pd.DataFrame:
    count = max(1, round(mix.per_100 * neighbourhoods / 100))
    supplied = _supplied(xy, mix.missing_share, rng)
    pool = np.flatnonzero(supplied)
    # Weighted draw without replacement: the smallest exponential waiting times win.
    wait = rng.exponential(1.0, len(pool)) / weight[pool]
    order = pool[np.argsort(wait, kind="stable")]
    community = admin.cell_community[ground.cell[parcel]]
    if mix.public:
        _, first = np.unique(community[order].astype(str), return_index=True)
        order = order[np.sort(first)]
    chosen = np.sort(order[:count])
    n = len(chosen)
    if mix.public:
        stems = [str(name).removesuffix("社区") for name in community[chosen]]
        if mix.kind == "subdistrict_office":
            names = [str(name) for name in admin.cell_office[ground.cell[parcel[chosen]]]]
            names = [name + "办事处" for name in names]
        else:
            names = [stem + mix.tail for stem in stems]
    else:
        names = [stem.removesuffix("社区") + mix.tail for stem in area_names(n, "社区", rng)]
    public = weight.max() > 1.0
    return pd.DataFrame(
        {
            "name": names,
            "kind": mix.kind,
            "floor_m2": _sizes(mix.floor_m2, n, rng),
            "land_m2": _sizes(mix.land_m2, n, rng),
            "capacity": _sizes(mix.capacity, n, rng),
            "access": "public" if public else "residents",
            "geometry": shapely.points(np.round(xy[chosen], 3)),
        }
    )


def _supplied(xy: Floats, missing_share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Whole quarters, about `missing_share` of all places, have none of a kind."""
    field = np.zeros(len(xy))
    for length in rng.uniform(700.0, 2600.0, 5):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        turned = xy[:, 0] * np.cos(angle) + xy[:, 1] * np.sin(angle)
        field += np.sin(2 * np.pi * turned / length + phase)
    return field >= np.quantile(field, missing_share)


def _sizes(
    limits: tuple[float, float] | tuple[int, int] | None, n: int, rng: np.random.Generator
) -> Floats:
    if limits is None:
        return np.full(n, np.nan)
    low, high = limits
    return _maybe(np.round(low + (high - low) * rng.beta(1.6, 2.6, n)), 0.25, rng)


def _maybe(values: Floats, missing: float, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(len(values)) < missing, np.nan, values)
