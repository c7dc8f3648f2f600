"""Plans of districts: read, and edited by many at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from app.errors import BadRequestError, ConflictError, PlanStaleError, PreconditionError, StoreError
from app.plain import geometry_record, plain
from app.plans.drafts import Drafts
from app.plans.operations import Place, operation_of
from app.plans.schemas import FromPlan, PlanChange, PlanNew
from app.store import edits, history, jobs
from app.store.ground import default_rules
from app.store.plan_units import insert_halves
from app.store.plans import (
    PlanRow,
    Start,
    count_loose,
    create_plan,
    find_plan,
    find_plan_by_key,
    next_redo,
    next_undo,
    steps_after,
    unrolled,
)
from app.store.rows import Record, Version, current_version, find_version, rows
from spatial.errors import SpatialError
from spatial.plans import (
    Applied,
    Carried,
    District,
    Draft,
    Fragment,
    PlanRules,
    Redo,
    Step,
    Undo,
    apply,
    broken_rules,
    carry,
    district_figures,
    flips,
    fragments,
)

__all__ = [
    "change_plan",
    "edit_plan",
    "new_plan",
    "plan_record",
    "problem_of_plan",
    "reading",
    "told_revisions",
]

RESERVED: Final = ("compare",)
TOLD_AT_ONCE: Final = 200
"""Revisions read at once for those who follow a plan."""
TOLD_UNITS: Final = 100
"""Units named at most in the report of a plan carried over."""
FROZEN: Final = ("approved", "archived")
KIND_NAMES: Final = "SELECT catalogue FROM linli.city_version WHERE key = :key"
FROM_ANALYSIS: Final = """
SELECT n.id, d.id AS district FROM linli.result_neighbourhoods AS n
LEFT JOIN linli.result_districts AS d ON d.version = n.version AND d.id = n.district_id
WHERE n.version = :version
"""
DISTRICTS: Final = """
SELECT id, coalesce(nullif(name, ''), id) AS name, coalesce(colour, 0) AS colour
FROM linli.result_districts WHERE version = :version ORDER BY id
"""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of everything, however many questions are asked."""
    with (
        engine.connect() as plain_connection,
        plain_connection.execution_options(isolation_level="REPEATABLE READ").begin(),
    ):
        yield plain_connection


def new_plan(engine: Engine, drafts: Drafts, city_id: str, request: PlanNew) -> PlanRow:
    """Store a new plan on the city's current data."""
    if request.id in RESERVED:
        raise BadRequestError(
            f"`{request.id}` cannot be the id of a plan.", f"`{request.id}` 不能用作方案 id。"
        )
    with engine.begin() as connection:
        version = current_version(connection, city_id)
        start = _start(connection, drafts, version, request)
        return create_plan(
            connection, city_id, request.id, name=request.name, author=request.author, start=start
        )


def plan_record(
    engine: Engine, drafts: Drafts, city_id: str, plan_id: str, *, at: int | None = None
) -> Record:
    """Return a plan with the figures of all its districts, now or after one of its revisions."""
    with reading(engine) as connection:
        plan = find_plan(connection, city_id, plan_id)
        draft = drafts.at_head(connection, plan)
        seq = plan.head if at is None else at
        if seq != plan.head:
            draft = unrolled(connection, plan, draft, seq)
        current = current_version(connection, city_id).data_version
        undo, redo = next_undo(connection, plan, seq), next_redo(connection, plan, seq)
    ground = draft.ground
    return {
        **_row_record(plan),
        "stale": plan.data_version != current,
        "seq": seq,
        "districts": district_records(draft),
        "assignment": draft.assignment(),
        "locked_units": ground.ids[draft.locked & ground.alive].tolist(),
        "units": own_units(draft),
        "rules": draft.rules.to_record(),
        "fragments": [_fragment(one) for one in fragments(draft)],
        "broken": [one.to_record() for one in broken_rules(draft)],
        **count_loose(draft),
        "undo": undo,
        "redo": redo,
    }


