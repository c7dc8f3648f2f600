"""The streets of the plan as lines: pieces between junctions, bridges and underpasses marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.cells import Chord
from data.demo.layout import Layout

__all__ = ["Ways", "insert_vertices", "plan_streets", "street_frame"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

STEP_M = 22.0
PAVEMENT_M = {"primary": 5.0, "secondary": 4.0, "tertiary": 3.0, "residential": 2.5}


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Lines with what is known of them; row ``i`` of each field is way ``i``."""

    lines: Objects
    highway: Objects
    name: Objects
    width_m: Floats
    structure: Objects

    @classmethod
    def join(cls, parts: Sequence[Ways]) -> Ways:
        """Put several sets of ways behind one another."""
        return cls(
            *(
                np.concatenate([getattr(part, field) for part in parts])
                for field in ("lines", "highway", "name", "width_m", "structure")
            )
        )

    @classmethod
    def alike(cls, lines: Objects, highway: str, width_m: float) -> Ways:
        """Nameless ways of one class on the ground."""
        n = len(lines)
        return cls(
            lines,
            np.full(n, highway, dtype=object),
            np.full(n, "", dtype=object),
            np.full(n, width_m),
            np.full(n, "ground", dtype=object),
        )


def plan_streets(layout: Layout, water: Objects, rails: Objects) -> Ways:
    """Cut every chord of the plan at its joints and bend the pieces.

    A piece over water becomes a bridge; a piece across the rails an underpass, or a footbridge
    where it is a footway.
    """
    paths, rows = [], []
    for chord in layout.plan.chords:
        if chord.street.highway:
            stops = _ordered(chord)
            paths += [np.array(pair) for pair in pairwise(stops)]
            rows += [(chord.street, chord.name)] * (len(stops) - 1)
    for crossing in layout.plan.crossings:
        paths.append(np.array([crossing.start, crossing.end]))
        rows.append((crossing.street, crossing.name))
    lines = layout.bend.lines(paths, step_m=STEP_M)
    highway = np.array([street.highway for street, _ in rows], dtype=object)
    width = np.array(
        [2 * (s.half_width_m - PAVEMENT_M.get(s.highway, 0.6)) for s, _ in rows], dtype=float
    )
    over_water = _touched(lines, water)
    over_rails = _touched(lines, rails)
    structure = np.full(len(lines), "ground", dtype=object)
    structure[over_rails] = "tunnel"
    structure[over_water | (over_rails & (highway == "footway"))] = "bridge"
    return Ways(
        lines, highway, np.array([name for _, name in rows], dtype=object), width, structure
    )


def _ordered(chord: Chord) -> list[tuple[float, float]]:
    stops = {chord.start, chord.end, *chord.joints}
    return sorted(stops, key=lambda p: math.dist(p, chord.start))


def _touched(lines: Objects, others: Objects) -> npt.NDArray[np.bool_]:
    touched = np.zeros(len(lines), dtype=bool)
    if len(others):
        touched[shapely.STRtree(lines).query(others, predicate="intersects")[1]] = True
    return touched


def insert_vertices(lines: Objects, row: npt.NDArray[np.int64], points: Objects) -> Objects:
    """Make points, each lying on the line of its `row`, vertices of that line."""
    measure = shapely.line_locate_point(lines[row], points)
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    steps = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    steps[starts] = 0.0
    total = np.cumsum(steps)
    own = total - total[starts][owner]
    all_xy = np.vstack([xy, shapely.get_coordinates(points)])
    all_owner = np.concatenate([owner, row])
    order = np.lexsort([np.concatenate([own, measure]), all_owner])
    all_xy, all_owner = all_xy[order], all_owner[order]
    fresh = np.ones(len(all_xy), dtype=bool)
    fresh[1:] = (all_owner[1:] != all_owner[:-1]) | (all_xy[1:] != all_xy[:-1]).any(axis=1)
    return np.asarray(shapely.linestrings(all_xy[fresh], indices=all_owner[fresh]), dtype=object)


def street_frame(ways: Ways, crs: str) -> gpd.GeoDataFrame:
    """Make the `streets` layer; ids follow the order of the ways."""
    layer = pd.Series(ways.structure).map({"ground": 0, "bridge": 1, "tunnel": -1})
    return gpd.GeoDataFrame(
        {
            "highway": ways.highway,
            "name": pd.array([name or pd.NA for name in ways.name], dtype="string"),
            "layer": layer.to_numpy(),
            "structure": ways.structure,
            "steps": ways.highway == "steps",
            "oneway_foot": "both",
            "width_m": ways.width_m.round(1),
        },
        geometry=ways.lines,
        crs=crs,
        index=pd.Index([f"st{i:07d}" for i in range(len(ways.lines))], name="id"),
    )
