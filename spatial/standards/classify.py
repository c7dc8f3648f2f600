"""Which kinds of the catalogue a facility is: by given kind, OSM tags, AMap code or name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs
from spatial.standards.catalogue import Catalogue, FacilityKind, name_key

__all__ = ["classify_facilities", "facility_area_m2", "unrecognised_kinds"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

RANK: Final = {"given": 0, "tags": 1, "name": 2, "amap": 3, "coarse": 4}
"""How a kind was recognised, surest first."""
OUT_OF_USE: Final = ("disused", "abandoned", "demolished", "proposed", "construction")
NOT_FOR_ALL: Final = ("private", "residents")


def classify_facilities(facilities: gpd.GeoDataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Tell which kinds of the catalogue each facility is.

    Parameters
    ----------
    facilities : GeoDataFrame, shape (n,)
        The city's layer, in metres: columns ``name``, ``kind``, ``amap_type``, ``tags``,
        ``access``, ``land_m2`` (see the data dictionary).
    catalogue : Catalogue
        The catalogue of a profile.

    Returns
    -------
    DataFrame, shape (m,)
        ``facility_id, kind, match``, sorted; a facility may be several kinds, or none. `match` says
        how it was recognised: ``given`` (its own column), ``tags``, ``name``, ``amap``, or
        ``coarse`` where the evidence fits other kinds as well (a school without a name, a cash
        machine for a bank). Coarse kinds are dropped from a facility of which anything more
        specific is known.

    Notes
    -----
    A given kind decides alone; tags come before AMap codes, and names count only where nothing
    else is given. What is private or for residents only counts for kinds of the block alone.
    """
    columns = ("name", "kind", "amap_type", "tags", "access")
    require_columns(facilities, columns, name="facilities")
    require_metric_crs(facilities, name="facilities")
    evidence = _Evidence.of(facilities)
    given = _given(facilities, catalogue)
    has_given = np.zeros(len(facilities), dtype=bool)
    has_given[[row for row, _, _ in given]] = True
    found: list[tuple[npt.NDArray[np.intp], str, str]] = []
    bare = ~has_given & ~evidence.has_tags & ~evidence.has_code
    for kind in catalogue.kinds.values():
        for match, rows in _recognised(kind, evidence, ~has_given, bare):
            found.append((np.flatnonzero(rows), kind.id, match))
    parts = [pd.DataFrame(given, columns=["row", "kind", "match"])]
    parts += [pd.DataFrame({"row": rows, "kind": kind, "match": how}) for rows, kind, how in found]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    table = _surest(table)
    table = _derived(table, catalogue, evidence.area_m2)
    block = np.array([catalogue.kinds[kind].layer == "block" for kind in table["kind"]], dtype=bool)
    closed = np.isin(evidence.access[table["row"].to_numpy(dtype=int)], NOT_FOR_ALL)
    table = table[block | ~closed]
    ids = facilities.index.to_numpy()[table["row"].to_numpy(dtype=int)]
    result = pd.DataFrame(
        {"facility_id": ids, "kind": table["kind"].to_numpy(), "match": table["match"].to_numpy()}
    ).astype("str")
    return result.sort_values(["facility_id", "kind"], ignore_index=True)


def unrecognised_kinds(facilities: gpd.GeoDataFrame, catalogue: Catalogue) -> pd.Series:
    """Count the given kinds that the catalogue does not know, most frequent first."""
    known = catalogue.names()
    given = facilities["kind"].dropna().astype("str").str.split(r"[,,;;、]").explode()
    given = given.str.strip()
    return given[(given != "") & ~given.map(name_key).isin(known)].value_counts()


def facility_area_m2(facilities: gpd.GeoDataFrame) -> pd.Series:
    """Land area of each facility: as given, else of its polygon, else missing.

    A polygon that is tagged as a building is a footprint, not the land that belongs to it.
    """
    drawn = pd.Series(shapely.area(facilities.geometry.to_numpy()), index=facilities.index)
    drawn = drawn.where(drawn > 0)
    if "tags" in facilities.columns:
        house = np.array(
            ["building" in _as_tags(value) for value in facilities["tags"]], dtype=bool
        )
        drawn = drawn.mask(house)
    if "land_m2" not in facilities.columns:
        return drawn
    return facilities["land_m2"].astype("Float64").astype("float64").fillna(drawn)