def edit_plan(
    engine: Engine,
    drafts: Drafts,
    city_id: str,
    plan_id: str,
    edit: Any,
    *,
    seen: int | None,
    dry_run: bool = False,
) -> Record:
    """Do one edit, or tell what it would do.

    The whole edit is one transaction that holds the plan's row: locks and rules are asked in the
    state that is changed, the log and the tables are written together, and what is answered is
    kept, so that the same request sent again (a lost answer) has one effect.

    Raises
    ------
    PreconditionError
        If the writer did not say which state was seen.
    PlanStaleError
        If somebody else changed the same districts since.
    EditRefusedError
        If a lock or a hard rule forbids it.
    """
    if dry_run:
        with reading(engine) as connection:
            plan = find_plan(connection, city_id, plan_id)
            place = Place(connection, plan, drafts.at_head(connection, plan))
            applied = apply(place.draft, operation_of(edit, place), trial=True)
            return _answer(place, applied, plan.head, plan.head)
    try:
        with engine.begin() as connection:
            plan = find_plan(connection, city_id, plan_id, lock=True)
            known = edits.first_answer(connection, plan, edit.id)
            if known is not None:
                return _told_before(connection, plan, edit, known)
            answer, draft, seq = _edit(connection, drafts, plan, edit, seen)
    except StoreError:
        drafts.forget_all()  # what was remembered is not what is stored
        raise
    drafts.keep(plan.key, seq, draft)
    return answer


def _edit(
    connection: Connection, drafts: Drafts, plan: PlanRow, edit: Any, seen: int | None
) -> tuple[Record, Draft, int]:
    _require_seen(plan, seen)
    if plan.status in FROZEN:
        raise ConflictError(
            f"Plan “{plan.name}” is {plan.status}; copy it, or set it to draft first.",
            f"方案“{plan.name}”已{'批准' if plan.status == 'approved' else '归档'},"
            "请先复制或改回草稿状态。",
        )
    place = Place(connection, plan, drafts.at_head(connection, plan))
    theirs = steps_after(connection, plan, seen) if seen is not None else []
    operation = operation_of(edit, place)
    try:
        applied = apply(place.draft, operation)
    except SpatialError as refusal:
        if theirs:  # it may have been possible in the state that the writer saw
            raise _stale(plan, edit.op, edit.author, None, theirs) from refusal
        raise
    if theirs and _overlap(applied.step, theirs):
        raise _stale(plan, edit.op, edit.author, applied.step, theirs)
    if not applied.step:  # everything is so already
        return _answer(place, applied, plan.head, plan.head), place.draft, plan.head
    revision = edits.Revision(
        request_id=edit.id,
        op=edit.op,
        params=_params(edit),
        author=edit.author,
        reason=edit.reason,
        step=applied.step,
        undoes=operation.seq if isinstance(operation, Undo | Redo) else None,
    )
    insert_halves(connection, plan, plan.head + 1, applied.halves)
    seq = edits.write_revision(connection, plan, revision)
    answer = _answer(place, applied, seq, seq, rebased_from=seen if theirs else None)
    kept = {key: value for key, value in answer.items() if key != "changes"}
    edits.keep_answer(connection, plan, seq, kept)
    return answer, applied.draft, seq


def _params(edit: Any) -> Record:
    """Return what was asked for, as it was sent; of a drawn area also by which rule it was read."""
    asked: Record = edit.model_dump(exclude={"id", "op", "author", "reason"}, exclude_unset=True)
    if asked.get("area") is not None:
        asked["rule"] = edit.rule
    return asked


def _require_seen(plan: PlanRow, seen: int | None) -> None:
    if seen is None:
        raise PreconditionError(
            "Send `If-Match` with the ETag that reading the plan gave.",
            "请在 `If-Match` 中给出读取该方案时得到的 ETag。",
        )
    if seen > plan.head:
        raise PlanStaleError(
            f"Plan “{plan.name}” is at revision {plan.head}; {seen} does not exist. Read it again.",
            f"方案“{plan.name}”当前为第 {plan.head} 版,没有第 {seen} 版;请重新读取。",
            told={"head": plan.head, "mine": None, "theirs": []},
        )


def _overlap(mine: Step, theirs: list[Record]) -> bool:
    """Whether somebody else changed the same units, or units of the same districts."""
    units = {*mine.units, *mine.locks, *mine.alive}
    touched = mine.touched()
    for one in theirs:
        step: Step = one["step"]
        if touched & step.touched() or units & {*step.units, *step.locks, *step.alive}:
            return True
        if one["op"] == "settings":
            return True
    return False


