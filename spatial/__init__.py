"""Linli's engine: frames and arrays in, frames and arrays out; knows no web and no database.

The names below are what most notebooks need; each room has more, listed in its ``__all__``.
They are imported when first used, so that ``import spatial.errors`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatial.analysis import Analysis, AnalysisParameters, analyse
    from spatial.city import City, read_city, write_city
    from spatial.maps import city_map
    from spatial.outputs import write_analysis
    from spatial.standards import Profile, list_profiles, read_profile

__all__ = [
    "Analysis",
    "AnalysisParameters",
    "City",
    "Profile",
    "analyse",
    "city_map",
    "list_profiles",
    "read_city",
    "read_profile",
    "write_analysis",
    "write_city",
]

_ROOMS = {
    "Analysis": "spatial.analysis",
    "AnalysisParameters": "spatial.analysis",
    "City": "spatial.city",
    "Profile": "spatial.standards",
    "analyse": "spatial.analysis",
    "city_map": "spatial.maps",
    "list_profiles": "spatial.standards",
    "read_city": "spatial.city",
    "read_profile": "spatial.standards",
    "write_analysis": "spatial.outputs",
    "write_city": "spatial.city",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'spatial' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
