"""What the API takes and answers about plans, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.scenarios.schemas import ClientId, Name

__all__ = [
    "Atoms",
    "Blame",
    "BlameList",
    "Compared",
    "Edit",
    "EditAnswer",
    "ImportAnswer",
    "ImproveRequest",
    "Improved",
    "Plan",
    "PlanChange",
    "PlanEntry",
    "PlanList",
    "PlanNew",
    "ProposalList",
    "Revision",
    "RevisionList",
    "Tag",
    "TagList",
    "TagNew",
    "Why",
]

Row = dict[str, Any]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]
UnitId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Line = Annotated[list[tuple[float, float]], Field(min_length=2, max_length=2_000)]
AreaRule = Literal["majority", "touch", "inside"]


class FromPlan(BaseModel):
    """Begin as another plan is, or was at one of its revisions."""

    model_config = ConfigDict(extra="forbid")
    plan: str
    seq: int | None = None


class FromJob(BaseModel):
    """Begin as one proposal of a finished job."""

    model_config = ConfigDict(extra="forbid")
    job: str
    item: Annotated[int, Field(ge=0)]


class PlanNew(BaseModel):
    """A new plan; the client makes the id, so that a request sent twice is stored once."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    id: ClientId
    name: Name
    author: Author
    origin: Annotated[Literal["analysis", "empty"] | FromPlan | FromJob, Field(alias="from")]
    rules: Row | None = None


class PlanChange(BaseModel):
    """Another name, status or set of rules of a plan."""

    model_config = ConfigDict(extra="forbid")
    id: ClientId | None = None
    author: Author
    reason: Reason = ""
    name: Name | None = None
    status: Literal["draft", "review", "approved", "archived"] | None = None
    rules: Row | None = None


