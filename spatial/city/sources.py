"""Which files a source stands for, which layer each is, and which reader reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import pyogrio
import pyproj

from spatial.city.input_tables import RawTable, read_table
from spatial.city.layer_names import (
    Recognised,
    name_tokens,
    raster_kind,
    recognise_layer,
    recognise_raster,
)
from spatial.city.model import Raster
from spatial.city.rasters import Grid, read_raster
from spatial.city.raw import RawLayer, ReadFile
from spatial.city.read_files import FILE_READERS, Sheet, raw_layer, sheets_of
from spatial.city.read_osm import read_osm
from spatial.city.recipe import FileRecipe, read_recipe
from spatial.city.report import Note
from spatial.city.shapefiles import unpacked
from spatial.city.write import ABOUT_LAYER, raster_path
from spatial.dictionary import data_dictionary
from spatial.errors import InputError

__all__ = ["Source", "find_sources", "read_source"]

OSM_SUFFIXES: Final = (".osm", ".pbf", ".osm.gz", ".osm.bz2")
RESULT_MARK: Final = "gaps"
"""A GeoPackage with this table holds an analysis; no input layer is called so."""
RASTER_SUFFIXES: Final = (".tif", ".tiff")
RECIPE_SUFFIXES: Final = (".yaml", ".yml")
RECIPE_NAMES: Final = ("linli.yaml", "linli.yml")
COMPANIONS: Final = (
    ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".xml", ".ovr", ".tfw",
    ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".md5", ".lock",
)  # fmt: skip
"""Files that belong to others and are passed over without a word."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read, with what is known of it beforehand."""

    path: Path
    origin: Path
    """What the user named: the file itself or its folder."""
    layer: str | None = None
    """Layer or raster that the user named."""
    inner: str | None = None
    recipes: tuple[tuple[str, FileRecipe], ...] = ()
    """Recipes by file name or ``file::inner``."""

    @property
    def named(self) -> bool:
        """The user named this very file, so what cannot be read in it is an error."""
        return self.path == self.origin

    def recipe(self, inner: str | None = None) -> FileRecipe | None:
        """Return the recipe for this file, or for one inner layer of it."""
        recipes = dict(self.recipes)
        within = recipes.get(f"{self.path.name}::{inner}") if inner else None
        return within or recipes.get(self.path.name)


def find_sources(
    listed: Sequence[str | Path],
) -> tuple[list[Source], tuple[Note, ...]]:
    """Turn what the user listed into single files, and say what is left out.

    Raises
    ------
    InputError
        If a file does not exist, a layer name is unknown, or nothing is left to read.
    """
    recipes: dict[str, FileRecipe] = {}
    found: list[Source] = []
    notes: list[Note] = []
    for item in listed:
        source = _parse(item)
        if source.path.suffix.lower() in RECIPE_SUFFIXES and source.layer is None:
            read = read_recipe(source.path)
            recipes |= read
            found += _rasters_told(read, source.path.parent, listed)
        elif source.path.is_dir():
            for name in RECIPE_NAMES:
                if (source.path / name).is_file():
                    read = read_recipe(source.path / name)
                    recipes |= read
                    found += _rasters_told(read, source.path, (source.path,))
            found += [replace(source, path=file) for file in sorted(source.path.iterdir())]
        else:
            found.append(source)
    taken = []
    told = tuple(recipes.items())
    for source in (replace(source, recipes=told) for source in found):
        why = None if source.named else _left_out(source)
        if why is None:
            taken.append(source)
        elif why:
            notes.append(_note_left_out(source.path.name, *why))
    taken, variants = _without_variants(taken)
    notes += variants
    notes += _idle_recipes(recipes, [source.path for source in found])
    if not taken:
        raise InputError(
            f"Nothing to read in {', '.join(map(str, listed))}. "
            + " ".join(note.text_en for note in notes),
            zh=(
                f"{'、'.join(map(str, listed))} 中没有可读的内容。"
                f"{''.join(note.text_zh for note in notes)}"
            ),
        )
    return taken, tuple(notes)


