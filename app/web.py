"""The built web page, and the headers that keep it to this one host."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

__all__ = ["SecurityHeaders", "mount_web_page"]

NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>邻里 Linli</title>
<h1>邻里 Linli</h1>
<p>网页尚未构建。请在项目目录执行 <code>make demo</code>,
或在 <code>web</code> 目录执行 <code>npm ci &amp;&amp; npm run build</code>,然后刷新本页。</p>
<p lang="en">The web page is not built yet. Run <code>make demo</code> in the project folder, or
<code>npm ci &amp;&amp; npm run build</code> in <code>web</code>, then reload.</p>
<p>API: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
"""


def mount_web_page(app: FastAPI, settings: Settings) -> None:
    """Serve the built page at ``/``; addresses that are no file get ``index.html``."""
    folder = settings.web_dist()

    @app.get("/config.json", include_in_schema=False)
    def read_config() -> JSONResponse:
        basemap = None
        if settings.basemap_url:
            basemap = {"url": settings.basemap_url, "attribution": settings.basemap_attribution}
        return JSONResponse({"basemap": basemap}, headers={"Cache-Control": "no-cache"})

    @app.get("/{path:path}", include_in_schema=False)
    def read_page(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404)
        return _page(folder.resolve(), path)


def _page(folder: Path, path: str) -> Response:
    index = folder / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-store"})
    file = (folder / path).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        if Path(path).suffix:  # a missing script must not be answered with a page
            raise HTTPException(404)
        file = index
    hashed = "assets" in file.relative_to(folder).parts  # names carry the hash of the content
    cache = "public, max-age=31536000, immutable" if hashed else "no-cache"
    return FileResponse(file, headers={"Cache-Control": cache})


class SecurityHeaders:
    """Adds the headers by which a browser loads nothing from other hosts."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.headers = _headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _headers(settings: Settings) -> dict[str, Any]:
    basemap = ""
    if settings.basemap_url:
        parts = urlsplit(settings.basemap_url)
        basemap = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    policy = (
        "default-src 'self'",
        f"img-src 'self' data: blob:{basemap}",
        f"connect-src 'self'{basemap}",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",  # the map places its parts by style attributes
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
