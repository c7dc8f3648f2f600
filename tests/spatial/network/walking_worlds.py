"""Hand-made worlds for tests of the network and of reach."""

import geopandas as gpd
import numpy as np
from shapely import LineString, Point

from spatial.city.model import City

CRS = 4547


def layer(name, geometries, **columns):
    ids = [f"{name}{number}" for number in range(len(geometries))]
    return gpd.GeoDataFrame(columns, index=ids, geometry=list(geometries), crs=CRS)


def world(*, rasters=None, **layers):
    """Make a city of layers, each a list of geometries or (geometries, columns)."""
    frames = {}
    for name, body in layers.items():
        geometries, columns = body if isinstance(body, tuple) else (body, {})
        frames[name] = layer(name, geometries, **columns)
    return City.from_layers("world", frames, crs=CRS, rasters=rasters)


def line(*xy):
    return LineString(xy)


def places(*xy, prefix="p"):
    ids = [f"{prefix}{number}" for number in range(len(xy))]
    return gpd.GeoSeries([Point(p) for p in xy], index=ids, crs=CRS)


def reachable(network, start, end):
    """Whether the nodes nearest to two places hang together."""
    nodes = [
        int(np.argmin(np.hypot(*(network.node_xy_m - np.array(place)).T))) for place in (start, end)
    ]
    return network.node_component[nodes[0]] == network.node_component[nodes[1]]
