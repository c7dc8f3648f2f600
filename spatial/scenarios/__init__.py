"""What if: changes of a city, and what they do to reach and gaps, at once and exactly."""

from spatial.scenarios.changes import (
    AddFacility,
    BuildLink,
    Change,
    ChangePopulation,
    CloseFacility,
    CloseGate,
    CutLink,
    OpenGate,
    OpenWall,
    ResizeFacility,
    changes_from_json,
    changes_to_json,
)

__all__ = [
    "AddFacility",
    "BuildLink",
    "Change",
    "ChangePopulation",
    "CloseFacility",
    "CloseGate",
    "CutLink",
    "OpenGate",
    "OpenWall",
    "ResizeFacility",
    "changes_from_json",
    "changes_to_json",
]
