"""From a city's streets, walls and gates to a walking network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.errors import StandardsError
from spatial.network.access import WALKABLE, closed_reasons, residential_areas
from spatial.network.assemble import Edges, edges_between_junctions, network_from_edges
from spatial.network.barriers import cut_at_barriers
from spatial.network.crossings import with_crossings
from spatial.network.graph import NO_PASSAGE, WalkNetwork
from spatial.network.kerbs import crossing_delays_ms, with_kerbs
from spatial.network.links import with_gate_links, with_square_links
from spatial.network.near import boxes_of_segments, lines_near_boxes
from spatial.network.obstacles import Obstacles, all_gates, blocking_walls, passable
from spatial.network.slope import slope_factors
from spatial.network.strands import Strands, strands_from_lines
from spatial.network.texts import Texts
from spatial.progress import Progress, silent
from spatial.standards.parameters import ParameterSet
from spatial.units import MM_PER_M, MS_PER_S

__all__ = ["build_network"]

Report = dict[str, float | int | str]


def build_network(
    city: City,
    parameters: ParameterSet,
    *,
    profile: str = "adult",
    gates: gpd.GeoDataFrame | None = None,
    obstacles: Obstacles | None = None,
    progress: Progress = silent,
) -> WalkNetwork:
    """Build the network on which one kind of walker walks.

    Parameters
    ----------
    city : City
        Layers ``streets``, ``barriers``, ``gates``, ``water``, ``railways`` and, for private
        roads, ``land_use`` and ``neighbourhoods``; raster ``elevation`` (m) where given.
    parameters : ParameterSet
        Room ``walking``.
    profile : str
        Kind of walker, a key of the parameter ``profiles``.
    gates : GeoDataFrame, optional
        Gates with their access, e.g. ``Neighbourhoods.gates``; the mapped gates always act.
    obstacles : Obstacles, optional
        Of the same city and gates, where they are at hand; made anew otherwise.
    progress : Progress
        Told the share done.

    Returns
    -------
    WalkNetwork
        Empty (no nodes) if nothing can be walked. `report` counts streets left out by reason,
        walls that cut, gates that opened, were closed or were linked, streets over water
        without a bridge, and the connected parts.

    Raises
    ------
    StandardsError
        If `profile` is unknown.

    Notes
    -----
    Time is level walking time (length / speed) times the factor of the slope (or of stairs), and
    the wait at each crossing of a main road, which lies on an edge of its own between the kerb
    and the middle of the road (:mod:`spatial.network.kerbs`).

    Examples
    --------
    >>> from shapely import LineString
    >>> from spatial.standards.parameters import read_parameters
    >>> lines = [LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 50)])]
    >>> streets = gpd.GeoDataFrame(index=["a", "b"], geometry=lines, crs=4547)
    >>> city = City.from_layers("corner", {"streets": streets}, crs=4547)
    >>> build_network(city, read_parameters("walking")).edge_length_mm.tolist()
    [100000, 50000]
    """
    walker = _walker(parameters, profile)
    progress("network", 0.0)
    streets = city.layer("streets")
    reasons = closed_reasons(
        streets, residential_areas(city), parameters, excluded=walker["excluded"]
    )
    report: Report = {f"streets_closed_{key}": n for key, n in _counts(reasons).items()}
    kept = streets[reasons == WALKABLE]
    lines, row = kept.geometry.to_numpy(), np.arange(len(kept))
    if (shapely.get_type_id(lines) != 1).any():  # parts are copies: made where there are some
        lines, row = shapely.get_parts(lines, return_index=True)
    strands = strands_from_lines(lines, row)
    report |= {"streets_read": len(streets), "streets_walked": len(kept)}
    progress("network", 0.2)

    table = _street_table(kept, parameters)
    strands, report["junctions_made"] = with_crossings(
        strands, table["layer"][strands.street], parameters["node_crossings"]
    )
    if obstacles is None:
        obstacles = Obstacles.from_city(city, gates, parameters)
    strands, report["square_links"] = with_square_links(
        strands,
        table["square"][strands.street],
        obstacles,
        limit=parameters["square_links"],
    )
    progress("network", 0.4)
    strands = _with_walls_and_gates(
        city,
        strands,
        table,
        gates,
        obstacles,
        parameters,
        blocked_kinds=walker["blocked_gates"],
        report=report,
    )
    progress("network", 0.7)
    kerbs = with_kerbs(
        strands,
        _of_street(table["wait_ms"], strands.street, 0),
        half_width_m=parameters["crossing_half_width_m"],
        median_m=parameters["crossing_median_m"],
    )
    report["main_road_crossings"] = kerbs.crossings
    edges = edges_between_junctions(kerbs.strands, kerbs.stops)
    edges, time_ms = _timed(city, edges, table, walker, parameters, report)
    wait_ms = kerbs.begins_ms[edges.first] + kerbs.ends_ms[edges.last]
    time_ms[time_ms != NO_PASSAGE] += np.repeat(wait_ms, 2)[(time_ms != NO_PASSAGE).ravel()]
    network = network_from_edges(
        edges,
        time_ms,
        layer=_of_street(table["layer"], edges.street, 0).astype(np.int32),
        is_open=_of_street(table["open"], edges.street, other=True) & (wait_ms == 0),
        street_ids=Texts.of(kept.index.to_numpy(dtype=object)),
        crs=city.crs,
        speed_m_per_s=float(walker["speed_m_per_s"]),
    )
    report |= _told_crossings(city, table, edges, parameters)
    progress("network", 1.0)
    return replace(network, report=report | _component_report(network))


def _walker(parameters: ParameterSet, profile: str) -> dict[str, Any]:
    profiles = parameters["profiles"]
    if profile not in profiles:
        raise StandardsError(
            f"No walker `{profile}` in walking.profiles; known are {', '.join(profiles)}.",
            zh=f"walking.profiles 中没有步行者“{profile}”;可用 {'、'.join(profiles)}。",
        )
    walker: dict[str, Any] = profiles[profile]
    if not walker["speed_m_per_s"] > 0:
        raise StandardsError(
            f"walking.profiles.{profile}: the speed must be above 0, "
            f"not {walker['speed_m_per_s']}.",
            zh=f"walking.profiles.{profile}:速度须大于 0,不能是 {walker['speed_m_per_s']}。",
        )
    return walker


def _counts(reasons: npt.NDArray[np.object_]) -> dict[str, int]:
    closed = pd.Series(reasons[reasons != WALKABLE], dtype="object")
    return {str(key): int(n) for key, n in closed.value_counts().sort_index().items()}


def _street_table(
    streets: gpd.GeoDataFrame, parameters: ParameterSet
) -> dict[str, npt.NDArray[Any]]:
    """Gather what the network needs to know of each street, as arrays."""
    structure = streets["structure"].fillna("ground")
    highway = streets["highway"].fillna("")
    layer = streets["layer"].fillna(0).to_numpy(dtype=np.int64)
    ground = structure.isin(parameters["entered_structures"]).to_numpy(dtype=bool)
    indoor = highway.isin(parameters["indoor_classes"]).to_numpy(dtype=bool)
    stairs = streets["steps"].fillna(value=False).to_numpy(dtype=bool)
    return {
        "layer": layer,
        "ground": ground,
        "open": ground & ~indoor & (layer == 0),
        "stairs": stairs | (highway == "steps").to_numpy(dtype=bool),
        "sloped": ground,
        "square": streets["area"].fillna(value=False).to_numpy(dtype=bool),
        "forward": (streets["oneway_foot"] != "backward").to_numpy(dtype=bool, na_value=True),
        "backward": (streets["oneway_foot"] != "forward").to_numpy(dtype=bool, na_value=True),
        "wait_ms": np.where(
            ground & (layer == 0), crossing_delays_ms(highway.to_numpy(dtype=str), parameters), 0
        ),
        "bridge": (structure != "ground").to_numpy(dtype=bool) | (layer != 0),
    }


def _of_street(
    values: npt.NDArray[Any], street: npt.NDArray[np.int64], other: Any
) -> npt.NDArray[Any]:
    """Take a street's value for each edge, and `other` for links that have no street."""
    padded = np.append(values, np.array([other], dtype=values.dtype))
    return padded[street]  # row -1 is the one appended


