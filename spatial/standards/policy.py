"""Eligibility policy of a profile: which rules A01–A17 apply, with clause and effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from spatial.errors import StandardsError
from spatial.standards.parameters import CONFIDENCES, ParameterSet

__all__ = ["RULES", "EligibilityPolicy", "Rule", "policy_from"]

RULES: Final = tuple(f"A{number:02d}" for number in range(1, 18))
EFFECTS: Final = ("excluded", "conditional", "flag", "off")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of eligibility, as a place has it."""

    id: str
    zh: str
    en: str
    effect: str
    """What an adverse finding means; ``off`` where the place has no such rule."""
    clause: str
    confidence: str

    @property
    def applies(self) -> bool:
        """Whether the place has this rule."""
        return self.effect != "off"


@dataclass(frozen=True, slots=True)
class EligibilityPolicy:
    """All rules of a place and their thresholds."""

    rules: Mapping[str, Rule]
    parameters: ParameterSet


def policy_from(
    raw: Mapping[str, Any], parameters: ParameterSet, *, where: str
) -> EligibilityPolicy:
    """Build the policy from the content of its file.

    Raises
    ------
    StandardsError
        If a rule is missing or lacks something, or its effect does not exist.
    """
    rules = {}
    for id_ in RULES:
        body = raw.get(id_) or {}
        lacking = [key for key in ("zh", "en", "effect", "clause", "confidence") if key not in body]
        if lacking:
            raise StandardsError(
                f"{where}: eligibility.{id_} must give {', '.join(lacking)}.",
                zh=f"{where}:eligibility.{id_} 须给出 {'、'.join(lacking)}。",
            )
        allowed = {"zh", "en", "effect", "clause", "confidence"}
        if set(body) - allowed:
            raise StandardsError(
                f"{where}: eligibility.{id_} has the unknown key {min(set(body) - allowed)}; "
                f"known are {', '.join(sorted(allowed))}.",
                zh=(
                    f"{where}:eligibility.{id_} 有未知的键 {min(set(body) - allowed)};可用 "
                    f"{'、'.join(sorted(allowed))}。"
                ),
            )
        if body["effect"] not in EFFECTS or body["confidence"] not in CONFIDENCES:
            raise StandardsError(
                f"{where}: eligibility.{id_} has the effect `{body['effect']}` and the confidence "
                f"`{body['confidence']}`; effects are {', '.join(EFFECTS)} (write off in quotes), "
                f"confidences {', '.join(CONFIDENCES)}.",
                zh=(
                    f"{where}:eligibility.{id_} 的效力为“{body['effect']}”,可信度为“"
                    f"{body['confidence']}”;效力有 {'、'.join(EFFECTS)}(off 须加引号),可信度"
                    f"有 {'、'.join(CONFIDENCES)}。"
                ),
            )
        rules[id_] = Rule(id=id_, **body)
    return EligibilityPolicy(rules, parameters)
