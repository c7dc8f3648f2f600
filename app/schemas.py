"""What the API answers, as types, so that its description is exact.

Rows of result tables carry the columns of the data dictionary; they are open objects here, and
``/api/v1/dictionary`` explains each column.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.siting.asked import (
    AreaAsked,
    BudgetYuan,
    DemandAsked,
    FundingAsked,
    RulesAsked,
    WeightsAsked,
)

__all__ = [
    "Catalogue",
    "CityDetail",
    "CityList",
    "CitySummary",
    "ColumnText",
    "CoverageList",
    "DictionaryText",
    "District",
    "DistrictDetail",
    "DistrictList",
    "FeatureCollection",
    "Health",
    "Job",
    "JobList",
    "JobRequest",
    "KindGaps",
    "LayerList",
    "LayerText",
    "ProblemText",
    "ProfileList",
    "ProfileText",
    "Ranking",
    "Sheet",
    "WeighedList",
]

PROPOSAL_CHOICES = {
    *("mode", "k", "amount", "at_least", "rules", "weights", "count", "seed", "plan"),
}
SITING_CHOICES = {
    *("kinds", "budget_yuan", "rules", "weights", "area", "pareto", "seed", "funding"),
    *("seconds", "gap_share", "demand", "sharing"),
}
MOST_PARETO = 40
MOST_YEARS = 10
MOST_OPENINGS = 50
MOST_SEED = 2**53 - 1
"""The largest whole number that every JSON reader reads as it was written."""
Row = dict[str, Any]
Bounds = tuple[float, float, float, float]


class Health(BaseModel):
    """Whether the server works."""

    status: str
    engine_version: str
    database: str


class ProblemText(BaseModel):
    """An error (RFC 9457); `code` never changes, the texts follow the reader's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Row]


class ColumnText(BaseModel):
    """What one column means."""

    type: str
    unit: str | None
    zh: str
    en: str
    values: list[str]


class LayerText(BaseModel):
    """What one layer or table holds."""

    zh: str
    en: str
    geometry: str
    columns: dict[str, ColumnText]


class DictionaryText(BaseModel):
    """The data dictionary."""

    version: str
    inputs: dict[str, LayerText]
    tables: dict[str, LayerText]
    results: dict[str, LayerText]


class ProfileText(BaseModel):
    """One policy profile."""

    id: str
    zh: str
    en: str
    source: str
    dated: str


class ProfileList(BaseModel):
    """All policy profiles."""

    items: list[ProfileText]


class CitySummary(BaseModel):
    """One city in the list."""

    id: str
    name: str
    bounds: Bounds | None
    data_version: str
    profile: str
    engine_version: str
    created_at: datetime
    neighbourhoods: int
    persons: float | None


class CityList(BaseModel):
    """All cities."""

    items: list[CitySummary]


class NoteText(BaseModel):
    """Something that a reader should know."""

    key: str
    level: str
    text_zh: str
    text_en: str


class ParameterText(BaseModel):
    """One number that planners may dispute, with where it comes from."""

    room: str
    key: str
    value: Any
    unit: str | None
    zh: str
    en: str
    source: str
    confidence: str


class CityDetail(CitySummary):
    """One city with everything said about it as a whole."""

    summary: Row
    notes: list[NoteText]
    parameters: list[ParameterText]
    choices: Row
    import_report: Row


class CatalogueLayer(BaseModel):
    """One life-circle layer."""

    zh: str
    en: str
    minutes: float | None
    limit_m: float | None
    source: str
    confidence: str


class CatalogueKind(BaseModel):
    """One kind of facility."""

    id: str
    zh: str
    en: str
    layer: str
    need: str | None
    limit_m: float | None
    radius_m: float | None
    floor_min_m2: float | None
    land_min_m2: float | None
    source: str
    confidence: str


class Catalogue(BaseModel):
    """The facility catalogue of the city's profile."""

    profile: dict[str, str]
    layers: dict[str, CatalogueLayer]
    kinds: list[CatalogueKind]


class LayerEntry(BaseModel):
    """One layer that can be drawn or read."""

    name: str
    zh: str
    en: str
    group: Literal["inputs", "results"]
    geometry: str
    count: int
    tiles: str | None
    min_zoom: int | None
    max_zoom: int | None


class LayerList(BaseModel):
    """All layers of a city."""

    items: list[LayerEntry]


class Feature(BaseModel):
    """A GeoJSON feature; `id` is the text id."""

    type: Literal["Feature"]
    id: str
    geometry: Row | None
    properties: Row


class FeatureCollection(BaseModel):
    """GeoJSON features in longitude/latitude."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


class RankedPlace(BaseModel):
    """One row of the ranking."""

    id: str
    name: str | None
    lon: float
    lat: float
    rank: int | None
    eligibility: str | None
    year_built: int | None
    households: int | None
    persons: float | None
    must_missing: int | None
    must_checked: int | None
    gap_index: float | None
    district_id: str | None
    derived: str | None
    subdistrict: str | None
    area_m2: float | None
    priority: float | None
    priority_rank: int | None
    rank_low: int | None
    rank_high: int | None


class Ranking(BaseModel):
    """One page of the ranking; `total` counts all pages."""

    items: list[RankedPlace]
    total: int


class Findings(BaseModel):
    """Eligibility with its reasons."""

    overall: str | None
    findings: list[Row]


class Named(BaseModel):
    """An id with its name."""

    id: str
    name: str | None


class District(BaseModel):
    """One district: the columns of ``results.districts``, and its members."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str | None
    members: list[Named]
    member_count: int | None