def _stale(
    plan: PlanRow, op: str, author: str, mine: Step | None, theirs: list[Record]
) -> PlanStaleError:
    last = theirs[-1]
    return PlanStaleError(
        f"{last['author']} changed plan “{plan.name}” in the meantime (it is at revision "
        f"{plan.head}), and it concerns the same districts. Look at both changes, then do yours "
        "again or leave it.",
        f"{last['author']} 已修改方案“{plan.name}”(当前第 {plan.head} 版),且涉及相同片区。"
        "请对照双方改动后重做或放弃。",
        told={
            "head": plan.head,
            "mine": {
                "op": op,
                "author": author,
                "changes": [] if mine is None else changes_record(mine.units),
            },
            "theirs": [
                {
                    "seq": one["seq"],
                    "op": one["op"],
                    "author": one["author"],
                    "reason": one["reason"],
                    "created_at": one["created_at"].isoformat(),
                    "changes": changes_record(one["step"].units),
                    "districts": sorted(one["step"].touched()),
                }
                for one in theirs
            ],
        },
    )


def _told_before(connection: Connection, plan: PlanRow, edit: Any, known: Record) -> Record:
    if (known["op"], known["params"]) != (edit.op, plain(_params(edit))):
        raise ConflictError(
            f"Request `{edit.id}` was used for another edit (revision {known['seq']}); every edit "
            "needs an id of its own.",
            f"请求 id `{edit.id}` 已用于另一编辑(第 {known['seq']} 次修订);每次编辑须有自己的 id。",
        )
    seq = known["seq"]
    (one,) = steps_after(connection, plan, seq - 1, seq)
    return {**known["answer"], "changes": changes_record(one["step"].units)}


def _answer(
    place: Place, applied: Applied, seq: int, head: int, *, rebased_from: int | None = None
) -> Record:
    before, after = place.draft, applied.draft
    were = sorted(applied.step.touched() & set(before.districts))
    old = district_figures(before, were)
    new = district_figures(after, applied.touched)
    gone = [key for key in were if key not in after.districts]
    refused = applied.refused
    changed = flips(
        (before, old, broken_rules(before, were)),
        (after, new, applied.broken),
        names=_kind_names(place),
    )
    written = seq > place.plan.head
    plan = place.plan
    undo = redo = None
    if written or not applied.step:
        undo = next_undo(place.connection, plan, seq)
        redo = next_redo(place.connection, plan, seq)
    return {
        "seq": seq,
        "head": head,
        "changes": changes_record(applied.step.units),
        "districts": [
            *_figures_beside(after, new, before, old),
            *({"id": key, "gone": True, **_one(before, old, key, "_before")} for key in gone),
        ],
        "fragments": [_fragment(one) for one in applied.fragments],
        "new_fragments": [_fragment(one) for one in applied.new_fragments],
        "broken": [one.to_record() for one in applied.broken],
        "flips": [one.to_record() for one in changed],
        "skipped": list(applied.skipped),
        "refused": None
        if refused is None
        else {
            "rule": refused.rule,
            "districts": list(refused.districts),
            "units": list(refused.units),
            "zh": refused.message_zh,
            "en": str(refused),
        },
        "rebased_from": rebased_from,
        "redrawn": sorted(applied.step.alive),
        "undo": undo,
        "redo": redo,
    }


def change_plan(
    engine: Engine,
    drafts: Drafts,
    city_id: str,
    plan_id: str,
    request: PlanChange,
    *,
    seen: int | None,
) -> Record:
    """Change name, status or rules of a plan; that is a revision too, but none to be undone."""
    with engine.begin() as connection:
        plan = find_plan(connection, city_id, plan_id, lock=True)
        known = edits.first_answer(connection, plan, request.id) if request.id else None
        if known is None:
            _require_seen(plan, seen)
            wanted = request.model_dump(include={"name", "status", "rules"}, exclude_none=True)
            if "rules" in wanted:
                wanted["rules"] = _asked_rules(wanted["rules"]).to_record()
            changed = {key: value for key, value in wanted.items() if getattr(plan, key) != value}
            if changed:
                theirs = steps_after(connection, plan, plan.head if seen is None else seen)
                if any(one["op"] == "settings" for one in theirs):
                    raise _stale(plan, "settings", request.author, None, theirs)
                _write_settings(connection, plan, request, changed)
    return plan_record(engine, drafts, city_id, plan_id)


