"""The register from a file, and its template."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection, Engine

from app.errors import BadRequestError
from app.plain import geometry_record, records
from app.stock.editing import bounds_of, write_assets
from app.stock.pairs import register_rules
from app.store import stock, stock_edits
from app.store.frames import city_crs
from app.store.read import read_register_layer
from app.store.rows import Record, Version, current_version
from app.store.stock_edits import Edit
from spatial.city.model import City
from spatial.stock.register import (
    RegisterImport,
    read_register,
    write_register_template,
)

__all__ = ["SentRegister", "import_register", "packed_template"]

MOST_ROWS: Final = 5_000
"""Added or changed by one file; each is placed and measured at once."""
TOLD: Final = 500
"""Issues and pairs told at most; their number is told whole."""
SIGNS: Final[Mapping[str, tuple[bytes, ...]]] = {
    ".xlsx": (b"PK",),
    ".gpkg": (b"SQLite format 3",),
    ".geojson": (b"{",),
    ".json": (b"{",),
}
"""How a file of this ending begins: nothing else is given to the reader of its kind."""
ENDINGS: Final = (".xlsx", ".csv", ".gpkg", ".geojson", ".json")


@dataclass(frozen=True, slots=True)
class SentRegister:
    """A file as it was sent, and who sends it."""

    name: str
    body: bytes
    author: str
    reason: str
    request: str
    dry_run: bool


def import_register(engine: Engine, city_id: str, sent: SentRegister) -> Record:
    """Take the entries of a file into the register: all of them that can be read, at once.

    Returns
    -------
    dict
        ``rows, added, changed, unchanged, refused``; ``items`` (``row, id, state, columns``),
        ``issues`` and ``duplicates`` (500 at most, with ``issue_count, duplicate_count``),
        ``ids`` of what was written, ``unused`` columns, ``dry_run``.

    Raises
    ------
    BadRequestError
        If the file is of another kind than its name says.
    """
    ending = _ending(sent)
    edit = Edit(sent.request, "import", sent.author, sent.reason)
    asked = {"name": sent.name, "body": hashlib.sha256(sent.body).hexdigest()}
    with engine.begin() as connection:
        version = current_version(connection, city_id)
        stock_edits.lock_register(connection, city_id)
        if not sent.dry_run:
            known = stock_edits.first_answer(connection, city_id, edit, asked)
            if known is not None:
                return known
        found = _read(connection, version, sent.body, ending)
        answer = _answer(found, dry_run=sent.dry_run)
        if not sent.dry_run:
            _write(connection, version, edit, found)
            stock_edits.keep_answer(connection, city_id, edit, asked, answer)
        return answer


def packed_template(engine: Engine, city_id: str, kind: str, *, filled: bool) -> bytes:
    """Return the template as a file, empty or with the register as it is now."""
    assets = None
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        if filled:
            assets = read_register_layer(connection, version, city_crs(connection, version))
    with tempfile.TemporaryDirectory() as folder:
        return write_register_template(Path(folder, f"stock.{kind}"), assets=assets).read_bytes()


def _ending(sent: SentRegister) -> str:
    ending = Path(sent.name).suffix.lower()
    if ending not in ENDINGS:
        raise BadRequestError(
            f"`name` must be the file's name with its ending; a register is taken as "
            f"{', '.join(ENDINGS)}, not `{ending}`.",
            f"`name` 须为带扩展名的文件名;台账可为 {'、'.join(ENDINGS)},不支持“{ending}”。",
        )
    signs = SIGNS.get(ending)
    head = sent.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if signs is not None and not head.startswith(signs):
        raise BadRequestError(
            f"“{sent.name}” is no {ending} file; its content is of another kind.",
            f"“{sent.name}”的内容不是 {ending} 文件。",
        )
    return ending


def _read(connection: Connection, version: Version, body: bytes, ending: str) -> RegisterImport:
    crs = city_crs(connection, version)
    there = read_register_layer(connection, version, crs)
    city = City.from_layers(
        "register", {"stock_assets": there}, crs=crs, geographic_crs=version.srid
    )
    sides = [side for side in bounds_of(connection, version) if side is not None]
    bounds_m = None
    if len(sides) == 4:
        west, south, east, north = sides
        to_zone = pyproj.Transformer.from_crs(version.srid, crs, always_xy=True)
        bounds_m = to_zone.transform_bounds(west, south, east, north)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"register{ending}")
        path.write_bytes(body)
        found = read_register(
            path, city, rules=register_rules(connection, version), bounds_m=bounds_m
        )
    if len(found.frame) > MOST_ROWS:
        raise BadRequestError(
            f"The file adds or changes {len(found.frame)} entries; at most {MOST_ROWS} are taken "
            "at once. Divide it, or import it as a source of the city.",
            f"文件新增或更改 {len(found.frame)} 条;一次至多 {MOST_ROWS} 条。"
            "请拆分,或作为城市数据源导入。",
        )
    return found


def _write(connection: Connection, version: Version, edit: Edit, found: RegisterImport) -> None:
    table = pd.DataFrame(found.frame.drop(columns=found.frame.geometry.name))
    assets, before = {}, {}
    flat = shapely.force_2d(found.frame.geometry.to_numpy())
    for facts, shape in zip(records(table), flat, strict=True):
        key = facts.pop("id")
        assets[key] = (facts, geometry_record(shape, found.frame.crs) or {})
        before[key] = _before(connection, version, key)
    write_assets(connection, version, edit, assets, before)


def _before(connection: Connection, version: Version, key: str) -> Record | None:
    last = stock_edits.latest(connection, version.city_id, key)
    if last is not None:
        return last
    given = stock.input_facts(connection, version, key)
    if given is None:
        return None
    facts, shape = given
    nothing = {"retired": False, "verdict": None, "asset_id": None}
    return {"revision": facts.get("revision") or 0, "facts": facts, "shape": shape, **nothing}


def _answer(found: RegisterImport, *, dry_run: bool) -> Record:
    states = ("added", "changed", "unchanged", "refused")
    return {
        "rows": len(found.rows),
        **{state: found.count(state) for state in states},
        "items": _numbered(found.rows.head(MOST_ROWS)),
        "issues": _numbered(found.issues.head(TOLD)),
        "issue_count": len(found.issues),
        "duplicates": records(found.duplicates.head(TOLD), with_index=False),
        "duplicate_count": len(found.duplicates),
        "ids": found.frame.index.tolist(),
        "unused": list(found.unused),
        "dry_run": dry_run,
    }


def _numbered(table: pd.DataFrame) -> list[Record]:
    """Return rows with their number in the file as a number."""
    return [{**one, "row": int(one["row"])} for one in records(table, with_index=False)]