class TagNew(BaseModel):
    """A name for a revision."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    seq: Annotated[int, Field(ge=0)]
    author: Author = "—"


class Tag(BaseModel):
    """A named revision."""

    name: str
    seq: int
    author: str
    created_at: datetime


class TagList(BaseModel):
    """Named revisions, newest first."""

    items: list[Tag]


class Revision(BaseModel):
    """One revision in the history; of an imported assignment the number of units is told."""

    seq: int
    op: str
    params: Row
    author: str
    reason: str
    created_at: datetime
    undoes: int | None
    units_changed: int
    districts: list[str]
    settings: Row | None


class RevisionList(BaseModel):
    """Revisions, newest first."""

    items: list[Revision]


class Blame(BaseModel):
    """One move of a neighbourhood."""

    seq: int
    op: str
    author: str
    reason: str
    created_at: datetime
    before: str | None
    after: str | None


class BlameList(BaseModel):
    """Who moved a neighbourhood, newest first."""

    items: list[Blame]


class Compared(BaseModel):
    """Two plans, or revisions, beside each other."""

    a: str
    b: str
    units: list[Row]
    figures: dict[str, Row]
    districts: dict[str, list[Row]]
    matched: dict[str, str]


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: ClientId
    author: Author
    reason: Reason = ""


class _Gesture(_Edit):
    units: Annotated[list[UnitId] | None, Field(max_length=100_000)] = None
    area: Annotated[Row | None, Field(description="GeoJSON polygon, in place of `units`")] = None
    rule: AreaRule = "majority"

    @model_validator(mode="after")
    def _one_of_both(self) -> _Gesture:
        if self.units is not None and self.area is not None:
            raise ValueError("give `units` or `area`, not both")
        return self


class AssignEdit(_Gesture):
    """Units go to a district, or to none."""

    op: Literal["assign"]
    district: Key | None

    @model_validator(mode="after")
    def _some(self) -> AssignEdit:
        if self.units is None and self.area is None:
            raise ValueError("give `units` or an `area`")
        return self


class CreateEdit(_Gesture):
    """A new district."""

    op: Literal["create"]
    district: Key | None = None
    name: Name | None = None


class MergeEdit(_Edit):
    """Districts become one."""

    op: Literal["merge"]
    districts: Annotated[list[Key], Field(min_length=1, max_length=1_000)]
    into: Key


class SplitEdit(_Edit):
    """A district is divided, by a line or into connected parts of about equal households."""

    op: Literal["split"]
    district: Key
    line: Line | None = None
    parts: Annotated[int | None, Field(ge=2, le=50)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> SplitEdit:
        if (self.line is None) == (self.parts is None):
            raise ValueError("give `line` or `parts`")
        return self


class RenameEdit(_Edit):
    """A district gets another name."""

    op: Literal["rename"]
    district: Key
    name: Name


class RecolourEdit(_Edit):
    """A district gets another colour."""

    op: Literal["recolour"]
    district: Key
    colour: Annotated[int, Field(ge=0, le=5)]


class LockEdit(_Edit):
    """Districts neither lose nor gain, units stay; or they are freed."""

    op: Literal["lock"]
    locked: bool
    districts: list[Key] = []
    units: list[UnitId] = []


class AbsorbEdit(_Edit):
    """Cut-off parts go to the neighbour with the longest boundary."""

    op: Literal["absorb"]
    districts: list[Key] | None = None


class SplitUnitEdit(_Edit):
    """A neighbourhood is divided by a line, its data with it."""

    op: Literal["split_unit"]
    unit: UnitId
    line: Line


class HealUnitEdit(_Edit):
    """The pieces of a divided neighbourhood become one again."""

    op: Literal["heal_unit"]
    unit: UnitId


class ImportEdit(_Edit):
    """Units go to the districts named; others stay."""

    op: Literal["import"]
    assignment: dict[UnitId, Key | None]
    names: Annotated[dict[Key, Name], Field(description="of districts that are new")] = {}


class TakeEdit(_Edit):
    """A proposal takes the place of the plan, or some of its districts are taken over."""

    op: Literal["take"]
    assignment: dict[UnitId, Key | None]
    districts: list[Key] | None = None


class RestoreEdit(_Edit):
    """The plan becomes again what it was at a revision or tag."""

    op: Literal["restore"]
    seq: Annotated[int | None, Field(ge=0)] = None
    tag: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> RestoreEdit:
        if (self.seq is None) == (self.tag is None):
            raise ValueError("give `seq` or `tag`")
        return self


class UndoEdit(_Edit):
    """A revision (default: the newest that stands) is taken back."""

    op: Literal["undo"]
    seq: Annotated[int | None, Field(ge=1)] = None


class RedoEdit(_Edit):
    """An undo (default: the newest that stands) is taken back."""

    op: Literal["redo"]
    seq: Annotated[int | None, Field(ge=1)] = None


Edit = Annotated[
    AssignEdit
    | CreateEdit
    | MergeEdit
    | SplitEdit
    | RenameEdit
    | RecolourEdit
    | LockEdit
    | AbsorbEdit
    | SplitUnitEdit
    | HealUnitEdit
    | ImportEdit
    | TakeEdit
    | RestoreEdit
    | UndoEdit
    | RedoEdit,
    Field(discriminator="op"),
]


class PlanEntry(BaseModel):
    """One plan in the list."""

    id: str
    name: str
    head: int
    status: Literal["draft", "review", "approved", "archived"]
    districts: int
    unassigned: int = Field(description="in no district though they may join one")
    excluded: int = Field(description="in no district because they are not eligible")
    data_version: str
    stale: bool
    author: str
    created_at: datetime
    updated_at: datetime


class PlanList(BaseModel):
    """The plans of a city, the one changed last first."""

    items: list[PlanEntry]


class Plan(BaseModel):
    """One plan at one of its revisions."""

    id: str
    name: str
    head: int
    seq: int
    status: str
    data_version: str
    stale: bool
    author: str
    origin: Row
    created_at: datetime
    updated_at: datetime
    districts: list[Row]
    assignment: dict[str, str | None]
    locked_units: list[str]
    units: list[Row]
    rules: Row
    fragments: list[Row]
    broken: list[Row]
    unassigned: int = Field(description="in no district though they may join one")
    excluded: int = Field(description="in no district because they are not eligible")
    undo: int | None
    redo: int | None


class EditAnswer(BaseModel):
    """What an edit did; of a trial (`dry_run`), what it would do."""

    seq: int
    head: int
    changes: list[Row]
    districts: list[Row]
    fragments: list[Row]
    new_fragments: list[Row]
    broken: list[Row]
    flips: list[Row]
    skipped: list[str]
    refused: Row | None
    rebased_from: int | None
    redrawn: list[str]
    undo: int | None
    redo: int | None


class ImportAnswer(BaseModel):
    """What of a file fitted; how many units and districts it changed (or would), and `edit`."""

    rows: int
    matched: int
    unknown: list[str]
    doubled: list[str]
    missing: list[str]
    unknown_count: int
    doubled_count: int
    missing_count: int
    changes: int
    districts: int
    seq: int
    head: int
    edit: EditAnswer


class Atoms(BaseModel):
    """What a browser needs to compute figures at once; columns are arrays of equal length."""

    data_version: str
    kinds: list[str]
    layers: list[str | None]
    parts: list[Row]
    units: dict[str, list[Any]]
    links: dict[str, list[Any]]
    closes: dict[str, list[Any]]


class ProposalList(BaseModel):
    """Proposed plans; `job` is null if there was none."""

    data_version: str
    job: str | None
    request: Row | None
    items: list[Row]


class ImproveRequest(BaseModel):
    """What was moved, and what of it is meant to stay as it is."""

    model_config = ConfigDict(extra="forbid")
    units: Annotated[list[UnitId], Field(min_length=1, max_length=2_000)]
    locked: Annotated[list[UnitId], Field(max_length=100_000)] = []


class Improved(BaseModel):
    """The best plan around an edit: units whose district would change, and the proof."""

    assignment: dict[str, str | None]
    value_before: float | None
    value: float | None
    bound: float | None
    status: str
    scope: str
    units: list[str]
    elapsed_ms: float


class Why(BaseModel):
    """What a neighbourhood shares with each member of its district; the cost of every move."""

    district: str | None
    shares: list[Row]
    moves: list[Row]
