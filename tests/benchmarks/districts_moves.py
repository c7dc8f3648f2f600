"""One neighbourhood moved: ``python -m tests.benchmarks.districts_moves [--sizes 1000,5000]``.

All links between two districts are moves, in random order: what each would change in the value,
whether the district it leaves stays in one piece, and every rule that would be broken. GerryChain
does some of the same moves with households, cut edges and contiguity. Microseconds a move, CPU.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

from spatial.districting.problem import Problem
from spatial.districting.regions import regionalise
from spatial.districting.state import PlanState
from tests.benchmarks.district_worlds import World, make_world, problem_of
from tests.benchmarks.districts_asked import ask

ROUNDS = 15
AT_ONCE = 100_000
"""Moves of one round, so that making the table of answers does not count."""
FLIPS = 300
PER_S = 1e6


def moves_of(world: World, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms and atoms of the districts that they would move to."""
    both = np.vstack([world.pairs, world.pairs[:, ::-1]])
    between = both[label[both[:, 0]] != label[both[:, 1]]]
    order = np.random.default_rng(0).permutation(len(between))
    return between[order, 0], between[order, 1]


def ours_us(problem: Problem, label: np.ndarray, moves: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the median of some rounds over all moves."""
    plan = PlanState(problem, label)
    times = -(-AT_ONCE // len(moves[0]))
    moves = np.tile(moves[0], times), np.tile(moves[1], times)
    plan.moves(*moves)  # compiles
    spent = []
    for _ in range(ROUNDS):
        start = time.process_time()
        plan.moves(*moves)
        spent.append(time.process_time() - start)
    return PER_S * median(spent) / len(moves[0])


def main() -> None:
    """Print a line for every size, with and without a distance limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,5000")
    print(" units limit_m   moves  ours_us gerrychain_us   ratio   (limit 0: none)")
    for units in map(int, parser.parse_args().sizes.split(",")):
        world = make_world(units)
        label = regionalise(world.pairs, world.values, units // 10, moves=0).label
        atoms, to = moves = moves_of(world, label)
        arrays = {"links": world.pairs, "values": world.values, "amounts": world.households}
        arrays |= {"xy_m": world.xy_m, "label": label, "atoms": atoms, "to": to}
        peer = ask(f"gerrychain flips {FLIPS}", arrays, limit_s=60)
        theirs = PER_S * peer["cpu_s"] / FLIPS if "cpu_s" in peer else np.nan
        for limit_m in (None, 800.0):
            us = ours_us(problem_of(world, "open", max_distance_m=limit_m), label, moves)
            row = f"{units:>6} {limit_m or 0:>7.0f} {len(atoms):>7} {us:>8.3f} {theirs:>13.1f}"
            print(f"{row} {theirs / us:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