def _write_settings(
    connection: Connection, plan: PlanRow, request: PlanChange, changed: Record
) -> None:
    before_after = {key: [getattr(plan, key), value] for key, value in changed.items()}
    revision = edits.Revision(
        request_id=request.id or uuid.uuid4().hex,
        op="settings",
        params=changed,
        author=request.author,
        reason=request.reason,
        step=Step(),
        settings=before_after,
    )
    edits.write_revision(connection, plan, revision)
    stored = {k: Jsonb(v) if isinstance(v, dict) else v for k, v in changed.items()}
    history.change_settings(connection, plan, stored)


def told_revisions(engine: Engine, key: int, after: int) -> list[Record]:
    """Return the next revisions of a plan after one, as the readers of its events are told."""
    with reading(engine) as connection:
        plan = find_plan_by_key(connection, key)
        found = steps_after(connection, plan, after, min(plan.head, after + TOLD_AT_ONCE))
    return [
        {
            "seq": one["seq"],
            "op": one["op"],
            "author": one["author"],
            "reason": one["reason"],
            "created_at": one["created_at"].isoformat(),
            "undoes": one["undoes"],
            "changes": changes_record(one["step"].units),
            "districts": sorted(one["step"].touched()),
            "redrawn": sorted(one["step"].alive),
        }
        for one in found
    ]


def problem_of_plan(
    engine: Engine, drafts: Drafts, problems: Any, city_id: str, plan_id: str
) -> tuple[Draft, Any]:
    """Return a plan at its head, and the districting problem of its rules and locks."""
    with reading(engine) as connection:
        plan = find_plan(connection, city_id, plan_id)
        draft = drafts.at_head(connection, plan)
        version = find_version(connection, city_id, plan.data_version)
        return draft, problems.of(connection, version, draft)


def changes_record(units: Mapping[str, tuple[str | None, str | None]]) -> list[Record]:
    """Return changes of units as plain rows, by unit."""
    return [
        {"unit": unit, "before": before, "after": after}
        for unit, (before, after) in sorted(units.items())
    ]


def district_records(draft: Draft, districts: Iterable[str] | None = None) -> list[Record]:
    """Return districts with their figures as plain rows."""
    figures = district_figures(draft, districts)
    return [_one(draft, figures, key) | {"id": key} for key in figures.index]


def _figures_beside(after: Draft, new: Any, before: Draft, old: Any) -> Iterator[Record]:
    for key in new.index:
        row = {"id": key, "gone": False, **_one(after, new, key)}
        if key in old.index:
            row |= _one(before, old, key, "_before")
        yield row


def _one(draft: Draft, figures: Any, key: str, suffix: str = "") -> Record:
    kinds = draft.ground.pooling.kinds
    row = {name: plain(figures.loc[key, name]) for name in figures.columns if name != "missing"}
    bits = int(figures.loc[key, "missing"])
    short = [kind.split(":", 1)[0] for bit, kind in enumerate(kinds) if bits >> bit & 1]
    row["missing"] = list(dict.fromkeys(short))
    own = draft.districts[key].to_record()
    return {f"{name}{suffix}": value for name, value in {**own, **row}.items()}


def own_units(draft: Draft) -> list[Record]:
    """Return the pieces of divided neighbourhoods, with their cells in longitude/latitude."""
    ground = draft.ground
    pieces = [row for row, parent in enumerate(ground.parent) if parent >= 0 and ground.alive[row]]
    return [
        {
            "id": str(ground.ids[row]),
            "parent": str(ground.ids[ground.parent[row]]),
            "name": ground.name[row],
            "households": plain(float(ground.households[row])),
            "persons": plain(float(ground.persons[row])),
            "area_m2": plain(float(ground.area_m2[row])),
            "geometry": geometry_record(ground.cells[row], ground.crs),
            "parcel": geometry_record(ground.parcels[row], ground.crs),
        }
        for row in pieces
    ]


