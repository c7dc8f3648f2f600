"""Named constants, each with its unit and source.

The engine computes in metres, seconds, persons and square metres. Minutes belong to people:
only text for people converts.
"""

from __future__ import annotations

from typing import Final

__all__ = ["M2_PER_HA", "METRES_PER_KM", "MINUTE_S", "MM_PER_M", "MS_PER_S", "WALK_SPEED_M_PER_S"]

MINUTE_S: Final = 60.0
METRES_PER_KM: Final = 1000.0
M2_PER_HA: Final = 10_000.0
MM_PER_M: Final = 1000
"""Network lengths are whole millimetres, so sums are exact and ties are ties."""
MS_PER_S: Final = 1000
"""Network times are whole milliseconds, for the same reason."""
WALK_SPEED_M_PER_S: Final = 1.2
"""Level walking speed used where a profile names none (4.3 km/h); profiles override it."""
