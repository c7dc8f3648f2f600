"""Reading a city: any mix of files and folders in, one checked `City` out, nothing lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.city.city_notes import MIDDLE_LAYERS, near_bounds_m, notes_on_city
from spatial.city.columns import fill_columns
from spatial.city.crs import geographic_crs, metric_zone, parse_crs
from spatial.city.declared import Declared, declare_crs
from spatial.city.input_tables import RawTable, joined_tables
from spatial.city.model import City, Raster
from spatial.city.precision import on_grid
from spatial.city.rasters import Around, Grid
from spatial.city.raw import RawLayer
from spatial.city.repair import repair_layer
from spatial.city.report import ImportReport, LayerReport, Note
from spatial.city.sources import Source, find_sources, read_source
from spatial.dictionary import data_dictionary
from spatial.errors import InputError
from spatial.progress import Progress, silent

__all__ = ["assemble_city", "read_city"]


def read_city(
    sources: Sequence[str | Path] | str | Path,
    *,
    name: str | None = None,
    source_crs: Any = None,
    shifted: Any = None,
    zone: Any = None,
    layers: Collection[str] | None = None,
    progress: Progress = silent,
) -> City:
    """Read files and folders into one checked city.

    Parameters
    ----------
    sources : sequence of str or Path
        Each a file, a folder (everything in it that can be recognised), ``layer=path`` or
        ``layer=path::inner_layer``, or a recipe (``*.yaml``).
    name : str, optional
        What to call the city; else the name of the first source.
    source_crs : CRS, EPSG code or zone number, or mapping of layer to these, optional
        For sources that declare none. Declared ones keep theirs.
    shifted : {"gcj02", "bd09"} or mapping of layer to these, optional
        Sources whose degrees are shifted; they are brought back to WGS 84.
    zone : CRS, EPSG code or zone number 25–45, optional
        The metric zone to compute in; else chosen from the middle of the city.
    layers : collection of str, optional
        Read these layers only, e.g. ``spatial.network.WALKING_LAYERS``; all by default.
    progress : callable
        Told ``("read", share)``.

    Returns
    -------
    City
        With a report in which, per layer and source, read = loaded + refused + merged.

    Raises
    ------
    InputError
        If a source cannot be read or recognised, or nothing usable is in it.
    CRSError
        If the coordinates of a source cannot be placed on the map.
    """
    listed = [sources] if isinstance(sources, str | Path) else list(sources)
    found, notes = find_sources(listed)
    declared = Declared.parse(source_crs, shifted)
    raws: list[RawLayer] = []
    grids: dict[str, Grid] = {}
    tables: list[RawTable] = []
    own_name = None
    for number, source in enumerate(found):
        tick = partial(progress, "read", 0.7 * number / len(found))
        tick()
        read = read_source(source, only=layers, tick=tick)
        raws.extend(raw for raw in read.layers if layers is None or raw.layer in layers)
        grids.update(read.grids)
        tables.extend(read.tables)
        notes = (*notes, *read.notes)
        own_name = own_name or read.name
        zone = read.zone if zone is None else zone
    progress("read", 0.7)
    return assemble_city(
        name or own_name or _name_of(found),
        raws,
        grids=grids,
        tables=tables,
        notes=notes,
        declared=declared,
        zone=zone,
        progress=progress,
    )


def assemble_city(
    name: str,
    raws: Sequence[RawLayer],
    *,
    grids: Mapping[str, Grid] | None = None,
    tables: Sequence[RawTable] = (),
    notes: Sequence[Note] = (),
    declared: Declared | None = None,
    zone: Any = None,
    progress: Progress = silent,
) -> City:
    """Place, repair and bundle raw layers; the common end of all readers."""
    wanted_zone = None if zone is None else parse_crs(zone)
    placed = declare_crs(raws, declared or Declared(), zone=wanted_zone)
    if not placed:
        reasons_zh = "".join(note.text_zh for note in notes)
        raise InputError(
            f"Nothing in {name} could be read as a layer of a city. "
            + " ".join(note.text_en for note in notes),
            zh=f"{name} 中没有可作为城市图层读取的内容。{reasons_zh}",
        )
    lon, lat = _middle(placed)
    metric = wanted_zone if wanted_zone is not None else metric_zone(lon, lat)
    frames: dict[str, list[gpd.GeoDataFrame]] = {}
    reports: list[LayerReport] = []
    for number, raw in enumerate(placed):
        progress("read", 0.7 + 0.3 * number / len(placed))
        frame, report = _settle(raw, metric)
        reports.append(report)
        frames.setdefault(raw.layer, []).append(frame)
    layers = {layer: on_grid(_together(parts, layer, reports)) for layer, parts in frames.items()}
    joined, of_tables = joined_tables(tables)
    city = City.from_layers(
        name,
        layers,
        crs=metric,
        geographic_crs=geographic_crs(lon, lat),
        report=ImportReport((*reports, *of_tables), tuple(notes)),
        tables=joined,
    )
    city = _with_grids(city, grids or {})
    progress("read", 1.0)
    return city.with_report(city.report.with_notes(notes_on_city(city)))


def _with_grids(city: City, grids: Mapping[str, Grid]) -> City:
    """Read the grids, of large ones only what lies around the city."""
    around = Around(near_bounds_m(city), city.crs)
    rasters: dict[str, Raster] = {}
    notes: list[Note] = []
    for name, read in grids.items():
        rasters[name], said = read(around)
        notes += said
    return replace(city, rasters=rasters, report=city.report.with_notes(notes))


def _settle(raw: RawLayer, zone: pyproj.CRS) -> tuple[gpd.GeoDataFrame, LayerReport]:
    spec = data_dictionary().inputs[raw.layer]
    repaired = repair_layer(raw, spec, zone)
    frame, notes = fill_columns(repaired.frame, spec, source=raw.source)
    report = LayerReport(
        layer=raw.layer,
        source=raw.source,
        read=raw.read,
        loaded=len(frame),
        repairs=(*raw.repairs, *repaired.repairs),
        refusals=(*raw.refusals, *repaired.refusals),
        merged=raw.merged + repaired.merged,
        notes=(*raw.notes, *notes),
    )
    return frame, report


def _together(
    parts: list[gpd.GeoDataFrame], layer: str, reports: Sequence[LayerReport]
) -> gpd.GeoDataFrame:
    """Join sources of one layer; where their ids clash, the source's name goes before the id."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    sources = [report.source for report in reports if report.layer == layer and report.loaded]
    ids = pd.Index(np.concatenate([part.index.to_numpy(dtype=object) for part in parts]))
    if not ids.is_unique:
        parts = [
            part.set_axis(pd.Index([f"{source}:{row}" for row in part.index], name="id"))
            for source, part in zip(_distinct(sources), parts, strict=True)
        ]
    return gpd.GeoDataFrame(pd.concat(parts), crs=parts[0].crs)


