"""Area of facilities shared among the people who reach them."""

from __future__ import annotations

import pandas as pd

from spatial.checks import require_columns
from spatial.standards import AreaRule, Catalogue

__all__ = ["own_class", "required_area", "shared_supply"]


def shared_supply(reached: pd.DataFrame, demand: pd.Series, supply: pd.Series) -> pd.Series:
    """Share each facility's area among those who reach it, in proportion to their number.

    R_j = S_j / Σ_i D_i        A_i = D_i Σ_j R_j        sums over the pairs within reach

    Parameters
    ----------
    reached : DataFrame, shape (m,)
        ``neighbourhood_id, facility_id``: who reaches what, each pair once.
    demand : Series, shape (n,)
        Persons or households, by neighbourhood id; missing where unknown.
    supply : Series
        Area by facility id, m²; missing where unknown.

    Returns
    -------
    Series of float, shape (n,)
        m² for each neighbourhood; 0 where nothing is reached, missing where the demand or the area
        of anything reached is unknown. What is handed out sums to the supply that anyone of known
        demand reaches.

    Notes
    -----
    The two-step floating catchment [1]_ with a sharp limit, multiplied by the demand. Where demand
    is unknown somewhere, the others share as if nobody lived there.

    References
    ----------
    .. [1] W. Luo, F. Wang (2003), Environment and Planning B 30, 865-884.

    Examples
    --------
    >>> pairs = pd.DataFrame({"neighbourhood_id": ["a", "b", "b"], "facility_id": ["f", "f", "g"]})
    >>> people, area = pd.Series({"a": 100.0, "b": 300.0}), pd.Series({"f": 400.0, "g": 50.0})
    >>> shared_supply(pairs, people, area).tolist()
    [100.0, 350.0]
    """
    require_columns(reached, ("neighbourhood_id", "facility_id"), name="reached")
    people = demand.astype("Float64").astype("float64")
    pairs = reached[["neighbourhood_id", "facility_id"]].copy()
    weight = pairs["neighbourhood_id"].map(people).astype("float64")
    areas = supply.astype("Float64").astype("float64")
    area = pairs["facility_id"].map(areas).astype("float64")
    load = weight.fillna(0.0).groupby(pairs["facility_id"]).transform("sum")
    part = (weight * area / load).where(load > 0, area.where(area.isna(), 0.0))
    unsure = set(pairs.loc[part.isna(), "neighbourhood_id"])
    total = part.groupby(pairs["neighbourhood_id"]).sum().reindex(demand.index).fillna(0.0)
    return total.where(people.notna() & ~demand.index.isin(unsure))


def required_area(rule: AreaRule, frame: pd.DataFrame, *, old: bool) -> pd.Series:
    """Area that a rule asks for, m²; missing where households or persons are unknown."""
    column = "households" if rule.per == "household" else "persons"
    return frame[column].astype("Float64").astype("float64") * (rule.old_m2 if old else rule.new_m2)


def own_class(kinds: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Keep a facility of several size classes in its largest class only.

    The green of one life-circle layer does not count for another (GB 50180-2018 4.0.4), so a large
    park, though it is also a park within five minutes, lends its area to its own layer alone.
    """
    sized = {
        kind.id: (kind.match["from_kind"]["kind"], kind.match["from_kind"]["area_min_m2"])
        for kind in catalogue.kinds.values()
        if "from_kind" in kind.match
    }
    family = kinds["kind"].map(lambda kind: sized.get(kind, (kind, 0.0))[0])
    size = kinds["kind"].map(lambda kind: sized.get(kind, (kind, 0.0))[1])
    largest = size.groupby([kinds["facility_id"], family]).transform("max")
    return kinds[size == largest]
