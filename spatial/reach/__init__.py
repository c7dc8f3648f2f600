"""Reach on foot: nearest facilities, reached facilities, gate to gate, life circles, paths."""

from spatial.reach.between import walk_between
from spatial.reach.circles import life_circles
from spatial.reach.nearest import nearest_facilities
from spatial.reach.paths import path_between
from spatial.reach.reached import reached_facilities

__all__ = [
    "life_circles",
    "nearest_facilities",
    "path_between",
    "reached_facilities",
    "walk_between",
]
