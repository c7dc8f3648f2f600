"""The walking network: streets, walls and gates to immutable arrays."""

from spatial.network.attach import Attachments, attach_points
from spatial.network.build import build_network
from spatial.network.graph import NO_PASSAGE, WalkNetwork
from spatial.network.obstacles import Obstacles

__all__ = [
    "NO_PASSAGE",
    "Attachments",
    "Obstacles",
    "WalkNetwork",
    "attach_points",
    "build_network",
]
