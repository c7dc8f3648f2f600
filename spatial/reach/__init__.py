"""Reach on foot: nearest facilities, reached facilities, gate to gate, life circles, paths."""

from spatial.reach.between import walk_between
from spatial.reach.circles import circle_fronts, life_circles
from spatial.reach.labels import NodeLabels, nearest_by_node
from spatial.reach.laid import LaidPoints, lay_points
from spatial.reach.nearest import NearestTable, nearest_facilities, nearest_table
from spatial.reach.paths import path_between
from spatial.reach.reached import Targets, reached_facilities, reached_places
from spatial.reach.reached_nodes import Reached, reached_nodes, reached_points
from spatial.reach.streets import Streets, lay_streets
from spatial.reach.sums import weighted_sums

__all__ = [
    "LaidPoints",
    "NearestTable",
    "NodeLabels",
    "Reached",
    "Streets",
    "Targets",
    "circle_fronts",
    "lay_points",
    "lay_streets",
    "life_circles",
    "nearest_by_node",
    "nearest_facilities",
    "nearest_table",
    "path_between",
    "reached_facilities",
    "reached_nodes",
    "reached_places",
    "reached_points",
    "walk_between",
    "weighted_sums",
]
