"""Links to the next page (RFC 8288)."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlencode

from fastapi import Request

__all__ = ["link_next"]


def link_next(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the ``Link`` header of a page, empty on the last one."""
    if cursor is None:
        return {}
    parameters = {**request.query_params, "cursor": cursor}
    path = quote(unquote(request.url.path))  # a city may have a Chinese id; headers are Latin-1
    return {"Link": f'<{path}?{urlencode(parameters)}>; rel="next"'}
