"""Edits as the page sends them (longitude, latitude) into operations of the engine (metres)."""

from __future__ import annotations

from functools import lru_cache, singledispatch
from typing import Any

import pyproj
import shapely
from sqlalchemy import Connection

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.plans import schemas as sent
from app.store.plan_units import read_homes
from app.store.plans import PlanRow, next_redo, next_undo, steps_after, unrolled
from app.store.rows import rows
from spatial.errors import InputError
from spatial.plans import (
    AbsorbFragments,
    Assign,
    Create,
    Draft,
    HealUnit,
    Import,
    Lock,
    Merge,
    Operation,
    Recolour,
    Redo,
    Rename,
    Restore,
    SplitByLine,
    SplitInto,
    SplitUnit,
    Step,
    Take,
    Undo,
    step_between,
    units_in,
)

__all__ = ["Place", "operation_of"]


class Place:
    """The plan that an edit is done to, as its transaction sees it."""

    def __init__(self, connection: Connection, plan: PlanRow, draft: Draft) -> None:
        self.connection = connection
        self.plan = plan
        self.draft = draft

    def metres(self, shape: shapely.Geometry) -> shapely.Geometry:
        """Return a shape in the metres of the plan."""
        project = _to_metres(self.draft.ground.crs)
        return shapely.transform(shape, project.transform, interleaved=False)

    def step_of(self, seq: int) -> tuple[str, Step]:
        """Return operation and step of one revision."""
        found = steps_after(self.connection, self.plan, seq - 1, seq)
        if not found:
            raise NotFoundError(
                f"Plan `{self.plan.id}` has no revision {seq}.",
                f"方案 `{self.plan.id}` 没有第 {seq} 次修订。",
            )
        return found[0]["op"], found[0]["step"]


@singledispatch
def operation_of(edit: Any, place: Place) -> Operation:
    """Return what an edit asks for, as the engine knows it."""
    del place
    raise BadRequestError(f"`{edit.op}` is no operation.", f"没有操作 `{edit.op}`。")


@operation_of.register
def _assign(edit: sent.AssignEdit, place: Place) -> Operation:
    return Assign(_units(edit, place), edit.district, skip_held=edit.area is not None)


@operation_of.register
def _create(edit: sent.CreateEdit, place: Place) -> Operation:
    units = _units(edit, place)
    return Create(edit.name, units, edit.district, skip_held=edit.area is not None)


@operation_of.register
def _merge(edit: sent.MergeEdit, place: Place) -> Operation:
    del place
    return Merge(tuple(edit.districts), edit.into)


@operation_of.register
def _split(edit: sent.SplitEdit, place: Place) -> Operation:
    if edit.line is not None:
        return SplitByLine(edit.district, place.metres(shapely.LineString(edit.line)))
    assert edit.parts is not None
    return SplitInto(edit.district, edit.parts)


@operation_of.register
def _rename(edit: sent.RenameEdit, place: Place) -> Operation:
    del place
    return Rename(edit.district, edit.name)


@operation_of.register
def _recolour(edit: sent.RecolourEdit, place: Place) -> Operation:
    del place
    return Recolour(edit.district, edit.colour)


@operation_of.register
def _lock(edit: sent.LockEdit, place: Place) -> Operation:
    del place
    return Lock(edit.locked, tuple(edit.districts), tuple(edit.units))


@operation_of.register
def _absorb(edit: sent.AbsorbEdit, place: Place) -> Operation:
    del place
    return AbsorbFragments(None if edit.districts is None else tuple(edit.districts))


@operation_of.register
def _split_unit(edit: sent.SplitUnitEdit, place: Place) -> Operation:
    buildings = read_homes(place.connection, place.plan, place.draft.ground, edit.unit)
    line = place.metres(shapely.LineString(edit.line))
    return SplitUnit(edit.unit, line, buildings, seq=place.plan.head + 1)


@operation_of.register
def _heal_unit(edit: sent.HealUnitEdit, place: Place) -> Operation:
    del place
    return HealUnit(edit.unit)


@operation_of.register
def _import(edit: sent.ImportEdit, place: Place) -> Operation:
    del place
    return Import(edit.assignment, edit.names)


@operation_of.register
def _take(edit: sent.TakeEdit, place: Place) -> Operation:
    del place
    return Take(edit.assignment, None if edit.districts is None else tuple(edit.districts))


@operation_of.register
def _restore(edit: sent.RestoreEdit, place: Place) -> Operation:
    seq = edit.seq
    if seq is None:
        statement = "SELECT seq FROM linli.plan_tag WHERE plan = :plan AND name = :name"
        found = rows(place.connection, statement, plan=place.plan.key, name=edit.tag)
        if not found:
            raise NotFoundError(
                f"Plan `{place.plan.id}` has no tag `{edit.tag}`.",
                f"方案 `{place.plan.id}` 没有标签 `{edit.tag}`。",
            )
        seq = int(found[0]["seq"])
    then = unrolled(place.connection, place.plan, place.draft, seq)
    return Restore(seq, step_between(place.draft, then))


@operation_of.register
def _undo(edit: sent.UndoEdit, place: Place) -> Operation:
    newest = next_undo(place.connection, place.plan)
    seq = edit.seq or newest
    if seq is None:
        raise ConflictError("There is nothing to undo.", "没有可撤销的操作。")
    op, step = place.step_of(seq)
    _require_once(place, seq)
    if op in {"undo", "settings"}:
        raise ConflictError(
            f"Revision {seq} is {'an undo: redo it' if op == 'undo' else 'no edit of the map'}.",
            f"第 {seq} 次修订{'是撤销,请用重做' if op == 'undo' else '不是对图的编辑'}。",
        )
    return Undo(seq, step, older=seq != newest)


@operation_of.register
def _redo(edit: sent.RedoEdit, place: Place) -> Operation:
    seq = edit.seq or next_redo(place.connection, place.plan)
    if seq is None:
        raise ConflictError("There is nothing to redo.", "没有可重做的操作。")
    op, step = place.step_of(seq)
    _require_once(place, seq)
    if op != "undo":
        raise ConflictError(
            f"Revision {seq} is no undo; only an undo can be redone.",
            f"第 {seq} 次修订不是撤销,不能重做。",
        )
    return Redo(seq, step)


def _require_once(place: Place, seq: int) -> None:
    statement = "SELECT seq FROM linli.plan_revision WHERE plan = :plan AND undoes = :seq"
    found = rows(place.connection, statement, plan=place.plan.key, seq=seq)
    if found:
        by = found[0]["seq"]
        raise ConflictError(
            f"Revision {seq} was taken back already, by revision {by}.",
            f"第 {seq} 次修订已被第 {by} 次修订撤回。",
        )


def _units(edit: sent.AssignEdit | sent.CreateEdit, place: Place) -> tuple[str, ...]:
    if edit.area is None:
        return tuple(edit.units or ())
    try:
        area = shapely.geometry.shape(edit.area)
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError) as fault:
        raise InputError(
            "`area` is no GeoJSON polygon in longitude/latitude.",
            zh="`area` 不是经纬度 GeoJSON 多边形。",
        ) from fault
    ground = place.draft.ground
    return tuple(ground.ids[units_in(ground, place.metres(area), rule=edit.rule)].tolist())


@lru_cache(maxsize=16)
def _to_metres(crs: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
