"""Errors of the engine, one tree.

::

    SpatialError
    ├── InputError(ValueError)        a file, layer or row cannot be used
    │   ├── CRSError                  coordinates cannot be measured in metres
    │   ├── LayerError                a layer or column is missing or of the wrong kind
    │   └── StandardsError            a profile or catalogue file is wrong
    ├── IndexMismatchError(ValueError) two tables do not speak of the same rows
    ├── InfeasibleError(ValueError)   hard rules clash
    ├── EditRefusedError(ValueError)  a lock or a hard rule of a plan forbids an edit
    └── CancelledError                the caller asked to stop

Every message says what is wrong, where (file, layer, row), and what to do; in English, and in
Chinese beside it: ``raise InputError("… is empty.", zh="…是空的。")``. A test walks the tree and
refuses an error without Chinese.
"""

from __future__ import annotations

__all__ = [
    "CRSError",
    "CancelledError",
    "EditRefusedError",
    "IndexMismatchError",
    "InfeasibleError",
    "InputError",
    "LayerError",
    "SpatialError",
    "StandardsError",
]


class SpatialError(Exception):
    """Anything that the engine refuses to do, with the reason and the cure.

    Parameters
    ----------
    message : str
        English: what is wrong, where, and what to do.
    zh : str, optional
        The same in Chinese; the English text stands in where it is missing.

    Examples
    --------
    >>> error = InputError("homes.csv is empty.", zh="homes.csv 是空的。")
    >>> str(error), error.message_zh
    ('homes.csv is empty.', 'homes.csv 是空的。')
    """

    def __init__(self, message: str, *, zh: str | None = None) -> None:
        super().__init__(message)
        self.message_zh = zh or message


class InputError(SpatialError, ValueError):
    """A file, layer or row cannot be used."""


class CRSError(InputError):
    """Coordinates cannot be measured in metres."""


class LayerError(InputError):
    """A layer or a column is missing or of the wrong kind."""


class StandardsError(InputError):
    """A standards, profile or dictionary file is wrong."""


class IndexMismatchError(SpatialError, ValueError):
    """Two tables that must speak of the same rows do not."""


class InfeasibleError(SpatialError, ValueError):
    """Hard rules contradict one another; the message names them."""


class EditRefusedError(SpatialError, ValueError):
    """A lock or a hard rule of a plan forbids an edit.

    Parameters
    ----------
    message, zh : str
        What forbids it and what to do.
    rule : str
        ``locked_district``, ``locked_unit``, ``changed_since``, a rule's name …
    districts, units : tuple of str
        Which ones are concerned.
    """

    def __init__(
        self,
        message: str,
        *,
        zh: str | None = None,
        rule: str = "rule",
        districts: tuple[str, ...] = (),
        units: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, zh=zh)
        self.rule = rule
        self.districts = districts
        self.units = units


class CancelledError(SpatialError):
    """The caller asked to stop; nothing half-done is left."""
