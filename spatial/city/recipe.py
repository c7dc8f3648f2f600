"""Recipes: how a file is to be read, where its names do not say it (``linli.yaml``).

::

    files:
      blocks_2024.csv:
        layer: buildings
        columns: {use: residential, year_built: completed}   # dictionary column: source column
        values: {use: {Y: residential, N: other}}
        constants: {lifecycle: in_use}
        crs: 4549
        shifted: gcj02
      old.csv: {skip: true}
    rasters:                                               # grids of one year each
      - {kind: greenness, year: 2016, path: ndvi/spring.tif, scale: 0.0001}

A file with inner layers is named ``file.gpkg::layer``. Common names need no recipe: they stand in
``data/value_aliases.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from spatial.dictionary import data_dictionary, data_file
from spatial.errors import InputError

__all__ = ["FileRecipe", "alias_tables", "common_recipes", "read_recipe"]

RASTER_KEYS: Final = ("kind", "year", "path", "scale")
KNOWN_KEYS: Final = ("layer", "columns", "values", "constants", "crs", "shifted", "skip", "id")


@dataclass(frozen=True, slots=True)
class FileRecipe:
    """How one file (or inner layer) is read."""

    layer: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    crs: Any = None
    shifted: str | None = None
    skip: bool = False
    id: str | None = None
    raster: str | None = None
    """Name of the grid in the file, e.g. ``greenness_2016``."""
    path: str | None = None
    scale: float = 1.0


@lru_cache(maxsize=1)
def alias_tables() -> Mapping[str, Any]:
    """Return ``data/value_aliases.yaml``."""
    tables: Mapping[str, Any] = yaml.safe_load(
        data_file("value_aliases.yaml").read_text(encoding="utf-8")
    )
    return tables


@lru_cache(maxsize=1)
def common_recipes() -> Mapping[str, FileRecipe]:
    """Return the recipes for common file names, by name."""
    where = "data/value_aliases.yaml"
    return {name: _recipe(body, where, name) for name, body in alias_tables()["sources"].items()}


def read_recipe(path: Path) -> dict[str, FileRecipe]:
    """Read a recipe file; keys are file names, or ``file::layer``.

    Raises
    ------
    InputError
        If it is not readable or names an unknown layer, column or key.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path.name} is no readable YAML: {error}",
            zh=f"{path.name} 不是可读的 YAML:{error}",
        ) from error
    files = raw.get("files", {} if "rasters" in raw else None) if isinstance(raw, dict) else None
    if not isinstance(files, dict):
        raise InputError(
            f"{path.name}: a recipe has a mapping `files` of file name to settings.",
            zh=f"{path.name}:读取配方须含 files,逐个文件名给出设置。",
        )
    recipes = {str(name): _recipe(body or {}, path.name, name) for name, body in files.items()}
    for number, body in enumerate(raw.get("rasters") or (), start=1):
        told = _raster_recipe(body, path, number)
        recipes[Path(str(told.path)).name] = told
    return recipes


def _raster_recipe(body: Any, path: Path, number: int) -> FileRecipe:
    """Read one entry of ``rasters``: which grid of which year stands in which file."""
    kinds = data_dictionary().rasters
    where = f"{path.name}, rasters[{number}]"
    entry = body if isinstance(body, Mapping) else {}
    kind, year = str(entry.get("kind")), entry.get("year")
    wrong = sorted(set(entry) - set(RASTER_KEYS))
    dated = bool(kinds.get(kind, {}).get("yearly"))
    sound = not wrong and kind in kinds and "path" in entry and (year is None or dated)
    sound = sound and (year is None or (isinstance(year, int) and 1900 <= year < 2100))
    if not sound:
        raise InputError(
            f"{where}: give `kind` (one of {', '.join(kinds)}), `path`, for kinds by year `year`, "
            f"and if need be `scale`; given was {dict(entry)}.",
            zh=(
                f"{where}:请给出 kind({'、'.join(kinds)} 之一)、path、逐年栅格的 year,必要时"
                f" scale;现为 {dict(entry)}。"
            ),
        )
    if not (path.parent / str(entry["path"])).is_file():
        raise InputError(
            f"{where}: there is no file {entry['path']} beside the recipe. Check the path.",
            zh=f"{where}:读取配方旁没有文件 {entry['path']}。请检查路径。",
        )
    return FileRecipe(
        raster=f"{kind}_{year}" if year is not None else str(kind),
        path=str(entry["path"]),
        scale=float(entry.get("scale", 1.0)),
    )


def _recipe(body: Mapping[str, Any], where: str, name: Any) -> FileRecipe:
    unknown = sorted(set(body) - set(KNOWN_KEYS))
    if unknown:
        raise InputError(
            f"{where}, `{name}`: unknown settings {', '.join(unknown)}; known are "
            f"{', '.join(KNOWN_KEYS)}.",
            zh=(
                f"{where},“{name}”:未知设置 {'、'.join(unknown)};可用的是 {'、'.join(KNOWN_KEYS)}。"
            ),
        )
    recipe = FileRecipe(**body)
    inputs = {**data_dictionary().inputs, **data_dictionary().tables}
    if recipe.layer is not None and recipe.layer not in inputs:
        raise InputError(
            f"{where}, `{name}`: no layer `{recipe.layer}`; Linli reads {', '.join(inputs)}.",
            zh=(f"{where},“{name}”:没有图层 {recipe.layer};Linli 读取 {'、'.join(inputs)}。"),
        )
    if recipe.layer is not None:
        asked = {*recipe.columns, *recipe.values, *recipe.constants}
        wrong = sorted(asked - set(inputs[recipe.layer].columns))
        if wrong:
            raise InputError(
                f"{where}, `{name}`: layer `{recipe.layer}` has no column {', '.join(wrong)}; "
                f"it has {', '.join(inputs[recipe.layer].columns)}.",
                zh=(
                    f"{where},“{name}”:图层 {recipe.layer} 没有列 {'、'.join(wrong)};它有 "
                    f"{'、'.join(inputs[recipe.layer].columns)}。"
                ),
            )
    return recipe