def _with_walls_and_gates(
    city: City,
    strands: Strands,
    table: dict[str, npt.NDArray[Any]],
    gates: gpd.GeoDataFrame | None,
    obstacles: Obstacles,
    parameters: ParameterSet,
    *,
    blocked_kinds: list[str],
    report: Report,
) -> Strands:
    acting = all_gates(city, gates, parameters)
    passes = passable(acting, parameters, blocked_kinds=blocked_kinds)
    walls = blocking_walls(city, parameters)
    cuts = cut_at_barriers(
        strands,
        table["ground"][strands.street],
        table["layer"][strands.street],
        walls,
        acting,
        passes,
        parameters,
    )
    linked, links = with_gate_links(
        cuts.strands,
        table["open"][cuts.strands.street],
        acting,
        np.flatnonzero(passes & ~cuts.gate_passed),
        walls[0][walls[1] == 0],
        obstacles,
        parameters,
    )
    report |= {
        "walls_cut_streets": cuts.walls_cut,
        "gates_opened_walls": int(cuts.gate_opened.sum()),
        "gates_closed_streets": cuts.gates_closed,
        "gates_linked": links,
    }
    return linked


def _timed(
    city: City,
    edges: Edges,
    table: dict[str, npt.NDArray[Any]],
    walker: dict[str, Any],
    parameters: ParameterSet,
    report: Report,
) -> tuple[Edges, npt.NDArray[np.int32]]:
    """Edges that the walker can use, and their milliseconds along and against, shape (m, 2)."""
    stairs = _of_street(table["stairs"], edges.street, other=False)
    factors = np.ones((len(edges.tail), 2))
    elevation = city.rasters.get("elevation")
    steep = np.zeros(len(edges.tail), dtype=bool)
    if elevation is not None and walker["slope"]:
        level = stairs | ~_of_street(table["sloped"], edges.street, other=True)
        lines = (edges.xy_m, edges.xy_start)
        slopes = slope_factors(lines, level, elevation, city.crs, parameters)
        factors = slopes.factor
        report["edges_without_elevation"] = slopes.unknown
        if walker.get("max_slope") is not None:
            steep = slopes.steepest > walker["max_slope"]
            report["edges_too_steep"] = int(steep.sum())
    factors[stairs] = walker["stairs_factor"]
    level_ms = edges.length_mm * (MS_PER_S / (MM_PER_M * walker["speed_m_per_s"]))
    time_ms = np.maximum(np.round(level_ms[:, None] * factors), 1).astype(np.int32)
    time_ms[~_of_street(table["forward"], edges.street, other=True), 0] = NO_PASSAGE
    time_ms[~_of_street(table["backward"], edges.street, other=True), 1] = NO_PASSAGE
    if not steep.any():
        return edges, time_ms
    usable = np.flatnonzero(~steep)
    return edges.take(usable), time_ms[usable]


