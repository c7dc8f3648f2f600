"""Errors of the engine, one tree.

::

    SpatialError
    ├── InputError(ValueError)        a file, layer or row cannot be used
    │   ├── CRSError                  coordinates cannot be measured in metres
    │   ├── LayerError                a layer or column is missing or of the wrong kind
    │   └── StandardsError            a profile or catalogue file is wrong
    ├── IndexMismatchError(ValueError) two tables do not speak of the same rows
    ├── InfeasibleError(ValueError)   hard rules clash
    └── CancelledError                the caller asked to stop

Every message says what is wrong, where (file, layer, row), and what to do.
"""

from __future__ import annotations

__all__ = [
    "CRSError",
    "CancelledError",
    "IndexMismatchError",
    "InfeasibleError",
    "InputError",
    "LayerError",
    "SpatialError",
    "StandardsError",
]


class SpatialError(Exception):
    """Anything that the engine refuses to do, with the reason and the cure."""


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


class CancelledError(SpatialError):
    """The caller asked to stop; nothing half-done is left."""
