"""What is known of a neighbourhood that its eligibility depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from spatial.city.model import City
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["Facts", "Overlap", "gather_facts"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of a parcel one kind of constraint takes."""

    share: float | None
    """Share of the parcel; None where the constraint is a point or a line inside it."""
    names: tuple[str, ...] = ()
    years: tuple[int | None, ...] = ()
    """Planned year of each constraint; None where it has none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one neighbourhood; None where nothing is."""

    kind: str | None = None
    building_count: int | None = None
    year_built: int | None = None
    year_from_buildings: bool = False
    tenure: str | None = None
    land_ownership: str | None = None
    must_missing: int | None = None
    resident_will_share: float | None = None
    upkeep_lost: bool | None = None
    utilities_incomplete: bool | None = None
    expropriation_year: int | None = None
    rebuild_planned: bool | None = None
    past_shantytown_renewal: bool | None = None
    past_renewal_year: int | None = None
    past_central_subsidy: str | None = None
    danger_buildings: int | None = None
    dangerous_seen: int = 0
    """Joined buildings of grade D."""
    ungraded: int | None = None
    """Joined buildings without a grade; None where no building is joined."""
    overlaps: Mapping[str, Overlap] = field(default_factory=dict)
    """By kind of constraint; only what touches the parcel."""
    mapped: frozenset[str] = frozenset()
    """Kinds of constraints that the city's layer holds anywhere."""


def gather_facts(
    neighbourhoods: Neighbourhoods, city: City, must_missing: pd.Series
) -> dict[str, Facts]:
    """Bring together, per neighbourhood, its columns, its buildings and the constraint areas."""
    frame = neighbourhoods.frame
    constraints = city.layer("constraints")
    overlaps = _overlaps(frame, constraints)
    mapped = frozenset(constraints["kind"].dropna().astype("str"))
    graded = _grades(neighbourhoods.building_neighbourhood, city.layer("buildings"))
    lacking = must_missing.reindex(frame.index)
    facts = {}
    for id_, row, count in zip(frame.index, frame.to_dict("records"), lacking, strict=True):
        dangerous, ungraded = graded.get(str(id_), (0, None))
        facts[str(id_)] = Facts(
            kind=_text(row.get("kind")),
            building_count=_whole(row.get("building_count")),
            year_built=_whole(row.get("year_built")),
            year_from_buildings=_text(row.get("year_source")) == "buildings",
            tenure=_text(row.get("tenure")),
            land_ownership=_text(row.get("land_ownership")),
            must_missing=_whole(count),
            resident_will_share=_number(row.get("resident_will_share")),
            upkeep_lost=_truth(row.get("upkeep_lost")),
            utilities_incomplete=_truth(row.get("utilities_incomplete")),
            expropriation_year=_whole(row.get("expropriation_year")),
            rebuild_planned=_truth(row.get("rebuild_planned")),
            past_shantytown_renewal=_truth(row.get("past_shantytown_renewal")),
            past_renewal_year=_whole(row.get("past_renewal_year")),
            past_central_subsidy=_text(row.get("past_central_subsidy")),
            danger_buildings=_whole(row.get("danger_buildings")),
            dangerous_seen=dangerous,
            ungraded=ungraded,
            overlaps=overlaps.get(str(id_), {}),
            mapped=mapped,
        )
    return facts


def _overlaps(
    frame: gpd.GeoDataFrame, constraints: gpd.GeoDataFrame
) -> dict[str, dict[str, Overlap]]:
    if constraints.empty or frame.empty:
        return {}
    parcels, areas = frame.geometry.to_numpy(), constraints.geometry.to_numpy()
    parcel, area = shapely.STRtree(areas).query(parcels, predicate="intersects")
    table = pd.DataFrame(
        {
            "id": frame.index.to_numpy()[parcel],
            "kind": constraints["kind"].astype("object").to_numpy()[area],
            "name": constraints["name"].astype("object").to_numpy()[area],
            "year": constraints["year"].astype("object").to_numpy()[area],
            "parcel": parcel,
            "area": area,
        }
    ).sort_values(["parcel", "kind", "area"])
    flat = shapely.get_dimensions(areas) == 2
    found: dict[str, dict[str, Overlap]] = {}
    for (id_, kind), rows in table.groupby(["id", "kind"], sort=False):
        at = rows["area"].to_numpy()
        share = None
        if flat[at].any():
            here = parcels[rows["parcel"].iloc[0]]
            joined = shapely.union_all(areas[at[flat[at]]])
            share = float(shapely.area(shapely.intersection(here, joined)) / shapely.area(here))
        if share == 0.0:
            continue  # it only touches the boundary
        found.setdefault(str(id_), {})[str(kind)] = Overlap(
            share=share,
            names=tuple(str(name) for name in rows["name"] if pd.notna(name)),
            years=tuple(_whole(year) for year in rows["year"]),
        )
    return found


def _grades(
    building_neighbourhood: pd.Series, buildings: gpd.GeoDataFrame
) -> dict[str, tuple[int, int]]:
    """Count the buildings of grade D, and those without a grade, by neighbourhood."""
    joined = building_neighbourhood.dropna()
    if joined.empty:
        return {}
    grade = buildings["safety_grade"].astype("object").reindex(joined.index)
    counts = pd.DataFrame({"d": (grade == "D").astype(int), "none": grade.isna().astype(int)})
    summed = counts.groupby(joined.astype("str")).sum()
    pairs = zip(summed["d"], summed["none"], strict=True)
    return dict(zip(summed.index.astype("str"), [(int(d), int(n)) for d, n in pairs], strict=True))


def _text(value: Any) -> str | None:
    return None if pd.isna(value) or not str(value).strip() else str(value).strip()


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) or not np.isfinite(value) else float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _truth(value: Any) -> bool | None:
    return None if value is None or pd.isna(value) else bool(value)
