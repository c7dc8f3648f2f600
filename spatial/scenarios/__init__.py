"""What if: changes of a city, and what they do to reach and gaps, at once and exactly."""

from spatial.scenarios.base import ScenarioBase
from spatial.scenarios.candidates import opening_candidates
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
from spatial.scenarios.explain import Fix, GapExplanation, explain_gap
from spatial.scenarios.openings import Openings, best_openings
from spatial.scenarios.result import ScenarioResult
from spatial.scenarios.warm import warm_up
from spatial.scenarios.whole import WholeCity, whole_city

__all__ = [
    "AddFacility",
    "BuildLink",
    "Change",
    "ChangePopulation",
    "CloseFacility",
    "CloseGate",
    "CutLink",
    "Fix",
    "GapExplanation",
    "OpenGate",
    "OpenWall",
    "Openings",
    "ResizeFacility",
    "ScenarioBase",
    "ScenarioResult",
    "WholeCity",
    "best_openings",
    "changes_from_json",
    "changes_to_json",
    "explain_gap",
    "opening_candidates",
    "warm_up",
    "whole_city",
]