def _distinct(names: Sequence[str]) -> list[str]:
    """Tell apart the names that come twice."""
    return [
        f"{name}#{names[:i].count(name) + 1}" if name in names[:i] else name
        for i, name in enumerate(names)
    ]


def _middle(raws: Sequence[RawLayer]) -> tuple[float, float]:
    """Return longitude and latitude of the middle (median) of the leading layer."""
    order = {layer: rank for rank, layer in enumerate(MIDDLE_LAYERS)}
    for raw in sorted(raws, key=lambda raw: order.get(raw.layer, len(order))):
        bounds = shapely.bounds(raw.frame.geometry.to_numpy())
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if not len(bounds):
            continue
        x, y = np.median((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0)
        to_degrees = pyproj.Transformer.from_crs(raw.frame.crs, 4326, always_xy=True)
        lon, lat = to_degrees.transform(float(x), float(y))
        return float(lon), float(lat)
    first = next((refusal for raw in raws for refusal in raw.refusals), None)
    rows = f" First row {first.row}: {first.detail}" if first else ""
    rows_zh = f"首个被拒收的是第 {first.row} 行:{first.why_zh}。" if first else ""
    raise InputError(
        "None of the sources holds a usable coordinate: "
        + ", ".join(f"{raw.source} ({raw.read} rows read)" for raw in raws)
        + f".{rows} Correct the coordinates, or declare what they are with `source_crs`.",
        zh="所有来源都没有可用的坐标:"
        + "、".join(f"{raw.source}(读入 {raw.read} 行)" for raw in raws)
        + f"。{rows_zh}请更正坐标,或用 source_crs 声明坐标系。",
    )


def _name_of(sources: Sequence[Source]) -> str:
    first = sources[0].origin
    return first.name.split(".")[0]
