"""Why a siting plan is as it is: what each chosen site does, and why the others are not there."""

from spatial.siting.explain.explanation import SitingExplanation, explain_siting

__all__ = ["SitingExplanation", "explain_siting"]
