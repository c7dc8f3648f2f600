"""What the API takes and answers about stock, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "AssetEdit",
    "AssetNew",
    "AssetRetire",
    "DuplicateList",
    "GapSites",
    "RegisterAnswer",
    "StockAsset",
    "StockDetail",
    "StockHistory",
    "StockKinds",
    "StockList",
    "VerdictNew",
]

Row = dict[str, Any]
Verdict = Literal["accept", "reject", "correct"]
AssetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Values = Annotated[
    Row,
    Field(
        max_length=60,
        description="columns of inputs.stock_assets, in Chinese or English words; null clears one",
    ),
]


class AssetNew(BaseModel):
    """An asset written into the register; `id` is the client's, sent twice it is stored once."""

    model_config = ConfigDict(extra="forbid")

    id: AssetId
    author: Author
    reason: Reason = ""
    values: Values
    geometry: Annotated[Row, Field(description="GeoJSON in longitude/latitude")]


class AssetEdit(BaseModel):
    """Values that change; those not named stay as they are."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[RequestId | None, Field(description="client-made; sent twice, done once")] = None
    author: Author
    reason: Reason = ""
    values: Values = Field(default_factory=dict)
    geometry: Row | None = None


class AssetRetire(BaseModel):
    """Takes an asset out of the register; it stays in the history."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[RequestId | None, Field(description="client-made; sent twice, done once")] = None
    author: Author
    reason: Reason = ""


class VerdictNew(BaseModel):
    """What somebody who looked at a candidate says of it."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[RequestId, Field(description="client-made; sent twice, done once")]
    author: Author
    verdict: Verdict
    reason: Reason = ""
    values: Annotated[Values | None, Field(description="of `correct`, and more of `accept`")] = None
    geometry: Annotated[Row | None, Field(description="of `correct`: where it really is")] = None


class StockAsset(BaseModel):
    """One stock asset: the columns of ``results.stock``, where it is, what it could hold."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str | None
    lon: float
    lat: float
    kinds: list[str]
    fit_count: int
    sign: str | None
    confidence: float | None
    verdict: Verdict | None
    asset_id: str | None
    revision: int
    edited: bool
    added: Annotated[bool, Field(description="not known to the analysis: it counts from the next")]


class StockList(BaseModel):
    """Stock assets."""

    items: list[StockAsset]


class StockDetail(StockAsset):
    """Everything about one stock asset."""

    geometry: Row
    facts: Row | None
    photos: list[str]
    links: list[str]
    documents: list[Row]
    warnings: list[Row]
    complexes: list[Row]
    fits: list[Row]
    measured: Row | None
    history_count: int
    data_version: str


class KindAnswer(BaseModel):
    """Whether one kind of facility could be put on an asset, and for whom."""

    kind: str
    kind_zh: str
    kind_en: str
    fits: bool
    reason: str | None
    has: float | None
    needs: float | None
    zh: str
    en: str
    reasons: list[Row]
    gaps: list[Row]
    persons: float | None
    cost_yuan: float | None
    yearly_yuan: float | None
    cost_mode: str | None
    cost_confidence: str | None


class StockKinds(BaseModel):
    """What could go on an asset, best first."""

    stock_id: str
    pathway: str | None
    permitted_zh: str | None
    permitted_en: str | None
    consent_zh: str | None
    consent_en: str | None
    to_find_out: str | None
    items: list[KindAnswer]


class GapSite(BaseModel):
    """One asset on which a missing kind could be put."""

    stock_id: str
    name: str | None
    source: str | None
    asset_type: str | None
    asset_kind: str | None
    confidence: float | None
    fits: bool
    reason: str | None
    zh: str
    en: str
    distance_m: float | None
    basis: Literal["inside", "walk", "estimate"] | None
    neighbourhoods: int
    persons: float | None
    cost_yuan: float | None
    yearly_yuan: float | None
    pathway: str | None
    to_find_out: str | None
    consent_zh: str | None
    consent_en: str | None
    lon: float
    lat: float


class GapSites(BaseModel):
    """Where a missing kind could go, best first."""

    kind: str
    neighbourhood_id: str | None
    limit_m: float | None
    status: str | None
    items: list[GapSite]


class StockRevision(BaseModel):
    """One edit of an asset, or one verdict on a candidate."""

    revision: int
    op: str
    author: str
    reason: str
    created_at: datetime
    before: Row | None
    after: Row | None


class StockHistory(BaseModel):
    """The log of an asset, newest first."""

    items: list[StockRevision]


class RegisterAnswer(BaseModel):
    """What became of every row of a file."""

    rows: int
    added: int
    changed: int
    unchanged: int
    refused: int
    items: list[Row]
    issues: list[Row]
    issue_count: int
    duplicates: list[Row]
    duplicate_count: int
    ids: list[str]
    unused: list[str]
    dry_run: bool


class DuplicateList(BaseModel):
    """Pairs of entries that may be the same thing."""

    items: list[Row]
