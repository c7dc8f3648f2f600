"""Assemble the web app; importing starts nothing.

Run it with ``linli serve``, or ``uvicorn --factory app.main:create_app``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app import cluster
from app.deps import refuse_unknown_parameters
from app.events import Hub
from app.limits import BodyLimit
from app.plans import planning
from app.plans.drafts import Drafts
from app.problems import add_problem_handlers
from app.routes import (
    atoms,
    cities,
    districts,
    explain,
    gaps,
    health,
    jobs,
    neighbourhoods,
    plan_files,
    plan_sheet,
    plans,
    proposals,
    scenarios,
    sitings,
    stock,
    stock_files,
    tiles,
    weighed,
)
from app.scenarios.bases import Bases
from app.schemas import ProblemText
from app.settings import Settings
from app.store import Store
from app.warming import Warming
from app.web import SecurityHeaders, mount_web_page

__all__ = ["API_PREFIX", "create_app"]

API_PREFIX = "/api/v1"
ROUTERS = (
    health.router,
    cities.router,
    explain.router,  # before the sheets, whose ids take every slash
    neighbourhoods.router,
    gaps.router,
    weighed.router,
    districts.router,
    stock_files.router,  # before the assets, whose ids take every slash
    stock.router,
    tiles.router,
    jobs.router,
    scenarios.router,
    plans.router,
    plan_files.router,
    plan_sheet.router,
    atoms.router,
    proposals.router,
    sitings.router,
)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemText, "description": "The request cannot be read."},
    404: {"model": ProblemText, "description": "There is no such thing."},
    503: {"model": ProblemText, "description": "The database is not ready."},
}


def create_app(
    settings: Settings | None = None,
    *,
    bases: Bases | None = None,
    warming: Warming | None = None,
) -> FastAPI:
    """Return the app; the database is looked for (and made ready) when it starts to serve.

    Parameters
    ----------
    settings : Settings, optional
        Default: read from the environment.
    bases : Bases, optional
        The engine's states for scenarios; default: the folder of the settings.
    warming : Warming, optional
        What is begun in the background when somebody looks at plans.
    """
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.store = await run_sync(_open_store, chosen)
        app.state.warming = warming or Warming()
        app.state.hub = Hub(partial(planning.told_revisions, app.state.store.engine))
        listening = asyncio.create_task(app.state.hub.listen(app.state.store.url))
        yield
        listening.cancel()
        await run_sync(app.state.warming.close)
        await run_sync(app.state.bases.close)
        await run_sync(app.state.store.close)

    app = FastAPI(
        title="Linli 邻里",
        summary="Districts, life circles, facility gaps and stock of old neighbourhoods",
        version="1",
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # the usual page loads scripts from another host
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings = chosen
    app.state.bases = bases or Bases.of(chosen)
    app.state.drafts = Drafts()
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(
            router,
            prefix=API_PREFIX,
            dependencies=[Depends(refuse_unknown_parameters)],
            responses=PROBLEMS,
        )
    mount_web_page(app, chosen)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=1_024, compresslevel=5)
    app.add_middleware(SecurityHeaders, settings=chosen)
    return app


def _open_store(settings: Settings) -> Store:
    url = settings.database_url
    url = cluster.normalise_url(url) if url else cluster.start(settings.home, environment={}).url
    store = Store(
        url,
        pool_size=settings.pool_size,
        statement_timeout_s=settings.statement_timeout_s,
        keep_versions=settings.keep_versions,
    )
    store.upgrade()
    return store
