"""Recognising a layer by the name of its file, sheet or inner layer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from spatial.city.area_codes import full_code
from spatial.city.recipe import FileRecipe, common_recipes
from spatial.dictionary import data_dictionary

__all__ = ["Recognised", "name_tokens", "raster_kind", "recognise_layer", "recognise_raster"]

AREA_CODE_LENGTHS: Final = (6, 9, 12)
YEAR: Final = re.compile(r"(?:19|20)\d\d")
SPLIT: Final = re.compile(r"[\s_\-.()()]+")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a name stands for; `exact` when it is the whole name."""

    recipe: FileRecipe
    exact: bool


def name_tokens(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words.

    Examples
    --------
    >>> name_tokens("POA_points-of_interest")
    ('poa', 'points', 'of', 'interest')
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return tuple(token for token in SPLIT.split(text) if token)


def recognise_layer(name: str) -> Recognised | None:
    """Return how a file or layer of this name is read, or None.

    The longest run of words that is a known name decides; Chinese names also count as part of a
    word, for they are written without spaces.

    Examples
    --------
    >>> recognise_layer("poa_points_of_interest").recipe.layer
    'facilities'
    >>> recognise_layer("宁波老旧小区2023").recipe.layer
    'neighbourhoods'
    >>> recognise_layer("330212").recipe.layer  # boundaries are often named by their code
    'admin_areas'
    >>> recognise_layer("readme") is None
    True
    """
    if len(name.strip()) in AREA_CODE_LENGTHS and full_code(name) is not None:
        areas = FileRecipe(layer="admin_areas", constants={"code": full_code(name)})
        return Recognised(areas, exact=True)
    tokens = name_tokens(name)
    best = _best_match(tokens, _known_names().keys())
    if best is None:
        return None
    return Recognised(_known_names()[best], exact=best == tokens)


def recognise_raster(name: str) -> str | None:
    """Return the name of the grid in a raster file, if the name of the file says so.

    Examples
    --------
    >>> recognise_raster("poa_elevation")
    'elevation'
    >>> recognise_raster("Sentinel_NDVI_2016")  # a grid of one year carries the year
    'greenness_2016'
    """
    known = {
        name_tokens(alias): raster
        for raster, body in data_dictionary().rasters.items()
        for alias in (raster, *body.get("aliases", ()))
    }
    best = _best_match(name_tokens(name), known.keys())
    if best is None:
        return None
    years = YEAR.findall(name) if data_dictionary().rasters[known[best]].get("yearly") else []
    return f"{known[best]}_{years[-1]}" if years else known[best]


def raster_kind(name: str) -> str | None:
    """Return the kind of grid that a name means, without its year; None if there is no such.

    Examples
    --------
    >>> raster_kind("night_light_2024"), raster_kind("elevation"), raster_kind("elevation_2024")
    ('night_light', 'elevation', None)
    """
    known = data_dictionary().rasters
    if name in known:
        return name
    kind, _, year = name.rpartition("_")
    dated = kind in known and known[kind].get("yearly") and YEAR.fullmatch(year)
    return kind if dated else None


@lru_cache(maxsize=1)
def _known_names() -> dict[tuple[str, ...], FileRecipe]:
    known = {}
    dictionary = data_dictionary()
    for layer, spec in (*dictionary.inputs.items(), *dictionary.tables.items()):
        for alias in (layer, *spec.aliases):
            known[name_tokens(alias)] = FileRecipe(layer=layer)
    for alias, recipe in common_recipes().items():
        known[name_tokens(alias)] = replace(recipe)
    return known


def _best_match(
    tokens: tuple[str, ...], names: Iterable[tuple[str, ...]]
) -> tuple[str, ...] | None:
    found = []
    for name in names:
        runs = (tokens[i : i + len(name)] for i in range(len(tokens) - len(name) + 1))
        inside = len(name) == 1 and not name[0].isascii() and any(name[0] in t for t in tokens)
        if inside or name in runs:
            found.append(name)
    return max(found, key=lambda name: (len("".join(name)), name), default=None)
