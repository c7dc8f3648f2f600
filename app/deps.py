"""What routes are given: the store, the settings, the reader's language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from app.errors import BadRequestError
from app.events import Hub
from app.plans.drafts import Drafts
from app.problems import preferred_language
from app.scenarios.bases import Bases
from app.settings import Settings
from app.store import Store
from app.warming import Warming, warm_stock

__all__ = [
    "BasesDep",
    "DraftsDep",
    "HubDep",
    "LanguageDep",
    "ProblemsDep",
    "SettingsDep",
    "SitingsDep",
    "StockWarmingDep",
    "StoreDep",
    "WarmingDep",
    "refuse_unknown_parameters",
]


def _store(request: Request) -> Store:
    return request.app.state.store


def _bases(request: Request) -> Bases:
    return request.app.state.bases


def _drafts(request: Request) -> Drafts:
    return request.app.state.drafts


def _problems(request: Request) -> Any:
    """Give the problems kept in memory; made when first asked for, for they load the engine."""
    kept = request.app.state
    if not hasattr(kept, "problems"):
        from app.plans.proposing import Problems  # noqa: PLC0415  (loads the engine)

        kept.problems = Problems()
    return kept.problems


def _sitings(request: Request) -> Any:
    """Give the sitings kept in memory; made when first asked for, for they load the engine."""
    kept = request.app.state
    if not hasattr(kept, "sitings"):
        from app.siting.grounds import Grounds  # noqa: PLC0415  (loads the engine)
        from app.siting.warm import Sitings  # noqa: PLC0415  (loads the engine)

        kept.sitings = Sitings(Grounds.beside(kept.bases))
    return kept.sitings


def _hub(request: Request) -> Hub:
    return request.app.state.hub


def _warming(request: Request) -> Warming:
    return request.app.state.warming


def _stock_warming(request: Request) -> Warming:
    kept = request.app.state
    if not hasattr(kept, "stock_warming"):
        kept.stock_warming = Warming(warm_stock)
    return kept.stock_warming


def _settings(request: Request) -> Settings:
    return request.app.state.settings


def _language(request: Request) -> str:
    return preferred_language(request.headers.get("accept-language"))


SitingsDep = Annotated[Any, Depends(_sitings)]
StockWarmingDep = Annotated[Warming, Depends(_stock_warming)]
StoreDep = Annotated[Store, Depends(_store)]
BasesDep = Annotated[Bases, Depends(_bases)]
DraftsDep = Annotated[Drafts, Depends(_drafts)]
HubDep = Annotated[Hub, Depends(_hub)]
ProblemsDep = Annotated[Any, Depends(_problems)]
WarmingDep = Annotated[Warming, Depends(_warming)]
SettingsDep = Annotated[Settings, Depends(_settings)]
LanguageDep = Annotated[str, Depends(_language)]


def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not know: a typing error must not pass."""
    known = _known_parameters(request.scope["route"].dependant)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        names = ", ".join(f"`{name}`" for name in unknown)
        knows = ", ".join(sorted(known)) or "none"
        raise BadRequestError(
            f"Unknown query parameter {names}; this address knows: {knows}.",
            f"未知的查询参数 {names};此地址支持:{knows}。",
        )


def _known_parameters(dependant: Any) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_known_parameters(inner) for inner in dependant.dependencies))
