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
    piece = pieces_of(draft, rows)
    code, names = pd.factorize(draft.label[rows], sort=True)
    whose = np.zeros(int(piece.max()) + 1, dtype=np.int64)
    whose[piece] = code
    several = np.bincount(whose, minlength=len(names)) > 1
    if not several.any():
        return ()
    weights = [np.nan_to_num(ground.households[rows]), np.nan_to_num(ground.persons[rows]), None]
    sums = [np.bincount(piece, weights=weight, minlength=len(whose)) for weight in weights]
    units: dict[int, list[str]] = {}
    for at in np.flatnonzero(several[code]).tolist():
        units.setdefault(int(piece[at]), []).append(str(ground.ids[rows[at]]))
    order = sorted(
        units, key=lambda one: (whose[one], *(-float(s[one]) for s in sums), min(units[one]))
    )
    largest = {int(whose[one]): one for one in reversed(order)}
    loose = [one for one in order if largest[int(whose[one])] != one]
    found = [Fragment(str(names[whose[one]]), tuple(sorted(units[one]))) for one in loose]
    return tuple(sorted(found, key=lambda one: (one.district, one.units)))
