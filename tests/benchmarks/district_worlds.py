"""Cities to be districted: jittered cells, arterials, a river, smooth and noisy needs, offices.

And the demo city, analysed whole, with the rules of the national profile.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from spatial.districting.problem import Problem
from spatial.districting.rules import Weights

__all__ = ["KINDS", "World", "demo_problem", "make_world", "problem_of", "study_problem"]

SPACING_M = 220.0
ARTERIAL_M = 1050.0
OFFICE_M = 1050.0
NEEDS = 8
SMOOTH = 0.6
"""Noise of needs: neighbours are much alike, districts large, and a proof is hard to get."""
MIXED = 1.0
"""Noise at which districts are as many, and the linear relaxation as far off, as in the study of
peers that the goals come from (5,000 units in one part: 1,067 districts there 1,047)."""
KINDS = ("hard", "street", "open")
"""hard: arterials and the river cut; street: street offices do; open: nothing cuts."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A synthetic city; row ``i`` is neighbourhood ``i``."""

    xy_m: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.int64]  # touching cells, all of them
    barred: npt.NDArray[np.bool_]  # by pair: an arterial or the river lies between
    values: npt.NDArray[np.float64]  # z-scores
    households: npt.NDArray[np.float64]
    office: npt.NDArray[np.int64]


def make_world(units: int, *, seed: int = 0, noise: float = SMOOTH) -> World:
    """Make a city of so many neighbourhoods about 220 m apart, in a square."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(units)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    xy_m = (grid + rng.uniform(-0.35, 0.35, grid.shape))[:units] * SPACING_M
    pairs = _touching(xy_m)
    return World(
        xy_m=xy_m,
        pairs=pairs,
        barred=_barred(xy_m, pairs, rng),
        values=_needs(xy_m, rng, noise),
        households=np.round(rng.lognormal(np.log(900), 0.5, units)).clip(60, 5000),
        office=np.unique((xy_m // OFFICE_M).astype(np.int64) @ [1000, 1], return_inverse=True)[1],
    )


def problem_of(
    world: World, kind: str = "hard", *, max_distance_m: float | None = 800.0, **more: Any
) -> Problem:
    """The problem of one of `KINDS`: a distance limit, 6,000 households, 12 members."""
    limits: dict[str, Any] = {
        "maximum": {"households": 6000.0, "members": 12.0},
        "weights": Weights(nearness=0.0, district=1.0),
    }
    limits |= more
    return Problem.from_arrays(
        world.pairs[~world.barred] if kind == "hard" else world.pairs,
        world.values,
        amounts={"households": world.households},
        xy_m=world.xy_m,
        max_distance_m=max_distance_m,
        office=world.office if kind == "street" else None,
        **limits,
    )


def study_problem(
    units: int,
    kind: str,
    *,
    max_distance_m: float = 600.0,
    shortfall: float = 1.0,
    seed: int = 0,
) -> tuple[World, Problem]:
    """Make a city as the peers were studied on: mixed needs, and 1,500 households wanted."""
    world = make_world(units, seed=seed, noise=MIXED)
    weights = Weights(nearness=0.0, district=1.0, shortfall=shortfall)
    problem = problem_of(
        world,
        kind,
        max_distance_m=max_distance_m,
        minimum={"households": 1500.0},
        weights=weights,
    )
    return world, problem


def demo_problem(units: int, **planner: Any) -> Problem:
    """Analyse the demo city in a process of its own, and return its districting problem."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(_analysed, units, planner).result()


def _analysed(units: int, planner: dict[str, Any]) -> Problem:
    from data.demo import make_demo_city
    from spatial import AnalysisParameters, analyse, read_profile
    from spatial.from_analysis import district_problem

    city = make_demo_city(neighbourhoods=units, seed=7)
    analysis = analyse(city, read_profile("national"), parameters=AnalysisParameters(year=2026))
    return district_problem(analysis, **planner)


def _touching(xy_m: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    corners = Delaunay(xy_m).simplices
    sides = np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    sides = np.unique(sides, axis=0).astype(np.int64)
    length_m = np.hypot(*(xy_m[sides[:, 0]] - xy_m[sides[:, 1]]).T)
    return sides[length_m < 2 * SPACING_M]


def _barred(
    xy_m: npt.NDArray[np.float64], pairs: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Arterials are gently bent lines about 1 km apart, the river runs across in a wave."""
    bend = 60.0 * np.sin(xy_m[:, ::-1] / 1400.0 + rng.uniform(0, 6, 2))
    block = np.floor((xy_m + bend) / ARTERIAL_M + 0.5)
    width = xy_m[:, 0].max(initial=1.0)
    river_y = xy_m[:, 1].max(initial=1.0) * 0.45 + 0.08 * width * np.sin(xy_m[:, 0] / width * 7)
    north = xy_m[:, 1] > river_y
    a, b = pairs.T
    barred: npt.NDArray[np.bool_] = (block[a] != block[b]).any(axis=1) | (north[a] != north[b])
    return barred


def _needs(
    xy_m: npt.NDArray[np.float64], rng: np.random.Generator, noise: float
) -> npt.NDArray[np.float64]:
    waves = rng.normal(0, 1 / 1500.0, (NEEDS, 3, 2))
    phase = rng.uniform(0, 2 * np.pi, (NEEDS, 3))
    smooth = np.sin(np.einsum("kwd,nd->nkw", waves, xy_m) + phase).sum(axis=2)
    values = smooth + rng.normal(0, noise, smooth.shape)
    z: npt.NDArray[np.float64] = (values - values.mean(axis=0)) / values.std(axis=0)
    return z
