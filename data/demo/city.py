"""Putting the demo city together: ground plan, streets, homes, facilities, stock, rasters."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from data.demo.admin import make_admin_areas
from data.demo.amenities import make_facilities
from data.demo.estates import Estates, lay_paths
from data.demo.fabric import make_fabric
from data.demo.ground import Ground, make_ground
from data.demo.holdings import make_constraints, make_stock_assets
from data.demo.idleness import Idleness, make_idleness, make_structures, told_buildings
from data.demo.layout import Layout, make_layout
from data.demo.people import Homes, make_homes
from data.demo.rows import Frames, Rows, divided_rows, lay_rows, parcel_frames
from data.demo.sky import sky_rasters
from data.demo.streets import Ways, insert_vertices, plan_streets, street_frame
from data.demo.survey import make_demand_votes
from data.demo.terrain import elevation_raster, population_raster
from data.demo.walks import Greens, door_paths, green_paths, joined_where_crossing, pavements
from spatial.city.model import City, Raster
from spatial.city.precision import on_grid
from spatial.progress import Progress, silent

__all__ = ["make_demo_city", "make_demo_city_with_truth"]

Objects = npt.NDArray[np.object_]

ZONE: Final = "EPSG:4549"
ORIGIN_XY_M: Final = (519_200.0, 3_353_000.0)
EDGE_M: Final = 120.0
"""The rasters reach this far beyond the city, so that no street runs off them."""
HOME_UNIT_M: Final = 13.0
"""Length of a slab block that one stair serves."""
BUILT_SHARE: Final = 0.943
"""Share of the places in the rows that carry a building; the others stay free (`make_homes`)."""
IMPORTANCE: Final = {
    "primary": 4.0,
    "secondary": 5.0,
    "tertiary": 4.5,
    "residential": 3.0,
    "service": 2.0,
    "footway": 1.0,
}
LAND_USE: Final = {  # use of the parcel → land use, code of the 2023 guide
    "estate": ("residential", "070102"),
    "middle_school": ("education", "080403"),
    "primary_school": ("education", "080403"),
    "kindergarten": ("education", "080404"),
    "university": ("education", "080401"),
    "hospital": ("health", "080601"),
    "nursing": ("public", "080701"),
    "government": ("public", "0801"),
    "sports": ("sports", "080501"),
    "food_market": ("commercial", "090101"),
    "mall": ("commercial", "090101"),
    "commercial": ("commercial", "0901"),
    "office": ("office", "0902"),
    "park": ("park", "1401"),
    "hill": ("park", "1401"),
    "pocket_park": ("park", "1401"),
    "parking": ("parking", "120803"),
    "workshop": ("industrial", "1001"),
    "industry": ("industrial", "1001"),
    "old_factory": ("brownfield", "1001"),
    "construction_stopped": ("construction", "0902"),
    "vacant": ("vacant", "2301"),
}
LIFE: Final = {
    "old_factory": "disused",
    "construction_stopped": "construction_stopped",
    "vacant": "vacant",
}


def make_demo_city(
    *,
    neighbourhoods: int = 100,
    buildings: int | None = None,
    seed: int = 2026,
    progress: Progress = silent,
) -> City:
    """Make a city that does not exist, with every input layer filled.

    Parameters
    ----------
    neighbourhoods : int
        Exactly so many neighbourhoods: 100 make one street office of about 3 km², 10,000 a
        megacity with about a million street edges.
    buildings : int, optional
        About so many buildings (within a tenth): blocks are drawn stair by stair. By default one
        outline for each block, about ten in a neighbourhood; 300,000 suit 10,000 neighbourhoods.
    seed : int
        The same size and seed give the same city, to the last coordinate.
    progress : Progress
        Told what is being made.

    Returns
    -------
    City
        In CGCS2000 / 3-degree Gauss-Kruger CM 120E, with elevation and population rasters.

    Raises
    ------
    ValueError
        If fewer than 20 neighbourhoods are asked for.
    """
    return make_demo_city_with_truth(
        neighbourhoods=neighbourhoods, buildings=buildings, seed=seed, progress=progress
    )[0]


def make_demo_city_with_truth(
    *,
    neighbourhoods: int = 100,
    buildings: int | None = None,
    seed: int = 2026,
    progress: Progress = silent,
) -> tuple[City, dict[str, pd.DataFrame]]:
    """Make the demo city, and say what is true where the city's own tables are silent.

    Returns
    -------
    City
        As :func:`make_demo_city`.
    dict of str to DataFrame
        ``neighbourhoods`` (year_built, households, persons of every neighbourhood, on its id);
        ``buildings`` (persons, neighbourhood_id); ``leftover`` (plots inside neighbourhoods
        where a building could stand and none does: geometry, neighbourhood_id); ``stock``
        (what truly lies idle and what only looks like it: what, real, why, geometry).
    """
    if neighbourhoods < 20:
        raise ValueError(
            f"neighbourhoods={neighbourhoods}: a demo city needs at least 20 to hold a river, "
            "schools and parks."
        )
    progress("demo_city", 0.0)
    layout, ground = _plan(neighbourhoods, seed)
    ways = plan_streets(layout, ground.water, ground.rails)
    fabric = make_fabric(ground.kind, ground.oldness, shapely.area(ground.parcels), _rng(seed, 2))
    progress("demo_city", 0.15)
    frames = parcel_frames(ground.parcels)
    rows = lay_rows(ground.parcels, frames, fabric.style, _rng(seed, 3))
    if buildings is not None:
        rows = divided_rows(rows, count=round(buildings / BUILT_SHARE))
    homes = make_homes(ground, fabric, rows, _rng(seed, 4))
    progress("demo_city", 0.35)
    estates = lay_paths(
        ground.parcels,
        frames,
        rows,
        pitch_m=rows.pitch,
        streets=ways.lines,
        usable=ways.structure == "ground",
        importance=np.array([IMPORTANCE[h] for h in ways.highway]),
        wanted=_gates_wanted(ground, _rng(seed, 5)),
        blocks=ground.parcels,
    )
    greens = green_paths(ground.parcels, ground.kind, ways.lines, ways.structure == "ground")
    streets = _all_ways(ways, layout, ground, rows, homes, frames, estates, greens)
    progress("demo_city", 0.55)
    admin = make_admin_areas(ground, _rng(seed, 6))
    register = homes.neighbourhoods.set_crs(ZONE)
    register["subdistrict"] = admin.cell_office[ground.cell[homes.estate]]
    register["community"] = admin.cell_community[ground.cell[homes.estate]]
    assets = make_stock_assets(ground, homes, _rng(seed, 10), crs=ZONE)
    structures = make_structures(homes, _rng(seed, 13)).set_crs(ZONE)
    facilities = make_facilities(ground, ways, estates, admin, _rng(seed, 9), crs=ZONE)
    idleness = make_idleness(ground, homes, assets, structures, facilities, _rng(seed, 14))
    layers = {
        "streets": street_frame(streets, ZONE),
        "barriers": _walls(ground, _rng(seed, 7)),
        "gates": _gates(ground, estates, homes, _rng(seed, 8)),
        "neighbourhoods": register,
        "buildings": told_buildings(homes.buildings, idleness).set_crs(ZONE),
        "facilities": facilities,
        "admin_areas": admin.frame.set_crs(ZONE),
        "stock_assets": assets,
        "structures": structures.drop(columns="real"),
        "constraints": make_constraints(ground, homes, _rng(seed, 11), crs=ZONE),
        "land_use": _land_use(ground),
        "water": _water(ground, greens.lakes),
        "railways": gpd.GeoDataFrame(
            {"kind": "rail", "name": "环城铁路"}, geometry=ground.rails, crs=ZONE, index=["rw1"]
        ),
    }
    progress("demo_city", 0.85)
    rasters = _rasters(ground, homes, idleness, _rng(seed, 15))
    layers = {name: on_grid(frame) for name, frame in layers.items()}
    truth = _truth(fabric.year, homes, idleness)
    known = truth["neighbourhoods"]
    votes = make_demand_votes(
        layers["neighbourhoods"],
        layers["facilities"],
        known["year_built"],
        known["households"],
        _rng(seed, 12),
    )
    city = City.from_layers(
        "邻里示范城", layers, crs=ZONE, rasters=rasters, tables={"demand_votes": votes}
    )
    progress("demo_city", 1.0)
    return city, truth


def _rng(seed: int, step: int) -> np.random.Generator:
    """Give every step its own stream, so that a change in one leaves the others as they were."""
    return np.random.default_rng([seed, step])


def _plan(neighbourhoods: int, seed: int) -> tuple[Layout, Ground]:
    fineness = 1.3
    for _ in range(40):
        layout = make_layout(
            neighbourhoods, _rng(seed, 0), origin_xy_m=ORIGIN_XY_M, fineness=fineness
        )
        ground = make_ground(layout, neighbourhoods, _rng(seed, 1))
        if ground is not None:
            return layout, ground
        fineness *= 1.05
    raise ValueError(f"No plan has room for {neighbourhoods} neighbourhoods (seed {seed}).")


def _all_ways(
    ways: Ways,
    layout: Layout,
    ground: Ground,
    rows: Rows,
    homes: Homes,
    frames: Frames,
    estates: Estates,
    greens: Greens,
) -> Ways:
    """Join streets, pavements, lanes, doors and park paths into one set of ways."""
    lines = insert_vertices(
        ways.lines,
        np.concatenate([estates.gate_street, greens.link_street]),
        np.concatenate([estates.street_points, greens.street_points]),
    )
    unit_m = np.where(ground.kind == "estate", HOME_UNIT_M, 60.0)
    doors, lanes = door_paths(rows, homes.built, frames, estates, unit_m=unit_m)
    gate_ways = len(lanes) - len(estates.gate_xy_m)
    out = np.concatenate([lanes[gate_ways:], greens.links])
    out, pavement = joined_where_crossing(out, pavements(layout))
    lanes[gate_ways:] = out[: len(estates.gate_xy_m)]
    green = Ways.alike(greens.paths, "footway", 2.5)
    return Ways.join(
        [
            Ways(lines, ways.highway, ways.name, ways.width_m, ways.structure),
            Ways.alike(lanes, "service", 3.5),
            Ways(green.lines, greens.highway, green.name, green.width_m, green.structure),
            Ways.alike(out[len(estates.gate_xy_m) :], "footway", 2.5),
            Ways.alike(pavement, "footway", 3.0),
            Ways.alike(doors, "footway", 1.5),
        ]
    )


def _gates_wanted(ground: Ground, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    area = shapely.area(ground.parcels)
    wanted = 1 + (area > 7_000).astype(int) + (area > 14_000) + (area > 30_000)
    return np.clip(wanted + rng.integers(-1, 2, len(area)), 1, 4).astype(np.int64)


def _walls(ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Walls and fences along the edge of what is closed in; gates lie on them."""
    draw = rng.random(len(ground.kind))
    closed = np.isin(
        ground.kind,
        [
            "estate",
            "middle_school",
            "primary_school",
            "kindergarten",
            "university",
            "industry",
            "old_factory",
            "construction_stopped",
            "hospital",
            "workshop",
        ],
    )
    closed &= ~((ground.kind == "estate") & (draw < 0.13))
    picked = np.flatnonzero(closed)
    kind = np.where(draw[picked] < 0.72, "wall", "fence")
    return gpd.GeoDataFrame(
        {"kind": kind},
        geometry=shapely.get_exterior_ring(ground.parcels[picked]),
        crs=ZONE,
        index=pd.Index([f"w{i:06d}" for i in picked], name="id"),
    ).pipe(_as_lines)


