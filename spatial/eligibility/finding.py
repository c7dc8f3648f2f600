"""What one rule says of one neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["NOT_APPLICABLE", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one neighbourhood."""

    finding: str
    zh: str
    en: str
    missing: tuple[str, ...] = ()
    """Columns (or layers) that must be found out."""


NOT_APPLICABLE: Final = Finding("not_applicable", "不适用", "does not apply")
