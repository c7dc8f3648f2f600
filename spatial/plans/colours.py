"""Map colours of districts that planners make."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.plans.model import Draft

__all__ = ["COLOURS", "free_colour"]

COLOURS: Final = 6


def free_colour(draft: Draft, rows: npt.NDArray[np.int64]) -> int:
    """Return the colour least used around some units, then least used at all."""
    _, other, _ = draft.ground.around.of(rows)
    near = {draft.label[row] for row in other.tolist()} - {None}
    around, everywhere = np.zeros(COLOURS, dtype=int), np.zeros(COLOURS, dtype=int)
    for key, district in draft.districts.items():
        everywhere[district.colour % COLOURS] += 1
        around[district.colour % COLOURS] += key in near
    return min(range(COLOURS), key=lambda colour: (around[colour], everywhere[colour], colour))
