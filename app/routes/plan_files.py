"""Plans as files: given out, taken in."""

from __future__ import annotations

import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import JSONResponse

from app.deps import DraftsDep, StoreDep
from app.errors import BadRequestError
from app.plain import plain
from app.plans import planning
from app.plans.schemas import ImportAnswer, ImportEdit
from app.routes.plans import EDIT_PROBLEMS, IfMatch, revision_seen
from app.store.plans import find_plan, unrolled
from spatial.plans import Draft

router = APIRouter(prefix="/cities/{city}/plans", tags=["plans"])

Format = Literal["csv", "gpkg", "shp", "geojson"]
TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
    "shp": "application/zip",
    "geojson": "application/geo+json",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in TYPES.values()}, "description": "The file."}
}


@dataclass(frozen=True, slots=True)
class SentFile:
    """What is said about a file that is taken in."""

    name: str
    author: str
    reason: str
    request: str | None
    dry_run: bool


def _sent_file(
    name: Annotated[str, Query(description="the file's name; its ending says what it is")],
    author: Annotated[str, Query(min_length=1, max_length=100)] = "—",
    reason: Annotated[str, Query(max_length=2_000)] = "",
    request: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="client-made; sent twice, done once"),
    ] = None,
    *,
    dry_run: bool = False,
) -> SentFile:
    return SentFile(name, author, reason, request, dry_run)


@router.get("/{plan}/export", response_class=Response, responses=FILE)
def export_plan(
    city: str,
    plan: str,
    store: StoreDep,
    drafts: DraftsDep,
    format: Format = "csv",  # noqa: A002  (the name in the address)
    at: Annotated[int | None, Query(ge=0, description="after this revision")] = None,
) -> Response:
    """Give a plan as a file; a shapefile comes as a zip with its `.cpg` and `.prj`."""
    with planning.reading(store.engine) as connection:
        row = find_plan(connection, city, plan)
        draft = drafts.at_head(connection, row)
        seq = row.head if at is None else at
        if seq != row.head:
            draft = unrolled(connection, row, draft, seq)
    packed = _packed(draft, f"{plan}-{seq}", format)
    ending = "zip" if format == "shp" else format
    name = quote(f"{row.name}-{seq}.{ending}")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return Response(packed, media_type=TYPES[format], headers=headers)


@router.post("/{plan}/import", response_model=ImportAnswer, responses=EDIT_PROBLEMS)
def import_plan(
    city: str,
    plan: str,
    store: StoreDep,
    drafts: DraftsDep,
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
    file: Annotated[SentFile, Depends(_sent_file)],
    if_match: IfMatch = None,
) -> Response:
    """Take the districts of a file: ids that the plan does not have are told, not guessed.

    With `dry_run` nothing is stored; the answer is the same report, with what would change.
    """
    from spatial.plans.exchange import read_plan  # noqa: PLC0415  (loads readers of files)

    ending = Path(file.name).suffix.lower()
    if not ending:
        raise BadRequestError(
            "`name` must be the file's name with its ending, e.g. plan.csv.",
            "`name` 须为带扩展名的文件名,例如 plan.csv。",
        )
    with planning.reading(store.engine) as connection:
        ground = drafts.at_head(connection, find_plan(connection, city, plan)).ground
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"plan{ending}")
        path.write_bytes(body)
        found, report = read_plan(path, ground)
    edit = ImportEdit.model_validate(
        {
            "op": "import",
            "id": file.request or uuid.uuid4().hex,
            "author": file.author,
            "reason": file.reason,
            "assignment": dict(found.assignment),
            "names": dict(found.names),
        }
    )
    seen = revision_seen(if_match)
    told = planning.edit_plan(
        store.engine, drafts, city, plan, edit, seen=seen, dry_run=file.dry_run
    )
    headers = {"ETag": f'"{told["head"]}"', "Cache-Control": "no-store"}
    counted = {"changes": len(told["changes"]), "districts": len(told["districts"])}
    answer = {**report.to_record(), **counted, "seq": told["seq"], "head": told["head"]}
    return JSONResponse(plain({**answer, "edit": told}), headers=headers)


def _packed(draft: Draft, stem: str, kind: str) -> bytes:
    from spatial.plans.exchange import write_plan  # noqa: PLC0415  (loads readers of files)

    with tempfile.TemporaryDirectory() as folder:
        path = write_plan(draft, Path(folder, f"{stem}.{kind}"))
        if kind != "shp":
            return path.read_bytes()
        packed = Path(folder, "packed.zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for part in sorted(Path(folder).glob(f"{stem}*")):
                file.write(part, part.name)
        return packed.read_bytes()
