"""What truly lies idle, what only looks like it, and the traces that both leave on the map.

The truth is drawn first; tags, addresses, a list of structures and satellite grids then show it
through noise. So a detector can be judged: it sees the traces, never the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.ground import Ground
from data.demo.people import Homes

__all__ = ["Idleness", "make_idleness", "make_structures", "told_buildings"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUIET: Final = ("commercial", "office", "workshop", "government", "mall", "industry")
"""Uses of parcels on which a building may stand empty without anybody saying so."""
HIDDEN_SHARE: Final = 0.1
"""Share of the buildings in use by their tags that stand empty."""
TOLD_SHARE: Final = 0.3
"""Share of those for which somebody set the tag."""
STALE_SHARE: Final = 0.012
"""Share of buildings in use whose tag still says disused."""
FLAT_SHARE: Final = {"commercial": 0.72, "office": 0.45, "public": 0.6, "industrial": 0.4}
"""Roofs that are flat and free of plant, by use; larger ones rather than smaller ones."""
GREENED_SHARE: Final = 0.12
"""Share of town parcels that got a garden: they turn green and are not idle."""
BARE_SHARE: Final = 0.12
"""Share of workshops with a yard of bare ground in daily use."""
CARS_PER_100_M2: Final = {"residential": 0.55, "commercial": 1.2, "office": 0.8, "public": 0.7}
NEAR_M: Final = 150.0


@dataclass(frozen=True, slots=True, eq=False)
class Idleness:
    """The truth of idleness; row ``i`` of a building field is building ``i``."""

    idle: Bools  # (b,) buildings that stand empty
    lifecycle: Objects  # (b,) what the tags say
    address: Objects  # (b,) None where nobody wrote it down
    lit: Floats  # (b,) light by night, per m² of footprint
    wild: Objects  # land idle for years: overgrown
    cleared: Objects  # land idle since lately: bare
    gardens: Objects  # turned green, in use
    yards: Objects  # bare, in use
    truth: gpd.GeoDataFrame  # what, real, why


def make_idleness(
    ground: Ground,
    homes: Homes,
    assets: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> Idleness:
    """Draw the truth, and what is to be seen of it.

    Parameters
    ----------
    ground : Ground
    homes : Homes
    assets : GeoDataFrame
        The register; its bare land is idle (all but a few plots in use after all).
    structures : GeoDataFrame
        Of :func:`make_structures`, with ``real``.
    facilities : GeoDataFrame
        For the spaces of car parks.
    rng : Generator

    Returns
    -------
    Idleness
        ``truth`` has ``what`` (land, building, structure, parking, roof), ``real`` (False: a decoy)
        and ``why``.
    """
    buildings = homes.buildings
    n = len(buildings)
    kind = ground.kind[homes.building_parcel]
    life = buildings["lifecycle"].to_numpy(dtype=object).copy()
    quiet = np.isin(kind, QUIET)
    draw = rng.random(n)
    untold = quiet & (life == "in_use")
    hidden = untold & (draw < HIDDEN_SHARE)
    idle = (life != "in_use") | hidden
    told = hidden & (rng.random(n) < TOLD_SHARE)
    stale = untold & ~hidden & (rng.random(n) < STALE_SHARE)
    life[told], life[stale] = "disused", "disused"
    mapped = _mapped_share(buildings.geometry.to_numpy(), rng)
    addressed = rng.random(n) < np.where(idle, 0.3 * mapped, mapped)
    street = np.array([f"门牌{i + 1}号" for i in range(n)], dtype=object)
    street[~addressed] = None
    lit = np.where(kind == "estate", 9.0, 14.0) * rng.lognormal(0.0, 0.35, n)
    lit *= np.where(np.isin(kind, ["workshop", "industry"]) & (rng.random(n) < 0.5), 0.1, 1.0)
    lit *= np.where(np.char.endswith(kind.astype(str), "school"), 0.25, 1.0)
    lit[idle] *= rng.uniform(0.02, 0.25, int(idle.sum()))
    bare = assets[(assets["asset_type"] == "land") & (assets["kind"] != "public_green")]
    plots = bare.geometry.to_numpy()
    used = rng.random(len(plots)) < 0.12
    left = homes.spare[homes.spare["use"] == "leftover"].geometry.to_numpy()
    lately = rng.random(len(plots)) < 0.4
    gardens, yards = _decoys(ground, homes, rng)
    real = np.concatenate([plots[~used], left])
    parts = [
        _rows("land", real, "idle plot", real=True),
        _rows("land", plots[used], "a plot of the register that is in use", real=False),
        _rows("land", gardens, "a new garden", real=False),
        _rows("land", yards, "a yard in use", real=False),
        _rows("building", buildings.geometry.to_numpy()[idle], "stands empty", real=True),
        _rows("building", buildings.geometry.to_numpy()[stale], "back in use", real=False),
        _structure_rows(structures),
        _parking(ground, homes, facilities, rng),
        _roofs(homes, idle, rng),
    ]
    truth = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry")
    return Idleness(
        idle=idle,
        lifecycle=life,
        address=street,
        lit=lit,
        wild=plots[~lately & ~used],
        cleared=plots[lately],
        gardens=gardens,
        yards=yards,
        truth=truth,
    )


def told_buildings(buildings: gpd.GeoDataFrame, idleness: Idleness) -> gpd.GeoDataFrame:
    """Return the buildings as the map shows them."""
    return buildings.assign(
        lifecycle=idleness.lifecycle, address=pd.array(idleness.address, dtype="string")
    )


def make_structures(homes: Homes, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """List sheds and huts put up without leave, and what has been decided about each.

    Returns
    -------
    GeoDataFrame
        Columns of the input layer ``structures``, and ``real``: the ground does become free.
    """
    gardens = homes.spare[homes.spare["use"] == "garden"].geometry.to_numpy()
    gardens = gardens[rng.random(len(gardens)) < 0.6]
    n = len(gardens)
    middle = shapely.get_coordinates(shapely.centroid(gardens)) + rng.uniform(-3, 3, (n, 2))
    half = rng.uniform(3.0, 7.5, (n, 2)) / np.array([1.0, 1.3])
    boxes = shapely.box(*(middle - half).T, *(middle + half).T)
    kind = rng.choice(["illegal", "temporary", "unknown"], n, p=[0.55, 0.35, 0.1])
    status = np.where(
        kind == "illegal",
        rng.choice(["found", "ordered", "cleared", "unknown"], n, p=[0.4, 0.3, 0.15, 0.15]),
        rng.choice(["permitted", "found", "unknown"], n, p=[0.4, 0.35, 0.25]),
    )
    chance = pd.Series(status).map(
        {"found": 0.4, "ordered": 0.75, "cleared": 0.9, "unknown": 0.25, "permitted": 0.08}
    )
    return gpd.GeoDataFrame(
        {
            "name": [f"搭建物{i + 1}" for i in range(n)],
            "kind": kind,
            "status": status,
            "year": pd.array(
                np.where(status == "permitted", 2027, rng.integers(2012, 2026, n)), dtype="Int64"
            ),
            "real": rng.random(n) < chance.to_numpy(),
        },
        geometry=boxes,
        index=pd.Index([f"WJ{i + 1:05d}" for i in range(n)], name="id"),
    )


def _mapped_share(shapes: Objects, rng: np.random.Generator) -> Floats:
    """How completely a quarter is mapped: some are known door by door, others hardly."""
    xy = shapely.get_coordinates(shapely.centroid(shapes))
    field = np.zeros(len(xy))
    for length in rng.uniform(900.0, 3000.0, 4):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        turned = xy[:, 0] * np.cos(angle) + xy[:, 1] * np.sin(angle)
        field += np.sin(2 * np.pi * turned / length + phase)
    return 0.1 + 0.87 / (1 + np.exp(-3.0 * (field + 0.3)))


def _decoys(ground: Ground, homes: Homes, rng: np.random.Generator) -> tuple[Objects, Objects]:
    """Land in use that looks idle from above: new gardens, bare yards."""
    town = np.flatnonzero(np.isin(ground.kind, QUIET))
    some = town[rng.random(len(town)) < GREENED_SHARE + 0.5 / max(len(town), 1)]
    sheds = np.flatnonzero(np.isin(ground.kind, ["workshop", "industry", "commercial"]))
    open_air = sheds[rng.random(len(sheds)) < BARE_SHARE]
    return _rest(ground, homes, some), _rest(ground, homes, open_air)


def _rest(ground: Ground, homes: Homes, parcels: npt.NDArray[np.int64]) -> Objects:
    """Half of what of these parcels nothing stands on."""
    rest = []
    for parcel in parcels:
        shape = ground.parcels[parcel]
        here = homes.buildings.geometry.to_numpy()[homes.building_parcel == parcel]
        west, south, east, north = shape.bounds
        half = shapely.box(west, south, (west + east) / 2, north)
        free = shapely.difference(
            shapely.intersection(shape, half), shapely.buffer(shapely.union_all(here), 3.0)
        )
        rest += [part for part in shapely.get_parts(free) if part.area > 200]
    return np.array(rest, dtype=object)


def _parking(
    ground: Ground, homes: Homes, facilities: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Car parks that stand half empty: the more so the less is built around them."""
    lots = ground.parcels[ground.kind == "parking"]
    buildings = homes.buildings
    floor_m2 = buildings["floor_area_m2"].to_numpy(dtype=float)
    rate = buildings["use"].map(CARS_PER_100_M2).fillna(0.4).to_numpy(dtype=float)
    lot, near = shapely.STRtree(buildings.geometry.to_numpy()).query(
        lots, predicate="dwithin", distance=NEAR_M
    )
    need = np.bincount(lot, (floor_m2 * rate / 100)[near], minlength=len(lots))
    told = facilities.loc[facilities["kind"] == "public_parking", "capacity"]
    spaces = np.where(np.isnan(told), shapely.area(lots) / 30.0, told)  # one row a lot, in order
    score = 1.6 * np.log(np.maximum(spaces, 1) / np.maximum(need, 1)) + 2.0
    real = rng.random(len(lots)) < 1 / (1 + np.exp(-score))
    return _rows("parking", lots, np.where(real, "half empty", "full by night"), real=real)