@dataclass(frozen=True)
class _Evidence:
    """What is known of every facility, in arrays of the same order."""

    names: pd.Series
    access: npt.NDArray[np.object_]
    area_m2: Floats
    tags: Mapping[str, pd.Categorical]
    has_tags: Bools
    codes: pd.Series
    has_code: Bools
    in_use: Bools

    @classmethod
    def of(cls, facilities: gpd.GeoDataFrame) -> _Evidence:
        tags = [_as_tags(value) for value in facilities["tags"]]
        keys = {key for one in tags for key in one}
        columns = {key: pd.Categorical([one.get(key) for one in tags]) for key in sorted(keys)}
        names = facilities["name"].astype("object").where(facilities["name"].notna(), "")
        chinese = pd.Series([str(one.get("name:zh", "")) for one in tags], index=names.index)
        codes = facilities["amap_type"].astype("object")
        codes = codes.where(codes.notna(), "").astype("str").str.strip().str.removesuffix(".0")
        out = np.zeros(len(tags), dtype=bool)
        for key in OUT_OF_USE:
            if key in columns:
                out |= _holds(columns[key], ["yes"])
        return cls(
            names=(names.astype("str") + " " + chinese).reset_index(drop=True),
            access=facilities["access"].astype("object").to_numpy(),
            area_m2=facility_area_m2(facilities).to_numpy(dtype=float),
            tags=columns,
            has_tags=np.array([any(key != "name" for key in one) for one in tags], dtype=bool),
            codes=codes.reset_index(drop=True),
            has_code=(codes != "").to_numpy(),
            in_use=~out,
        )


def _as_tags(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str) and value.startswith("{"):
        try:
            read = json.loads(value)
        except json.JSONDecodeError:
            return {}  # some other text that happens to open with a brace
        return read if isinstance(read, dict) else {}
    return {}


def _given(facilities: gpd.GeoDataFrame, catalogue: Catalogue) -> list[tuple[int, str, str]]:
    known = catalogue.names()
    found = []
    for row, text in enumerate(facilities["kind"].astype("object")):
        if not isinstance(text, str):
            continue
        whole = known.get(name_key(text))
        parts = [whole] if whole else [known.get(name_key(p)) for p in re.split(r"[,,;;、]", text)]
        found += [(row, kind, "given") for kind in dict.fromkeys(parts) if kind]
    return found


def _recognised(
    kind: FacilityKind, evidence: _Evidence, open_rows: Bools, bare: Bools
) -> Iterable[tuple[str, Bools]]:
    """Yield (match, rows): every way in which this kind is recognised."""
    open_rows = open_rows & evidence.in_use
    for rule in kind.match.get("osm", ()):
        fits, coarse = _fits_osm(rule, evidence, open_rows)
        yield ("name" if "name" in rule else "tags"), fits & ~coarse
        yield "coarse", fits & coarse
    amap = kind.match.get("amap")
    if amap:
        yield from _fits_amap(amap, evidence, open_rows & evidence.has_code)
        if amap["keywords"]:
            yield "name", _named(evidence, bare & evidence.in_use, amap)


def _fits_osm(
    rule: Mapping[str, Any], evidence: _Evidence, open_rows: Bools
) -> tuple[Bools, Bools]:
    fits = open_rows.copy()
    for key, allowed in rule["tags"].items():
        fits &= _tag_holds(evidence, key, allowed)
    for key, refused in rule.get("not_tags", {}).items():
        fits &= ~_tag_holds(evidence, key, refused)
    for key, wanted in (("name", True), ("not_name", False)):
        if key in rule and fits.any():
            fits[fits] = evidence.names[fits].str.contains(_pattern(rule[key])).to_numpy() == wanted
    coarse = np.full(len(fits), bool(rule.get("coarse", False)))
    if "area_min_m2" in rule or "area_below_m2" in rule:
        sized = ~np.isnan(evidence.area_m2)
        with np.errstate(invalid="ignore"):
            within = (evidence.area_m2 >= rule.get("area_min_m2", 0.0)) & (
                evidence.area_m2 < rule.get("area_below_m2", np.inf)
            )
        unsized = ~sized if rule.get("unsized") == "coarse" else np.zeros_like(sized)
        coarse |= unsized
        fits &= within | unsized
    return fits, coarse


