"""The ground plan of the demo city: river, canal, railway, arterials, then ever smaller streets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from data.demo.bend import Bend
from data.demo.cells import Cell, GroundPlan, Point, StreetClass
from data.demo.names import street_names

__all__ = ["STREETS", "STRIPS", "Layout", "make_layout"]

STREETS: Final = {
    "ring": StreetClass("primary", 23.0),
    "primary": StreetClass("primary", 21.0),
    "secondary": StreetClass("secondary", 16.0),
    "tertiary": StreetClass("tertiary", 11.5),
    "residential": StreetClass("residential", 8.0),
    "alley": StreetClass("service", 4.0),
    "path": StreetClass("footway", 2.6),
    "wall": StreetClass("", 0.6),
}
STRIPS: Final = {"river": 46.0, "canal": 11.0, "railway": 14.0}
"""Half-width of the strips on the sheet, from middle to the street along them (river: smallest)."""

GROSS_M2: Final = 300_000.0
GROSS_M2_PER_NEIGHBOURHOOD: Final = 34_000.0
OLD_CELL_M2: Final = 11_000.0
NEW_CELL_M2: Final = 54_000.0
SPECIALS: Final = (  # kind, area on the sheet, distance from the centre as a share of half the city
    ("park", 62_000.0, (0.10, 0.55)),
    ("hill", 95_000.0, (0.62, 0.88)),
    ("university", 90_000.0, (0.45, 0.85)),
    ("old_factory", 42_000.0, (0.25, 0.65)),
    ("industry", 70_000.0, (0.70, 0.92)),
    ("hospital", 26_000.0, (0.15, 0.70)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The plan, how it is bent, and where the water and the rails run on the sheet."""

    plan: GroundPlan
    bend: Bend
    half_m: float
    river: tuple[float, float]  # y of the middle, half-width of the water
    canals: tuple[tuple[Point, Point, float], ...]  # middle line, half-width of the water
    railway: tuple[Point, Point]


def make_layout(
    neighbourhoods: int,
    rng: np.random.Generator,
    *,
    origin_xy_m: tuple[float, float],
    fineness: float = 1.0,
) -> Layout:
    """Draw the plan of a city with room for this many neighbourhoods.

    Parameters
    ----------
    neighbourhoods : int
        How many neighbourhoods shall find a parcel.
    rng : Generator
        Source of all irregularity.
    origin_xy_m : pair of float
        Middle of the city in its zone, metres.
    fineness : float
        Cells are this many times smaller than usual, for a plan that came out too coarse.

    Returns
    -------
    Layout
        Cells with a kind (river, canal, railway, the specials, or ``""`` for a common cell).
    """
    side = math.sqrt(GROSS_M2 + neighbourhoods * GROSS_M2_PER_NEIGHBOURHOOD)
    half = side / 2
    plan = GroundPlan.square(half, STREETS["ring"], ("南环路", "东环路", "北环路", "西环路"))
    water = float(np.clip(side * 0.02, 20.0, 95.0))
    river_y = -0.24 * side
    bank = water + 26.0
    _strip(plan, (0, river_y), (1, 0), bank, "river", ("secondary", "滨江路"), _everywhere)
    tilt = math.tan(math.radians(4.0))
    rail_y = 0.27 * side
    rail = ((-half, rail_y - half * tilt), (half, rail_y + half * tilt))
    along = _unit(rail[0], rail[1])
    _strip(
        plan, rail[0], along, STRIPS["railway"], "railway", ("residential", "沿铁路"), _everywhere
    )
    canals = []
    for x in _spread(max(1, round(side / 5200)), half, rng):
        lean = float(rng.uniform(-0.14, 0.14))
        _strip(
            plan,
            (x, river_y),
            _unit((0, 0), (lean, 1)),
            STRIPS["canal"] + 7.0,
            "canal",
            ("residential", "河沿"),
            lambda cell: cell.centre[1] < river_y - bank,
        )
        reach = river_y + half
        canals.append(((x, river_y), (x - lean * reach, -half), STRIPS["canal"] - 2.0))
    _arterials(plan, half, rng, river_y=river_y, rail_y=rail_y)
    _subdivide(plan, half, rng, _specials(neighbourhoods, half, rng), fineness)
    _name_streets(plan, rng)
    bend = Bend.random(half, origin_xy_m, river_y, rng)
    return Layout(plan, bend, half, (river_y, water), tuple(canals), rail)


