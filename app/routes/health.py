"""Whether the server is well."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter

from app.deps import StoreDep
from app.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def read_health(store: StoreDep) -> Health:
    """Say which engine and which database answer."""
    return Health(status="ok", engine_version=version("linli"), database=store.database_version())
