"""Facility gaps: what each neighbourhood lacks of what the catalogue asks for, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_crs
from spatial.cores import in_order
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError, StandardsError
from spatial.gaps.straight import Outlines, nearest_straight_m
from spatial.gaps.supply import own_class, required_area, shared_supply
from spatial.standards import Catalogue, ParameterSet, Profile, facility_area_m2

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["absence_tells", "facilities_inside", "facility_gaps", "gap_scores"]


def facility_gaps(
    neighbourhoods: Neighbourhoods,
    nearest: pd.DataFrame,
    kinds: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    profile: Profile,
    *,
    searched_m: float,
    reached: pd.DataFrame | None = None,
    measured: pd.Index | None = None,
    tells: pd.Series | None = None,
) -> pd.DataFrame:
    """Compare what each neighbourhood reaches with what the catalogue asks for.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        Its `frame` (parcels; ``persons``, ``households``) is used, n rows.
    nearest : DataFrame
        ``origin_id`` (neighbourhood), ``kind, facility_id, distance_m, time_s``: the nearest
        facility of each kind on foot, best of the gates; only pairs within `searched_m`.
    kinds : DataFrame
        ``facility_id, kind, match`` of `classify_facilities`.
    facilities : GeoDataFrame
        The city's facilities, in the same metric zone.
    profile : Profile
        Its catalogue says what is checked; parameters of the room ``gaps``.
    searched_m : float
        How far `nearest` was searched; at least the largest limit of the catalogue.
    reached : DataFrame, optional
        ``neighbourhood_id, facility_id, kind, distance_m``: everything reached. Needed for areas
        (``supplied_m2``) and for shops that stand in for a supermarket.
    measured : Index, optional
        Neighbourhoods with a gate on the walking network. For the others what is not inside the
        parcel is unknown, not missing: nobody walked. Default: all were measured.

    tells : Series of bool, optional
        On (kind, layer): whether the absence of a kind means anything, as `absence_tells` says of
        the source. Default: read from `kinds`. A scenario keeps what its source could tell.

    Returns
    -------
    DataFrame, shape (n × checks,)
        ``results.gaps`` of the data dictionary: one row for each neighbourhood, kind and layer that
        needs the kind; layers do not stand in for one another.

    Raises
    ------
    InputError
        If `searched_m` is smaller than a limit.
    LayerError
        If a column is missing.

    Notes
    -----
    Present: on foot within the layer's limit; or inside the parcel (parameter ``inside_counts``);
    or stood in for by what old areas may have instead. Unknown: the whole city holds no facility
    of the kind, or unbelievably few of a kind that nobody gave, and the source does not tell
    (parameters ``absence_means_missing``, ``complete_kinds_share``, ``believable_share`` and
    ``believable_facilities``), or nobody walked (`measured`).
    """
    require_columns(
        nearest, ("origin_id", "kind", "facility_id", "distance_m", "time_s"), name="nearest"
    )
    require_columns(kinds, ("facility_id", "kind", "match"), name="kinds")
    require_metric_crs(facilities, name="facilities")
    frame, catalogue, rules = neighbourhoods.frame, profile.catalogue, profile.rooms["gaps"]
    require_same_crs(frame, facilities, names=("neighbourhoods", "facilities"))
    checks = _checks(catalogue)
    if len(checks) and searched_m < checks["limit_m"].max():
        raise InputError(
            f"`nearest` was searched to {searched_m:g} m, but the catalogue of `{profile.id}` goes "
            f"to {checks['limit_m'].max():g} m; search at least so far.",
            zh=(
                f"nearest 只搜索到 {searched_m:g} m,而“{profile.id}”的标准到 "
                f"{checks['limit_m'].max():g} m;请至少搜索到该距离。"
            ),
        )
    inside = facilities_inside(frame, facilities, kinds)
    gaps = _cross(frame, checks)
    gaps = _with_nearest(gaps, nearest, inside, kinds)
    gaps["straight_m"] = _straight(gaps, frame, facilities, kinds)
    gaps["basis"] = _basis(gaps, catalogue, rules, nearest, reached)
    gaps["status"] = np.where(gaps["basis"].notna(), "present", "missing")
    if tells is None:
        told = _can_tell(gaps, kinds, catalogue, rules, persons=_residents(frame))
    else:
        asked = pd.MultiIndex.from_frame(gaps[["kind", "layer"]])
        told = pd.Series(tells.reindex(asked).to_numpy(dtype=bool), index=gaps.index)
    gaps.loc[gaps["basis"].isna() & ~told, "status"] = "unknown"
    if measured is not None:
        unwalked = ~gaps["neighbourhood_id"].isin(measured)
        gaps.loc[gaps["basis"].isna() & unwalked, "status"] = "unknown"
    missing = gaps["status"] == "missing"
    gaps["missing_m"] = (gaps["nearest_m"] - gaps["limit_m"]).where(missing)
    persons = gaps["neighbourhood_id"].map(frame["persons"].astype("Float64").astype("float64"))
    gaps["short_persons"] = persons.where(missing, 0.0).where(
        (gaps["status"] == "present") | (missing & persons.notna())
    )
    gaps = _with_areas(gaps, frame, facilities, kinds, catalogue, rules, reached, inside)
    gaps.index = pd.Index(
        gaps["neighbourhood_id"] + ":" + gaps["kind"] + ":" + gaps["layer"], dtype="str"
    )
    return conform(gaps, data_dictionary().results["gaps"], name="gaps")


def absence_tells(
    neighbourhoods: Neighbourhoods, kinds: pd.DataFrame, profile: Profile
) -> pd.Series:
    """Say of each check whether the absence of its kind means anything in this source.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
    kinds : DataFrame
        ``facility_id, kind, match`` of `classify_facilities`.
    profile : Profile

    Returns
    -------
    Series of bool
        On (kind, layer), in the order of the catalogue; see the notes of `facility_gaps`.
    """
    checks = _checks(profile.catalogue)
    persons = _residents(neighbourhoods.frame)
    told = _can_tell(checks, kinds, profile.catalogue, profile.rooms["gaps"], persons=persons)
    return told.set_axis(pd.MultiIndex.from_frame(checks[["kind", "layer"]]))


def gap_scores(gaps: pd.DataFrame) -> pd.DataFrame:
    """Count what each neighbourhood must have and lacks.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.

    Returns
    -------
    DataFrame
        Indexed by neighbourhood: ``must_missing``, ``must_checked`` (rows with need ``must`` that
        are known) and ``gap_index``, their ratio, missing where nothing could be checked.
    """
    must = gaps["need"] == "must"
    counts = pd.DataFrame(
        {
            "must_missing": (must & (gaps["status"] == "missing")).astype("Int64"),
            "must_checked": (must & (gaps["status"] != "unknown")).astype("Int64"),
        }
    )
    scores = counts.groupby(gaps["neighbourhood_id"].astype("str"), sort=False).sum()
    checked = scores["must_checked"].astype("Float64").replace(0, pd.NA)
    scores["gap_index"] = scores["must_missing"].astype("Float64") / checked
    scores.loc[scores["must_checked"] == 0, "must_missing"] = pd.NA
    scores.index.name = "id"
    return scores


def _checks(catalogue: Catalogue) -> pd.DataFrame:
    rows = [
        {
            "kind": kind.id,
            "layer": layer,
            "need": need,
            "limit_m": catalogue.limit_m(layer, kind.id),
            "radius_m": kind.radius_m,
            "confidence": kind.confidence,
        }
        for kind, layer, need in catalogue.checks()
    ]
    columns = ["kind", "layer", "need", "limit_m", "radius_m", "confidence"]
    return pd.DataFrame(rows, columns=columns).astype({"radius_m": "float64"})


def _cross(frame: gpd.GeoDataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    ids = np.repeat(frame.index.to_numpy(), len(checks))
    table = pd.concat([checks] * max(len(frame), 1), ignore_index=True).iloc[: len(ids)]
    table.insert(0, "neighbourhood_id", pd.Series(ids, dtype="str"))
    return table


def facilities_inside(
    frame: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> pd.DataFrame:
    """Pair each neighbourhood with the facilities inside its parcel, and their kinds.

    Areas count where more than half of them lies inside: a park next door is walked to.
    """
    outlines, shapes = frame.geometry.to_numpy(), facilities.geometry.to_numpy()
    parcels, places = shapely.STRtree(shapes).query(outlines, predicate="intersects")
    area_m2 = shapely.area(shapes[places])
    held = area_m2 == 0
    areal = np.flatnonzero(~held)
    shared = shapely.intersection(outlines[parcels[areal]], shapes[places[areal]])
    held[areal] = shapely.area(shared) > area_m2[areal] / 2
    parcels, places = parcels[held], places[held]
    pairs = pd.DataFrame(
        {
            "neighbourhood_id": frame.index.to_numpy()[parcels],
            "facility_id": facilities.index.to_numpy()[places],
        }
    ).astype("str")
    return pairs.merge(kinds[["facility_id", "kind"]], on="facility_id")


def _with_nearest(
    gaps: pd.DataFrame, nearest: pd.DataFrame, inside: pd.DataFrame, kinds: pd.DataFrame
) -> pd.DataFrame:
    on_foot = pd.DataFrame(
        {
            "neighbourhood_id": nearest["origin_id"].astype("str"),
            "kind": nearest["kind"].astype("str"),
            "nearest_facility_id": nearest["facility_id"].astype("str"),
            "nearest_m": nearest["distance_m"].astype("float64"),
            "nearest_s": nearest["time_s"].astype("float64"),
        }
    )
    held = inside.sort_values("facility_id").drop_duplicates(["neighbourhood_id", "kind"])
    held = held.rename(columns={"facility_id": "inside_facility_id"})
    gaps = gaps.merge(on_foot, on=["neighbourhood_id", "kind"], how="left")
    gaps = gaps.merge(held, on=["neighbourhood_id", "kind"], how="left")
    gaps["nearest_facility_id"] = gaps["nearest_facility_id"].fillna(gaps["inside_facility_id"])
    how = kinds.rename(columns={"facility_id": "nearest_facility_id"})
    how = how[["nearest_facility_id", "kind", "match"]].astype("str")
    return gaps.merge(how, on=["nearest_facility_id", "kind"], how="left")


def _straight(
    gaps: pd.DataFrame, frame: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Distance by air from each parcel to the nearest facility of each kind; NaN where none is."""
    outlines = Outlines(frame.geometry.to_numpy())
    places = facilities.geometry.reindex(kinds["facility_id"]).to_numpy()
    of_kind = kinds.groupby("kind").indices
    distances = in_order(
        lambda rows: nearest_straight_m(outlines, places[rows]), list(of_kind.values())
    )
    by_kind = dict(zip(map(str, of_kind), distances, strict=True))
    straight = np.full(len(gaps), np.nan)
    position = frame.index.astype("str").get_indexer(gaps["neighbourhood_id"])
    for kind, rows in gaps.groupby("kind").indices.items():
        if kind in by_kind:
            straight[rows] = by_kind[str(kind)][position[rows]]
    return straight


