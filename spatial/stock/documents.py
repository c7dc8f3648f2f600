"""What a pathway takes in paper: documents, votes of the owners, warnings of constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pandas as pd
import yaml

from spatial.checks import require_columns
from spatial.dictionary import data_file
from spatial.errors import StandardsError
from spatial.stock.pathway import decision_table

__all__ = ["Votes", "asset_warnings", "documents_needed", "votes_needed"]

FILE: Final = "data/standards/pathways.yaml"
PRIVATE_ROWS: Final = ("F25", "F29")
REGISTRATION: Final = "F34"
COLUMNS: Final = (
    *("stock_id", "order", "stage", "row", "document", "choice", "who", "who_zh", "who_en"),
    *("votes", "votes_zh", "votes_en", "clause", "zh", "en"),
)
WARNING_COLUMNS: Final = ("stock_id", "constraint", "level", "clause", "zh", "en")


@dataclass(frozen=True, slots=True)
class Votes:
    """How many owners must take part in a decision, and how many of them agree."""

    heads: int
    take_part: int
    agree: int


@dataclass(frozen=True, slots=True, eq=False)
class _Papers:
    """The documents of ``data/standards/pathways.yaml``, checked."""

    votes: Mapping[str, Mapping[str, Any]]
    actors: Mapping[str, Mapping[str, str]]
    stages: tuple[str, ...]
    documents: Mapping[str, Mapping[str, str]]
    procedures: Mapping[str, tuple[Mapping[str, Any], ...]]
    to_find_out: Mapping[str, str]
    constraints: Mapping[str, Mapping[str, str]]


def documents_needed(stock: pd.DataFrame) -> pd.DataFrame:
    """List the documents and votes that each asset takes, in the order of the file.

    Parameters
    ----------
    stock : DataFrame, shape (n,)
        ``pathway`` and ``to_find_out`` as `spatial.stock.pathway.pathway` gives them; where known
        ``ownership, asset_type, new_owner, constraints``.

    Returns
    -------
    DataFrame
        One row per asset and document: ``stock_id``; ``order`` from 1; ``stage`` (find_out,
        constraint, consent, agreement, private, new_building); ``row`` of the decision table
        (F21–F34; NA for what must be found out and for constraints); ``document`` (its id);
        ``choice``: of one asset's documents with the same word any one suffices, NA = it is
        needed; ``who`` gives it, ``who_zh, who_en``; ``votes``: the owners' decision that it
        rests on (ordinary, special, rebuild), ``votes_zh, votes_en`` with quorum and threshold;
        ``clause, zh, en``.

    Notes
    -----
    An asset whose pathway cannot be said has the rows of stage ``find_out`` (and of its
    constraints) only: first who owns it, then what it takes. The rows of stage ``private`` come
    on top only where the asset is given to private capital (F25, F29), those of stage
    ``new_building`` only where something is newly built.

    Examples
    --------
    >>> from spatial.stock import pathway
    >>> shed = pd.DataFrame(
    ...     {"kind": ["bicycle_shed"], "ownership": ["owners_common"], "asset_type": ["building"]},
    ...     index=["a1"],
    ... )
    >>> needed = documents_needed(shed.join(pathway(shed)))
    >>> needed.loc[needed["stage"] == "consent", ["document", "choice", "votes"]].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['owners_assembly', 'decision', 'special'], ['owners_joint', 'decision', 'special'],
     ['street_guidance', <NA>, <NA>]]
    """
    require_columns(stock, ["pathway", "to_find_out"], name="stock")
    papers = _papers()
    facts = _plain(stock, ("pathway", "to_find_out", "ownership", "asset_type"))
    facts |= _plain(stock, ("new_owner", "constraints"))
    named = tuple(facts)
    known: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    rows: list[dict[str, Any]] = []
    for stock_id, *values in zip(stock.index.astype("str"), *facts.values(), strict=True):
        key = tuple(values)
        if key not in known:
            known[key] = _file(papers, dict(zip(named, key, strict=True)))
        rows += [{"stock_id": stock_id, **one} for one in known[key]]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    text = {column: "string" for column in COLUMNS if column != "order"}
    return table.astype({**text, "order": "int64"})


def asset_warnings(stock: pd.DataFrame) -> pd.DataFrame:
    """Tell what stands in the way of an asset, or calls for care, with its clause.

    Parameters
    ----------
    stock : DataFrame, shape (n,)
        ``constraints``: kinds of the constraint areas that it touches, comma-separated.

    Returns
    -------
    DataFrame
        One row per asset and kind: ``stock_id, constraint, level, clause, zh, en``. ``level``:
        ``stop`` (settle it before any money is spent), ``protect`` (protection rules apply),
        ``note``.

    Examples
    --------
    >>> tree = pd.DataFrame({"constraints": ["ancient_tree", None]}, index=["a", "b"])
    >>> asset_warnings(tree)[["stock_id", "level"]].values.tolist()
    [['a', 'protect']]
    """
    require_columns(stock, ["constraints"], name="stock")
    table = _papers().constraints
    rows = []
    for stock_id, kinds in zip(
        stock.index.astype("str"), *_plain(stock, ("constraints",)).values(), strict=True
    ):
        for kind in _listed(kinds):
            body = table.get(kind, table["other"])
            rows.append(
                {
                    "stock_id": stock_id,
                    "constraint": kind,
                    **{key: body[key] for key in ("level", "clause", "zh", "en")},
                }
            )
    return pd.DataFrame(rows, columns=list(WARNING_COLUMNS)).astype("string")


def votes_needed(votes: str, heads: int) -> Votes:
    """Count the owners that a decision takes, by heads; the same shares hold for the area.

    Parameters
    ----------
    votes : str
        ``ordinary``, ``special`` or ``rebuild``.
    heads : int
        All owners; one buyer of several units is one.

    Raises
    ------
    StandardsError
        If there is no such vote.

    Notes
    -----
    Civil Code art. 278: owners of at least 2/3 of the area and of the heads take part; more than
    half of those agree (ordinary: exactly half fails), or at least 3/4 (special, rebuild). Counted
    in whole numbers, without rounding: q ≥ ⌈2n/3⌉; a = ⌊q/2⌋ + 1 or ⌈3q/4⌉, at the least q.

    Examples
    --------
    >>> votes_needed("ordinary", 300), votes_needed("special", 300)
    (Votes(heads=300, take_part=200, agree=101), Votes(heads=300, take_part=200, agree=150))
    """
    known = _papers().votes
    if votes not in known:
        raise StandardsError(
            f"{FILE}: there is no vote `{votes}`; there are {', '.join(known)}.",
            zh=f"{FILE}:没有表决类型“{votes}”;可用 {'、'.join(known)}。",
        )
    body = known[votes]
    part, of_all = body["take_part"]
    take_part = -(-part * heads // of_all)
    share, of_part = body["agree"]
    if body["more_than"]:
        agree = share * take_part // of_part + 1
    else:
        agree = -(-share * take_part // of_part)
    return Votes(heads, take_part, min(agree, heads))


def _file(papers: _Papers, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of one asset, in the order of the stages."""
    found = sorted(_entries(papers, facts), key=lambda one: papers.stages.index(one["stage"]))
    return [{"order": order, **one} for order, one in enumerate(found, start=1)]


