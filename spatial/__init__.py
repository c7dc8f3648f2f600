"""Linli's engine: frames and arrays in, frames and arrays out; knows no web and no database.

The names below are what most notebooks need; each room has more, listed in its ``__all__``.
They are imported when first used, so that ``import spatial.errors`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spatial import kernel_cache

if TYPE_CHECKING:
    from spatial.analysis import Analysis, AnalysisParameters, analyse
    from spatial.city import City, read_city, write_city
    from spatial.gaps import facility_access, weigh_gaps
    from spatial.maps import city_map
    from spatial.outputs import write_analysis
    from spatial.reach import (
        life_circles,
        nearest_facilities,
        path_between,
        reached_facilities,
        weighted_sums,
    )
    from spatial.scenarios import (
        AddFacility,
        BuildLink,
        ChangePopulation,
        CloseFacility,
        CloseGate,
        CutLink,
        OpenGate,
        OpenWall,
        ResizeFacility,
        ScenarioBase,
        ScenarioResult,
        best_openings,
        explain_gap,
        opening_candidates,
    )
    from spatial.standards import Profile, list_profiles, read_profile

kernel_cache.keep_kernels()

__all__ = [
    "AddFacility",
    "Analysis",
    "AnalysisParameters",
    "BuildLink",
    "ChangePopulation",
    "City",
    "CloseFacility",
    "CloseGate",
    "CutLink",
    "OpenGate",
    "OpenWall",
    "Profile",
    "ResizeFacility",
    "ScenarioBase",
    "ScenarioResult",
    "analyse",
    "best_openings",
    "city_map",
    "explain_gap",
    "facility_access",
    "life_circles",
    "list_profiles",
    "nearest_facilities",
    "opening_candidates",
    "path_between",
    "reached_facilities",
    "read_city",
    "read_profile",
    "weigh_gaps",
    "weighted_sums",
    "write_analysis",
    "write_city",
]

_ROOMS = {
    "AddFacility": "spatial.scenarios",
    "Analysis": "spatial.analysis",
    "AnalysisParameters": "spatial.analysis",
    "BuildLink": "spatial.scenarios",
    "ChangePopulation": "spatial.scenarios",
    "City": "spatial.city",
    "CloseFacility": "spatial.scenarios",
    "CloseGate": "spatial.scenarios",
    "CutLink": "spatial.scenarios",
    "OpenGate": "spatial.scenarios",
    "OpenWall": "spatial.scenarios",
    "Profile": "spatial.standards",
    "ResizeFacility": "spatial.scenarios",
    "ScenarioBase": "spatial.scenarios",
    "ScenarioResult": "spatial.scenarios",
    "analyse": "spatial.analysis",
    "best_openings": "spatial.scenarios",
    "city_map": "spatial.maps",
    "explain_gap": "spatial.scenarios",
    "facility_access": "spatial.gaps",
    "life_circles": "spatial.reach",
    "list_profiles": "spatial.standards",
    "nearest_facilities": "spatial.reach",
    "opening_candidates": "spatial.scenarios",
    "path_between": "spatial.reach",
    "reached_facilities": "spatial.reach",
    "read_city": "spatial.city",
    "read_profile": "spatial.standards",
    "weigh_gaps": "spatial.gaps",
    "weighted_sums": "spatial.reach",
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
