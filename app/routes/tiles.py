"""Vector tiles: made once per data version, kept by browsers for ever."""

from __future__ import annotations

import gzip
import hashlib
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from app.deps import StoreDep
from app.store.rows import find_version
from app.store.tiles import TILE_FORMAT, read_tile, require_tile

router = APIRouter(prefix="/tiles", tags=["tiles"])

FOR_EVER: Final = "public, max-age=31536000, immutable"
WORTH_PACKING_BYTES: Final = 512
MVT: Final = "application/vnd.mapbox-vector-tile"


@router.get(
    "/{city}/{data_version}/{layer}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={
        200: {"content": {MVT: {}}, "description": "The tile."},
        204: {"description": "Nothing lies here."},
        304: {"description": "As before."},
    },
)
def read_vector_tile(
    city: str,
    data_version: str,
    layer: str,
    z: Annotated[int, Path(ge=0, le=30)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    store: StoreDep,
    request: Request,
) -> Response:
    """Give one tile of one layer, with its label points as a layer ``<layer>_labels``."""
    require_tile(layer, z, x, y)
    with store.engine.connect() as connection:
        version = find_version(connection, city, data_version)
    name = f"{TILE_FORMAT}/{city}/{data_version}/{layer}/{z}/{x}/{y}"
    headers = {
        "ETag": f'W/"{hashlib.sha256(name.encode()).hexdigest()[:24]}"',
        "Cache-Control": FOR_EVER,
        "Vary": "Accept-Encoding",
    }
    if _known_to_reader(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    tile = read_tile(store.engine, version.key, layer, z=z, x=x, y=y)
    if not tile:
        return Response(status_code=204, headers=headers)
    if len(tile) > WORTH_PACKING_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        tile = gzip.compress(tile, compresslevel=5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(tile, media_type=MVT, headers=headers)


def _known_to_reader(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
