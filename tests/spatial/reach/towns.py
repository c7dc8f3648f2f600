"""Random small towns for properties: streets, walls, gates, one-way stairs, islands."""

import geopandas as gpd
import numpy as np
from hypothesis import strategies as st
from shapely import LineString, Point
from walking_worlds import CRS, world

from spatial.network import Obstacles, attach_points, build_network
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")


@st.composite
def towns(draw):
    """Draw a network with origins and facilities attached to it."""
    seed = draw(st.integers(0, 2**32 - 1))
    size = draw(st.integers(2, 5))
    return town(np.random.default_rng(seed), size)


def town(rng, size):
    """Make a town on a grid of blocks: some streets missing, some bent, doubled or one-way."""
    node = {(i, j): (100.0 * i, 80.0 * j) for i in range(size) for j in range(size)}
    streets, highway, oneway = [], [], []
    for (i, j), here in node.items():
        for other in ((i + 1, j), (i, j + 1)):
            if other not in node or rng.random() < 0.2:
                continue
            there = node[other]
            bend = rng.integers(0, 30)
            middle = ((here[0] + there[0]) / 2 + bend, (here[1] + there[1]) / 2 + bend)
            streets.append(LineString([here, middle, there] if bend > 15 else [here, there]))
            highway.append(str(rng.choice(["footway", "steps", "residential"])))
            oneway.append(str(rng.choice(["both", "both", "both", "forward", "backward"])))
            if rng.random() < 0.1:  # a second way between the same corners
                streets.append(LineString([here, (middle[0] + 9, middle[1] - 7), there]))
                highway.append("steps")
                oneway.append("both")
    if not streets:
        streets, highway, oneway = [LineString([(0, 0), (100, 0)])], ["footway"], ["both"]
    span = 100.0 * size
    walls = [LineString(rng.uniform(-20, span, (2, 2)).round(2)) for _ in range(3)]
    gates = [
        wall.interpolate(float(share), normalized=True)
        for wall, share in zip(walls, rng.random(3), strict=True)
    ]
    city = world(
        streets=(streets, {"highway": highway, "oneway_foot": oneway}),
        barriers=walls,
        gates=(gates, {"access": ["unknown", "residents", "closed"]}),
    )
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)

    def attached(count, prefix):
        xy = rng.uniform(-20, span, (count, 2)).round(1)
        xy[: count // 3] = np.array(list(node.values()))[rng.integers(0, len(node), count // 3)]
        ids = [f"{prefix}{number}" for number in range(count)]
        points = gpd.GeoSeries([Point(p) for p in xy], index=ids, crs=CRS)
        return attach_points(network, points, obstacles, max_entry_m=60.0)

    return city, network, obstacles, attached(9, "o"), attached(12, "f")
