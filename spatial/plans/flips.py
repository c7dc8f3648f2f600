"""Standards that an edit flips: limits kept or missed, must-have kinds that a district lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatial.plans.broken import Broken
from spatial.plans.model import Draft

__all__ = ["Flip", "flips"]


@dataclass(frozen=True, slots=True)
class Flip:
    """One standard of one district that is met now and was not, or the other way round."""

    district: str
    kind: str
    """A rule's name (``min_households``) or a kind of facility."""
    before: str
    after: str
    """``met`` or ``missing``."""
    zh: str
    en: str

    def to_record(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "district": self.district,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "zh": self.zh,
            "en": self.en,
        }


def flips(
    before: tuple[Draft, pd.DataFrame, Iterable[Broken]],
    after: tuple[Draft, pd.DataFrame, Iterable[Broken]],
    *,
    names: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[Flip, ...]:
    """Compare districts before and after an edit.

    Parameters
    ----------
    before, after : (Draft, DataFrame, rules broken)
        Figures (`district_figures`) and rules broken, of the districts touched.
    names : mapping of kind to (zh, en), optional
        Of facility kinds.

    Returns
    -------
    tuple of Flip
        Of districts that are there, with members, before and after.
    """
    names = names or {}
    old, new = before[1], after[1]
    both = [
        key
        for key in new.index
        if key in old.index and new.loc[key, "members"] and old.loc[key, "members"]
    ]
    found = [
        *_rules(before[2], after[2], set(both)),
        *(one for key in both for one in _kinds(key, old, new, after[0], names)),
    ]
    return tuple(sorted(found, key=lambda one: (one.district, one.kind)))


def _rules(before: Iterable[Broken], after: Iterable[Broken], both: set[str]) -> list[Flip]:
    old = {(one.district, one.rule): one for one in before if one.district in both}
    new = {(one.district, one.rule): one for one in after if one.district in both}
    broken = [
        Flip(district, rule, "met", "missing", one.zh, one.en)
        for (district, rule), one in new.items()
        if (district, rule) not in old
    ]
    kept = [
        Flip(
            district,
            rule,
            "missing",
            "met",
            f"已解决:{one.zh}",
            f"No longer: {one.en}",
        )
        for (district, rule), one in old.items()
        if (district, rule) not in new
    ]
    return broken + kept


def _kinds(
    key: str,
    old: pd.DataFrame,
    new: pd.DataFrame,
    draft: Draft,
    names: Mapping[str, tuple[str, str]],
) -> list[Flip]:
    was, now = int(old.loc[key, "missing"]), int(new.loc[key, "missing"])
    changed = was ^ now
    district = draft.districts[key].name
    found = []
    for bit, kind in enumerate(draft.ground.pooling.kinds):
        if not changed >> bit & 1:
            continue
        kind = kind.split(":", 1)[0]  # noqa: PLW2901  (the layer of a kind is not its name)
        zh, en = names.get(kind, (kind, kind))
        if now >> bit & 1:
            told = (
                f"片区“{district}”内出现缺少{zh}的小区。",
                f"A neighbourhood of “{district}” now lacks: {en}.",
            )
            found.append(Flip(key, kind, "met", "missing", *told))
        else:
            told = (
                f"片区“{district}”共享后不再缺{zh}。",
                f"Sharing, “{district}” no longer lacks: {en}.",
            )
            found.append(Flip(key, kind, "missing", "met", *told))
    return found
