"""What the API takes and answers about sitings, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.scenarios.schemas import ClientId, Name
from app.schemas import FeatureCollection
from app.siting.asked import Asked, BudgetYuan, FundingAsked, Ids, Row

__all__ = [
    "AdoptRequest",
    "Adopted",
    "AgainAnswer",
    "AgainRequest",
    "FundingAnswer",
    "FundingRequest",
    "SitingAnswer",
    "SitingCatchments",
    "SitingList",
    "SitingPoint",
]

Status = Literal["proven_optimal", "within_bound", "no_bound", "cancelled"]


class SitingRun(BaseModel):
    """One run, without its sites."""

    job: str
    data_version: str
    current: bool
    """Whether it was made from the city's current data."""
    finished_at: datetime | None
    request: Row
    sites: int
    cost_yuan: float
    persons: float
    status: Status
    gap_share: float | None


class SitingList(BaseModel):
    """Runs of a city, the newest first."""

    items: list[SitingRun]


class PlanPart(BaseModel):
    """One part of the objective."""

    part: str
    zh: str
    en: str
    unit: str
    weight: float
    value: float
    weighted: float


class PlanYear(BaseModel):
    """Money of one year; a budget of null has no limit."""

    year: int
    budget_yuan: float | None
    spent_yuan: float
    running_yuan: float
    left_yuan: float | None


class ServedPlace(BaseModel):
    """A neighbourhood that a site serves."""

    id: str
    name: str | None
    persons: float


class Document(BaseModel):
    """A document or vote that the pathway of an asset takes."""

    order: int
    document: str
    who_zh: str | None = None
    who_en: str | None = None
    votes_zh: str | None = None
    votes_en: str | None = None
    clause: str | None = None
    zh: str
    en: str


class SitingSite(BaseModel):
    """A chosen option: what, where, when, for how much, with whose consent, serving whom."""

    option: str
    asset: str
    name: str | None
    source: str | None
    kind: str
    kind_zh: str
    kind_en: str
    size: str
    size_m2: float | None
    year: int
    mode: str | None
    cost_yuan: float
    yearly_yuan: float
    capacity_persons: float | None
    capacity_source: str | None = Field(
        default=None, description="the clause or figure that the capacity was worked out by"
    )
    capacity_confidence: str | None = None
    persons: float
    consent_risk_share: float
    lon: float
    lat: float
    neighbourhood_id: str | None
    district_id: str | None
    ownership: str | None
    pathway: str | None
    consent_zh: str | None
    consent_en: str | None
    clause: str | None
    to_find_out: str | None
    documents: list[Document]
    warnings: list[Row]
    serves: list[ServedPlace]
    why: Row | None = Field(
        default=None, description="newly served, lost without it, the next best; of the main plan"
    )


class UnservedPlace(BaseModel):
    """Residents whom the plan leaves without a kind."""

    demand: str
    place: str
    name: str | None
    kind: str
    layer: str | None
    persons: float
    unserved_persons: float
    options_in_reach: int


class SitingPlanText(BaseModel):
    """A plan: value, proof, money, sites."""

    value: float
    bound: float | None
    gap_share: float | None
    status: Status
    sure_zh: str
    sure_en: str
    persons: float
    """Newly served."""
    demand_persons: float
    cost_yuan: float
    yearly_yuan: float
    money: list[PlanYear]
    parts: list[PlanPart]
    chosen: list[SitingSite]
    unserved: list[UnservedPlace]
    unserved_total: int
    in_reach: list[Row] = Field(
        description="by kind and layer: persons, persons_in_reach (what a scenario counts), "
        "persons_newly_served (within capacities)"
    )
    notes: list[str]


class CurvePoint(BaseModel):
    """One point of the curve of money against people."""

    budget_yuan: float | None
    cost_yuan: float
    persons: float
    people: float = Field(description="weighted persons, which the curve maximises")
    bound: float | None = Field(description="no plan of this budget serves more weighted persons")
    gap_share: float | None
    status: Status
    sites: int
    yuan_per_person: float | None = Field(description="of what this point adds to the one before")


class SourcePaid(BaseModel):
    """One source of money."""

    source: str
    zh: str
    en: str
    group: str
    clause: str
    cap_yuan: float | None
    known: bool
    used_yuan: float


class FundingText(BaseModel):
    """Who pays what, what stays unpaid and why, the balance at every level."""

    level: str
    cost_yuan: float
    gap_yuan: float
    lines: list[Row]
    payers: list[Row]
    sources: list[SourcePaid]
    unpaid: list[Row]
    matching: list[Row]
    balance: list[Row]
    cash_flow: list[Row]
    npv_yuan: float
    payback_year: int | None
    findings: list[Row]
    form: list[Row]


class SitingAnswer(BaseModel):
    """What a job ``siting`` found."""

    data_version: str
    job: str
    current: bool
    request: Row
    plan: SitingPlanText
    pareto: list[CurvePoint]
    funding: FundingText
    rejected: list[Row]
    rejected_total: int
    sensitivity: list[Row]
    stock_edits: int = Field(
        description="assets written in the register since the data: they count from the next "
        "analysis on (retired and rejected ones are left out at once)"
    )


class SitingPoint(BaseModel):
    """The plan of one point of the curve."""

    data_version: str
    job: str
    point: int
    plan: SitingPlanText
    funding: FundingText


class AgainRequest(Asked):
    """The planner's changes to a plan: sites forced, forbidden, resized."""

    force: Ids = Field(default=[], description="ids of assets or options")
    forbid: Ids = Field(default=[], description="ids of assets or options")
    resize: dict[str, str] = Field(
        default={}, description="option id (or asset, where it holds one kind): the size wanted"
    )
    budget_yuan: BudgetYuan = None
    point: Annotated[int | None, Field(ge=0)] = Field(
        default=None, description="begin with this point of the curve, not with the main plan"
    )


class AgainAnswer(BaseModel):
    """The plan solved again; `edit` names it for catchments, adoption and export."""

    data_version: str
    job: str
    edit: str
    plan: SitingPlanText
    funding: FundingText
    elapsed_ms: float


class FundingRequest(FundingAsked):
    """Money as far as it is known: who pays for a plan then; nothing is solved anew."""

    point: Annotated[int | None, Field(ge=0)] = None
    edit: Annotated[str | None, Field(max_length=20_000)] = None


class FundingAnswer(BaseModel):
    """Who pays; `asked` names the money that was told, for the export."""

    data_version: str
    job: str
    asked: str
    funding: FundingText


class AdoptRequest(Asked):
    """Make a scenario of a plan's facilities; the client makes the id."""

    id: ClientId
    name: Name
    point: Annotated[int | None, Field(ge=0)] = None
    edit: Annotated[str | None, Field(max_length=20_000)] = None
    by_year: Annotated[int | None, Field(ge=0)] = None


class Adopted(BaseModel):
    """The scenario that came of a siting."""

    id: str
    name: str
    changes: list[Row]
    data_version: str
    revision: int


class SitingCatchments(FeatureCollection):
    """Neighbourhoods that sites serve (``role: served``) and the sites (``role: site``)."""
