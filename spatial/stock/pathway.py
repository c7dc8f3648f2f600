"""What may be done with a stock asset: the decision table F21–F29, executed exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final

import pandas as pd
import yaml

from spatial.checks import require_columns
from spatial.dictionary import data_file
from spatial.errors import StandardsError

__all__ = ["DecisionTable", "decision_table", "new_facility_owner", "pathway"]

INPUTS: Final = ("kind", "ownership", "acquisition", "core_function")
UNKNOWN: Final = "unknown"
Facts = tuple[str | bool | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DecisionTable:
    """Steps in order, each a row id and the values it asks for; and the text of each row."""

    columns: Mapping[str, tuple[str | bool, ...]]
    steps: tuple[tuple[str, Mapping[str, frozenset[str | bool]]], ...]
    rows: Mapping[str, Mapping[str, str]]
    obtained: Mapping[str, str]
    private_capital: Mapping[str, Mapping[str, Any]]
    new_facilities: Mapping[str, Mapping[str, str]]

    def row_of(self, facts: Facts) -> str | None:
        """Return the row that completely known facts lead to; None where no step matches.

        Facts stand in the order of `INPUTS`.
        """
        known = dict(zip(INPUTS, facts, strict=True))
        if not self._agrees(facts):
            return None
        for row, asked in self.steps:
            if all(known[column] in values for column, values in asked.items()):
                return row
        return None

    def decide(self, facts: Facts) -> tuple[str | None, tuple[str, ...]]:
        """Return the row, or None and the columns that must be found out first.

        Parameters
        ----------
        facts : tuple
            kind, ownership, acquisition, core_function; None where unknown.

        Notes
        -----
        Every way of filling in what is unknown is tried. All ways agree: that row. Otherwise the
        columns are named of which one alone changes the outcome. Where no way leads anywhere the
        register contradicts itself or the table: the columns are named that would have to differ.

        Examples
        --------
        >>> decision_table().decide(("bicycle_shed", "owners_common", None, None))
        ('F21', ())
        >>> decision_table().decide(("idle_commercial", "institution", None, None))
        (None, ('core_function',))
        """
        choices = [
            self.columns[column] if fact is None else (fact,)
            for column, fact in zip(INPUTS, facts, strict=True)
        ]
        outcome: dict[Facts, str | None] = {
            ways: self.row_of(ways) for ways in product(*choices) if self._agrees(ways)
        }
        if not outcome:
            return None, ("acquisition",)
        found = set(outcome.values())
        if found != {None} and len(found) == 1:
            # Whoever owns it, the row is the same: but its consent is the owner's to give.
            owned = facts[INPUTS.index("ownership")] is not None
            return (found.pop(), ()) if owned else (None, ("ownership",))
        if found == {None}:
            return None, self._contradicted(facts, choices)
        deciding = tuple(
            column
            for place, column in enumerate(INPUTS)
            if len(choices[place]) > 1 and _matters(outcome, place)
        )
        return None, deciding

    def _agrees(self, facts: Facts) -> bool:
        """Whether the ownership class agrees with how the land was obtained."""
        known = dict(zip(INPUTS, facts, strict=True))
        return (
            self.obtained.get(str(known["ownership"]), known["acquisition"])
            == (known["acquisition"])
        )

    def _contradicted(self, facts: Facts, choices: Sequence[Sequence[Any]]) -> tuple[str, ...]:
        for column in ("core_function", "acquisition", "ownership", "kind"):
            place = INPUTS.index(column)
            wider = [*choices[:place], self.columns[column], *choices[place + 1 :]]
            if any(self.row_of(ways) is not None for ways in product(*wider)):
                return (column,)
        return tuple(column for column, fact in zip(INPUTS, facts, strict=True) if fact is not None)


def _matters(outcome: Mapping[Facts, str | None], place: int) -> bool:
    seen: dict[Facts, str | None] = {}
    for ways, row in outcome.items():
        others = ways[:place] + ways[place + 1 :]
        if seen.setdefault(others, row) != row:
            return True
    return False


@lru_cache(maxsize=1)
def decision_table() -> DecisionTable:
    """Read ``data/standards/pathways.yaml``.

    Raises
    ------
    StandardsError
        If a step names a row, a column or a value that does not exist.
    """
    raw = yaml.safe_load(data_file("standards", "pathways.yaml").read_text(encoding="utf-8"))
    columns = {column: tuple(raw["columns"][column]) for column in INPUTS}
    steps = []
    for number, step in enumerate(raw["steps"], start=1):
        place = f"data/standards/pathways.yaml, step {number}"
        if step["row"] not in raw["rows"]:
            raise StandardsError(
                f"{place}: there is no row `{step['row']}`.",
                zh=f"{place}:没有行“{step['row']}”。",
            )
        asked = {}
        for column, given in step.items():
            if column == "row":
                continue
            values = raw["groups"].get(given, given) if isinstance(given, str) else given
            strange = set(values) - set(columns.get(column, ()))
            if strange or isinstance(values, str):
                raise StandardsError(
                    f"{place}: `{column}` cannot be {given}.",
                    zh=f"{place}:{column} 不能是 {given}。",
                )
            asked[column] = frozenset(values)
        steps.append((step["row"], asked))
    return DecisionTable(
        columns=columns,
        steps=tuple(steps),
        rows=raw["rows"],
        obtained=raw["obtained"],
        private_capital=raw["private_capital"],
        new_facilities=raw["new_facilities"],
    )


def pathway(assets: pd.DataFrame) -> pd.DataFrame:
    """Permitted pathway, consent and documents of each asset.

    Parameters
    ----------
    assets : DataFrame, shape (n,)
        ``kind, ownership, asset_type``, and where known ``acquisition, core_function,
        inside_red_line``. ``unknown`` and NA are the same.

    Returns
    -------
    DataFrame, shape (n,)
        On the assets' index, text: ``pathway`` (row id), ``permitted_zh, permitted_en,
        consent_zh, consent_en, clause, to_find_out``; ``private_zh, private_en``: what must come
        on top when the asset is given to private capital (F25, F29); ``new_owner, new_owner_zh,
        new_owner_en``: who owns what is newly built there (F31, F32), NA where it is not known
        on which side of the red line it lies.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    require_columns(assets, ["kind", "ownership", "asset_type"], name="assets")
    table = decision_table()
    facts = list(zip(*(_facts(assets, column) for column in INPUTS), strict=True))
    decided = {one: table.decide(one) for one in dict.fromkeys(facts)}
    rows = [decided[one][0] for one in facts]
    found: dict[str, list[Any]] = {"pathway": list(rows)}
    for column in ("permitted_zh", "permitted_en", "consent_zh", "consent_en", "clause"):
        found[column] = [None if row is None else table.rows[row][column] for row in rows]
    found["to_find_out"] = [", ".join(decided[one][1]) or None for one in facts]
    kinds = assets["asset_type"].to_list()
    for language in ("zh", "en"):
        found[f"private_{language}"] = [
            None if row is None else _for_private_capital(table, kind, language)
            for row, kind in zip(rows, kinds, strict=True)
        ]
    frame = pd.DataFrame(found, index=assets.index, dtype="string")
    inside = assets.get("inside_red_line", pd.Series(pd.NA, index=assets.index, dtype="boolean"))
    return frame.join(new_facility_owner(inside))


