"""What a siting must keep to (rules), and what makes one better than another (weights)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["PARTS", "KindLimit", "Part", "SitingRules", "SitingWeights"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the objective: its unit, whether more of it is better, and its names."""

    key: str
    unit: str
    gain: bool
    zh: str
    en: str


PARTS: Final = (
    Part(
        "people", "weighted persons", gain=True, zh="新增服务人数(加权)", en="persons newly served"
    ),
    Part("money", "yuan", gain=False, zh="一次性投入", en="money spent once"),
    Part("running", "yuan", gain=False, zh="各年运营支出合计", en="running costs over the years"),
    Part("waiting", "weighted person-years", gain=False, zh="等待(人·年)", en="years waited"),
    Part(
        "risk", "expected refusals", gain=False, zh="征得同意的风险", en="consents likely refused"
    ),
)
"""Parts of the objective in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class SitingWeights:
    """What one unit of each part is worth; all in one unit, that of `people` by custom.

    Parameters
    ----------
    people : float
        Of one weighted person newly served at the end of the last year.
    money_per_yuan, running_per_yuan : float
        Taken off for each yuan spent once, and each yuan of running costs over the years.
    waiting_per_person_year : float
        Taken off for each year that a person who is served in the end has waited. No more than
        `people` over the last whole year, else it would pay not to serve late.
    risk : float
        Taken off for each consent expected to be refused (the sum of `consent_risk_share`).
    """

    people: float = 1.0
    money_per_yuan: float = 0.0
    running_per_yuan: float = 0.0
    waiting_per_person_year: float = 0.0
    risk: float = 0.0

    def of(self, part: str) -> float:
        """Return the weight of a part, by its key."""
        return {
            "people": self.people,
            "money": self.money_per_yuan,
            "running": self.running_per_yuan,
            "waiting": self.waiting_per_person_year,
            "risk": self.risk,
        }[part]

    @classmethod
    def only(cls, part: str) -> SitingWeights:
        """Return the weights that see one part alone, at 1 a unit."""
        one = {
            "people": (1.0, 0.0, 0.0, 0.0, 0.0),
            "money": (0.0, 1.0, 0.0, 0.0, 0.0),
            "running": (0.0, 0.0, 1.0, 0.0, 0.0),
            "waiting": (0.0, 0.0, 0.0, 1.0, 0.0),
            "risk": (0.0, 0.0, 0.0, 0.0, 1.0),
        }
        return cls(*one[part])


@dataclass(frozen=True, slots=True)
class KindLimit:
    """At least and at most so many chosen options of a kind, in all or in one district."""

    kind: str
    at_least: int = 0
    at_most: int | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class SitingRules:
    """Hard rules and weights of a siting.

    Parameters
    ----------
    budget_yuan : tuple of float
        Money of each year; as many years are planned. ``inf`` is no limit.
    carry_over : bool
        Money not spent in a year may be spent later.
    yearly_in_budget : bool
        Running costs, from the year of opening on, are paid from the same budget.
    must, must_not : tuple of str
        Ids of assets or options: chosen (an asset: some option of it) and never chosen.
    spacing_m : mapping of kind to metres
        Least distance, as the crow flies, between two chosen sites of the kind.
    limits : tuple of KindLimit
    incompatible : tuple of (kind, kind)
        Kinds that do not share an asset.
    must_serve : tuple of str
        Demand rows that are served in full by the end of the last year.
    least_share : mapping of kind to share
        At least this share of the kind's persons is served by the end of the last year.
    weights : SitingWeights
    order : tuple of str
        Empty: the weighted sum counts. Else a lexicographic order of parts, as
        ``("people", "money", "risk")``: the first as good as can be, then the second …
    """

    budget_yuan: tuple[float, ...] = (float("inf"),)
    carry_over: bool = True
    yearly_in_budget: bool = False
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    spacing_m: Mapping[str, float] = field(default_factory=dict)
    limits: tuple[KindLimit, ...] = ()
    incompatible: tuple[tuple[str, str], ...] = ()
    must_serve: tuple[str, ...] = ()
    least_share: Mapping[str, float] = field(default_factory=dict)
    weights: SitingWeights = field(default_factory=SitingWeights)
    order: tuple[str, ...] = ()

    @property
    def years(self) -> int:
        """Years that are planned."""
        return len(self.budget_yuan)
