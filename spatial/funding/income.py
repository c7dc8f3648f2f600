"""Income: what facilities and places earn once they run, year by year."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import InputError
from spatial.funding.lines import UNITS
from spatial.standards import Profile
from spatial.standards.parameters import ParameterSet

__all__ = ["INCOME_COLUMNS", "income_by_year", "income_lines", "option_income"]

INCOME_COLUMNS: Final = ("item", "yearly_yuan", "running_yuan", "start_year", "end_year", *UNITS)


def option_income(options: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Estimate what each option earns in a full year: fees, rent, parking.

    Parameters
    ----------
    options : DataFrame
        ``kind, asset_type, floor_m2, land_m2``, as for `option_costs`.

    Returns
    -------
    DataFrame on the index of `options`
        ``item`` (parking, rent_and_services, or empty: earns nothing), ``yearly_yuan`` (missing
        where the area is), ``source, confidence``.

    Notes
    -----
    Parking: whole spaces · income of a space; other kinds: area · rate, by the land of open-air
    kinds and the floor of all others.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> lot = pd.DataFrame({"kind": ["public_parking"], "asset_type": ["land"],
    ...                     "floor_m2": [None], "land_m2": [640.0]})
    >>> found = option_income(lot, read_profile("national"))
    >>> found["item"].tolist(), found["yearly_yuan"].tolist()
    (['parking'], [75600.0])
    """
    require_columns(options, ["kind", "floor_m2", "land_m2"], name="options")
    funding, costs = profile.rooms["funding"], profile.rooms["costs"]
    kind = options["kind"].astype("string")
    group = kind.map(costs["class_of_kind"]).astype("string")
    outdoor = group.isin(costs["outdoor_classes"])
    floor_m2, land_m2 = (
        pd.to_numeric(options[name]).astype(float) for name in ("floor_m2", "land_m2")
    )
    area_m2 = floor_m2.where(~outdoor, land_m2)
    parking = kind.isin(funding["parking_kinds"]).to_numpy(dtype=bool)
    rate = kind.map(funding["income_yuan_per_m2_year"]).astype(float).fillna(0.0)
    spaces = np.floor(area_m2 / float(funding["parking_m2_per_space"]))
    yearly = (rate * area_m2).mask(rate.eq(0), 0.0)
    yearly = yearly.mask(parking, spaces * float(funding["parking_yuan_per_space_year"]))
    item = pd.Series("rent_and_services", options.index, dtype="string").mask(rate.eq(0), "")
    item = item.mask(parking, "parking")
    key = np.where(parking, "parking_yuan_per_space_year", "income_yuan_per_m2_year")
    used = [funding.parameters[name] for name in key]
    return pd.DataFrame(
        {
            "item": item,
            "yearly_yuan": yearly,
            "source": pd.array([one.source for one in used], dtype="string"),
            "confidence": pd.array([one.confidence for one in used], dtype="string"),
        },
        index=options.index,
    )


def income_lines(income: pd.DataFrame | None, *, years: int) -> pd.DataFrame:
    """Check and complete lines of income and of running costs.

    Parameters
    ----------
    income : DataFrame, optional
        ``yearly_yuan`` (full income a year); and where known ``item``, ``running_yuan`` (costs a
        year), ``start_year`` (first year of running, default 1), ``end_year`` (last, default the
        horizon) and the place as in `funding_lines`.
    years : int
        Horizon.

    Returns
    -------
    DataFrame
        `INCOME_COLUMNS`, on the same index.

    Raises
    ------
    LayerError, InputError
        If ``yearly_yuan`` is missing, or an amount is negative or not finite, or a year before 0.
    """
    if income is None:
        income = pd.DataFrame({"yearly_yuan": pd.Series(dtype=float)})
    require_columns(income, ["yearly_yuan"], name="income")
    defaults = {
        "yearly_yuan": 0.0,
        "running_yuan": 0.0,
        "start_year": 1.0,
        "end_year": float(years),
    }
    numbers = {}
    for name, default in defaults.items():
        given = income[name] if name in income else pd.Series(default, income.index)
        numbers[name] = pd.to_numeric(given).astype(float).fillna(default)
        sound = numbers[name].ge(0) & numbers[name].lt(np.inf)
        wrong = income.index[~sound.to_numpy(dtype=bool)]
        if len(wrong):
            raise InputError(
                f"`income` row {wrong[0]}: `{name}` is {numbers[name][wrong[0]]:g}; "
                "give a finite number, 0 or more.",
                zh=f"收入项 {wrong[0]}:{name} 为 {numbers[name][wrong[0]]:g},须为 0 或正数(有限)。",
            )
    texts = {
        name: (income[name] if name in income else pd.Series("", income.index))
        .astype("string")
        .fillna("")
        for name in ("item", *UNITS)
    }
    return pd.DataFrame({**texts, **numbers}, index=income.index)[list(INCOME_COLUMNS)]


def income_by_year(income: pd.DataFrame, parameters: ParameterSet, *, years: int) -> pd.DataFrame:
    """Return income and running costs by year, after the ramp-up.

    Parameters
    ----------
    income : DataFrame
        Of `income_lines`.
    parameters : ParameterSet
        Room ``funding``: ``ramp_shares``.

    Returns
    -------
    DataFrame indexed by year, 0 to `years`
        ``income_yuan, running_yuan``. Running costs are whole from the first year on.

    Examples
    --------
    >>> from spatial.standards import read_parameters
    >>> lines = income_lines(pd.DataFrame({"yearly_yuan": [100.0], "start_year": [2]}), years=5)
    >>> income_by_year(lines, read_parameters("funding"), years=5)["income_yuan"].tolist()
    [0.0, 0.0, 50.0, 80.0, 100.0, 100.0]
    """
    earned, running = yearly_of_lines(income, parameters, years=years)
    return pd.DataFrame(
        {"income_yuan": earned.sum(axis=0), "running_yuan": running.sum(axis=0)},
        index=pd.RangeIndex(years + 1, name="year"),
    )


def yearly_of_lines(
    income: pd.DataFrame, parameters: ParameterSet, *, years: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return income and running costs of each line by year, both of shape (n, years + 1)."""
    ramp = np.asarray(parameters["ramp_shares"], dtype=float)
    year = np.arange(years + 1)[None, :]
    start = income["start_year"].to_numpy(dtype=int)[:, None]
    end = income["end_year"].to_numpy(dtype=int)[:, None]
    runs = (year >= start) & (year <= end)
    step = np.clip(year - start, 0, len(ramp) - 1)
    earned = np.where(runs, ramp[step] * income["yearly_yuan"].to_numpy()[:, None], 0.0)
    spent = np.where(runs, income["running_yuan"].to_numpy()[:, None], 0.0)
    return earned, spent