def _rasters_told(
    recipes: Mapping[str, FileRecipe], folder: Path, listed: Sequence[str | Path]
) -> list[Source]:
    """Grids that a recipe names by a path, where they are not read with their folder anyway."""
    paths = [folder / recipe.path for recipe in recipes.values() if recipe.raster and recipe.path]
    with_folder = [Path(item) for item in listed if Path(item).is_dir()]
    return [
        Source(path, path) for path in paths if path.is_file() and path.parent not in with_folder
    ]


def _idle_recipes(recipes: Mapping[str, FileRecipe], files: Sequence[Path]) -> list[Note]:
    """Warn of recipes for files that are not there: most likely a slip of the pen."""
    if any(file.suffix.lower() == ".zip" for file in files):
        return []  # what is inside is not known yet
    names = {file.name for file in files}
    return [
        Note(
            "recipe_unused",
            f"读取说明中的 {name} 没有对应的文件。",
            f"The recipe speaks of {name}, but there is no such file.",
            "warning",
        )
        for name in recipes
        if name.split("::")[0] not in names
    ]


def _parse(item: str | Path) -> Source:
    text = str(item)
    layer, path, inner = None, text, None
    if not Path(text).exists():
        if "=" in text:
            layer, path = text.split("=", 1)
        if "::" in path:
            path, inner = path.rsplit("::", 1)
    dictionary = data_dictionary()
    known = {*dictionary.inputs, *dictionary.tables, *dictionary.rasters}
    if layer is not None and layer not in known and raster_kind(layer) is None:
        raise InputError(
            f"{text}: no layer `{layer}`. Linli reads {', '.join(sorted(known))}; write "
            "`layer=path`.",
            zh=(
                f"{text}:没有图层 {layer}。Linli 读取 {'、'.join(sorted(known))};写法为“"
                "图层=路径”。"
            ),
        )
    if not Path(path).exists():
        raise InputError(
            f"{text}: there is no file or folder {path}. Check the path.",
            zh=f"{text}:没有文件或文件夹 {path}。请检查路径。",
        )
    return Source(Path(path), Path(path), layer, inner)


def _left_out(source: Source) -> tuple[str, str] | tuple[()] | None:
    """Say (zh, en) why a file of a folder is not read: None = it is read; () not worth a word."""
    path, suffix = source.path, source.path.suffix.lower()
    recipe = source.recipe()
    if recipe is not None and recipe.skip:
        return "读取配方要求跳过", "the recipe says so"
    if path.name.startswith(".") or suffix in COMPANIONS or path.name in RECIPE_NAMES:
        return ()
    if path.is_dir():
        return (
            "它是文件夹内的文件夹;要读请指明",
            "it is a folder inside the folder; name it to read it",
        )
    if path.name.lower().endswith(OSM_SUFFIXES) or suffix in (".zip", ".gpkg", ".xlsx"):
        return None
    if suffix in RASTER_SUFFIXES:
        told = recipe is not None and recipe.raster is not None
        unknown = not told and recognise_raster(path.stem) is None
        why = "名称看不出是哪种栅格", "its name does not say what grid it is"
        return why if unknown else None
    if suffix not in FILE_READERS:
        name = suffix or path.name
        return f"Linli 不读取“{name}”格式", f"`{name}` is no format that Linli reads"
    if recipe is not None and recipe.layer is not None:
        return None
    inner_named = any(name.startswith(f"{path.name}::") for name, _ in source.recipes)
    if inner_named or recognise_layer(path.stem) is not None:
        return None
    return (
        "名称不是图层名;请写“图层=路径”,或添加读取配方",
        "its name is not that of a layer; write `layer=path`, or add a recipe",
    )


def _without_variants(sources: list[Source]) -> tuple[list[Source], list[Note]]:
    """Leave out files of a folder whose name only extends that of another one of the same layer."""
    kept, notes = [], []
    for source in sources:
        tokens = name_tokens(source.path.stem)
        longer_than = [
            other
            for other in sources
            if other.path.parent == source.path.parent
            and other.path != source.path
            and tokens[: len(name_tokens(other.path.stem))] == name_tokens(other.path.stem)
            and len(name_tokens(other.path.stem)) < len(tokens)
            and _layer_of(other) is not None
            and _layer_of(other) == _layer_of(source)
        ]
        if source.named or source.recipe() is not None or not longer_than:
            kept.append(source)
            continue
        first = longer_than[0].path.name
        notes.append(
            _note_left_out(
                source.path.name,
                f"{first} 已给出图层 {_layer_of(source)};要读请指明",
                f"{first} already gives layer `{_layer_of(source)}`; name it to read it",
            )
        )
    return kept, notes


