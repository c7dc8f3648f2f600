"""The register, edited: made, changed, retired, candidates judged; nothing is deleted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.stock.answers import asset_record
from app.stock.pairs import list_duplicates
from app.stock.schemas import AssetEdit, AssetNew, AssetRetire, VerdictNew
from app.stock.writing import read_shape, shown_and_fits
from app.store import stock, stock_edits
from app.store.rows import Record, Version, current_version, rows
from app.store.stock_edits import Edit, Written
from spatial.stock.register import Issue, read_values

__all__ = [
    "bounds_of",
    "edit_asset",
    "judge_candidate",
    "new_asset",
    "retire_asset",
    "write_assets",
]

ACCEPTED: Final = "reg:"
"""Before the id of a candidate: the id of the asset that it became."""
RESERVED: Final = ("template", "import")
BOUNDS: Final = "SELECT west, south, east, north FROM linli.city_version WHERE key = :key"
CANDIDATE_FACTS: Final = (
    *("name", "asset_type", "kind", "ownership", "owner", "land_m2", "floor_m2", "floor_level"),
    *("own_entrance", "inside_red_line", "evidence"),
)


def new_asset(engine: Engine, city_id: str, asked: AssetNew) -> Record:
    """Write a new asset into the register.

    Returns
    -------
    dict
        The asset, and ``duplicates``: pairs of it with entries that may be the same thing.

    Raises
    ------
    ConflictError
        If another asset has this id, now or in the history.
    BadRequestError
        If a value or the geometry cannot be read; every value that is wrong is told.
    """
    if asked.id in RESERVED:
        raise BadRequestError(
            f"`{asked.id}` cannot be the id of an asset.", f"`{asked.id}` 不能用作资源编号。"
        )
    edit = Edit(f"new-{asked.id}", "create", asked.author, asked.reason)
    with engine.begin() as connection:
        version = _begin(connection, city_id)
        sent = asked.model_dump(mode="json")
        known = stock_edits.first_answer(connection, city_id, edit, sent)
        if known is not None:
            return known
        taken = stock_edits.latest(connection, city_id, asked.id) is not None
        if taken or stock.input_facts(connection, version, asked.id) is not None:
            raise ConflictError(
                f"There is already an asset `{asked.id}` (it may be retired); give the new one "
                "another id, or change that one with PUT.",
                f"编号 `{asked.id}` 已被使用(可能已注销);请换用新的编号,或用 PUT 修改原资源。",
            )
        facts = _read(asked.values)
        shape = read_shape(asked.geometry, bounds_of(connection, version))
        write_assets(connection, version, edit, {asked.id: (facts, shape)}, {asked.id: None})
        pairs = list_duplicates(connection, version, of=asked.id)
        answer = {**asset_record(connection, version, asked.id), "duplicates": pairs}
        stock_edits.keep_answer(connection, city_id, edit, sent, answer)
        return answer


def edit_asset(
    engine: Engine, city_id: str, asset_id: str, asked: AssetEdit, *, seen: int | None
) -> Record:
    """Change values or the place of an asset of the register.

    Raises
    ------
    NotFoundError
        If there is no such asset, or it was retired.
    ConflictError
        If it is a candidate: a candidate is judged, not edited.
    """
    edit = _edit_of(asked, "edit")
    with engine.begin() as connection:
        version = _begin(connection, city_id)
        sent = {"asset": asset_id, **asked.model_dump(mode="json")}
        known = stock_edits.first_answer(connection, city_id, edit, sent)
        if known is not None:
            return known
        facts, shape, before = _standing(connection, version, asset_id, seen)
        changed = {**facts, **_read(asked.values, only_named=True)}
        if asked.geometry is not None:
            shape = read_shape(asked.geometry, bounds_of(connection, version))
        write_assets(connection, version, edit, {asset_id: (changed, shape)}, {asset_id: before})
        answer = asset_record(connection, version, asset_id)
        stock_edits.keep_answer(connection, city_id, edit, sent, answer)
        return answer


def retire_asset(
    engine: Engine, city_id: str, asset_id: str, asked: AssetRetire, *, seen: int | None
) -> Record:
    """Take an asset out of the register; it stays in the history, and can be written anew there."""
    edit = _edit_of(asked, "retire")
    with engine.begin() as connection:
        version = _begin(connection, city_id)
        sent = {"asset": asset_id, **asked.model_dump(mode="json")}
        known = stock_edits.first_answer(connection, city_id, edit, sent)
        if known is not None:
            return known
        facts, shape, before = _standing(connection, version, asset_id, seen)
        revision = before["revision"] + 1
        written = Written(asset_id, facts=facts, shape=shape, retired=True)
        log = _logged(before)
        stock_edits.write(connection, city_id, version.srid, edit, written, log, revision=revision)
        answer = {"id": asset_id, "revision": revision, "retired": True}
        stock_edits.keep_answer(connection, city_id, edit, sent, answer)
        return answer


def judge_candidate(
    engine: Engine, city_id: str, stock_id: str, asked: VerdictNew, *, seen: int | None
) -> Record:
    """Accept, reject or correct a candidate; an accepted one becomes an asset of the register.

    Returns
    -------
    dict
        ``stock_id, verdict, revision`` of the candidate, and ``asset``: what it became, if so.

    Raises
    ------
    ConflictError
        If it is no candidate, or it already became an asset.
    """
    edit = Edit(asked.id, "verdict", asked.author, asked.reason)
    with engine.begin() as connection:
        version = _begin(connection, city_id)
        sent = {"candidate": stock_id, **asked.model_dump(mode="json")}
        known = stock_edits.first_answer(connection, city_id, edit, sent)
        if known is not None:
            return known
        found = stock.read_asset(connection, version, stock_id)
        if found["source"] == "registered":
            raise ConflictError(
                f"`{stock_id}` is an asset of the register, no candidate; edit it or retire it.",
                f"`{stock_id}` 是登记资源而不是线索;请编辑或注销。",
            )
        last = stock_edits.latest(connection, city_id, stock_id)
        now = 0 if last is None else last["revision"]
        if seen is not None or now > 0:
            stock_edits.require_seen(found["name"] or stock_id, now, seen)
        _require_not_taken(stock_id, last)
        shape = stock.shapes_of(connection, version, [stock_id])[stock_id]
        asset_id = None
        if asked.verdict != "reject":
            asset_id = _become_asset(connection, version, edit, found, shape, asked)
        written = Written(
            stock_id,
            shape=shape,
            shown={"sign": found["sign"], "source": found["source"]},
            verdict=asked.verdict,
            asset_id=asset_id,
        )
        stock_edits.write(
            connection, city_id, version.srid, edit, written, _logged(last), revision=now + 1
        )
        asset = None if asset_id is None else asset_record(connection, version, asset_id)
        answer = {
            "stock_id": stock_id,
            "verdict": asked.verdict,
            "revision": now + 1,
            "asset_id": asset_id,
            "asset": asset,
        }
        stock_edits.keep_answer(connection, city_id, edit, sent, answer)
        return answer


def write_assets(
    connection: Connection,
    version: Version,
    edit: Edit,
    assets: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]],
    before: Mapping[str, Record | None],
) -> None:
    """Write the new state of assets, with what the engine says of them."""
    revisions = {key: 1 + (old or {}).get("revision", 0) for key, old in before.items()}
    numbered = {
        key: ({**facts, "revision": revisions[key]}, shape)
        for key, (facts, shape) in assets.items()
    }
    computed = shown_and_fits(connection, version, numbered)
    for key, (facts, shape) in numbered.items():
        shown, fits = computed[key]
        written = Written(key, facts=facts, shape=shape, shown=shown, fits=fits)
        stock_edits.write(
            connection,
            version.city_id,
            version.srid,
            edit,
            written,
            _logged(before[key]),
            revision=revisions[key],
        )


def _begin(connection: Connection, city_id: str) -> Version:
    version = current_version(connection, city_id)
    stock_edits.lock_register(connection, city_id)
    return version


def bounds_of(connection: Connection, version: Version) -> list[float | None]:
    """Return west, south, east and north of a city, degrees."""
    return list(rows(connection, BOUNDS, key=version.key)[0].values())


def _edit_of(asked: AssetEdit | AssetRetire, op: str) -> Edit:
    return Edit(asked.id or uuid.uuid4().hex, op, asked.author, asked.reason)


def _standing(
    connection: Connection, version: Version, asset_id: str, seen: int | None
) -> tuple[Record, Record, Record]:
    """Return values and place of an asset, and its state as the log knows it."""
    shown = stock.read_asset(connection, version, asset_id)
    found = stock.input_facts(connection, version, asset_id)
    if found is None:
        raise ConflictError(
            f"`{asset_id}` is a candidate; give a verdict on it (accept or correct makes it an "
            "asset of the register).",
            f"`{asset_id}` 是线索;请先核查(接受或更正后成为登记资源)。",
        )
    facts, shape = found
    stock_edits.require_seen(shown["name"] or asset_id, shown["revision"], seen)
    before = {
        "revision": shown["revision"],
        "retired": False,
        "facts": facts,
        "shape": shape,
        "verdict": None,
        "asset_id": None,
    }
    return facts, shape, before


def _require_not_taken(stock_id: str, last: Record | None) -> None:
    if last is not None and last["asset_id"] is not None:
        raise ConflictError(
            f"Candidate `{stock_id}` already became the asset `{last['asset_id']}`; edit that one.",
            f"线索 `{stock_id}` 已成为登记资源 `{last['asset_id']}`;请编辑该资源。",
        )


def _become_asset(
    connection: Connection,
    version: Version,
    edit: Edit,
    found: Record,
    shape: Record,
    asked: VerdictNew,
) -> str:
    asset_id = f"{ACCEPTED}{found['id']}"
    old = stock_edits.latest(connection, version.city_id, asset_id)
    if old is not None:
        raise ConflictError(
            f"There is already an asset `{asset_id}` in the register (it may be retired).",
            f"台账中已有资源 `{asset_id}`(可能已注销)。",
        )
    known = {name: found.get(name) for name in CANDIDATE_FACTS}
    facts, _ = read_values(known)
    facts |= _read(asked.values or {}, only_named=True)
    facts["origin"] = found["id"]
    if asked.geometry is not None:
        shape = read_shape(asked.geometry, bounds_of(connection, version))
    made = Edit(edit.request_id, "create", edit.author, edit.reason)
    write_assets(connection, version, made, {asset_id: (facts, shape)}, {asset_id: None})
    return asset_id


def _logged(before: Record | None) -> Record | None:
    if before is None:
        return None
    return {
        "values": before["facts"],
        "geometry": before["shape"],
        "retired": before["retired"],
        "verdict": before["verdict"],
        "asset_id": before["asset_id"],
    }


def _read(values: Mapping[str, Any], *, only_named: bool = False) -> Record:
    """Read values as they were written; every one that is wrong is told."""
    facts, issues = read_values(values)
    if issues:
        raise _unreadable(issues)
    return {key: facts[key] for key in values if key in facts} if only_named else facts


def _unreadable(issues: list[Issue]) -> BadRequestError:
    return BadRequestError(
        " ".join(f"`{one.column}`: {one.en}." for one in issues),
        "".join(f"{one.zh}。" for one in issues),
    )


def require_asset_or_history(connection: Connection, version: Version, stock_id: str) -> None:
    """Refuse ids that were never of an asset or candidate of the city."""
    if stock_edits.latest(connection, version.city_id, stock_id) is None:
        try:
            stock.read_asset(connection, version, stock_id)
        except NotFoundError as fault:
            raise NotFoundError(
                f"City `{version.city_id}` never had a stock asset `{stock_id}`.",
                f"城市 `{version.city_id}` 从未有过存量资源 `{stock_id}`。",
            ) from fault