def _roofs(homes: Homes, idle: Bools, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Large roofs of the town: flat and free, or pitched and full of plant."""
    buildings = homes.buildings
    area_m2 = shapely.area(buildings.geometry.to_numpy())
    large = ~idle & (area_m2 > 300.0) & buildings["use"].isin(FLAT_SHARE).to_numpy(dtype=bool)
    share = buildings["use"].map(FLAT_SHARE).fillna(0.0).to_numpy(dtype=float)
    chance = share * np.clip(0.55 + 0.35 * np.log10(np.maximum(area_m2, 1) / 300.0), 0, 1)
    real = rng.random(len(buildings)) < chance
    shapes = buildings.geometry.to_numpy()[large]
    return _rows("roof", shapes, np.where(real[large], "flat", "not usable"), real=real[large])


def _structure_rows(structures: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return _rows(
        "structure",
        structures.geometry.to_numpy(),
        structures["status"].to_numpy(dtype=object),
        real=structures["real"].to_numpy(dtype=bool),
    )


def _rows(what: str, shapes: Objects, why: object, *, real: bool | Bools) -> gpd.GeoDataFrame:
    index = range(len(shapes))
    columns = {
        "what": pd.Series(what, index, dtype="string"),
        "real": pd.Series(real, index, dtype=bool),
        "why": pd.Series(why, index, dtype="string"),
    }
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=index)
