"""Which parts of a district hang together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.plans.model import Draft

__all__ = ["Fragment", "fragments", "pieces_of"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a district that is cut off from its largest part."""

    district: str
    units: tuple[str, ...]


def pieces_of(draft: Draft, rows: Ints) -> Ints:
    """Return numbers of the connected pieces of some units, by legal links within one district.

    Parameters
    ----------
    draft : Draft
    rows : array of int, shape (m,)
        Distinct rows of units.

    Returns
    -------
    array of int, shape (m,)
        The same number for units that hang together.
    """
    place = np.full(len(draft.label), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    unit, other, pair = draft.ground.around.of(rows)
    code = pd.factorize(draft.label)[0]
    held = draft.legal[pair] & (place[other] >= 0) & (code[unit] == code[other]) & (code[unit] >= 0)
    one, two = place[unit[held]], place[other[held]]
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(len(rows), len(rows)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def fragments(draft: Draft, districts: Iterable[str] | None = None) -> tuple[Fragment, ...]:
    """Return what is cut off from the main part of its district.

    The main part has the most households (persons, then neighbourhoods, where those are not
    known); of equal ones that with the smallest id.

    Parameters
    ----------
    draft : Draft
    districts : iterable of str, optional
        Look at these only.
    """
    wanted = draft.districts if districts is None else districts
    rows = draft.members(wanted)
    if not len(rows):
        return ()
    ground = draft.ground
    table = pd.DataFrame(
        {
            "district": draft.label[rows],
            "piece": pieces_of(draft, rows),
            "households": np.nan_to_num(ground.households[rows]),
            "persons": np.nan_to_num(ground.persons[rows]),
            "unit": ground.ids[rows].to_numpy(dtype=object),
        }
    )
    split = table.groupby("district")["piece"].transform("nunique") > 1
    table = table[split]
    if not len(table):
        return ()
    pieces = table.groupby(["district", "piece"], as_index=False).agg(
        households=("households", "sum"),
        persons=("persons", "sum"),
        members=("unit", "size"),
        first=("unit", "min"),
    )
    pieces = pieces.sort_values(
        ["district", "households", "persons", "members", "first"],
        ascending=[True, False, False, False, True],
    )
    loose = pieces[pieces.duplicated("district")].sort_values(["district", "first"])
    units = {piece: tuple(sorted(found)) for piece, found in table.groupby("piece")["unit"]}
    return tuple(
        Fragment(str(district), units[piece])
        for district, piece in zip(loose["district"], loose["piece"], strict=True)
    )