def _told_crossings(
    city: City,
    table: dict[str, npt.NDArray[Any]],
    edges: Edges,
    parameters: ParameterSet,
) -> Report:
    """Count ground-level edges that cross water or rails without a bridge: kept, but told."""
    ground = ~_of_street(table["bridge"], edges.street, other=False)
    rails = city.layer("railways")
    kinds = rails["kind"].isin(parameters["obstacle_railways"]).to_numpy(dtype=bool)
    told: Report = {}
    for name, frame in (("water", city.layer("water")), ("rails", rails[kinds])):
        level = frame[(frame["layer"].fillna(0) == 0).to_numpy(dtype=bool)]
        if "structure" in level:
            level = level[(level["structure"].fillna("ground") == "ground").to_numpy(dtype=bool)]
        shapes = level.geometry.to_numpy()
        near = lines_near_boxes(edges.xy_m, edges.xy_start, boxes_of_segments(shapes))
        asked = near[ground[near] & (edges.street[near] >= 0)]
        crossed = np.empty(0, dtype=np.int64)
        if len(asked):
            crossed = shapely.STRtree(edges.lines(asked)).query(shapes, "crosses")[1]
        told[f"edges_over_{name}_without_bridge"] = len(np.unique(crossed))
    return told


def _component_report(network: WalkNetwork) -> Report:
    size = np.bincount(network.node_component) if network.node_count else np.empty(0, dtype=int)
    length_mm = network.edge_length_mm.astype(np.int64)
    total_mm = int(length_mm.sum())
    in_main = network.node_component[network.edge_from] == 0 if network.edge_count else []
    main_mm = int(length_mm[in_main].sum()) if network.edge_count else 0
    return {
        "nodes": network.node_count,
        "edges": network.edge_count,
        "length_m": total_mm / MM_PER_M,
        "components": len(size),
        "component_nodes_largest": ", ".join(map(str, size[:10])),
        "main_length_share": main_mm / total_mm if total_mm else 0.0,
    }