def _as_lines(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn closed rings into plain lines, which every file format can hold."""
    xy, owner = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    return frame.set_geometry(
        gpd.GeoSeries(shapely.linestrings(xy, indices=owner), index=frame.index, crs=frame.crs)
    )


def _gates(
    ground: Ground, estates: Estates, homes: Homes, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    number = np.full(len(ground.kind), -1)
    number[homes.estate] = np.arange(len(homes.estate))
    member = number[estates.gate_parcel]
    closed_in = np.isin(ground.kind, ["park", "pocket_park", "hill", "parking", "vacant"])
    real = ~closed_in[estates.gate_parcel]
    main = estates.gate_rank == 0
    n = len(member)
    access = rng.choice(["public", "residents", "closed", "unknown"], n, p=[0.34, 0.42, 0.13, 0.11])
    access = np.where(
        main, rng.choice(["public", "residents", "unknown"], n, p=[0.5, 0.35, 0.15]), access
    )
    access[member < 0] = "public"
    places = np.array(["大门", "侧门", "后门", "边门"], dtype=object)
    names = homes.neighbourhoods["name"].to_numpy(dtype=object)
    ids = homes.neighbourhoods.index.to_numpy(dtype=object)
    label = [
        f"{names[m]}{places[min(r, 3)]}" if m >= 0 else pd.NA
        for m, r in zip(member, estates.gate_rank, strict=True)
    ]
    kind = np.where(
        main, rng.choice(["gate", "lift_gate", "entrance"], n, p=[0.5, 0.4, 0.1]), "gate"
    )
    frame = gpd.GeoDataFrame(
        {
            "kind": kind,
            "access": access,
            "name": pd.array(label, dtype="string"),
            "neighbourhood_id": pd.array(
                [ids[m] if m >= 0 else pd.NA for m in member], dtype="string"
            ),
        },
        geometry=shapely.points(estates.gate_xy_m),
        crs=ZONE,
        index=pd.Index([f"g{i:06d}" for i in range(n)], name="id"),
    )
    return frame[real]


def _land_use(ground: Ground) -> gpd.GeoDataFrame:
    use = [LAND_USE[k][0] for k in ground.kind] + ["green"] * len(ground.banks)
    code = [LAND_USE[k][1] for k in ground.kind] + ["1402"] * len(ground.banks)
    life = [LIFE.get(k, "in_use") for k in ground.kind] + ["in_use"] * len(ground.banks)
    return gpd.GeoDataFrame(
        {"use": use, "code": code, "scheme": "guide2023", "lifecycle": life},
        geometry=np.concatenate([ground.parcels, ground.banks]),
        crs=ZONE,
        index=pd.Index([f"lu{i:06d}" for i in range(len(use))], name="id"),
    )


def _water(ground: Ground, lakes: Objects) -> gpd.GeoDataFrame:
    names = {"river": "澄江", "canal": "浣溪河", "lake": "镜湖"}
    kind = [*ground.water_kind, *["lake"] * len(lakes)]
    return gpd.GeoDataFrame(
        {"kind": kind, "name": [names[k] for k in kind]},
        geometry=np.concatenate([ground.water, lakes]),
        crs=ZONE,
        index=pd.Index([f"wa{i}" for i in range(len(kind))], name="id"),
    )


def _rasters(
    ground: Ground, homes: Homes, idleness: Idleness, rng: np.random.Generator
) -> dict[str, Raster]:
    crs = pyproj.CRS.from_user_input(ZONE)
    west, south, east, north = (float(v) for v in shapely.total_bounds(ground.outlines))
    bounds = (west - EDGE_M, south - EDGE_M, east + EDGE_M, north + EDGE_M)
    middle = shapely.get_coordinates(shapely.centroid(homes.buildings.geometry.to_numpy()))
    return {
        "elevation": elevation_raster(bounds, ground.parcels[ground.kind == "hill"], crs),
        "population": population_raster(bounds, middle, homes.building_persons, crs),
        **sky_rasters(bounds, ground, homes, idleness, rng, crs=crs),
    }


def _truth(
    year: npt.NDArray[np.int64], homes: Homes, idleness: Idleness
) -> dict[str, pd.DataFrame]:
    ids = homes.neighbourhoods.index
    number = {parcel: i for i, parcel in enumerate(homes.estate)}
    left = homes.spare[homes.spare["use"] == "leftover"]
    owner = pd.Series([number.get(p, -1) for p in homes.building_parcel])
    return {
        "neighbourhoods": pd.DataFrame(
            {
                "year_built": year[homes.estate],
                "households": homes.true_households,
                "persons": homes.true_persons,
            },
            index=ids,
        ),
        "buildings": pd.DataFrame(
            {
                "persons": homes.building_persons,
                "neighbourhood_id": [ids[i] if i >= 0 else None for i in owner],
            },
            index=homes.buildings.index,
        ),
        "leftover": gpd.GeoDataFrame(
            {"neighbourhood_id": [ids[number[p]] for p in left["parcel"]]},
            geometry=left.geometry.to_numpy(),
            crs=ZONE,
        ),
        "stock": idleness.truth.set_crs(ZONE),
    }
