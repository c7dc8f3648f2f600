"""One question of each sort about districts, so that nobody waits for what is compiled once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from spatial.districting.assemble import Limits, Units, assemble
from spatial.districting.effort import Effort
from spatial.districting.modes import FixedNumber, Free, MostDistricts
from spatial.districting.parts import part_of, solve_part
from spatial.districting.plan_search import search_plan
from spatial.districting.pooling import Pooling
from spatial.districting.problem import Problem
from spatial.districting.propose import propose
from spatial.districting.rules import Weights
from spatial.districting.several import propose_several
from spatial.districting.touch import improve_touched
from spatial.districting.why import why_here

__all__ = ["warm_up"]

SIDE: Final = 5
BLOCK_M: Final = 100.0
FEW: Final = 100
"""Districts listed before a part counts as too large: the way that large cities go."""


def warm_up(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Ask a made-up city of 25 blocks one question of each sort; nothing of it is kept.

    Parameters
    ----------
    stop : callable
        Asked between questions; True ends it.

    Returns
    -------
    int
        How many questions were asked.
    """
    asked = 0
    for ask in _questions(_blocks()):
        if stop():
            break
        ask()
        asked += 1
    return asked


def _questions(problem: Problem) -> list[Callable[[], object]]:
    """Return the questions, those first that a planner waits for at the drawing table."""
    ids = problem.ids
    half = pd.Series([f"D{i // 2}" for i in range(len(ids))], index=ids, dtype="string")
    return [
        partial(improve_touched, problem, half, [ids[2]], locked=[ids[2], ids[3]]),
        partial(why_here, problem, half, ids[2]),
        partial(propose, problem),
        partial(propose_several, problem, Free(), count=2),
        partial(propose, problem, FixedNumber(9), start=half),
        partial(propose, problem, MostDistricts("households", 150.0)),
        partial(search_plan, problem, moves=40),
        partial(search_plan, problem, FixedNumber(9), moves=40),
        partial(search_plan, problem, MostDistricts("households", 150.0), moves=40),
        partial(_as_large, problem),
    ]


def _as_large(problem: Problem) -> None:
    """Solve a part as if it had too many districts to list."""
    atoms = np.arange(problem.atoms, dtype=np.int64)
    effort = Effort(large=4, rounds=3, window_atoms=(8,), belted=4)
    for cap in (FEW, 100_000):
        part = part_of(problem, atoms, Free(), cap=cap)
        solve_part(problem, part, 0.0, Free(), effort=effort, seed=0)


def _blocks() -> Problem:
    """Blocks on squared paper with every limit, and every part of the objective in use."""
    count = SIDE * SIDE
    row = np.arange(count, dtype=np.int64)
    right, up = row[row % SIDE < SIDE - 1], row[row < count - SIDE]
    links = np.stack([np.r_[right, up], np.r_[right + 1, up + SIDE]], axis=1)
    units = Units.of_arrays(
        np.stack([row % 3, row % 4, row % 7], axis=1) / 3.0,
        links,
        amounts={
            "households": 60.0 + row,
            "persons": 150.0 + row,
            "area_m2": np.full(count, BLOCK_M**2),
        },
        xy_m=np.stack([row % SIDE, row // SIDE], axis=1) * BLOCK_M,
        office=np.zeros(count, dtype=np.int64),
    )
    units = replace(
        units,
        ids=pd.Index([f"warm-{i}" for i in row]),
        area_m2=np.full(count, BLOCK_M**2),
        inertia_m4=np.full(count, BLOCK_M**4 / 6),
        pooling=Pooling(
            kinds=("library:c10",),
            row=links[:, 0],
            other=links[:, 1],
            bits=np.ones(len(links), dtype=np.uint64),
            persons=units.amounts["persons"],
        ),
        needs=("one", "two", "three"),
    )
    limits = Limits(
        maximum={"households": 300.0, "members": 4.0},
        minimum={"persons": 200.0},
        hard_minimum=False,
        max_distance_m=2.5 * BLOCK_M,
        balance_of="households",
    )
    weights = Weights(sharing=0.1, compactness=0.2, balance=0.1)
    return assemble(units, limits, weights)
