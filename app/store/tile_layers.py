"""Which layers are drawn: from which zoom, with which properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table

from app.store.tables import INPUT_TABLES, RESULT_TABLES

__all__ = ["MAX_ZOOM", "TILE_LAYERS", "TileLayer"]

MAX_ZOOM: Final = 16
"""Deepest zoom with tiles of its own; the map enlarges these further. A unit is then 15 cm."""


@dataclass(frozen=True, slots=True)
class TileLayer:
    """One drawn layer."""

    name: str
    table: Table
    min_zoom: int
    columns: tuple[str, ...]
    """Properties of its features, besides ``id``."""
    labels_from: int = 13
    """Zoom from which its names are sent."""
    joined: tuple[str, ...] = ()
    """Properties that come from other tables."""
    join: str = ""
    """How those are joined; the layer's own table is ``f``."""
    as_points: bool = False
    """Whether its areas are drawn as a point inside, so that they hide nothing below them."""


def _inputs(name: str, min_zoom: int, *columns: str, **more: Any) -> TileLayer:
    return TileLayer(name, INPUT_TABLES[name], min_zoom, columns, **more)


def _results(name: str, min_zoom: int, *columns: str, **more: Any) -> TileLayer:
    return TileLayer(name, RESULT_TABLES[name], min_zoom, columns, **more)


_DISTRICT: Final = (
    "LEFT JOIN linli.result_districts AS d ON d.version = f.version AND d.id = {place}.district_id"
)
_OF_CELL: Final = (
    "LEFT JOIN linli.result_neighbourhoods AS n ON n.version = f.version AND n.id = f.id "
    + _DISTRICT.format(place="n")
)
_KINDS: Final = (
    "LEFT JOIN LATERAL (SELECT string_agg(kind, ',' ORDER BY kind) AS kinds "
    "FROM linli.facility_kind WHERE version = f.version AND facility_id = f.id) AS k ON true"
)


_PLACE: Final = (
    *("name", "gap_index", "must_missing", "must_checked", "eligibility", "district_id"),
    *("year_built", "derived", "persons", "households", "subdistrict"),
)

TILE_LAYERS: Final[Mapping[str, TileLayer]] = {
    layer.name: layer
    for layer in (
        _results(
            *("districts", 4, "name", "members", "households", "persons", "must_missing", "colour"),
            *("below_minimum", "subdistrict"),
            labels_from=9,
        ),
        _results(
            *("cells", 4, "area_m2"),
            joined=("n.name", "n.district_id", "n.gap_index", "n.eligibility", "d.colour"),
            join=_OF_CELL,
        ),
        _results(
            *("neighbourhoods", 4, *_PLACE),
            labels_from=12,
            joined=("d.colour",),
            join=_DISTRICT.format(place="f"),
        ),
        _results("cell_edges", 4, "a", "b"),
        _results("neighbourhood_gates", 13, "neighbourhood_id", "source", "access", "name"),
        _results("adjacency", 11, "a", "b", "barrier", "walk_m", "gap_m", "shared_m"),
        _results("heatmap", 4, "persons", "missing_mean", "person_gaps", "worst_kind"),
        _results(
            *("stock", 11, "name", "source", "asset_type", "kind", "ownership", "pathway"),
            *("land_m2", "floor_m2", "sign", "confidence"),
        ),
        _inputs(
            *("facilities", 4, "name", "kind"),
            labels_from=15,
            joined=("k.kinds",),
            join=_KINDS,
            as_points=True,
        ),
        _inputs("buildings", 4, "name", "use", "floors", "height_m", "year_built", labels_from=16),
        _inputs("streets", 4, "name", "highway", "structure", "steps", "layer", labels_from=14),
        _inputs("barriers", 14, "name", "kind", labels_from=16),
        _inputs("water", 8, "name", "kind", labels_from=11),
        _inputs("railways", 8, "name", "kind", "structure"),
        _inputs("land_use", 11, "name", "use", labels_from=14),
        _inputs("admin_areas", 4, "name", "code", "level", labels_from=8),
        _inputs("constraints", 10, "name", "kind", "year"),
    )
}
"""Drawn layers, by name."""
