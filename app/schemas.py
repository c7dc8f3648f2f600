"""What the API answers, as types, so that its description is exact."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["Health"]


class Health(BaseModel):
    """Whether the server works."""

    status: str
    engine_version: str
    database: str
