"""Rules of districts that cannot all hold, told as plain values: which, where, what to relax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from app.errors import RulesClashError
from app.plain import Record
from spatial.districting.clash import Clash, clashes, limit_rule
from spatial.districting.modes import Mode
from spatial.districting.rules import AMOUNTS, DistrictRules
from spatial.districting.unmet import unmet_minima
from spatial.errors import InfeasibleError
from spatial.standards.parameters import ParameterSet

if TYPE_CHECKING:
    import pandas as pd

    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["clashes_of", "require_minima", "require_ranges", "told_as_clash"]

WORDS: Final = {
    "k": ("片区个数", "the number of districts"),
    "locked": ("这次编辑要保留的部分", "what this edit is meant to keep"),
}


def require_ranges(parameters: ParameterSet) -> None:
    """Raise `RulesClashError` where a minimum is larger than the maximum of the same amount."""
    found = []
    for amount in AMOUNTS:
        keys = [f"{which}_{amount}" for which in ("min", "max")]
        limits = [parameters[k] for k in keys if k in parameters.parameters]
        if len(limits) < 2 or None in limits or float(limits[0]) <= float(limits[1]):
            continue
        two = [limit_rule("min", amount, limits[0]), limit_rule("max", amount, limits[1])]
        rules = [_rule(one.key, one.zh, one.en) for one in two]
        found.append(
            _record(
                rules,
                f"{rules[0]['zh']}大于{rules[1]['zh']},没有片区能同时满足。",
                f"A district cannot have {rules[0]['en']} and {rules[1]['en']}.",
            )
        )
    if found:
        raise RulesClashError(found)


def require_minima(
    places: Neighbourhoods,
    adjacency: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
    mode: Mode | None,
) -> None:
    """Raise `RulesClashError` where no district whatever can reach a minimum."""
    found = unmet_minima(places, adjacency, eligible, rules, mode)
    if found:
        raise RulesClashError([_of(one) for one in found])


def clashes_of(
    fault: InfeasibleError,
    places: Neighbourhoods,
    adjacency: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
) -> RulesClashError:
    """Return the smallest sets of rules that clash, of rules that were found to."""
    found = clashes(places, adjacency, eligible, rules)
    return RulesClashError([_of(one) for one in found]) if found else told_as_clash(fault)


def told_as_clash(
    fault: InfeasibleError, key: str | None = None, *, units: Sequence[str] = ()
) -> RulesClashError:
    """Return what the search found impossible as a clash; `key` names what it was asked for."""
    rules = [] if key is None else [_rule(key, *WORDS[key]) | {"units": list(units)}]
    return RulesClashError([_record(rules, fault.message_zh, str(fault))])


def _of(one: Clash) -> Record:
    rules = [
        _rule(rule.key, rule.zh, rule.en) | {"units": list(rule.neighbourhoods)}
        for rule in one.rules
    ]
    return _record(rules, one.zh, one.en)


def _rule(key: str, zh: str, en: str) -> Record:
    return {"key": key, "units": [], "zh": zh, "en": en}


def _record(rules: Sequence[Record], zh: str, en: str) -> Record:
    units = [unit for rule in rules for unit in rule["units"]]
    return {
        "rules": list(rules),
        "units": list(dict.fromkeys(units)),
        "relax": list(dict.fromkeys(rule["key"] for rule in rules)),
        "zh": zh,
        "en": en,
    }
