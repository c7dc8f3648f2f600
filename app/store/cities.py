"""Questions about cities and what is stored of them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Engine

from app.store.rows import Record, current_version, rows
from app.store.tables import INPUT_TABLES, RESULT_TABLES
from app.store.tile_layers import MAX_ZOOM, TILE_LAYERS
from spatial.city.report import Refusal, Repair
from spatial.dictionary import LayerSpec, data_dictionary

__all__ = ["layer_source", "list_cities", "list_layers", "read_catalogue", "read_city_record"]

SHOWN_PER_LAYER: Final = 100
"""Repairs and refusals shown row by row; the counts are always whole."""
CITY: Final = """
    SELECT c.id, c.name, v.key, v.data_version, v.profile, v.engine_version, v.created_at,
        v.neighbourhoods, v.persons, v.west, v.south, v.east, v.north{more}
    FROM linli.city AS c JOIN linli.city_version AS v ON v.key = c.current_version
"""


def list_cities(engine: Engine) -> list[Record]:
    """Return all cities, by name."""
    with engine.connect() as connection:
        found = rows(connection, CITY.format(more="") + " ORDER BY c.name, c.id")
    return [_with_bounds(record) for record in found]


def read_city_record(engine: Engine, city_id: str) -> Record:
    """Return one city with its summary, notes, parameters and import report."""
    more = ", v.summary, v.notes, v.parameters, v.choices, v.import_report"
    with engine.connect() as connection:
        current_version(connection, city_id)
        record = rows(connection, CITY.format(more=more) + " WHERE c.id = :id", id=city_id)[0]
    record["import_report"] = _report(record["import_report"])
    return _with_bounds(record)


def read_catalogue(engine: Engine, city_id: str) -> Record:
    """Return the facility catalogue against which a city was checked."""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = "SELECT catalogue FROM linli.city_version WHERE key = :key"
        return rows(connection, statement, key=version.key)[0]["catalogue"]


def layer_source(layer: str) -> tuple[str, LayerSpec] | None:
    """Return table and description of a layer with geometry; results come before inputs."""
    dictionary = data_dictionary()
    for tables, specs in ((RESULT_TABLES, dictionary.results), (INPUT_TABLES, dictionary.inputs)):
        if layer in specs and specs[layer].geometry != "none":
            return tables[layer].name, specs[layer]
    return None


def list_layers(engine: Engine, city_id: str) -> list[Record]:
    """Return every layer with geometry: how many features, and where its tiles are."""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = "SELECT counts FROM linli.city_version WHERE key = :key"
        counts = rows(connection, statement, key=version.key)[0]["counts"]
    dictionary = data_dictionary()
    tiles = f"/api/v1/tiles/{quote(city_id)}/{quote(version.data_version)}"
    answer = []
    for name in dict.fromkeys([*dictionary.results, *dictionary.inputs]):
        source = layer_source(name)
        if source is None:
            continue
        table, spec = source
        group = "results" if table.startswith("result_") else "inputs"
        drawn = TILE_LAYERS.get(name)
        answer.append(
            {
                "name": name,
                "zh": spec.zh,
                "en": spec.en,
                "group": group,
                "geometry": spec.geometry,
                "count": counts[group].get(name, 0),
                "tiles": f"{tiles}/{name}/{{z}}/{{x}}/{{y}}.mvt" if drawn else None,
                "min_zoom": drawn.min_zoom if drawn else None,
                "max_zoom": MAX_ZOOM if drawn else None,
            }
        )
    return answer


def _with_bounds(record: Record) -> Record:
    sides = [record.pop(side) for side in ("west", "south", "east", "north")]
    record.pop("key")
    return {**record, "bounds": None if None in sides else sides}


def _report(report: dict[str, Any]) -> dict[str, Any]:
    layers = [
        {
            **layer,
            "repaired": len(layer["repairs"]),
            "refused": len(layer["refusals"]),
            "repairs": [
                {**one, "what_zh": Repair(**one).what_zh}
                for one in layer["repairs"][:SHOWN_PER_LAYER]
            ],
            "refusals": [
                {**one, "why_zh": Refusal(**one).why_zh}
                for one in layer["refusals"][:SHOWN_PER_LAYER]
            ],
        }
        for layer in report["layers"]
    ]
    return {"layers": layers, "notes": report["notes"]}