def new_facility_owner(
    inside_red_line: pd.Series, taken_back: pd.Series | None = None
) -> pd.DataFrame:
    """Who owns a facility newly built on a place: F31 to F33.

    Parameters
    ----------
    inside_red_line : Series of bool, shape (n,)
        Inside a neighbourhood's red line; NA = not known.
    taken_back : Series of bool, shape (n,), optional
        Land lawfully taken back and compensated; it goes before the red line.

    Returns
    -------
    DataFrame, shape (n,)
        ``new_owner`` (F31, F32, F33), ``new_owner_zh``, ``new_owner_en``; NA where not known.

    Examples
    --------
    >>> new_facility_owner(pd.Series([True, False, None], dtype="boolean"))["new_owner"].tolist()
    ['F32', 'F31', <NA>]
    """
    texts = decision_table().new_facilities
    row = inside_red_line.astype("boolean").map({True: "F32", False: "F31"}).astype("string")
    if taken_back is not None:
        row = row.mask(taken_back.fillna(value=False).astype(bool), "F33")
    return pd.DataFrame(
        {
            "new_owner": row,
            "new_owner_zh": row.map({key: text["zh"] for key, text in texts.items()}),
            "new_owner_en": row.map({key: text["en"] for key, text in texts.items()}),
        },
        dtype="string",
    )


def _facts(assets: pd.DataFrame, column: str) -> list[str | bool | None]:
    if column not in assets.columns:
        return [None] * len(assets)
    values = assets[column].to_list()
    return [None if pd.isna(value) or value == UNKNOWN else value for value in values]


def _for_private_capital(table: DecisionTable, asset_type: object, language: str) -> str:
    texts = [
        f"{row} {body[language]}"
        for row, body in table.private_capital.items()
        if pd.isna(asset_type) or asset_type in body["applies_to"]
    ]
    return ("; " if language == "en" else ";").join(texts)
