"""What is asked of a siting, as types: the request of a job, and changes to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.errors import BadRequestError

__all__ = [
    "AreaAsked",
    "Asked",
    "BudgetYuan",
    "DemandAsked",
    "FundingAsked",
    "Ids",
    "LimitAsked",
    "LoanAsked",
    "Row",
    "RulesAsked",
    "Ways",
    "WeightsAsked",
    "Yuan",
    "ways_of",
]

Row = dict[str, Any]
Ids = Annotated[list[str], Field(max_length=10_000)]
Yuan = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BudgetYuan = Annotated[
    list[Yuan | None] | Yuan | None,
    Field(description="of each year (null: no limit), or of the one year planned"),
]
Part = Literal["people", "money", "running", "waiting", "risk"]
DemandAsked = Literal["neighbourhoods", "buildings"]
Ways = Literal["neighbourhoods", "buildings", "sharing"]
"""Who walks: neighbourhoods from their best gate, every building by its own way, or the members of
a district through one another."""


class Asked(BaseModel):
    """A part of a request; a word that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class AreaAsked(Asked):
    """Only the gaps of these; assets outside may serve them."""

    districts: Ids = []
    neighbourhoods: Ids = []
    plan: str | None = Field(
        default=None,
        description="a plan whose districts count (here, in limits and in the funding check) "
        "instead of those of the analysis",
    )


class LimitAsked(Asked):
    """At least and at most so many sites of a kind, in all or in one district."""

    kind: str
    at_least: Annotated[int, Field(ge=0)] = 0
    at_most: Annotated[int | None, Field(ge=0)] = None
    district: str | None = None


class RulesAsked(Asked):
    """Hard rules; what is left out is as in the profile (room ``siting``)."""

    carry_over: bool | None = None
    yearly_in_budget: bool | None = None
    must: Ids = Field(default=[], description="ids of assets or options that are chosen")
    must_not: Ids = Field(default=[], description="ids of assets or options never chosen")
    spacing_m: dict[str, Annotated[float, Field(ge=0)]] | None = None
    limits: list[LimitAsked] = []
    incompatible: list[tuple[str, str]] | None = None
    must_serve: Ids = Field(
        default=[],
        description="demand rows `neighbourhood:kind:layer`; `neighbourhood:kind` names all of "
        "them, also those of its buildings",
    )
    least_share: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    order: list[Part] = Field(default=[], description="lexicographic; empty: the weighted sum")


class WeightsAsked(Asked):
    """What one unit of each part is worth; what is left out is as in the profile."""

    people: Annotated[float | None, Field(ge=0)] = None
    money_per_yuan: Annotated[float | None, Field(ge=0)] = None
    running_per_yuan: Annotated[float | None, Field(ge=0)] = None
    waiting_per_person_year: Annotated[float | None, Field(ge=0)] = None
    risk: Annotated[float | None, Field(ge=0)] = None


class LoanAsked(Asked):
    """A loan that an operator takes."""

    amount_yuan: Yuan
    rate_share: Annotated[float | None, Field(ge=0, lt=1)] = None
    years: Annotated[int, Field(ge=1, le=50)] = 10
    grace_years: Annotated[int, Field(ge=0)] = 0
    subsidy_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    subsidy_years: Annotated[int, Field(ge=0)] = 0
    private_capital: bool = True


class FundingAsked(Asked):
    """How much money there is, as far as it is known."""

    level: Literal["neighbourhood", "community", "district", "city"] = "district"
    available_yuan: dict[str, Yuan] = Field(
        default={},
        description="by source; the budget of the siting is the county's unless it is given",
    )
    land_income_yuan: Yuan | None = None
    admin_district: str | None = Field(
        default=None, description="where the city lies, for grants of a zone (海曙区 …)"
    )
    loan: LoanAsked | None = None


def ways_of(request: Mapping[str, Any]) -> Ways:
    """Return who walks in a siting that was asked for.

    Raises
    ------
    BadRequestError
        If `sharing` is asked for together with what it cannot stand beside.

    Examples
    --------
    >>> ways_of({}), ways_of({"demand": "buildings"}), ways_of({"sharing": True})
    ('neighbourhoods', 'buildings', 'sharing')
    """
    buildings = request.get("demand") == "buildings"
    if not request.get("sharing"):
        return "buildings" if buildings else "neighbourhoods"
    if buildings:
        raise BadRequestError(
            "`sharing` joins neighbourhoods; with `demand: buildings` every building walks on its "
            "own. Leave one of the two out.",
            "共享(sharing)以小区为单位;按楼栋计算(demand: buildings)时各栋楼自行步行。请只选其一。",
        )
    if (request.get("area") or {}).get("plan") is not None:
        raise BadRequestError(
            "`sharing` opens walls within the districts of the analysis; leave `area.plan` out.",
            "共享(sharing)按分析得出的片区打通围墙;请不要同时指定 area.plan。",
        )
    return "sharing"
