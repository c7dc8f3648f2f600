"""Operations on single neighbourhoods: divide one with its data, and heal it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spatial.errors import EditRefusedError
from spatial.plans.edit import Change, propose, rows_of
from spatial.plans.halve import Half, split_unit, with_halves
from spatial.plans.model import Draft, Step
from spatial.plans.operations import HealUnit, SplitUnit

__all__ = ["grown", "pieces_alive"]


def grown(draft: Draft, halves: tuple[Half, ...]) -> Draft:
    """Return the same plan on a ground with more (resting) pieces."""
    more = len(halves)
    return replace(
        draft,
        ground=with_halves(draft.ground, halves),
        label=np.r_[draft.label, np.full(more, None, dtype=object)],
        locked=np.r_[draft.locked, np.zeros(more, dtype=bool)],
        legal=None,
    )


@propose.register
def _split_unit(operation: SplitUnit, draft: Draft) -> Change:
    (row,) = rows_of(draft, [operation.unit]).tolist()
    unit = operation.unit
    ids = (f"{unit}~{operation.seq}a", f"{unit}~{operation.seq}b")
    halves = split_unit(draft.ground, unit, operation.line, operation.buildings, ids=ids)
    home = draft.label[row]
    units = {} if home is None else {unit: (home, None), **dict.fromkeys(ids, (None, home))}
    alive = {unit: (True, False), **dict.fromkeys(ids, (False, True))}
    return Change(Step(units=units, alive=alive), draft=grown(draft, halves), halves=halves)


@propose.register
def _heal_unit(operation: HealUnit, draft: Draft) -> Change:
    parent = draft.ground.row_of.get(operation.unit, -1)
    pieces = pieces_alive(draft, parent) if parent >= 0 else []
    if not pieces:
        raise EditRefusedError(
            f"Neighbourhood `{operation.unit}` is not divided in this plan.",
            zh=f"小区 `{operation.unit}` 在该方案中没有被拆分。",
            rule="not_divided",
            units=(operation.unit,),
        )
    homes = {draft.label[row] for row in pieces}
    if len(homes) > 1:
        raise EditRefusedError(
            f"The pieces of neighbourhood `{operation.unit}` lie in different districts. Bring "
            "them into one first.",
            zh=f"小区 `{operation.unit}` 的各部分分属不同片区,请先归入同一片区。",
            rule="divided_between",
            districts=tuple(sorted(str(home) for home in homes if home is not None)),
            units=tuple(draft.ground.ids[pieces].tolist()),
        )
    (home,) = homes
    ids = draft.ground.ids[pieces].tolist()
    units = (
        {} if home is None else {**dict.fromkeys(ids, (home, None)), operation.unit: (None, home)}
    )
    alive = {**dict.fromkeys(ids, (True, False)), operation.unit: (False, True)}
    return Change(Step(units=units, alive=alive))


def pieces_alive(draft: Draft, parent: int) -> list[int]:
    """Return the rows of the living pieces of a divided unit, pieces of pieces with them."""
    ground = draft.ground
    if ground.alive[parent]:
        return []
    found: list[int] = []
    waiting = [parent]
    while waiting:
        here = waiting.pop()
        for child in np.flatnonzero(ground.parent == here).tolist():
            if ground.alive[child]:
                found.append(child)
            else:
                waiting.append(child)
    return sorted(found)