def _entries(papers: _Papers, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for column in _listed(facts["to_find_out"]):
        yield _entry(papers, {"document": papers.to_find_out[column], "clause": None}, None)
    for kind in _listed(facts["constraints"]):
        body = papers.constraints.get(kind, papers.constraints["other"])
        if "document" in body:
            yield _entry(papers, body, None)
    if facts["pathway"] is None:
        return
    private = decision_table().private_capital
    rows = [facts["pathway"]]
    rows += [row for row in PRIVATE_ROWS if _may_be(facts, private[row]["applies_to"])]
    if facts["new_owner"] is not None:
        rows += [facts["new_owner"], REGISTRATION]
    for row in rows:
        for one in papers.procedures[row]:
            if all(facts[column] in {None, *values} for column, values in one["when"].items()):
                yield _entry(papers, one, row)


def _may_be(facts: Mapping[str, Any], types: list[str]) -> bool:
    return facts["asset_type"] is None or facts["asset_type"] in types


def _entry(papers: _Papers, one: Mapping[str, Any], row: str | None) -> dict[str, Any]:
    document = papers.documents[one["document"]]
    actor = papers.actors[document["who"]]
    votes = one.get("vote")
    zh, en = (None, None) if votes is None else _said(papers.votes[votes])
    return {
        "stage": document["stage"],
        "row": row,
        "document": one["document"],
        "choice": one.get("choice"),
        "who": document["who"],
        "who_zh": actor["zh"],
        "who_en": actor["en"],
        "votes": votes,
        "votes_zh": zh,
        "votes_en": en,
        "clause": one.get("clause"),
        "zh": document["zh"],
        "en": document["en"],
    }


def _said(body: Mapping[str, Any]) -> tuple[str, str]:
    part, of_all = body["take_part"]
    share, of_part = body["agree"]
    over_zh = "过" if body["more_than"] else "不少于"
    over_en = "more than" if body["more_than"] else "at least"
    return (
        f"{body['zh']}:专有面积和人数均不少于 {part}/{of_all} 的业主参与,其中面积和人数均{over_zh} "
        f"{share}/{of_part} 同意({body['clause']})",
        f"{body['en']}: owners of at least {part}/{of_all} of the area and of the heads take part, "
        f"and {over_en} {share}/{of_part} of these, by area and by heads, agree "
        f"({body['clause']})",
    )


def _plain(stock: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return columns as lists, None where something is missing or the column is not there."""
    return {
        column: [None if pd.isna(value) else value for value in stock[column].to_list()]
        if column in stock.columns
        else [None] * len(stock)
        for column in columns
    }


def _listed(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=1)
def _papers() -> _Papers:
    """Read the documents.

    Raises
    ------
    StandardsError
        If something is named that does not exist; the message says where.
    """
    raw = yaml.safe_load(data_file("standards", "pathways.yaml").read_text(encoding="utf-8"))
    stages = tuple(raw["stages"])
    for name, known, place in _mentions(raw, stages):
        _require(name, known, place)
    for entries in raw["procedures"].values():
        for one in entries:
            one.setdefault("when", {})
    return _Papers(
        votes=raw["votes"],
        actors=raw["actors"],
        stages=stages,
        documents=raw["documents"],
        procedures={row: tuple(entries) for row, entries in raw["procedures"].items()},
        to_find_out=raw["to_find_out"],
        constraints=raw["constraints"],
    )


def _mentions(raw: Mapping[str, Any], stages: tuple[str, ...]) -> Iterator[tuple[str, Any, str]]:
    """Give every name that the file mentions, where it has to be known, and the place."""
    for key, body in raw["documents"].items():
        yield body["who"], raw["actors"], f"documents.{key}: who"
        yield body["stage"], stages, f"documents.{key}: stage"
    for row in (*raw["rows"], *raw["private_capital"], *raw["new_facilities"]):
        yield row, raw["procedures"], "procedures"
    for row, entries in raw["procedures"].items():
        for one in entries:
            yield from _mentioned(raw, one, f"procedures.{row}")
    for column in raw["columns"]:
        yield column, raw["to_find_out"], "to_find_out"
    for column, document in raw["to_find_out"].items():
        yield document, raw["documents"], f"to_find_out.{column}"
    for kind, body in raw["constraints"].items():
        if "document" in body:
            yield body["document"], raw["documents"], f"constraints.{kind}"


def _mentioned(
    raw: Mapping[str, Any], one: Mapping[str, Any], place: str
) -> Iterator[tuple[str, Any, str]]:
    yield one["document"], raw["documents"], place
    yield one.get("vote", "special"), raw["votes"], f"{place}: vote"
    for column, values in one.get("when", {}).items():
        for value in values:
            yield value, raw["columns"][column], f"{place}: when.{column}"


def _require(name: str, known: Any, place: str) -> None:
    if name not in known:
        raise StandardsError(
            f"{FILE}, {place}: there is no `{name}`.", zh=f"{FILE},{place}:没有“{name}”。"
        )
