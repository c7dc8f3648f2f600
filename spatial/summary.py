"""Figures of an analysis, as plain values for JSON, text and the web page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from spatial.city.model import City
from spatial.city.report import Note
from spatial.gaps import RankStability
from spatial.network import WalkNetwork
from spatial.standards import Profile
from spatial.summary_gaps import weighed_figures
from spatial.units import M2_PER_HA

__all__ = ["summarise"]


def summarise(
    city: City,
    network: WalkNetwork,
    tables: Mapping[str, pd.DataFrame],
    profile: Profile,
    notes: Iterable[Note],
    parameters: Mapping[str, Any],
    stability: RankStability,
) -> dict[str, Any]:
    """Return the counts and figures that a reader asks for first.

    Every figure is computed from the tables, so it is the same number in text, JSON, map and API.
    """
    places = tables["neighbourhoods"]
    return {
        "city": city.name,
        "zone": city.crs.name,
        "profile": profile.id,
        "parameters": dict(parameters),
        "inputs": {name: len(frame) for name, frame in city.layers.items() if len(frame)},
        "import": _import_counts(city),
        "network": {
            "nodes": network.node_count,
            "edges": network.edge_count,
            "length_km": round(float(network.edge_length_mm.sum()) / 1e6, 3),
            **network.report,
        },
        "neighbourhoods": {
            "count": len(places),
            "households": _people(places["households"]),
            "persons": _people(places["persons"]),
            "area_ha": _hectares(places["area_m2"]),
            "by_origin": _counts(places["derived"]),
            "persons_from": _counts(places["persons_source"]),
            "year_known": int(places["year_built"].notna().sum()),
            "with_gate_on_network": int(
                tables["neighbourhood_gates"]
                .dropna(subset=["entry_m"])["neighbourhood_id"]
                .nunique()
            ),
        },
        "gates": _counts(tables["neighbourhood_gates"]["source"]),
        "eligibility": _counts(places["eligibility"]),
        "gaps": {
            "mean_gap_index": _mean(places["gap_index"]),
            "by_status": _counts(tables["gaps"]["status"]),
            "most_missed": _most_missed(tables["coverage"], profile),
        },
        **weighed_figures(tables, profile, stability),
        "adjacent_pairs": len(tables["adjacency"]),
        "barriers_between": _counts(tables["adjacency"]["barrier"]),
        "districts": {
            "count": len(tables["districts"]),
            "members": int(places["district_id"].notna().sum()),
            "single": _counts(places["single_reason"]),
            "below_minimum": int(tables["districts"]["below_minimum"].fillna(value=False).sum()),
        },
        "stock": {
            "count": len(tables["stock"]),
            "by_source": _counts(tables["stock"]["source"]),
            "by_pathway": _counts(tables["stock"]["pathway"].fillna("to find out")),
            "land_ha": _hectares(tables["stock"]["land_m2"]),
            "gaps_it_could_close": len(
                tables["stock_fits"][["neighbourhood_id", "kind"]].drop_duplicates()
            ),
        },
        "warnings": [note.key for note in notes if note.level == "warning"],
    }


def _import_counts(city: City) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for report in city.report.layers:
        layer = counts.setdefault(
            report.layer, {"read": 0, "loaded": 0, "repaired": 0, "refused": 0, "merged": 0}
        )
        layer["read"] += report.read
        layer["loaded"] += report.loaded
        layer["repaired"] += len(report.repairs)
        layer["refused"] += len(report.refusals)
        layer["merged"] += report.merged
    return counts


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(key): int(count) for key, count in values.value_counts().sort_index().items()}


def _people(values: pd.Series) -> int | None:
    """Sum of what is known, in whole people or households; None where nothing is known."""
    return round(float(values.sum(skipna=True))) if values.notna().any() else None


def _hectares(area_m2: pd.Series) -> float:
    return round(float(area_m2.sum(skipna=True)) / M2_PER_HA, 2)


def _mean(values: pd.Series) -> float | None:
    return round(float(values.mean(skipna=True)), 4) if values.notna().any() else None


def _most_missed(coverage: pd.DataFrame, profile: Profile) -> list[dict[str, Any]]:
    """Must-have kinds by residents without them, worst first."""
    kinds = profile.catalogue.kinds
    checks = zip(coverage["kind"], coverage["layer"], strict=True)
    must = np.array([kinds[kind].needs.get(layer) == "must" for kind, layer in checks], dtype=bool)
    city = coverage[must & (coverage["area"] == "city") & (coverage["persons"].fillna(0) > 0)]
    # Those of whom the data cannot tell are not without: they are unknown.
    without = (city["persons"] - city["persons_covered"] - city["persons_unknown"]).astype(float)
    worst = city.assign(without=without)[without > 0].sort_values(
        ["without", "kind", "layer"], ascending=[False, True, True]
    )
    return [
        {
            "kind": row.kind,
            "zh": profile.catalogue.kinds[row.kind].zh,
            "en": profile.catalogue.kinds[row.kind].en,
            "layer": row.layer,
            "persons": round(float(row.persons)),
            "persons_without": round(float(row.without)),
        }
        for row in worst.head(12).itertuples()
    ]
