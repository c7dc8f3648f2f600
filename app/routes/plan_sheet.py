"""A plan on paper."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from app.deps import DraftsDep, LanguageDep, StoreDep
from app.plans.sheet import plan_sheet

router = APIRouter(prefix="/cities/{city}/plans", tags=["plans"])


@router.get(
    "/{plan}/sheet.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The sheet."}},
)
def read_sheet(
    city: str,
    plan: str,
    store: StoreDep,
    drafts: DraftsDep,
    preferred: LanguageDep,
    paper: Literal["a3", "a4"] = "a3",
    at: Annotated[int | None, Query(ge=0, description="after this revision")] = None,
    language: Literal["zh", "en"] | None = None,
) -> Response:
    """Draw a plan as vector PDF: map at a round scale, list with figures, north, revision."""
    drawn = plan_sheet(
        store.engine, drafts, city, plan, at=at, paper=paper, language=language or preferred
    )
    name = quote(f"{plan}-{paper}.pdf")
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return Response(drawn, media_type="application/pdf", headers=headers)
