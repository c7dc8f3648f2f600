"""Competition for capacity: seats, beds and areas shared among those who reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.codes import coded
from spatial.dictionary import conform, data_dictionary
from spatial.gaps.access import METHODS, Pairs, share_out
from spatial.reach.decays import Decay, inverse_power, steps, within
from spatial.standards import Catalogue, FacilityKind, ParameterSet, Profile

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["facility_access", "sharing_limit_m"]

THOUSAND: Final = 1000.0
MEASURES: Final = ("capacity", "floor", "land")
"""What a kind's supply is counted in, in the order of preference."""
GROUPS: Final = {"children": "children_kinds", "elderly": "elderly_kinds"}

Floats = npt.NDArray[np.float64]


def facility_access(
    neighbourhoods: Neighbourhoods,
    facilities: pd.DataFrame,
    kinds: pd.DataFrame,
    reached: pd.DataFrame,
    profile: Profile,
    *,
    measured: pd.Index | None = None,
) -> pd.DataFrame:
    """Say what capacity each neighbourhood gets of each kind when all who reach it share it.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        Its `frame`: ``persons, elderly_persons, children_persons``, n rows.
    facilities : DataFrame
        ``capacity, floor_m2, land_m2`` by facility id.
    kinds : DataFrame
        ``facility_id, kind`` of `classify_facilities`.
    reached : DataFrame
        ``neighbourhood_id, facility_id, kind, distance_m``: everything within the limits.
    profile : Profile
        Its catalogue (limits, least sizes) and the parameters of the room ``access``.
    measured : Index, optional
        Neighbourhoods with a gate on the walking network; for the others nothing is known.

    Returns
    -------
    DataFrame
        ``results.access``: a row for each neighbourhood and kind of which the data knows some
        capacity (else floor area or land, where the standard has a size to compare with). Per
        1,000 of those whom the kind serves, by all four methods of :mod:`spatial.gaps.access`; and
        per 1,000 residents, beside the standard.

    Notes
    -----
    Whom a kind serves: children or the elderly where their number is known for every neighbourhood
    with residents, else all residents (`demand_basis`). A facility of unknown capacity makes
    unknown what it touches; `unknown_facilities` counts them. The limit is that of the kind's own
    layer. Where the profile gives no number per 1,000 (``capacity_per_1000_persons``) and supply is
    an area, the standard is one facility of the catalogue's least size for the largest population
    of its layer (`standard_basis`).

    What is handed out sums to the supply that anyone reaches:
    Σ served × per_1000_served / 1000, over all neighbourhoods with a number.
    """
    require_columns(
        reached, ("neighbourhood_id", "facility_id", "kind", "distance_m"), name="reached"
    )
    require_columns(kinds, ("facility_id", "kind"), name="kinds")
    require_columns(facilities, ("capacity", "floor_m2", "land_m2"), name="facilities")
    rules, catalogue = profile.rooms["access"], profile.catalogue
    frame = neighbourhoods.frame
    served = {name: _served(frame, name) for name in ("persons", *GROUPS)}
    by_kind = _pairs_by_kind(reached, frame.index, facilities.index)
    nobody = Pairs(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
    walked = np.ones(len(frame), dtype=bool) if measured is None else frame.index.isin(measured)
    parts = []
    for name, ids in kinds.groupby("kind", observed=True)["facility_id"]:
        kind = catalogue.kinds.get(str(name))
        if kind is None:
            continue
        supply, measure = _supply(facilities.loc[facilities.index.isin(ids)])
        if measure is None:
            continue
        standard, standard_basis = _standard(kind, measure, rules, catalogue)
        if measure != "capacity" and standard_basis is None:
            continue  # square metres of a bank tell nothing without a standard
        basis = _basis(str(name), rules, served)
        pairs = by_kind.get(str(name), nobody)
        limit_m = sharing_limit_m(catalogue, kind.id)
        some = _shared(
            _within(pairs, limit_m), facilities.index, supply, served[basis],
            _decays(rules, limit_m),
        )  # fmt: skip
        parts.append(
            some.assign(
                neighbourhood_id=frame.index,
                kind=kind.id,
                layer=kind.layer,
                limit_m=limit_m,
                measure=measure,
                demand_basis=basis,
                served=served[basis].to_numpy(),
                standard_per_1000_persons=standard,
                standard_basis=standard_basis,
                walked=walked,
            )
        )
    spec = data_dictionary().results["access"]
    if not parts:
        return conform(pd.DataFrame(index=pd.Index([], dtype="str")), spec, name="access")
    table = _judged(pd.concat(parts, ignore_index=True), rules, served["persons"])
    table.index = pd.Index(table["neighbourhood_id"] + ":" + table["kind"], dtype="str")
    return conform(table, spec, name="access")


def sharing_limit_m(catalogue: Catalogue, kind: str) -> float:
    """Metres within which the capacity of a kind is shared: the limit of its own layer."""
    of = catalogue.kinds[kind]
    return of.number(f"limit_{of.layer}_m") or catalogue.layers[of.layer].limit_m


def _pairs_by_kind(
    reached: pd.DataFrame, places: pd.Index, facilities: pd.Index
) -> dict[str, Pairs]:
    """Who reaches what of each kind, as rows of neighbourhoods and facilities."""
    rows = []
    for column, index in (("neighbourhood_id", places), ("facility_id", facilities)):
        code, names = coded(reached[column])
        rows.append(index.get_indexer(names)[code])
    code, names = coded(reached["kind"])
    order = np.argsort(code.astype(np.int16), kind="stable")
    ends = np.searchsorted(code[order], np.arange(len(names) + 1))
    walk_m = reached["distance_m"].to_numpy(dtype=float)
    return {
        str(name): Pairs(*(values[order[low:high]] for values in (*rows, walk_m)))
        for name, low, high in zip(names, ends[:-1], ends[1:], strict=True)
    }


def _within(pairs: Pairs, limit_m: float) -> Pairs:
    near = pairs.cost <= limit_m
    return Pairs(pairs.demand[near], pairs.supply[near], pairs.cost[near])


def _served(frame: pd.DataFrame, group: str) -> pd.Series:
    column = group if group == "persons" else f"{group}_persons"
    if column not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    return frame[column].astype("Float64").astype("float64")


def _basis(kind: str, rules: ParameterSet, served: Mapping[str, pd.Series]) -> str:
    for group, key in GROUPS.items():
        inhabited = served["persons"] > 0
        if kind in rules[key] and inhabited.any() and served[group][inhabited].notna().all():
            return group
    return "persons"


def _supply(facilities: pd.DataFrame) -> tuple[pd.Series, str | None]:
    """Supply of a kind's facilities by the measure that most of them have; capacity first."""
    best, known = None, 0
    for measure in MEASURES:
        column = measure if measure == "capacity" else f"{measure}_m2"
        count = int((facilities[column].astype("Float64") > 0).sum())
        if count > known:
            best, known = measure, count
    if best is None:
        return pd.Series(dtype=float), None
    column = best if best == "capacity" else f"{best}_m2"
    return facilities[column].astype("Float64").astype("float64"), best


def _decays(rules: ParameterSet, limit_m: float) -> dict[str, Decay]:
    zones = steps([share * limit_m for share in rules["zone_limit_shares"]], rules["zone_weights"])
    return {
        "two_step": within(limit_m),
        "enhanced_two_step": zones,
        "three_step": zones,
        "gravity": inverse_power(rules["gravity_exponent"], nearest=rules["gravity_nearest_m"]),
    }


def _shared(
    pairs: Pairs,
    every: pd.Index,
    supply: pd.Series,
    served: pd.Series,
    decays: Mapping[str, Decay],
) -> pd.DataFrame:
    """All methods at once, per 1,000 served; one row for each neighbourhood."""
    of = np.full(len(every), -1, dtype=np.int64)
    of[every.get_indexer(supply.index)] = np.arange(len(supply))
    rows = Pairs(pairs.demand, of[pairs.supply], pairs.cost)
    shared = {
        f"{name}_per_1000": share_out(rows, served, supply, decay, METHODS[name]).access.to_numpy()
        * THOUSAND
        for name, decay in decays.items()
    }
    unknown = supply.isna().to_numpy()[rows.supply]
    return pd.DataFrame(
        {
            **shared,
            "facilities": np.bincount(rows.demand, minlength=len(served)),
            "unknown_facilities": np.bincount(rows.demand[unknown], minlength=len(served)),
        }
    )


def _standard(
    kind: FacilityKind, measure: str, rules: ParameterSet, catalogue: Catalogue
) -> tuple[float, str | None]:
    """Return what the standard asks for per 1,000 residents, and how that is known."""
    given = rules["capacity_per_1000_persons"]
    if measure == "capacity":
        return (float(given[kind.id]), "per_1000") if kind.id in given else (np.nan, None)
    least = kind.floor_min_m2 if measure == "floor" else kind.land_min_m2
    persons = catalogue.layers[kind.layer].persons
    if least is None or persons is None:
        return np.nan, None
    return least / persons[1] * THOUSAND, "one_per_area"


def _judged(table: pd.DataFrame, rules: ParameterSet, persons: pd.Series) -> pd.DataFrame:
    """Compare what residents get with the standard."""
    per_1000 = table[f"{rules['method']}_per_1000"]
    residents = table["neighbourhood_id"].map(persons).astype("float64")
    share = (table["served"] / residents).where(residents > 0)
    table["supply_per_1000_persons"] = per_1000 * share
    ratio = table["supply_per_1000_persons"] / table["standard_per_1000_persons"]
    table["access_ratio"] = ratio
    status = np.select(
        [
            ~table["walked"] | per_1000.isna(),
            table["facilities"] == 0,
            ratio.isna(),
            ratio >= 1,
        ],
        ["unknown", "none", "no_standard", "enough"],
        default="short",
    )
    table["status"] = status
    table.loc[~table["walked"], [*(f"{name}_per_1000" for name in METHODS)]] = np.nan
    table.loc[~table["walked"], ["supply_per_1000_persons", "access_ratio"]] = np.nan
    return table.rename(columns={"served": "served_persons"})
