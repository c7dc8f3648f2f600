"""What a district may be (hard limits, locks) and what makes a good one (weights)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from spatial.errors import StandardsError
from spatial.standards.parameters import ParameterSet

__all__ = ["AMOUNTS", "DistrictRules", "Weights"]

AMOUNTS: Final = ("households", "persons", "area_m2", "members")
"""What is summed over a district and may be limited."""
BASES: Final = ("straight", "walking")


@dataclass(frozen=True, slots=True)
class Weights:
    """What a good plan is, in units of one neighbourhood's variance; see :mod:`score`.

    Parameters
    ----------
    needs, nearness, sharing, compactness, balance, district, shortfall : float
        Of each part of the objective, at least 0. `sharing` counts for 1000 person-gaps closed.
    """

    needs: float = 1.0
    nearness: float = 1.0
    district: float = 1.0
    shortfall: float = 1.0
    sharing: float = 0.0
    compactness: float = 0.0
    balance: float = 0.0

    def __post_init__(self) -> None:
        for part in fields(self):
            weight = getattr(self, part.name)
            if not 0 <= weight < float("inf"):
                raise StandardsError(
                    f"The weight of {part.name} is {weight}; give a number of at least 0.",
                    zh=f"{part.name} 的权重为 {weight};请给不小于 0 的数。",
                )


@dataclass(frozen=True, slots=True)
class DistrictRules:
    """Hard rules and weights of districts.

    Parameters
    ----------
    max_distance_m : float
        Largest distance between two members, metres.
    maximum, minimum : mapping of amount to number
        Keys of `AMOUNTS`. A maximum is never exceeded by joining; a district below a minimum
        is flagged.
    distance_basis : {"straight", "walking"}
        How `max_distance_m` is measured.
    max_link_walk_m : float or None
        Neighbours farther apart than this on foot, gate to gate, are not linked.
    detour_factor : float
        Walking over straight distance, where the walk of a link is not known.
    same_subdistrict : bool
        Members lie in one street office (unknown ones go with any).
    cut_barriers : tuple of str
        Values of ``adjacency.barrier`` that no district crosses.
    keep_below_minimum : bool
        A minimum is a wish: districts below it cost and are flagged. Otherwise it is a hard
        rule, and who cannot be in a district that keeps it stands alone.
    balance_of : str
        Key of `AMOUNTS` whose distance from the middle of its limits is the balance of a plan.
    weights : Weights
    locks : mapping of neighbourhood to district id or None
        A part of a plan that is kept: members of one id stay together under that id, others may
        join them; None keeps a neighbourhood alone.
    closed : frozenset of str
        Locked districts that take no further member.
    must_join : tuple of tuples of neighbourhoods
        Each group ends in one district.
    must_not_join : tuple of pairs of neighbourhoods
        Never in one district.

    Raises
    ------
    StandardsError
        If a number or a choice makes no sense.

    Examples
    --------
    >>> DistrictRules(max_distance_m=500, maximum={"members": 4}).maximum["members"]
    4
    """

    max_distance_m: float
    maximum: Mapping[str, float] = field(default_factory=dict)
    minimum: Mapping[str, float] = field(default_factory=dict)
    distance_basis: str = "straight"
    max_link_walk_m: float | None = None
    detour_factor: float = 1.4
    same_subdistrict: bool = True
    cut_barriers: tuple[str, ...] = ("river", "railway", "main_road")
    keep_below_minimum: bool = True
    balance_of: str = "households"
    weights: Weights = field(default_factory=Weights)
    locks: Mapping[str, str | None] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    must_join: tuple[tuple[str, ...], ...] = ()
    must_not_join: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.max_distance_m < float("inf"):
            raise StandardsError(
                f"districts.max_distance_m is {self.max_distance_m}; give metres greater than 0.",
                zh=f"districts.max_distance_m 为 {self.max_distance_m};请给大于 0 的米数。",
            )
        if self.distance_basis not in BASES:
            raise StandardsError(
                f"districts.distance_basis is `{self.distance_basis}`; use {' or '.join(BASES)}.",
                zh=(
                    f"districts.distance_basis 为“{self.distance_basis}”;请用 "
                    f"{' 或 '.join(BASES)}。"
                ),
            )
        if self.balance_of not in AMOUNTS:
            raise StandardsError(
                f"districts.balance_of is `{self.balance_of}`; use {' or '.join(AMOUNTS)}.",
                zh=f"districts.balance_of 为“{self.balance_of}”;请用 {' 或 '.join(AMOUNTS)}。",
            )
        if self.detour_factor < 1:
            raise StandardsError(
                f"districts.detour_factor is {self.detour_factor}; no way is shorter than 1.",
                zh=f"districts.detour_factor 为 {self.detour_factor};绕行系数不小于 1。",
            )
        self._require_limits()
        unknown = self.closed - {label for label in self.locks.values() if label is not None}
        if unknown:
            raise StandardsError(
                f"Closed districts {', '.join(sorted(unknown))} have no locked neighbourhood.",
                zh=f"关闭的片区 {'、'.join(sorted(unknown))} 没有锁定的小区。",
            )

    def _require_limits(self) -> None:
        for name, limits in (("max", self.maximum), ("min", self.minimum)):
            for amount, limit in limits.items():
                if amount not in AMOUNTS or not limit > 0:
                    raise StandardsError(
                        f"districts.{name}_{amount} is {limit}; limits greater than 0 exist for "
                        f"{', '.join(AMOUNTS)}.",
                        zh=(
                            f"districts.{name}_{amount} 为 {limit};可设大于 0 上下限的有 "
                            f"{'、'.join(AMOUNTS)}。"
                        ),
                    )
        for amount in set(self.maximum) & set(self.minimum):
            if self.minimum[amount] > self.maximum[amount]:
                raise StandardsError(
                    f"districts.min_{amount} {self.minimum[amount]:g} is more than "
                    f"max_{amount} {self.maximum[amount]:g}; no district could be both.",
                    zh=(
                        f"districts.min_{amount} {self.minimum[amount]:g} 大于 max_{amount} "
                        f"{self.maximum[amount]:g};没有片区能同时满足。"
                    ),
                )

    def acting(self, amount: str) -> list[str]:
        """Return which limits an amount has: ``max``, ``min``, both or none."""
        limits = {"max": self.maximum, "min": self.minimum}
        return [which for which, found in limits.items() if amount in found]

    def without_limits(self, amounts: Collection[str]) -> DistrictRules:
        """Return the same rules without the limits of some amounts."""
        kept = [amount for amount in AMOUNTS if amount not in amounts]
        return replace(
            self,
            maximum={a: self.maximum[a] for a in kept if a in self.maximum},
            minimum={a: self.minimum[a] for a in kept if a in self.minimum},
        )

    @classmethod
    def from_parameters(cls, parameters: ParameterSet, **planner: Any) -> DistrictRules:
        """Rules of a profile's room ``districts``, with the planner's own choices by keyword.

        Parameters
        ----------
        parameters : ParameterSet
            Room ``districts``.
        **planner
            Any field, e.g. ``locks``, ``must_join``, ``must_not_join``; these replace the room's.
        """
        limits: dict[str, dict[str, float]] = {"max": {}, "min": {}}
        for which, found in limits.items():
            for amount in AMOUNTS:
                key = f"{which}_{amount}"
                limit = parameters[key] if key in parameters.parameters else None
                if limit is not None:
                    found[amount] = float(limit)
        made: dict[str, Any] = {
            "max_distance_m": float(parameters["max_distance_m"]),
            "maximum": limits["max"],
            "minimum": limits["min"],
            "distance_basis": parameters["distance_basis"],
            "max_link_walk_m": parameters["max_link_walk_m"],
            "detour_factor": float(parameters["detour_factor"]),
            "same_subdistrict": bool(parameters["same_subdistrict"]),
            "cut_barriers": tuple(parameters["cut_barriers"]),
            "keep_below_minimum": bool(parameters["keep_below_minimum"]),
            "balance_of": parameters["balance_of"],
            "weights": Weights(
                needs=float(parameters["needs_weight"]),
                nearness=float(parameters["nearness_weight"]),
                district=float(parameters["district_cost"]),
                shortfall=float(parameters["shortfall_cost"]),
                sharing=float(parameters["sharing_weight"]),
                compactness=float(parameters["compactness_weight"]),
                balance=float(parameters["balance_weight"]),
            ),
        }
        return cls(**{**made, **planner})
