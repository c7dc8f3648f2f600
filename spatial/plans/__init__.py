"""What planners do to a plan of districts: pure functions over frozen values."""

from spatial.plans.broken import Broken, broken_rules
from spatial.plans.edit import Applied, apply
from spatial.plans.figures import district_figures
from spatial.plans.ground import Ground, Pairs, ground_of
from spatial.plans.model import District, Draft, Step, take
from spatial.plans.operations import (
    AbsorbFragments,
    Assign,
    Create,
    HealUnit,
    Import,
    Lock,
    Merge,
    Operation,
    Recolour,
    Redo,
    Rename,
    Restore,
    SplitByLine,
    SplitInto,
    SplitUnit,
    Take,
    Undo,
)
from spatial.plans.pieces import Fragment, fragments
from spatial.plans.rules import PlanRules

__all__ = [
    "AbsorbFragments",
    "Applied",
    "Assign",
    "Broken",
    "Create",
    "District",
    "Draft",
    "Fragment",
    "Ground",
    "HealUnit",
    "Import",
    "Lock",
    "Merge",
    "Operation",
    "Pairs",
    "PlanRules",
    "Recolour",
    "Redo",
    "Rename",
    "Restore",
    "SplitByLine",
    "SplitInto",
    "SplitUnit",
    "Step",
    "Take",
    "Undo",
    "apply",
    "broken_rules",
    "district_figures",
    "fragments",
    "ground_of",
    "take",
]
