"""Scenario results as plain values: one scenario, two compared, a gap explained, openings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from app.errors import ChangeError
from app.plain import Record, collection, geometry_record, plain, records
from spatial.errors import SpatialError
from spatial.scenarios import changes_from_json, changes_to_json

if TYPE_CHECKING:
    from spatial.scenarios import GapExplanation, Openings, ScenarioBase, ScenarioResult

__all__ = ["compare", "explain", "explanation_record", "openings_record", "result_record", "run"]

POSITION: Final = re.compile(r"\b[Cc]hange (\d+)\b")
BEFORE: Final = "_before"
PARTS: Final = ("neighbourhoods", "gaps", "heatmap", "coverage", "figures", "drawn")
ON_REQUEST: Final = ("access", "priority")
"""Parts that are worked out for the whole city: only where they are named."""
EMPTY: Final[Mapping[str, Callable[[], Any]]] = {
    **dict.fromkeys(("neighbourhoods", "gaps", "heatmap", "coverage", *ON_REQUEST), list),
    "figures": dict,
    "drawn": lambda: {"type": "FeatureCollection", "features": []},
}


def run(base: ScenarioBase, changes: Sequence[Mapping[str, Any]]) -> ScenarioResult:
    """Compute what a list of changes (plain JSON values) makes different.

    Raises
    ------
    ChangeError
        If a change cannot be understood or does not fit the city; its position is named.
    """
    try:
        read = changes_from_json(changes, base.crs)
        return base.run(read)
    except SpatialError as fault:
        found = POSITION.search(str(fault))
        position = int(found[1]) if found else None
        raise ChangeError(str(fault), fault.message_zh, position=position) from fault


def explain(base: ScenarioBase, neighbourhood_id: str, kind: str, *, layer: str | None) -> Record:
    """Explain a gap, as plain values."""
    from spatial.scenarios import explain_gap  # noqa: PLC0415  (needed here alone)

    return explanation_record(explain_gap(base, neighbourhood_id, kind, layer=layer), base)


def result_record(
    result: ScenarioResult, *, only: Collection[str] | None = None, gaps_of: str | None = None
) -> Record:
    """Return a result as plain values, geometry in longitude/latitude.

    Parameters
    ----------
    result : ScenarioResult
        Its tables are made when they are asked for, so less asked is sooner answered.
    only : collection of str, optional
        Names of the `PARTS` and of those `ON_REQUEST` that are wanted; the others come empty.
    gaps_of : str, optional
        Give the changed gaps of this neighbourhood only: a page shows one sheet at a time.
    """
    wanted = PARTS if only is None else only
    record: Record = {name: EMPTY[name]() for name in (*PARTS, *ON_REQUEST)}
    if "neighbourhoods" in wanted:
        record["neighbourhoods"] = records(result.neighbourhoods)
    if "gaps" in wanted:
        gaps = result.gaps if gaps_of is None else result.gaps_of(gaps_of)
        record["gaps"] = records(gaps, with_index=False)
    if "heatmap" in wanted:
        record["heatmap"] = records(result.heatmap)
    if "coverage" in wanted:
        record["coverage"] = records(result.coverage, with_index=False)
    if "access" in wanted:
        record["access"] = records(result.access, with_index=False)
    if "priority" in wanted:
        record["priority"] = records(result.priority)
    if "figures" in wanted:
        record["figures"] = {name: _plain_figure(told) for name, told in result.figures.items()}
    if "drawn" in wanted:
        record["drawn"] = collection(result.drawn)
    record["notes"] = [
        {"key": one.key, "level": one.level, "text_zh": one.text_zh, "text_en": one.text_en}
        for one in result.notes
    ]
    return record | {"elapsed_ms": round(result.elapsed_ms, 3)}


def compare(a: Record, b: Record) -> Record:
    """Set two results beside each other; only where they differ from one another.

    Parameters
    ----------
    a, b : dict
        Answers of `result_record`.

    Returns
    -------
    dict
        ``figures``: name → base, a, b. ``neighbourhoods``: the rows in which a and b differ, each
        number as ``<name>_base``, ``<name>_a``, ``<name>_b``.
    """
    names = [*a["figures"], *(name for name in b["figures"] if name not in a["figures"])]
    figures = {}
    for name in names:
        one, other = a["figures"].get(name), b["figures"].get(name)
        before = (one or other)["before"]
        figures[name] = {
            "base": before,
            "a": one["after"] if one else before,
            "b": other["after"] if other else before,
        }
    return {"figures": figures, "neighbourhoods": _compared_rows(a, b)}


def explanation_record(found: GapExplanation, base: ScenarioBase) -> Record:
    """Return an explained gap as plain values."""
    return {
        "layer": found.layer,
        "status": found.status,
        "facility": plain(found.facility),
        "path": geometry_record(found.path, base.crs),
        "missing_m": plain(found.missing_m),
        "missing_m2": plain(found.missing_m2),
        "missing_capacity": plain(found.missing_capacity),
        "fixes": [
            {
                "changes": changes_to_json(fix.changes, base.crs),
                "gain": plain(fix.gain),
                "closes": fix.closes,
                "nearest_m": plain(fix.nearest_m),
                "persons": plain(fix.persons),
                "zh": fix.zh,
                "en": fix.en,
            }
            for fix in found.fixes
        ],
    }


def openings_record(openings: Openings, base: ScenarioBase) -> Record:
    """Return chosen openings as plain values; `bound` is what no other choice saves more than."""
    rows = records(pd.DataFrame(openings.frame.drop(columns="geometry")))
    for row, shape in zip(rows, openings.frame.geometry, strict=True):
        row["geometry"] = geometry_record(shape, base.crs)
    return {
        "items": rows,
        "total": plain(openings.total),
        "bound": plain(openings.bound),
        "complete": openings.complete,
    }


def _plain_figure(values: Mapping[str, float]) -> Record:
    return {"before": plain(values["before"]), "after": plain(values["after"])}


def _compared_rows(a: Record, b: Record) -> list[Record]:
    of_a = {row["id"]: row for row in a["neighbourhoods"]}
    of_b = {row["id"]: row for row in b["neighbourhoods"]}
    rows = []
    for key in sorted(of_a.keys() | of_b.keys()):
        one, other = of_a.get(key), of_b.get(key)
        some = one or other
        assert some is not None
        names = [name for name in some if f"{name}{BEFORE}" in some]
        row: Record = {"id": key}
        for name in names:
            before = some[f"{name}{BEFORE}"]
            row[f"{name}_base"] = before
            row[f"{name}_a"] = one[name] if one else before
            row[f"{name}_b"] = other[name] if other else before
        if any(row[f"{name}_a"] != row[f"{name}_b"] for name in names):
            rows.append(row)
    return rows
