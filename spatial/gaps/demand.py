"""What residents ask for: votes of a survey, brought to neighbourhoods and kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.city.report import Note
from spatial.standards import Catalogue
from spatial.standards.catalogue import name_key

__all__ = ["Demand", "no_demand", "resident_demand"]

NAMED: Final = 10
"""Names that a note tells before it only counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Votes of residents; a neighbourhood that was not asked is in neither frame.

    Attributes
    ----------
    votes : DataFrame
        ``neighbourhood_id, kind, votes, vote_share, basis``: one row for each kind voted for.
    asked : Index
        Neighbourhoods with any answer. A kind that the survey names anywhere has 0 votes where
        nobody voted for it; one that it names nowhere could not be voted for, and stays unknown.
    notes : tuple of Note
        What could not be used, and why.
    """

    votes: pd.DataFrame
    asked: pd.Index
    notes: tuple[Note, ...] = ()

    def of(self, neighbourhood_id: pd.Series, kind: pd.Series) -> pd.DataFrame:
        """Give ``votes`` and ``vote_share`` of pairs, on their index; NaN where not asked for.

        Parameters
        ----------
        neighbourhood_id, kind : Series of str, shape (m,)
            On one index.
        """
        known = self.votes.set_index(["neighbourhood_id", "kind"])[["votes", "vote_share"]]
        keys = pd.MultiIndex.from_arrays([neighbourhood_id.astype("str"), kind.astype("str")])
        found = known.reindex(keys).set_axis(neighbourhood_id.index, axis=0).astype("float64")
        asked = (neighbourhood_id.isin(self.asked) & kind.isin(set(self.votes["kind"]))).to_numpy()
        found = found.fillna(0.0)
        found.loc[~asked] = np.nan
        return found


def no_demand() -> Demand:
    """Nobody was asked."""
    columns = {"neighbourhood_id": "str", "kind": "str", "basis": "str"}
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
    empty[["votes", "vote_share"]] = np.zeros((0, 2))
    return Demand(empty, pd.Index([], dtype="str"))


def resident_demand(
    votes: pd.DataFrame, neighbourhoods: pd.DataFrame, catalogue: Catalogue
) -> Demand:
    """Bring the votes of a survey to neighbourhoods and kinds of the catalogue.

    Parameters
    ----------
    votes : DataFrame
        ``inputs.demand_votes``: ``neighbourhood_id, kind, votes, households_asked``. Ids or names
        of neighbourhoods, ids or names of kinds.
    neighbourhoods : DataFrame, shape (n,)
        Ids on the index, ``name``.
    catalogue : Catalogue

    Returns
    -------
    Demand
        ``vote_share`` = votes / households asked (basis ``households_asked``); where that number
        is not given, the share of the votes cast in the neighbourhood (``votes_cast``). Several
        rows of one kind count together.

    Notes
    -----
    Rows that name no neighbourhood or kind that is known, or whose votes are missing or negative,
    cannot count; a note says how many and which. More votes than households asked count as all of
    them (several answers of one household).
    """
    require_columns(
        votes, ("neighbourhood_id", "kind", "votes", "households_asked"), name="demand_votes"
    )
    if not len(votes):
        return no_demand()
    place = _places(votes["neighbourhood_id"], neighbourhoods)
    names = catalogue.names()
    kind = (
        votes["kind"]
        .astype("object")
        .map(lambda text: names.get(name_key(text)) if isinstance(text, str) else None)
    )
    count = votes["votes"].astype("Float64").astype("float64")
    unusable = ~(count >= 0)
    notes = [
        *_unread("place", votes["neighbourhood_id"], place.isna()),
        *_unread("kind", votes["kind"], kind.isna()),
        *_unread("count", votes["votes"], unusable),
    ]
    usable = place.notna() & kind.notna() & ~unusable
    table = pd.DataFrame(
        {
            "neighbourhood_id": place,
            "kind": kind,
            "votes": count,
            "asked": votes["households_asked"].astype("Float64").astype("float64"),
        }
    )[usable]
    if not len(table):
        return Demand(no_demand().votes, no_demand().asked, tuple(notes))
    asked = table.groupby("neighbourhood_id")["asked"].max()
    cast = table.groupby("neighbourhood_id")["votes"].sum()
    summed = table.groupby(["neighbourhood_id", "kind"], sort=True)["votes"].sum().reset_index()
    of_place = summed["neighbourhood_id"].map(asked)
    by_asked = of_place > 0
    whole = of_place.where(by_asked, summed["neighbourhood_id"].map(cast))
    share = (summed["votes"] / whole.where(whole > 0)).fillna(0.0)
    summed["vote_share"] = share.clip(upper=1.0)
    summed["basis"] = np.where(by_asked, "households_asked", "votes_cast")
    more = int((share > 1).sum())
    if more:
        notes.append(
            Note(
                "votes_exceed_households",
                f"居民需求调查中有 {more} 项的票数多于受访户数,按全部受访户计。",
                f"{more} kinds have more votes than households were asked; they count as all of "
                "the households.",
                "warning",
            )
        )
    return Demand(summed, pd.Index(sorted(cast.index), dtype="str"), tuple(notes))


def _places(given: pd.Series, neighbourhoods: pd.DataFrame) -> pd.Series:
    """Ids of the neighbourhoods named; a name counts where only one bears it."""
    ids = neighbourhoods.index.astype("str")
    known = {str(id_): str(id_) for id_ in ids}
    if "name" in neighbourhoods.columns:
        names = neighbourhoods["name"].astype("object")
        single = names.notna() & ~names.duplicated(keep=False)
        named = dict(zip(names[single].astype(str), ids[single.to_numpy()], strict=True))
        known = {**named, **known}
    return given.astype("object").map(
        lambda text: known.get(text.strip()) if isinstance(text, str) else None
    )


def _unread(what: str, given: pd.Series, lost: pd.Series) -> list[Note]:
    """Say which rows of the survey cannot count, and why."""
    if not lost.any():
        return []
    zh, en = {
        "place": ("小区编号或名称无法对应", "name no known neighbourhood (or several)"),
        "kind": ("设施类别不在设施目录中", "name no kind of the catalogue"),
        "count": ("票数缺失或为负", "have no votes, or negative ones"),
    }[what]
    texts = given[lost].astype("object").where(given[lost].notna(), "—")
    names = list(dict.fromkeys(str(text) for text in texts))
    shown = "、".join(names[:NAMED]) + (" 等" if len(names) > NAMED else "")
    shown_en = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    rows = ", ".join(str(row) for row in given.index[lost][:NAMED])
    count = int(lost.sum())
    return [
        Note(
            f"votes_without_{what}",
            f"居民需求调查中有 {count} 行{zh},未计入:{shown}(行 {rows})。",
            f"{count} rows of the residents' votes {en} and do not count: {shown_en} "
            f"(rows {rows}).",
            "warning",
        )
    ]
