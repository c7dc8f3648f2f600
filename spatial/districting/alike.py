"""Make regions more alike inside by reallocation and division along trees; their number stays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from spatial.districting import trees
from spatial.districting.held import Held

__all__ = ["TREES", "TREES_AFTER", "make_alike", "tree_room"]

ROUNDS: Final = 3
"""Times that regions are reallocated and divided, at most."""
TREES: Final = 3
"""Trees tried when two linked regions are divided anew: the shortest and two random ones."""
TREES_AFTER: Final = 9
"""Trees tried after an annealing, which takes far longer than they do."""


def tree_room(held: Held) -> trees.TreeRoom:
    """Make room for the trees of a plan."""
    return trees.tree_room(len(held.x), len(held.neighbour), held.x.shape[1], len(held.members))


def make_alike(held: Held, room: trees.TreeRoom, tried: int, state: Any) -> None:
    """Reallocate and divide, in place, until nothing that was tried is better."""
    least = 1e-9 * max(float(np.square(held.x).sum()), 1e-300) / max(len(held.x), 1)
    trees.improve(held, room, ROUNDS, tried, 1.0, least, state)
