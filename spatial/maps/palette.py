"""Colours, one table: readable for colour-blind eyes, and the same in every map."""

from __future__ import annotations

from typing import Final

__all__ = ["DISTRICTS", "ELIGIBILITY", "LAYER_STYLE", "gap_colour"]

GAPS: Final = ("#f3efe4", "#f5d9a8", "#eeb069", "#dd7f43", "#b94a32", "#7c1f2b")
"""From nothing missing to everything missing."""
UNKNOWN: Final = "#d9d9d6"
DISTRICTS: Final = ("#4f7cac", "#6a9f58", "#c58a3d", "#8a6bb1", "#4ba3a0", "#b5627d")
ELIGIBILITY: Final = {
    "eligible": "#2f7d4f",
    "conditional": "#c58a3d",
    "excluded": "#8c8c88",
    "unknown": "#d9d9d6",
}
LAYER_STYLE: Final = {
    "water": {"color": "#a9c8d8", "fillColor": "#cfe2ea", "weight": 0.8, "fillOpacity": 1.0},
    "land_use": {"color": "#dbe4d3", "fillColor": "#e9efe2", "weight": 0.3, "fillOpacity": 0.8},
    "streets": {"color": "#b9b6ae", "weight": 1.0},
    "railways": {"color": "#77746d", "weight": 1.4, "dashArray": "5 4"},
    "buildings": {"color": "#b7b0a4", "fillColor": "#d6d0c4", "weight": 0.4, "fillOpacity": 0.9},
    "barriers": {"color": "#7a5c43", "weight": 1.3},
    "stock": {"color": "#5b3a8c", "fillColor": "#8a6bb1", "weight": 1.2, "fillOpacity": 0.6},
}


def gap_colour(share: float | None) -> str:
    """Return the fill colour of a gap index between 0 and 1; grey where it is unknown.

    Examples
    --------
    >>> gap_colour(0.0), gap_colour(None)
    ('#f3efe4', '#d9d9d6')
    """
    if share is None:
        return UNKNOWN
    step = min(int(share * len(GAPS)), len(GAPS) - 1)
    return GAPS[step]