def _basis(
    gaps: pd.DataFrame,
    catalogue: Catalogue,
    rules: ParameterSet,
    nearest: pd.DataFrame,
    reached: pd.DataFrame | None,
) -> pd.Series:
    """Say why a facility counts as present, missing where none does."""
    basis = pd.Series(None, index=gaps.index, dtype="object")
    if rules["old_area_relaxations"]:
        near = nearest[["origin_id", "kind", "facility_id", "distance_m"]]
        near = near.rename(columns={"origin_id": "neighbourhood_id"})
        everything = near if reached is None else reached
        for relaxation in catalogue.relaxations.values():
            limit = catalogue.limit_m(relaxation.within)
            usable = everything[
                (everything["kind"] == relaxation.instead) & (everything["distance_m"] <= limit)
            ]
            usable = usable[["neighbourhood_id", "facility_id"]].astype("str")
            count = usable.groupby("neighbourhood_id")["facility_id"].nunique()
            enough = set(count[count >= relaxation.count].index)
            here = (gaps["kind"] == relaxation.kind) & (gaps["layer"] == relaxation.layer)
            basis[here & gaps["neighbourhood_id"].isin(enough)] = "stand_in"
    if rules["inside_counts"]:
        basis[gaps["inside_facility_id"].notna()] = "inside"
    basis[gaps["nearest_m"] <= gaps["limit_m"]] = "walk"
    return basis


