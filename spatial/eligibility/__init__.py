"""Eligibility for renewal: rules A01–A17 with clause and evidence."""

from spatial.eligibility.decide import assess, findings_of, overall
from spatial.eligibility.facts import Facts, Overlap
from spatial.eligibility.finding import Finding

__all__ = ["Facts", "Finding", "Overlap", "assess", "findings_of", "overall"]