def _fragment(one: Fragment) -> Record:
    return {"district": one.district, "units": list(one.units)}


def _kind_names(place: Place) -> dict[str, tuple[str, str]]:
    version = find_version(place.connection, place.plan.city_id, place.plan.data_version)
    catalogue = rows(place.connection, KIND_NAMES, key=version.key)[0]["catalogue"]
    return {one["id"]: (one["zh"], one["en"]) for one in catalogue.get("kinds", ())}


def _row_record(plan: PlanRow) -> Record:
    return {
        "id": plan.id,
        "name": plan.name,
        "head": plan.head,
        "status": plan.status,
        "data_version": plan.data_version,
        "author": plan.author,
        "origin": plan.origin,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
    }


def _asked_rules(record: Mapping[str, Any]) -> PlanRules:
    """Return rules that somebody gives; rules that can never hold together are refused."""
    rules = PlanRules.from_record(record)
    rules.require_possible()
    return rules


def _start(connection: Connection, drafts: Drafts, version: Version, request: PlanNew) -> Start:
    if request.rules is None:
        rules = default_rules(connection, version)
    else:
        rules = _asked_rules(request.rules)
    origin: Any = request.origin
    if isinstance(origin, FromPlan):
        return _copied(connection, drafts, version, request, rules)
    asked = origin if isinstance(origin, str) else origin.model_dump()
    found = rows(connection, FROM_ANALYSIS, version=version.key)
    if origin == "empty":
        everywhere: dict[str, str | None] = {one["id"]: None for one in found}
        return Start(everywhere, (), frozenset(), rules, {"from": asked})
    if origin == "analysis":
        districts = [District(**one) for one in rows(connection, DISTRICTS, version=version.key)]
        assignment = {one["id"]: one["district"] for one in found}
        return Start(assignment, districts, frozenset(), rules, {"from": asked})
    return _proposed(connection, version, request, rules, [one["id"] for one in found])


def _copied(
    connection: Connection, drafts: Drafts, version: Version, request: PlanNew, rules: PlanRules
) -> Start:
    """Begin as another plan is; what does not fit the current data is told in the origin."""
    origin = request.origin
    assert isinstance(origin, FromPlan)
    other = find_plan(connection, version.city_id, origin.plan)
    draft = drafts.at_head(connection, other)
    seq = other.head if origin.seq is None else origin.seq
    if seq != other.head:
        draft = unrolled(connection, other, draft, seq)
    found = carry(draft, drafts.ground(connection, version).ids)
    return Start(
        found.assignment,
        draft.districts.values(),
        found.locked_units,
        found.rules if request.rules is None else rules,
        {"from": {"plan": origin.plan, "seq": seq}, "carried": _carried(other, found)},
    )


def _carried(other: PlanRow, found: Carried) -> Record:
    """Return what of a plan did not fit the current data as it was; lists are cut short."""
    unknown = [{"unit": unit, "district": key} for unit, key in found.unknown]
    return {
        "data_version": other.data_version,
        "unknown": unknown[:TOLD_UNITS],
        "unknown_count": len(unknown),
        "added": list(found.added[:TOLD_UNITS]),
        "added_count": len(found.added),
        "joined": list(found.joined[:TOLD_UNITS]),
        "joined_count": len(found.joined),
        "dropped_rules": found.dropped_rules,
    }


def _proposed(
    connection: Connection, version: Version, request: PlanNew, rules: PlanRules, units: list[str]
) -> Start:
    """Begin as one proposal of a finished job."""
    origin: Any = request.origin
    told = jobs.result_of(connection, version.city_id, origin.job)
    items = told.get("items", [])
    if origin.item >= len(items):
        raise ConflictError(
            f"Job `{origin.job}` has {len(items)} proposals; {origin.item} is none of them.",
            f"任务 `{origin.job}` 有 {len(items)} 个方案,没有第 {origin.item} 个。",
        )
    proposed = items[origin.item]["assignment"]
    assignment = {unit: proposed.get(unit) for unit in units}
    keys = sorted({key for key in assignment.values() if key is not None})
    districts = [District(key, key, number % 6) for number, key in enumerate(keys)]
    return Start(assignment, districts, frozenset(), rules, {"from": origin.model_dump()})
