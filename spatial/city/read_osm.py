"""Reading OpenStreetMap files (``.osm``, ``.osm.pbf``) into raw layers, areas and relations too."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import osmium
import pandas as pd
import shapely

from spatial.city.osm_tags import Shape, Tags, keys_of, layers_of
from spatial.city.raw import RawLayer, ReadFile
from spatial.city.report import Refusal, Repair
from spatial.errors import InputError

__all__ = ["OsmCollector", "read_osm"]

TICK_OBJECTS: Final = 20_000
OPEN_WAYS_LACK_AREA: Final = ("buildings", "neighbourhoods", "land_use")
"""Layers in which an open way with an area's tags is refused. Open administrative boundaries
are no fault: they are parts of relations."""


def _no_tick() -> None:
    return


class OsmCollector:
    """Gathers OSM objects by layer: what can be drawn as rows, the rest as refusals."""

    def __init__(self, only: Collection[str] | None = None) -> None:
        self._only = None if only is None else frozenset(only)  # layers asked for; None is all
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._refusals: dict[str, list[Refusal]] = defaultdict(list)
        self._repairs: dict[str, list[Repair]] = defaultdict(list)
        self._awaited: dict[str, tuple[str, ...]] = {}
        self._built: set[str] = set()

    def add(self, layer: str, osm_id: str, geometry: Any, columns: dict[str, Any]) -> None:
        """Take one object into a layer; `geometry` is WKB or a geometry."""
        self._rows[layer].append({"id": osm_id, "geometry": geometry, **columns})

    def refuse(self, layer: str, osm_id: str, why: str, detail: str) -> None:
        """Record that an object of a layer cannot be drawn."""
        self._refusals[layer].append(Refusal(osm_id, why, detail))

    def layers_of(self, tags: Tags, shape: Shape) -> list[tuple[str, dict[str, Any]]]:
        """Layers asked for that take an object, and the columns that its tags fill."""
        return layers_of(tags, shape, only=self._only)

    def add_point(self, osm_id: str, tags: Tags, point: Any) -> None:
        """Take a node."""
        for layer, columns in self.layers_of(tags, "point"):
            self.add(layer, osm_id, point, columns)

    def add_line(
        self, osm_id: str, tags: Tags, line: Any, *, closed: bool, whole: bool = True
    ) -> None:
        """Take a way as a line (not `whole`: cut off); a closed one is awaited as an area too."""
        for layer, columns in self.layers_of(tags, "line"):
            if closed and layer == "facilities":
                continue
            self.add(layer, osm_id, line, columns)
            if not whole:
                self._repairs[layer].append(Repair(osm_id, "missing_nodes"))
        if not closed and "boundary" not in tags and "highway" not in tags:
            for layer in self._area_layers(tags, from_way=True):
                if layer in OPEN_WAYS_LACK_AREA:
                    self.refuse(layer, osm_id, "not_closed", "The outline is open; close the way.")

    def add_area(self, osm_id: str, tags: Tags, area: Any, *, from_way: bool) -> None:
        """Take an area; `from_way` says that its outline was a way (and counted as a line)."""
        self._awaited.pop(osm_id, None)
        self._built.add(osm_id)
        if not from_way:  # libosmium takes the type off; it says that a highway is a square
            tags = {"type": "multipolygon", **tags}
        for layer, columns in self.layers_of(tags, "area"):
            if not (from_way and layer == "barriers"):
                self.add(layer, osm_id, area, columns)

    def await_area(self, osm_id: str, tags: Tags, *, from_way: bool) -> None:
        """Remember that an area must follow; if none does, it is refused at the end."""
        layers = self._area_layers(tags, from_way=from_way)
        if layers and osm_id not in self._built:  # an area may come before its relation
            self._awaited[osm_id] = layers

    def _area_layers(self, tags: Tags, *, from_way: bool) -> tuple[str, ...]:
        """Layers that want an object as an area."""
        found = (layer for layer, _ in self.layers_of(tags, "area"))
        return tuple(layer for layer in found if not (from_way and layer == "barriers"))

    def layers(self, source: str) -> tuple[RawLayer, ...]:
        """Return the layers gathered, with everything awaited in vain refused."""
        for osm_id, layers in self._awaited.items():
            for layer in layers:
                self.refuse(
                    layer,
                    osm_id,
                    "area_not_built",
                    "The outline is incomplete or crosses itself so that no area results; "
                    "members may lie outside the extract.",
                )
        self._awaited = {}
        names = sorted({*self._rows, *self._refusals})
        return tuple(self._layer(name, source) for name in names)

    def _layer(self, name: str, source: str) -> RawLayer:
        rows = self._rows.get(name, [])
        ids = pd.Index([row["id"] for row in rows], dtype="str", name="id")
        geometry = [row["geometry"] for row in rows]
        if geometry and isinstance(geometry[0], (bytes, str)):
            geometry = [bytes.fromhex(g) if isinstance(g, str) else g for g in geometry]
        shapes = shapely.from_wkb(geometry) if geometry else []
        columns = dict.fromkeys(key for row in rows for key in row)
        table = pd.DataFrame(
            {
                key: [row.get(key) for row in rows]
                for key in columns
                if key not in ("id", "geometry")
            },
            index=ids,
        )
        if name in ("streets", "barriers") and len(table):
            polygons = shapely.get_dimensions(shapes) == 2
            shapes[polygons] = shapely.boundary(shapes[polygons])
        frame = gpd.GeoDataFrame(
            table, geometry=gpd.GeoSeries(shapes, index=ids, crs=4326), crs=4326
        )
        return RawLayer(
            layer=name,
            source=source,
            frame=frame,
            refusals=tuple(self._refusals.get(name, ())),
            repairs=tuple(self._repairs.get(name, ())),
        )


def read_osm(
    path: Path, *, only: Collection[str] | None = None, tick: Callable[[], None] = _no_tick
) -> ReadFile:
    """Read one OSM file in one go: nodes, ways, and the areas of closed ways and relations.

    Parameters
    ----------
    path : Path
        ``.osm``, ``.osm.pbf`` or anything else that libosmium reads.
    only : collection of str, optional
        Layers asked for: objects of others are passed over while reading.
    tick : callable
        Called now and then; it may raise to stop the reading.

    Returns
    -------
    ReadFile
        Raw layers in WGS 84 degrees; ids read ``node/1``, ``way/2``, ``relation/3``.

    Raises
    ------
    InputError
        If the file cannot be parsed, with what libosmium says about it.
    """
    collector = OsmCollector(only)
    keys = osmium.filter.KeyFilter(*keys_of(only))
    others = osmium.osm.WAY | osmium.osm.RELATION | osmium.osm.AREA
    keys.enable_for(others)
    point_keys = keys_of(only, points=True)
    points = (  # nodes are most of a file, and few of them belong to a layer of points
        osmium.filter.KeyFilter(*point_keys) if point_keys else osmium.filter.EntityFilter(others)
    )
    if point_keys:
        points.enable_for(osmium.osm.NODE)
    factory = osmium.geom.WKBFactory()
    try:
        file = osmium.FileProcessor(str(path)).with_locations()
        file = file.with_areas(osmium.filter.KeyFilter(*keys_of(only)))
        file = file.with_filter(keys).with_filter(points)
        with _nothing_collected():
            for number, thing in enumerate(file):
                _take(thing, collector, factory)
                if number % TICK_OBJECTS == 0:
                    tick()
            layers = collector.layers(path.name)
    except (RuntimeError, OSError) as error:
        raise InputError(
            f"{path.name} is no readable OSM file: {error}. Export it again, or check it with "
            "`osmium fileinfo`.",
            zh=(f"{path.name} 不是可读的 OSM 文件:{error}。请重新导出,或用 osmium fileinfo 检查。"),
        ) from error
    return ReadFile(layers=layers)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Rest Python's collector of cycles.

    Rows of tags make none, and looking for cycles in them takes a fifth of the reading.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _take(thing: Any, collector: OsmCollector, factory: Any) -> None:
    tags = dict(iter(thing.tags))  # a tag is a pair
    if thing.is_node():
        osm_id = f"node/{thing.id}"
        if thing.location.valid():
            collector.add_point(osm_id, tags, factory.create_point(thing.location))
        else:
            for layer, _ in collector.layers_of(tags, "point"):
                collector.refuse(layer, osm_id, "not_finite", "The node has no valid location.")
    elif thing.is_way():
        _take_way(thing, tags, collector, factory)
    elif thing.is_relation():
        if tags.get("type") in ("multipolygon", "boundary"):
            collector.await_area(f"relation/{thing.id}", tags, from_way=False)
    else:
        from_way = thing.from_way()
        osm_id = f"{'way' if from_way else 'relation'}/{thing.orig_id()}"
        try:
            area = factory.create_multipolygon(thing)
        except RuntimeError:
            return  # it stays awaited, and is refused at the end
        collector.add_area(osm_id, tags, area, from_way=from_way)


def _take_way(way: Any, tags: Tags, collector: OsmCollector, factory: Any) -> None:
    osm_id = f"way/{way.id}"
    closed = len(way.nodes) > 3 and way.is_closed()
    if closed and tags.get("area") != "no":
        collector.await_area(osm_id, tags, from_way=True)
    whole = True
    try:
        line = factory.create_linestring(way)
    except (RuntimeError, osmium.InvalidLocationError):
        whole = False
        line = _known_stretches(way)
        if line is None:
            shape: Shape = "line"
            for layer, _ in collector.layers_of(tags, shape):
                collector.refuse(
                    layer, osm_id, "missing_nodes", "Fewer than two of its nodes are in the file."
                )
            return
    collector.add_line(osm_id, tags, line, closed=closed, whole=whole)


def _known_stretches(way: Any) -> bytes | None:
    """Return what is left of a way whose nodes are partly outside the extract."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            stretches[-1].append((node.lon, node.lat))
        elif stretches[-1]:
            stretches.append([])
    lines = [stretch for stretch in stretches if len(set(stretch)) > 1]
    return shapely.to_wkb(shapely.MultiLineString(lines)) if lines else None
