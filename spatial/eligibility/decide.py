"""Eligibility of every neighbourhood: the findings of all rules, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.eligibility.facts import Facts, gather_facts
from spatial.eligibility.finding import NOT_APPLICABLE, Finding
from spatial.eligibility.rules import RULE_FUNCTIONS
from spatial.standards import EligibilityPolicy, Profile

if TYPE_CHECKING:
    from spatial.city.model import City
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["assess", "findings_of", "overall"]

DATE_RULES = ("A01", "A03", "A04")
TOLD_RULES = ("A08", "A09", "A10", "A11")
"""Exclusions whose facts are seldom published (villas, plans): an unknown one excludes nobody and
holds nobody up, but is told beside the verdict, where the place's text excludes by it."""
OVERALL_WORDS = {
    "eligible": ("met", "可纳入改造计划", "may enter the plan"),
    "conditional": ("conditional", "满足条件后可纳入", "may enter the plan under conditions"),
    "excluded": ("excluded", "不得纳入改造计划", "must not enter the plan"),
    "unknown": ("unknown", "资料不足,暂不能判断", "cannot be said yet"),
}


def assess(
    neighbourhoods: Neighbourhoods,
    city: City,
    profile: Profile,
    *,
    must_missing: pd.Series,
    year: int,
) -> tuple[pd.DataFrame, pd.Series]:
    """Say which neighbourhoods may be renewed, by which rule, clause and evidence.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        Facts of n neighbourhoods, and which buildings belong to them.
    city : City
        Its layers ``constraints`` (plans, heritage, land) and ``buildings`` (safety grade).
    profile : Profile
        Which rules apply, with thresholds and clauses.
    must_missing : Series
        Missing must-have kinds by neighbourhood id (`gap_scores`); missing where unknown.
    year : int
        The year of planning, from which the years to an expropriation are counted.

    Returns
    -------
    DataFrame, shape (17 n,)
        ``results.eligibility``: the finding of every rule. ``met`` = nothing against it.
    Series of text, shape (n,)
        ``eligible``, ``conditional``, ``excluded`` or ``unknown``, by neighbourhood id.

    Notes
    -----
    What is not known is unknown, never "no": an exclusion needs certain evidence, and wins even
    where other things are unknown. Taking evidence away never excludes a neighbourhood.
    """
    require_columns(neighbourhoods.frame, ("kind", "year_built", "tenure"), name="neighbourhoods")
    facts = gather_facts(neighbourhoods, city, must_missing)
    rows, verdicts = [], {}
    for id_, known in facts.items():
        found = findings_of(known, profile.eligibility, year=year)
        verdicts[id_] = overall(found)
        found["A14"] = _sum(found, verdicts[id_], profile.eligibility)
        for rule in profile.eligibility.rules.values():
            finding = found[rule.id]
            rows.append(
                {
                    "id": f"{id_}:{rule.id}",
                    "neighbourhood_id": id_,
                    "rule": rule.id,
                    "finding": finding.finding,
                    "clause": rule.clause,
                    "evidence_zh": finding.zh,
                    "evidence_en": finding.en,
                    "missing": ",".join(finding.missing) or None,
                }
            )
    columns = ["id", *data_dictionary().results["eligibility"].columns]
    table = pd.DataFrame(rows, columns=columns).set_index("id")
    verdict = pd.Series(verdicts, index=neighbourhoods.frame.index, dtype="str", name="eligibility")
    return conform(table, data_dictionary().results["eligibility"], name="eligibility"), verdict


def findings_of(facts: Facts, policy: EligibilityPolicy, *, year: int) -> dict[str, Finding]:
    """Ask every rule but A14; a rule that the place does not have does not apply."""
    return {
        rule: ask(facts, policy, year) if policy.rules[rule].applies else NOT_APPLICABLE
        for rule, ask in RULE_FUNCTIONS.items()
    }


def overall(findings: Mapping[str, Finding]) -> str:
    """Draw the findings together.

    An exclusion wins. Otherwise the date decides: completed by the base date is eligible, later is
    excluded unless A03 or A04 lets it in under conditions, and an unknown year is unknown. A
    condition of any other rule makes an eligible neighbourhood conditional.
    """
    others = [one.finding for rule, one in findings.items() if rule not in DATE_RULES]
    if "excluded" in others:
        return "excluded"
    date = findings["A01"].finding
    if date == "not_met":
        later = {findings[rule].finding for rule in ("A03", "A04")}
        if "conditional" in later or "flag" in later:
            return "conditional"
        return "unknown" if "unknown" in later else "excluded"
    if date == "unknown":
        return "unknown"
    return "conditional" if "conditional" in others else "eligible"


def _sum(findings: Mapping[str, Finding], verdict: str, policy: EligibilityPolicy) -> Finding:
    """A14: what the other rules come to, naming those that decide and exclusions still open."""
    finding, zh, en = OVERALL_WORDS[verdict]
    deciding = {
        "excluded": ("excluded", "not_met"),
        "conditional": ("conditional",),
        "unknown": ("unknown",),
        "eligible": ("met",),
    }[verdict]
    among = DATE_RULES if verdict in {"unknown", "eligible"} else tuple(findings)
    named = [rule for rule in findings if rule in among and findings[rule].finding in deciding]
    missing = tuple(dict.fromkeys(column for rule in named for column in findings[rule].missing))
    rules = f"({'、'.join(named)})" if named else "", f" ({', '.join(named)})" if named else ""
    zh, en = zh + rules[0], en + rules[1]
    unseen = [
        rule
        for rule in TOLD_RULES
        if findings[rule].finding == "unknown" and policy.rules[rule].effect == "excluded"
    ]
    if unseen and verdict in {"eligible", "conditional"}:
        zh += f";{'、'.join(unseen)} 尚待查明"
        en += f"; {', '.join(unseen)} still to be found out"
    return Finding(finding, zh, en, missing)