def _everywhere(cell: Cell) -> bool:
    return not cell.kind


def _strip(
    plan: GroundPlan,
    through: Point,
    along: Point,
    half_width: float,
    kind: str,
    street: tuple[str, str],
    where: Callable[[Cell], bool],
) -> None:
    """Cut out a strip with a street along either side."""
    across = (-along[1], along[0])
    for sign in (-1.0, 1.0):
        shifted = (
            through[0] + sign * half_width * across[0],
            through[1] + sign * half_width * across[1],
        )
        cells: list[Cell] = []
        for cell in plan.cells:
            parts = None
            if not cell.kind and where(cell):
                name = street[1] + {-1.0: "南街", 1.0: "北街"}[sign]
                parts = plan.cut(cell, shifted, along, STREETS[street[0]], name)
            cells.extend(parts or (cell,))
        plan.cells = cells
    for cell in plan.cells:
        x, y = cell.centre
        off = across[0] * (x - through[0]) + across[1] * (y - through[1])
        if where(cell) and not cell.kind and abs(off) < half_width:
            cell.kind = kind


def _arterials(
    plan: GroundPlan, half: float, rng: np.random.Generator, *, river_y: float, rail_y: float
) -> None:
    """Draw main streets about a kilometre apart, right through the city and over the water."""
    count = max(1, round(2 * half / 960) - 1)
    for vertical in (True, False):
        places = np.linspace(-half, half, count + 2)[1:-1]
        places = places + rng.uniform(-0.13, 0.13, count) * 2 * half / (count + 1)
        ring = {0, count - 1} if count >= 4 else set()
        for k, place in enumerate(places):
            near = min(abs(place - river_y), abs(place - rail_y))
            if not vertical and near < 230:
                continue
            lean = float(rng.uniform(-0.05, 0.05))
            street = STREETS["ring" if k in ring else "primary"]
            name = ""
            if k in ring:
                name = "内环" + ("西东" if vertical else "南北")[k != 0] + "路"
            through = (float(place), 0.0) if vertical else (0.0, float(place))
            along = _unit((0, 0), (lean, 1) if vertical else (1, lean))
            _cut_named(plan, through, along, street, name or f"#{int(vertical)}{k}")
    for x in (np.arange(count) + 0.5) / count * 2 * half - half:
        _bridge_only(plan, (float(x) + 60.0, 0.0), (0.04, 1.0), ("river",), "tertiary")
        _bridge_only(plan, (float(x) - 40.0, 0.0), (0.02, 1.0), ("railway",), "path")
    for y in np.arange(-half + 140.0, river_y - 150.0, 330.0):
        _bridge_only(plan, (0.0, float(y)), (1.0, 0.0), ("canal",), "path")


def _cut_named(
    plan: GroundPlan, through: Point, along: Point, street: StreetClass, name: str
) -> None:
    plan.cut_all(through, along, street, name, keep=tuple(STRIPS))


def _bridge_only(
    plan: GroundPlan, through: Point, along: Point, over: tuple[str, ...], street: str
) -> None:
    """Small bridges between the main ones: crossings without a cut."""
    cells = plan.cells
    plan.cells = [cell for cell in cells if cell.kind in over]
    plan.cut_all(through, along, STREETS[street], "", keep=over)
    plan.cells = cells


def _specials(
    neighbourhoods: int, half: float, rng: np.random.Generator
) -> list[tuple[str, float, Point]]:
    wanted = []
    for kind, area, (near, far) in SPECIALS:
        for _ in range(max(1, round(neighbourhoods / 320))):
            angle = rng.uniform(0, 2 * math.pi)
            reach = rng.uniform(near, far) * half
            reach /= max(abs(math.cos(angle)), abs(math.sin(angle)))
            reach = min(reach, half * 0.93)
            wanted.append((kind, area, (reach * math.cos(angle), reach * math.sin(angle))))
    return wanted