def _tag_holds(evidence: _Evidence, key: str, allowed: Any) -> Bools:
    """Say where a tag has an allowed value; a key ``~a|b`` means either of the keys."""
    if key.startswith("~"):
        options = allowed.split("|") if isinstance(allowed, str) else allowed
        either = np.zeros(len(evidence.names), dtype=bool)
        for one in key[1:].split("|"):
            either |= _tag_holds(evidence, one, options)
        return either
    if key not in evidence.tags:
        return np.zeros(len(evidence.names), dtype=bool)
    return _holds(evidence.tags[key], allowed)


def _holds(column: pd.Categorical, allowed: Any) -> Bools:
    """Test each distinct value once; several values in one tag are separated by semicolons."""
    if isinstance(allowed, str) and allowed.startswith("~"):
        pattern = re.compile(allowed[1:])
        good = [bool(pattern.search(str(value))) for value in column.categories]
    else:
        wanted = {allowed} if isinstance(allowed, str) else {str(value) for value in allowed}
        good = [
            any(part.strip() in wanted for part in str(value).split(";"))
            for value in column.categories
        ]
    return np.array([*good, False], dtype=bool)[column.codes]  # code -1, no tag, is the last


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("(?i)", ""), re.IGNORECASE)


def _fits_amap(
    amap: Mapping[str, Any], evidence: _Evidence, rows: Bools
) -> Iterable[tuple[str, Bools]]:
    if not amap["types"]:
        yield "amap", _named(evidence, rows, amap)
        return
    stems = [code[:2] if code[2:] == "0000" else code.removesuffix("00") for code in amap["types"]]
    wanted = re.compile(r"(?:^|\|)(?:" + "|".join(stems) + ")")
    coded = rows.copy()
    coded[rows] = evidence.codes[rows].str.contains(wanted).to_numpy()
    coded &= ~_named(evidence, coded, {"keywords": amap.get("exclude", ()), "exclude": ()})
    if amap["precision"] == "exact":
        yield "amap", coded
        return
    named = _named(evidence, coded, amap)
    yield "amap", named
    if amap["precision"] == "coarse":
        yield "coarse", coded & ~named


def _named(evidence: _Evidence, rows: Bools, amap: Mapping[str, Any]) -> Bools:
    """Among `rows`, say where a keyword stands in the name and no excluding word does."""
    named = np.zeros(len(rows), dtype=bool)
    if not amap["keywords"] or not rows.any():
        return named
    names = evidence.names[rows]
    fits = names.str.contains("|".join(map(re.escape, amap["keywords"]))).to_numpy(dtype=bool)
    if amap.get("exclude"):
        refused = names.str.contains("|".join(map(re.escape, amap["exclude"])))
        fits = fits & ~refused.to_numpy(dtype=bool)
    named[rows] = fits
    return named


def _surest(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the surest way for each row and kind; coarse ones only where nothing else is known."""
    table = table.assign(rank=table["match"].map(RANK).astype("int64"))
    table = table.sort_values(["row", "kind", "rank"]).drop_duplicates(["row", "kind"])
    decided = set(table.loc[table["match"] != "coarse", "row"])
    keep = (table["match"] != "coarse") | ~table["row"].isin(decided)
    return table.loc[keep, ["row", "kind", "match"]]


def _derived(table: pd.DataFrame, catalogue: Catalogue, area_m2: Floats) -> pd.DataFrame:
    """Add kinds that are another kind of at least some size: a large park is also a park."""
    parts = [table]
    for kind in catalogue.kinds.values():
        base = kind.match.get("from_kind")
        if base:
            rows = table[table["kind"] == base["kind"]]
            large = area_m2[rows["row"].to_numpy(dtype=int)] >= base["area_min_m2"]
            parts.append(rows[large].assign(kind=kind.id))
    joined = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return joined.drop_duplicates(["row", "kind"])
