"""The register of stock as files: its template, what is taken in, pairs that may be the same."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Query, Response

from app.deps import StoreDep
from app.plans.planning import reading
from app.stock.schemas import DuplicateList, RegisterAnswer
from app.store.rows import Record, current_version

router = APIRouter(prefix="/cities/{city}/stock", tags=["stock"])

TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in TYPES.values()}, "description": "The file."}
}
IMPORT_PROBLEMS: dict[int | str, dict[str, Any]] = {
    409: {"description": "The request's id was used for another file."},
    413: {"description": "The file is too large."},
    422: {"description": "The file is no register."},
}


def _sent(
    name: Annotated[str, Query(max_length=300, description="the file's name with its ending")],
    author: Annotated[str, Query(min_length=1, max_length=100)],
    reason: Annotated[str, Query(max_length=2_000)] = "",
    request: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="client-made; sent twice, done once"),
    ] = None,
    *,
    dry_run: bool = False,
) -> Record:
    return {
        "name": name,
        "author": author,
        "reason": reason,
        "request": request or uuid.uuid4().hex,
        "dry_run": dry_run,
    }


@router.get("/template", response_class=Response, responses=FILE)
def give_template(
    city: str,
    store: StoreDep,
    format: Literal["xlsx", "csv"] = "xlsx",  # noqa: A002  (the name in the address)
    *,
    filled: Annotated[bool, Query(description="with the register as it is now")] = False,
) -> Response:
    """Give the template of the register: a sheet to fill in, with its columns explained."""
    from app.stock import importing  # noqa: PLC0415  (loads the engine)

    packed = importing.packed_template(store.engine, city, format, filled=filled)
    name = quote(f"{'存量资源台账' if filled else '存量资源台账模板'}.{format}")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return Response(packed, media_type=TYPES[format], headers=headers)


@router.post("/import", responses=IMPORT_PROBLEMS)
def import_register(
    city: str,
    store: StoreDep,
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
    sent: Annotated[Record, Depends(_sent)],
    response: Response,
) -> RegisterAnswer:
    """Take a register from a file; every row ends added, changed, unchanged or refused, with words.

    With `dry_run` nothing is written; the answer is the same.
    """
    from app.stock import importing  # noqa: PLC0415  (loads the engine)

    file = importing.SentRegister(body=body, **sent)
    told = importing.import_register(store.engine, city, file)
    response.headers["Cache-Control"] = "no-store"
    return RegisterAnswer.model_validate(told)


@router.get("/duplicates")
def list_duplicates(city: str, store: StoreDep, response: Response) -> DuplicateList:
    """List pairs of entries of the register that may be the same thing."""
    from app.stock import pairs  # noqa: PLC0415  (loads the engine)

    with reading(store.engine) as connection:
        version = current_version(connection, city)
        items = pairs.list_duplicates(connection, version)
    response.headers["Cache-Control"] = "no-store"
    return DuplicateList.model_validate({"items": items})
