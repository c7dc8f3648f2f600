"""Sources of money: who, for what, in which order, up to which amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InputError, StandardsError
from spatial.funding.findings import Finding
from spatial.standards import Profile

__all__ = ["AMOUNTS", "GROUPS", "Means", "Source", "funding_sources", "source_caps"]

GROUPS: Final = ("government", "owner_unit", "utilities", "residents", "market")
AMOUNTS: Final = ("given", "match", "income")
LISTS: Final = ("categories", "items", "kinds", "specials")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of money and what it may pay for; an empty list holds everything.

    ``specials`` is the exception: what is special (lifts, dangerous houses) has policies of its
    own. The government's money may pay for it, other money only where the source names it.
    """

    id: str
    zh: str
    en: str
    group: str
    rank: int
    amount: str
    clause: str
    categories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    specials: tuple[str, ...] = ()
    outside_share: bool = False
    """Dedicated money that is not counted in the government's share by category (J07, J08)."""
    mainly: bool = False
    """Mainly for the items marked so (J03): other uses are warned of."""

    def may_pay(self, lines: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which lines this source may pay for, shape (n,)."""
        allowed = np.ones(len(lines), dtype=bool)
        for column, names in (
            ("category", self.categories),
            ("item", self.items),
            ("kind", self.kinds),
        ):
            if names:
                allowed &= lines[column].isin(names).to_numpy(dtype=bool)
        special = lines["special"].ne("").to_numpy(dtype=bool)
        named = lines["special"].isin(self.specials).to_numpy(dtype=bool)
        if self.group != "government":
            allowed &= ~special | named
        return allowed


@dataclass(frozen=True, slots=True)
class Means:
    """How much money there is, as far as it is known.

    Parameters
    ----------
    available_yuan : mapping of source id to float
        Only what is known; a source that is not named has an unknown amount, and nothing of it is
        counted.
    land_income_yuan : float, optional
        The year's land-grant income: of it the share of J05 may be used.
    """

    available_yuan: Mapping[str, float] = field(default_factory=dict)
    land_income_yuan: float | None = None


def funding_sources(profile: Profile) -> tuple[Source, ...]:
    """Return the sources of a profile in the order in which they are drawn.

    Raises
    ------
    StandardsError
        If a source of the profile lacks a part or names an unknown group.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> [one.id for one in funding_sources(read_profile("national"))][-1]
    'county'
    """
    found = [_source(key, body) for key, body in profile.rooms["funding"]["sources"].items()]
    return tuple(sorted(found, key=lambda one: (one.rank, one.id)))


def source_caps(
    sources: tuple[Source, ...], means: Means, profile: Profile
) -> tuple[pd.DataFrame, list[Finding]]:
    """Return how much each source with a given amount can pay in all.

    Returns
    -------
    DataFrame indexed by source
        ``cap_yuan`` (missing where a rule or the income decides, 0 where unknown), ``known``.
    list of Finding
        Amounts above what J05 allows.

    Raises
    ------
    InputError
        If an amount is negative or not finite, or of a source that the profile does not have or
        whose amount follows from a rule.
    """
    known = {one.id: one for one in sources}
    for name, amount in means.available_yuan.items():
        _require_given(known, name, float(amount))
    caps, findings = {}, []
    for one in sources:
        given = means.available_yuan.get(one.id)
        cap = np.nan if one.amount != "given" else float(given or 0.0)
        if one.id == "land_income":
            cap, told = _land_income(given, means.land_income_yuan, profile, one)
            findings += told
            given = cap if means.land_income_yuan is not None else given
        caps[one.id] = (cap, one.amount != "given" or given is not None)
    frame = pd.DataFrame.from_dict(caps, orient="index", columns=["cap_yuan", "known"])
    frame.index.name = "source"
    return frame, findings


def _land_income(
    given: float | None, income_yuan: float | None, profile: Profile, source: Source
) -> tuple[float, list[Finding]]:
    """Return what may be used of the year's land income (J05), and whether more was asked."""
    share = float(profile.rooms["funding"]["land_income_share"])
    if income_yuan is None:
        if not given:
            return 0.0, []
        text = (
            f"已填土地出让收益资金 {given:,.0f} 元,但未填当年土地出让收益,"
            f"无法核对 {share:.0%} 上限。",
            f"{given:,.0f} yuan of land income are entered, but not the year's land-grant income: "
            f"the limit of {share:.0%} cannot be checked.",
        )
        return float(given), [Finding("J05", "ask", *text, source.clause)]
    if not 0 <= float(income_yuan) < np.inf:
        raise InputError(
            f"`land_income_yuan` is {income_yuan:g}; it must be finite, 0 or more.",
            zh=f"当年土地出让收益(land_income_yuan)为 {income_yuan:g},须为不小于 0 的有限数。",
        )
    limit = share * float(income_yuan)
    if given is None or given <= limit:
        return limit if given is None else float(given), []
    text = (
        f"土地出让收益资金 {given:,.0f} 元超过当年收益的 {share:.0%}({limit:,.0f} 元),按上限计。",
        f"{given:,.0f} yuan of land income exceed {share:.0%} of the year's ({limit:,.0f} yuan); "
        "the limit is counted.",
    )
    return limit, [Finding("J05", "limit", *text, source.clause)]


def _require_given(known: Mapping[str, Source], name: str, amount: float) -> None:
    open_ = [key for key, one in known.items() if one.amount == "given"]
    if name not in open_:
        raise InputError(
            f"`available_yuan` names the source `{name}`; amounts can be given for "
            f"{', '.join(open_)}.",
            zh=f"available_yuan 中有来源“{name}”;可填金额的来源为 {'、'.join(open_)}。",
        )
    if not 0 <= amount < np.inf:
        raise InputError(
            f"`available_yuan` of `{name}` is {amount:g}; an amount is finite, 0 or more.",
            zh=f"来源“{name}”的金额为 {amount:g},须为不小于 0 的有限数。",
        )


def _source(key: str, body: Mapping[str, Any]) -> Source:
    try:
        found = Source(
            id=key,
            zh=body["zh"],
            en=body["en"],
            group=body["group"],
            rank=int(body["rank"]),
            amount=body["amount"],
            clause=body["clause"],
            outside_share=bool(body.get("outside_share", False)),
            mainly=bool(body.get("mainly", False)),
            **{name: tuple(body.get(name, ())) for name in LISTS},
        )
    except (KeyError, TypeError) as fault:
        raise StandardsError(
            f"funding.sources: `{key}` must give zh, en, group, rank, amount, clause ({fault}).",
            zh=f"funding.sources 的“{key}”须给出 zh、en、group、rank、amount、clause({fault})。",
        ) from fault
    if found.group not in GROUPS or found.amount not in AMOUNTS:
        raise StandardsError(
            f"funding.sources: `{key}` has the group `{found.group}` and the amount "
            f"`{found.amount}`; use {', '.join(GROUPS)} and {', '.join(AMOUNTS)}.",
            zh=(
                f"funding.sources 的“{key}”:group 为“{found.group}”,amount 为“{found.amount}”;"
                f"可用 {'、'.join(GROUPS)} 与 {'、'.join(AMOUNTS)}。"
            ),
        )
    return found
