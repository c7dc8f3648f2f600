"""The walking network: streets, walls and gates to immutable arrays."""

from spatial.network.attach import Attachments, attach_points
from spatial.network.build import build_network
from spatial.network.building_access import BuildingAccess, building_access
from spatial.network.disk import (
    WALKING_LAYERS,
    NetworkFileError,
    kept_network,
    network_key,
    open_network,
    write_network,
)
from spatial.network.graph import NO_PASSAGE, WalkNetwork
from spatial.network.obstacles import Obstacles

__all__ = [
    "NO_PASSAGE",
    "WALKING_LAYERS",
    "Attachments",
    "BuildingAccess",
    "NetworkFileError",
    "Obstacles",
    "WalkNetwork",
    "attach_points",
    "build_network",
    "building_access",
    "kept_network",
    "network_key",
    "open_network",
    "write_network",
]