def _subdivide(
    plan: GroundPlan,
    half: float,
    rng: np.random.Generator,
    specials: list[tuple[str, float, Point]],
    fineness: float,
) -> None:
    todo = plan.cells[::-1]
    done: list[Cell] = []
    waiting = list(specials)
    while todo:
        cell = todo.pop()
        if cell.kind:
            done.append(cell)
            continue
        inside = [s for s in waiting if cell.holds(s[2])]
        fits = [s for s in inside if cell.area_m2 < 1.5 * s[1]]
        if fits:
            cell.kind = fits[0][0]
            waiting.remove(fits[0])
            done.append(cell)
            continue
        oldness = _oldness(cell.centre, half)
        target = OLD_CELL_M2**oldness * NEW_CELL_M2 ** (1 - oldness) / fineness
        target *= float(rng.lognormal(0.0, 0.28))
        parts = None
        if cell.area_m2 > 1.5 * target or inside:
            parts = _halve(plan, cell, rng, oldness)
        if parts is None:
            done.append(cell)
        else:
            todo.extend(parts)
    plan.cells = done
    for kind, area, _ in waiting:  # its place fell into the river or onto another one
        common = [cell for cell in done if not cell.kind]
        min(common, key=lambda cell: abs(cell.area_m2 - area)).kind = kind


def _oldness(at: Point, half: float) -> float:
    """How much a place belongs to the old town: 1 in its middle, 0 at the edge of the city."""
    reach = math.hypot(at[0] - 0.08 * half, at[1] - 0.05 * half) / half
    return float(np.clip(1.15 - 1.15 * reach, 0.0, 1.0))


def _halve(
    plan: GroundPlan, cell: Cell, rng: np.random.Generator, oldness: float
) -> tuple[Cell, Cell] | None:
    street = STREETS[_street_for(cell.area_m2, rng, oldness)]
    sides = list(zip(cell.corners, cell.corners[1:] + cell.corners[:1], strict=True))
    a, b = max(sides, key=lambda side: math.dist(*side))
    d = _unit(a, b)
    spans = [(p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1] for p in cell.corners]
    low, high = min(spans), max(spans)
    for _ in range(4):
        share = 0.5 + float(rng.uniform(-0.13, 0.13))
        turn = float(rng.normal(0.0, 0.07))
        at = low + share * (high - low)
        x, y = cell.centre
        off = (x - a[0]) * -d[1] + (y - a[1]) * d[0]
        through = (a[0] + at * d[0] - off * d[1], a[1] + at * d[1] + off * d[0])
        along = (
            -d[1] * math.cos(turn) - d[0] * math.sin(turn),
            d[0] * math.cos(turn) - d[1] * math.sin(turn),
        )
        parts = plan.cut(cell, through, along, street)
        if parts is not None:
            return parts
    return None


def _street_for(area_m2: float, rng: np.random.Generator, oldness: float) -> str:
    if area_m2 > 330_000:
        return "secondary"
    if area_m2 > 125_000:
        return "tertiary"
    if area_m2 > 52_000:
        return "residential"
    old = ("alley", "path", "wall", "residential")
    chance = np.array([0.38, 0.2, 0.34, 0.08]) * oldness
    chance += np.array([0.08, 0.07, 0.4, 0.45]) * (1 - oldness)
    return old[int(rng.choice(4, p=chance / chance.sum()))]


def _name_streets(plan: GroundPlan, rng: np.random.Generator) -> None:
    """Give every chord its name; the pieces of one main street share theirs."""
    sizes = {"primary": "big", "secondary": "middle", "tertiary": "middle"}
    tags = sorted({c.name for c in plan.chords if c.name.startswith("#")})
    shared = dict(zip(tags, street_names(["big"] * len(tags), rng), strict=True))
    nameless = [c for c in plan.chords if not c.name and c.street.highway]
    names = street_names([sizes.get(c.street.highway, "small") for c in nameless], rng)
    for chord, name in zip(nameless, names, strict=True):
        chord.name = "" if chord.street.highway == "footway" else name
    for chord in plan.chords:
        chord.name = shared.get(chord.name, chord.name)
    plan.crossings = [
        type(c)(c.strip, c.start, c.end, c.street, shared.get(c.name, c.name))
        for c in plan.crossings
    ]


def _spread(count: int, half: float, rng: np.random.Generator) -> list[float]:
    places = np.linspace(-half, half, 2 * count + 1)[1::2] * 0.8
    return [float(x) for x in places + rng.uniform(-0.12, 0.12, count) * half / count]


def _unit(a: Point, b: Point) -> Point:
    length = math.dist(a, b)
    return ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
