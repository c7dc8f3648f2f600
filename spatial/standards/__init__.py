"""Standards as data: the facility catalogue, parameters of every room, policy profiles."""

from spatial.standards.catalogue import (
    AreaRule,
    Catalogue,
    FacilityKind,
    Layer,
    Number,
    Relaxation,
)
from spatial.standards.classify import classify_facilities, facility_area_m2, unrecognised_kinds
from spatial.standards.parameters import Parameter, ParameterSet, read_parameters
from spatial.standards.policy import EligibilityPolicy, Rule
from spatial.standards.profiles import Profile, list_profiles, read_profile

__all__ = [
    "AreaRule",
    "Catalogue",
    "EligibilityPolicy",
    "FacilityKind",
    "Layer",
    "Number",
    "Parameter",
    "ParameterSet",
    "Profile",
    "Relaxation",
    "Rule",
    "classify_facilities",
    "facility_area_m2",
    "list_profiles",
    "read_parameters",
    "read_profile",
    "unrecognised_kinds",
]