def _can_tell(
    gaps: pd.DataFrame,
    kinds: pd.DataFrame,
    catalogue: Catalogue,
    rules: ParameterSet,
    *,
    persons: float,
) -> pd.Series:
    """Say of each row whether the absence of its kind means anything in this source.

    A given kind tells. One that was only recognised (tags, names, codes) tells where so many are
    mapped that the mapping can be believed: few of them are rather a map that has just begun.
    """
    rule = rules["absence_means_missing"]
    if rule not in {"auto", "yes", "no", True, False}:
        raise StandardsError(
            f"gaps.absence_means_missing is {rule!r}; use auto, yes or no.",
            zh=f"gaps.absence_means_missing 为 {rule!r};请用 auto、yes 或 no。",
        )
    given = set(kinds.loc[kinds["match"] == "given", "kind"])
    if rule == "auto":
        complete = len(given) >= rules["complete_kinds_share"] * gaps["kind"].nunique()
    else:
        complete = rule in {"yes", True}
    needed = gaps["layer"].map(
        {id_: _believable(layer.persons, rules, persons) for id_, layer in catalogue.layers.items()}
    )
    mapped = gaps["kind"].map(kinds.groupby("kind")["facility_id"].nunique().to_dict())
    believed = mapped.astype("float64") >= needed.astype("float64")
    return gaps["kind"].isin(given) | believed | complete


