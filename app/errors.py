"""Errors of the app, and the one table that says which answer each of them becomes.

::

    AppError
    ├── NotFoundError          no such city, layer, neighbourhood, job
    ├── BadRequestError        a parameter is unknown or cannot be read
    ├── ConflictError          what was asked does not fit what is stored now
    ├── RulesClashError        rules of districts cannot all hold; tells which and what to relax
    │   └── SitingInfeasibleError  … rules of a siting
    ├── BaseMissingError       the engine's state for scenarios has to be made first
    ├── ChangeError            a change of a scenario cannot be used; says which one
    ├── PreconditionError      a change of something stored does not name the state that it changes
    ├── StaleError             somebody else changed it in the meantime
    │   └── PlanStaleError     … a plan, in the same districts; tells both changes
    ├── TooLargeError          the request is larger than any sensible one
    ├── BusyError              more at once than this server takes
    ├── StoreError             the database cannot be used as it is
    └── ClusterError           the private PostGIS cannot be found, made or started
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from spatial.errors import (
    CancelledError,
    EditRefusedError,
    IndexMismatchError,
    InfeasibleError,
    InputError,
    SpatialError,
)

__all__ = [
    "PROBLEMS",
    "AppError",
    "BadRequestError",
    "BaseMissingError",
    "BusyError",
    "ChangeError",
    "ClusterError",
    "ConflictError",
    "NotFoundError",
    "PlanStaleError",
    "PreconditionError",
    "Problem",
    "RulesClashError",
    "SitingInfeasibleError",
    "StaleError",
    "StoreError",
    "TooLargeError",
    "problem_of",
]


class AppError(Exception):
    """Anything that the app refuses to do, with the reason and the cure.

    Parameters
    ----------
    message : str
        English: what is wrong, where, and what to do.
    message_zh : str, optional
        The same in Chinese; the English text stands in where it is missing.
    """

    def __init__(self, message: str, message_zh: str | None = None) -> None:
        super().__init__(message)
        self.message_zh = message_zh or message


class NotFoundError(AppError):
    """What was asked for does not exist."""


class BadRequestError(AppError):
    """A parameter is unknown or cannot be read."""


class ConflictError(AppError):
    """What was asked does not fit what is stored now."""


class RulesClashError(AppError):
    """Rules of districts cannot all hold, so there is no plan to propose.

    Parameters
    ----------
    clashes : list of dict
        Smallest sets: ``rules`` (each ``key, units, zh, en``), ``units``, ``relax`` (keys of the
        rules any of which may be relaxed), ``zh`` and ``en``.
    """

    def __init__(self, clashes: list[dict[str, Any]]) -> None:
        super().__init__(
            " ".join(one["en"] for one in clashes), "".join(one["zh"] for one in clashes)
        )
        self.clashes = clashes


class SitingInfeasibleError(RulesClashError):
    """Rules of a siting cannot all hold, so there is no plan of sites."""


class BaseMissingError(AppError):
    """The engine's state for scenarios is missing or old: a job makes it."""


class ChangeError(AppError):
    """A change of a scenario cannot be understood, or does not fit the city.

    Parameters
    ----------
    message, message_zh : str
        What is wrong with it and what to do.
    position : int, optional
        Which one of the list, counting from 1.
    """

    def __init__(self, message: str, message_zh: str, *, position: int | None) -> None:
        super().__init__(message, message_zh)
        self.position = position


class PreconditionError(AppError):
    """Whoever changes something stored must say which state of it they saw."""


class StaleError(AppError):
    """Somebody else changed it in the meantime."""


class PlanStaleError(StaleError):
    """Somebody else changed the same districts of a plan in the meantime.

    Parameters
    ----------
    message, message_zh : str
        Who, and what to do.
    told : dict
        ``head``, ``mine`` and ``theirs``: both changes, for the reader to choose.
    """

    def __init__(self, message: str, message_zh: str, *, told: dict[str, Any]) -> None:
        super().__init__(message, message_zh)
        self.told = told


class TooLargeError(AppError):
    """The request is larger than any sensible one."""


class BusyError(AppError):
    """More at once than this server takes."""


class StoreError(AppError):
    """The database cannot be used as it is."""


class ClusterError(AppError):
    """The private PostGIS cannot be found, made or started."""


@dataclass(frozen=True, slots=True)
class Problem:
    """How one class of errors is answered (RFC 9457)."""

    status: int
    code: str
    title_en: str
    title_zh: str


PROBLEMS: Final[dict[type[Exception], Problem]] = {
    NotFoundError: Problem(404, "not-found", "Not found", "未找到"),
    BadRequestError: Problem(400, "bad-request", "The request cannot be read", "请求无法识别"),
    ConflictError: Problem(409, "conflict", "Conflict with what is stored", "与现有数据冲突"),
    BaseMissingError: Problem(
        409, "scenario-base-missing", "Scenarios are being prepared first", "情景计算需先准备"
    ),
    ChangeError: Problem(422, "unusable-change", "A change cannot be used", "变更无法使用"),
    PreconditionError: Problem(
        428, "precondition-required", "The known state must be named", "缺少版本条件"
    ),
    StaleError: Problem(412, "stale", "Changed by somebody else", "已被他人修改"),
    TooLargeError: Problem(413, "too-large", "The request is too large", "请求过大"),
    BusyError: Problem(503, "busy", "Too many at once", "同时连接过多"),
    StoreError: Problem(503, "store-unavailable", "The database is not ready", "数据库尚不可用"),
    ClusterError: Problem(503, "store-unavailable", "The database is not ready", "数据库尚不可用"),
    CancelledError: Problem(409, "cancelled", "Cancelled", "已取消"),
    EditRefusedError: Problem(409, "edit-refused", "The edit is refused", "编辑被拒绝"),
    RulesClashError: Problem(409, "rules-clash", "The rules clash", "规则互相矛盾"),
    SitingInfeasibleError: Problem(
        409, "siting-infeasible", "No sites keep all the rules", "没有满足全部规则的选址"
    ),
    InfeasibleError: Problem(409, "infeasible", "The rules clash", "规则互相矛盾"),
    IndexMismatchError: Problem(422, "unusable-input", "The input cannot be used", "输入无法使用"),
    InputError: Problem(422, "unusable-input", "The input cannot be used", "输入无法使用"),
    SpatialError: Problem(422, "unusable-input", "The input cannot be used", "输入无法使用"),
    AppError: Problem(400, "bad-request", "The request cannot be read", "请求无法识别"),
}
"""The most special class of an error decides."""

UNFORESEEN: Final = Problem(500, "internal-error", "Internal error", "内部错误")
"""No detail of an unforeseen error leaves the server; it is in the log."""


def problem_of(error: Exception) -> Problem:
    """Return how an error is answered.

    Examples
    --------
    >>> problem_of(NotFoundError("no city")).status
    404
    >>> problem_of(ZeroDivisionError()).status
    500
    """
    for ancestor in type(error).__mro__:
        if ancestor in PROBLEMS:
            return PROBLEMS[ancestor]
    return UNFORESEEN