def _layer_of(source: Source) -> str | None:
    found = recognise_layer(source.path.stem)
    return source.layer or (found.recipe.layer if found else None)


def _note_left_out(name: str, zh: str, en: str) -> Note:
    return Note("left_out", f"未读取 {name}:{zh}。", f"{name} is left out: {en}.", "warning")


def _no_tick() -> None:
    return


def read_source(
    source: Source,
    *,
    only: Collection[str] | None = None,
    tick: Callable[[], None] = _no_tick,
) -> ReadFile:
    """Read one file with the reader that fits its name.

    Raises
    ------
    InputError
        If a file that the user named cannot be read, or its layer is not to be recognised.
    """
    name, suffix = source.path.name.lower(), source.path.suffix.lower()
    if name.endswith(OSM_SUFFIXES):
        return _only(read_osm(source.path, only=only, tick=tick), source.layer)
    if suffix in RASTER_SUFFIXES:
        return _read_raster(source)
    if suffix == ".zip":
        return _read_zip(source)
    if suffix not in FILE_READERS:
        raise InputError(
            f"{source.path.name}: `{suffix}` is no format that Linli reads. It reads .osm, "
            f".osm.pbf, {', '.join(sorted(FILE_READERS))}, .zip and .tif.",
            zh=(
                f"{source.path.name}:Linli 不读取“{suffix}”格式。可读 .osm、.osm.pbf、"
                f"{'、'.join(sorted(FILE_READERS))}、.zip 和 .tif。"
            ),
        )
    return _read_sheets(source)


def _only(read: ReadFile, layer: str | None) -> ReadFile:
    if layer is None:
        return read
    return replace(read, layers=tuple(raw for raw in read.layers if raw.layer == layer))


def _read_raster(source: Source) -> ReadFile:
    recipe = source.recipe()
    told = recipe.raster if recipe else None
    name = source.layer or told or recognise_raster(source.path.stem)
    if name is None or raster_kind(name) is None:
        dated = [key for key, body in data_dictionary().rasters.items() if body.get("yearly")]
        raise InputError(
            f"{source.path.name}: is it elevation or population, or of one year? Write "
            f"`elevation={source.path.name}`, `population={source.path.name}`, or of one year e.g. "
            f"`greenness_2016={source.path.name}` ({', '.join(dated)}).",
            zh=(
                f"{source.path.name}:是哪种栅格?请写 elevation={source.path.name}、"
                f"population={source.path.name},或带年份,如 greenness_2016={source.path.name}"
                f"({'、'.join(dated)})。"
            ),
        )
    scale = recipe.scale if recipe else 1.0
    return ReadFile(grids={name: partial(read_raster, source.path, name, scale=scale)})


def _read_zip(source: Source) -> ReadFile:
    with unpacked(source.path) as folder:
        inside, notes = find_sources([folder])
        layers: list[RawLayer] = []
        grids: dict[str, Grid] = {}
        tables: list[RawTable] = []
        for item in inside:
            read = read_source(
                replace(item, layer=source.layer, inner=source.inner, recipes=source.recipes)
            )
            layers += [
                replace(raw, source=f"{source.path.name}::{raw.source}") for raw in read.layers
            ]
            tables += [
                replace(raw, source=f"{source.path.name}::{raw.source}") for raw in read.tables
            ]
            grids |= {name: _already_read(grid(None)) for name, grid in read.grids.items()}
            notes = (*notes, *read.notes)
    return ReadFile(tuple(layers), grids, notes, tables=tuple(tables))


def _already_read(result: tuple[Raster, tuple[Note, ...]]) -> Grid:
    """Keep a grid of which the file is about to vanish."""
    return lambda _around: result


