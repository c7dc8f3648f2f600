"""Operations on many districts at once: split, absorb fragments, take a proposal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import EditRefusedError, IndexMismatchError
from spatial.plans.colours import free_colour
from spatial.plans.divide import balanced_parts, parts_by_line
from spatial.plans.edit import Change, new_id, propose, require_district, rows_of, step_of
from spatial.plans.model import District, Draft, Step
from spatial.plans.operations import AbsorbFragments, SplitByLine, SplitInto, Take
from spatial.plans.pieces import fragments

__all__ = ["matched_districts"]

Ints = npt.NDArray[np.int64]
Ends = dict[str, tuple[District | None, District | None]]


@propose.register
def _split_by_line(operation: SplitByLine, draft: Draft) -> Change:
    require_district(draft, operation.district)
    parts = parts_by_line(draft, operation.district, operation.line)
    return Change(_as_districts(draft, operation.district, parts))


@propose.register
def _split_into(operation: SplitInto, draft: Draft) -> Change:
    require_district(draft, operation.district)
    parts = balanced_parts(draft, operation.district, operation.parts)
    return Change(_as_districts(draft, operation.district, parts))


def _as_districts(draft: Draft, district: str, parts: tuple[Ints, ...]) -> Step:
    """Return the step by which all parts but the first become districts of their own."""
    old = draft.districts[district]
    made: Ends = {}
    units: dict[str, tuple[str | None, str | None]] = {}
    for number, rows in enumerate(parts[1:], start=2):
        key = new_id(draft, made)
        colour = (free_colour(draft, rows) + number - 2) % 6
        made[key] = (None, District(key, f"{old.name}-{number}", colour))
        units |= dict.fromkeys(draft.ground.ids[rows].tolist(), (district, key))
    return Step(units=units, districts=made)


@propose.register
def _absorb(operation: AbsorbFragments, draft: Draft) -> Change:
    for key in operation.districts or ():
        require_district(draft, key)
    loose = fragments(draft, operation.districts)
    if not loose:
        raise EditRefusedError(
            "No district has a fragment here.", zh="此处没有不连续的碎片。", rule="no_fragments"
        )
    rows_per = [rows_of(draft, one.units) for one in loose]
    home = {int(row) for rows in rows_per for row in rows}
    rows = np.concatenate(rows_per)
    target = draft.label[rows].copy()
    place = {int(row): at for at, row in enumerate(rows)}
    left = []
    for one, own in zip(loose, rows_per, strict=True):
        best = _best_neighbour(draft, own, one.district, home)
        if best is None:
            left.append(one)
            continue
        for row in own.tolist():
            target[place[row]] = best
    step = step_of(draft, rows, target, {})
    if not step:
        raise EditRefusedError(
            "The fragments have no neighbouring district that is not locked.",
            zh="这些碎片周围没有未锁定的相邻片区。",
            rule="no_neighbour",
            districts=tuple(dict.fromkeys(one.district for one in left)),
            units=tuple(unit for one in left for unit in one.units),
        )
    return Change(step, skipped=tuple(unit for one in left for unit in one.units))


def _best_neighbour(draft: Draft, rows: Ints, own: str, loose: set[int]) -> str | None:
    """Return the other district with the longest legal boundary; fragments attract nobody."""
    if draft.locked[rows].any() or draft.districts[own].locked:
        return None
    _, other, pair = draft.ground.around.of(rows)
    kept = draft.legal[pair] & np.array([row not in loose for row in other.tolist()], dtype=bool)
    shared: dict[str, float] = {}
    for row, at in zip(other[kept].tolist(), pair[kept].tolist(), strict=True):
        key = draft.label[row]
        if key is not None and key != own and not draft.districts[key].locked:
            shared[key] = shared.get(key, 0.0) + float(draft.ground.pairs.shared_m[at])
    return max(shared, key=lambda key: (shared[key], key)) if shared else None


@propose.register
def _take(operation: Take, draft: Draft) -> Change:
    proposed = pd.Series(dict(operation.assignment), dtype=object)
    proposed = proposed.where(proposed.notna(), None)
    if operation.districts is not None:
        wanted = proposed.isin(list(operation.districts))
        strange = sorted(set(operation.districts) - set(proposed[wanted]))
        if strange:
            raise IndexMismatchError(
                f"The proposal has no districts {strange[:5]}.",
                zh=f"该提案中没有片区 {strange[:5]}。",
            )
        proposed = proposed[wanted]
    rows = rows_of(draft, proposed.index)
    target = proposed.to_numpy(dtype=object)
    same = matched_districts(draft, rows, target, whole=operation.districts is None)
    made: Ends = {}
    for label in dict.fromkeys(one for one in target if one is not None):
        if label not in same:
            key = label if label not in draft.districts else new_id(draft, [*made, *target])
            members = rows[np.array([one == label for one in target])]
            made[key] = (None, District(key, key, free_colour(draft, members)))
            same[label] = key
    final = np.array([None if one is None else same[one] for one in target], dtype=object)
    step = step_of(draft, rows, final, made)
    return Change(replace(step, districts={**made, **_emptied(draft, step)}))


def matched_districts(
    draft: Draft, rows: Ints, target: npt.NDArray[np.object_], *, whole: bool
) -> dict[str, str]:
    """Say which districts of the plan those of a proposal are: those sharing most households.

    Parameters
    ----------
    draft : Draft
    rows : array of int, shape (m,)
        Units that the proposal speaks of.
    target : array of object, shape (m,)
        District of the proposal; None = unassigned.
    whole : bool
        The proposal is a whole plan; otherwise a district of the plan is the same only if the
        proposal holds all its units, so that nobody else loses his district's name.

    Returns
    -------
    dict of proposal's id to plan's id
    """
    now = draft.label[rows]
    table = pd.DataFrame(
        {"target": target, "now": now, "weight": draft.ground.limited[rows, 0] + 1}
    )
    table = table.dropna(subset=["target", "now"])
    shared = table.groupby(["target", "now"], as_index=False)["weight"].sum()
    shared = shared.sort_values(["weight", "target", "now"], ascending=[False, True, True])
    held = set(rows.tolist())
    same: dict[str, str] = {}
    taken: set[str] = set()
    for label, key in zip(shared["target"], shared["now"], strict=True):
        if label in same or key in taken:
            continue
        if not whole and not set(draft.members([key]).tolist()) <= held:
            continue
        same[label] = key
        taken.add(key)
    return same


def _emptied(draft: Draft, step: Step) -> Ends:
    """Districts that lose their last unit go, those that were empty before stay."""
    lost: dict[str, int] = {}
    for before, after in step.units.values():
        if before is not None:
            lost[before] = lost.get(before, 0) + 1
        if after is not None:
            lost[after] = lost.get(after, 0) - 1
    return {
        key: (draft.districts[key], None)
        for key, count in sorted(lost.items())
        if key in draft.districts and count > 0 and count == len(draft.members([key]))
    }