def _believable(planned: tuple[float, float] | None, rules: ParameterSet, persons: float) -> float:
    """Facilities of a kind that must be mapped before others can be called missing."""
    if planned is None or np.isnan(persons):
        return float(rules["believable_facilities"])
    return max(1.0, float(rules["believable_share"]) * persons / planned[1])


def _residents(frame: gpd.GeoDataFrame) -> float:
    """All residents; neighbourhoods of unknown population count as the mean of the others."""
    known = frame["persons"].astype("Float64").astype("float64")
    return float(known.mean() * len(frame))


def _with_areas(
    gaps: pd.DataFrame,
    frame: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    kinds: pd.DataFrame,
    catalogue: Catalogue,
    rules: ParameterSet,
    reached: pd.DataFrame | None,
    inside: pd.DataFrame,
) -> pd.DataFrame:
    """Add required, supplied and short areas where the standard gives an area per head."""
    area = {
        "land": facility_area_m2(facilities),
        "floor": facilities["floor_m2"].astype("Float64").astype("float64"),
    }
    classes = own_class(kinds, catalogue)
    for column in ("required_m2", "supplied_m2"):
        gaps[column] = np.nan
    for rule in catalogue.area_rules.values():
        here = (gaps["kind"] == rule.kind) & (gaps["layer"] == rule.layer)
        at = gaps.loc[here, "neighbourhood_id"]
        required = required_area(rule, frame, old=bool(rules["old_area_relaxations"]))
        gaps.loc[here, "required_m2"] = at.map(required)
        if reached is None:
            continue
        limit = catalogue.limit_m(rule.layer, rule.kind)
        here_too = (reached["kind"] == rule.kind) & (reached["distance_m"] <= limit)
        pairs = reached.loc[here_too, ["neighbourhood_id", "facility_id"]].astype("str")
        if rules["inside_counts"]:
            held = inside.loc[inside["kind"] == rule.kind, list(pairs)]
            pairs = pd.concat([pairs, held], ignore_index=True)
        own = classes.loc[classes["kind"] == rule.kind, "facility_id"]
        pairs = pairs[pairs["facility_id"].isin(own)]
        pairs = pairs.drop_duplicates(["neighbourhood_id", "facility_id"])
        column = "households" if rule.per == "household" else "persons"
        supplied = shared_supply(pairs, frame[column], area[rule.area])
        known = gaps.loc[here, "status"] != "unknown"
        gaps.loc[here, "supplied_m2"] = at.map(supplied).where(known)
    gaps["short_m2"] = (gaps["required_m2"] - gaps["supplied_m2"]).clip(lower=0)
    return gaps