def _read_sheets(source: Source) -> ReadFile:
    found: list[RawLayer | RawTable] = []
    notes: list[Note] = []
    sheets = sheets_of(source.path)
    names = [name for name, _ in sheets]
    about = ReadFile()
    if ABOUT_LAYER in names:
        about = _about(source.path)
        sheets = [(name, read) for name, read in sheets if name != ABOUT_LAYER]
    if source.inner is not None and source.inner not in names:
        raise InputError(
            f"{source.path.name} has no layer `{source.inner}`; it has {', '.join(names)}.",
            zh=f"{source.path.name} 没有图层“{source.inner}”;它有 {'、'.join(names)}。",
        )
    for name, read in sheets:
        if source.inner is not None and name != source.inner:
            continue
        recipe = _recipe_for(source, name, single=len(sheets) == 1)
        label = source.path.name if len(sheets) == 1 else f"{source.path.name}::{name}"
        if source.inner is None and source.layer is None and _is_result(name, names):
            notes.append(_note_left_out(label, "是结果而非输入", "it holds results, not input"))
            continue
        if recipe is None or recipe.layer is None or recipe.skip:
            why = "名称不是图层名", "its name is not that of a layer"
            notes.append(_note_left_out(label, *why))
            continue
        try:
            found.append(_sheet(source.path, name, read, label=label, recipe=recipe))
        except InputError as error:
            if source.named and (len(sheets) == 1 or source.inner is not None):
                raise
            zh = error.message_zh.removeprefix(label).lstrip(" :").rstrip("。")
            en = str(error).removeprefix(label).lstrip(" :").rstrip(".")
            notes.append(_note_left_out(label, zh, en))
    if source.named and not found and about.name is None:
        raise InputError(
            f"{source.path.name}: which layer is it? Its names ({', '.join(names)}) do not say. "
            f"Write `layer={source.path.name}` with one of {', '.join(data_dictionary().inputs)}.",
            zh=(
                f"{source.path.name}:属于哪个图层?从名称({'、'.join(names)})看不出来。请写"
                f"“图层={source.path.name}”,图层取 {'、'.join(data_dictionary().inputs)}"
                " 之一。"
            ),
        )
    return replace(
        about,
        layers=tuple(raw for raw in found if isinstance(raw, RawLayer)),
        tables=tuple(raw for raw in found if isinstance(raw, RawTable)),
        notes=(*about.notes, *notes),
    )


def _sheet(
    path: Path, name: str, read: Callable[[], Sheet], *, label: str, recipe: FileRecipe
) -> RawLayer | RawTable:
    """Read a sheet as the layer, or the table without geometry, that its recipe names."""
    layer = recipe.layer or ""
    if layer in data_dictionary().tables:
        return read_table(path, name, table=layer, source=label, recipe=recipe)
    return raw_layer(read, source=label, layer=layer, recipe=recipe)


def _is_result(name: str, names: Sequence[str]) -> bool:
    """Say whether a layer of an analysis' GeoPackage is a result table.

    There, a layer that is input and result under one name stands twice, the input as `input_….`
    """
    dictionary = data_dictionary()
    if RESULT_MARK not in names:
        return False
    result_only = name in dictionary.results and name not in dictionary.inputs
    return result_only or f"input_{name}" in names


def _about(path: Path) -> ReadFile:
    """Read what a GeoPackage that Linli wrote says of its city, and the grids beside it."""
    table = pyogrio.read_dataframe(path, layer=ABOUT_LAYER)
    about = dict(zip(table["key"], table["value"], strict=True))
    grids: dict[str, Grid] = {}
    notes: list[Note] = []
    for name in json.loads(about["rasters"]):
        file = raster_path(path, name)
        if file.is_file():
            grids[name] = partial(read_raster, file, name)
        else:
            why = "属于该城市但不存在", "it belongs to the city but is not there"
            notes.append(_note_left_out(file.name, *why))
    zone = pyproj.CRS.from_wkt(about["zone"])
    return ReadFile(grids=grids, notes=tuple(notes), name=about["name"], zone=zone)


def _recipe_for(source: Source, inner: str, *, single: bool) -> FileRecipe | None:
    """Choose: the user's layer name, then the recipe, then the inner name, then the file's name."""
    given = source.recipe(inner)
    recognised: Recognised | None = recognise_layer(inner)
    if recognised is None and single:
        recognised = recognise_layer(source.path.stem)
    common = recognised.recipe if recognised else None
    if source.layer is not None:
        fitting = next((r for r in (given, common) if r and r.layer == source.layer), FileRecipe())
        return replace(fitting, layer=source.layer)
    if given is None:
        return common
    return (
        given if given.layer is not None or common is None else replace(given, layer=common.layer)
    )
