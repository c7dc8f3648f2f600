"""Hard rules of a plan: which of them refuse an edit, and which are only reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spatial.districting.clash import limit_rule
from spatial.districting.rules import AMOUNTS
from spatial.errors import StandardsError
from spatial.standards.parameters import ParameterSet

__all__ = ["REFUSING", "PlanRules"]

REFUSING: Final = ("maximum", "distance", "subdistrict", "apart", "excluded")
"""Rules that may refuse an edit. Minimum, must-join and contiguity are unfinished work at most."""
FIELDS: Final = {
    *("maximum", "minimum", "max_distance_m", "same_subdistrict", "cut_barriers"),
    *("max_link_walk_m", "must_join", "must_not_join", "refuse"),
}


@dataclass(frozen=True, slots=True)
class PlanRules:
    """Hard rules that every edit of a plan is checked against.

    Parameters
    ----------
    maximum, minimum : mapping of amount to number
        Keys of `AMOUNTS`.
    max_distance_m : float or None
        Largest straight distance between the middles of two members.
    same_subdistrict : bool
        Members lie in one street office; unknown ones go with any.
    cut_barriers : tuple of str
        Barriers that no district crosses.
    max_link_walk_m : float or None
        Neighbours farther apart than this on foot are not linked.
    must_join : tuple of tuples of units
        Each group belongs in one district.
    must_not_join : tuple of pairs of units
        Never in one district.
    refuse : tuple of str
        Which of `REFUSING` refuse an edit that breaks them, or breaks them more than before;
        the others are reported.

    Examples
    --------
    >>> PlanRules.from_record({"maximum": {"members": 4}}).maximum["members"]
    4.0
    """

    maximum: Mapping[str, float] = field(default_factory=dict)
    minimum: Mapping[str, float] = field(default_factory=dict)
    max_distance_m: float | None = None
    same_subdistrict: bool = False
    cut_barriers: tuple[str, ...] = ()
    max_link_walk_m: float | None = None
    must_join: tuple[tuple[str, ...], ...] = ()
    must_not_join: tuple[tuple[str, str], ...] = ()
    refuse: tuple[str, ...] = REFUSING

    def __post_init__(self) -> None:
        for which, limits in (("maximum", self.maximum), ("minimum", self.minimum)):
            for amount, limit in limits.items():
                if amount not in AMOUNTS or not 0 < limit < float("inf"):
                    raise _wrong(f"{which}.{amount}", limit, f"one of {', '.join(AMOUNTS)}, > 0")
        for name in ("max_distance_m", "max_link_walk_m"):
            limit = getattr(self, name)
            if limit is not None and not 0 < limit < float("inf"):
                raise _wrong(name, limit, "metres greater than 0")
        strange = set(self.refuse) - set(REFUSING)
        if strange:
            raise _wrong("refuse", sorted(strange), f"some of {', '.join(REFUSING)}")
        if any(len(pair) != 2 for pair in self.must_not_join):
            raise _wrong("must_not_join", self.must_not_join, "pairs of neighbourhoods")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PlanRules:
        """Read rules from plain JSON values.

        Raises
        ------
        StandardsError
            If a rule is unknown or its value cannot be used.
        """
        strange = sorted(set(record) - FIELDS)
        if strange:
            raise _wrong(", ".join(strange), "given", f"rules named {', '.join(sorted(FIELDS))}")
        try:
            return cls(
                maximum=_limits(record.get("maximum")),
                minimum=_limits(record.get("minimum")),
                max_distance_m=_metres(record.get("max_distance_m")),
                same_subdistrict=bool(record.get("same_subdistrict", False)),
                cut_barriers=tuple(str(one) for one in record.get("cut_barriers") or ()),
                max_link_walk_m=_metres(record.get("max_link_walk_m")),
                must_join=tuple(tuple(map(str, g)) for g in record.get("must_join") or ()),
                must_not_join=tuple(
                    (str(pair[0]), str(pair[1])) for pair in record.get("must_not_join") or ()
                ),
                refuse=tuple(str(one) for one in record.get("refuse", REFUSING)),
            )
        except (TypeError, ValueError, AttributeError, IndexError) as fault:
            if isinstance(fault, StandardsError):
                raise
            raise _wrong("rules", dict(record), "numbers, texts and lists") from fault

    def require_possible(self) -> None:
        """Raise where two rules can never hold at once, whatever is drawn.

        Asked of rules that somebody gives, not of those that a plan has: a plan can always be read.

        Raises
        ------
        StandardsError
            If a minimum is larger than the maximum of the same amount, or two neighbourhoods
            belong together and apart.

        Examples
        --------
        >>> PlanRules(maximum={"members": 4}, minimum={"members": 5}).require_possible()
        Traceback (most recent call last):
        spatial.errors.StandardsError: No district can have at least 5 neighbourhoods ...
        """
        for amount in AMOUNTS:
            least, most = self.minimum.get(amount), self.maximum.get(amount)
            if least is not None and most is not None and least > most:
                low, high = limit_rule("min", amount, least), limit_rule("max", amount, most)
                raise StandardsError(
                    f"No district can have {low.en} and {high.en}. Lower the minimum or raise the "
                    "maximum.",
                    zh=f"{low.zh}大于{high.zh},没有片区能同时满足。请调低下限或调高上限。",
                )
        for one, other in self.must_not_join:
            if any(one in group and other in group for group in self.must_join):
                raise StandardsError(
                    f"Neighbourhoods {one} and {other} are to share a district and to be kept "
                    "apart. Drop one of the two rules.",
                    zh=f"小区 {one} 与 {other} 既要求同片,又要求分开。请去掉其中一条规则。",
                )

    def to_record(self) -> dict[str, Any]:
        """Return the rules as plain JSON values."""
        return {
            "maximum": dict(self.maximum),
            "minimum": dict(self.minimum),
            "max_distance_m": self.max_distance_m,
            "same_subdistrict": self.same_subdistrict,
            "cut_barriers": list(self.cut_barriers),
            "max_link_walk_m": self.max_link_walk_m,
            "must_join": [list(group) for group in self.must_join],
            "must_not_join": [list(pair) for pair in self.must_not_join],
            "refuse": list(self.refuse),
        }

    @classmethod
    def from_parameters(cls, parameters: ParameterSet | Mapping[str, Any]) -> PlanRules:
        """Rules of a profile's room ``districts``; parameters that are not there are no rule."""
        values = parameters.parameters if isinstance(parameters, ParameterSet) else parameters

        def value(key: str, default: Any = None) -> Any:
            found = values.get(key, default)
            return getattr(found, "value", found)

        limits = {
            which: {a: value(f"{which}_{a}") for a in AMOUNTS if value(f"{which}_{a}") is not None}
            for which in ("max", "min")
        }
        return cls.from_record(
            {
                "maximum": limits["max"],
                "minimum": limits["min"],
                "max_distance_m": value("max_distance_m"),
                "same_subdistrict": value("same_subdistrict", default=False),
                "cut_barriers": value("cut_barriers", default=()),
                "max_link_walk_m": value("max_link_walk_m"),
            }
        )


def _limits(given: Mapping[str, Any] | None) -> dict[str, float]:
    return {str(a): float(limit) for a, limit in (given or {}).items() if limit is not None}


def _metres(given: Any) -> float | None:
    return None if given is None else float(given)


def _wrong(name: str, given: Any, wanted: str) -> StandardsError:
    return StandardsError(
        f"Rule `{name}` of the plan is {given}; give {wanted}.",
        zh=f"方案规则 `{name}` 为 {given};应为:{wanted}。",
    )
