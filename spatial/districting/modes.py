"""What kind of plan is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from spatial.errors import StandardsError

__all__ = ["FixedNumber", "Free", "Mode", "MostDistricts"]


@dataclass(frozen=True, slots=True)
class Free:
    """As many districts as the objective finds best."""


@dataclass(frozen=True, slots=True)
class FixedNumber:
    """Exactly so many districts of several neighbourhoods, locked districts included.

    A neighbourhood that stands alone is no district and does not count.
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 0:
            raise StandardsError(
                f"A plan of {self.k} districts is asked for; give a number of at least 0.",
                zh=f"要求 {self.k} 个片区;请给不小于 0 的数。",
            )


@dataclass(frozen=True, slots=True)
class MostDistricts:
    """As many districts as possible of which each has at least so much of an amount (max-p).

    Of plans with equally many, the one of the best objective. Who cannot be in such a district
    stands alone and is reported.
    """

    amount: str
    at_least: float


Mode = Free | FixedNumber | MostDistricts
