"""What lies between the streets: parcels with a use, water, rails and green banks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from data.demo.layout import Layout

__all__ = ["Ground", "make_ground"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

USES: Final = (  # kind, how many per 100 neighbourhoods, parcel area between, m²; rare ones first
    ("sports", 1.6, (6_000, 30_000)),
    ("nursing", 1.4, (3_000, 16_000)),
    ("construction_stopped", 1.2, (4_000, 25_000)),
    ("hospital", 0.7, (9_000, 40_000)),
    ("middle_school", 2.6, (14_000, 45_000)),
    ("primary_school", 5.5, (8_000, 30_000)),
    ("kindergarten", 6.0, (2_500, 9_000)),
    ("food_market", 4.0, (2_000, 9_000)),
    ("mall", 2.2, (9_000, 40_000)),
    ("government", 2.6, (3_000, 16_000)),
    ("pocket_park", 8.0, (1_000, 9_000)),
    ("parking", 4.0, (1_200, 7_000)),
    ("vacant", 2.6, (1_200, 20_000)),
    ("commercial", 7.0, (2_000, 25_000)),
    ("office", 5.0, (4_000, 30_000)),
    ("workshop", 2.2, (4_000, 40_000)),
)
SMALLEST_PARCEL_M2: Final = 900.0
SMALLEST_ESTATE_M2: Final = 3_200.0


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Parcels and water of the bent city; row ``i`` of a parcel field is parcel ``i``."""

    outlines: Objects  # (c,) cells up to the street's middle; together without gap or overlap
    cell_path: list[tuple[int, ...]]  # (c,) the cuts that led to each cell
    parcels: Objects  # (p,)
    cell: npt.NDArray[np.int64]  # (p,) cell of the parcel
    kind: Objects  # (p,) use; "estate" for neighbourhoods
    oldness: Floats  # (p,) 1 = middle of the old town
    water: Objects
    water_kind: tuple[str, ...]
    rails: Objects
    banks: Objects


def make_ground(layout: Layout, neighbourhoods: int, rng: np.random.Generator) -> Ground | None:
    """Bend the plan and give every parcel a use; None where there is too little room."""
    plan, bend = layout.plan, layout.bend
    rings, owners = [], []
    for number, cell in enumerate(plan.cells):
        if cell.kind in ("river", "canal", "railway"):
            continue
        widths = [plan.chords[edge].street.half_width_m for edge in cell.edges]
        ring = plan.inset(cell, widths)
        if ring:
            rings.append(np.array(ring))
            owners.append(number)
    parcels = bend.polygons(rings, step_m=18.0)
    owner = np.array(owners)
    roomy = (shapely.area(parcels) > SMALLEST_PARCEL_M2) & ~shapely.is_empty(
        shapely.buffer(parcels, -9.0, join_style="mitre")
    )
    parcels, owner = parcels[roomy], owner[roomy]
    special = np.array([plan.cells[number].kind for number in owner], dtype=object)
    centre = np.array([plan.cells[number].centre for number in owner])
    reach = np.hypot(centre[:, 0] - 0.08 * layout.half_m, centre[:, 1] - 0.05 * layout.half_m)
    oldness = np.clip(1.15 - 1.15 * reach / layout.half_m, 0.0, 1.0)
    kind = _uses(parcels, special, oldness, neighbourhoods, rng)
    if kind is None:
        return None
    water, water_kind = _water(layout)
    outlines = bend.polygons([np.array(plan.outline(cell)) for cell in plan.cells], step_m=22.0)
    strips = np.array([cell.kind == "river" for cell in plan.cells])
    banks = shapely.difference(
        shapely.buffer(outlines[strips], -13.0, join_style="mitre"),
        shapely.buffer(shapely.union_all(water), 1.0),
    )
    banks = shapely.get_parts(banks)
    return Ground(
        outlines=outlines,
        cell_path=[cell.path for cell in plan.cells],
        parcels=parcels,
        cell=owner,
        kind=kind,
        oldness=oldness,
        water=water,
        water_kind=water_kind,
        rails=bend.lines([np.array(layout.railway)], step_m=18.0),
        banks=banks[shapely.area(banks) > 200.0],
    )


def _uses(
    parcels: Objects,
    special: Objects,
    oldness: Floats,
    neighbourhoods: int,
    rng: np.random.Generator,
) -> Objects | None:
    """Choose what each parcel is for: exactly `neighbourhoods` estates, the rest is the town."""
    area = shapely.area(parcels)
    kind = special.copy()
    free = kind == ""
    wide = ~shapely.is_empty(shapely.buffer(parcels, -15.0, join_style="mitre"))
    area = np.where(wide, area, np.minimum(area, SMALLEST_ESTATE_M2 - 1.0))
    homes = free & (area > SMALLEST_ESTATE_M2)
    others = round(sum(per_100 for _, per_100, _ in USES) * neighbourhoods / 100)
    if homes.sum() < neighbourhoods + 0.8 * others:
        return None
    for use, per_100, (least, most) in USES:
        count = max(1, round(per_100 * neighbourhoods / 100))
        candidates = np.flatnonzero((kind == "") & (area > least) & (area < most))
        spare = int(((kind == "") & (area > SMALLEST_ESTATE_M2)).sum()) - neighbourhoods
        if use not in ("pocket_park", "parking", "vacant"):
            count = min(count, max(spare, 0))
        keep = area[candidates] < SMALLEST_ESTATE_M2
        weight = np.where(keep, 3.0, 1.0) if use in ("pocket_park", "parking", "vacant") else None
        chosen = _draw(candidates, min(count, len(candidates)), weight, rng)
        if (area[chosen] > SMALLEST_ESTATE_M2).sum() > spare:
            chosen = chosen[area[chosen] <= SMALLEST_ESTATE_M2]
        kind[chosen] = use
    candidates = np.flatnonzero((kind == "") & (area > SMALLEST_ESTATE_M2))
    kind[_draw(candidates, neighbourhoods, None, rng)] = "estate"
    rest = np.flatnonzero(kind == "")
    tiny = area[rest] < SMALLEST_ESTATE_M2
    kind[rest[tiny]] = rng.choice(
        ["pocket_park", "commercial", "parking", "vacant"],
        int(tiny.sum()),
        p=[0.3, 0.45, 0.1, 0.15],
    )
    edge = oldness[rest[~tiny]] < 0.25
    kind[rest[~tiny]] = np.where(
        edge & (rng.random(len(edge)) < 0.5),
        "workshop",
        rng.choice(
            ["commercial", "office", "government", "vacant"], len(edge), p=[0.5, 0.3, 0.1, 0.1]
        ),
    )
    return kind


def _draw(
    candidates: npt.NDArray[np.int64], count: int, weight: Floats | None, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    p = None if weight is None or not len(weight) else weight / weight.sum()
    return np.sort(rng.choice(candidates, count, replace=False, p=p))


def _water(layout: Layout) -> tuple[Objects, tuple[str, ...]]:
    half = layout.half_m * 1.02
    y, wide = layout.river
    rings = [np.array([(-half, y - wide), (half, y - wide), (half, y + wide), (-half, y + wide)])]
    for (x0, y0), (x1, y1), narrow in layout.canals:
        rings.append(
            np.array([(x1 - narrow, y1), (x1 + narrow, y1), (x0 + narrow, y0), (x0 - narrow, y0)])
        )
    bent = layout.bend.polygons(rings, step_m=18.0)
    river = shapely.union_all(bent[:1])
    canals = shapely.difference(bent[1:], river)
    return np.array([river, *canals], dtype=object), ("river", *["canal"] * len(canals))