class Sheet(BaseModel):
    """Everything about one neighbourhood."""

    id: str
    name: str | None
    bounds: Bounds
    facts: Row
    derived: str | None
    eligibility: Findings
    gates: list[Row]
    gaps: list[Row]
    circles: list[Row]
    district: District | None
    single_reason: str | None
    stock: list[Row]
    neighbours: list[Row]
    priority: Row | None
    queue: list[Row]
    areas: list[Row]
    access: list[Row]
    data_version: str
    engine_version: str


class CoverageList(BaseModel):
    """Coverage by kind of facility."""

    items: list[Row]


class WeighedList(BaseModel):
    """Rows of ``results.queue`` or ``results.equity``."""

    items: list[Row]


class KindGap(BaseModel):
    """Whether one neighbourhood has one kind, in one layer."""

    neighbourhood_id: str
    layer: str | None
    need: str | None
    status: str | None
    nearest_m: float | None
    limit_m: float | None


class KindGaps(BaseModel):
    """Who lacks one kind."""

    kind: str
    items: list[KindGap]


class DistrictList(BaseModel):
    """All districts."""

    items: list[District]


class DistrictDetail(District):
    """One district with coverage and neighbours."""

    bounds: Bounds
    coverage: list[Row]
    neighbours: list[Row]


class JobRequest(BaseModel):
    """What is to be done: analyse again, prepare scenarios, find openings, propose, site."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["analyse", "scenario-base", "openings", "proposals", "siting"] = "analyse"
    profile: str | None = None
    year: int | None = None
    walking_profile: Literal["adult", "elder", "child", "wheelchair"] | None = None
    circles_by: Literal["distance", "time"] | None = None
    k: Annotated[int | None, Field(ge=1, le=20_000)] = None
    objective: Literal["person_seconds", "persons_covered"] | None = None
    mode: Literal["free", "fixed", "most"] | None = None
    amount: Literal["households", "persons", "area_m2", "members"] | None = None
    at_least: Annotated[float | None, Field(gt=0)] = None
    rules: Row | None = None
    weights: dict[str, Annotated[float, Field(ge=0)]] | None = None
    count: Annotated[int | None, Field(ge=1, le=12)] = None
    seed: Annotated[int | None, Field(ge=0, le=MOST_SEED)] = None
    plan: str | None = None
    kinds: Annotated[list[str] | None, Field(max_length=200)] = None
    budget_yuan: BudgetYuan = None
    area: AreaAsked | None = None
    demand: Annotated[
        DemandAsked | None,
        Field(description="who must walk: the neighbourhood from its best gate, or every building"),
    ] = None
    sharing: Annotated[
        bool | None,
        Field(description="members of a district reach a site through one another"),
    ] = None
    pareto: Annotated[
        int | None, Field(ge=0, le=MOST_PARETO, description="points of money against people")
    ] = None
    funding: FundingAsked | None = None
    seconds: Annotated[float | None, Field(gt=0, le=600)] = None
    gap_share: Annotated[float | None, Field(ge=0, lt=1)] = None

    @model_validator(mode="after")
    def _only_its_own(self) -> JobRequest:
        """Refuse a choice that this kind of work does not know: it would be silently dropped."""
        own = {
            "analyse": {"profile", "year", "walking_profile", "circles_by"},
            "scenario-base": set(),
            "openings": {"k", "objective"},
            "proposals": PROPOSAL_CHOICES,
            "siting": SITING_CHOICES,
        }[self.kind]
        given = {name for name in self.model_fields_set if getattr(self, name) is not None}
        strange = sorted(given - own - {"kind"})
        if strange:
            raise ValueError(f"a job `{self.kind}` knows no {', '.join(strange)}")
        if self.kind == "analyse" and self.profile is None:
            self.profile = "national"
        if self.kind == "openings":
            self.k = self.k or 5
            self.objective = self.objective or "person_seconds"
            if self.k > MOST_OPENINGS:
                raise ValueError(f"at most {MOST_OPENINGS} openings are chosen at once")
        if self.kind == "proposals":
            self._complete_proposals()
        if self.kind == "siting":
            self._complete_siting()
        return self

    def _complete_proposals(self) -> None:
        """Fill in what was left open, and refuse what lacks a number."""
        self.mode = self.mode or "free"
        self.count = self.count or 4
        self.seed = self.seed or 0
        if self.mode == "fixed" and self.k is None:
            raise ValueError("mode `fixed` needs `k`, the number of districts")
        if self.mode == "most" and (self.amount is None or self.at_least is None):
            raise ValueError("mode `most` needs `amount` and `at_least`")

    def _complete_siting(self) -> None:
        """Fill in what was left open, and refuse rules and weights that a siting does not know."""
        self.pareto = 12 if self.pareto is None else self.pareto
        self.seed = self.seed or 0
        if isinstance(self.budget_yuan, list) and not 1 <= len(self.budget_yuan) <= MOST_YEARS:
            raise ValueError(f"`budget_yuan` has one amount for each of 1 to {MOST_YEARS} years")
        if self.rules is not None:
            self.rules = RulesAsked.model_validate(self.rules).model_dump(exclude_unset=True)
        if self.weights is not None:
            WeightsAsked.model_validate(self.weights)


class Job(BaseModel):
    """Long work and how far it is."""

    id: str
    kind: str
    city: str
    request: Row
    status: Literal["accepted", "running", "successful", "failed", "dismissed"]
    progress: float
    step: str | None
    message: str | None
    data_version: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Row | None


class JobList(BaseModel):
    """Jobs, the newest first."""

    items: list[Job]
