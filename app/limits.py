"""No request may be larger than any sensible one: memory of the web process is bounded."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import PROBLEMS, TooLargeError
from app.problems import preferred_language, problem_answer

__all__ = ["MOST_BYTES", "BodyLimit"]

MOST_BYTES: Final = 512 * 1024
MOST_FILE_BYTES: Final = 64 * 1024 * 1024
"""Of a file that is taken in (addresses that end in ``/import``)."""
MOST_LET_PASS_BYTES: Final = 16 * 1024 * 1024
"""A body beyond the limit is read to its end up to here; then the connection is cut."""
DETAIL: Final = {
    "en": "A request may have at most {most} KiB; send fewer changes, lines with fewer points, or "
    "a smaller file.",
    "zh": "请求不得超过 {most} KiB;请减少变更数量、线的点数或文件大小。",
}


class BodyLimit:
    """Refuses bodies of more than `most` bytes, told beforehand or not, before they are kept."""

    def __init__(self, app: ASGIApp, *, most: int = MOST_BYTES) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then pass the request on with what was read."""
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH", "DELETE"}:
            await self.app(scope, receive, send)
            return
        is_file = scope["path"].endswith("/import")
        most = max(self.most, MOST_FILE_BYTES) if is_file else self.most
        parts: list[bytes] = []
        size = 0
        told = dict(scope["headers"]).get(b"content-length", b"0")
        told_size = int(told) if told.isdigit() else 0
        more = True
        while more and size <= max(most, MOST_LET_PASS_BYTES):
            message = await receive()
            if message["type"] != "http.request":
                return  # the client went away
            part = message.get("body", b"")
            size += len(part)
            # Beyond the limit nothing is kept, but it is read on: a client that is still sending
            # would not hear the answer.
            if max(size, told_size) <= most:
                parts.append(part)
            more = message.get("more_body", False)
        if max(size, told_size) > most:
            await self._refuse(scope, receive, send, most)
            return
        whole: list[Message] = [
            {"type": "http.request", "body": b"".join(parts), "more_body": False}
        ]

        async def receive_again() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, receive_again, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        language = preferred_language(Request(scope).headers.get("accept-language"))
        detail = DETAIL[language].format(most=most // 1024)
        answer = problem_answer(PROBLEMS[TooLargeError], detail, language=language)
        answer.headers["Connection"] = "close"  # the rest of a very large body is not read
        await answer(scope, receive, send)
