"""What planners do to a plan of districts: pure functions over frozen values."""

from spatial.plans import rearrange, units
from spatial.plans.broken import Broken, broken_rules
from spatial.plans.carry import Carried, carry
from spatial.plans.edit import Applied, apply
from spatial.plans.figures import FIGURES, district_figures
from spatial.plans.flips import Flip, flips
from spatial.plans.gestures import units_in
from spatial.plans.ground import Ground, Pairs, ground_of
from spatial.plans.halve import Half, with_halves
from spatial.plans.model import District, Draft, Step, step_between, take
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
from spatial.plans.units import grown

__all__ = [
    "FIGURES",
    "AbsorbFragments",
    "Applied",
    "Assign",
    "Broken",
    "Carried",
    "Create",
    "District",
    "Draft",
    "Flip",
    "Fragment",
    "Ground",
    "Half",
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
    "carry",
    "district_figures",
    "flips",
    "fragments",
    "ground_of",
    "grown",
    "rearrange",
    "step_between",
    "take",
    "units",
    "units_in",
    "with_halves",
]
