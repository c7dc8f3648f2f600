"""Errors as answers: RFC 9457 problems in the reader's language."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from app.errors import (
    AppError,
    ChangeError,
    PlanStaleError,
    Problem,
    RulesClashError,
    problem_of,
)
from spatial.errors import EditRefusedError, SpatialError

__all__ = ["add_problem_handlers", "preferred_language", "problem_answer"]

logger = logging.getLogger(__name__)

HTTP_PROBLEMS = {
    404: Problem(404, "not-found", "Not found", "未找到"),
    405: Problem(405, "method-not-allowed", "This cannot be done here", "此处不支持该操作"),
}
BAD_REQUEST = Problem(400, "bad-request", "The request cannot be read", "请求无法识别")
TOO_SLOW = Problem(503, "took-too-long", "The question took too long", "查询超时")
STORE_DOWN = Problem(503, "store-unavailable", "The database is not ready", "数据库尚不可用")

NO_SUCH_PATH = {
    "en": "There is nothing at {path}. What there is stands in /api/v1/openapi.json.",
    "zh": "{path} 不存在。接口目录见 /api/v1/openapi.json。",
}
UNFORESEEN_DETAIL = {
    "en": "Something went wrong that should not. The server's log says what; please report it.",
    "zh": "发生了意外错误。服务器日志中有详细记录,请反馈。",
}
TOO_SLOW_DETAIL = {
    "en": "The database needed longer than it may. Ask for a smaller area or fewer features.",
    "zh": "数据库处理超时。请缩小范围或减少要素数量。",
}
UNREADABLE_DETAIL = {
    "en": "A text or number in the request is one that no database can hold, e.g. a NUL byte.",
    "zh": "请求中含有数据库无法保存的文字或数字,例如空字符(NUL)。",
}
STORE_DOWN_DETAIL = {
    "en": "The database does not answer just now. Try again in a few seconds.",
    "zh": "数据库暂时无响应,请几秒后重试。",
}


def preferred_language(accept_language: str | None) -> str:
    """Return ``zh`` or ``en``, whichever the reader wants more; English if neither is named.

    Examples
    --------
    >>> preferred_language("zh-CN,zh;q=0.9,en;q=0.8")
    'zh'
    >>> preferred_language("zh;q=0.2, en;q=0.7"), preferred_language(None)
    ('en', 'en')
    """
    wishes = {"en": 0.0, "zh": 0.0}
    for part in (accept_language or "").split(","):
        tag, _, quality = part.strip().partition(";")
        language = tag.split("-")[0].lower()
        if language in wishes:
            try:
                weight = float(quality.strip().removeprefix("q=") or 1)
            except ValueError:
                weight = 0.0
            wishes[language] = max(wishes[language], weight)
    return "zh" if wishes["zh"] > wishes["en"] else "en"


def problem_answer(
    problem: Problem,
    detail: str,
    *,
    language: str = "en",
    errors: list[dict[str, Any]] | None = None,
    more: dict[str, Any] | None = None,
) -> JSONResponse:
    """Return the answer that carries one problem; `more` are members of this kind of problem."""
    return JSONResponse(
        {
            **(more or {}),
            "type": f"/problems/{problem.code}",
            "title": problem.title_zh if language == "zh" else problem.title_en,
            "status": problem.status,
            "detail": detail,
            "code": problem.code,
            "errors": errors or [],
        },
        status_code=problem.status,
        media_type="application/problem+json",
        headers={"Content-Language": language, "Cache-Control": "no-store"},
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the app as a problem; unforeseen ones without any detail."""
    app.add_exception_handler(AppError, _answer_known)
    app.add_exception_handler(SpatialError, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(DBAPIError, _answer_database)
    app.add_exception_handler(Exception, _answer_unforeseen)


def _language(request: Request) -> str:
    return preferred_language(request.headers.get("accept-language"))


def _answer_known(request: Request, error: Exception) -> JSONResponse:
    language = _language(request)
    assert isinstance(error, AppError | SpatialError)
    detail = error.message_zh if language == "zh" else str(error)
    errors = None
    if isinstance(error, ChangeError) and error.position is not None:
        errors = [{"change": error.position, "detail": detail}]
    return problem_answer(
        problem_of(error), detail, language=language, errors=errors, more=_more(error)
    )


def _more(error: AppError | SpatialError) -> dict[str, Any]:
    if isinstance(error, PlanStaleError):
        return error.told
    if isinstance(error, RulesClashError):
        return {"clashes": error.clashes}
    if isinstance(error, EditRefusedError):
        return {
            "rule": error.rule,
            "districts": list(error.districts),
            "units": list(error.units),
        }
    return {}


def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"parameter": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
        for one in error.errors()
    ]
    detail = "; ".join(f"{one['parameter']}: {one['detail']}" for one in errors)
    return problem_answer(BAD_REQUEST, detail, language=_language(request), errors=errors)


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    language = _language(request)
    problem = HTTP_PROBLEMS.get(
        error.status_code,
        Problem(error.status_code, "http-error", str(error.detail), str(error.detail)),
    )
    detail = str(error.detail)
    if error.status_code == 404:
        detail = NO_SUCH_PATH[language].format(path=request.url.path)
    return problem_answer(problem, detail, language=language)


def _answer_database(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    language = _language(request)
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return problem_answer(TOO_SLOW, TOO_SLOW_DETAIL[language], language=language)
    if isinstance(error.orig, psycopg.DataError):
        detail = UNREADABLE_DETAIL[language]
        return problem_answer(BAD_REQUEST, detail, language=language)
    if isinstance(error.orig, psycopg.OperationalError):
        logger.warning("the database does not answer: %s", error.orig)
        return problem_answer(STORE_DOWN, STORE_DOWN_DETAIL[language], language=language)
    return _answer_unforeseen(request, error)


def _answer_unforeseen(request: Request, error: Exception) -> JSONResponse:
    language = _language(request)
    logger.error("unforeseen error at %s", request.url.path, exc_info=error)
    return problem_answer(problem_of(error), UNFORESEEN_DETAIL[language], language=language)
